//! Which bytes of a memory are pages of its file.
//!
//! ```text
//! memory  | pages of the file            | anonymous pages            |
//! file    | bytes                  | end |
//!                                        ^ mapped
//! ```
//!
//! A file need not end where a page of the memory does. The bytes beyond its end are only in the memory until the
//! memory grows: then the file is extended to whole pages, and these bytes are written to it. The same happens to
//! pages that a module has added to the memory by itself.
//!
//! The system page in which the file ends is never mapped: other processes would see bytes that are written
//! beyond the end. In a memory that never writes to the file, that page is a copy. In reserved pages, it is a
//! [`FileTail`]. In engine pages, nothing could write it back when the engine releases the memory, so the file
//! is first extended to the end of that page.

use std::fs::File;
use std::ops::Range;
use std::sync::{Arc, MutexGuard, PoisonError};

use super::{BackingFile, failed, round_down, round_up};
use crate::error::MemoryError;
use crate::pages;
use crate::pages::file_tail::FileTail;
use crate::sys::file;
use crate::sys::{HostBytes, PageRange, Writes, file_offset};

/// The bytes of a WebAssembly page. Memories grow by whole pages.
pub const WASM_PAGE: usize = 65_536;

/// The reason why a file-backed memory has become unusable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The engine has moved the memory away from the file's pages, by copying it.
    Moved,
    /// The file was truncated, and a page was lost.
    Truncated,
}

/// Which bytes of the memory are mapped to the file.
#[derive(Debug, Default)]
pub struct Mapped {
    /// The offset up to which the memory's pages are pages of the file.
    end: usize,
    /// The offset at which the file ends in the memory: `end`, or in the page behind it.
    length: usize,
    /// The extents beyond `end` that a failed [`BackingFile::map_at`] has written to the file. The next one
    /// writes them again: if the memory has zeros there by then, the file must have them as well.
    written: Vec<Range<usize>>,
}

impl Mapped {
    /// Writes the memory's bytes at `offsets` to the file, which has zeros there, except in the extents of
    /// `written`.
    ///
    /// # Errors
    ///
    /// [`MemoryError::FileFailed`]. Some of the bytes may have been written, and are listed in `written`.
    fn write_to(
        &mut self,
        file: &File,
        memory: &PageRange,
        offsets: Range<usize>,
    ) -> Result<(), MemoryError> {
        let end = file_offset(offsets.end);
        for extent in &self.written {
            let extent = extent.start.max(offsets.start)..extent.end.min(offsets.end);
            if !extent.is_empty() {
                let at = file_offset(extent.start);
                pages::write_whole(&pages::slice(memory, extent)?, file, at, end)?;
            }
        }
        let part = pages::slice(memory, offsets.clone())?;
        pages::write_nonzero(&part, file, file_offset(offsets.start), end, |extent| {
            let at = |offset: usize| offsets.start + offset;
            self.written.push(at(extent.start)..at(extent.end));
        })
    }
}

