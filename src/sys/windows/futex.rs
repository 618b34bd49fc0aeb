//! Waits in queues of this process: on Windows, other processes cannot share memories. `WaitOnAddress` is
//! not used, since it does not report how many waits a call has woken.

use std::collections::HashMap;
use std::io;
use std::mem::size_of;
use std::ptr;
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use windows_sys::Win32::System::Diagnostics::Debug::ReadProcessMemory;
use windows_sys::Win32::System::Threading::GetCurrentProcess;

use crate::sys::Address;
use crate::sys::futex::WaitOutcome;

/// The waits for the words at these addresses, in the order in which they began.
type Queues = HashMap<Address, Vec<Arc<Waiter>>>;

/// A wait. It has been woken if it is no longer in its queue.
#[derive(Debug, Default)]
struct Waiter {
    is_woken: Condvar,
}

fn queues() -> MutexGuard<'static, Queues> {
    static QUEUES: LazyLock<Mutex<Queues>> = LazyLock::new(Mutex::default);
    // Nothing panics while it holds the lock. If something did, the queues would still be whole.
    QUEUES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns whether the system has such waits.
pub fn is_available() -> bool {
    true
}

/// Waits while the word at `address` is `expected`. An address where nothing is mapped is an error, not a
/// fault.
///
/// # Errors
///
/// Returns the error from `ReadProcessMemory`.
pub fn wait(address: Address, expected: u32, timeout: Duration) -> io::Result<WaitOutcome> {
    let deadline = Instant::now().checked_add(timeout);
    // Read under the lock: a thread that changes the word and then wakes either finds this wait, or has
    // changed the word before it is read here.
    let mut queues = queues();
    if read(address)? != expected {
        return Ok(WaitOutcome::NotEqual);
    }
    let waiter = Arc::new(Waiter::default());
    queues.entry(address).or_default().push(Arc::clone(&waiter));
    loop {
        // Saturates: a wait whose deadline has passed still checks once whether it was woken.
        let left = deadline.map_or(timeout, |deadline| {
            deadline.saturating_duration_since(Instant::now())
        });
        let waited = waiter.is_woken.wait_timeout(queues, left);
        queues = waited.unwrap_or_else(PoisonError::into_inner).0;
        let is_in =
            |queue: &Vec<Arc<Waiter>>| queue.iter().any(|other| Arc::ptr_eq(other, &waiter));
        if !queues.get(&address).is_some_and(is_in) {
            return Ok(WaitOutcome::Woken);
        }
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            remove(&mut queues, address, &waiter);
            return Ok(WaitOutcome::TimedOut);
        }
    }
}

fn remove(queues: &mut Queues, address: Address, waiter: &Arc<Waiter>) {
    if let Some(queue) = queues.get_mut(&address) {
        queue.retain(|other| !Arc::ptr_eq(other, waiter));
        if queue.is_empty() {
            queues.remove(&address);
        }
    }
}

/// Wakes at most `count` waits for the word at `address`, the oldest first. Returns how many it has woken.
///
/// # Errors
///
/// None.
pub fn wake(address: Address, count: u32) -> io::Result<u32> {
    let mut queues = queues();
    let Some(queue) = queues.get_mut(&address) else {
        return Ok(0);
    };
    let most = usize::try_from(count).unwrap_or(usize::MAX);
    let woken = queue.drain(..most.min(queue.len()));
    let mut number = 0;
    for waiter in woken {
        waiter.is_woken.notify_one();
        number += 1;
    }
    if queue.is_empty() {
        queues.remove(&address);
    }
    Ok(number)
}

/// Reads the word by a system call, for which an unmapped address is an error.
fn read(address: Address) -> io::Result<u32> {
    let mut word = 0_u32;
    let from = ptr::without_provenance(address.get());
    let to = (&raw mut word).cast();
    // SAFETY: the call takes no arguments.
    let process = unsafe { GetCurrentProcess() };
    // SAFETY: the system checks `from`, and there is room for a word at `to`.
    let done = unsafe { ReadProcessMemory(process, from, to, size_of::<u32>(), ptr::null_mut()) };
    if done == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(word)
}
