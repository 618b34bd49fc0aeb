//! Operations on files, of snapshots: no file can be mapped as a memory.

use std::ffi::c_int;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::windows::fs::FileExt;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, RawHandle};
use std::path::Path;
use std::ptr;
use std::sync::Arc;

use windows_sys::Win32::Foundation::{ERROR_INVALID_HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::Storage::FileSystem::{LOCKFILE_EXCLUSIVE_LOCK, LockFileEx, UnlockFileEx};
use windows_sys::Win32::System::IO::OVERLAPPED;

use crate::sys::{Writes, fault, file_offset, process_symbols};

/// Duplicates a descriptor that JavaScript owns. Descriptors belong to the engine's C library, which
/// `uv_get_osfhandle` asks for the handle.
///
/// # Errors
///
/// Returns `ERROR_INVALID_HANDLE` if the number is not an open descriptor, or `Unsupported` if the engine
/// does not export that function.
pub fn duplicate(descriptor: i32) -> io::Result<File> {
    type GetHandle = unsafe extern "C" fn(descriptor: c_int) -> RawHandle;
    fault::check("DuplicateHandle")?;
    // SAFETY: libuv declares `uv_os_fd_t uv_get_osfhandle(int fd)`.
    let get: Option<GetHandle> = unsafe { process_symbols::symbol(c"uv_get_osfhandle") };
    let get = get.ok_or(io::ErrorKind::Unsupported)?;
    if descriptor < 0 {
        return Err(no_descriptor());
    }
    // SAFETY: the function accepts any number that is not negative.
    let handle = unsafe { get(descriptor) };
    if handle.is_null() || handle == INVALID_HANDLE_VALUE {
        return Err(no_descriptor());
    }
    // SAFETY: the handle is open as long as the descriptor is, which JavaScript keeps open during this
    // call.
    let borrowed = unsafe { BorrowedHandle::borrow_raw(handle) };
    Ok(borrowed.try_clone_to_owned()?.into())
}

fn no_descriptor() -> io::Error {
    io::Error::from_raw_os_error(i32::try_from(ERROR_INVALID_HANDLE).unwrap_or_default())
}

/// Checks nothing: no file can be mapped as a memory.
///
/// # Errors
///
/// None.
pub fn check_access(_file: &File, _writes: Writes) -> io::Result<()> {
    Ok(())
}

/// Checks nothing: no file can be mapped as a memory.
///
/// # Errors
///
/// None.
pub fn check_mappable(_file: &File, _writes: Writes) -> io::Result<()> {
    Ok(())
}

/// Opens nothing: no file can be mapped as a memory.
///
/// # Errors
///
/// Always `Unsupported`.
pub fn reopen(_file: &File) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Returns the length of the file in bytes.
///
/// # Errors
///
/// Returns the error from `GetFileInformationByHandle`.
pub fn length(file: &File) -> io::Result<u64> {
    fault::check("GetFileInformationByHandle")?;
    Ok(file.metadata()?.len())
}

/// Reads all of `bytes` at `offset`.
///
/// # Errors
///
/// Returns the error from `ReadFile`, or `UnexpectedEof`.
pub fn read(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    if read_some(file, bytes, offset)? < bytes.len() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

/// Checks that a new file can be renamed to `path`: there is a file, a link, or nothing.
///
/// # Errors
///
/// Returns `IsADirectory`, or the error from the system.
pub fn check_replaceable(path: &Path) -> io::Result<()> {
    fault::check("GetFileInformationByHandle")?;
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        result => result.map(drop),
    }
}

/// Creates a file where there is none. It inherits the access rights of the directory.
///
/// # Errors
///
/// Returns the error from `CreateFile`.
pub fn create(path: &Path) -> io::Result<File> {
    fault::check("CreateFile")?;
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Writes the file and its metadata to disk.
///
/// # Errors
///
/// Returns the error from `FlushFileBuffers`.
pub fn sync(file: &File) -> io::Result<()> {
    fault::check("FlushFileBuffers")?;
    file.sync_all()
}

/// Replaces the file at `to` by that at `from`.
///
/// # Errors
///
/// Returns the error from `MoveFileEx`; both files are then where they were.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fault::check("MoveFileEx")?;
    fs::rename(from, to)
}

/// Does nothing: directories cannot be flushed on Windows.
///
/// # Errors
///
/// None.
pub fn sync_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Returns `from`: the bytes there may be other than zeros, since the system is not asked.
pub fn next_data(_file: &File, from: u64) -> u64 {
    from
}

/// Reads bytes at `offset` until `bytes` is full or the file ends. Returns how many it has read.
///
/// # Errors
///
/// Returns the error from `ReadFile`.
pub fn read_some(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < bytes.len() {
        let rest = bytes.get_mut(done..).unwrap_or_default();
        fault::check("ReadFile")?;
        match file.seek_read(rest, offset + file_offset(done))? {
            0 => break,
            count => done += count,
        }
    }
    Ok(done)
}

/// Writes all of `bytes` at `offset`.
///
/// # Errors
///
/// Returns the error from `WriteFile`, or `WriteZero`.
pub fn write(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    let mut done = 0;
    while done < bytes.len() {
        let rest = bytes.get(done..).unwrap_or_default();
        fault::check("WriteFile")?;
        match file.seek_write(rest, offset + file_offset(done))? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            count => done += count,
        }
    }
    Ok(())
}

