//! The functions that the addon also exports to tests, with the feature `fault-injection`.

#![allow(unsafe_code, reason = "what #[napi] writes around each function")]

use napi_derive::napi;

use crate::sys::fault;

/// Makes system calls of this thread fail: those whose numbers are in `calls`, where the next call has number 1.
/// They fail with the error number `error`, or for lack of memory if there is none.
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

/// Returns the names of the system calls that this thread has reached since [`fail_at`].
#[napi(catch_unwind)]
pub fn calls_reached() -> Vec<&'static str> {
    fault::calls_reached()
}
