//! An addon that does nothing, to measure what loading any addon takes.

/// Node.js calls this when it loads the addon.
#[unsafe(no_mangle)]
pub extern "C" fn napi_register_module_v1(_env: *mut u8, exports: *mut u8) -> *mut u8 {
    exports
}