/// Makes the file `length` bytes long if it is shorter. The system allocates disk space for all of them,
/// unless the file is sparse.
///
/// # Errors
///
/// Returns the error from `SetFileInformationByHandle`; the file is then as long as it was.
pub fn extend(file: &File, length: u64) -> io::Result<()> {
    if self::length(file)? < length {
        set_length(file, length)?;
    }
    Ok(())
}

/// Makes the file `length` bytes long.
///
/// # Errors
///
/// Returns the error from `SetFileInformationByHandle`.
pub fn set_length(file: &File, length: u64) -> io::Result<()> {
    fault::check("SetFileInformationByHandle")?;
    file.set_len(length)
}

/// Does nothing: files have no holes, unless they are sparse.
///
/// # Errors
///
/// None.
pub fn fill_holes(_file: &File, _length: u64) -> io::Result<()> {
    Ok(())
}

/// Checks nothing: files cannot be sealed on Windows.
///
/// # Errors
///
/// None.
pub fn check_shrinkable(_file: &File) -> io::Result<()> {
    Ok(())
}

/// Zeroes nothing: no file can be mapped as a memory.
///
/// # Errors
///
/// Always `Unsupported`.
pub fn zero_up_to(_file: &File, _end: u64) -> Result<(), (u64, io::Error)> {
    Err((0, io::ErrorKind::Unsupported.into()))
}

/// Makes the file `length` bytes long if it is longer.
///
/// # Errors
///
/// Returns the error from `SetFileInformationByHandle`.
pub fn shrink_to(file: &File, length: u64) -> io::Result<()> {
    if file.metadata()?.len() > length {
        file.set_len(length)?;
    }
    Ok(())
}

/// Writes the file to disk, as far as the disk itself reports the truth.
///
/// # Errors
///
/// Returns the error from `FlushFileBuffers`.
pub fn flush(file: &File) -> io::Result<()> {
    fault::check("FlushFileBuffers")?;
    file.sync_data()
}

/// A lock that lets processes change a file's length in turn, held until it is dropped. It locks a byte
/// that no file has, so it does not conflict with a program's own locks (`LockFileEx`).
#[derive(Debug)]
pub struct LengthLock(Arc<File>);

impl LengthLock {
    /// Acquires the lock: waits until no other process holds it.
    ///
    /// # Errors
    ///
    /// Returns the error from `LockFileEx`.
    pub fn acquire(file: &Arc<File>) -> io::Result<Self> {
        fault::check("LockFileEx")?;
        let handle = file.as_raw_handle();
        let mut place = last_byte();
        // SAFETY: the file is open, and `place` lives until the call returns, which is when it has the lock.
        let locked =
            unsafe { LockFileEx(handle, LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, &raw mut place) };
        if locked == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self(Arc::clone(file)))
    }
}

impl Drop for LengthLock {
    fn drop(&mut self) {
        let mut place = last_byte();
        // If this fails, closing the file releases the lock.
        // SAFETY: the file is open, and `place` lives until the call returns.
        unsafe { UnlockFileEx(self.0.as_raw_handle(), 0, 1, 0, &raw mut place) };
    }
}

/// Returns the place of the byte that is locked.
fn last_byte() -> OVERLAPPED {
    let mut place = OVERLAPPED {
        hEvent: ptr::null_mut(),
        ..Default::default()
    };
    place.Anonymous.Anonymous.Offset = u32::MAX - 1;
    place.Anonymous.Anonymous.OffsetHigh = u32::MAX >> 1;
    place
}
