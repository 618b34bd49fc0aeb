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
            covered: Mutex::default(),
            is_locked: Mutex::default(),
            unlocked: Condvar::new(),
        }
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
    pub fn lock(&self) -> Result<Locked<'_>, MemoryError> {
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
        let in_process = InProcess(self);
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
        let length = self.length()?;
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
        let before = self.length()?;
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
pub struct Locked<'a> {
    _between_processes: Option<LengthLock>,
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
