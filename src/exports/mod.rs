//! The functions that `lib/` calls, by what they are about; and here, what they share: numbers, handles
//! and errors.

pub mod addon;
#[cfg(feature = "fault-injection")]
pub mod faults;
pub mod features;
pub mod files;
pub mod memory;
pub mod pages;

use std::sync::Arc;

use napi::{Error, Status};

use crate::error::MemoryError;
use crate::handles::{self, Handle, Registered, RegisteredMemory, Registrable};
use crate::handoff;
use crate::units::Pages;

/// The code of the error that says that there is no memory, or none any more.
const GONE: Status = Status::Closing;

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
pub fn find_memory(id: f64) -> napi::Result<Arc<RegisteredMemory>> {
    find(id, "the memory is gone")
}

/// What has that number.
pub fn find<T: Registrable>(id: f64, gone: &str) -> napi::Result<Arc<Registered<T>>> {
    Handle::from_number(id)
        .and_then(handles::find)
        .ok_or_else(|| Error::new(GONE, gone))
}

/// Converts a number of pages.
pub fn to_pages(count: f64) -> napi::Result<Pages> {
    // Saturates: what is no number of pages comes back different, or beyond the limit.
    let whole = count as u64;
    Pages::new(whole)
        .filter(|_| number(whole) == count)
        .ok_or_else(|| Error::new(Status::InvalidArg, format!("{count} is no number of pages")))
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

impl From<MemoryError> for Error {
    fn from(error: MemoryError) -> Self {
        let status = match error {
            MemoryError::MovedOut | MemoryError::FileClosed => GONE,
            MemoryError::NotASnapshot
            | MemoryError::UnknownVersion { .. }
            | MemoryError::SnapshotDamaged
            | MemoryError::FileIsWritable
            | MemoryError::WaitsPending { .. } => Status::InvalidArg,
            _ => Status::GenericFailure,
        };
        Self::new(status, error.to_string())
    }
}
