//! How a file and its memory grow together. Each growth follows this protocol:
//!
//! 1. **Lock** the file's length against all threads and processes that have a memory of the file.
//! 2. **Read** the length: other processes may have made the file longer, and the memory follows.
//! 3. **Extend** the file, and allocate room on the disk. A full disk has to be an error here, since a store to
//!    memory has no way to fail.
//! 4. **Grow** the memory, and map the file at its pages before any other thread sees the new size.
//! 5. **Unlock**.
//!
//! A step that fails undoes the steps before it, so that the file and the memory are as they were. If undoing
//! fails as well, the file stays longer, and [`Failed`] records that. No code of the program runs under the
//! lock.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use super::mapped::WASM_PAGE;
use super::{BackingFile, failed, round_up};
use crate::error::MemoryError;
use crate::memory::{Backing, LinearMemory, Span};
use crate::pages::file_tail::FileTail;
use crate::sys::file;
use crate::sys::{HostBytes, PageRange, file_offset};
use crate::units::Pages;

/// The reason why a call failed, and whether it has left the file longer.
#[derive(Debug)]
pub struct Failed<E> {
    /// The error.
    pub cause: E,
    /// Set if the file could not be made as short as it was.
    pub left: Option<LeftLonger>,
}

impl<E> From<E> for Failed<E> {
    fn from(cause: E) -> Self {
        Self { cause, left: None }
    }
}

/// A file that a failed call has left longer than it was.
#[derive(Clone, Copy, Debug)]
pub struct LeftLonger {
    /// How many bytes it had before.
    length: usize,
}

impl LeftLonger {
    /// Returns the record of a file that had `length` bytes.
    pub(super) fn than(length: usize) -> Self {
        Self { length }
    }
}

impl fmt::Display for LeftLonger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.length;
        write!(
            f,
            "The file could not be made {length} bytes long again: it stays longer"
        )
    }
}

/// The sizes of a growth, computed from the file's length under the lock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// The bytes of the file before.
    pub length: usize,
    /// The pages of the memory before, including those that other processes have added to the file.
    pub before: u64,
    /// The pages by which the memory has to grow.
    pub added: Pages,
    /// The bytes that the file is to have, if it has to be longer.
    pub extended: Option<usize>,
}

impl Plan {
    /// Plans the growth of a memory of `size` pages by `delta`, to `limit` at most.
    ///
    /// # Errors
    ///
    /// [`MemoryError::FileOutgrown`] or [`MemoryError::MaximumExceeded`].
    pub fn of(length: usize, size: u64, delta: Pages, limit: Pages) -> Result<Self, MemoryError> {
        let in_file = file_offset(length.div_ceil(WASM_PAGE));
        let maximum = limit.count();
        if in_file > maximum {
            let (pages, limit) = (in_file, maximum);
            return Err(MemoryError::FileOutgrown { pages, limit });
        }
        let before = size.max(in_file);
        // No overflow: both are far below 2^64.
        let wanted = before + delta.count();
        let exceeded = || MemoryError::MaximumExceeded { wanted, maximum };
        let after = Pages::new(wanted)
            .filter(|after| *after <= limit)
            .ok_or_else(exceeded)?;
        let bytes = after.bytes().ok_or_else(exceeded)?;
        Ok(Self {
            length,
            before,
            added: Pages::new(wanted - size).ok_or_else(exceeded)?,
            extended: (wanted > in_file).then_some(bytes.get()),
        })
    }
}

/// A file as the [`Backing`] of a reserved memory that grows, or whose pages move out. The lock of the file's
/// length is held.
struct UnderLock<'a> {
    file: &'a BackingFile,
    memory: &'a LinearMemory,
    /// The bytes of the file before.
    length: usize,
    /// The bytes that the file is to have, if it has to be longer.
    extended: Option<usize>,
    left: Cell<Option<LeftLonger>>,
}

impl<'a> UnderLock<'a> {
    fn new(
        file: &'a BackingFile,
        memory: &'a LinearMemory,
        length: usize,
        extended: Option<usize>,
    ) -> Self {
        Self {
            file,
            memory,
            length,
            extended,
            left: Cell::new(None),
        }
    }

