//! Runs code when the process exits.

use std::sync::Once;

/// Calls `action` once when the process exits, or when this library is unloaded (`atexit(3)`). Nothing is
/// called if a signal ends the process. Only the first call of this function registers its action.
pub fn at_exit(action: extern "C" fn()) {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        // If there is no room for the registration, the action is not called.
        // SAFETY: `action` is code of this library, and the C library calls it before it unloads the library.
        unsafe { libc::atexit(action) };
    });
}