impl BackingFile {
    /// Maps the file at the pages of the memory that are not mapped to it yet, as far as both reach. First
    /// writes the memory's bytes in these pages to the file. `reserved_tail` is the [`FileTail`] of a reserved
    /// memory. Without it, a writable file is extended to whole system pages before.
    ///
    /// # Errors
    ///
    /// The error of a system call, [`MemoryError::FileClosed`], [`MemoryError::MovedOffFile`], or
    /// [`MemoryError::Truncated`] if the file has fewer than `least` bytes or has lost pages. Pages that were
    /// mapped before stay mapped.
    pub fn map_at(
        &self,
        memory: &PageRange,
        least: usize,
        reserved_tail: Option<&mut Option<FileTail>>,
    ) -> Result<(), MemoryError> {
        let file = self.file()?;
        let all = memory.length().get();
        if reserved_tail.is_none() && self.was_moved(memory) {
            return Err(MemoryError::MovedOffFile);
        }
        let mut length = self.intact_length()?;
        if self.is_written() && reserved_tail.is_none() && length < all {
            length = round_up(length);
            self.extend(memory, length)?;
        }
        let mut mapped = self.mapped();
        self.rebase(memory);
        if mapped.end < all {
            pages::forget_overlays(&pages::slice(memory, mapped.end..all)?);
        }
        let end = round_down(length).min(all).max(mapped.end);
        let mut private = None;
        let tail = reserved_tail
            .filter(|_| self.is_written())
            .unwrap_or(&mut private);
        let mut written = mapped.end;
        if let Some(tail) = tail.as_mut() {
            let page = HostBytes::page().get();
            if length <= tail.at() {
                return Err(MemoryError::Truncated);
            }
            tail.merge_first(memory, (length - tail.at()).min(page))?;
            if tail.was_lost() {
                return Err(MemoryError::Truncated);
            }
            // After the merge, that page has the file's bytes.
            written = tail.at() + page;
        }
        if written < end && self.is_written() {
            mapped.write_to(&file, memory, written..end)?;
        }
        let length_here = length.min(all).max(end);
        let is_known = tail.as_ref().is_some_and(|tail| tail.at() == end);
        let next = if is_known || end == length_here {
            None
        } else {
            let mut next = FileTail::new(Arc::clone(&file), end);
            next.merge_first(memory, length_here - end)?;
            Some(next)
        };
        if mapped.end < end {
            let part = pages::slice(memory, mapped.end..end)?;
            pages::map_file(&part, &file, file_offset(mapped.end), self.writes)?;
        }
        *mapped = Mapped {
            end,
            length: length_here,
            written: Vec::new(),
        };
        drop(mapped);
        if !is_known {
            *tail = next;
        }
        if self.length()? < length.max(least) {
            return Err(MemoryError::Truncated);
        }
        Ok(())
    }

    /// Undoes [`BackingFile::map_at`]: makes all pages anonymous that are not whole pages of a file of `length`
    /// bytes. Their bytes below the offset `kept` of the memory stay; the others are zero.
    ///
    /// # Errors
    ///
    /// The error of a system call. Nothing has changed then.
    pub fn unmap(
        &self,
        memory: &PageRange,
        kept: usize,
        length: usize,
        tail: &mut Option<FileTail>,
    ) -> Result<(), MemoryError> {
        let file = self.file()?;
        let mut mapped = self.mapped();
        // Pages at `kept` and beyond do not stay mapped either.
        let length = length.min(kept);
        let end = round_down(length);
        if mapped.end <= end {
            // The page in which the file ended may have been merged up to another end.
            if let Some(tail) = tail {
                tail.forget_from(length);
            }
            return Ok(());
        }
        let part = pages::slice(memory, end..mapped.end.min(memory.length().get()))?;
        // These pages can end before `kept`: the file of a private mapping may be far shorter than the memory.
        let bytes = part.read(0..part.length().get().min(kept - end));
        pages::decommit(&part)?;
        part.write_at(&bytes, 0);
        *mapped = Mapped {
            end,
            length,
            written: Vec::new(),
        };
        debug_assert!(
            bytes.len() >= length - end,
            "the page in which the file ends was mapped"
        );
        let base = bytes.get(..length - end).unwrap_or_default();
        *tail = (!base.is_empty()).then(|| FileTail::with_bytes(file, end, base.to_vec()));
        Ok(())
    }

    /// Makes the file `length` bytes long if it is shorter, and allocates disk blocks for them. If the page in
    /// which the file ended is mapped, its bytes beyond that end go to the file now. [`BackingFile::map_at`]
    /// writes the others.
    ///
    /// # Errors
    ///
    /// The error of a system call, [`MemoryError::FileClosed`], or [`MemoryError::Truncated`]. The file is then
    /// as long as it was, and has the same bytes.
    pub fn extend(&self, memory: &PageRange, length: usize) -> Result<(), MemoryError> {
        let before = self.intact_length()?;
        // In the last mapped page, the bytes beyond the file's end may be lost when the file grows.
        let beyond = inside(memory, before..self.mapped_length());
        let bytes = memory.read(beyond.clone());
        let extended = file::extend(&*self.file()?, file_offset(length)).map_err(failed);
        memory.write_at(&bytes, beyond.start);
        extended
    }

