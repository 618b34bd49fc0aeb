//! A file that a memory is: which of the memory's bytes are its pages, and how it grows.
//!
//! ```text
//! memory  | pages of the file            | anonymous pages            |
//! file    | bytes                  | end |
//!                                        ^ covered
//! ```
//!
//! A file need not end where a page of the memory does. What lies beyond its end is the memory's alone,
//! until the memory grows: the file is then extended to whole pages, and takes in what was there.
//! The same comes of pages that a module has added by itself.
//!
//! The system's page in which the file ends is never mapped: others would see what is written beyond the
//! end. In a memory that never writes to the file, that page is a copy. In reserved pages, it is a
//! [`FileTail`]. In engine pages, nobody could write it back when the memory goes, so the file is first
//! extended to the end of that page.

use std::fs::File;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::error::MemoryError;
use crate::pages;
use crate::pages::file_tail::FileTail;
use crate::sys::file::{self, LengthLock};
use crate::sys::{HostBytes, PageRange, Writes};

/// What memories grow by.
const WASM_PAGE: usize = 65_536;

/// The file.
#[derive(Debug)]
pub struct BackingFile {
    open: Mutex<Open>,
    writes: Writes,
    /// The first address of the memory, where that is known.
    base: AtomicUsize,
    covered: Mutex<Covered>,
    is_locked: Mutex<bool>,
    unlocked: Condvar,
}

/// What of the memory is the file's.
#[derive(Debug, Default)]
struct Covered {
    /// Bytes, from the first, that are pages of the file.
    end: usize,
    /// Where the file ends in the memory: in the page behind those, or with them.
    length: usize,
    /// What was written to the file behind those, for a [`BackingFile::cover`] that then failed. If the
    /// memory has zeros there by the next one, the file must have them too.
    written: Vec<Range<usize>>,
}

/// The file itself, until nobody has a memory of it.
#[derive(Debug)]
struct Open {
    file: Option<Arc<File>>,
    holders: usize,
}

impl BackingFile {
    /// A file that no memory is yet, and nobody holds.
    pub fn new(file: File, writes: Writes) -> Self {
        Self {
            open: Mutex::new(Open {
                file: Some(Arc::new(file)),
                holders: 0,
            }),
            writes,
            base: AtomicUsize::new(0),
            covered: Mutex::default(),
            is_locked: Mutex::default(),
            unlocked: Condvar::new(),
        }
    }

    /// Whether what is written goes to the file.
    pub fn is_written(&self) -> bool {
        self.writes == Writes::ToFile
    }

    /// Whether it was last put under that memory.
    pub fn is_under(&self, memory: &PageRange) -> bool {
        self.base.load(Ordering::Relaxed) == memory.addresses().start().get()
    }

    /// From now on, it is under that memory: its pages were moved there.
    pub fn rebase(&self, memory: &PageRange) {
        self.base
            .store(memory.addresses().start().get(), Ordering::Relaxed);
    }

    /// Whether the engine has moved the memory away from the file's pages, by copying it.
    pub fn was_moved(&self, memory: &PageRange) -> bool {
        self.is_written() && self.covers() != 0 && !self.is_under(memory)
    }

    /// One more holds it.
    ///
    /// # Errors
    ///
    /// [`MemoryError::FileClosed`].
    pub fn hold(&self) -> Result<(), MemoryError> {
        let mut open = self.open();
        if open.file.is_none() {
            return Err(MemoryError::FileClosed);
        }
        open.holders = open.holders.saturating_add(1);
        Ok(())
    }

    /// One holds it no more. After the last, it is closed: when what is under way has ended.
    pub fn release(&self) {
        let mut open = self.open();
        open.holders = open.holders.saturating_sub(1);
        if open.holders == 0 {
            open.file = None;
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        // Nothing panics under the lock.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self) -> Result<Arc<File>, MemoryError> {
        self.open().file.clone().ok_or(MemoryError::FileClosed)
    }

    /// How many bytes it has.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn length(&self) -> Result<usize, MemoryError> {
        let length = file::length(&*self.file()?).map_err(failed)?;
        usize::try_from(length).map_err(|_| MemoryError::FileTooLong { length })
    }

