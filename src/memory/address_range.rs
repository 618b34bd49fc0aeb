//! A mapped address range, committed from its beginning.

use std::io;
use std::ptr::NonNull;

use crate::error::MemoryError;
use crate::mapping_budget::MappingBudget;
use crate::pages::overlay_table::OverlayTable;
use crate::pages::{self, Moved};
use crate::sync::{AtomicUsize, Ordering};
use crate::sys::{Address, Addresses, HostBytes, Mapping, PageRange};

/// What pages to ask the system for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageSize {
    /// Its usual ones.
    Base,
    /// Of 2 MiB, where they can be had: fewer faults, but a byte touched may cost 2 MiB.
    Huge,
}

/// ```text
/// base                committed                capacity       + one page, or more
///  | readable, writable | faults: not yet grown into | guard: faults |
/// ```
///
/// A long one ends at a multiple of 2 MiB. Linux (6.7) puts what is as long as that where it begins at one
/// too, and so can map 2 MiB of a file's pages by one fault.
#[derive(Debug)]
pub struct AddressRange {
    mapping: Mapping,
    capacity: HostBytes,
    committed: AtomicUsize,
    page_size: PageSize,
    _budget: MappingBudget,
}

impl AddressRange {
    /// Maps `capacity` bytes and a guard page, the first `committed` of them zero.
    ///
    /// # Errors
    ///
    /// What the system says, or [`MemoryError::MappingsExhausted`]; nothing is mapped then.
    pub fn map(
        committed: HostBytes,
        capacity: HostBytes,
        page_size: PageSize,
    ) -> Result<Self, MemoryError> {
        let budget = MappingBudget::take(match page_size {
            PageSize::Base => 2,
            PageSize::Huge => 3,
        })?;
        let refused = |source| MemoryError::AllocationFailed {
            wanted: committed.get(),
            source,
        };
        let length = capacity
            .checked_add(HostBytes::page())
            .and_then(HostBytes::rounded_to_huge_pages)
            .ok_or_else(|| refused(io::ErrorKind::OutOfMemory.into()))?;
        let reserve = match page_size {
            PageSize::Base => Mapping::reserve,
            PageSize::Huge => Mapping::reserve_huge,
        };
        let range = Self {
            mapping: reserve(length, committed).map_err(refused)?,
            capacity,
            committed: AtomicUsize::new(committed.get()),
            page_size,
            _budget: budget,
        };
        // The engine may have had a memory here, of which the table still speaks.
        range.forget_overlays();
        Ok(range)
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
            self.mapping.make_accessible(committed, length)
        } else {
            self.mapping.make_inaccessible(length, committed)
        };
        changed.map_err(|source| MemoryError::AllocationFailed {
            wanted: length.get(),
            source,
        })?;
        self.committed.store(length.get(), Ordering::Relaxed);
        Ok(())
    }

    /// Takes back a commit: `length` bytes in all stay. If those behind are committed again, they read zero:
    /// pages may have moved there, and back.
    pub fn decommit_beyond(&self, length: HostBytes) {
        let committed = self.committed();
        let behind = || pages::slice(&self.pages(committed)?, length.get()..committed.get());
        if length < committed
            && let Ok(behind) = behind()
            // Pages of a file stay there, as their memory knows, and the range is not used again.
            && !OverlayTable::lock().overlaps(behind.addresses())
            && pages::decommit(&behind).is_err()
        {
            behind.write_zeros();
        }
        // If this fails, pages that nobody can name stay accessible: no harm but the lost fault.
        let _ = self.commit(length);
    }

    /// Gives all pages back to the system: what is committed reads zero.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn discard(&self) -> Result<(), MemoryError> {
        pages::decommit(&self.pages(self.committed())?)?;
        if self.page_size == PageSize::Huge {
            // Pages that came in place of an image's are not huge. An advice: nothing is lost with it.
            let _ = self.mapping.prefer_huge();
        }
        Ok(())
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
        let to = destination.slice(0..length.get());
        let to = to.ok_or(MemoryError::OutOfBounds {
            offset: 0,
            length: length.get(),
            memory: destination.length().get(),
        })?;
        pages::relocate(self.pages(length)?, to)
    }

    /// The first `length` bytes' pages, which are committed.
    ///
    /// # Errors
    ///
    /// Where there are not so many.
    pub fn pages(&self, length: HostBytes) -> Result<PageRange<'_>, MemoryError> {
        let committed = self.committed();
        let bounds = |_| MemoryError::OutOfBounds {
            offset: 0,
            length: length.get(),
            memory: committed.get(),
        };
        if length > committed {
            return Err(bounds(()));
        }
        self.mapping.pages(length).map_err(|_| bounds(()))
    }
}

impl AddressRange {
    /// Whether there may be pages of a file anywhere in it.
    pub fn has_overlays(&self) -> bool {
        OverlayTable::lock().overlaps(self.addresses())
    }

    fn forget_overlays(&self) {
        OverlayTable::lock().remove(self.addresses());
    }

    fn addresses(&self) -> Addresses {
        Addresses::new(Address::of(self.base().as_ptr()), self.capacity.get())
    }
}

impl Drop for AddressRange {
    fn drop(&mut self) {
        self.forget_overlays();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::pages::image::ImageBuilder;
    use crate::sys::testing::prefers_huge_pages;

    #[test]
    fn a_new_range_has_nothing_of_what_was_there_before() {
        let size = HostBytes::MIB;
        let image = Arc::new(ImageBuilder::new(size).unwrap().finish().unwrap());
        let range = AddressRange::map(size, size, PageSize::Base).unwrap();
        let addresses = range.pages(size).unwrap().addresses();
        // As if the engine had unmapped a memory here.
        OverlayTable::lock().insert(addresses, crate::pages::overlay::Overlay::of_image(&image));
        range.forget_overlays();
        assert!(!OverlayTable::lock().overlaps(addresses));
    }

    #[test]
    fn a_long_range_is_mapped_to_a_multiple_of_2_mib() {
        let (page, huge) = (HostBytes::page(), HostBytes::HUGE_PAGE);
        let capacity = huge.checked_add(page).unwrap();
        let range = AddressRange::map(HostBytes::ZERO, capacity, PageSize::Base).unwrap();
        let mapped = huge.checked_add(huge).unwrap();
        assert!(range.mapping.pages(mapped).is_ok());
        assert!(
            range
                .mapping
                .pages(mapped.checked_add(page).unwrap())
                .is_err()
        );
    }

    #[test]
    fn huge_pages_are_asked_for_again_after_an_image() {
        let size = HostBytes::HUGE_PAGE;
        let range = AddressRange::map(size, size, PageSize::Huge).unwrap();
        let address = range.base().as_ptr().addr();
        let mut builder = ImageBuilder::new(size).unwrap();
        builder.add(&vec![7; size.get()], 0).unwrap();
        let image = Arc::new(builder.finish().unwrap());
        assert!(prefers_huge_pages(address));
        pages::restore(&range.pages(size).unwrap(), &image).unwrap();
        range.discard().unwrap();
        assert!(prefers_huge_pages(address));
        assert!(range.pages(size).unwrap().is_zero());
    }
}
