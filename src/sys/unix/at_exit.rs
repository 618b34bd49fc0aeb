//! Runs code when the process exits.

use std::sync::Once;

/// Calls `action` once when the process exits, or when this library is unloaded (`atexit(3)`). Nothing is
/// called if a signal ends the process. Of several calls of this function, only the first counts.
pub fn at_exit(action: extern "C" fn()) {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        // SAFETY: the action stays loaded until it is called: the C library calls it before it unloads this
        // library. If there is no room for the registration, nothing else is lost.
        unsafe { libc::atexit(action) };
    });
}
