//! A memory that this package reserves: its limits, its size, and the address ranges its pages live in.
//!
//! The life of a buffer:
//!
//! 1. **Reserve** ([`Reservation::new`]): take an address range of the maximum, or of 4 GiB without one.
//! 2. **Commit** the initial pages: readable, writable and zero. Accesses beyond them fault.
//! 3. **Issue**: the layer above makes an ArrayBuffer over a [`Span`]. The buffer's backing store
//!    keeps this memory alive.
//! 4. **Grow** ([`LinearMemory::grow`]): commit more pages, issue a longer buffer over the same address,
//!    detach the shorter one, publish the size. If the range is too small, the pages move to a larger one
//!    without being copied. Detaching comes last of all that can fail, since nothing brings a detached
//!    buffer back.
//! 5. **Move out** ([`LinearMemory::move_out`]): the pages move into an engine memory, or under an engine
//!    buffer that is resizable. From there they may move back ([`LinearMemory::move_back`]), perhaps
//!    with more pages, or move on ([`LinearMemory::move_on`]).
//! 6. **Release**: once the last buffer's backing store is gone, the memory is dropped, and every range
//!    that it ever lived in is unmapped. That is not done before, since native code may still have an
//!    address in one of them.

pub mod address_range;
mod growth;
mod moves;
pub mod reservation;
pub mod spare_ranges;

use std::ptr::NonNull;
use std::sync;

use crate::error::MemoryError;
use crate::memory::address_range::PageSize;
use crate::memory::reservation::Reservation;
use crate::pages::file_tail::FileTail;
use crate::sync::{AtomicU64, Mutex, MutexGuard, Ordering, PoisonError};
use crate::sys::HostBytes;
#[cfg(test)]
use crate::sys::PageRange;
use crate::units::Pages;

pub use growth::Backing;

/// The number of pages that are reserved for a memory without a maximum: all that 32-bit addresses reach.
const UNBOUNDED: u64 = 65_536;

/// The bytes that a buffer covers: pages from the beginning of a memory.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// The address of the first byte.
    pub base: NonNull<u8>,
    /// The length in bytes.
    pub length: HostBytes,
}

/// Which threads may have buffers of a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// One thread, one buffer at a time: the memory may move when it grows.
    Unshared,
    /// Any thread, many buffers: the memory stays where it is.
    Shared,
}

/// A memory: pages that grow up to a maximum, and whose address range may change.
#[derive(Debug)]
pub struct LinearMemory {
    maximum: Pages,
    sharing: Sharing,
    /// The size for readers that do not hold the lock. It is stored under the lock, after the pages were
    /// committed.
    published: AtomicU64,
    ranges: Mutex<Ranges>,
    /// The page in which the file of a file-backed memory ends. Locked after `ranges`.
    tail: sync::Mutex<Option<FileTail>>,
}

/// Where the pages are, and where they were.
#[derive(Debug)]
struct Ranges {
    size: Pages,
    current: Reservation,
    /// Ranges that the pages have left. They stay mapped for native code that has an address in them.
    former: Vec<Reservation>,
    /// Whether the pages have moved out, or [`LinearMemory::close`] has decommitted them.
    moved_out: bool,
    /// How often the memory has grown in place.
    growths: u32,
}

impl Ranges {
    /// Makes `larger` the current range. The former one stays mapped.
    fn replace_current(&mut self, larger: Reservation) {
        let former = std::mem::replace(&mut self.current, larger);
        self.former.push(former);
    }
}

impl LinearMemory {
    /// Makes a memory of `initial` zero pages that may grow to `maximum`, or to [`Pages::LIMIT`] without one.
    /// If the system refuses to reserve the maximum, less is reserved.
    ///
    /// # Errors
    ///
    /// [`MemoryError::MaximumExceeded`], [`MemoryError::AddressSpaceExceeded`],
    /// [`MemoryError::AddressSpaceExhausted`], [`MemoryError::MappingsExhausted`] or
    /// [`MemoryError::AllocationFailed`].
    pub fn new(
        initial: Pages,
        maximum: Option<Pages>,
        sharing: Sharing,
        page_size: PageSize,
    ) -> Result<Self, MemoryError> {
        let limit = maximum.unwrap_or(Pages::LIMIT);
        let committed = length_within(initial, limit)?;
        let wanted = maximum.or(Pages::new(UNBOUNDED)).and_then(Pages::bytes);
        let reservation = Reservation::new(committed, wanted.unwrap_or(committed), page_size)?;
        Ok(Self::with_reservation(reservation, initial, limit, sharing))
    }

    pub(crate) fn with_reservation(
        current: Reservation,
        size: Pages,
        maximum: Pages,
        sharing: Sharing,
    ) -> Self {
        Self {
            maximum,
            sharing,
            published: AtomicU64::new(size.count()),
            ranges: Mutex::new(Ranges {
                size,
                current,
                former: Vec::new(),
                moved_out: false,
                growths: 0,
            }),
            tail: sync::Mutex::default(),
        }
    }

    /// Returns how many pages the memory has now. Each of them is accessible.
    pub fn size(&self) -> u64 {
        self.published.load(Ordering::Acquire)
    }

    /// Returns which threads may have buffers of the memory.
    pub fn sharing(&self) -> Sharing {
        self.sharing
    }

    /// Returns the span of all bytes.
    ///
    /// # Errors
    ///
    /// [`MemoryError::MovedOut`].
    pub fn span(&self) -> Result<Span, MemoryError> {
        let ranges = self.lock_live()?;
        let length = length_within(ranges.size, self.maximum)?;
        Ok(Span {
            base: ranges.current.base(),
            length,
        })
    }

