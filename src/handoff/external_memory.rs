//! What the collector is told of our pages, so that garbage which holds many of them is collected.
//!
//! V8 does not see the bytes behind a buffer that [`super::v8`] makes. Each thread has an account of
//! those that it issued: a buffer adds its length, and takes it back when it is released, on whatever
//! thread. Only the balance is told, when the next memory is made: for a memory, that is its size.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use napi::{Env, sys};

use crate::sys::HostBytes;

thread_local! {
    static UNTOLD: Arc<AtomicI64> = Arc::default();
}

/// The bytes of one buffer, on this thread's account until dropped.
#[derive(Debug)]
pub struct Entry {
    account: Arc<AtomicI64>,
    bytes: i64,
}

impl Entry {
    /// Puts `length` on this thread's account.
    pub fn new(length: HostBytes) -> Self {
        let account = UNTOLD.with(Arc::clone);
        // Never saturates: a length is at most isize::MAX.
        let bytes = i64::try_from(length.get()).unwrap_or(i64::MAX);
        account.fetch_add(bytes, Ordering::Relaxed);
        Self { account, bytes }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.account.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Tells the collector this thread's balance. It may collect right away.
pub fn settle(env: &Env) {
    let balance = UNTOLD.with(|account| account.swap(0, Ordering::Relaxed));
    if balance == 0 {
        return;
    }
    let mut all = 0;
    // SAFETY: `env` is the current call's.
    unsafe { sys::napi_adjust_external_memory(env.raw(), balance, &raw mut all) };
}
