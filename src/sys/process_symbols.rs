//! The functions that the running engine exports.

use std::ffi::CStr;

/// The function of that name in the program that this process runs.
///
/// # Safety
///
/// `T` must be the function type that `name` has in the engine.
pub unsafe fn symbol<T: Copy>(name: &CStr) -> Option<T> {
    let host = this_program()?;
    // SAFETY: the caller's word.
    let symbol = unsafe { host.get::<T>(name.to_bytes_with_nul()) };
    symbol.ok().map(|function| *function)
}

#[cfg(unix)]
fn this_program() -> Option<libloading::os::unix::Library> {
    Some(libloading::os::unix::Library::this())
}

#[cfg(windows)]
fn this_program() -> Option<libloading::os::windows::Library> {
    libloading::os::windows::Library::this().ok()
}
