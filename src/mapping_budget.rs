//! The share of the process's memory mappings that this package may use.
//!
//! The kernel limits the mappings of a process, and an engine whose own `mmap` fails aborts the process. So
//! a quarter of the limit is left to the engine.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::MemoryError;
use crate::sys;

/// A number of mappings that were taken from the budget. They return to it when this is dropped.
#[derive(Debug, Default)]
pub struct MappingBudget {
    mappings: usize,
}

/// The mappings that all [`MappingBudget`]s together have.
static LIVE_MAPPINGS: AtomicUsize = AtomicUsize::new(0);

impl MappingBudget {
    /// Returns a budget without mappings.
    pub const fn empty() -> Self {
        Self { mappings: 0 }
    }

    /// Takes `mappings` from the budget.
    ///
    /// # Errors
    ///
    /// [`MemoryError::MappingsExhausted`] if fewer are left.
    pub fn take(mappings: usize) -> Result<Self, MemoryError> {
        let mut budget = Self::empty();
        budget.extend(mappings)?;
        Ok(budget)
    }

    /// Takes `mappings` more.
    ///
    /// # Errors
    ///
    /// [`MemoryError::MappingsExhausted`] if fewer are left; nothing has changed then.
    pub fn extend(&mut self, mappings: usize) -> Result<(), MemoryError> {
        static LIMIT: OnceLock<usize> = OnceLock::new();
        let limit = *LIMIT.get_or_init(|| sys::max_map_count() / 4 * 3);
        LIVE_MAPPINGS
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |live| {
                live.checked_add(mappings).filter(|live| *live <= limit)
            })
            .map_err(|live| MemoryError::MappingsExhausted { live, limit })?;
        // No overflow: the sum above includes this one.
        self.mappings += mappings;
        Ok(())
    }

    /// Returns mappings to the budget until `mappings` are left. Does nothing if there are fewer.
    pub fn shrink_to(&mut self, mappings: usize) {
        let kept = self.mappings.min(mappings);
        LIVE_MAPPINGS.fetch_sub(self.mappings - kept, Ordering::Relaxed);
        self.mappings = kept;
    }
}

impl Drop for MappingBudget {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}
