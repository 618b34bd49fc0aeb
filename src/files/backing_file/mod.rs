//! A file that backs a memory.
//!
//! - This file: the open file, and the lock under which its length changes.
//! - [`mapped`]: which bytes of the memory are pages of the file.
//! - [`growth`]: how the file and a reserved memory grow together, and move apart.
//! - [`engine_growth`]: how the file grows with a memory that only the engine can grow.

pub mod engine_growth;
pub mod growth;
mod mapped;

use std::fs::File;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::error::MemoryError;
use crate::sys::file::{self, LengthLock};
use crate::sys::{HostBytes, PageRange, Writes};
pub use mapped::Loss;
use mapped::Mapped;

/// A file that backs a memory, and which of the memory's pages are mapped to it.
#[derive(Debug)]
pub struct BackingFile {
    open: Mutex<Open>,
    writes: Writes,
    /// The address of the memory's first byte; 0 until the file is first mapped.
    base: AtomicUsize,
    mapped: Mutex<Mapped>,
    /// Whether a thread of this process holds the lock of the file's length.
    is_locked: Mutex<bool>,
    unlocked: Condvar,
}

/// The open file, as long as a memory uses it.
#[derive(Debug)]
struct Open {
    file: Option<Arc<File>>,
    holders: usize,
}

impl BackingFile {
    /// Wraps a file that has no memory yet, and no holder.
    pub fn new(file: File, writes: Writes) -> Self {
        Self {
            open: Mutex::new(Open {
                file: Some(Arc::new(file)),
                holders: 0,
            }),
            writes,
            base: AtomicUsize::new(0),
            mapped: Mutex::default(),
            is_locked: Mutex::default(),
            unlocked: Condvar::new(),
        }
    }

    /// Returns whether writes to the memory go to the file.
    pub fn is_written(&self) -> bool {
        self.writes == Writes::ToFile
    }

    /// Returns whether the file was last mapped at the addresses of `memory`.
    pub fn is_at(&self, memory: &PageRange) -> bool {
        self.base.load(Ordering::Relaxed) == memory.addresses().start().get()
    }

    /// Records that the file is mapped at the addresses of `memory` now.
    fn rebase(&self, memory: &PageRange) {
        self.base
            .store(memory.addresses().start().get(), Ordering::Relaxed);
    }

    /// Adds a holder. The file stays open until the last one is removed.
    ///
    /// # Errors
    ///
    /// [`MemoryError::FileClosed`] if the last holder was removed.
    pub fn add_holder(&self) -> Result<(), MemoryError> {
        let mut open = self.open();
        if open.file.is_none() {
            return Err(MemoryError::FileClosed);
        }
        open.holders += 1;
        Ok(())
    }

