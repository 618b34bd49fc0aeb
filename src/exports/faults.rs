//! What the tests' addon exports besides, with the feature `fault-injection`.

#![allow(unsafe_code, reason = "what #[napi] writes around each function")]

use napi_derive::napi;

use crate::sys::fault;

/// Of the system's calls that this thread makes from now on, those of these numbers fail. The first
/// has the number 1. They fail with the error of the number `error`, or for want of memory.
#[napi(catch_unwind)]
pub fn fail_at(calls: Vec<u32>, error: Option<i32>) {
    let calls: Vec<usize> = calls
        .into_iter()
        .filter_map(|call| usize::try_from(call).ok())
        .collect();
    match error {
        Some(error) => fault::fail_with(&calls, error),
        None => fault::fail_at(&calls),
    }
}

/// The names of the system's calls that this thread has reached since.
#[napi(catch_unwind)]
pub fn calls_reached() -> Vec<&'static str> {
    fault::calls_reached()
}