    /// Returns the empty span at the beginning of the memory. After the pages have moved out, a buffer over it
    /// keeps the ranges mapped that they have left.
    pub fn empty_span(&self) -> Span {
        Span {
            base: self.lock().current.base(),
            length: HostBytes::ZERO,
        }
    }

    /// Returns how many bytes of address space are reserved for the memory, and how many of these are accessible.
    /// Ranges that the pages have left are included.
    pub fn reserved(&self) -> (usize, usize) {
        let ranges = self.lock();
        let all = ranges.former.iter().chain([&ranges.current]);
        all.fold((0, 0), |(reserved, committed), range| {
            (
                // No overflow: the ranges are parts of one address space.
                reserved + range.capacity().get(),
                committed + range.committed().get(),
            )
        })
    }

    /// Calls `detach`, which detaches the memory's buffer, and then decommits the pages.
    ///
    /// # Errors
    ///
    /// The error of `detach`, or [`MemoryError::MovedOut`]. The memory is then as it was.
    pub fn close<E: From<MemoryError>>(
        &self,
        detach: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        let mut ranges = self.lock_live()?;
        detach()?;
        self.reconcile_tail_of(&ranges);
        *self.tail() = None;
        ranges.moved_out = true;
        // If the system refuses, the pages take memory until the range is unmapped.
        let _ = ranges.current.decommit_all();
        Ok(())
    }

    /// Locks the page in which the file of a file-backed memory ends: `None` if the memory has no such page of
    /// its own.
    pub fn tail(&self) -> sync::MutexGuard<'_, Option<FileTail>> {
        // Nothing panics while it holds the lock.
        self.tail
            .lock()
            .unwrap_or_else(sync::PoisonError::into_inner)
    }

    /// Merges the page in which the file ends a last time, before the memory is dropped.
    pub fn reconcile_tail(&self) {
        let ranges = self.lock();
        self.reconcile_tail_of(&ranges);
    }

    fn reconcile_tail_of(&self, ranges: &Ranges) {
        let mut tail = self.tail();
        let pages =
            length_within(ranges.size, self.maximum).and_then(|size| ranges.current.pages(size));
        if !ranges.moved_out
            && let Some(tail) = tail.as_mut()
            && let Ok(pages) = pages
        {
            // A failure cannot be reported to anybody any more.
            let _ = tail.merge(&pages);
        }
    }

    /// Calls `action` with all pages of the memory, which stay where they are meanwhile.
    #[cfg(test)]
    pub fn with_pages<T>(&self, action: impl FnOnce(&PageRange) -> T) -> T {
        let ranges = self.lock();
        let length = length_within(ranges.size, self.maximum).unwrap();
        action(&ranges.current.pages(length).unwrap())
    }

    fn lock(&self) -> MutexGuard<'_, Ranges> {
        // Nothing panics while it holds the lock. If something did, the ranges would still be whole.
        self.ranges.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_live(&self) -> Result<MutexGuard<'_, Ranges>, MemoryError> {
        Some(self.lock())
            .filter(|ranges| !ranges.moved_out)
            .ok_or(MemoryError::MovedOut)
    }
}

impl Drop for LinearMemory {
    fn drop(&mut self) {
        if self.tail().is_some() {
            self.reconcile_tail();
        }
    }
}

/// Returns the length of `pages` in bytes.
///
/// # Errors
///
/// [`MemoryError::MaximumExceeded`] if `maximum` is less, or [`MemoryError::AddressSpaceExceeded`].
fn length_within(pages: Pages, maximum: Pages) -> Result<HostBytes, MemoryError> {
    let wanted = pages.count();
    if pages > maximum {
        let maximum = maximum.count();
        return Err(MemoryError::MaximumExceeded { wanted, maximum });
    }
    pages
        .bytes()
        .ok_or(MemoryError::AddressSpaceExceeded { wanted })
}

/// Returns how many bytes to reserve for a memory of `length` bytes that has outgrown its range: twice as many,
/// so that a memory that keeps growing seldom moves, but at most `limit`. If no address space is twice as
/// large, returns `length`.
fn with_room_to_grow(length: HostBytes, limit: HostBytes) -> HostBytes {
    length.checked_add(length).unwrap_or(length).min(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub fn pages(count: u64) -> Pages {
        Pages::new(count).unwrap()
    }

    pub fn bytes(count: u64) -> HostBytes {
        pages(count).bytes().unwrap()
    }

    pub fn unshared(initial: u64, maximum: Option<u64>) -> LinearMemory {
        LinearMemory::new(
            pages(initial),
            maximum.map(pages),
            Sharing::Unshared,
            PageSize::Base,
        )
        .unwrap()
    }

    pub fn grow(memory: &LinearMemory, delta: u64) -> Result<(u64, Span), MemoryError> {
        memory.grow(pages(delta), Ok, || Ok(()))
    }

    #[test]
    fn more_than_the_maximum_is_refused() {
        let refused =
            LinearMemory::new(pages(2), Some(pages(1)), Sharing::Unshared, PageSize::Base);
        assert!(matches!(refused, Err(MemoryError::MaximumExceeded { .. })));
        let memory = unshared(1, None);
        let refused = grow(&memory, Pages::LIMIT.count());
        assert!(matches!(refused, Err(MemoryError::MaximumExceeded { .. })));
    }
}
