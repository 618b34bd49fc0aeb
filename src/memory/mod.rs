//! A memory: its limits, its size, and the ranges its pages live in.
//!
//! The life of a buffer:
//!
//! 1. **Reserve** ([`Reservation::new`]): an address range of the maximum, or of 4 GiB without one.
//! 2. **Commit** the initial pages: readable, writable and zero. What lies beyond faults.
//! 3. **Issue**: the layer above makes an ArrayBuffer over an [`Extent`]; the buffer's backing store
//!    keeps this memory alive.
//! 4. **Grow** ([`LinearMemory::grow`]): commit more, issue a longer buffer over the same pages,
//!    retire (detach) the shorter one, publish the size. A range that turns out too small is left for
//!    a larger one: the pages move, without being copied. What retires comes last of all that can
//!    fail, since nothing brings a detached buffer back.
//! 5. **Vacate** ([`LinearMemory::vacate`]): the pages move into a memory of the engine's, or under a
//!    resizable buffer of the engine's. From there they may come back ([`LinearMemory::reclaim`]), more
//!    of them perhaps, or move on ([`LinearMemory::pass_on`]).
//! 6. **Release**: when the last buffer's backing store is gone, this is dropped, and every range it
//!    ever lived in is unmapped. Not before: native code may still hold an old address.

pub mod address_range;
pub mod reservation;
pub mod spare_ranges;

use std::ptr::NonNull;
use std::sync;

use crate::error::MemoryError;
use crate::memory::address_range::PageSize;
use crate::memory::reservation::Reservation;
use crate::pages;
use crate::pages::file_tail::Tail;
use crate::sync::{AtomicU64, Mutex, MutexGuard, Ordering, PoisonError};
use crate::sys::{HostBytes, PageRange};
use crate::units::Pages;

/// Pages reserved for a memory without a maximum: all that 32-bit addresses reach.
const UNBOUNDED: u64 = 65_536;

/// Growths up to which a memory is one that seldom grows.
const SELDOM: u32 = 16;

/// The most that is ever committed beyond the size.
const MOST_SLACK: HostBytes = HostBytes::MIB;

/// What a buffer covers: pages from the beginning of a memory.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// The first byte's address.
    pub base: NonNull<u8>,
    /// How many bytes.
    pub length: HostBytes,
}

/// Who may hold buffers of a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// One thread, one buffer at a time: the memory may move when it grows.
    Unshared,
    /// Any thread, many buffers: the memory stays where it is.
    Shared,
}

/// Pages that grow, within the limits they were made with.
#[derive(Debug)]
pub struct LinearMemory {
    maximum: Pages,
    sharing: Sharing,
    /// The size for those who do not hold the lock: stored under it, after the pages were committed.
    published: AtomicU64,
    ranges: Mutex<Ranges>,
    /// If it is a file: the page in which that ends. Locked after the ranges.
    tail: sync::Mutex<Option<Tail>>,
}

/// What else has to happen to the pages of a memory that grows.
pub trait Under {
    /// Called when the pages are accessible, and before anybody sees them: all of the memory's.
    ///
    /// # Errors
    ///
    /// Why the memory cannot grow. [`Under::uncover`] is called then, too.
    fn cover(&self, pages: &PageRange) -> Result<(), MemoryError>;

    /// Takes that back. The first `kept` bytes are those that the memory had before.
    fn uncover(&self, pages: &PageRange, kept: HostBytes);
}

/// Nothing has.
struct Nothing;

impl Under for Nothing {
    fn cover(&self, _pages: &PageRange) -> Result<(), MemoryError> {
        Ok(())
    }

    fn uncover(&self, _pages: &PageRange, _kept: HostBytes) {}
}

#[derive(Debug)]
struct Ranges {
    size: Pages,
    current: Reservation,
    /// Ranges that the pages have left; kept for those who may still hold an address in them.
    former: Vec<Reservation>,
    vacated: bool,
    /// How often the memory has grown in place.
    growths: u32,
}

