//! Waits for a word of memory, each in a thread of its own, so that none keeps the engine from running.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::sys::futex::{self, WaitOutcome};
use crate::sys::{Address, Addresses, fault};

/// Between looks at whether the thread that wants to know is still there. A wake is not delayed.
const SLICE: Duration = Duration::from_millis(100);

/// Little is called from such a thread.
const STACK: usize = 256 << 10;

thread_local! {
    /// Whether this thread of JavaScript has ended.
    static IS_OVER: Arc<AtomicBool> = Arc::default();
}

/// Lists the pending waits by address and number, each with whether its thread of JavaScript has ended.
///
/// A wait locks it when it begins and when it ends, never in between.
static PENDING: Mutex<BTreeMap<(Address, u64), Arc<AtomicBool>>> = Mutex::new(BTreeMap::new());

fn lock_pending() -> MutexGuard<'static, BTreeMap<(Address, u64), Arc<AtomicBool>>> {
    // Nothing panics under the lock; if it did, the list is still whole.
    PENDING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps a wait in the list of pending waits.
#[derive(Debug)]
struct Pending((Address, u64));

impl Pending {
    fn begin(address: Address, is_over: Arc<AtomicBool>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let key = (address, NEXT.fetch_add(1, Ordering::Relaxed));
        lock_pending().insert(key, is_over);
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
/// A wait counts from the call of [`start`] until just before it is settled, or until the thread of
/// JavaScript that called has ended.
pub fn count_within(addresses: Addresses) -> usize {
    lock_pending()
        .range((addresses.start(), 0)..(addresses.end(), 0))
        .filter(|(_, is_over)| !is_over.load(Ordering::Relaxed))
        .count()
}

/// Waits while the word at `address` is `expected`, until `deadline` or without end, and then calls
/// `settle`: with an error where the system has no thread left, and never where the thread that called
/// this has ended by then.
pub fn start(
    address: Address,
    expected: u32,
    deadline: Option<Instant>,
    settle: impl FnOnce(io::Result<WaitOutcome>) + Send + 'static,
) {
    // A thread that cannot be made takes its closure with it, and somebody is to be told.
    let settle = Arc::new(Mutex::new(Some(settle)));
    let take = |settle: &Mutex<Option<_>>| {
        let mut settle = settle.lock().unwrap_or_else(PoisonError::into_inner);
        settle.take()
    };
    let is_over = IS_OVER.with(Arc::clone);
    let of_thread = Arc::clone(&settle);
    let pending = Pending::begin(address, Arc::clone(&is_over));
    let wait = move || {
        let outcome = wait_until(address, expected, deadline, &is_over);
        // Before the wait is settled: a program that knows of its end may restore the memory.
        drop(pending);
        if let Some(settle) = take(&of_thread)
            && !is_over.load(Ordering::Relaxed)
        {
            settle(outcome);
        }
    };
    let builder = thread::Builder::new().name("linear-memory".to_owned());
    let started = fault::check("clone").and_then(|()| builder.stack_size(STACK).spawn(wait));
    if let Err(source) = started
        && let Some(settle) = take(&settle)
    {
        settle(Err(source));
    }
}

fn wait_until(
    address: Address,
    expected: u32,
    deadline: Option<Instant>,
    is_over: &AtomicBool,
) -> io::Result<WaitOutcome> {
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let slice = left.map_or(SLICE, |left| left.min(SLICE));
        let outcome = futex::wait(address, expected, slice)?;
        let is_last = left.is_some_and(|left| left <= SLICE);
        if outcome != WaitOutcome::TimedOut || is_last || is_over.load(Ordering::Relaxed) {
            return Ok(outcome);
        }
    }
}

/// The waits of this thread are for nobody any more.
pub fn end() {
    IS_OVER.with(|is_over| is_over.store(true, Ordering::Relaxed));
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Begins a wait without end for `word`. The receiver gets its outcome.
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

    /// Wakes the waits for `word`, until one has ended.
    fn wake(word: &u32, ended: &mpsc::Receiver<io::Result<WaitOutcome>>) {
        loop {
            // The thread may not be in the queue yet.
            futex::wake(address_of(word), 1).unwrap();
            match ended.try_recv() {
                Ok(outcome) => return assert_eq!(outcome.unwrap(), WaitOutcome::Woken),
                Err(mpsc::TryRecvError::Empty) => thread::yield_now(),
                Err(error) => panic!("{error}"),
            }
        }
    }

    #[test]
    fn a_wait_counts_at_its_address_until_it_is_settled() {
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
    fn a_wait_whose_thread_has_ended_does_not_count() {
        let words = Arc::new([0; 1]);
        let in_thread = Arc::clone(&words);
        let ended = thread::spawn(move || {
            let outcome = begin(&in_thread[0]);
            assert_eq!(count(&*in_thread), 1);
            end();
            outcome
        });
        let outcome = ended.join().unwrap();
        assert_eq!(count(&*words), 0);
        // Nobody is told, and the words have to stay until then.
        outcome.recv().unwrap_err();
    }

    #[test]
    #[cfg(feature = "fault-injection")]
    fn a_wait_that_gets_no_thread_does_not_count() {
        let words = [0; 1];
        fault::fail_at(&[1]);
        let outcome = begin(&words[0]).recv().unwrap();
        outcome.unwrap_err();
        assert_eq!(count(&words), 0);
    }
}
