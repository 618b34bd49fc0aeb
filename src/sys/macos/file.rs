//! Operations on files: those of `unix/file.rs`, and those that macOS has in a form of its own.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use memmap2::MmapOptions;

use crate::sys::fault;
pub use crate::sys::unix::file::*;

/// Allocates disk blocks for `added` bytes from `end`, the end of the file, on, and makes the file longer
/// (`F_PREALLOCATE`, `ftruncate(2)`). Returns whether the file system supports that.
///
/// # Errors
///
/// Returns the error from `fcntl(2)` or `ftruncate(2)`.
pub(in crate::sys) fn allocate(file: &File, end: u64, added: u64) -> io::Result<bool> {
    let too_long = |_| io::Error::from(io::ErrorKind::FileTooLarge);
    let mut store = libc::fstore_t {
        fst_flags: libc::F_ALLOCATEALL,
        fst_posmode: libc::F_PEOFPOSMODE,
        fst_offset: 0,
        fst_length: libc::off_t::try_from(added).map_err(too_long)?,
        fst_bytesalloc: 0,
    };
    let allocated = fault::check("fallocate").and_then(|()| {
        // SAFETY: the command reads and writes such a struct.
        let result = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_PREALLOCATE, &raw mut store) };
        if result == -1 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    });
    if let Err(error) = allocated {
        return match error.raw_os_error() {
            Some(libc::ENOTSUP | libc::EOPNOTSUPP | libc::ENOSYS | libc::EINVAL) => Ok(false),
            _ => Err(error),
        };
    }
    // The blocks lie beyond the end of the file, which does not move by itself.
    file.set_len(end + added).map(|()| true)
}

/// Does nothing: macOS has no call that allocates blocks for holes.
///
/// # Errors
///
/// None.
pub(in crate::sys) fn allocate_holes(_file: &File, _length: u64) -> io::Result<()> {
    Ok(())
}

/// Returns false: macOS has no call that zeroes a range.
///
/// # Errors
///
/// None.
pub(in crate::sys) fn zero_range(_file: &File, _end: u64) -> io::Result<bool> {
    Ok(false)
}

/// Checks nothing: files cannot be sealed on macOS.
///
/// # Errors
///
/// None.
pub fn check_shrinkable(_file: &File) -> io::Result<()> {
    Ok(())
}

/// Returns a path by which an open file can be opened again: the one by which it was opened (`F_GETPATH`).
///
/// # Errors
///
/// Returns the error from `fcntl(2)`.
pub(in crate::sys) fn path_of(file: &File) -> io::Result<PathBuf> {
    fault::check("fcntl")?;
    let path = rustix::fs::getpath(file)?;
    Ok(OsString::from_vec(path.into_bytes()).into())
}

/// Writes modified pages of the file to disk (`F_FULLFSYNC`), as far as the disk itself reports the truth.
/// Before that, `msync(2)` on a mapping of the whole file passes bytes that were written to mapped pages on
/// to the file: all mappings share these pages.
///
/// # Errors
///
/// Returns the error from `mmap(2)`, `msync(2)` or `fcntl(2)`.
pub fn flush(file: &File) -> io::Result<()> {
    fault::check("mmap")?;
    if file.metadata()?.len() != 0 {
        let mapped = MmapOptions::new().map_raw_read_only(file)?;
        fault::check("msync")?;
        mapped.flush()?;
    }
    fault::check("fcntl")?;
    file.sync_data() // std calls `fcntl(F_FULLFSYNC)` on macOS
}
