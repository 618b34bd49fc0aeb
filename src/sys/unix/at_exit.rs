//! What is to be done when the process ends by itself.

use std::sync::Once;

/// Calls `action` once when the process exits, or unloads this library. Nothing is called if a signal
/// ends the process. Of several calls of this, the first counts.
pub fn at_exit(action: extern "C" fn()) {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        // SAFETY: the action stays loaded until it is called: the C library calls it before it unloads
        // this library. If there is no room for it, nothing else is lost.
        unsafe { libc::atexit(action) };
    });
}
