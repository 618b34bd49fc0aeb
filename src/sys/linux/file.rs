//! What is done to files: all that `unix/file.rs` has, and what Linux does in its own way.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use rustix::fs::{FallocateFlags, SealFlags, fcntl_get_seals};
use rustix::io::{Errno, retry_on_intr};

use crate::sys::fault;
pub use crate::sys::unix::file::*;

/// Takes room on the disk for `added` bytes from `end` on, the file's end, which they move. Returns
/// whether the file system and the kernel can.
///
/// # Errors
///
/// The error from `fallocate(2)`.
pub(in crate::sys) fn allocate(file: &File, end: u64, added: u64) -> io::Result<bool> {
    let allocated = retry_on_intr(|| {
        if let Err(error) = fault::check("fallocate") {
            return Err(Errno::from_io_error(&error).unwrap_or(Errno::NOMEM));
        }
        rustix::fs::fallocate(file, FallocateFlags::empty(), end, added)
    });
    match allocated {
        // ENOSYS: no such system call. EINVAL: the offset and the length are valid, so it is the file
        // system that does not support them.
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => Ok(false),
        result => Ok(result.map(|()| true)?),
    }
}

/// Takes room on the disk for holes in the first `length` bytes. Does nothing if the file system has no
/// such call.
///
/// # Errors
///
/// The error from `fallocate(2)`.
pub(in crate::sys) fn allocate_holes(file: &File, length: u64) -> io::Result<()> {
    allocate_with(FallocateFlags::KEEP_SIZE, file, length).map(drop)
}

/// Makes zeros of the first `end` bytes, without writing them. Returns whether the file system can.
///
/// # Errors
///
/// The error from `fallocate(2)`. Some of the bytes may be zero then.
pub(in crate::sys) fn zero_range(file: &File, end: u64) -> io::Result<bool> {
    let flags = FallocateFlags::ZERO_RANGE | FallocateFlags::KEEP_SIZE;
    allocate_with(flags, file, end)
}

fn allocate_with(flags: FallocateFlags, file: &File, length: u64) -> io::Result<bool> {
    fault::check("fallocate")?;
    match retry_on_intr(|| rustix::fs::fallocate(file, flags, 0, length)) {
        // ENOSYS: no such system call. EINVAL: a flag that the kernel does not know.
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => Ok(false),
        result => Ok(result.map(|()| true)?),
    }
}

/// Checks that the file can be made shorter: a memfd may be sealed against that.
///
/// # Errors
///
/// `EPERM`, as `ftruncate(2)` would return it.
pub fn check_shrinkable(file: &File) -> io::Result<()> {
    match fcntl_get_seals(file) {
        Ok(seals) if seals.contains(SealFlags::SHRINK) => Err(Errno::PERM.into()),
        // Files that cannot be sealed have no seals.
        _ => Ok(()),
    }
}

/// Returns a path by which an open file can be opened again, if it has a name or not.
///
/// # Errors
///
/// None here.
pub(in crate::sys) fn path_of(file: &File) -> io::Result<String> {
    Ok(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// What was written is on the disk when this returns: as far as the disk itself says so.
///
/// # Errors
///
/// What `fdatasync(2)` says.
pub fn flush(file: &File) -> io::Result<()> {
    fault::check("fdatasync")?;
    file.sync_data()
}
