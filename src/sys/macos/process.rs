//! What macOS says of this process's pages; and what it does to files.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::ptr;

use mach2::kern_return::{KERN_INVALID_ADDRESS, KERN_SUCCESS, kern_return_t};
use mach2::port::MACH_PORT_NULL;
use mach2::traps::mach_task_self;
use mach2::vm::mach_vm_region;
use mach2::vm_prot::VM_PROT_NONE;
use mach2::vm_region::{VM_REGION_BASIC_INFO_64, vm_region_basic_info_64};
use memmap2::MmapOptions;
use rustix::param::page_size;

use crate::sys::fault;
use crate::sys::mapping_info::Mapped;

/// How many bytes of `addresses` are in memory.
///
/// # Errors
///
/// What `mincore(2)` says.
pub fn resident_bytes(addresses: &Range<usize>) -> io::Result<usize> {
    const PAGES: usize = 4096;
    let page = page_size();
    let mut states = [0; PAGES];
    let mut bytes = 0_usize;
    for start in addresses.clone().step_by(PAGES * page) {
        let length = addresses.end.saturating_sub(start).min(PAGES * page);
        fault::check("mincore")?;
        // SAFETY: the kernel checks the addresses; there is room for a state of each page.
        let result =
            unsafe { libc::mincore(ptr::without_provenance(start), length, states.as_mut_ptr()) };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
        let resident = states.iter().take(length.div_ceil(page));
        let resident = resident.filter(|state| **state & IN_CORE != 0).count();
        bytes = bytes.saturating_add(resident.saturating_mul(page));
    }
    Ok(bytes)
}

/// `MINCORE_INCORE`.
const IN_CORE: libc::c_char = 1;

/// The mappings that have addresses in common with `addresses`, in order. Which are a file's, and shared,
/// the kernel does not tell for sure.
///
/// # Errors
///
/// What `mach_vm_region` says.
pub fn mappings_within(addresses: &Range<usize>) -> io::Result<Vec<Mapped>> {
    let mut within = Vec::new();
    let mut at = addresses.start;
    while at < addresses.end {
        let Some(mapped) = mapping_from(at)? else {
            break;
        };
        if mapped.addresses.start >= addresses.end {
            break;
        }
        at = mapped.addresses.end;
        within.push(mapped);
    }
    Ok(within)
}

/// The first mapping that ends beyond `address`.
fn mapping_from(address: usize) -> io::Result<Option<Mapped>> {
    let unknown = |_| io::Error::from(io::ErrorKind::InvalidInput);
    let mut start = u64::try_from(address).map_err(unknown)?;
    let mut length = 0;
    let mut info = MaybeUninit::<vm_region_basic_info_64>::zeroed();
    let mut count = vm_region_basic_info_64::count();
    let mut object = MACH_PORT_NULL;
    fault::check("mach_vm_region")?;
    // SAFETY: takes nothing.
    let task = unsafe { mach_task_self() };
    // SAFETY: with room for what this flavor answers, as `count` says.
    let result = unsafe {
        mach_vm_region(
            task,
            &raw mut start,
            &raw mut length,
            VM_REGION_BASIC_INFO_64,
            info.as_mut_ptr().cast(),
            &raw mut count,
            &raw mut object,
        )
    };
    match result {
        KERN_SUCCESS => {}
        KERN_INVALID_ADDRESS => return Ok(None), // nothing is mapped from there on
        code => return Err(refused("mach_vm_region", code)),
    }
    // SAFETY: all zeros is one, and the call above has filled it.
    let info = unsafe { info.assume_init() };
    let start = usize::try_from(start).map_err(unknown)?;
    let length = usize::try_from(length).map_err(unknown)?;
    Ok(Some(Mapped {
        addresses: start..start.saturating_add(length),
        is_accessible: info.protection != VM_PROT_NONE,
        is_file: None,
        is_shared: None,
    }))
}

/// What a call of Mach's said.
pub fn refused(call: &str, code: kern_return_t) -> io::Error {
    io::Error::other(format!("{call} returned {code}"))
}

/// Takes room on the disk for `added` bytes from `end` on, the file's end, which they move. Whether the
/// file system knows how.
///
/// # Errors
///
/// What `fcntl(2)` and `ftruncate(2)` say.
pub fn allocate(file: &File, end: u64, added: u64) -> io::Result<bool> {
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
    file.set_len(end.saturating_add(added)).map(|()| true)
}

/// Does nothing: there is no such call for holes.
///
/// # Errors
///
/// None.
pub fn fill_holes(_file: &File, _length: u64) -> io::Result<()> {
    Ok(())
}

/// Does nothing, and returns that: there is no such call.
///
/// # Errors
///
/// None.
pub fn zero_range(_file: &File, _end: u64) -> io::Result<bool> {
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
pub fn path_of(file: &File) -> io::Result<PathBuf> {
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
