//! Waits for a word of memory to change. Each wait has a thread of its own, so that it does not block the
//! JavaScript thread that started it.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::sys::futex::{self, WaitOutcome};
use crate::sys::{Address, Addresses, fault};

/// The time between two checks whether the wait was cancelled. It does not delay a wake.
const SLICE: Duration = Duration::from_millis(100);

/// The size of the stack of a waiting thread in bytes. Such a thread calls few functions.
const STACK: usize = 256 << 10;

thread_local! {
    /// Whether the waits of this JavaScript thread are cancelled.
    static IS_CANCELLED: Arc<AtomicBool> = Arc::default();
}

/// Maps the address and the number of each pending wait to whether it is cancelled.
type PendingWaits = BTreeMap<(Address, u64), Arc<AtomicBool>>;

/// A wait locks the list when it begins and when it ends, never in between.
static PENDING: Mutex<PendingWaits> = Mutex::new(BTreeMap::new());

fn lock_pending() -> MutexGuard<'static, PendingWaits> {
    // Nothing panics while it holds the lock. If something did, the list would still be whole.
    PENDING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps a wait in the list of pending waits.
#[derive(Debug)]
struct Pending((Address, u64));

impl Pending {
    fn begin(address: Address, is_cancelled: Arc<AtomicBool>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let key = (address, NEXT.fetch_add(1, Ordering::Relaxed));
        lock_pending().insert(key, is_cancelled);
        Self(key)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        lock_pending().remove(&self.0);
    }
}

/// Counts the pending waits for words at these addresses, in all threads of this process.
///
/// A wait is pending from the call of [`start`] until just before its `complete` is called, or until
/// [`cancel_all`] is called by the thread that started it.
pub fn count_within(addresses: Addresses) -> usize {
    lock_pending()
        .range((addresses.start(), 0)..(addresses.end(), 0))
        .filter(|(_, is_cancelled)| !is_cancelled.load(Ordering::Relaxed))
        .count()
}

/// Starts a wait while the word at `address` is `expected`, until `deadline`, or without end if there is none.
///
/// Calls `complete` with the outcome on another thread. If no thread can be made, calls it with the error on this
/// thread. Does not call it after this thread has called [`cancel_all`].
pub fn start(
    address: Address,
    expected: u32,
    deadline: Option<Instant>,
    complete: impl FnOnce(io::Result<WaitOutcome>) + Send + 'static,
) {
    // Both threads have `complete`: if the new thread cannot be made, its closure is lost, and this thread
    // reports the error.
    let complete = Arc::new(Mutex::new(Some(complete)));
    let take = |complete: &Mutex<Option<_>>| {
        let mut complete = complete.lock().unwrap_or_else(PoisonError::into_inner);
        complete.take()
    };
    let is_cancelled = IS_CANCELLED.with(Arc::clone);
    let for_thread = Arc::clone(&complete);
    let pending = Pending::begin(address, Arc::clone(&is_cancelled));
    let wait = move || {
        let outcome = wait_until(address, expected, deadline, &is_cancelled);
        // The wait is no longer pending when it completes: a program that sees it end may restore the memory.
        drop(pending);
        if let Some(complete) = take(&for_thread)
            && !is_cancelled.load(Ordering::Relaxed)
        {
            complete(outcome);
        }
    };
    let builder = thread::Builder::new().name("linear-memory".to_owned());
    let started = fault::check("clone").and_then(|()| builder.stack_size(STACK).spawn(wait));
    if let Err(source) = started
        && let Some(complete) = take(&complete)
    {
        complete(Err(source));
    }
}

fn wait_until(
    address: Address,
    expected: u32,
    deadline: Option<Instant>,
    is_cancelled: &AtomicBool,
) -> io::Result<WaitOutcome> {
    loop {
        // Saturates: no time is left after the deadline.
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let slice = left.map_or(SLICE, |left| left.min(SLICE));
        let outcome = futex::wait(address, expected, slice)?;
        let is_last = left.is_some_and(|left| left <= SLICE);
        if outcome != WaitOutcome::TimedOut || is_last || is_cancelled.load(Ordering::Relaxed) {
            return Ok(outcome);
        }
    }
}

/// Cancels all waits that this thread has started or will start.
pub fn cancel_all() {
    IS_CANCELLED.with(|is_cancelled| is_cancelled.store(true, Ordering::Relaxed));
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Starts to wait for `word` without end. The receiver gets the outcome.
    fn begin(word: &u32) -> mpsc::Receiver<io::Result<WaitOutcome>> {
        let (sender, receiver) = mpsc::channel();
        start(address_of(word), *word, None, move |outcome| {
            sender.send(outcome).unwrap();
        });
        receiver
    }

    fn address_of(word: &u32) -> Address {
        Address::of(word)
    }

    fn count(words: &[u32]) -> usize {
        let range = words.as_ptr_range();
        count_within(Addresses::between(
            Address::of(range.start),
            Address::of(range.end),
        ))
    }

    /// Wakes a wait for `word`, again and again until `ended` has its outcome.
    fn wake(word: &u32, ended: &mpsc::Receiver<io::Result<WaitOutcome>>) {
        loop {
            // The thread may not be waiting yet.
            futex::wake(address_of(word), 1).unwrap();
            match ended.try_recv() {
                Ok(outcome) => return assert_eq!(outcome.unwrap(), WaitOutcome::Woken),
                Err(mpsc::TryRecvError::Empty) => thread::yield_now(),
                Err(error) => panic!("{error}"),
            }
        }
    }

    #[test]
    fn a_wait_is_pending_until_it_completes() {
        let words = [0; 4];
        assert_eq!(count(&words), 0);
        let first = begin(&words[1]);
        let second = begin(&words[3]);
        assert_eq!(count(&words), 2);
        assert_eq!(count(&words[..1]), 0);
        assert_eq!(count(&words[1..3]), 1);
        wake(&words[1], &first);
        assert_eq!(count(&words), 1);
        wake(&words[3], &second);
        assert_eq!(count(&words), 0);
    }

    #[test]
    fn a_cancelled_wait_is_not_pending() {
        let words = Arc::new([0; 1]);
        let in_thread = Arc::clone(&words);
        let ended = thread::spawn(move || {
            let outcome = begin(&in_thread[0]);
            assert_eq!(count(&*in_thread), 1);
            cancel_all();
            outcome
        });
        let outcome = ended.join().unwrap();
        assert_eq!(count(&*words), 0);
        // The outcome is dropped without being sent. The words have to stay until then.
        outcome.recv().unwrap_err();
    }

    #[test]
    #[cfg(feature = "fault-injection")]
    fn a_wait_without_a_thread_is_not_pending() {
        let words = [0; 1];
        fault::fail_at(&[1]);
        let outcome = begin(&words[0]).recv().unwrap();
        outcome.unwrap_err();
        assert_eq!(count(&words), 0);
    }
}
