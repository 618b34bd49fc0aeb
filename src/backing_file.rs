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
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::error::MemoryError;
use crate::pages;
use crate::sys::file::{self, LengthLock};
use crate::sys::{PageRange, Writes};
use crate::units::HostBytes;

/// The file.
#[derive(Debug)]
pub struct BackingFile {
    file: File,
    writes: Writes,
    /// The first address of the memory, where that is known.
    base: AtomicUsize,
    /// Bytes of the memory, from the first, that are pages of the file.
    covered: Mutex<usize>,
    is_locked: Mutex<bool>,
    unlocked: Condvar,
}

impl BackingFile {
    /// A file that no memory is yet.
    pub fn new(file: File, writes: Writes) -> Self {
        Self {
            file,
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

    /// How many bytes it has.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn length(&self) -> Result<usize, MemoryError> {
        let length = file::length(&self.file).map_err(failed)?;
        usize::try_from(length).map_err(|_| MemoryError::FileTooLong { length })
    }

    /// While this is held, no other thread or process changes the file's length by a memory of it.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn lock(&self) -> Result<Locked<'_>, MemoryError> {
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
        let in_process = InProcess(self);
        let between_processes = match self.writes {
            Writes::Private => None,
            Writes::ToFile => Some(LengthLock::of(&self.file).map_err(failed)?),
        };
        Ok(Locked {
            _between_processes: between_processes,
            _in_process: in_process,
        })
    }

    /// Puts the file's pages under those of the memory that are not yet, as far as both reach.
    ///
    /// # Errors
    ///
    /// What the system says; what was covered stays so.
    pub fn cover(&self, memory: &PageRange) -> Result<(), MemoryError> {
        self.base.store(memory.addresses().start, Ordering::Relaxed);
        let length = self.length()?;
        let mut covered = self.covered();
        let end = HostBytes::round_up(length).unwrap_or(memory.length());
        let end = end.min(memory.length()).get();
        if *covered < end {
            let part = pages::part(memory, *covered..end)?;
            pages::cover(&part, &self.file, position(*covered), self.writes)?;
            *covered = end;
        }
        if self.writes == Writes::Private || self.length()? >= length {
            return Ok(());
        }
        Err(MemoryError::Truncated)
    }

    /// Makes the file `length` bytes long, with room on the disk for all of them, and with the
    /// memory's bytes from its former end on.
    ///
    /// # Errors
    ///
    /// What the system says; the file is then as long as it was, and the memory's bytes are.
    pub fn extend(&self, memory: &PageRange, length: usize) -> Result<(), MemoryError> {
        let before = self.length()?;
        let covered = *self.covered();
        // In the last page that is the file's, what is beyond its end may be lost when it grows.
        let rest = memory.read(before..covered.max(before));
        file::extend(&self.file, position(length)).map_err(failed)?;
        let taken_in = self.take_in(memory, &rest, before, covered);
        taken_in.inspect_err(|_| {
            // Where that fails too, the file is longer than it was, by zeros.
            let _ = file::truncate(&self.file, position(before));
            memory.write_at(&rest, before);
        })
    }

    fn take_in(
        &self,
        memory: &PageRange,
        rest: &[u8],
        end: usize,
        covered: usize,
    ) -> Result<(), MemoryError> {
        memory.write_at(rest, end);
        let beyond = pages::part(memory, covered..memory.length().get())?;
        pages::write_runs(&beyond, &self.file, position(covered))
    }

    /// Takes back what [`BackingFile::extend`] did, for a memory that did not grow after all.
    pub fn shrink(&self, memory: &PageRange, length: usize) {
        let covered = *self.covered();
        let rest = memory.read(length..covered.max(length));
        // Where that fails, the file is longer than it was.
        let _ = file::truncate(&self.file, position(length));
        memory.write_at(&rest, length);
    }

    /// What was written to the file is on the disk when this returns.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn flush(&self) -> Result<(), MemoryError> {
        file::flush(&self.file).map_err(failed)
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
        pages::cover(&part, &self.file, position(start), self.writes)
    }

    fn covered(&self) -> MutexGuard<'_, usize> {
        // Nothing panics under the lock.
        self.covered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See [`BackingFile::lock`]. Fields in the order in which they are to be dropped.
#[derive(Debug)]
pub struct Locked<'a> {
    _between_processes: Option<LengthLock<'a>>,
    _in_process: InProcess<'a>,
}

#[derive(Debug)]
struct InProcess<'a>(&'a BackingFile);

impl Drop for InProcess<'_> {
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
