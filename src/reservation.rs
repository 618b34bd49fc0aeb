//! An address range: reserved whole, committed from its beginning, released when dropped.

use std::io;
use std::ptr::NonNull;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::MemoryError;
use crate::sys::{self, Destination, Mapping};
use crate::units::HostBytes;

/// Address space that stays the engine's where the system limits the process's.
const ENGINE_HEADROOM: usize = 64 << 20;

/// An address range that ends in a guard page.
///
/// ```text
/// base                committed                capacity       + one page
///  | readable, writable | faults: not yet grown into | guard: faults |
/// ```
#[derive(Debug)]
pub struct Reservation {
    mapping: Mapping,
    capacity: HostBytes,
    _room: MappingRoom,
}

impl Reservation {
    /// Reserves `wanted` bytes, or as many as the system gives, and commits the first `committed`.
    ///
    /// # Errors
    ///
    /// Where not even `committed` bytes can be had; nothing stays reserved then.
    pub fn new(committed: HostBytes, wanted: HostBytes) -> Result<Self, MemoryError> {
        let room = MappingRoom::take()?;
        let mut capacity = wanted.max(committed);
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
            match Self::map(committed, capacity) {
                Ok(mapping) => {
                    return Ok(Self {
                        mapping,
                        capacity,
                        _room: room,
                    });
                }
                Err(_) if capacity > committed => capacity = capacity.halved().max(committed),
                Err(source) => {
                    let wanted = committed.get();
                    return Err(MemoryError::System { wanted, source });
                }
            }
        }
    }

    fn map(committed: HostBytes, capacity: HostBytes) -> io::Result<Mapping> {
        let length = capacity
            .checked_add(HostBytes::page())
            .ok_or(io::ErrorKind::OutOfMemory)?;
        Mapping::reserve(length, committed)
    }

    /// The first byte's address, the same as long as the reservation lives.
    pub fn base(&self) -> NonNull<u8> {
        self.mapping.base()
    }

    /// How many bytes can be committed.
    pub fn capacity(&self) -> HostBytes {
        self.capacity
    }

    /// Makes the bytes from `from` to `to` readable and writable; they read zero.
    ///
    /// # Errors
    ///
    /// What the system says; nothing has changed then.
    pub fn commit(&self, from: HostBytes, to: HostBytes) -> Result<(), MemoryError> {
        self.mapping
            .allow(from, to)
            .map_err(|source| MemoryError::System {
                wanted: to.get().saturating_sub(from.get()),
                source,
            })
    }

    /// Takes back a commit of bytes that nobody has touched.
    pub fn uncommit(&self, from: HostBytes, to: HostBytes) {
        // Where it fails, pages that nobody can name stay accessible: no harm but the lost fault.
        let _ = self.mapping.forbid(from, to);
    }

    /// Moves the first `length` bytes' pages to `destination`; the range here stays mapped and
    /// reads zero.
    ///
    /// # Errors
    ///
    /// What the system says; the pages are then still here.
    pub fn move_pages(
        &self,
        length: HostBytes,
        destination: &Destination,
    ) -> Result<(), MemoryError> {
        self.mapping
            .move_pages(length, destination)
            .map_err(|source| MemoryError::System {
                wanted: length.get(),
                source,
            })
    }

    /// This reservation as the place that another's pages move to.
    pub fn as_destination(&self) -> Destination<'_> {
        Destination::of(&self.mapping)
    }
}

/// The right to hold the two mappings of a reservation, given back when dropped.
///
/// The kernel limits mappings per process, and an engine whose own `mmap` fails aborts: a quarter
/// of them stays the engine's.
#[derive(Debug)]
struct MappingRoom;

static LIVE_MAPPINGS: AtomicUsize = AtomicUsize::new(0);

impl MappingRoom {
    const EACH: usize = 2;

    fn take() -> Result<Self, MemoryError> {
        static LIMIT: OnceLock<usize> = OnceLock::new();
        let limit = *LIMIT.get_or_init(|| sys::max_map_count() / 4 * 3);
        LIVE_MAPPINGS
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |live| {
                live.checked_add(Self::EACH).filter(|live| *live <= limit)
            })
            .map(|_| Self)
            .map_err(|live| MemoryError::Mappings { live, limit })
    }
}

impl Drop for MappingRoom {
    fn drop(&mut self) {
        LIVE_MAPPINGS.fetch_sub(Self::EACH, Ordering::Relaxed);
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
        let reservation = Reservation::new(bytes(1), too_large()).unwrap();
        assert!(reservation.capacity() >= bytes(1 << 16));
        assert!(reservation.capacity() < too_large());
        reservation.commit(bytes(1), bytes(2)).unwrap();
    }

    #[test]
    fn what_cannot_be_committed_is_refused() {
        assert!(matches!(
            Reservation::new(too_large(), too_large()),
            Err(MemoryError::System { .. })
        ));
        let small = Reservation::new(bytes(1), bytes(2)).unwrap();
        assert!(small.commit(bytes(1), bytes(3)).is_err());
    }

    #[test]
    fn released_ranges_leave_the_address_space() {
        // A size that no other test commits: they run beside this one, and addresses are reused.
        let committed = bytes(12_345);
        let reservation = Reservation::new(committed, bytes(65_536)).unwrap();
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
        assert!(!mapped());
    }
}
