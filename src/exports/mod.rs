//! The functions that `lib/` calls, a file for each subject. This file converts numbers, finds handles and retries.

pub mod addon;
#[cfg(feature = "fault-injection")]
pub mod faults;
pub mod features;
pub mod files;
pub mod memory;
pub mod pages;
pub mod waits;

use std::sync::Arc;

use crate::error::MemoryError;
use crate::handles::{self, Handle, Registered, RegisteredMemory, Registrable};
use crate::handoff::{self, Result};
use crate::units::Pages;

/// Calls `attempt`. If it fails for lack of memory or mappings, collects garbage and calls it again.
pub fn collecting<T>(attempt: impl Fn() -> Result<T, MemoryError>) -> Result<T, MemoryError> {
    attempt().or_else(|error| {
        if !error.is_retryable() {
            return Err(error);
        }
        handoff::collect_garbage();
        attempt()
    })
}

/// Returns the memory with the handle `id`.
pub fn find_memory(id: f64) -> Result<Arc<RegisteredMemory>> {
    find(id, "the memory was released with its last buffer")
}

/// Returns the object with the handle `id`. `text` is the message of the error if it does not exist any more.
pub fn find<T: Registrable>(id: f64, text: &'static str) -> Result<Arc<Registered<T>>> {
    Handle::from_number(id)
        .and_then(handles::find)
        .ok_or_else(|| MemoryError::Gone { text }.into())
}

/// Converts a number of pages.
pub fn to_pages(count: f64) -> Result<Pages> {
    // Saturates. A number that is not a number of pages then differs from `whole`, or exceeds the limit.
    let whole = count as u64;
    Pages::new(whole)
        .filter(|_| number(whole) == count)
        .ok_or_else(|| MemoryError::NotPages { count }.into())
}

/// Converts an offset in bytes, or an address.
pub fn to_offset(offset: f64) -> usize {
    // Saturates: a number that is not an offset becomes one beyond every end.
    offset as usize
}

/// Converts a number of bytes, or an address, for JavaScript.
pub fn bytes(count: usize) -> f64 {
    number(u64::try_from(count).unwrap_or(u64::MAX))
}

/// Converts a number of pages for JavaScript.
pub fn number(count: u64) -> f64 {
    // Pages and addresses are far below 2^53.
    count as f64
}
