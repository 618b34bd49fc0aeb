//! Operations on files: those of `unix/file.rs`, and those that Linux has in a form of its own.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use rustix::fs::{FallocateFlags, SealFlags, fcntl_get_seals};
use rustix::io::{Errno, retry_on_intr};

use crate::sys::fault;
pub use crate::sys::unix::file::*;

/// Allocates disk blocks for `added` bytes from `end`, the end of the file, on, and so makes the file
/// longer. Returns whether the file system and the kernel support that.
///
/// # Errors
///
/// Returns the error from `fallocate(2)`.
pub(in crate::sys) fn allocate(file: &File, end: u64, added: u64) -> io::Result<bool> {
    let allocated = retry_on_intr(|| {
        if let Err(error) = fault::check("fallocate") {
            return Err(Errno::from_io_error(&error).unwrap_or(Errno::NOMEM));
        }
        rustix::fs::fallocate(file, FallocateFlags::empty(), end, added)
    });
    match allocated {
        // ENOSYS: the kernel has no such system call. EINVAL: offset and length are valid, so it is the
        // file system that does not support the call.
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => Ok(false),
        result => Ok(result.map(|()| true)?),
    }
}

/// Allocates disk blocks for holes in the first `length` bytes. Does nothing if the file system does not
/// support that.
///
/// # Errors
///
/// Returns the error from `fallocate(2)`.
pub(in crate::sys) fn allocate_holes(file: &File, length: u64) -> io::Result<()> {
    allocate_with(FallocateFlags::KEEP_SIZE, file, length).map(drop)
}

/// Zeroes the first `end` bytes without writing them (`FALLOC_FL_ZERO_RANGE`). Returns whether the file
/// system supports that.
///
/// # Errors
///
/// Returns the error from `fallocate(2)`. Some of the bytes may be zero then.
pub(in crate::sys) fn zero_range(file: &File, end: u64) -> io::Result<bool> {
    let flags = FallocateFlags::ZERO_RANGE | FallocateFlags::KEEP_SIZE;
    allocate_with(flags, file, end)
}

fn allocate_with(flags: FallocateFlags, file: &File, length: u64) -> io::Result<bool> {
    fault::check("fallocate")?;
    match retry_on_intr(|| rustix::fs::fallocate(file, flags, 0, length)) {
        // ENOSYS: the kernel has no such system call. EINVAL: it does not know the flag.
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => Ok(false),
        result => Ok(result.map(|()| true)?),
    }
}

/// Checks that the file can be made shorter: a memfd may be sealed against that (`F_SEAL_SHRINK`).
///
/// # Errors
///
/// Returns `EPERM`, as `ftruncate(2)` would.
pub fn check_shrinkable(file: &File) -> io::Result<()> {
    match fcntl_get_seals(file) {
        Ok(seals) if seals.contains(SealFlags::SHRINK) => Err(Errno::PERM.into()),
        // Files that cannot be sealed have no seals.
        _ => Ok(()),
    }
}

/// Returns a path by which an open file can be opened again, even if the file has no name.
///
/// # Errors
///
/// None.
pub(in crate::sys) fn path_of(file: &File) -> io::Result<String> {
    Ok(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// Writes modified pages of the file to disk (`fdatasync(2)`), as far as the disk itself reports the truth.
///
/// # Errors
///
/// Returns the error from `fdatasync(2)`.
pub fn flush(file: &File) -> io::Result<()> {
    fault::check("fdatasync")?;
    file.sync_data()
}
