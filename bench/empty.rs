//! An addon that does nothing: what loading any addon takes.

/// What Node calls when it loads the addon.
#[unsafe(no_mangle)]
pub extern "C" fn napi_register_module_v1(_env: *mut u8, exports: *mut u8) -> *mut u8 {
    exports
}