    fn failed<E>(&self, cause: E) -> Failed<E> {
        let left = self.left.get();
        Failed { cause, left }
    }
}

impl Backing for UnderLock<'_> {
    fn extend(&self, pages: &PageRange) -> Result<(), MemoryError> {
        match self.extended {
            Some(length) => self.file.extend(pages, length),
            None => Ok(()),
        }
    }

    fn map(&self, pages: &PageRange) -> Result<(), MemoryError> {
        self.file.map_at(pages, 0, Some(&mut self.memory.tail()))
    }

    fn unmap(&self, pages: &PageRange, kept: HostBytes) {
        let tail = &mut self.memory.tail();
        // If this fails, `shrink` fails as well: the file stays longer.
        let _ = self.file.unmap(pages, kept.get(), self.length, tail);
    }

    fn shrink(&self, pages: &PageRange) {
        let tail = &mut self.memory.tail();
        if !self.file.shrink(pages, self.length, Some(tail)) {
            let length = self.length;
            self.left.set(Some(LeftLonger::than(length)));
        }
    }
}

impl BackingFile {
    /// Maps the file at a memory that was just made, and that no other thread has. The file had `size` bytes
    /// when it was opened. It becomes as long as the memory if that is longer. With `empties`, it becomes as
    /// long as the memory in any case, and all of its bytes are zero. `reserved` is the memory, if its pages
    /// are reserved.
    ///
    /// # Errors
    ///
    /// The error of a system call, or [`MemoryError::Truncated`] if the file is shorter now. The file is then
    /// as it was, except after [`MemoryError::ClearFailed`].
    pub fn begin(
        self: &Arc<Self>,
        pages: &PageRange,
        reserved: Option<&LinearMemory>,
        size: usize,
        empties: bool,
    ) -> Result<(), Failed<MemoryError>> {
        if !self.is_written() {
            return Ok(self.map_at(pages, size, None)?);
        }
        let _locked = self.lock()?;
        let before = self.length()?;
        self.begin_written(pages, reserved, (before, size), empties)
            .map_err(|cause| {
                if let Some(reserved) = reserved {
                    // The tail would keep the file open until the memory is collected.
                    *reserved.tail() = None;
                }
                let left = self.shrink_to(before).err();
                Failed {
                    cause,
                    left: left.map(|_| LeftLonger::than(before)),
                }
            })
    }

    fn begin_written(
        &self,
        pages: &PageRange,
        reserved: Option<&LinearMemory>,
        (before, size): (usize, usize),
        empties: bool,
    ) -> Result<(), MemoryError> {
        let length = pages.length().get();
        // A file that is long enough stays as it is, whole pages or not.
        let is_changed = empties || size.next_multiple_of(WASM_PAGE) < length;
        if is_changed {
            self.extend(pages, length)?;
        }
        if empties {
            self.fill_holes(before.min(length))?;
        }
        let least = if is_changed { length } else { size };
        let mut tail = reserved.map(LinearMemory::tail);
        self.map_at(pages, least, tail.as_deref_mut())?;
        if empties {
            // This comes last, since it cannot be undone. By now, the disk has room for all zeros to be written.
            self.empty(before, length)?;
        }
        Ok(())
    }