    /// Undoes [`BackingFile::extend`], and also a later [`BackingFile::map_at`] if the memory is reserved:
    /// makes the file `length` bytes long again. `memory` is as long as it was before. If the system refuses,
    /// the file stays longer, and its pages stay mapped. Returns whether the file is as short as it was.
    pub fn shrink(
        &self,
        memory: &PageRange,
        length: usize,
        reserved_tail: Option<&mut Option<FileTail>>,
    ) -> bool {
        let Ok(file) = self.file() else { return true };
        if reserved_tail.is_some() {
            self.rebase(memory);
        }
        if self.length().is_ok_and(|now| now <= length) {
            return true;
        }
        if let Some(tail) = reserved_tail
            && self
                .unmap(memory, memory.length().get(), length, tail)
                .is_err()
        {
            return false;
        }
        let end = self.mapped_length();
        if end > round_up(length) {
            return false;
        }
        // In the last mapped page, the bytes beyond the file's end are lost when the file shrinks. In reserved
        // pages, that page is not mapped any more.
        let beyond = inside(memory, length..end);
        let bytes = memory.read(beyond.clone());
        let shortened = file::set_length(&file, file_offset(length));
        memory.write_at(&bytes, beyond.start);
        shortened.is_ok()
    }

    /// Replaces the bytes of the memory from `start` to `end`, which are page boundaries, by those of the file:
    /// maps its pages again, and reads the bytes of the page in which it ended. Bytes beyond that end are zero.
    ///
    /// # Errors
    ///
    /// The error of a system call, or [`MemoryError::FileClosed`]. No byte has changed then.
    pub fn revert(&self, memory: &PageRange, start: usize, end: usize) -> Result<(), MemoryError> {
        let file = self.file()?;
        let mapped = self.mapped();
        let middle = mapped.end.clamp(start, end);
        let last = middle..mapped.length.clamp(middle, end);
        let beyond = pages::slice(memory, middle..end)?;
        let mut bytes = vec![0; last.len()];
        file::read_some(&file, &mut bytes, file_offset(last.start)).map_err(failed)?;
        let part = pages::slice(memory, start..middle)?;
        if part.length() != HostBytes::ZERO {
            pages::map_file(&part, &file, file_offset(start), self.writes)?;
        }
        if pages::discard(&beyond).is_err() {
            // Writing zeros takes memory, but cannot fail.
            beyond.write_zeros();
        }
        memory.write_at(&bytes, last.start);
        Ok(())
    }

    /// Returns how many bytes the file has.
    ///
    /// # Errors
    ///
    /// The errors of [`BackingFile::length`], or [`MemoryError::Truncated`] if the file no longer has all pages
    /// that are mapped, unless writes are private.
    fn intact_length(&self) -> Result<usize, MemoryError> {
        let length = self.length()?;
        if round_up(length) >= self.mapped_length() || self.writes == Writes::Private {
            Ok(length)
        } else {
            Err(MemoryError::Truncated)
        }
    }

    /// Returns how many bytes of the memory, counted from its first, are pages of the file.
    pub fn mapped_length(&self) -> usize {
        self.mapped().end
    }

    /// Returns whether all pages of the memory are in the file.
    pub fn is_reconciled(&self, memory: &PageRange) -> bool {
        memory.length().get() <= self.mapped().length.next_multiple_of(WASM_PAGE)
    }

    /// Merges the page in which the file ends, if `reserved_tail` has one. Returns the loss since the file was
    /// mapped that makes the memory unusable, if there is one.
    ///
    /// # Errors
    ///
    /// The error of a system call.
    pub fn check(
        &self,
        memory: &PageRange,
        reserved_tail: Option<&mut Option<FileTail>>,
    ) -> Result<Option<Loss>, MemoryError> {
        if self.was_moved(memory) {
            return Ok(Some(Loss::Moved));
        }
        let mapped = self.mapped_length().min(memory.length().get());
        let mut was_truncated = pages::was_truncated(&pages::slice(memory, 0..mapped)?);
        if let Some(tail) = reserved_tail.and_then(Option::as_mut) {
            tail.merge(memory)?;
            was_truncated |= tail.was_lost();
        }
        Ok(was_truncated.then_some(Loss::Truncated))
    }

    /// Returns whether the engine has moved the memory away from the file's pages, by copying it.
    fn was_moved(&self, memory: &PageRange) -> bool {
        self.is_written() && self.mapped_length() != 0 && !self.is_at(memory)
    }

