//! Operations on files, of memories and snapshots.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::ptr;
use std::sync::Arc;

use rustix::fs::{OFlags, SeekFrom, fcntl_getfl};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use super::platform;
use crate::sys::{SigxfszBlock, Writes, fault, file_offset};

/// Duplicates a descriptor that JavaScript owns (`F_DUPFD_CLOEXEC`).
///
/// # Errors
///
/// Returns the error from `fcntl(2)`: `EBADF` if the number is not an open descriptor.
pub fn duplicate(descriptor: i32) -> io::Result<File> {
    fault::check("fcntl")?;
    if descriptor < 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: the number is not negative, and is only used in this call, which refuses it if it is not
    // open.
    let borrowed = unsafe { BorrowedFd::borrow_raw(descriptor) };
    Ok(borrowed.try_clone_to_owned()?.into())
}

/// Checks that the descriptor is open for reading, and for writing if writes go to the file. Opening the
/// file again could give more access than that.
///
/// # Errors
///
/// Returns `EACCES`, as `mmap(2)` would, or the error from `fcntl(2)`.
pub fn check_access(file: &File, writes: Writes) -> io::Result<()> {
    fault::check("fcntl")?;
    let access = fcntl_getfl(file)? & OFlags::RWMODE;
    if access == OFlags::RDWR || (access == OFlags::RDONLY && writes == Writes::Private) {
        Ok(())
    } else {
        Err(io::Error::from_raw_os_error(libc::EACCES))
    }
}

/// Checks that the file's pages can be mapped. Those of `/proc` and `/sys` cannot, although `fstat(2)`
/// reports regular files. Those of an empty file can.
///
/// # Errors
///
/// Returns `ENODEV`, or another error from `mmap(2)`.
pub fn check_mappable(file: &File, writes: Writes) -> io::Result<()> {
    let (protection, kind) = match writes {
        Writes::ToFile => (ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED),
        Writes::Private => (ProtFlags::READ, MapFlags::PRIVATE),
    };
    fault::check("mmap")?;
    // SAFETY: without an address, the kernel chooses one where nothing is mapped.
    let start = unsafe { mmap(ptr::null_mut(), 1, protection, kind, file, 0) }?;
    // SAFETY: this is the mapping made above, which nothing has accessed.
    unsafe { munmap(start, 1) }?;
    Ok(())
}

/// Opens the file of a descriptor again, for reading and writing. Flags such as `O_APPEND`, and locks,
/// belong to an open file description, which duplicated and inherited descriptors share.
///
/// # Errors
///
/// Returns the error from `open(2)`, or `ESTALE` if the path leads to another file by now.
pub fn reopen(file: &File) -> io::Result<File> {
    fault::check("open")?;
    let reopened = File::options()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(platform::path_of(file)?)?;
    fault::check("fstat")?;
    let (before, after) = (file.metadata()?, reopened.metadata()?);
    if (before.dev(), before.ino()) == (after.dev(), after.ino()) {
        Ok(reopened)
    } else {
        Err(io::Error::from_raw_os_error(libc::ESTALE))
    }
}

/// Returns the length of the file in bytes.
///
/// # Errors
///
/// Returns the error from `fstat(2)`.
pub fn length(file: &File) -> io::Result<u64> {
    fault::check("fstat")?;
    Ok(file.metadata()?.len())
}

/// Reads all of `bytes` at `offset`.
///
/// # Errors
///
/// Returns the error from `pread(2)`, or `UnexpectedEof`.
pub fn read(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    fault::check("pread")?;
    file.read_exact_at(bytes, offset)
}

/// Checks that a new file can be renamed to `path`: there is a file, a link, or nothing. A pipe or a device is
/// not replaced, since other programs know it by that name.
///
/// # Errors
///
/// Returns `EISDIR`, `ENODEV`, or the error from `lstat(2)`.
pub fn check_replaceable(path: &Path) -> io::Result<()> {
    fault::check("lstat")?;
    let kind = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        result => result?.file_type(),
    };
    if kind.is_dir() {
        Err(rustix::io::Errno::ISDIR.into())
    } else if kind.is_file() || kind.is_symlink() {
        Ok(())
    } else {
        Err(rustix::io::Errno::NODEV.into())
    }
}

/// Creates a file that only its owner can access, where there is none.
///
/// # Errors
///
/// Returns the error from `open(2)`.
pub fn create(path: &Path) -> io::Result<File> {
    fault::check("open")?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(path)
}

/// Writes the file and its metadata to disk (`fsync(2)`).
///
/// # Errors
///
/// Returns the error from `fsync(2)`.
pub fn sync(file: &File) -> io::Result<()> {
    fault::check("fsync")?;
    file.sync_all()
}

/// Replaces the file at `to` by that at `from` (`rename(2)`).
///
/// # Errors
///
/// Returns the error from `rename(2)`; both files are then where they were.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fault::check("rename")?;
    fs::rename(from, to)
}

