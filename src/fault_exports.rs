//! What the tests' addon exports besides, with the feature `fault-injection`.

#![allow(unsafe_code, reason = "what #[napi] writes around each function")]

use napi_derive::napi;

use crate::sys::fault;

/// Of the system's calls that this thread makes from now on, those of these numbers fail. The first
/// has the number 1.
#[napi(catch_unwind)]
pub fn fail_at(calls: Vec<u32>) {
    let calls: Vec<usize> = calls
        .into_iter()
        .filter_map(|call| usize::try_from(call).ok())
        .collect();
    fault::fail_at(&calls);
}

/// The names of the system's calls that this thread has reached since.
#[napi(catch_unwind)]
pub fn calls_reached() -> Vec<&'static str> {
    fault::calls_reached()
}
