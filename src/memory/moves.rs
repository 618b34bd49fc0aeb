//! How the pages of a memory move out of its range, back into it, or on to other addresses.

use super::growth::Anonymous;
use super::{Backing, LinearMemory, Span, length_within, with_room_to_grow};
use crate::error::MemoryError;
use crate::memory::reservation::Reservation;
use crate::pages;
use crate::sync::Ordering;
use crate::sys::PageRange;
use crate::units::Pages;

impl LinearMemory {
    /// Moves all pages to `destination`, and then calls `detach`, which detaches the memory's buffer.
    ///
    /// # Errors
    ///
    /// [`MemoryError::MovedOut`], an error of [`pages::relocate`], or the error of `detach`. The memory is then
    /// as it was.
    pub fn move_out<E: From<MemoryError>>(
        &self,
        destination: &PageRange,
        detach: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        self.move_out_backed(destination, &Anonymous, detach)
    }

    /// Moves the pages out as [`LinearMemory::move_out`] does, after mapping `backing` at them.
    ///
    /// # Errors
    ///
    /// As [`LinearMemory::move_out`], and the error of `backing`.
    pub fn move_out_backed<E: From<MemoryError>>(
        &self,
        destination: &PageRange,
        backing: &dyn Backing,
        detach: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        let mut ranges = self.lock_live()?;
        let length = length_within(ranges.size, self.maximum)?;
        let attempt = || {
            let pages = ranges.current.pages(length)?;
            backing.extend(&pages)?;
            backing.map(&pages)?;
            let moved = ranges.current.move_pages(length, destination)?;
            detach().inspect_err(|_| moved.undo())
        };
        attempt().inspect_err(|_| ranges.shrink(backing, length))?;
        ranges.moved_out = true;
        Ok(())
    }

    /// Moves the pages back from `source`, to which they had moved. All pages of `source` move, and their
    /// number is the new size. `issue` makes a buffer over them, and then `detach` detaches the one at
    /// `source`. Returns the value that `issue` returned.
    ///
    /// # Errors
    ///
    /// As [`LinearMemory::grow`]. The pages are then still at `source`.
    pub fn move_back<T, E: From<MemoryError>>(
        &self,
        source: &PageRange,
        issue: impl FnOnce(Span) -> Result<T, E>,
        detach: impl FnOnce() -> Result<(), E>,
    ) -> Result<T, E> {
        let mut ranges = self.lock();
        let length = source.length();
        let limit = length_within(self.maximum, self.maximum)?;
        let size = Pages::of_bytes(length.get())
            .ok_or(MemoryError::AddressSpaceExceeded { wanted: u64::MAX })?;
        length_within(size, self.maximum)?;
        let larger = if length > ranges.current.capacity() {
            let wanted = with_room_to_grow(length, limit);
            let page_size = ranges.current.page_size();
            Some(Reservation::fresh(length, wanted, page_size)?)
        } else {
            None
        };
        let target = larger.as_ref().unwrap_or(&ranges.current);
        let committed = target.committed();
        if length > committed {
            target.commit(length)?;
        }
        let attempt = || {
            let issued = issue(Span {
                base: target.base(),
                length,
            })?;
            let moved = pages::relocate(*source, target.pages(length)?)?;
            detach().inspect_err(|_| moved.undo())?;
            Ok(issued)
        };
        let issued = attempt().inspect_err(|_: &E| target.decommit_beyond(committed))?;
        if let Some(larger) = larger {
            ranges.replace_current(larger);
        }
        ranges.moved_out = false;
        ranges.size = size;
        self.published.store(size.count(), Ordering::Release);
        Ok(issued)
    }

    /// Moves the pages from `source`, to which they had moved, on to the beginning of `destination`, and then
    /// calls `detach`, which detaches the buffer at `source`.
    ///
    /// # Errors
    ///
    /// As [`LinearMemory::move_out`]. The pages are then still at `source`.
    pub fn move_on<E: From<MemoryError>>(
        &self,
        source: &PageRange,
        destination: &PageRange,
        detach: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        let _one_at_a_time = self.lock();
        let to = pages::slice(destination, 0..source.length().get())?;
        let moved = pages::relocate(*source, to)?;
        detach().inspect_err(|_| moved.undo())
    }