/// Writes the names in a directory to disk (`fsync(2)`). Does nothing if the directory cannot be read, or if its
/// file system does not support that.
///
/// # Errors
///
/// Returns the error from `fsync(2)`.
pub fn sync_directory(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(libc::O_DIRECTORY);
    // A directory that can be written to need not be readable.
    let Ok(folder) = fault::check("open").and_then(|()| options.open(path)) else {
        return Ok(());
    };
    match sync(&folder) {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => Ok(()),
        result => result,
    }
}

/// Returns the offset at or above `from` of the next bytes that may be other than zeros (`SEEK_DATA`):
/// `from` itself if the system does not report it, and `u64::MAX` if there are none. This moves the
/// position of the file.
pub fn next_data(file: &File, from: u64) -> u64 {
    if fault::check("lseek").is_err() {
        return from;
    }
    match rustix::fs::seek(file, SeekFrom::Data(from)) {
        Ok(at) => at,
        Err(rustix::io::Errno::NXIO) => u64::MAX,
        Err(_) => from,
    }
}

/// Reads bytes at `offset` until `bytes` is full or the file ends. Returns how many it has read.
///
/// # Errors
///
/// Returns the error from `pread(2)`.
pub fn read_some(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < bytes.len() {
        let rest = bytes.get_mut(done..).unwrap_or_default();
        fault::check("pread")?;
        match file.read_at(rest, offset + file_offset(done)) {
            Ok(0) => break,
            Ok(count) => done += count,
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
/// Returns the error from `pwrite(2)`.
pub fn write(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    fault::check("pwrite")?;
    file.write_all_at(bytes, offset)
}

/// Makes the file `length` bytes long if it is shorter, and allocates disk blocks for the new bytes.
///
/// # Errors
///
/// Returns the error from `fallocate(2)` or `pwrite(2)`; the file is then as long as it was.
pub fn extend(file: &File, length: u64) -> io::Result<()> {
    let before = self::length(file)?;
    let Some(added) = length.checked_sub(before).filter(|added| *added != 0) else {
        return Ok(());
    };
    let _blocked = SigxfszBlock::new();
    let allocated = match platform::allocate(file, before, added) {
        Ok(false) => write_zeros(file, before, length),
        result => result.map(drop),
    };
    // After an error, some of the bytes may be allocated or written.
    allocated.inspect_err(|_| drop(file.set_len(before)))
}

/// Allocates disk blocks by writing zeros, for file systems that have no other way.
fn write_zeros(file: &File, from: u64, to: u64) -> io::Result<()> {
    static ZEROS: [u8; 1 << 16] = [0; 1 << 16];
    let mut at = from;
    while at < to {
        let count = usize::try_from(to - at)
            .unwrap_or(usize::MAX)
            .min(ZEROS.len());
        fault::check("pwrite")?;
        file.write_all_at(ZEROS.get(..count).unwrap_or(&ZEROS), at)?;
        at += file_offset(count);
    }
    Ok(())
}

/// Allocates disk blocks for holes in the first `length` bytes, if the file system supports that.
///
/// # Errors
///
/// Returns the error from `fallocate(2)`. The file's bytes are as they were.
pub fn fill_holes(file: &File, length: u64) -> io::Result<()> {
    if length == 0 {
        return Ok(());
    }
    platform::allocate_holes(file, length)
}

/// Zeroes the first `end` bytes.
///
/// # Errors
///
/// Returns the error from `pwrite(2)`, and how many bytes, from the first on, may be zero by then.
pub fn zero_up_to(file: &File, end: u64) -> Result<(), (u64, io::Error)> {
    if end == 0 {
        return Ok(());
    }
    let unknown = match platform::zero_range(file, end) {
        Ok(true) => return Ok(()),
        Ok(false) => 0,
        // Some of the bytes are zero by now, and the system does not report which.
        Err(_) => end,
    };
    let mut at: u64 = 0;
    while at < end {
        let next = (at + (1 << 16)).min(end);
        write_zeros(file, at, next).map_err(|error| (unknown.max(next), error))?;
        at = next;
    }
    Ok(())
}

/// Makes the file `length` bytes long if it is longer. This undoes a failed call, so fault injection does
/// not count its calls.
///
/// # Errors
///
/// Returns the error from `ftruncate(2)`.
pub fn shrink_to(file: &File, length: u64) -> io::Result<()> {
    if file.metadata()?.len() > length {
        file.set_len(length)?;
    }
    Ok(())
}

/// Makes the file `length` bytes long.
///
/// # Errors
///
/// Returns the error from `ftruncate(2)`.
pub fn set_length(file: &File, length: u64) -> io::Result<()> {
    fault::check("ftruncate")?;
    let _blocked = SigxfszBlock::new();
    file.set_len(length)
}

/// A lock that lets processes change a file's length in turn, held until it is dropped. It locks a byte
/// that no file has, so it does not conflict with a program's own locks (`F_OFD_SETLKW`).
#[derive(Debug)]
pub struct LengthLock(Arc<File>);

impl LengthLock {
    /// Acquires the lock: waits until no other process holds it.
    ///
    /// # Errors
    ///
    /// Returns the error from `fcntl(2)`.
    pub fn acquire(file: &Arc<File>) -> io::Result<Self> {
        loop {
            fault::check("fcntl")?;
            match set_lock(file, libc::F_OFD_SETLKW, libc::F_WRLCK) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The descriptor is not open for writing, which `mmap(2)` reports as EACCES.
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
        // If this fails, closing the file releases the lock.
        let _ = set_lock(&self.0, libc::F_OFD_SETLK, libc::F_UNLCK);
    }
}

fn set_lock(file: &File, command: i32, kind: impl TryInto<i16>) -> io::Result<()> {
    // SAFETY: a struct of numbers, for which all zeros are a valid value.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = kind.try_into().unwrap_or_default();
    lock.l_whence = i16::try_from(libc::SEEK_SET).unwrap_or_default();
    lock.l_start = i64::MAX - 1;
    lock.l_len = 1;
    // SAFETY: both commands only read a `flock`, which `lock` is.
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
    fn duplicate_refuses_numbers_that_are_not_descriptors() {
        for number in [-1, i32::MIN, 1 << 20] {
            let error = duplicate(number).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EBADF));
        }
    }

    #[test]
    fn extended_files_keep_their_bytes_and_grow_with_zeros() {
        let file = file();
        file.write_all_at(b"abc", 0).unwrap();
        extend(&file, 100).unwrap();
        assert_eq!(length(&file).unwrap(), 100);
        extend(&file, 50).unwrap();
        assert_eq!(length(&file).unwrap(), 100);
        set_length(&file, 2).unwrap();
        write_zeros(&file, 2, 1 << 17).unwrap();
        assert_eq!(length(&file).unwrap(), 1 << 17);
        let mut bytes = [9; 4];
        file.read_exact_at(&mut bytes, 0).unwrap();
        assert_eq!(&bytes, b"ab\0\0");
        set_length(&file, 1 << 20).unwrap();
        assert_eq!(next_data(&file, 0), 0);
        assert_eq!(next_data(&file, 1 << 19), u64::MAX);
    }

    #[test]
    fn reopen_gives_a_lock_and_flags_of_their_own() {
        let path = std::env::temp_dir().join(format!("linear-memory-{}", std::process::id()));
        std::fs::write(&path, "abc").unwrap();
        let file = File::options().read(true).append(true).open(&path).unwrap();
        let reopened = reopen(&file).unwrap();
        std::fs::remove_file(&path).unwrap();
        reopened.write_all_at(b"x", 1).unwrap();
        let mut bytes = [0; 3];
        file.read_exact_at(&mut bytes, 0).unwrap();
        assert_eq!(&bytes, b"axc");
        let _held = LengthLock::acquire(&Arc::new(file.try_clone().unwrap())).unwrap();
        assert!(set_lock(&file, libc::F_OFD_SETLK, libc::F_WRLCK).is_ok());
        let refused = set_lock(&reopened, libc::F_OFD_SETLK, libc::F_WRLCK).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn check_access_allows_only_what_the_descriptor_is_open_for() {
        let open = |options: &mut std::fs::OpenOptions| options.open("/dev/null").unwrap();
        let codes = |file: &File| {
            [Writes::Private, Writes::ToFile].map(|writes| {
                let refused = check_access(file, writes).err();
                refused.and_then(|error| error.raw_os_error())
            })
        };
        let both = open(File::options().read(true).write(true));
        assert_eq!(codes(&both), [None, None]);
        let reading = open(File::options().read(true));
        assert_eq!(codes(&reading), [None, Some(libc::EACCES)]);
        let writing = open(File::options().write(true));
        assert_eq!(codes(&writing), [Some(libc::EACCES); 2]);
    }

    #[test]
    fn fill_holes_keeps_bytes_and_zero_up_to_zeroes_them() {
        let file = file();
        let content = [7; 3 << 16];
        file.write_all_at(&content, 0).unwrap();
        fill_holes(&file, 0).unwrap();
        fill_holes(&file, 1 << 17).unwrap();
        zero_up_to(&file, 0).unwrap();
        let mut bytes = content;
        file.read_exact_at(&mut bytes, 0).unwrap();
        assert_eq!(bytes, content);
        zero_up_to(&file, (1 << 17) + 5).unwrap();
        file.read_exact_at(&mut bytes, 0).unwrap();
        assert!(bytes.iter().take((1 << 17) + 5).all(|byte| *byte == 0));
        assert!(bytes.iter().skip((1 << 17) + 5).all(|byte| *byte == 7));
        shrink_to(&file, 4 << 16).unwrap();
        assert_eq!(length(&file).unwrap(), 3 << 16);
        shrink_to(&file, 9).unwrap();
        assert_eq!(length(&file).unwrap(), 9);
    }
}
