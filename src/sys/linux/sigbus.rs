//! What Linux says with SIGBUS. All of this is called in its handler.

use std::ffi::c_int;
use std::ptr;

use crate::sys::Address;

/// Where this thread's `errno` is.
pub fn errno_location() -> *mut c_int {
    // SAFETY: takes nothing.
    unsafe { libc::__errno_location() }
}

/// Whether a mapped file has lost the page. One that somebody sent has no address; what the memory itself
/// has lost is not for us to hide.
pub fn is_of_lost_page(info: &libc::siginfo_t) -> bool {
    info.si_code == libc::BUS_ADRERR
}

/// Whether somebody sent the signal.
pub fn was_sent(info: &libc::siginfo_t) -> bool {
    info.si_code <= 0
}

/// Whether reading there would raise the signal. Before Linux 5.14, nobody tells.
pub fn is_lost(address: Address, page: usize) -> bool {
    let start = ptr::without_provenance_mut(address.get());
    // SAFETY: reads a page that is watched, and changes nothing.
    let populated = unsafe { libc::madvise(start, page, libc::MADV_POPULATE_READ) };
    // SAFETY: the thread's own.
    populated != 0 && unsafe { *errno_location() } == libc::EFAULT
}