    /// Grows a reserved memory and the file by `delta` pages, to `limit` at most. They are counted from the
    /// larger of both. `issue` and `detach` are as in [`LinearMemory::grow`]. Returns the size before in pages,
    /// including those that other processes have added to the file, and the value that `issue` returned.
    ///
    /// # Errors
    ///
    /// The error of a system call, of `issue` or of `detach`; [`MemoryError::FileOutgrown`] or
    /// [`MemoryError::MaximumExceeded`]. The file and the memory are then as they were.
    pub fn grow<T, E: From<MemoryError>>(
        self: &Arc<Self>,
        memory: &LinearMemory,
        (delta, limit): (Pages, Pages),
        issue: impl FnOnce(Span) -> Result<T, E>,
        detach: impl FnOnce() -> Result<(), E>,
    ) -> Result<(u64, T), Failed<E>> {
        let _locked = self.lock().map_err(E::from)?;
        let length = self.length().map_err(E::from)?;
        let plan = Plan::of(length, memory.size(), delta, limit).map_err(E::from)?;
        let backing = UnderLock::new(self, memory, length, plan.extended);
        let (size, issued) = memory
            .grow_backed(plan.added, &backing, issue, detach)
            .map_err(|cause| backing.failed(cause))?;
        debug_assert_eq!(
            size + plan.added.count(),
            plan.before + delta.count(),
            "only this call grows an unshared memory"
        );
        Ok((plan.before, issued))
    }

    /// Moves the pages of a reserved memory to `destination`, pages of the engine, and maps the file there.
    /// First extends the file to whole system pages: when the engine releases a memory, nothing could write
    /// back the page in which the file ends. `detach` is as in [`LinearMemory::move_out`].
    ///
    /// # Errors
    ///
    /// The error of a system call or of `detach`. The file and the memory are then as they were.
    pub fn move_out<E: From<MemoryError>>(
        self: &Arc<Self>,
        memory: &LinearMemory,
        destination: &PageRange,
        detach: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), Failed<E>> {
        let _locked = self.lock().map_err(E::from)?;
        let length = self.length().map_err(E::from)?;
        let backing = UnderLock::new(self, memory, length, Some(round_up(length)));
        memory
            .move_out_backed(destination, &backing, detach)
            .map_err(|cause| backing.failed(cause))?;
        self.rebase(destination);
        Ok(())
    }

    /// Extends the file by the memory's pages that it does not have yet: pages that a module has added, or that
    /// an earlier call failed to add to the file. `reserved` is the memory, if its pages are reserved.
    ///
    /// # Errors
    ///
    /// The error of a system call. The file and the memory are then as they were.
    pub fn reconcile(
        self: &Arc<Self>,
        pages: &PageRange,
        reserved: Option<&LinearMemory>,
    ) -> Result<(), Failed<MemoryError>> {
        if !self.is_written() || self.is_reconciled(pages) {
            return Ok(());
        }
        let _locked = self.lock()?;
        // Another thread may have done this before the lock was acquired.
        if self.is_reconciled(pages) {
            return Ok(());
        }
        let length = self.length()?;
        let mut tail = reserved.map(LinearMemory::tail);
        self.extend(pages, pages.length().get().max(length))
            .and_then(|()| self.map_at(pages, 0, tail.as_deref_mut()))
            .map_err(|cause| self.undo_extend(cause, pages, length, tail.as_deref_mut()))
    }

    /// Makes the file `length` bytes long again after the error `cause`.
    pub(super) fn undo_extend(
        &self,
        cause: MemoryError,
        pages: &PageRange,
        length: usize,
        reserved_tail: Option<&mut Option<FileTail>>,
    ) -> Failed<MemoryError> {
        let left = (!self.shrink(pages, length, reserved_tail)).then(|| LeftLonger::than(length));
        Failed { cause, left }
    }

    /// Allocates disk space for holes in the file's first `length` bytes.
    fn fill_holes(&self, length: usize) -> Result<(), MemoryError> {
        file::fill_holes(&*self.file()?, file_offset(length)).map_err(failed)
    }

    /// Overwrites the `before` bytes that the file had with zeros, and then shortens it to `length` bytes.
    ///
    /// # Errors
    ///
    /// [`MemoryError::ClearFailed`] if bytes may be lost, or another error if none are.
    fn empty(&self, before: usize, length: usize) -> Result<(), MemoryError> {
        let file = self.file()?;
        let end = before.min(length);
        if before > length {
            file::check_shrinkable(&file).map_err(failed)?;
        }
        file::zero_up_to(&file, file_offset(end))
            .map_err(|(done, source)| MemoryError::ClearFailed { done, source })?;
        if before <= length {
            return Ok(());
        }
        file::set_length(&file, file_offset(length)).map_err(|source| MemoryError::ClearFailed {
            done: file_offset(end),
            source,
        })
    }

