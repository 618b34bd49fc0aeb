//! Waits by `futex(2)`, without `FUTEX_PRIVATE_FLAG`: processes that map the same page share its queue.

use std::io;
use std::time::Duration;

use crate::sys::Address;
use crate::sys::futex::WaitOutcome;

/// Returns whether the system has such waits.
pub fn is_available() -> bool {
    true
}

/// Waits while the word at `address` is `expected`. The kernel reads the word, so an address where nothing
/// is mapped is an error, not a fault.
///
/// # Errors
///
/// Returns the error from `futex(2)`.
pub fn wait(address: Address, expected: u32, timeout: Duration) -> io::Result<WaitOutcome> {
    // Saturates: such a timeout never passes.
    let timeout = libc::timespec {
        tv_sec: timeout.as_secs().try_into().unwrap_or(libc::time_t::MAX),
        tv_nsec: timeout.subsec_nanos().into(),
    };
    // SAFETY: the kernel checks the address, and only reads `timeout`.
    let result = unsafe {
        libc::syscall(
            libc::SYS_futex,
            address.get(),
            libc::FUTEX_WAIT,
            expected,
            &raw const timeout,
        )
    };
    if result == 0 {
        return Ok(WaitOutcome::Woken);
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::EAGAIN) => Ok(WaitOutcome::NotEqual),
        Some(libc::ETIMEDOUT | libc::EINTR) => Ok(WaitOutcome::TimedOut),
        _ => Err(error),
    }
}

/// Wakes at most `count` waits for the word at `address`. Returns how many it has woken.
///
/// # Errors
///
/// Returns the error from `futex(2)`.
pub fn wake(address: Address, count: u32) -> io::Result<u32> {
    if count == 0 {
        return Ok(0); // `futex(2)` would wake one
    }
    // Saturates: there are never so many threads.
    let count = i32::try_from(count).unwrap_or(i32::MAX);
    // SAFETY: the kernel checks the address, and reads nothing there.
    let woken = unsafe { libc::syscall(libc::SYS_futex, address.get(), libc::FUTEX_WAKE, count) };
    u32::try_from(woken).map_err(|_| io::Error::last_os_error())
}