impl Ranges {
    fn grow_in_place<T, E: From<MemoryError>>(
        &mut self,
        (from, to): (HostBytes, HostBytes),
        under: &dyn Under,
        issue: impl FnOnce(Extent) -> Result<T, E>,
        retire: impl FnOnce() -> Result<(), E>,
    ) -> Result<T, E> {
        let committed = self.current.committed();
        if to > committed {
            self.current.commit(self.with_slack(to))?;
        }
        let extent = Extent {
            base: self.current.base(),
            length: to,
        };
        let attempt = || {
            let issued = issue(extent)?;
            let pages = self.current.pages(to)?;
            under
                .cover(&pages)
                .map_err(E::from)
                .and_then(|()| retire())
                .inspect_err(|_| under.uncover(&pages, from))?;
            Ok(issued)
        };
        let issued = attempt().inspect_err(|_: &E| self.current.uncommit(committed))?;
        self.growths = self.growths.saturating_add(1);
        Ok(issued)
    }

    /// What to commit for a size of `to`: exactly that, so that all beyond it faults. But a memory
    /// that keeps growing gets an eighth more at a time, since committing is most of what growing
    /// costs.
    fn with_slack(&self, to: HostBytes) -> HostBytes {
        if self.growths < SELDOM {
            return to;
        }
        let slack = to.halved().halved().halved().min(MOST_SLACK);
        to.checked_add(slack)
            .unwrap_or(to)
            .min(self.current.capacity())
    }
}

impl LinearMemory {
    /// A memory of `initial` zero pages that may grow to `maximum`, or to [`Pages::LIMIT`].
    ///
    /// # Errors
    ///
    /// Where the initial pages cannot be had. A maximum that cannot be reserved is only a hint.
    pub fn new(
        initial: Pages,
        maximum: Option<Pages>,
        sharing: Sharing,
        page_size: PageSize,
    ) -> Result<Self, MemoryError> {
        let limit = maximum.unwrap_or(Pages::LIMIT);
        let committed = within(initial, limit)?;
        let wanted = maximum.or(Pages::new(UNBOUNDED)).and_then(Pages::bytes);
        let reservation = Reservation::new(committed, wanted.unwrap_or(committed), page_size)?;
        Ok(Self::over(reservation, initial, limit, sharing))
    }

