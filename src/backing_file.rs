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

use std::fs::File;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::error::MemoryError;
use crate::pages;
use crate::sys::file::{self, LengthLock};
use crate::sys::{PageRange, Writes};
use crate::units::HostBytes;

/// The file.
#[derive(Debug)]
pub struct BackingFile {
    open: Mutex<Open>,
    writes: Writes,
    /// The first address of the memory, where that is known.
    base: AtomicUsize,
    /// Bytes of the memory, from the first, that are pages of the file.
    covered: Mutex<usize>,
    is_locked: Mutex<bool>,
    unlocked: Condvar,
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
        self.base.load(Ordering::Relaxed) == memory.addresses().start
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
            Writes::ToFile => Some(LengthLock::of(&file).map_err(failed)?),
        };
        Ok(Locked {
            _between_processes: between_processes,
            _in_process: in_process,
        })
    }

    /// Puts the file's pages under those of the memory that are not yet, as far as both reach. The file
    /// takes in what was written to them.
    ///
    /// # Errors
    ///
    /// What the system says; what was covered stays so. [`MemoryError::Truncated`] where the file is
    /// not `least` bytes long.
    pub fn cover(&self, memory: &PageRange, least: usize) -> Result<(), MemoryError> {
        let file = self.file()?;
        self.base.store(memory.addresses().start, Ordering::Relaxed);
        let length = self.length_as_covered()?;
        let mut covered = self.covered();
        let end = HostBytes::round_up(length).unwrap_or(memory.length());
        let end = end.min(memory.length()).get();
        if *covered < memory.length().get() {
            pages::forget(&pages::part(memory, *covered..memory.length().get())?);
        }
        if *covered < end {
            let part = pages::part(memory, *covered..end)?;
            let offset = position(*covered);
            if self.writes == Writes::ToFile {
                pages::write_runs(&part, &file, offset, position(length))?;
            }
            pages::cover(&part, &file, offset, self.writes)?;
            *covered = end;
        }
        if self.length()? < length.max(least) {
            return Err(MemoryError::Truncated);
        }
        Ok(())
    }

    /// How many bytes the file has, where it still has all those pages that are the memory's.
    fn length_as_covered(&self) -> Result<usize, MemoryError> {
        let length = self.length()?;
        let has_all = HostBytes::round_up(length).is_none_or(|end| end.get() >= self.covers());
        if has_all || self.writes == Writes::Private {
            Ok(length)
        } else {
            Err(MemoryError::Truncated)
        }
    }

    /// How many bytes of the memory, from the first, are the file's pages.
    pub fn covers(&self) -> usize {
        *self.covered()
    }

    /// Whether one of those was lost, since somebody truncated the file.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Bounds`].
    pub fn was_truncated(&self, memory: &PageRange) -> Result<bool, MemoryError> {
        let covered = self.covers().min(memory.length().get());
        Ok(pages::was_truncated(&pages::part(memory, 0..covered)?))
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
        let covered = *self.covered();
        // In the last page that is the file's, what is beyond its end may be lost when it grows.
        let rest = memory.read(before..covered.max(before));
        let extended = file::extend(&*self.file()?, position(length)).map_err(failed);
        memory.write_at(&rest, before);
        extended
    }

    /// Takes back what [`BackingFile::extend`] did, for a memory that did not grow after all.
    pub fn shrink(&self, memory: &PageRange, length: usize) {
        let covered = *self.covered();
        let rest = memory.read(length..covered.max(length));
        // Where that fails, the file is longer than it was.
        let _ = self
            .file()
            .map(|file| file::truncate(&file, position(length)));
        memory.write_at(&rest, length);
    }

    /// Takes room on the disk for holes in the file's first `length` bytes.
    ///
    /// # Errors
    ///
    /// The error from the system. The file's bytes are as they were.
    pub fn fill(&self, length: usize) -> Result<(), MemoryError> {
        file::fill(&*self.file()?, position(length)).map_err(failed)
    }

    /// Makes zeros of a file's bytes, which were `before`, and then cuts it to `length`.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Cleared`], which has what was lost; another if nothing was.
    pub fn clear(&self, before: usize, length: usize) -> Result<(), MemoryError> {
        let file = self.file()?;
        let end = before.min(length);
        if before > length {
            file::check_shrinkable(&file).map_err(failed)?;
        }
        file::zero(&file, position(end))
            .map_err(|(done, source)| MemoryError::Cleared { done, source })?;
        if before <= length {
            return Ok(());
        }
        file::truncate(&file, position(length)).map_err(|source| MemoryError::Cleared {
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
        file::cut(&*self.file()?, position(length)).map_err(failed)
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
    /// it has none.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn revert(&self, memory: &PageRange, start: usize, end: usize) -> Result<(), MemoryError> {
        let covered = *self.covered();
        let middle = covered.clamp(start, end);
        let beyond = pages::part(memory, middle..end)?;
        pages::discard(&beyond)?;
        let part = pages::part(memory, start..middle)?;
        if part.length() == HostBytes::ZERO {
            return Ok(());
        }
        pages::cover(&part, &*self.file()?, position(start), self.writes)
    }

    fn covered(&self) -> MutexGuard<'_, usize> {
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

fn failed(source: std::io::Error) -> MemoryError {
    MemoryError::File { source }
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
            backing.cover(&memory, PAGE).unwrap();
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
        backing.cover(&memory, 5000).unwrap();
        assert_eq!(backing.covers(), bytes(5000).get());
        for at in [5000, 9000, 2 * PAGE - 1] {
            memory.write_at(&[3], at);
        }
        assert_eq!(backing.length().unwrap(), 5000);
        backing.extend(&memory, 2 * PAGE).unwrap();
        backing.cover(&memory, 0).unwrap();
        for at in [5000, 9000, 2 * PAGE - 1] {
            assert_eq!((byte(&own, at), memory.read(at..at + 1)), (3, vec![3]));
        }
        assert_eq!((byte(&own, 4999), byte(&own, 5001)), (1, 0));

        // Taken back, with what is in the last page.
        backing.extend(&memory, 3 * PAGE).unwrap();
        backing.shrink(&memory, 2 * PAGE);
        assert_eq!(backing.length().unwrap(), 2 * PAGE);
    }

    #[test]
    fn what_was_shrunk_keeps_the_bytes_in_its_last_page() {
        let (_, backing) = file(100, Writes::ToFile);
        let mapping = mapping();
        let memory = mapping.pages(bytes(PAGE)).unwrap();
        backing.cover(&memory, 100).unwrap();
        memory.write_at(&[7], 100);
        backing.extend(&memory, PAGE).unwrap();
        backing.shrink(&memory, 100);
        assert_eq!(backing.length().unwrap(), 100);
        assert_eq!(memory.read(99..102), [1, 7, 0]);
    }

    #[test]
    fn a_file_that_is_too_short_is_refused() {
        let (_, backing) = file(PAGE, Writes::ToFile);
        let mapping = mapping();
        let memory = mapping.pages(bytes(2 * PAGE)).unwrap();
        let error = backing.cover(&memory, PAGE + 1).unwrap_err();
        assert!(matches!(error, MemoryError::Truncated), "{error}");
    }

    #[test]
    fn reverted_pages_are_the_files_and_zeros_beyond_it() {
        let (_, backing) = file(PAGE, Writes::Private);
        let mapping = mapping();
        let memory = mapping.pages(bytes(2 * PAGE)).unwrap();
        backing.cover(&memory, PAGE).unwrap();
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
        backing.cover(&memory, 0).unwrap();
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
            Err(MemoryError::File { .. })
        ));
        let mut bytes = [0; PAGE];
        file.read_exact_at(&mut bytes, 0).unwrap();
        assert_eq!(bytes, [1; PAGE]);
        backing.clear(2 * PAGE, 2 * PAGE).unwrap();
        file.read_exact_at(&mut bytes, PAGE as u64).unwrap();
        assert_eq!(bytes, [0; PAGE]);
    }
}
