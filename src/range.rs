//! A mapped address range, committed from its beginning.

use std::io;
use std::ptr::NonNull;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::MemoryError;
use crate::sys::{self, Mapping, Place};
use crate::units::HostBytes;

/// What pages to ask the system for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageSize {
    /// Its usual ones.
    Base,
    /// Of 2 MiB, where they can be had: fewer faults, but a byte touched may cost 2 MiB.
    Huge,
}

/// ```text
/// base                committed                capacity       + one page
///  | readable, writable | faults: not yet grown into | guard: faults |
/// ```
#[derive(Debug)]
pub struct Range {
    mapping: Mapping,
    capacity: HostBytes,
    committed: AtomicUsize,
    page_size: PageSize,
    _room: MappingRoom,
}

impl Range {
    /// Maps `capacity` bytes and a guard page, the first `committed` of them zero.
    ///
    /// # Errors
    ///
    /// What the system says, or [`MemoryError::Mappings`]; nothing is mapped then.
    pub fn map(
        committed: HostBytes,
        capacity: HostBytes,
        page_size: PageSize,
    ) -> Result<Self, MemoryError> {
        let room = MappingRoom::take(match page_size {
            PageSize::Base => 2,
            PageSize::Huge => 3,
        })?;
        let refused = |source| MemoryError::System {
            wanted: committed.get(),
            source,
        };
        let length = capacity
            .checked_add(HostBytes::page())
            .ok_or_else(|| refused(io::ErrorKind::OutOfMemory.into()))?;
        let reserve = match page_size {
            PageSize::Base => Mapping::reserve,
            PageSize::Huge => Mapping::reserve_huge,
        };
        Ok(Self {
            mapping: reserve(length, committed).map_err(refused)?,
            capacity,
            committed: AtomicUsize::new(committed.get()),
            page_size,
            _room: room,
        })
    }

    /// The first byte's address.
    pub fn base(&self) -> NonNull<u8> {
        self.mapping.base()
    }

    /// What pages it asks for.
    pub fn page_size(&self) -> PageSize {
        self.page_size
    }

    /// How many bytes can be committed.
    pub fn capacity(&self) -> HostBytes {
        self.capacity
    }

    /// How many bytes are committed.
    pub fn committed(&self) -> HostBytes {
        HostBytes::round_up(self.committed.load(Ordering::Relaxed)).unwrap_or(self.capacity)
    }

    /// Commits `length` bytes in all: those that were not read zero, those beyond fault.
    ///
    /// # Errors
    ///
    /// What the system says; nothing has changed then.
    pub fn commit(&self, length: HostBytes) -> Result<(), MemoryError> {
        let committed = self.committed();
        let changed = if length >= committed {
            self.mapping.allow(committed, length)
        } else {
            self.mapping.forbid(length, committed)
        };
        changed.map_err(|source| MemoryError::System {
            wanted: length.get(),
            source,
        })?;
        self.committed.store(length.get(), Ordering::Relaxed);
        Ok(())
    }

    /// Gives all pages back to the system: what is committed reads zero.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn discard(&self) -> io::Result<()> {
        self.mapping.discard(self.committed())
    }

    /// This range as a place that pages move to, and those committed from.
    pub fn as_place(&self) -> Place<'_> {
        Place::of(&self.mapping)
    }
}

/// The right to hold the mappings of a range, given back when dropped: what is committed, what is
/// not, and what lies before one that had to be aligned.
///
/// The kernel limits mappings per process, and an engine whose own `mmap` fails aborts: a quarter
/// of them stays the engine's.
#[derive(Debug)]
struct MappingRoom {
    mappings: usize,
}

static LIVE_MAPPINGS: AtomicUsize = AtomicUsize::new(0);

impl MappingRoom {
    fn take(mappings: usize) -> Result<Self, MemoryError> {
        static LIMIT: OnceLock<usize> = OnceLock::new();
        let limit = *LIMIT.get_or_init(|| sys::max_map_count() / 4 * 3);
        LIVE_MAPPINGS
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |live| {
                live.checked_add(mappings).filter(|live| *live <= limit)
            })
            .map(|_| Self { mappings })
            .map_err(|live| MemoryError::Mappings { live, limit })
    }
}

impl Drop for MappingRoom {
    fn drop(&mut self) {
        LIVE_MAPPINGS.fetch_sub(self.mappings, Ordering::Relaxed);
    }
}
