//! An address range of a memory's: reserved whole, committed from its beginning, released when
//! dropped.

use std::ptr::NonNull;
use std::sync::Arc;

use crate::error::MemoryError;
use crate::memory::address_range::{PageSize, Range};
use crate::memory::spare_ranges;
use crate::pages::Moved;
use crate::sys::{self, HostBytes, PageRange};

/// Address space that stays the engine's where the system limits the process's.
const ENGINE_HEADROOM: usize = 64 << 20;

/// A range that is ours alone.
#[derive(Debug)]
pub struct Reservation {
    range: Arc<Range>,
}

impl Reservation {
    /// Reserves `wanted` bytes, or as many as the system gives, and commits the first `committed`.
    ///
    /// # Errors
    ///
    /// Where not even `committed` bytes can be had; nothing stays reserved then.
    pub fn new(
        committed: HostBytes,
        wanted: HostBytes,
        page_size: PageSize,
    ) -> Result<Self, MemoryError> {
        match spare_ranges::take(committed, wanted.max(committed), page_size) {
            Some(range) => Ok(Self { range }),
            None => Self::anew(committed, wanted, page_size),
        }
    }

    /// As [`Reservation::new`], but never over a spare range: taking one asks for more to be kept,
    /// until the program that made a memory gets to its event loop, and growing makes none.
    ///
    /// # Errors
    ///
    /// As [`Reservation::new`].
    pub fn anew(
        committed: HostBytes,
        wanted: HostBytes,
        page_size: PageSize,
    ) -> Result<Self, MemoryError> {
        let capacity = wanted.max(committed);
        let range = map(committed, capacity, page_size).or_else(|error| {
            // Spare ranges take room too.
            match spare_ranges::release() {
                0 => Err(error),
                _ => map(committed, capacity, page_size),
            }
        })?;
        Ok(Self {
            range: Arc::new(range),
        })
    }

    /// The first byte's address, the same as long as the reservation lives.
    pub fn base(&self) -> NonNull<u8> {
        self.range.base()
    }

    /// What pages it asks for.
    pub fn page_size(&self) -> PageSize {
        self.range.page_size()
    }

    /// How many bytes can be committed.
    pub fn capacity(&self) -> HostBytes {
        self.range.capacity()
    }

    /// How many bytes are committed.
    pub fn committed(&self) -> HostBytes {
        self.range.committed()
    }

    /// Commits `length` bytes in all; those that were not read zero.
    ///
    /// # Errors
    ///
    /// What the system says; nothing has changed then.
    pub fn commit(&self, length: HostBytes) -> Result<(), MemoryError> {
        self.range.commit(length)
    }

    /// Takes back a commit: `length` in all stay. If those behind are ever committed again, they read zero.
    pub fn uncommit(&self, length: HostBytes) {
        self.range.uncommit(length);
    }

    /// Gives all pages back to the system: what is committed reads zero.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn discard(&self) -> Result<(), MemoryError> {
        self.range.discard()
    }

    /// Moves the first `length` bytes' pages to `destination`; the range here stays mapped and
    /// reads zero.
    ///
    /// # Errors
    ///
    /// What the system says; the pages are then still here.
    pub fn move_pages<'a>(
        &'a self,
        length: HostBytes,
        destination: &PageRange<'a>,
    ) -> Result<Moved<'a>, MemoryError> {
        self.range.move_pages(length, destination)
    }

    /// The first `length` bytes' pages, which are committed.
    ///
    /// # Errors
    ///
    /// Where there are not so many.
    pub fn pages(&self, length: HostBytes) -> Result<PageRange<'_>, MemoryError> {
        self.range.pages(length)
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        spare_ranges::offer(&self.range);
    }
}

/// A range of `capacity` bytes, or of as many as the system gives, by halves, down to `committed`.
fn map(
    committed: HostBytes,
    mut capacity: HostBytes,
    page_size: PageSize,
) -> Result<Range, MemoryError> {
    if let Some(left) = sys::address_space_left() {
        let left = left.saturating_sub(ENGINE_HEADROOM);
        if committed.get() > left {
            let wanted = committed.get();
            return Err(MemoryError::Limit { wanted, left });
        }
        // Half of what is left: the engine and the next memory want some too.
        let half = HostBytes::round_up(left).unwrap_or_default().halved();
        capacity = capacity.min(half).max(committed);
    }
    loop {
        match Range::map(committed, capacity, page_size) {
            Err(MemoryError::System { .. }) if capacity > committed => {
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
    fn what_cannot_be_committed_is_refused() {
        assert!(matches!(
            Reservation::new(too_large(), too_large(), PageSize::Base),
            Err(MemoryError::System { .. })
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
