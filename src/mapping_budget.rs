//! How many of the kernel's mappings are ours.
//!
//! The kernel limits mappings per process, and an engine whose own `mmap` fails aborts: a quarter of
//! them stays the engine's.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::MemoryError;
use crate::sys;

/// The right to hold so many mappings, given back when dropped.
#[derive(Debug, Default)]
pub struct MappingRoom {
    mappings: usize,
}

static LIVE_MAPPINGS: AtomicUsize = AtomicUsize::new(0);

impl MappingRoom {
    /// Room for none.
    pub const fn empty() -> Self {
        Self { mappings: 0 }
    }

    /// Room for so many.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Mappings`].
    pub fn take(mappings: usize) -> Result<Self, MemoryError> {
        let mut room = Self::empty();
        room.extend(mappings)?;
        Ok(room)
    }

    /// Takes room for `mappings` more.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Mappings`]; nothing has changed then.
    pub fn extend(&mut self, mappings: usize) -> Result<(), MemoryError> {
        static LIMIT: OnceLock<usize> = OnceLock::new();
        let limit = *LIMIT.get_or_init(|| sys::max_map_count() / 4 * 3);
        LIVE_MAPPINGS
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |live| {
                live.checked_add(mappings).filter(|live| *live <= limit)
            })
            .map_err(|live| MemoryError::Mappings { live, limit })?;
        self.mappings = self.mappings.saturating_add(mappings);
        Ok(())
    }

    /// Gives back what is more than `mappings`.
    pub fn shrink_to(&mut self, mappings: usize) {
        let surplus = self.mappings.saturating_sub(mappings);
        LIVE_MAPPINGS.fetch_sub(surplus, Ordering::Relaxed);
        self.mappings = self.mappings.saturating_sub(surplus);
    }
}

impl Drop for MappingRoom {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}
