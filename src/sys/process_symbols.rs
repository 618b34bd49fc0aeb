//! Functions that the running program exports, for example those of Node-API.

use std::ffi::CStr;

/// Looks up the function `name` in the program that this process runs.
///
/// # Safety
///
/// `T` must be the type of that function.
pub unsafe fn symbol<T: Copy>(name: &CStr) -> Option<T> {
    let program = this_program()?;
    // SAFETY: the caller guarantees that `T` is the type of the function.
    let symbol = unsafe { program.get::<T>(name.to_bytes_with_nul()) };
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