    pub(crate) fn over(
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
                vacated: false,
                growths: 0,
            }),
            tail: sync::Mutex::default(),
        }
    }

    /// How many pages it has now. Each of them is accessible.
    pub fn size(&self) -> u64 {
        self.published.load(Ordering::Acquire)
    }

    /// Who may hold its buffers.
    pub fn sharing(&self) -> Sharing {
        self.sharing
    }

    /// All its bytes.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Vacated`].
    pub fn extent(&self) -> Result<Extent, MemoryError> {
        let ranges = self.lock_live()?;
        let length = within(ranges.size, self.maximum)?;
        Ok(Extent {
            base: ranges.current.base(),
            length,
        })
    }

    /// The empty extent at its beginning: what keeps a vacated memory's ranges mapped.
    pub fn remains(&self) -> Extent {
        Extent {
            base: self.lock().current.base(),
            length: HostBytes::ZERO,
        }
    }

    /// Grows by `delta` pages. `issue` makes what stands for the new extent, and then `retire` ends
    /// what stood for the old; the new size holds only if both succeed. Returns the size before, and
    /// what `issue` made.
    ///
    /// # Errors
    ///
    /// Where the pages cannot be had, or what `issue` or `retire` says; the memory is then as it was.
    pub fn grow<T, E: From<MemoryError>>(
        &self,
        delta: Pages,
        issue: impl FnOnce(Extent) -> Result<T, E>,
        retire: impl FnOnce() -> Result<(), E>,
    ) -> Result<(u64, T), E> {
        self.grow_over(delta, &Nothing, issue, retire)
    }

    /// As [`LinearMemory::grow`], with something under the pages.
    ///
    /// # Errors
    ///
    /// As [`LinearMemory::grow`], and that of `under`.
    pub fn grow_over<T, E: From<MemoryError>>(
        &self,
        delta: Pages,
        under: &dyn Under,
        issue: impl FnOnce(Extent) -> Result<T, E>,
        retire: impl FnOnce() -> Result<(), E>,
    ) -> Result<(u64, T), E> {
        let mut ranges = self.lock_live()?;
        let before = ranges.size;
        let after = before
            .checked_add(delta)
            .filter(|after| *after <= self.maximum)
            .ok_or(MemoryError::Maximum {
                wanted: before.count().saturating_add(delta.count()),
                maximum: self.maximum.count(),
            })?;
        let (from, to) = (within(before, self.maximum)?, within(after, self.maximum)?);
        let issued = if to <= ranges.current.capacity() {
            ranges.grow_in_place((from, to), under, issue, retire)?
        } else {
            self.grow_elsewhere(&mut ranges, (from, to), under, issue, retire)?
        };
        ranges.size = after;
        self.published.store(after.count(), Ordering::Release);
        Ok((before.count(), issued))
    }

    /// Grows into a larger reservation, and moves there.
    fn grow_elsewhere<T, E: From<MemoryError>>(
        &self,
        ranges: &mut Ranges,
        (from, to): (HostBytes, HostBytes),
        under: &dyn Under,
        issue: impl FnOnce(Extent) -> Result<T, E>,
        retire: impl FnOnce() -> Result<(), E>,
    ) -> Result<T, E> {
        if self.sharing == Sharing::Shared {
            let capacity = ranges.current.capacity().get();
            return Err(MemoryError::Clamped { capacity }.into());
        }
        // Twice as much as needed, so that a memory that keeps growing seldom moves.
        let limit = within(self.maximum, self.maximum)?;
        let wanted = to.checked_add(to).unwrap_or(to).min(limit);
        let larger = Reservation::anew(to, wanted, ranges.current.page_size())?;
        let issued = issue(Extent {
            base: larger.base(),
            length: to,
        })?;
        let moved = ranges.current.move_pages(from, &larger.pages(from)?)?;
        let attempt = || {
            let pages = larger.pages(to)?;
            under
                .cover(&pages)
                .map_err(E::from)
                .and_then(|()| retire())
                .inspect_err(|_| under.uncover(&pages, from))
        };
        attempt().inspect_err(|_: &E| moved.undo())?;
        let former = std::mem::replace(&mut ranges.current, larger);
        ranges.former.push(former);
        Ok(issued)
    }

    /// Moves all pages to `destination`, and then lets `retire` end what stood for them.
    ///
    /// # Errors
    ///
    /// What the system or `retire` says, or [`MemoryError::Vacated`]; the memory is then as it was.
    pub fn vacate<E: From<MemoryError>>(
        &self,
        destination: &PageRange,
        retire: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        let mut ranges = self.lock_live()?;
        let length = within(ranges.size, self.maximum)?;
        let moved = ranges.current.move_pages(length, destination)?;
        retire().inspect_err(|_| moved.undo())?;
        ranges.vacated = true;
        Ok(())
    }

    /// Ends what stood for the memory, by `retire`, and gives its pages back.
    ///
    /// # Errors
    ///
    /// What `retire` says, or [`MemoryError::Vacated`]; the memory is then as it was.
    pub fn close<E: From<MemoryError>>(
        &self,
        retire: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        let mut ranges = self.lock_live()?;
        retire()?;
        self.settle_within(&ranges);
        *self.tail() = None;
        ranges.vacated = true;
        // Where the system refuses, the pages go when the range does.
        let _ = ranges.current.discard();
        Ok(())
    }

    /// How many bytes of address space are kept for it, those it has left included, and how many of
    /// them are accessible.
    pub fn reserved(&self) -> (usize, usize) {
        let ranges = self.lock();
        let all = ranges.former.iter().chain([&ranges.current]);
        all.fold((0, 0), |(reserved, committed), range| {
            (
                reserved.saturating_add(range.capacity().get()),
                committed.saturating_add(range.committed().get()),
            )
        })
    }

    /// Moves the pages back from `source`, to which they were vacated: all that are there now, which
    /// are the new size. `issue` and `retire` as in [`LinearMemory::grow`].
    ///
    /// # Errors
    ///
    /// As [`LinearMemory::grow`]; the pages are then still at `source`.
    pub fn reclaim<T, E: From<MemoryError>>(
        &self,
        source: &PageRange,
        issue: impl FnOnce(Extent) -> Result<T, E>,
        retire: impl FnOnce() -> Result<(), E>,
    ) -> Result<T, E> {
        let mut ranges = self.lock();
        let length = source.length();
        let limit = within(self.maximum, self.maximum)?;
        let size =
            Pages::of_bytes(length.get()).ok_or(MemoryError::AddressSpace { wanted: u64::MAX })?;
        within(size, self.maximum)?;
        let larger = if length > ranges.current.capacity() {
            let wanted = length.checked_add(length).unwrap_or(length).min(limit);
            let page_size = ranges.current.page_size();
            Some(Reservation::anew(length, wanted, page_size)?)
        } else {
            None
        };
        let target = larger.as_ref().unwrap_or(&ranges.current);
        let committed = target.committed();
        if length > committed {
            target.commit(length)?;
        }
        let attempt = || {
            let issued = issue(Extent {
                base: target.base(),
                length,
            })?;
            let moved = pages::relocate(*source, target.pages(length)?)?;
            retire().inspect_err(|_| moved.undo())?;
            Ok(issued)
        };
        let issued = attempt().inspect_err(|_: &E| target.uncommit(committed))?;
        if let Some(larger) = larger {
            let former = std::mem::replace(&mut ranges.current, larger);
            ranges.former.push(former);
        }
        ranges.vacated = false;
        ranges.size = size;
        self.published.store(size.count(), Ordering::Release);
        Ok(issued)
    }

    /// Moves the pages from `source`, to which they were vacated, on to `destination`, and then lets
    /// `retire` end what stood for them.
    ///
    /// # Errors
    ///
    /// As [`LinearMemory::vacate`]; the pages are then still at `source`.
    pub fn pass_on<E: From<MemoryError>>(
        &self,
        source: &PageRange,
        destination: &PageRange,
        retire: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        let _one_at_a_time = self.lock();
        let to = pages::part(destination, 0..source.length().get())?;
        let moved = pages::relocate(*source, to)?;
        retire().inspect_err(|_| moved.undo())
    }

    /// Undoes [`LinearMemory::reclaim`] or [`LinearMemory::pass_on`], whose `retire` left that to be done
    /// later: copies the bytes of `moved` back to `source`. No system call has to succeed.
    pub fn move_back(&self, moved: &PageRange, source: &PageRange) {
        let mut ranges = self.lock();
        moved.copy_to(source);
        ranges.vacated = true;
        // If this fails, the copies take memory until the pages move here again.
        let _ = ranges.current.discard();
    }

    /// If it is a file: the page in which that ends, if that page is the memory's own.
    pub fn tail(&self) -> sync::MutexGuard<'_, Option<Tail>> {
        // Nothing panics under the lock.
        self.tail
            .lock()
            .unwrap_or_else(sync::PoisonError::into_inner)
    }

    /// Gives a file what of its last page was not given to it yet, before the memory goes.
    pub fn settle(&self) {
        let ranges = self.lock();
        self.settle_within(&ranges);
    }

    fn settle_within(&self, ranges: &Ranges) {
        let mut tail = self.tail();
        let pages = within(ranges.size, self.maximum).and_then(|size| ranges.current.pages(size));
        if !ranges.vacated
            && let Some(tail) = tail.as_mut()
            && let Ok(pages) = pages
        {
            // Nobody is left who could be told of a failure.
            let _ = tail.settle(&pages);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Ranges> {
        // Nothing panics under the lock; if it did, the ranges are still whole.
        self.ranges.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_live(&self) -> Result<MutexGuard<'_, Ranges>, MemoryError> {
        Some(self.lock())
            .filter(|ranges| !ranges.vacated)
            .ok_or(MemoryError::Vacated)
    }
}

impl Drop for LinearMemory {
    fn drop(&mut self) {
        if self.tail().is_some() {
            self.settle();
        }
    }
}

/// The length of `pages`, where `maximum` allows so many.
fn within(pages: Pages, maximum: Pages) -> Result<HostBytes, MemoryError> {
    let wanted = pages.count();
    if pages > maximum {
        let maximum = maximum.count();
        return Err(MemoryError::Maximum { wanted, maximum });
    }
    pages.bytes().ok_or(MemoryError::AddressSpace { wanted })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(count: u64) -> Pages {
        Pages::new(count).unwrap()
    }

    fn bytes(count: u64) -> HostBytes {
        pages(count).bytes().unwrap()
    }

    fn unshared(initial: u64, maximum: Option<u64>) -> LinearMemory {
        LinearMemory::new(
            pages(initial),
            maximum.map(pages),
            Sharing::Unshared,
            PageSize::Base,
        )
        .unwrap()
    }

    fn grow(memory: &LinearMemory, delta: u64) -> Result<(u64, Extent), MemoryError> {
        memory.grow(pages(delta), Ok, || Ok(()))
    }

    #[test]
    fn growth_stays_in_place_and_within_the_maximum() {
        let memory = unshared(1, Some(3));
        let base = memory.extent().unwrap().base;
        let (before, extent) = grow(&memory, 2).unwrap();
        assert_eq!((before, memory.size()), (1, 3));
        assert_eq!(extent.base, base);
        assert_eq!(extent.length.get(), 3 * 65_536);
        assert!(matches!(
            grow(&memory, 1),
            Err(MemoryError::Maximum {
                wanted: 4,
                maximum: 3
            })
        ));
        assert_eq!(memory.size(), 3);
        assert!(grow(&memory, 0).is_ok());
    }

    #[test]
    fn a_growth_whose_issue_fails_changes_nothing() {
        let memory = unshared(1, Some(3));
        let refused = memory.grow(
            pages(1),
            |_| Err::<(), _>(MemoryError::Vacated),
            || panic!("nothing was issued in its place"),
        );
        assert!(refused.is_err());
        assert_eq!(memory.size(), 1);
        assert_eq!(memory.extent().unwrap().length.get(), 65_536);
        assert!(grow(&memory, 2).is_ok());
    }

    #[test]
    fn only_a_memory_that_keeps_growing_commits_ahead() {
        let memory = unshared(1, Some(100));
        let committed = || memory.lock().current.committed();
        for size in 2..=u64::from(SELDOM) + 1 {
            grow(&memory, 1).unwrap();
            assert_eq!(committed(), bytes(size));
        }
        grow(&memory, 1).unwrap();
        assert!(committed() > memory.extent().unwrap().length);
        grow(&memory, 100 - memory.size()).unwrap();
        assert_eq!(committed(), bytes(100));
    }

    #[test]
    fn an_outgrown_reservation_is_left_for_a_larger_one() {
        let memory = unshared(1, None);
        let before = memory.extent().unwrap();
        let (_, extent) = grow(&memory, UNBOUNDED).unwrap();
        assert_ne!(extent.base, before.base);
        assert_eq!(memory.lock().former.len(), 1);
        assert!(memory.lock().current.capacity() > extent.length);
        assert_eq!(memory.size(), UNBOUNDED + 1);
    }

    #[test]
    fn a_shared_memory_never_moves() {
        let clamped = Reservation::new(bytes(1), bytes(2), PageSize::Base).unwrap();
        let memory = LinearMemory::over(clamped, pages(1), pages(3), Sharing::Shared);
        let base = memory.extent().unwrap().base;
        assert!(matches!(
            grow(&memory, 2),
            Err(MemoryError::Clamped { capacity: 131_072 })
        ));
        assert_eq!(memory.size(), 1);
        assert!(grow(&memory, 1).is_ok());
        assert_eq!(memory.extent().unwrap().base, base);
    }

    #[test]
    fn a_vacated_memory_does_nothing_more() {
        let memory = unshared(2, None);
        let elsewhere = Reservation::new(bytes(2), bytes(2), PageSize::Base).unwrap();
        let vacate = || memory.vacate(&elsewhere.pages(bytes(2)).unwrap(), || Ok(()));
        vacate().unwrap();
        assert!(matches!(memory.extent(), Err(MemoryError::Vacated)));
        assert!(matches!(grow(&memory, 1), Err(MemoryError::Vacated)));
        assert!(matches!(vacate(), Err(MemoryError::Vacated)));
        assert_eq!(memory.remains().length, HostBytes::ZERO);
    }

    /// Stands for a resizable buffer of the engine's.
    fn elsewhere(size: u64) -> Reservation {
        Reservation::new(bytes(size), bytes(100), PageSize::Base).unwrap()
    }

    fn reclaim(memory: &LinearMemory, from: &Reservation, size: u64) -> Result<(), MemoryError> {
        let buffer = from.pages(bytes(size)).unwrap();
        memory.reclaim(&buffer, |_| Ok(()), || Ok(()))
    }

    #[test]
    fn pages_come_back_with_those_that_were_added() {
        let memory = unshared(1, Some(3));
        let base = memory.extent().unwrap().base;
        let buffer = elsewhere(1);
        let vacate = |to: &Reservation| {
            let all = to.pages(to.committed()).unwrap();
            memory.vacate(&all, || Ok::<_, MemoryError>(()))
        };
        vacate(&buffer).unwrap();
        buffer.commit(bytes(3)).unwrap();
        reclaim(&memory, &buffer, 3).unwrap();
        assert_eq!(memory.size(), 3);
        assert_eq!(memory.extent().unwrap().base, base);
        assert!(matches!(grow(&memory, 1), Err(MemoryError::Maximum { .. })));
        // And out and back again, over the seam.
        vacate(&elsewhere(3)).unwrap();
    }

    #[test]
    fn nothing_is_left_of_pages_that_came_back_and_had_to_go_again() {
        let memory = unshared(1, Some(3));
        let buffer = elsewhere(1);
        let retired = || Ok::<_, MemoryError>(());
        memory
            .vacate(&buffer.pages(bytes(1)).unwrap(), retired)
            .unwrap();
        buffer.commit(bytes(3)).unwrap();
        let there = buffer.pages(bytes(3)).unwrap();
        let last = bytes(2).get();
        there.write_at(&[7], last);
        let refused = memory.reclaim(&there, |_| Ok(()), || Err(MemoryError::Vacated));
        assert!(refused.is_err());
        assert_eq!(there.read(last..last + 1), [7]);
        let ranges = memory.lock();
        ranges.current.commit(bytes(3)).unwrap();
        let here = ranges.current.pages(bytes(3)).unwrap();
        assert_eq!(here.read(last..last + 1), [0]);
    }

    #[test]
    fn a_reclaim_can_be_undone_later() {
        let memory = unshared(1, Some(3));
        let buffer = elsewhere(1);
        let there = buffer.pages(bytes(1)).unwrap();
        let retired = || Ok::<_, MemoryError>(());
        memory.vacate(&there, retired).unwrap();
        there.write_at(&[7], 5);
        reclaim(&memory, &buffer, 1).unwrap();
        assert!(there.is_zero());
        // Stands for the pages that came back.
        let copy = elsewhere(1);
        let copy = copy.pages(bytes(1)).unwrap();
        copy.write_at(&[7], 5);
        memory.move_back(&copy, &there);
        assert_eq!(there.read(5..6), [7]);
        assert!(matches!(memory.extent(), Err(MemoryError::Vacated)));
        reclaim(&memory, &buffer, 1).unwrap();
        let ranges = memory.lock();
        assert_eq!(ranges.current.pages(bytes(1)).unwrap().read(5..6), [7]);
    }

    #[test]
    fn more_pages_than_there_is_room_for_come_back_to_a_larger_range() {
        let clamped = Reservation::new(bytes(1), bytes(2), PageSize::Base).unwrap();
        let memory = LinearMemory::over(clamped, pages(1), pages(5), Sharing::Unshared);
        let buffer = elsewhere(1);
        memory
            .vacate(
                &buffer.pages(bytes(1)).unwrap(),
                || Ok::<_, MemoryError>(()),
            )
            .unwrap();
        buffer.commit(bytes(4)).unwrap();
        reclaim(&memory, &buffer, 4).unwrap();
        assert_eq!(memory.lock().former.len(), 1);
        assert!(grow(&memory, 1).is_ok());
        assert!(grow(&memory, 1).is_err());
    }

    #[test]
    fn more_pages_than_the_maximum_never_come_back() {
        let memory = unshared(1, Some(3));
        let buffer = elsewhere(4);
        memory
            .vacate(
                &buffer.pages(bytes(1)).unwrap(),
                || Ok::<_, MemoryError>(()),
            )
            .unwrap();
        let refused = reclaim(&memory, &buffer, 4);
        assert!(matches!(refused, Err(MemoryError::Maximum { .. })));
        assert!(matches!(memory.extent(), Err(MemoryError::Vacated)));
    }

    #[test]
    fn more_than_the_maximum_is_refused() {
        let refused =
            LinearMemory::new(pages(2), Some(pages(1)), Sharing::Unshared, PageSize::Base);
        assert!(matches!(refused, Err(MemoryError::Maximum { .. })));
        let memory = unshared(1, None);
        let refused = grow(&memory, Pages::LIMIT.count());
        assert!(matches!(refused, Err(MemoryError::Maximum { .. })));
    }
}
