//! What is done to a file that is a memory.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

pub use super::of_unix::flush;

use super::of_unix;
use crate::sys::fault;

/// The file of a descriptor that JavaScript has, by a descriptor of our own.
///
/// # Errors
///
/// What `fcntl(2)` says, `EBADF` where the number is none.
pub fn duplicate(descriptor: i32) -> io::Result<File> {
    fault::check("fcntl")?;
    if descriptor < 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: not negative; used in this call only, which refuses a number that is not open.
    let borrowed = unsafe { BorrowedFd::borrow_raw(descriptor) };
    Ok(borrowed.try_clone_to_owned()?.into())
}

/// How many bytes the file has.
///
/// # Errors
///
/// What `fstat(2)` says.
pub fn length(file: &File) -> io::Result<u64> {
    fault::check("fstat")?;
    Ok(file.metadata()?.len())
}

/// Reads all of `bytes` at `offset`.
///
/// # Errors
///
/// What `pread(2)` says, or `UnexpectedEof`.
pub fn read(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    fault::check("pread")?;
    file.read_exact_at(bytes, offset)
}

/// Reads bytes at `offset` until `bytes` is full or the file ends. Returns how many.
///
/// # Errors
///
/// The error from `pread(2)`.
pub fn read_some(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < bytes.len() {
        let at = u64::try_from(done).unwrap_or(u64::MAX);
        let rest = bytes.get_mut(done..).unwrap_or_default();
        fault::check("pread")?;
        match file.read_at(rest, offset.saturating_add(at)) {
            Ok(0) => break,
            Ok(count) => done = done.saturating_add(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// Writes all of `bytes` at `offset`.
///
/// # Errors
///
/// The error from `pwrite(2)`.
pub fn write(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    fault::check("pwrite")?;
    file.write_all_at(bytes, offset)
}

/// Makes the file `length` bytes long, with room on the disk for those that are new.
///
/// # Errors
///
/// What `fallocate(2)` says; the file is then as long as it was.
pub fn extend(file: &File, length: u64) -> io::Result<()> {
    let before = self::length(file)?;
    let Some(added) = length.checked_sub(before).filter(|added| *added != 0) else {
        return Ok(());
    };
    let allocated = match of_unix::allocate(file, before, added) {
        Ok(false) => write_zeros(file, before, length),
        result => result.map(drop),
    };
    // A part of it may be allocated, or written, by then.
    allocated.inspect_err(|_| drop(file.set_len(before)))
}

/// Takes room on the disk where the file system knows no other way.
fn write_zeros(file: &File, from: u64, to: u64) -> io::Result<()> {
    static ZEROS: [u8; 1 << 16] = [0; 1 << 16];
    let mut at = from;
    while at < to {
        let count = usize::try_from(to - at)
            .unwrap_or(usize::MAX)
            .min(ZEROS.len());
        fault::check("pwrite")?;
        file.write_all_at(ZEROS.get(..count).unwrap_or(&ZEROS), at)?;
        at = at.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
    }
    Ok(())
}

/// Makes the file `length` bytes long.
///
/// # Errors
///
/// What `ftruncate(2)` says.
pub fn truncate(file: &File, length: u64) -> io::Result<()> {
    fault::check("ftruncate")?;
    file.set_len(length)
}

/// The lock by which processes take turns at a file's length, until it is dropped. It is on a byte that
/// no file has, so that a program's own locks are not in its way.
#[derive(Debug)]
pub struct LengthLock(Arc<File>);

impl LengthLock {
    /// Waits until no other process has it.
    ///
    /// # Errors
    ///
    /// What `fcntl(2)` says.
    pub fn of(file: &Arc<File>) -> io::Result<Self> {
        loop {
            fault::check("fcntl")?;
            match set_lock(file, libc::F_OFD_SETLKW, libc::F_WRLCK) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The descriptor is open, but not for writing: mmap(2) reports that by EACCES.
                Err(error) if error.raw_os_error() == Some(libc::EBADF) => {
                    return Err(io::Error::from_raw_os_error(libc::EACCES));
                }
                result => return result.map(|()| Self(Arc::clone(file))),
            }
        }
    }
}

impl Drop for LengthLock {
    fn drop(&mut self) {
        // Where it fails, the lock goes with the file.
        let _ = set_lock(&self.0, libc::F_OFD_SETLK, libc::F_UNLCK);
    }
}

fn set_lock(file: &File, command: i32, kind: impl TryInto<i16>) -> io::Result<()> {
    // SAFETY: a struct of numbers.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = kind.try_into().unwrap_or_default();
    lock.l_whence = i16::try_from(libc::SEEK_SET).unwrap_or_default();
    lock.l_start = i64::MAX - 1;
    lock.l_len = 1;
    // SAFETY: both commands take a lock to read.
    let result = unsafe { libc::fcntl(file.as_fd().as_raw_fd(), command, &raw const lock) };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::ImageFile;

    fn file() -> File {
        let image = ImageFile::create(0).unwrap();
        duplicate(image.as_fd().as_raw_fd()).unwrap()
    }

    #[test]
    fn what_is_no_descriptor_is_refused() {
        for number in [-1, i32::MIN, 1 << 20] {
            let error = duplicate(number).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EBADF));
        }
    }

    #[test]
    fn files_grow_with_zeros_and_keep_what_they_have() {
        let file = file();
        file.write_all_at(b"abc", 0).unwrap();
        extend(&file, 100).unwrap();
        assert_eq!(length(&file).unwrap(), 100);
        extend(&file, 50).unwrap();
        assert_eq!(length(&file).unwrap(), 100);
        truncate(&file, 2).unwrap();
        write_zeros(&file, 2, 1 << 17).unwrap();
        assert_eq!(length(&file).unwrap(), 1 << 17);
        let mut bytes = [9; 4];
        file.read_exact_at(&mut bytes, 0).unwrap();
        assert_eq!(&bytes, b"ab\0\0");
    }
}
