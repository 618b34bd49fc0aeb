//! What Linux reports with SIGBUS. The signal handler calls all functions here.

use std::ffi::c_int;
use std::ptr;

use crate::sys::Address;

/// Returns the address of `errno` in this thread.
pub fn errno_location() -> *mut c_int {
    // SAFETY: the call takes no arguments.
    unsafe { libc::__errno_location() }
}

/// Returns whether the signal reports a page that a mapped file has lost (`BUS_ADRERR`). A signal that was
/// sent has no address, and a failure of the hardware must not be hidden.
pub fn reports_lost_page(info: &libc::siginfo_t) -> bool {
    info.si_code == libc::BUS_ADRERR
}

/// Returns whether a process sent the signal.
pub fn was_sent(info: &libc::siginfo_t) -> bool {
    info.si_code <= 0
}

/// Returns whether reading the page would raise the signal (`MADV_POPULATE_READ`). Before Linux 5.14, the
/// kernel does not report that.
pub fn is_lost(address: Address, page: usize) -> bool {
    let start = ptr::without_provenance_mut(address.get());
    // SAFETY: the kernel checks the address, and the advice changes no byte.
    let populated = unsafe { libc::madvise(start, page, libc::MADV_POPULATE_READ) };
    // SAFETY: `errno_location` returns a valid pointer to the `errno` of this thread.
    populated != 0 && unsafe { *errno_location() } == libc::EFAULT
}
