//! The files that the dynamic loader has loaded.

use std::ffi::{CStr, CString};

use mach2::dyld::{_dyld_get_image_name, _dyld_image_count};

/// Returns the paths of the loaded files, in the order in which they were loaded (`dyld(3)`).
pub fn loaded_files() -> Vec<CString> {
    // SAFETY: the call takes no arguments.
    let count = unsafe { _dyld_image_count() };
    (0..count)
        .filter_map(|index| {
            // SAFETY: the call returns null if there are fewer files by now.
            let name = unsafe { _dyld_get_image_name(index) };
            // SAFETY: this is a C string as long as the file is loaded.
            (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) }.to_owned())
        })
        .collect()
}
