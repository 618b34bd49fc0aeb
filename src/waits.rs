//! Waits for a word of memory, each in a thread of its own, so that none keeps the engine from running.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::sys::fault;
use crate::sys::futex::{self, Wait};

/// Between looks at whether the thread that wants to know is still there. A wake is not delayed.
const SLICE: Duration = Duration::from_millis(100);

/// Little is called from such a thread.
const STACK: usize = 256 << 10;

thread_local! {
    /// Whether this thread of JavaScript has ended.
    static IS_OVER: Arc<AtomicBool> = Arc::default();
}

/// Waits while the word at `address` is `expected`, until `deadline` or without end, and then calls
/// `settle`: with an error where the system has no thread left, and never where the thread that called
/// this has ended by then.
pub fn start(
    address: usize,
    expected: u32,
    deadline: Option<Instant>,
    settle: impl FnOnce(io::Result<Wait>) + Send + 'static,
) {
    // A thread that cannot be made takes its closure with it, and somebody is to be told.
    let settle = Arc::new(Mutex::new(Some(settle)));
    let take = |settle: &Mutex<Option<_>>| {
        let mut settle = settle.lock().unwrap_or_else(PoisonError::into_inner);
        settle.take()
    };
    let is_over = IS_OVER.with(Arc::clone);
    let of_thread = Arc::clone(&settle);
    let wait = move || {
        let outcome = wait_until(address, expected, deadline, &is_over);
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
    address: usize,
    expected: u32,
    deadline: Option<Instant>,
    is_over: &AtomicBool,
) -> io::Result<Wait> {
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let slice = left.map_or(SLICE, |left| left.min(SLICE));
        let outcome = futex::wait(address, expected, slice)?;
        let is_last = left.is_some_and(|left| left <= SLICE);
        if outcome != Wait::TimedOut || is_last || is_over.load(Ordering::Relaxed) {
            return Ok(outcome);
        }
    }
}

/// The waits of this thread are for nobody any more.
pub fn end() {
    IS_OVER.with(|is_over| is_over.store(true, Ordering::Relaxed));
}