    /// While this is held, no other thread or process changes the file's length by a memory of it.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn lock(self: &Arc<Self>) -> Result<Locked, MemoryError> {
        let file = self.file()?;
        let mut is_locked = self
            .is_locked
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        while *is_locked {
            is_locked = self
                .unlocked
                .wait(is_locked)
                .unwrap_or_else(PoisonError::into_inner);
        }
        *is_locked = true;
        drop(is_locked);
        let in_process = InProcess(Arc::clone(self));
        let between_processes = match self.writes {
            Writes::Private => None,
            Writes::ToFile => Some(LengthLock::acquire(&file).map_err(failed)?),
        };
        Ok(Locked {
            _between_processes: between_processes,
            _in_process: in_process,
        })
    }

    /// Puts the file's pages under those of the memory that are not yet, as far as both reach. The file
    /// takes in what was written to them. `own` is where a reserved memory has its [`FileTail`]; without
    /// it, a file that is written to is first extended to whole system pages.
    ///
    /// # Errors
    ///
    /// The error of a system call; what was covered stays so. [`MemoryError::Truncated`] if the file is
    /// not `least` bytes long.
    pub fn cover(
        &self,
        memory: &PageRange,
        least: usize,
        own: Option<&mut Option<FileTail>>,
    ) -> Result<(), MemoryError> {
        let file = self.file()?;
        let all = memory.length().get();
        if own.is_none() && self.was_moved(memory) {
            return Err(MemoryError::MovedOffFile);
        }
        let mut length = self.length_as_covered()?;
        if self.is_written() && own.is_none() && length < all {
            length = up(length);
            self.extend(memory, length)?;
        }
        let mut covered = self.covered();
        self.rebase(memory);
        if covered.end < all {
            pages::forget_overlays(&pages::slice(memory, covered.end..all)?);
        }
        let end = down(length).min(all).max(covered.end);
        let mut private = None;
        let tail = own.filter(|_| self.is_written()).unwrap_or(&mut private);
        let mut written = covered.end;
        if let Some(tail) = tail.as_mut() {
            let page = HostBytes::page().get();
            if length <= tail.at() {
                return Err(MemoryError::Truncated);
            }
            tail.merge_first(memory, length.saturating_sub(tail.at()).min(page))?;
            if tail.was_lost() {
                return Err(MemoryError::Truncated);
            }
            // Merged, that page has the file's bytes.
            written = tail.at().saturating_add(page);
        }
        if written < end && self.is_written() {
            for stretch in &covered.written {
                let stretch = stretch.start.max(written)..stretch.end.min(end);
                if !stretch.is_empty() {
                    let at = position(stretch.start);
                    pages::write_whole(&pages::slice(memory, stretch)?, &file, at, position(end))?;
                }
            }
            let part = pages::slice(memory, written..end)?;
            pages::write_nonzero(&part, &file, position(written), position(end), |stretch| {
                let at = |offset: usize| written.saturating_add(offset);
                covered.written.push(at(stretch.start)..at(stretch.end));
            })?;
        }
        let is_known = tail.as_ref().is_some_and(|tail| tail.at() == end);
        let next = if is_known || end >= length.min(all) {
            None
        } else {
            let mut next = FileTail::new(Arc::clone(&file), end);
            next.merge_first(memory, length.min(all).saturating_sub(end))?;
            Some(next)
        };
        if covered.end < end {
            let part = pages::slice(memory, covered.end..end)?;
            pages::map_file(&part, &file, position(covered.end), self.writes)?;
        }
        let length_here = length.min(all).max(end);
        *covered = Covered {
            end,
            length: length_here,
            written: Vec::new(),
        };
        drop(covered);
        if !is_known {
            *tail = next;
        }
        if self.length()? < length.max(least) {
            return Err(MemoryError::Truncated);
        }
        Ok(())
    }

    /// How many bytes the file has, where it still has all those pages that are the memory's.
    fn length_as_covered(&self) -> Result<usize, MemoryError> {
        let length = self.length()?;
        if up(length) >= self.covers() || self.writes == Writes::Private {
            Ok(length)
        } else {
            Err(MemoryError::Truncated)
        }
    }

    /// How many bytes of the memory, from the first, are the file's pages.
    pub fn covers(&self) -> usize {
        self.covered().end
    }

    /// Whether no page of the memory waits to become the file's.
    pub fn has_taken_in(&self, memory: &PageRange) -> bool {
        let covered = self.covered();
        memory.length().get() <= covered.length.next_multiple_of(WASM_PAGE)
    }

    /// Whether a page of the file was lost, since somebody truncated the file.
    ///
    /// # Errors
    ///
    /// [`MemoryError::OutOfBounds`].
    pub fn was_truncated(&self, memory: &PageRange) -> Result<bool, MemoryError> {
        let covered = self.covers().min(memory.length().get());
        Ok(pages::was_truncated(&pages::slice(memory, 0..covered)?))
    }

    /// Makes the file `length` bytes long, with room on the disk for all of them, and with the memory's
    /// bytes from its former end on, as far as they are in its last page; the rest comes of
    /// [`BackingFile::cover`].
    ///
    /// # Errors
    ///
    /// What the system says; the file is then as long as it was, and the memory's bytes are.
    pub fn extend(&self, memory: &PageRange, length: usize) -> Result<(), MemoryError> {
        let before = self.length_as_covered()?;
        let covered = self.covers();
        // In the last page that is the file's, what is beyond its end may be lost when it grows.
        let rest = memory.read(before..covered.max(before));
        let extended = file::extend(&*self.file()?, position(length)).map_err(failed);
        memory.write_at(&rest, before);
        extended
    }

    /// Takes back what [`BackingFile::extend`] did, and [`BackingFile::cover`] after it if the memory is a
    /// reserved one: the file has `length` bytes again. `memory` has as many bytes as it had then. If
    /// the system refuses, the file stays longer, and its pages stay where they are. Returns whether the
    /// file is as short.
    pub fn shrink(
        &self,
        memory: &PageRange,
        length: usize,
        own: Option<&mut Option<FileTail>>,
    ) -> bool {
        let Ok(file) = self.file() else { return true };
        if own.is_some() {
            self.rebase(memory);
        }
        if self.length().is_ok_and(|now| now <= length) {
            return true;
        }
        let is_own = own.is_some();
        if let Some(tail) = own
            && self
                .uncover(memory, memory.length().get(), length, tail)
                .is_err()
        {
            return false;
        }
        let end = self.covers();
        if end > up(length) {
            return false;
        }
        let rest = if is_own {
            Vec::new()
        } else {
            memory.read(length..end.max(length))
        };
        let truncated = file::set_length(&file, position(length));
        memory.write_at(&rest, length);
        truncated.is_ok()
    }

    /// Makes the pages anonymous that a file of `length` bytes does not have whole. They keep the bytes
    /// that they have, up to the first `kept` of the memory: the rest are new.
    ///
    /// # Errors
    ///
    /// The error of a system call; nothing has changed then.
    pub fn uncover(
        &self,
        memory: &PageRange,
        kept: usize,
        length: usize,
        tail: &mut Option<FileTail>,
    ) -> Result<(), MemoryError> {
        let file = self.file()?;
        let mut covered = self.covered();
        // Of pages that the memory does not have, none stays.
        let length = length.min(kept);
        let end = down(length);
        if covered.end <= end {
            // The page in which the file ended may have been merged up to another end.
            if let Some(tail) = tail {
                tail.forget_from(length);
            }
            return Ok(());
        }
        let part = pages::slice(memory, end..covered.end.min(memory.length().get()))?;
        let bytes = part.read(0..kept.saturating_sub(end));
        pages::decommit(&part)?;
        part.write_at(&bytes, 0);
        *covered = Covered {
            end,
            length,
            written: Vec::new(),
        };
        let base = bytes.get(..length.saturating_sub(end)).unwrap_or_default();
        *tail = (!base.is_empty()).then(|| FileTail::with_bytes(file, end, base.to_vec()));
        Ok(())
    }

    /// Takes room on the disk for holes in the file's first `length` bytes.
    ///
    /// # Errors
    ///
    /// The error from the system. The file's bytes are as they were.
    pub fn fill(&self, length: usize) -> Result<(), MemoryError> {
        file::fill_holes(&*self.file()?, position(length)).map_err(failed)
    }

    /// Makes zeros of a file's bytes, which were `before`, and then cuts it to `length`.
    ///
    /// # Errors
    ///
    /// [`MemoryError::ClearFailed`], which has what was lost; another if nothing was.
    pub fn clear(&self, before: usize, length: usize) -> Result<(), MemoryError> {
        let file = self.file()?;
        let end = before.min(length);
        if before > length {
            file::check_shrinkable(&file).map_err(failed)?;
        }
        file::zero_up_to(&file, position(end))
            .map_err(|(done, source)| MemoryError::ClearFailed { done, source })?;
        if before <= length {
            return Ok(());
        }
        file::set_length(&file, position(length)).map_err(|source| MemoryError::ClearFailed {
            done: position(end),
            source,
        })
    }

    /// Cuts off what the file has beyond `length` bytes: it takes back what [`BackingFile::extend`] did.
    ///
    /// # Errors
    ///
    /// The error from the system.
    pub fn cut(&self, length: usize) -> Result<(), MemoryError> {
        file::shrink_to(&*self.file()?, position(length)).map_err(failed)
    }

    /// What was written to the file is on the disk when this returns.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn flush(&self) -> Result<(), MemoryError> {
        self.flushing()?.flush()
    }

    /// The file, for a flush in another thread, even if it is closed by then.
    ///
    /// # Errors
    ///
    /// [`MemoryError::FileClosed`].
    pub fn flushing(&self) -> Result<Flushing, MemoryError> {
        Ok(Flushing(self.file()?))
    }

    /// Puts the file's pages under a part of the memory again, whatever is there now, and zeros where
    /// it has none. Of the page in which the file ended, the bytes up to the end are read again.
    ///
    /// # Errors
    ///
    /// The error of a system call; no byte has changed then.
    pub fn revert(&self, memory: &PageRange, start: usize, end: usize) -> Result<(), MemoryError> {
        let file = self.file()?;
        let covered = self.covered();
        let middle = covered.end.clamp(start, end);
        let last = middle..covered.length.clamp(middle, end);
        let beyond = pages::slice(memory, middle..end)?;
        let mut bytes = vec![0; last.len()];
        file::read_some(&file, &mut bytes, position(last.start)).map_err(failed)?;
        let part = pages::slice(memory, start..middle)?;
        if part.length() != HostBytes::ZERO {
            pages::map_file(&part, &file, position(start), self.writes)?;
        }
        if pages::discard(&beyond).is_err() {
            // Writing zeros takes memory, but never fails.
            beyond.write_zeros();
        }
        memory.write_at(&bytes, last.start);
        Ok(())
    }

    fn covered(&self) -> MutexGuard<'_, Covered> {
        // Nothing panics under the lock.
        self.covered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See [`BackingFile::flushing`].
