//! The files that the dynamic loader has loaded.

use std::ffi::{CStr, CString, c_int, c_void};

/// Returns the paths of the loaded files, in the order in which they were loaded (`dl_iterate_phdr(3)`).
pub fn loaded_files() -> Vec<CString> {
    unsafe extern "C" fn visit(
        info: *mut libc::dl_phdr_info,
        _size: usize,
        files: *mut c_void,
    ) -> c_int {
        // SAFETY: the loader passes a valid description.
        let name = unsafe { (*info).dlpi_name };
        if name.is_null() {
            return 0;
        }
        // SAFETY: `loaded_files` passes a pointer to its vector, which nothing else uses during the iteration.
        let files = unsafe { &mut *files.cast::<Vec<CString>>() };
        // SAFETY: this is a C string as long as the file is loaded, and the loader's lock is held.
        files.push(unsafe { CStr::from_ptr(name) }.to_owned());
        0
    }
    let mut files: Vec<CString> = Vec::new();
    // SAFETY: `visit` has the type that the loader calls, and treats the last argument as the vector that it is.
    unsafe { libc::dl_iterate_phdr(Some(visit), (&raw mut files).cast()) };
    // The program itself has an empty name.
    files.retain(|file| !file.is_empty());
    files
}
