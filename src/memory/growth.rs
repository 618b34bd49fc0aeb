//! How a memory grows: in place, or into a larger range.

use super::{LinearMemory, Ranges, Sharing, Span, length_within, with_room_to_grow};
use crate::error::MemoryError;
use crate::memory::reservation::Reservation;
use crate::sync::Ordering;
use crate::sys::{HostBytes, PageRange};
use crate::units::Pages;

/// A memory that has grown fewer times than this commits exactly its size.
const SELDOM: u32 = 16;

/// The most bytes that are ever committed beyond the size.
const MAX_SLACK: HostBytes = HostBytes::MIB;

/// What is mapped at the pages of a memory that grows, or whose pages move out: a file, or nothing.
pub trait Backing {
    /// Extends the file as far as the growth needs. Called first, with the pages that the memory has.
    ///
    /// # Errors
    ///
    /// The reason why the file cannot grow. [`Backing::shrink`] is called then as well.
    fn extend(&self, pages: &PageRange) -> Result<(), MemoryError>;

    /// Maps the file at `pages`: all pages that the memory is to have. They are accessible, and no buffer that a
    /// program has covers the new ones.
    ///
    /// # Errors
    ///
    /// The reason why the file cannot be mapped. If the memory grows, [`Backing::unmap`] is called then as well.
    fn map(&self, pages: &PageRange) -> Result<(), MemoryError>;

    /// Undoes [`Backing::map`] for a memory that had only the first `kept` bytes of `pages` before.
    fn unmap(&self, pages: &PageRange, kept: HostBytes);

    /// Undoes [`Backing::extend`]. Called last, with the pages that the memory had.
    fn shrink(&self, pages: &PageRange);
}

/// The backing of a memory without a file: new pages are anonymous.
pub(super) struct Anonymous;

impl Backing for Anonymous {
    fn extend(&self, _pages: &PageRange) -> Result<(), MemoryError> {
        Ok(())
    }

    fn map(&self, _pages: &PageRange) -> Result<(), MemoryError> {
        Ok(())
    }

    fn unmap(&self, _pages: &PageRange, _kept: HostBytes) {}

    fn shrink(&self, _pages: &PageRange) {}
}

impl LinearMemory {
    /// Grows by `delta` pages. `issue` makes a buffer over the new span, and then `detach` detaches the one over
    /// the old span. Only if both succeed, the memory has the new size. Returns the size before, in pages, and
    /// the value that `issue` returned.
    ///
    /// # Errors
    ///
    /// [`MemoryError::MovedOut`], [`MemoryError::MaximumExceeded`], [`MemoryError::CannotMove`], an error of
    /// [`Reservation::fresh`] or of a system call, or the error of `issue` or `detach`. The memory is then as it
    /// was.
    pub fn grow<T, E: From<MemoryError>>(
        &self,
        delta: Pages,
        issue: impl FnOnce(Span) -> Result<T, E>,
        detach: impl FnOnce() -> Result<(), E>,
    ) -> Result<(u64, T), E> {
        self.grow_backed(delta, &Anonymous, issue, detach)
    }

    /// Grows as [`LinearMemory::grow`] does, with `backing` mapped at the pages.
    ///
    /// # Errors
    ///
    /// As [`LinearMemory::grow`], and the error of `backing`.
    pub fn grow_backed<T, E: From<MemoryError>>(
        &self,
        delta: Pages,
        backing: &dyn Backing,
        issue: impl FnOnce(Span) -> Result<T, E>,
        detach: impl FnOnce() -> Result<(), E>,
    ) -> Result<(u64, T), E> {
        let mut ranges = self.lock_live()?;
        let before = ranges.size;
        let after = before
            .checked_add(delta)
            .filter(|after| *after <= self.maximum)
            .ok_or(MemoryError::MaximumExceeded {
                // No overflow: each is at most 2^18.
                wanted: before.count() + delta.count(),
                maximum: self.maximum.count(),
            })?;
        let (from, to) = (
            length_within(before, self.maximum)?,
            length_within(after, self.maximum)?,
        );
        let attempt = |ranges: &mut Ranges| {
            backing.extend(&ranges.current.pages(from)?)?;
            if to <= ranges.current.capacity() {
                ranges.grow_in_place((from, to), backing, issue, detach)
            } else {
                self.grow_elsewhere(ranges, (from, to), backing, issue, detach)
            }
        };
        let issued = attempt(&mut ranges).inspect_err(|_| ranges.shrink(backing, from))?;
        ranges.size = after;
        self.published.store(after.count(), Ordering::Release);
        Ok((before.count(), issued))
    }

