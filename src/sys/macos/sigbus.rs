//! What macOS reports with SIGBUS. The signal handler calls all functions here.

use std::ffi::c_int;

use crate::sys::Address;

/// The lowest code of signals that were sent (`SI_USER`, and the codes above it).
const FIRST_SENT: c_int = 0x10001;

/// Returns the address of `errno` in this thread.
pub fn errno_location() -> *mut c_int {
    // SAFETY: the call takes no arguments.
    unsafe { libc::__error() }
}

/// Returns whether the signal may report a page that a mapped file has lost. The codes of faults differ
/// between processors and are less exact than on Linux, so only the address decides: whether it is watched.
pub fn reports_lost_page(info: &libc::siginfo_t) -> bool {
    !was_sent(info)
}

/// Returns whether a process sent the signal.
pub fn was_sent(info: &libc::siginfo_t) -> bool {
    info.si_code >= FIRST_SENT
}

/// Returns false: the system does not report whether reading the page would raise the signal. Each page
/// faults by itself.
pub fn is_lost(_address: Address, _page: usize) -> bool {
    false
}