    /// Undoes [`LinearMemory::move_back`] or [`LinearMemory::move_on`] if the caller then could not detach the
    /// buffer at `source`: copies the bytes at `moved` back to `source`. This needs no system call, so it
    /// cannot fail.
    pub fn undo_move(&self, moved: &PageRange, source: &PageRange) {
        let mut ranges = self.lock();
        // `move_on` moves pages to the beginning of a destination that may be longer.
        let length = moved.length().min(source.length()).get();
        if let (Some(moved), Some(source)) = (moved.slice(0..length), source.slice(0..length)) {
            moved.copy_to(&source);
        }
        ranges.moved_out = true;
        // If this fails, the pages that were copied take memory until the next move back.
        let _ = ranges.current.decommit_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Sharing;
    use crate::memory::address_range::PageSize;
    use crate::memory::tests::{bytes, grow, pages, unshared};
    use crate::sys::HostBytes;

    #[test]
    fn every_call_fails_after_the_pages_have_moved_out() {
        let memory = unshared(2, None);
        let elsewhere = Reservation::new(bytes(2), bytes(2), PageSize::Base).unwrap();
        let move_out = || memory.move_out(&elsewhere.pages(bytes(2)).unwrap(), || Ok(()));
        move_out().unwrap();
        assert!(matches!(memory.span(), Err(MemoryError::MovedOut)));
        assert!(matches!(grow(&memory, 1), Err(MemoryError::MovedOut)));
        assert!(matches!(move_out(), Err(MemoryError::MovedOut)));
        assert_eq!(memory.empty_span().length, HostBytes::ZERO);
    }

    /// Returns a reservation that stands for a resizable engine buffer.
    fn elsewhere(size: u64) -> Reservation {
        Reservation::new(bytes(size), bytes(100), PageSize::Base).unwrap()
    }

    fn move_back(memory: &LinearMemory, from: &Reservation, size: u64) -> Result<(), MemoryError> {
        let buffer = from.pages(bytes(size)).unwrap();
        memory.move_back(&buffer, |_| Ok(()), || Ok(()))
    }

    #[test]
    fn pages_move_back_with_those_that_were_added() {
        let memory = unshared(1, Some(3));
        let base = memory.span().unwrap().base;
        let buffer = elsewhere(1);
        let move_out = |to: &Reservation| {
            let all = to.pages(to.committed()).unwrap();
            memory.move_out(&all, || Ok::<_, MemoryError>(()))
        };
        move_out(&buffer).unwrap();
        buffer.commit(bytes(3)).unwrap();
        move_back(&memory, &buffer, 3).unwrap();
        assert_eq!(memory.size(), 3);
        assert_eq!(memory.span().unwrap().base, base);
        assert!(matches!(
            grow(&memory, 1),
            Err(MemoryError::MaximumExceeded { .. })
        ));
        // They can move out again, though they came from two places.
        move_out(&elsewhere(3)).unwrap();
    }

    #[test]
    fn a_move_back_that_fails_leaves_no_bytes_behind() {
        let memory = unshared(1, Some(3));
        let buffer = elsewhere(1);
        let detached = || Ok::<_, MemoryError>(());
        memory
            .move_out(&buffer.pages(bytes(1)).unwrap(), detached)
            .unwrap();
        buffer.commit(bytes(3)).unwrap();
        let there = buffer.pages(bytes(3)).unwrap();
        let last = bytes(2).get();
        there.write_at(&[7], last);
        let refused = memory.move_back(&there, |_| Ok(()), || Err(MemoryError::MovedOut));
        assert!(refused.is_err());
        assert_eq!(there.read(last..last + 1), [7]);
        let ranges = memory.lock();
        ranges.current.commit(bytes(3)).unwrap();
        let here = ranges.current.pages(bytes(3)).unwrap();
        assert_eq!(here.read(last..last + 1), [0]);
    }

    #[test]
    fn a_move_back_can_be_undone_later() {
        let memory = unshared(1, Some(3));
        let buffer = elsewhere(1);
        let there = buffer.pages(bytes(1)).unwrap();
        let detached = || Ok::<_, MemoryError>(());
        memory.move_out(&there, detached).unwrap();
        there.write_at(&[7], 5);
        move_back(&memory, &buffer, 1).unwrap();
        assert!(there.is_zero());
        // Stands for the pages that have moved back.
        let copy = elsewhere(1);
        let copy = copy.pages(bytes(1)).unwrap();
        copy.write_at(&[7], 5);
        memory.undo_move(&copy, &there);
        assert_eq!(there.read(5..6), [7]);
        assert!(matches!(memory.span(), Err(MemoryError::MovedOut)));
        move_back(&memory, &buffer, 1).unwrap();
        let ranges = memory.lock();
        assert_eq!(ranges.current.pages(bytes(1)).unwrap().read(5..6), [7]);
    }

    #[test]
    fn more_pages_than_the_range_has_room_for_move_to_a_larger_one() {
        let clamped = Reservation::new(bytes(1), bytes(2), PageSize::Base).unwrap();
        let memory = LinearMemory::with_reservation(clamped, pages(1), pages(5), Sharing::Unshared);
        let buffer = elsewhere(1);
        memory
            .move_out(
                &buffer.pages(bytes(1)).unwrap(),
                || Ok::<_, MemoryError>(()),
            )
            .unwrap();
        buffer.commit(bytes(4)).unwrap();
        move_back(&memory, &buffer, 4).unwrap();
        assert_eq!(memory.lock().former.len(), 1);
        assert!(grow(&memory, 1).is_ok());
        assert!(grow(&memory, 1).is_err());
    }

    #[test]
    fn more_pages_than_the_maximum_do_not_move_back() {
        let memory = unshared(1, Some(3));
        let buffer = elsewhere(4);
        memory
            .move_out(
                &buffer.pages(bytes(1)).unwrap(),
                || Ok::<_, MemoryError>(()),
            )
            .unwrap();
        let refused = move_back(&memory, &buffer, 4);
        assert!(matches!(refused, Err(MemoryError::MaximumExceeded { .. })));
        assert!(matches!(memory.span(), Err(MemoryError::MovedOut)));
    }
}
