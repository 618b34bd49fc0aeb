//! What macOS says with SIGBUS. All of this is called in its handler.

use std::ffi::c_int;

use crate::sys::Address;

/// Codes from here on are of signals that somebody sent (`SI_USER` and what follows it).
const FIRST_SENT: c_int = 0x10001;

/// Where this thread's `errno` is.
pub fn errno_location() -> *mut c_int {
    // SAFETY: takes nothing.
    unsafe { libc::__error() }
}

/// Whether a mapped file may have lost the page. The codes of faults differ between processors, and tell
/// less than on Linux: what decides is that the address is watched.
pub fn is_of_lost_page(info: &libc::siginfo_t) -> bool {
    !was_sent(info)
}

/// Whether somebody sent the signal.
pub fn was_sent(info: &libc::siginfo_t) -> bool {
    info.si_code >= FIRST_SENT
}

/// Whether reading there would raise the signal. Nobody tells: each page faults by itself.
pub fn is_lost(_address: Address, _page: usize) -> bool {
    false
}