    fn mapped(&self) -> MutexGuard<'_, Mapped> {
        // Nothing panics while it holds the lock.
        self.mapped.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns those of `offsets` that are in `memory`. Files may be longer than a memory, or end before `offsets`
/// begin: the range is empty then.
fn inside(memory: &PageRange, offsets: Range<usize>) -> Range<usize> {
    let end = offsets.end.min(memory.length().get());
    offsets.start.min(end)..end
}

#[cfg(test)]
mod tests {
    use super::super::tests::{PAGE, byte, bytes, file, mapping};
    use super::*;

    #[test]
    fn writes_reach_the_file_unless_they_are_private() {
        for (writes, expected) in [(Writes::ToFile, 2), (Writes::Private, 1)] {
            let (own, backing) = file(PAGE, writes);
            let mapping = mapping();
            let memory = mapping.pages(bytes(PAGE)).unwrap();
            backing.map_at(&memory, PAGE, None).unwrap();
            assert_eq!(memory.read(PAGE - 1..PAGE), [1]);
            memory.write_at(&[2], 5);
            assert_eq!(byte(&own, 5), expected);
            assert_eq!(backing.mapped_length(), PAGE);
        }
    }

    #[test]
    fn a_file_that_grows_takes_in_the_bytes_beyond_its_end() {
        let (own, backing) = file(5000, Writes::ToFile);
        let mapping = mapping();
        let memory = mapping.pages(bytes(2 * PAGE)).unwrap();
        let mut tail = None;
        backing.map_at(&memory, 5000, Some(&mut tail)).unwrap();
        assert_eq!(backing.mapped_length(), round_down(5000));
        assert_eq!(memory.read(4999..5001), [1, 0]);
        for at in [4998, 5000, 9000, 2 * PAGE - 1] {
            memory.write_at(&[3], at);
        }
        assert_eq!(backing.length().unwrap(), 5000);
        tail.as_mut().unwrap().merge(&memory).unwrap();
        assert_eq!((byte(&own, 4998), byte(&own, 4999)), (3, 1));
        assert!(backing.is_reconciled(&pages::slice(&memory, 0..PAGE).unwrap()));
        assert!(!backing.is_reconciled(&memory));
        backing.extend(&memory, 2 * PAGE).unwrap();
        backing.map_at(&memory, 0, Some(&mut tail)).unwrap();
        for at in [4998, 5000, 9000, 2 * PAGE - 1] {
            assert_eq!((byte(&own, at), memory.read(at..at + 1)), (3, vec![3]));
        }
        assert_eq!((byte(&own, 4999), byte(&own, 5001)), (1, 0));
        assert!(tail.is_none() && backing.is_reconciled(&memory));

        // Undone: the memory keeps the bytes of the last page.
        backing.shrink(&memory, 5000, Some(&mut tail));
        assert_eq!(backing.length().unwrap(), 5000);
        assert_eq!(backing.mapped_length(), round_down(5000));
        assert_eq!(memory.read(4998..5002), [3, 1, 3, 0]);
        memory.write_at(&[4], 4998);
        tail.as_mut().unwrap().merge(&memory).unwrap();
        assert_eq!(byte(&own, 4998), 4);
    }

    #[test]
    fn others_do_not_see_the_bytes_beyond_the_end() {
        let (own, backing) = file(5000, Writes::ToFile);
        let (first, second) = (mapping(), mapping());
        let pages = [&first, &second].map(|mapping| mapping.pages(bytes(PAGE)).unwrap());
        let mut tail = None;
        backing.map_at(&pages[0], 0, Some(&mut tail)).unwrap();
        pages[0].write_at(&[7], 5100);
        tail.as_mut().unwrap().merge(&pages[0]).unwrap();
        let other = BackingFile::new(own.try_clone().unwrap(), Writes::Private);
        other.add_holder().unwrap();
        other.map_at(&pages[1], 0, None).unwrap();
        assert_eq!(pages[1].read(4999..5101), [&[1][..], &[0; 101]].concat());
        assert_eq!(pages[0].read(5100..5101), [7]);
        other.revert(&pages[1], 4096, PAGE).unwrap();
        assert_eq!(pages[1].read(4999..5001), [1, 0]);
    }

