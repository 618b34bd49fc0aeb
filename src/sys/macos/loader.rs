//! What the dynamic loader has loaded.

use std::ffi::{CStr, CString};

use mach2::dyld::{_dyld_get_image_name, _dyld_image_count};

/// The files, in the order in which they were loaded.
pub fn loaded_files() -> Vec<CString> {
    // SAFETY: takes nothing.
    let count = unsafe { _dyld_image_count() };
    (0..count)
        .filter_map(|index| {
            // SAFETY: null if there are fewer by now.
            let name = unsafe { _dyld_get_image_name(index) };
            // SAFETY: a C string, as long as the file is loaded.
            (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) }.to_owned())
        })
        .collect()
}