    /// Removes a holder. After the last one, the file is closed as soon as all calls that use it have returned.
    pub fn remove_holder(&self) {
        let mut open = self.open();
        debug_assert_ne!(open.holders, 0, "each holder is removed once");
        // Saturates: a removal too many leaves the file closed.
        open.holders = open.holders.saturating_sub(1);
        if open.holders == 0 {
            open.file = None;
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        // Nothing panics while it holds the lock.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self) -> Result<Arc<File>, MemoryError> {
        self.open().file.clone().ok_or(MemoryError::FileClosed)
    }

    /// Returns how many bytes the file has.
    ///
    /// # Errors
    ///
    /// The error of a system call, [`MemoryError::FileClosed`], or [`MemoryError::FileTooLong`].
    pub fn length(&self) -> Result<usize, MemoryError> {
        let length = file::length(&*self.file()?).map_err(failed)?;
        usize::try_from(length).map_err(|_| MemoryError::FileTooLong { length })
    }

    /// Acquires the lock of the file's length. Until it is dropped, no memory in another thread or process
    /// changes the length.
    ///
    /// # Errors
    ///
    /// The error of a system call, or [`MemoryError::FileClosed`].
    fn lock(self: &Arc<Self>) -> Result<Locked, MemoryError> {
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

    /// Writes modified pages of the file to disk before it returns.
    ///
    /// # Errors
    ///
    /// The error of a system call, or [`MemoryError::FileClosed`].
    pub fn flush(&self) -> Result<(), MemoryError> {
        self.flushing()?.flush()
    }

    /// Returns a flush that can run on another thread, even if the file is closed by then.
    ///
    /// # Errors
    ///
    /// [`MemoryError::FileClosed`].
    pub fn flushing(&self) -> Result<Flushing, MemoryError> {
        Ok(Flushing(self.file()?))
    }
}

/// A flush of a file, which it keeps open.
#[derive(Debug)]
pub struct Flushing(Arc<File>);

impl Flushing {
    /// Writes modified pages of the file to disk before it returns.
    ///
    /// # Errors
    ///
    /// The error of a system call.
    pub fn flush(&self) -> Result<(), MemoryError> {
        file::flush(&self.0).map_err(failed)
    }
}

/// The lock of a file's length, held until it is dropped. Fields are dropped in their order: the lock between
/// processes first.
#[derive(Debug)]
struct Locked {
    _between_processes: Option<LengthLock>,
    _in_process: InProcess,
}

/// The part of [`Locked`] that excludes other threads. The lock between processes does not: it belongs to the
/// open file, which all threads share.
#[derive(Debug)]
struct InProcess(Arc<BackingFile>);

impl Drop for InProcess {
    fn drop(&mut self) {
        let is_locked = &self.0.is_locked;
        *is_locked.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.0.unlocked.notify_one();
    }
}

/// Rounds down to whole system pages.
fn round_down(length: usize) -> usize {
    length - length % HostBytes::page().get()
}

/// Rounds up to whole system pages. A length that cannot be rounded, since it is at the end of the address
/// space, stays as it is.
fn round_up(length: usize) -> usize {
    HostBytes::round_up(length).map_or(length, HostBytes::get)
}

fn failed(source: std::io::Error) -> MemoryError {
    MemoryError::FileFailed { source }
}

#[cfg(test)]
pub mod tests {
    use std::os::unix::fs::FileExt;

    use super::*;
    use crate::sys::{Mapping, file_offset};

    pub const PAGE: usize = 65_536;

    pub fn bytes(count: usize) -> HostBytes {
        HostBytes::round_up(count).unwrap()
    }

    pub fn mapping() -> Mapping {
        Mapping::reserve(bytes(4 * PAGE), bytes(4 * PAGE)).unwrap()
    }

    /// Returns a file of `length` bytes, which are all 1: once for the test to read and write, and once as a
    /// backing file.
    pub fn file(length: usize, writes: Writes) -> (File, BackingFile) {
        use std::os::fd::{AsFd, AsRawFd};
        let image = crate::sys::ImageFile::create(0).unwrap();
        let own = file::duplicate(image.as_fd().as_raw_fd()).unwrap();
        own.write_all_at(&vec![1; length], 0).unwrap();
        let other = own.try_clone().unwrap();
        let backing = BackingFile::new(other, writes);
        backing.add_holder().unwrap();
        (own, backing)
    }

    pub fn byte(file: &File, at: usize) -> u8 {
        let mut byte = [0];
        file.read_exact_at(&mut byte, file_offset(at)).unwrap();
        byte[0]
    }

    #[test]
    fn the_last_holder_closes_the_file() {
        let (_, backing) = file(1, Writes::ToFile);
        backing.add_holder().unwrap();
        backing.remove_holder();
        let flushing = backing.flushing().unwrap();
        backing.remove_holder();
        assert!(matches!(backing.length(), Err(MemoryError::FileClosed)));
        assert!(matches!(backing.add_holder(), Err(MemoryError::FileClosed)));
        let backing = Arc::new(backing);
        assert!(matches!(
            backing.lock().err(),
            Some(MemoryError::FileClosed)
        ));
        flushing.flush().unwrap();
    }

    #[test]
    fn one_thread_at_a_time_holds_the_lock() {
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
}