#[derive(Debug)]
pub struct Flushing(Arc<File>);

impl Flushing {
    /// As [`BackingFile::flush`].
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn flush(&self) -> Result<(), MemoryError> {
        file::flush(&self.0).map_err(failed)
    }
}

/// See [`BackingFile::lock`]. Fields in the order in which they are to be dropped.
#[derive(Debug)]
pub struct Locked {
    _between_processes: Option<LengthLock>,
    _in_process: InProcess,
}

#[derive(Debug)]
struct InProcess(Arc<BackingFile>);

impl Drop for InProcess {
    fn drop(&mut self) {
        let is_locked = &self.0.is_locked;
        *is_locked.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.0.unlocked.notify_one();
    }
}

/// `length`, down to whole system pages.
fn down(length: usize) -> usize {
    length - length % HostBytes::page().get()
}

/// `length`, up to whole system pages.
fn up(length: usize) -> usize {
    HostBytes::round_up(length).map_or(length, HostBytes::get)
}

fn failed(source: std::io::Error) -> MemoryError {
    MemoryError::FileFailed { source }
}

fn position(offset: usize) -> u64 {
    // 64 bits hold any of this machine's.
    u64::try_from(offset).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use super::*;
    use crate::sys::Mapping;

    const PAGE: usize = 65_536;

    fn bytes(count: usize) -> HostBytes {
        HostBytes::round_up(count).unwrap()
    }

    fn mapping() -> Mapping {
        Mapping::reserve(bytes(4 * PAGE), bytes(4 * PAGE)).unwrap()
    }

    /// A file of so many bytes, which are all 1, by a descriptor of the test's and as memories have it.
    fn file(length: usize, writes: Writes) -> (File, BackingFile) {
        use std::os::fd::{AsFd, AsRawFd};
        let image = crate::sys::ImageFile::create(0).unwrap();
        let own = file::duplicate(image.as_fd().as_raw_fd()).unwrap();
        own.write_all_at(&vec![1; length], 0).unwrap();
        let other = own.try_clone().unwrap();
        let backing = BackingFile::new(other, writes);
        backing.hold().unwrap();
        (own, backing)
    }

    fn byte(file: &File, at: usize) -> u8 {
        let mut byte = [0];
        file.read_exact_at(&mut byte, position(at)).unwrap();
        byte[0]
    }

    #[test]
    fn writes_reach_the_file_or_do_not() {
        for (writes, expected) in [(Writes::ToFile, 2), (Writes::Private, 1)] {
            let (own, backing) = file(PAGE, writes);
            let mapping = mapping();
            let memory = mapping.pages(bytes(PAGE)).unwrap();
            backing.cover(&memory, PAGE, None).unwrap();
            assert_eq!(memory.read(PAGE - 1..PAGE), [1]);
            memory.write_at(&[2], 5);
            assert_eq!(byte(&own, 5), expected);
            assert_eq!(backing.covers(), PAGE);
        }
    }

    #[test]
    fn a_file_takes_in_what_was_beyond_its_end() {
        let (own, backing) = file(5000, Writes::ToFile);
        let mapping = mapping();
        let memory = mapping.pages(bytes(2 * PAGE)).unwrap();
        let mut tail = None;
        backing.cover(&memory, 5000, Some(&mut tail)).unwrap();
        assert_eq!(backing.covers(), down(5000));
        assert_eq!(memory.read(4999..5001), [1, 0]);
        for at in [4998, 5000, 9000, 2 * PAGE - 1] {
            memory.write_at(&[3], at);
        }
        assert_eq!(backing.length().unwrap(), 5000);
        tail.as_mut().unwrap().merge(&memory).unwrap();
        assert_eq!((byte(&own, 4998), byte(&own, 4999)), (3, 1));
        assert!(backing.has_taken_in(&pages::slice(&memory, 0..PAGE).unwrap()));
        assert!(!backing.has_taken_in(&memory));
        backing.extend(&memory, 2 * PAGE).unwrap();
        backing.cover(&memory, 0, Some(&mut tail)).unwrap();
        for at in [4998, 5000, 9000, 2 * PAGE - 1] {
            assert_eq!((byte(&own, at), memory.read(at..at + 1)), (3, vec![3]));
        }
        assert_eq!((byte(&own, 4999), byte(&own, 5001)), (1, 0));
        assert!(tail.is_none() && backing.has_taken_in(&memory));

        // Taken back, with what is in the last page.
        backing.shrink(&memory, 5000, Some(&mut tail));
        assert_eq!(backing.length().unwrap(), 5000);
        assert_eq!(backing.covers(), down(5000));
        assert_eq!(memory.read(4998..5002), [3, 1, 3, 0]);
        memory.write_at(&[4], 4998);
        tail.as_mut().unwrap().merge(&memory).unwrap();
        assert_eq!(byte(&own, 4998), 4);
    }

    #[test]
    fn what_is_beyond_the_end_is_nobody_elses() {
        let (own, backing) = file(5000, Writes::ToFile);
        let (first, second) = (mapping(), mapping());
        let pages = [&first, &second].map(|mapping| mapping.pages(bytes(PAGE)).unwrap());
        let mut tail = None;
        backing.cover(&pages[0], 0, Some(&mut tail)).unwrap();
        pages[0].write_at(&[7], 5100);
        tail.as_mut().unwrap().merge(&pages[0]).unwrap();
        let other = BackingFile::new(own.try_clone().unwrap(), Writes::Private);
        other.hold().unwrap();
        other.cover(&pages[1], 0, None).unwrap();
        assert_eq!(pages[1].read(4999..5101), [&[1][..], &[0; 101]].concat());
        assert_eq!(pages[0].read(5100..5101), [7]);
        other.revert(&pages[1], 4096, PAGE).unwrap();
        assert_eq!(pages[1].read(4999..5001), [1, 0]);
    }

    #[test]
    fn engine_pages_have_the_end_rounded_away() {
        let (own, backing) = file(5000, Writes::ToFile);
        let mapping = mapping();
        let memory = mapping.pages(bytes(2 * PAGE)).unwrap();
        backing.cover(&memory, 5000, None).unwrap();
        assert_eq!(backing.length().unwrap(), up(5000));
        memory.write_at(&[7], 5000);
        assert_eq!(byte(&own, 5000), 7);
        let elsewhere = super::tests::mapping();
        let moved = elsewhere.pages(bytes(2 * PAGE)).unwrap();
        assert!(backing.was_moved(&moved) && !backing.was_moved(&memory));
        let error = backing.cover(&moved, 0, None).unwrap_err();
        assert!(matches!(error, MemoryError::MovedOffFile), "{error}");
    }

    #[test]
    fn a_file_that_is_too_short_is_refused() {
        let (_, backing) = file(PAGE, Writes::ToFile);
        let mapping = mapping();
        let memory = mapping.pages(bytes(2 * PAGE)).unwrap();
        let error = backing.cover(&memory, PAGE + 1, None).unwrap_err();
        assert!(matches!(error, MemoryError::Truncated), "{error}");
    }

    #[test]
    fn reverted_pages_are_the_files_and_zeros_beyond_it() {
        let (_, backing) = file(PAGE, Writes::Private);
        let mapping = mapping();
        let memory = mapping.pages(bytes(2 * PAGE)).unwrap();
        backing.cover(&memory, PAGE, None).unwrap();
        memory.write_at(&vec![9; 2 * PAGE], 0);
        backing.revert(&memory, 4096, PAGE + 4096).unwrap();
        assert_eq!(memory.read(4095..4097), [9, 1]);
        assert_eq!(memory.read(PAGE - 1..PAGE + 1), [1, 0]);
        assert_eq!(memory.read(PAGE + 4095..PAGE + 4097), [0, 9]);
    }

    #[test]
    fn lost_pages_are_told_of_until_they_are_replaced() {
        let (own, backing) = file(3 * PAGE, Writes::ToFile);
        let mapping = mapping();
        let memory = mapping.pages(bytes(3 * PAGE)).unwrap();
        backing.cover(&memory, 0, None).unwrap();
        own.set_len(position(PAGE)).unwrap();
        assert_eq!(memory.read(PAGE - 1..PAGE), [1]);
        assert!(!backing.was_truncated(&memory).unwrap());
        assert_eq!(memory.read(2 * PAGE..2 * PAGE + 1), [0]);
        assert!(backing.was_truncated(&memory).unwrap());
        memory.write_at(&[5], PAGE);
        assert_eq!(memory.read(PAGE..PAGE + 1), [5]);
    }

    #[test]
    fn the_last_holder_closes_it() {
        let (_, backing) = file(1, Writes::ToFile);
        backing.hold().unwrap();
        backing.release();
        let flushing = backing.flushing().unwrap();
        backing.release();
        assert!(matches!(backing.length(), Err(MemoryError::FileClosed)));
        assert!(matches!(backing.hold(), Err(MemoryError::FileClosed)));
        let backing = Arc::new(backing);
        assert!(matches!(
            backing.lock().err(),
            Some(MemoryError::FileClosed)
        ));
        flushing.flush().unwrap();
    }

    #[test]
    fn one_at_a_time_has_the_lock() {
        let (_, backing) = file(1, Writes::ToFile);
        let backing = Arc::new(backing);
        let inside = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        let _locked = backing.lock().unwrap();
                        use std::sync::atomic::Ordering::SeqCst;
                        assert_eq!(inside.fetch_add(1, SeqCst), 0);
                        assert_eq!(inside.fetch_sub(1, SeqCst), 1);
                    }
                });
            }
        });
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_cannot_shrink_is_not_emptied() {
        use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
        let memfd = memfd_create("sealed", MemfdFlags::ALLOW_SEALING).unwrap();
        let file = File::from(memfd);
        file.write_all_at(&[1; 2 * PAGE], 0).unwrap();
        fcntl_add_seals(&file, SealFlags::SHRINK).unwrap();
        let backing = BackingFile::new(file.try_clone().unwrap(), Writes::ToFile);
        assert!(matches!(
            backing.clear(2 * PAGE, PAGE),
            Err(MemoryError::FileFailed { .. })
        ));
        let mut bytes = [0; PAGE];
        file.read_exact_at(&mut bytes, 0).unwrap();
        assert_eq!(bytes, [1; PAGE]);
        backing.clear(2 * PAGE, 2 * PAGE).unwrap();
        file.read_exact_at(&mut bytes, PAGE as u64).unwrap();
        assert_eq!(bytes, [0; PAGE]);
    }

    /// Calls `attempt` with the number of the call that is to fail, until there are no more: it returns how
    /// many it has reached.
    #[cfg(feature = "fault-injection")]
    fn with_each_failure(attempt: impl Fn(usize) -> usize) {
        let mut call = 1;
        while attempt(call) >= call {
            call += 1;
        }
        assert!(call > 4, "no calls");
    }

    #[test]
    #[cfg(feature = "fault-injection")]
    fn zeros_that_are_written_after_a_refusal_reach_the_file() {
        use crate::sys::fault;
        with_each_failure(|call| {
            let (own, backing) = file(PAGE, Writes::ToFile);
            let mapping = mapping();
            backing
                .cover(&mapping.pages(bytes(PAGE)).unwrap(), 0, None)
                .unwrap();
            let memory = mapping.pages(bytes(2 * PAGE)).unwrap();
            memory.write_at(&[7], PAGE + 5);
            own.set_len(position(2 * PAGE)).unwrap();
            fault::fail_at(&[call]);
            let refused = backing.cover(&memory, 0, None).is_err();
            let calls = fault::calls_reached().len();
            fault::fail_at(&[]);
            if refused {
                memory.write_at(&[0], PAGE + 5);
                backing.cover(&memory, 0, None).unwrap();
            }
            assert_eq!(byte(&own, PAGE + 5), if refused { 0 } else { 7 });
            assert_eq!(memory.read(PAGE + 5..PAGE + 6), [byte(&own, PAGE + 5)]);
            calls
        });
    }

    #[test]
    #[cfg(feature = "fault-injection")]
    fn what_is_beyond_the_end_survives_a_refusal() {
        use crate::sys::fault;
        with_each_failure(|call| {
            let (own, backing) = file(5000, Writes::ToFile);
            let mapping = mapping();
            let memory = mapping.pages(bytes(PAGE)).unwrap();
            let mut tail = None;
            backing.cover(&memory, 0, Some(&mut tail)).unwrap();
            memory.write_at(&[7], 5000);
            fault::fail_at(&[call]);
            let refused = backing
                .extend(&memory, 8192)
                .and_then(|()| backing.cover(&memory, 0, Some(&mut tail)))
                .is_err();
            let calls = fault::calls_reached().len();
            fault::fail_at(&[]);
            if refused {
                assert!(backing.shrink(&memory, 5000, Some(&mut tail)));
                tail.as_mut().unwrap().merge(&memory).unwrap();
                assert_eq!(backing.length().unwrap(), 5000);
            } else {
                assert_eq!(byte(&own, 5000), 7);
            }
            assert_eq!(memory.read(4999..5002), [1, 7, 0]);
            calls
        });
    }
}
