//! What is done to a file: a snapshot's, since none can be a memory.

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
    let get: Option<GetHandle> = unsafe { process_symbols::symbol(c"uv_get_osfhandle") };
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

/// Checks nothing: none can be a memory.
///
/// # Errors
///
/// None.
pub fn check_access(_file: &File, _writes: Writes) -> io::Result<()> {
    Ok(())
}

/// Checks nothing: none can be a memory.
///
/// # Errors
///
/// None.
pub fn check_mappable(_file: &File, _writes: Writes) -> io::Result<()> {
    Ok(())
}

/// Opens nothing: none can be a memory.
///
/// # Errors
///
/// `Unsupported`.
pub fn reopen(_file: &File) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
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
        let rest = bytes.get_mut(done..).unwrap_or_default();
        fault::check("ReadFile")?;
        match file.seek_read(rest, offset + file_offset(done))? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => done += count,
        }
    }
    Ok(())
}

/// Whether another file can take the place of what is at `path`: a file, a link, or nothing.
///
/// # Errors
///
/// `IsADirectory`, or what the system says.
pub fn check_replaceable(path: &Path) -> io::Result<()> {
    fault::check("GetFileInformationByHandle")?;
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        result => result.map(drop),
    }
}

/// Makes a file where there is none. The folder says whose it is.
///
/// # Errors
///
/// What `CreateFile` says.
pub fn create(path: &Path) -> io::Result<File> {
    fault::check("CreateFile")?;
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// What was written to the file is on the disk when this returns.
///
/// # Errors
///
/// What `FlushFileBuffers` says.
pub fn sync(file: &File) -> io::Result<()> {
    fault::check("FlushFileBuffers")?;
    file.sync_all()
}

/// Puts a file in the place of another.
///
/// # Errors
///
/// What the system says; both are then where they were.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fault::check("MoveFileEx")?;
    fs::rename(from, to)
}

/// Nothing: folders cannot be synced here.
///
/// # Errors
///
/// None.
pub fn sync_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Where the next bytes are, from `from` on, that may be others than zeros: there, since the system is
/// not asked.
pub fn next_data(_file: &File, from: u64) -> u64 {
    from
}

/// Reads bytes at `offset` until `bytes` is full or the file ends. Returns how many.
///
/// # Errors
///
/// The error from `ReadFile`.
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
/// The error from `WriteFile`, or `WriteZero`.
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

/// Makes the file `length` bytes long, where it is not yet. The system takes room on the disk for all of
/// them, unless the file is a sparse one.
///
/// # Errors
///
/// What the system says; the file is then as long as it was.
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
/// What the system says.
pub fn set_length(file: &File, length: u64) -> io::Result<()> {
    fault::check("SetFileInformationByHandle")?;
    file.set_len(length)
}

/// Takes room on the disk for holes, which a file that is no sparse one has none of.
///
/// # Errors
///
/// None.
pub fn fill_holes(_file: &File, _length: u64) -> io::Result<()> {
    Ok(())
}

/// Checks nothing: there are no seals.
///
/// # Errors
///
/// None.
pub fn check_shrinkable(_file: &File) -> io::Result<()> {
    Ok(())
}

/// Makes zeros of nothing: no file can be a memory.
///
/// # Errors
///
/// `Unsupported`.
pub fn zero_up_to(_file: &File, _end: u64) -> Result<(), (u64, io::Error)> {
    Err((0, io::ErrorKind::Unsupported.into()))
}

/// Cuts off what the file has beyond `length` bytes.
///
/// # Errors
///
/// What the system says.
pub fn shrink_to(file: &File, length: u64) -> io::Result<()> {
    if file.metadata()?.len() > length {
        file.set_len(length)?;
    }
    Ok(())
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
    pub fn acquire(file: &Arc<File>) -> io::Result<Self> {
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
