//! What is done to a file: a snapshot's, since none can be a memory.

use std::ffi::c_int;
use std::fs::File;
use std::io;
use std::os::windows::fs::FileExt;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, RawHandle};
use std::ptr;
use std::sync::Arc;

use windows_sys::Win32::Foundation::{ERROR_INVALID_HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::Storage::FileSystem::{LOCKFILE_EXCLUSIVE_LOCK, LockFileEx, UnlockFileEx};
use windows_sys::Win32::System::IO::OVERLAPPED;

use crate::sys::{fault, host};

/// The file of a descriptor that JavaScript has, by a handle of our own. Descriptors are the engine's C
/// library's, which has to be asked.
///
/// # Errors
///
/// `ERROR_INVALID_HANDLE` where the number is none, or `Unsupported` where the engine does not tell.
pub fn duplicate(descriptor: i32) -> io::Result<File> {
    type GetHandle = unsafe extern "C" fn(descriptor: c_int) -> RawHandle;
    fault::check("DuplicateHandle")?;
    // SAFETY: `uv_os_fd_t uv_get_osfhandle(int fd)`, of libuv.
    let get: Option<GetHandle> = unsafe { host::symbol(c"uv_get_osfhandle") };
    let get = get.ok_or(io::ErrorKind::Unsupported)?;
    if descriptor < 0 {
        return Err(no_descriptor());
    }
    // SAFETY: says what it knows of any number.
    let handle = unsafe { get(descriptor) };
    if handle.is_null() || handle == INVALID_HANDLE_VALUE {
        return Err(no_descriptor());
    }
    // SAFETY: open as long as the descriptor is, which JavaScript keeps during this call.
    let borrowed = unsafe { BorrowedHandle::borrow_raw(handle) };
    Ok(borrowed.try_clone_to_owned()?.into())
}

fn no_descriptor() -> io::Error {
    io::Error::from_raw_os_error(i32::try_from(ERROR_INVALID_HANDLE).unwrap_or_default())
}

/// How many bytes the file has.
///
/// # Errors
///
/// What the system says.
pub fn length(file: &File) -> io::Result<u64> {
    fault::check("GetFileInformationByHandle")?;
    Ok(file.metadata()?.len())
}

/// Reads all of `bytes` at `offset`.
///
/// # Errors
///
/// What `ReadFile` says, or `UnexpectedEof`.
pub fn read(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    let mut done = 0;
    while done < bytes.len() {
        let at = u64::try_from(done).unwrap_or(u64::MAX);
        let rest = bytes.get_mut(done..).unwrap_or_default();
        fault::check("ReadFile")?;
        match file.seek_read(rest, offset.saturating_add(at))? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => done = done.saturating_add(count),
        }
    }
    Ok(())
}

/// Reads bytes at `offset` until `bytes` is full or the file ends. Returns how many.
///
/// # Errors
///
/// The error from `ReadFile`.
pub fn read_some(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < bytes.len() {
        let at = u64::try_from(done).unwrap_or(u64::MAX);
        let rest = bytes.get_mut(done..).unwrap_or_default();
        fault::check("ReadFile")?;
        match file.seek_read(rest, offset.saturating_add(at))? {
            0 => break,
            count => done = done.saturating_add(count),
        }
    }
    Ok(done)
}

/// Writes all of `bytes` at `offset`.
///
/// # Errors
///
/// The error from `WriteFile`, or `WriteZero`.
pub fn write(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    let mut done = 0;
    while done < bytes.len() {
        let at = u64::try_from(done).unwrap_or(u64::MAX);
        let rest = bytes.get(done..).unwrap_or_default();
        fault::check("WriteFile")?;
        match file.seek_write(rest, offset.saturating_add(at))? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            count => done = done.saturating_add(count),
        }
    }
    Ok(())
}

/// Makes the file `length` bytes long, where it is not yet. The system takes room on the disk for all of
/// them, unless the file is a sparse one.
///
/// # Errors
///
/// What the system says; the file is then as long as it was.
pub fn extend(file: &File, length: u64) -> io::Result<()> {
    if self::length(file)? < length {
        truncate(file, length)?;
    }
    Ok(())
}

/// Makes the file `length` bytes long.
///
/// # Errors
///
/// What the system says.
pub fn truncate(file: &File, length: u64) -> io::Result<()> {
    fault::check("SetFileInformationByHandle")?;
    file.set_len(length)
}

/// What was written is on the disk when this returns: as far as the disk itself says so.
///
/// # Errors
///
/// What `FlushFileBuffers` says.
pub fn flush(file: &File) -> io::Result<()> {
    fault::check("FlushFileBuffers")?;
    file.sync_data()
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
    /// What `LockFileEx` says.
    pub fn of(file: &Arc<File>) -> io::Result<Self> {
        fault::check("LockFileEx")?;
        let handle = file.as_raw_handle();
        let mut place = last_byte();
        // SAFETY: the file is open, and `place` there until the call returns, which waits.
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
        // Where it fails, the lock goes with the file.
        // SAFETY: as in `of`.
        unsafe { UnlockFileEx(self.0.as_raw_handle(), 0, 1, 0, &raw mut place) };
    }
}

/// Where the lock is.
fn last_byte() -> OVERLAPPED {
    let mut place = OVERLAPPED {
        hEvent: ptr::null_mut(),
        ..Default::default()
    };
    place.Anonymous.Anonymous.Offset = u32::MAX - 1;
    place.Anonymous.Anonymous.OffsetHigh = u32::MAX >> 1;
    place
}
