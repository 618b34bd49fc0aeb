//! Waits by `os_sync_wait_on_address(3)`, which macOS has since 14.4. It is looked up at run time, so that
//! the addon also loads on older versions.

use std::ffi::{c_int, c_void};
use std::io;
use std::mem::size_of;
use std::ptr;
use std::sync::LazyLock;
use std::time::Duration;

use mach2::kern_return::KERN_SUCCESS;
use mach2::traps::mach_task_self;
use mach2::vm::mach_vm_read_overwrite;

use super::mach_error::mach_error;
use crate::sys::Address;
use crate::sys::futex::WaitOutcome;
use crate::sys::process_symbols;

/// `OS_SYNC_WAIT_ON_ADDRESS_SHARED`, and the same flag for waking: works between processes.
const SHARED: u32 = 1;

/// `OS_CLOCK_MACH_ABSOLUTE_TIME`.
const CLOCK: u32 = 32;

const WORD: usize = size_of::<u32>();

type WaitOnAddress = unsafe extern "C" fn(
    address: *mut c_void,
    value: u64,
    size: usize,
    flags: u32,
    clock: u32,
    nanoseconds: u64,
) -> c_int;
type WakeByAddress = unsafe extern "C" fn(address: *mut c_void, size: usize, flags: u32) -> c_int;

#[derive(Clone, Copy)]
struct Calls {
    wait: WaitOnAddress,
    wake_any: WakeByAddress,
}

fn calls() -> Option<Calls> {
    static CALLS: LazyLock<Option<Calls>> = LazyLock::new(|| {
        // SAFETY: this is the type that <os/os_sync_wait_on_address.h> declares.
        let wait = unsafe { process_symbols::symbol(c"os_sync_wait_on_address_with_timeout") }?;
        // SAFETY: as above.
        let wake_any = unsafe { process_symbols::symbol(c"os_sync_wake_by_address_any") }?;
        Some(Calls { wait, wake_any })
    });
    *CALLS
}

/// Returns whether the system has such waits.
pub fn is_available() -> bool {
    calls().is_some()
}

/// Waits while the word at `address` is `expected`. An address where nothing is mapped is an error, not a
/// fault. A word that changes just as the wait begins may end the wait as woken: the system does not report
/// the difference.
///
/// # Errors
///
/// Returns the error from `os_sync_wait_on_address(3)`, or `Unsupported` before macOS 14.4.
pub fn wait(address: Address, expected: u32, timeout: Duration) -> io::Result<WaitOutcome> {
    let calls = calls().ok_or(io::ErrorKind::Unsupported)?;
    if read(address)? != expected {
        return Ok(WaitOutcome::NotEqual);
    }
    // Saturates: such a timeout never passes.
    let nanoseconds = u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX);
    if nanoseconds == 0 {
        return Ok(WaitOutcome::TimedOut); // zero would be an invalid argument
    }
    let pointer = ptr::without_provenance_mut(address.get());
    // SAFETY: the kernel checks the address.
    let result = unsafe {
        (calls.wait)(
            pointer,
            u64::from(expected),
            WORD,
            SHARED,
            CLOCK,
            nanoseconds,
        )
    };
    if result >= 0 {
        return Ok(WaitOutcome::Woken);
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::ETIMEDOUT | libc::EINTR) => Ok(WaitOutcome::TimedOut),
        _ => Err(error),
    }
}

/// Wakes at most `count` waits for the word at `address`. Returns how many it has woken.
///
/// # Errors
///
/// Returns the error from `os_sync_wake_by_address_any(3)`, or `Unsupported` before macOS 14.4.
pub fn wake(address: Address, count: u32) -> io::Result<u32> {
    let calls = calls().ok_or(io::ErrorKind::Unsupported)?;
    let mut woken = 0;
    // Wakes one at a time: a call that wakes all does not report how many.
    while woken < count {
        let pointer = ptr::without_provenance_mut(address.get());
        // SAFETY: the kernel checks the address, and reads nothing there.
        if unsafe { (calls.wake_any)(pointer, WORD, SHARED) } < 0 {
            let error = io::Error::last_os_error();
            return match error.raw_os_error() {
                Some(libc::ENOENT) => Ok(woken), // there are no more waits
                _ => Err(error),
            };
        }
        woken += 1;
    }
    Ok(woken)
}

/// Reads the word by a call of the kernel, for which an unmapped address is an error
/// (`mach_vm_read_overwrite`).
fn read(address: Address) -> io::Result<u32> {
    let invalid = |_| io::Error::from(io::ErrorKind::InvalidInput);
    let from = u64::try_from(address.get()).map_err(invalid)?;
    let length = u64::try_from(WORD).map_err(invalid)?;
    let mut word = 0_u32;
    let to = u64::try_from((&raw mut word).addr()).map_err(invalid)?;
    let mut done = 0;
    // SAFETY: the call takes no arguments.
    let task = unsafe { mach_task_self() };
    // SAFETY: the kernel checks `from`, and there is room for a word at `to`.
    let result = unsafe { mach_vm_read_overwrite(task, from, length, to, &raw mut done) };
    match result {
        KERN_SUCCESS => Ok(word),
        code => Err(mach_error("mach_vm_read_overwrite", code)),
    }
}
