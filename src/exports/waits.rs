//! The functions that wait for a word of a memory, and that wake such waits, in other threads and processes.

#![allow(unsafe_code, reason = "what #[napi] writes around each function")]

use std::time::{Duration, Instant};

use napi::Env;
use napi::bindgen_prelude::Object;
use napi_derive::napi;

use crate::error::MemoryError;
use crate::exports::to_offset;
use crate::handoff::throwing;
use crate::sys::Address;
use crate::sys::futex::{self, WaitOutcome};
use crate::waits;

/// Waits on a thread of its own while the word at `address` is `expected`, for `milliseconds` at most. The
/// caller keeps the memory alive until the promise settles.
#[napi(catch_unwind)]
pub fn wait(env: &Env, address: f64, expected: i32, milliseconds: f64) -> napi::Result<Object<'_>> {
    throwing(env, || {
        let (deferred, promise) = env.create_deferred()?;
        let deadline = Duration::try_from_secs_f64(milliseconds / 1000.0)
            .ok()
            .and_then(|timeout| Instant::now().checked_add(timeout));
        let address = Address::new(to_offset(address));
        waits::start(address, expected.cast_unsigned(), deadline, |outcome| {
            deferred.resolve(move |env| {
                throwing(&env, || match outcome {
                    Ok(WaitOutcome::Woken) => Ok("ok"),
                    Ok(WaitOutcome::NotEqual) => Ok("not-equal"),
                    Ok(WaitOutcome::TimedOut) => Ok("timed-out"),
                    Err(source) => Err(MemoryError::FileFailed { source }.into()),
                })
            });
        });
        Ok(promise)
    })
}

/// Wakes at most `count` waits for the word at `address`, and returns how many it woke.
#[napi(catch_unwind)]
pub fn notify(env: &Env, address: f64, count: u32) -> napi::Result<u32> {
    throwing(env, || {
        let woken = futex::wake(Address::new(to_offset(address)), count);
        Ok(woken.map_err(|source| MemoryError::FileFailed { source })?)
    })
}