    /// Makes a larger reservation and moves the pages there.
    fn grow_elsewhere<T, E: From<MemoryError>>(
        &self,
        ranges: &mut Ranges,
        (from, to): (HostBytes, HostBytes),
        backing: &dyn Backing,
        issue: impl FnOnce(Span) -> Result<T, E>,
        detach: impl FnOnce() -> Result<(), E>,
    ) -> Result<T, E> {
        if self.sharing == Sharing::Shared {
            let capacity = ranges.current.capacity().get();
            return Err(MemoryError::CannotMove { capacity }.into());
        }
        let wanted = with_room_to_grow(to, length_within(self.maximum, self.maximum)?);
        let larger = Reservation::fresh(to, wanted, ranges.current.page_size())?;
        let issued = issue(Span {
            base: larger.base(),
            length: to,
        })?;
        let moved = ranges.current.move_pages(from, &larger.pages(from)?)?;
        let attempt = || {
            let pages = larger.pages(to)?;
            backing
                .map(&pages)
                .map_err(E::from)
                .and_then(|()| detach())
                .inspect_err(|_| backing.unmap(&pages, from))
        };
        attempt().inspect_err(|_: &E| moved.undo())?;
        ranges.replace_current(larger);
        Ok(issued)
    }
}

impl Ranges {
    /// Undoes [`Backing::extend`] for a memory of `length`.
    pub(super) fn shrink(&self, backing: &dyn Backing, length: HostBytes) {
        match self.current.pages(length) {
            Ok(pages) => backing.shrink(&pages),
            Err(error) => debug_assert!(false, "the pages of a memory are committed: {error}"),
        }
    }

    fn grow_in_place<T, E: From<MemoryError>>(
        &mut self,
        (from, to): (HostBytes, HostBytes),
        backing: &dyn Backing,
        issue: impl FnOnce(Span) -> Result<T, E>,
        detach: impl FnOnce() -> Result<(), E>,
    ) -> Result<T, E> {
        let committed = self.current.committed();
        if to > committed {
            self.current.commit(self.with_slack(to))?;
        }
        let span = Span {
            base: self.current.base(),
            length: to,
        };
        let attempt = || {
            let issued = issue(span)?;
            let pages = self.current.pages(to)?;
            backing
                .map(&pages)
                .map_err(E::from)
                .and_then(|()| detach())
                .inspect_err(|_| backing.unmap(&pages, from))?;
            Ok(issued)
        };
        let issued = attempt().inspect_err(|_: &E| self.current.decommit_beyond(committed))?;
        debug_assert_eq!(
            self.current.base(),
            span.base,
            "buffers keep the address of a memory that grows in place"
        );
        // Saturates: only the first few growths count.
        self.growths = self.growths.saturating_add(1);
        Ok(issued)
    }

    /// Returns how many bytes to commit for a size of `to`: exactly that many, so that all accesses beyond it
    /// fault. A memory that keeps growing commits an eighth more, since committing is most of the cost of a
    /// growth.
    fn with_slack(&self, to: HostBytes) -> HostBytes {
        if self.growths < SELDOM {
            return to;
        }
        let slack = to.halved().halved().halved().min(MAX_SLACK);
        // At the end of the address space, there is no slack.
        to.checked_add(slack)
            .unwrap_or(to)
            .min(self.current.capacity())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::UNBOUNDED;
    use crate::memory::address_range::PageSize;
    use crate::memory::tests::{bytes, grow, pages, unshared};

    #[test]
    fn growth_stays_in_place_and_within_the_maximum() {
        let memory = unshared(1, Some(3));
        let base = memory.span().unwrap().base;
        let (before, span) = grow(&memory, 2).unwrap();
        assert_eq!((before, memory.size()), (1, 3));
        assert_eq!(span.base, base);
        assert_eq!(span.length.get(), 3 * 65_536);
        assert!(matches!(
            grow(&memory, 1),
            Err(MemoryError::MaximumExceeded {
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
            |_| Err::<(), _>(MemoryError::MovedOut),
            || panic!("nothing was issued in its place"),
        );
        assert!(refused.is_err());
        assert_eq!(memory.size(), 1);
        assert_eq!(memory.span().unwrap().length.get(), 65_536);
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
        assert!(committed() > memory.span().unwrap().length);
        grow(&memory, 100 - memory.size()).unwrap();
        assert_eq!(committed(), bytes(100));
    }

    #[test]
    fn an_outgrown_reservation_is_left_for_a_larger_one() {
        let memory = unshared(1, None);
        let before = memory.span().unwrap();
        let (_, span) = grow(&memory, UNBOUNDED).unwrap();
        assert_ne!(span.base, before.base);
        assert_eq!(memory.lock().former.len(), 1);
        assert!(memory.lock().current.capacity() > span.length);
        assert_eq!(memory.size(), UNBOUNDED + 1);
    }

    #[test]
    fn a_shared_memory_never_moves() {
        let clamped = Reservation::new(bytes(1), bytes(2), PageSize::Base).unwrap();
        let memory = LinearMemory::with_reservation(clamped, pages(1), pages(3), Sharing::Shared);
        let base = memory.span().unwrap().base;
        assert!(matches!(
            grow(&memory, 2),
            Err(MemoryError::CannotMove { capacity: 131_072 })
        ));
        assert_eq!(memory.size(), 1);
        assert!(grow(&memory, 1).is_ok());
        assert_eq!(memory.span().unwrap().base, base);
    }
}
