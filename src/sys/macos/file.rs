//! What is done to files: all that `unix/file.rs` has, and what macOS does in its own way.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use memmap2::MmapOptions;

use crate::sys::fault;
pub use crate::sys::unix::file::*;

/// Takes room on the disk for `added` bytes from `end` on, the file's end, which they move. Whether the
/// file system knows how.
///
/// # Errors
///
/// What `fcntl(2)` and `ftruncate(2)` say.
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
        // SAFETY: the command takes such a struct, to read and to write.
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
    // What was allocated lies beyond the end, which does not move by itself.
    file.set_len(end + added).map(|()| true)
}

/// Does nothing: there is no such call for holes.
///
/// # Errors
///
/// None.
pub(in crate::sys) fn allocate_holes(_file: &File, _length: u64) -> io::Result<()> {
    Ok(())
}

/// Does nothing, and returns that: there is no such call.
///
/// # Errors
///
/// None.
pub(in crate::sys) fn zero_range(_file: &File, _end: u64) -> io::Result<bool> {
    Ok(false)
}

/// Checks nothing: there are no seals.
///
/// # Errors
///
/// None.
pub fn check_shrinkable(_file: &File) -> io::Result<()> {
    Ok(())
}

/// Returns a path by which an open file can be opened again: the one that it was opened by.
///
/// # Errors
///
/// The error from `fcntl(F_GETPATH)`.
pub(in crate::sys) fn path_of(file: &File) -> io::Result<PathBuf> {
    fault::check("fcntl")?;
    let path = rustix::fs::getpath(file)?;
    Ok(OsString::from_vec(path.into_bytes()).into())
}

/// What was written is on the disk when this returns: as far as the disk itself says so. What was written
/// to mapped pages is given to the file first, by a mapping made for that: they are the same pages.
///
/// # Errors
///
/// What `mmap(2)`, `msync(2)` and `fcntl(F_FULLFSYNC)` say.
pub fn flush(file: &File) -> io::Result<()> {
    fault::check("mmap")?;
    if file.metadata()?.len() != 0 {
        let mapped = MmapOptions::new().map_raw_read_only(file)?;
        fault::check("msync")?;
        mapped.flush()?;
    }
    fault::check("fcntl")?;
    file.sync_data() // with F_FULLFSYNC, here
}
