//! Finds other copies of this addon in the process: two versions of the package in one dependency tree, for
//! example. State that belongs to the whole process (what is mapped at an address, how many mappings are in
//! use, who handles SIGBUS) would exist twice. So all threads use the copy that was loaded first.

use std::ffi::{CStr, OsStr};
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::ptr;

use libloading::os::unix::{Library, RTLD_LAZY};

use super::platform;
use crate::sys::addon_copies::FirstCopy;

/// The mark of a copy, which others look up: see [`crate::sys::addon_copies::INTERFACE`].
#[unsafe(no_mangle)]
static LINEAR_MEMORY_INTERFACE: u32 = crate::sys::addon_copies::INTERFACE;

const NAME: &CStr = c"LINEAR_MEMORY_INTERFACE";

/// Returns the copy that was loaded first, unless it is this one.
pub fn first() -> Option<FirstCopy> {
    // The loader lists files in the order in which it loaded them.
    let (path, interface) = platform::loaded_files()
        .iter()
        .find_map(|file| Some((path_of(file), interface_of(file)?)))?;
    if ptr::eq(interface, &raw const LINEAR_MEMORY_INTERFACE) {
        return None;
    }
    // SAFETY: a number in a copy of this addon, which is never unloaded: napi-rs pins it.
    let interface = unsafe { interface.read() };
    Some(FirstCopy { path, interface })
}

fn path_of(file: &CStr) -> PathBuf {
    Path::new(OsStr::from_bytes(file.to_bytes())).to_owned()
}

/// Returns the address of the mark in a loaded file, if that is a copy of this addon.
fn interface_of(file: &CStr) -> Option<*const u32> {
    // SAFETY: RTLD_NOLOAD loads nothing, so no code of the file runs.
    let library =
        unsafe { Library::open(Some(path_of(file)), RTLD_LAZY | libc::RTLD_NOLOAD) }.ok()?;
    // SAFETY: each copy defines the mark with this type.
    let interface = unsafe { library.get::<*const u32>(NAME.to_bytes_with_nul()) }.ok()?;
    // A file that links against a copy would find the mark of that copy.
    is_defined_in(*interface, file).then_some(*interface)
}

/// Returns whether `symbol` is defined in the file itself, and not in one that it links against
/// (`dladdr(3)`).
fn is_defined_in(symbol: *const u32, file: &CStr) -> bool {
    let mut info = MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: the call only looks the address up, and `info` has room for the result.
    if unsafe { libc::dladdr(symbol.cast(), info.as_mut_ptr()) } == 0 {
        return false;
    }
    // SAFETY: all zeros are a valid value, and the call above has filled it.
    let name = unsafe { info.assume_init() }.dli_fname;
    // SAFETY: the name is not null, and a C string as long as the file is loaded.
    !name.is_null() && unsafe { CStr::from_ptr(name) } == file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_without_copies_finds_none() {
        assert!(!platform::loaded_files().is_empty());
        assert!(first().is_none());
    }
}
