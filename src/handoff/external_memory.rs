//! Reports to the garbage collector how many bytes the buffers of this addon keep alive, so that it collects garbage
//! that keeps many.
//!
//! V8 does not see the bytes behind a buffer that [`super::v8`] makes. Each thread has an account of the
//! buffers that it issued: a buffer adds its length, and subtracts it again when it is released, on
//! whatever thread. Only the balance is reported, when the thread makes its next memory: for one memory,
//! that is its size.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use napi::{Env, sys};

use crate::sys::HostBytes;

thread_local! {
    /// The change since this thread's last [`report`], in bytes.
    static UNREPORTED: Arc<AtomicI64> = Arc::default();
}

/// The bytes of one buffer, on the account of the thread that issued it until dropped.
#[derive(Debug)]
pub struct Entry {
    account: Arc<AtomicI64>,
    bytes: i64,
}

impl Entry {
    /// Adds `length` to this thread's account.
    pub fn new(length: HostBytes) -> Self {
        let account = UNREPORTED.with(Arc::clone);
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

/// Reports this thread's balance to the collector, which may collect at once.
pub fn report(env: &Env) {
    let balance = UNREPORTED.with(|account| account.swap(0, Ordering::Relaxed));
    if balance == 0 {
        return;
    }
    let mut all = 0;
    // SAFETY: `env` is the current call's.
    unsafe { sys::napi_adjust_external_memory(env.raw(), balance, &raw mut all) };
}