    /// Makes the file `length` bytes long if it is longer.
    fn shrink_to(&self, length: usize) -> Result<(), MemoryError> {
        file::shrink_to(&*self.file()?, file_offset(length)).map_err(failed)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::fs::File;
    use std::os::unix::fs::FileExt;

    use rustix::fs::{FlockOperation, fcntl_lock};

    use super::super::tests::{PAGE, byte, bytes, file as file_of, mapping};
    use super::*;
    use crate::memory::Sharing;
    use crate::memory::address_range::PageSize;
    use crate::sys::{Mapping, Writes};

    pub fn pages(count: u64) -> Pages {
        Pages::new(count).unwrap()
    }

    /// Opens the file anew, as another process does.
    pub fn opened(own: &File) -> Arc<BackingFile> {
        let file = BackingFile::new(file::reopen(own).unwrap(), Writes::ToFile);
        file.add_holder().unwrap();
        Arc::new(file)
    }

    /// Returns a file of `length` bytes, which are all 1, and a memory of it.
    fn memory_of(length: usize) -> (File, Arc<BackingFile>, LinearMemory) {
        let (own, _) = file_of(length, Writes::ToFile);
        let (backing, memory) = memory_over(&own);
        (own, backing, memory)
    }

    fn memory_over(own: &File) -> (Arc<BackingFile>, LinearMemory) {
        let backing = opened(own);
        let length = backing.length().unwrap();
        let memory = new_memory(file_offset(length.div_ceil(PAGE)));
        memory
            .with_pages(|pages| backing.begin(pages, Some(&memory), length, false))
            .unwrap();
        (backing, memory)
    }

    fn new_memory(size: u64) -> LinearMemory {
        LinearMemory::new(
            pages(size),
            Some(pages(100)),
            Sharing::Unshared,
            PageSize::Base,
        )
        .unwrap()
    }

    fn grow(
        backing: &Arc<BackingFile>,
        memory: &LinearMemory,
        delta: u64,
    ) -> Result<u64, Failed<MemoryError>> {
        let range = (pages(delta), pages(100));
        let (before, ()) = backing.grow(memory, range, |_| Ok(()), || Ok(()))?;
        Ok(before)
    }

    fn read(memory: &LinearMemory, at: usize) -> u8 {
        memory.with_pages(|pages| pages.read(at..at + 1)[0])
    }

    fn write(memory: &LinearMemory, at: usize, byte: u8) {
        memory.with_pages(|pages| pages.write_at(&[byte], at));
    }

    /// Returns a file of a page, and a mapping that stands for the engine memory that it backs. A module has
    /// added two pages to the memory, and has written a 7 to the last one.
    fn memory_with_added_pages() -> (File, Arc<BackingFile>, Mapping) {
        let (own, _) = file_of(PAGE, Writes::ToFile);
        let (backing, host) = (opened(&own), mapping());
        let memory = host.pages(bytes(PAGE)).unwrap();
        backing.begin(&memory, None, PAGE, false).unwrap();
        host.pages(bytes(3 * PAGE))
            .unwrap()
            .write_at(&[7], 2 * PAGE);
        (own, backing, host)
    }

    /// Returns whether no process holds the lock of the file's length.
    pub fn is_unlocked(own: &File) -> bool {
        fcntl_lock(own, FlockOperation::NonBlockingLockExclusive).is_ok()
            && fcntl_lock(own, FlockOperation::Unlock).is_ok()
    }

    #[test]
    fn memories_of_one_file_follow_each_other() {
        let (own, first, one) = memory_of(PAGE);
        let (second, other) = memory_over(&own);
        assert_eq!(grow(&first, &one, 2).unwrap(), 1);
        assert_eq!((one.size(), other.size()), (3, 1));
        write(&one, 3 * PAGE - 1, 7);
        assert_eq!(grow(&second, &other, 0).unwrap(), 3);
        assert_eq!(read(&other, 3 * PAGE - 1), 7);
        assert_eq!(grow(&second, &other, 1).unwrap(), 3);
        write(&other, 3 * PAGE, 8);
        assert_eq!(grow(&first, &one, 1).unwrap(), 4);
        assert_eq!((read(&one, 3 * PAGE), one.size()), (8, 5));
        assert_eq!(byte(&own, 3 * PAGE), 8);
        assert_eq!(first.length().unwrap(), 5 * PAGE);
        assert!(is_unlocked(&own));
    }

    #[test]
    fn every_page_is_added_by_one_growth() {
        let (own, ..) = memory_of(PAGE);
        let mut found: Vec<u64> = std::thread::scope(|scope| {
            let growers = [(); 3].map(|()| {
                scope.spawn(|| {
                    let (backing, memory) = memory_over(&own);
                    let grow = |_| grow(&backing, &memory, 1).unwrap();
                    (0..20).map(grow).collect::<Vec<_>>()
                })
            });
            growers
                .into_iter()
                .flat_map(|grower| grower.join().unwrap())
                .collect()
        });
        found.sort_unstable();
        assert_eq!(found, (1..61).collect::<Vec<_>>());
        assert_eq!(own.metadata().unwrap().len(), file_offset(61 * PAGE));
    }

    #[test]
    fn a_growth_beyond_the_limit_changes_nothing() {
        let (own, backing, memory) = memory_of(PAGE);
        let grow = |delta, limit| {
            let range = (pages(delta), pages(limit));
            backing.grow(&memory, range, |_| Ok(()), || Ok::<_, MemoryError>(()))
        };
        own.set_len(file_offset(2 * PAGE + 1)).unwrap();
        let refused = grow(0, 2).unwrap_err();
        assert!(matches!(
            refused.cause,
            MemoryError::FileOutgrown { pages: 3, limit: 2 }
        ));
        let refused = grow(2, 4).unwrap_err();
        assert!(matches!(
            refused.cause,
            MemoryError::MaximumExceeded {
                wanted: 5,
                maximum: 4
            }
        ));
        assert_eq!(memory.size(), 1);
        assert_eq!(own.metadata().unwrap().len(), file_offset(2 * PAGE + 1));
        assert!(is_unlocked(&own));
        // The file has three pages, the last one in part.
        assert_eq!(grow(1, 4).unwrap().0, 3);
        assert_eq!(own.metadata().unwrap().len(), file_offset(4 * PAGE));
    }

    #[test]
    fn a_growth_whose_buffer_is_not_detached_changes_nothing() {
        for length in [5000, PAGE] {
            let (own, backing, memory) = memory_of(length);
            let refuse = || Err(MemoryError::MovedOut);
            let failed = backing
                .grow(&memory, (pages(3), pages(100)), |_| Ok(()), refuse)
                .unwrap_err();
            assert!(failed.left.is_none());
            assert_eq!(own.metadata().unwrap().len(), file_offset(length));
            assert_eq!((memory.size(), read(&memory, 4999)), (1, 1));
            assert!(is_unlocked(&own));
            assert_eq!(grow(&backing, &memory, 3).unwrap(), 1);
            assert_eq!(read(&memory, 5 * PAGE / 2), 0);
        }
    }

    #[test]
    fn pages_move_out_with_their_file() {
        let (own, backing, memory) = memory_of(5000);
        write(&memory, 5000, 7);
        let host = mapping();
        let there = host.pages(bytes(PAGE)).unwrap();
        let failed = backing
            .move_out(&memory, &there, || {
                Err(MemoryError::CannotMove { capacity: 0 })
            })
            .unwrap_err();
        assert!(matches!(failed.cause, MemoryError::CannotMove { .. }));
        assert_eq!(own.metadata().unwrap().len(), 5000);
        assert_eq!(read(&memory, 5000), 7);
        backing
            .move_out(&memory, &there, || Ok::<_, MemoryError>(()))
            .unwrap();
        assert_eq!(own.metadata().unwrap().len(), file_offset(round_up(5000)));
        assert!(backing.is_at(&there) && is_unlocked(&own));
        there.write_at(&[8], 5001);
        assert_eq!((byte(&own, 5000), byte(&own, 5001)), (7, 8));
    }

    #[test]
    fn a_file_takes_in_pages_that_were_added_without_it() {
        let (own, backing, host) = memory_with_added_pages();
        let longer = host.pages(bytes(3 * PAGE)).unwrap();
        backing.reconcile(&longer, None).unwrap();
        assert_eq!(backing.length().unwrap(), 3 * PAGE);
        assert_eq!(byte(&own, 2 * PAGE), 7);
        assert!(backing.is_reconciled(&longer) && is_unlocked(&own));
    }

    #[test]
    fn a_file_is_begun_with_its_bytes_or_with_none() {
        for (length, empties, expected) in [
            (5000, false, (2 * PAGE, 1)),
            (3 * PAGE, true, (2 * PAGE, 0)),
        ] {
            let (own, _) = file_of(length, Writes::ToFile);
            let backing = opened(&own);
            let memory = new_memory(2);
            memory
                .with_pages(|pages| backing.begin(pages, Some(&memory), length, empties))
                .unwrap();
            assert_eq!((backing.length().unwrap(), read(&memory, 4999)), expected);
            write(&memory, 2 * PAGE - 1, 7);
            assert_eq!(byte(&own, 2 * PAGE - 1), 7);
        }
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
            backing.empty(2 * PAGE, PAGE),
            Err(MemoryError::FileFailed { .. })
        ));
        let mut bytes = [0; PAGE];
        file.read_exact_at(&mut bytes, 0).unwrap();
        assert_eq!(bytes, [1; PAGE]);
        backing.empty(2 * PAGE, 2 * PAGE).unwrap();
        file.read_exact_at(&mut bytes, PAGE as u64).unwrap();
        assert_eq!(bytes, [0; PAGE]);
    }

    /// The failures of system calls, one and two at a time.
    #[cfg(feature = "fault-injection")]
    mod with_failing_calls {
        use super::*;
        use crate::sys::fault;

        /// Runs `attempt` with each system call failing that it reaches, and with each two of them failing.
        /// `attempt` gets a function that runs an action with these failures. The action returns whether it has
        /// succeeded.
        fn with_failures(mut attempt: impl FnMut(&dyn Fn(&mut dyn FnMut() -> bool) -> bool)) {
            let reached = std::cell::Cell::new(0);
            let mut run = |failing: &[usize]| {
                attempt(&|action| {
                    fault::fail_at(failing);
                    let done = action();
                    reached.set(fault::calls_reached().len());
                    fault::fail_at(&[]);
                    done
                });
                reached.get()
            };
            let calls = run(&[]);
            assert!(calls > 3, "no calls");
            for first in 1.. {
                let calls = run(&[first]);
                if calls < first {
                    break;
                }
                for second in first + 1..=calls {
                    run(&[first, second]);
                }
            }
        }

        /// Expects the file as it was before a failed call: longer only if `left` says so, and unlocked.
        fn expect_unchanged(own: &File, length: usize, left: Option<LeftLonger>) {
            let now = usize::try_from(own.metadata().unwrap().len()).unwrap();
            assert_eq!(left.is_some(), now > length, "{left:?}: {now}");
            assert!(now >= length && is_unlocked(own));
            assert_eq!(byte(own, 0), 1);
        }

        #[test]
        fn a_growth_that_fails_changes_nothing() {
            for (length, delta, other) in [(PAGE, 2, 0), (5000, 2, 0), (5000, 0, 2), (5000, 1, 1)] {
                with_failures(|fail| {
                    let (own, backing, memory) = memory_of(length);
                    write(&memory, 4999, 9);
                    write(&memory, PAGE - 1, 8);
                    // Pages that another process adds.
                    let length = if other == 0 {
                        length
                    } else {
                        (1 + other) * PAGE
                    };
                    own.set_len(file_offset(length)).unwrap();
                    let mut left = None;
                    let done = fail(&mut || match grow(&backing, &memory, delta) {
                        Ok(before) => before == 1 + file_offset(other),
                        Err(failed) => {
                            left = failed.left;
                            false
                        }
                    });
                    if !done {
                        expect_unchanged(&own, length, left);
                        assert_eq!(memory.size(), 1);
                        assert_eq!((read(&memory, 4999), read(&memory, PAGE - 1)), (9, 8));
                        let now = own.metadata().unwrap().len();
                        let before = now.div_ceil(file_offset(PAGE));
                        assert_eq!(grow(&backing, &memory, delta).unwrap(), before);
                    }
                    let size = memory.size();
                    assert_eq!((read(&memory, 4999), read(&memory, PAGE - 1)), (9, 8));
                    assert_eq!(
                        memory
                            .with_pages(|pages| backing.check(pages, Some(&mut memory.tail())))
                            .unwrap(),
                        None
                    );
                    assert_eq!((byte(&own, 4999), byte(&own, PAGE - 1)), (9, 8));
                    let last = usize::try_from(size).unwrap() * PAGE - 1;
                    write(&memory, last, 6);
                    assert_eq!(byte(&own, last), 6);
                });
            }
        }

        #[test]
        fn pages_that_do_not_move_out_stay_with_their_file() {
            with_failures(|fail| {
                let (own, backing, memory) = memory_of(5000);
                write(&memory, 5000, 7);
                let host = mapping();
                let there = host.pages(bytes(PAGE)).unwrap();
                let mut left = None;
                let done = fail(&mut || match backing
                    .move_out(&memory, &there, || Ok::<_, MemoryError>(()))
                {
                    Ok(()) => true,
                    Err(failed) => {
                        left = failed.left;
                        false
                    }
                });
                if done {
                    assert_eq!(there.read(4999..5001), [1, 7]);
                } else {
                    expect_unchanged(&own, 5000, left);
                    assert_eq!((read(&memory, 4999), read(&memory, 5000)), (1, 7));
                    assert_eq!(grow(&backing, &memory, 1).unwrap(), 1);
                    assert_eq!(byte(&own, 5000), 7);
                }
            });
        }

        #[test]
        fn a_file_that_cannot_be_begun_is_as_it_was() {
            for (length, empties) in [(5000, false), (PAGE, false), (PAGE, true), (3 * PAGE, true)]
            {
                with_failures(|fail| {
                    let (own, _) = file_of(length, Writes::ToFile);
                    let backing = opened(&own);
                    let memory = new_memory(2);
                    let mut failed = None;
                    let done = fail(&mut || {
                        failed = memory
                            .with_pages(|pages| {
                                backing.begin(pages, Some(&memory), length, empties)
                            })
                            .err();
                        failed.is_none()
                    });
                    if done {
                        let length = if length > 2 * PAGE && !empties {
                            length
                        } else {
                            2 * PAGE
                        };
                        assert_eq!(own.metadata().unwrap().len(), file_offset(length));
                        return;
                    }
                    let failed = failed.unwrap();
                    assert!(memory.tail().is_none());
                    if !matches!(failed.cause, MemoryError::ClearFailed { .. }) {
                        expect_unchanged(&own, length, failed.left);
                        assert_eq!(byte(&own, length - 1), 1);
                    }
                });
            }
        }

        #[test]
        fn pages_that_cannot_be_taken_in_are_taken_in_later() {
            with_failures(|fail| {
                let (own, backing, host) = memory_with_added_pages();
                let longer = host.pages(bytes(3 * PAGE)).unwrap();
                let mut left = None;
                let done = fail(&mut || match backing.reconcile(&longer, None) {
                    Ok(()) => true,
                    Err(failed) => {
                        left = failed.left;
                        false
                    }
                });
                if !done {
                    assert!(is_unlocked(&own));
                    assert_eq!(longer.read(2 * PAGE..2 * PAGE + 1), [7]);
                    backing.reconcile(&longer, None).unwrap();
                }
                assert_eq!(byte(&own, 2 * PAGE), 7);
                assert_eq!(backing.length().unwrap(), 3 * PAGE);
            });
        }
    }
}