    #[test]
    fn a_file_at_engine_pages_is_extended_to_whole_pages() {
        let (own, backing) = file(5000, Writes::ToFile);
        let (mapping, elsewhere) = (mapping(), mapping());
        let memory = mapping.pages(bytes(2 * PAGE)).unwrap();
        backing.map_at(&memory, 5000, None).unwrap();
        assert_eq!(backing.length().unwrap(), round_up(5000));
        memory.write_at(&[7], 5000);
        assert_eq!(byte(&own, 5000), 7);
        let moved = elsewhere.pages(bytes(2 * PAGE)).unwrap();
        assert!(backing.was_moved(&moved) && !backing.was_moved(&memory));
        let error = backing.map_at(&moved, 0, None).unwrap_err();
        assert!(matches!(error, MemoryError::MovedOffFile), "{error}");
    }

    #[test]
    fn a_file_that_is_too_short_is_refused() {
        let (_, backing) = file(PAGE, Writes::ToFile);
        let mapping = mapping();
        let memory = mapping.pages(bytes(2 * PAGE)).unwrap();
        let error = backing.map_at(&memory, PAGE + 1, None).unwrap_err();
        assert!(matches!(error, MemoryError::Truncated), "{error}");
    }

    #[test]
    fn reverted_pages_have_the_bytes_of_the_file_and_zeros_beyond_its_end() {
        let (_, backing) = file(PAGE, Writes::Private);
        let mapping = mapping();
        let memory = mapping.pages(bytes(2 * PAGE)).unwrap();
        backing.map_at(&memory, PAGE, None).unwrap();
        memory.write_at(&vec![9; 2 * PAGE], 0);
        backing.revert(&memory, 4096, PAGE + 4096).unwrap();
        assert_eq!(memory.read(4095..4097), [9, 1]);
        assert_eq!(memory.read(PAGE - 1..PAGE + 1), [1, 0]);
        assert_eq!(memory.read(PAGE + 4095..PAGE + 4097), [0, 9]);
    }

    #[test]
    fn lost_pages_are_reported_until_they_are_replaced() {
        let (own, backing) = file(3 * PAGE, Writes::ToFile);
        let mapping = mapping();
        let memory = mapping.pages(bytes(3 * PAGE)).unwrap();
        backing.map_at(&memory, 0, None).unwrap();
        let is_truncated = || backing.check(&memory, None).unwrap() == Some(Loss::Truncated);
        own.set_len(file_offset(PAGE)).unwrap();
        assert_eq!(memory.read(PAGE - 1..PAGE), [1]);
        assert!(!is_truncated());
        assert_eq!(memory.read(2 * PAGE..2 * PAGE + 1), [0]);
        assert!(is_truncated());
        memory.write_at(&[5], PAGE);
        assert_eq!(memory.read(PAGE..PAGE + 1), [5]);
    }

    /// Calls `attempt` with the number of each call that can fail. `attempt` returns how many calls it has
    /// reached.
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
                .map_at(&mapping.pages(bytes(PAGE)).unwrap(), 0, None)
                .unwrap();
            let memory = mapping.pages(bytes(2 * PAGE)).unwrap();
            memory.write_at(&[7], PAGE + 5);
            own.set_len(file_offset(2 * PAGE)).unwrap();
            fault::fail_at(&[call]);
            let refused = backing.map_at(&memory, 0, None).is_err();
            let calls = fault::calls_reached().len();
            fault::fail_at(&[]);
            if refused {
                memory.write_at(&[0], PAGE + 5);
                backing.map_at(&memory, 0, None).unwrap();
            }
            assert_eq!(byte(&own, PAGE + 5), if refused { 0 } else { 7 });
            assert_eq!(memory.read(PAGE + 5..PAGE + 6), [byte(&own, PAGE + 5)]);
            calls
        });
    }

    #[test]
    #[cfg(feature = "fault-injection")]
    fn bytes_beyond_the_end_survive_a_refusal() {
        use crate::sys::fault;
        with_each_failure(|call| {
            let (own, backing) = file(5000, Writes::ToFile);
            let mapping = mapping();
            let memory = mapping.pages(bytes(PAGE)).unwrap();
            let mut tail = None;
            backing.map_at(&memory, 0, Some(&mut tail)).unwrap();
            memory.write_at(&[7], 5000);
            fault::fail_at(&[call]);
            let refused = backing
                .extend(&memory, 8192)
                .and_then(|()| backing.map_at(&memory, 0, Some(&mut tail)))
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
