//! Waiting for a word of memory to change. Memories cannot be shared with other processes here, so that the
//! queues are this one's: `WaitOnAddress` would not say how many a wake has woken.

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

/// Who waits for the words at these addresses, in the order in which they came.
type Queues = HashMap<Address, Vec<Arc<Waiter>>>;

/// One of them. Whether it was woken is in the queue: it is there no more.
#[derive(Debug, Default)]
struct Waiter {
    is_woken: Condvar,
}

fn queues() -> MutexGuard<'static, Queues> {
    static QUEUES: LazyLock<Mutex<Queues>> = LazyLock::new(Mutex::default);
    // Nothing panics under the lock; if it did, the queues are still whole.
    QUEUES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the system has such waits.
pub fn is_available() -> bool {
    true
}

/// Waits while the word at `address` is `expected`. An address where nothing is mapped is an error, not a
/// fault.
///
/// # Errors
///
/// What `ReadProcessMemory` says.
pub fn wait(address: Address, expected: u32, timeout: Duration) -> io::Result<WaitOutcome> {
    let deadline = Instant::now().checked_add(timeout);
    // Read under the lock: who changes the word and then wakes finds this waiter, or was before.
    let mut queues = queues();
    if read(address)? != expected {
        return Ok(WaitOutcome::NotEqual);
    }
    let waiter = Arc::new(Waiter::default());
    queues.entry(address).or_default().push(Arc::clone(&waiter));
    loop {
        // A wait whose deadline has passed still looks once whether it was woken.
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

/// Wakes at most `count` of those who wait for the word at `address`, who came first. Returns how many.
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

/// The word, read by the system.
fn read(address: Address) -> io::Result<u32> {
    let mut word = 0_u32;
    let from = ptr::without_provenance(address.get());
    let to = (&raw mut word).cast();
    // SAFETY: takes nothing.
    let process = unsafe { GetCurrentProcess() };
    // SAFETY: the system checks `from`; at `to`, there is room for a word.
    let done = unsafe { ReadProcessMemory(process, from, to, size_of::<u32>(), ptr::null_mut()) };
    if done == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(word)
}
