//! The address range of a memory: as large as the system allows, and pooled or unmapped when it is dropped.

use std::ops::Deref;
use std::sync::Arc;

use crate::error::MemoryError;
use crate::memory::address_range::{AddressRange, PageSize};
use crate::memory::spare_ranges;
use crate::sys::{self, HostBytes};

/// The bytes of address space that are left to the engine if the system limits that of the process.
const ENGINE_HEADROOM: usize = 64 << 20;

/// An address range that belongs to one memory. Its operations are those of [`AddressRange`].
#[derive(Debug)]
pub struct Reservation {
    range: Arc<AddressRange>,
}

impl Reservation {
    /// Reserves `wanted` bytes, or fewer if the system refuses, and commits the first `committed`. Takes a spare
    /// range if there is one of that size.
    ///
    /// # Errors
    ///
    /// [`MemoryError::AddressSpaceExhausted`], [`MemoryError::MappingsExhausted`] or
    /// [`MemoryError::AllocationFailed`] if not even `committed` bytes can be reserved. Nothing stays reserved
    /// then.
    pub fn new(
        committed: HostBytes,
        wanted: HostBytes,
        page_size: PageSize,
    ) -> Result<Self, MemoryError> {
        match spare_ranges::take(committed, wanted.max(committed), page_size) {
            Some(range) => Ok(Self { range }),
            None => Self::fresh(committed, wanted, page_size),
        }
    }

    /// Reserves as [`Reservation::new`] does, but never takes a spare range. Taking one makes the pool keep
    /// ranges until the next turn of the event loop. Only making a memory schedules their release for that
    /// turn, and growth does not.
    ///
    /// # Errors
    ///
    /// As [`Reservation::new`].
    pub fn fresh(
        committed: HostBytes,
        wanted: HostBytes,
        page_size: PageSize,
    ) -> Result<Self, MemoryError> {
        let capacity = wanted.max(committed);
        let range = map(committed, capacity, page_size).or_else(|error| {
            // Spare ranges take address space and mappings as well.
            match spare_ranges::release() {
                0 => Err(error),
                _ => map(committed, capacity, page_size),
            }
        })?;
        Ok(Self {
            range: Arc::new(range),
        })
    }
}

impl Deref for Reservation {
    type Target = AddressRange;

    fn deref(&self) -> &AddressRange {
        &self.range
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        spare_ranges::offer(&self.range);
    }
}

/// Maps a range of `capacity` bytes. If the system refuses, tries half as many again and again, down to
/// `committed`.
fn map(
    committed: HostBytes,
    mut capacity: HostBytes,
    page_size: PageSize,
) -> Result<AddressRange, MemoryError> {
    if let Some(left) = sys::address_space_left() {
        // Saturates: nothing is left if the engine needs all of it.
        let left = left.saturating_sub(ENGINE_HEADROOM);
        if committed.get() > left {
            let wanted = committed.get();
            return Err(MemoryError::AddressSpaceExhausted { wanted, left });
        }
        // Takes at most half of what is left, since the engine and the next memory need some as well. A limit
        // beyond the address space is no limit.
        let half = HostBytes::round_up(left).map_or(capacity, HostBytes::halved);
        capacity = capacity.min(half).max(committed);
    }
    loop {
        match AddressRange::map(committed, capacity, page_size) {
            Err(MemoryError::AllocationFailed { .. }) if capacity > committed => {
                capacity = capacity.halved().max(committed);
            }
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Pages;

    fn bytes(pages: u64) -> HostBytes {
        Pages::new(pages).unwrap().bytes().unwrap()
    }

    /// More than any user address space holds.
    fn too_large() -> HostBytes {
        HostBytes::round_up(1 << (usize::BITS - 2)).unwrap()
    }

    #[test]
    fn a_reservation_too_large_is_clamped() {
        let reservation = Reservation::new(bytes(1), too_large(), PageSize::Base).unwrap();
        assert!(reservation.capacity() >= bytes(1 << 16));
        assert!(reservation.capacity() < too_large());
        reservation.commit(bytes(2)).unwrap();
    }

    #[test]
    fn a_commit_beyond_the_capacity_is_refused() {
        assert!(matches!(
            Reservation::new(too_large(), too_large(), PageSize::Base),
            Err(MemoryError::AllocationFailed { .. })
        ));
        let small = Reservation::new(bytes(1), bytes(2), PageSize::Base).unwrap();
        assert!(small.commit(bytes(3)).is_err());
    }

    #[test]
    fn released_ranges_leave_the_address_space() {
        // Sizes that no other test has: they run beside this one, and addresses are reused.
        let committed = bytes(12_345);
        let reservation = Reservation::new(committed, bytes(54_321), PageSize::Base).unwrap();
        let base = reservation.base().as_ptr().addr();
        let line = format!("{base:x}-{:x} rw-p ", base + committed.get());
        let mapped = || {
            std::fs::read_to_string("/proc/self/maps")
                .unwrap()
                .lines()
                .any(|mapping| mapping.starts_with(&line))
        };
        assert!(mapped());
        drop(reservation);
        spare_ranges::release();
        assert!(!mapped());
    }

    #[test]
    fn huge_pages_are_aligned() {
        let reservation = Reservation::new(bytes(1), bytes(64), PageSize::Huge).unwrap();
        assert!(reservation.base().as_ptr().addr().is_multiple_of(2 << 20));
        assert_eq!(reservation.capacity(), bytes(64));
        reservation.commit(bytes(64)).unwrap();
    }
}
