//! The functions that `lib/` calls, by what they are about; and here, what they share: numbers, handles
//! and errors.

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

/// What `attempt` makes; where it fails for want of room, once more after a collection.
pub fn collecting<T>(attempt: impl Fn() -> Result<T, MemoryError>) -> Result<T, MemoryError> {
    attempt().or_else(|error| {
        if !error.is_want_of_room() {
            return Err(error);
        }
        handoff::collect_garbage();
        attempt()
    })
}

/// The memory of that number.
pub fn find_memory(id: f64) -> Result<Arc<RegisteredMemory>> {
    find(id, "the memory is gone")
}

/// What has that number.
pub fn find<T: Registrable>(id: f64, text: &'static str) -> Result<Arc<Registered<T>>> {
    Handle::from_number(id)
        .and_then(handles::find)
        .ok_or_else(|| MemoryError::Gone { text }.into())
}

/// Converts a number of pages.
pub fn to_pages(count: f64) -> Result<Pages> {
    // Saturates: what is no number of pages comes back different, or beyond the limit.
    let whole = count as u64;
    Pages::new(whole)
        .filter(|_| number(whole) == count)
        .ok_or_else(|| MemoryError::NotPages { count }.into())
}

/// An offset of bytes, or an address.
pub fn within(offset: f64) -> usize {
    // Saturates: what is no offset is beyond the end.
    offset as usize
}

/// A number of bytes, or an address.
pub fn bytes(count: usize) -> f64 {
    number(u64::try_from(count).unwrap_or(u64::MAX))
}

/// Converts a number of pages, or an address, for JavaScript.
pub fn number(count: u64) -> f64 {
    // Pages and addresses are far below 2^53.
    count as f64
}
