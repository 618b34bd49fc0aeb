//! The lock of a file's length that JavaScript holds in this thread.
//!
//! JavaScript takes the lock by one call and releases it by another, so that no JavaScript runs under a
//! native frame: a termination would not get past that. A termination skips the second call. So the lock
//! is also released when the thread ends, and when the thread takes the next one.

use std::cell::RefCell;
use std::sync::Arc;

use crate::error::MemoryError;
use crate::files::backing_file::{BackingFile, Locked};

thread_local! {
    static HELD: RefCell<Option<Locked>> = const { RefCell::new(None) };
}

/// Takes the lock of `file`. A thread holds one lock at most: a former one is left from a termination.
///
/// # Errors
///
/// As [`BackingFile::lock`].
pub fn take(file: &Arc<BackingFile>) -> Result<(), MemoryError> {
    release();
    let locked = file.lock()?;
    HELD.set(Some(locked));
    Ok(())
}

/// Releases the lock that this thread holds, if it holds one.
pub fn release() {
    drop(HELD.take());
}
