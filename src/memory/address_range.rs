//! A mapped address range, committed from its beginning.

use std::io;
use std::ptr::NonNull;

use crate::error::MemoryError;
use crate::mapping_budget::MappingBudget;
use crate::pages::overlay_table::OverlayTable;
use crate::pages::{self, Moved};
use crate::sync::{AtomicUsize, Ordering};
use crate::sys::{Address, Addresses, HostBytes, Mapping, PageRange};

/// The size of the pages that are requested from the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageSize {
    /// The size of base pages: 4 KiB on most systems.
    Base,
    /// 2 MiB, if the system has such pages: fewer faults, but touching a byte may take 2 MiB of memory.
    Huge,
}

/// A mapped address range, committed from its beginning:
///
/// ```text
/// base                committed                capacity       + one page, or more
///  | readable, writable | faults: not yet grown into | guard: faults |
/// ```
///
/// The length of a range of at least 2 MiB is a multiple of 2 MiB. Linux (since 6.7) places a mapping of such a
/// length at a multiple of 2 MiB as well, and so can map 2 MiB of a file in one fault.
#[derive(Debug)]
pub struct AddressRange {
    mapping: Mapping,
    capacity: HostBytes,
    committed: AtomicUsize,
    page_size: PageSize,
    _budget: MappingBudget,
}

impl AddressRange {
    /// Maps `capacity` bytes and a guard page. The first `committed` bytes are accessible, and zero.
    ///
    /// # Errors
    ///
    /// The error of a system call, or [`MemoryError::MappingsExhausted`]. Nothing is mapped then.
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
        // The table may still list overlays of an engine memory that was unmapped here.
        range.forget_overlays();
        Ok(range)
    }

    /// Returns the address of the first byte, which never changes.
    pub fn base(&self) -> NonNull<u8> {
        self.mapping.base()
    }

    /// Returns the size of its pages.
    pub fn page_size(&self) -> PageSize {
        self.page_size
    }

    /// Returns how many bytes can be committed at most.
    pub fn capacity(&self) -> HostBytes {
        self.capacity
    }

    /// Returns how many bytes are committed.
    pub fn committed(&self) -> HostBytes {
        // These are whole pages already: rounding only restores the type.
        HostBytes::round_up(self.committed.load(Ordering::Relaxed)).unwrap_or(self.capacity)
    }

    /// Makes the first `length` bytes accessible, and no others. New ones read zero; accesses beyond them fault.
    ///
    /// # Errors
    ///
    /// [`MemoryError::AllocationFailed`], or [`MemoryError::OutOfBounds`] beyond the capacity. Nothing has
    /// changed then.
    pub fn commit(&self, length: HostBytes) -> Result<(), MemoryError> {
        if length > self.capacity {
            // The guard page is mapped as well, and must never be accessible.
            return Err(Self::out_of_bounds(length, self.capacity));
        }
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

    /// Undoes a commit: only the first `length` bytes stay committed. The others read zero when they are
    /// committed again, even if pages have moved there and back in between.
    pub fn decommit_beyond(&self, length: HostBytes) {
        let committed = self.committed();
        let behind = || pages::slice(&self.pages(committed)?, length.get()..committed.get());
        if length < committed
            && let Ok(behind) = behind()
            // Pages of a file stay. Their entries keep the range from being reused (`spare_ranges::offer`).
            && !OverlayTable::lock().overlaps(behind.addresses())
            && pages::decommit(&behind).is_err()
        {
            behind.write_zeros();
        }
        // If this fails, pages that no buffer covers stay accessible: accesses to them do not fault.
        let _ = self.commit(length);
    }

    /// Decommits all pages: the committed bytes read zero, and stay accessible.
    ///
    /// # Errors
    ///
    /// [`MemoryError::MappingsExhausted`] or [`MemoryError::AllocationFailed`]; no byte has changed then.
    pub fn decommit_all(&self) -> Result<(), MemoryError> {
        pages::decommit(&self.pages(self.committed())?)?;
        if self.page_size == PageSize::Huge {
            // Anonymous pages that have replaced those of an image are not huge. This is only advice, so a
            // failure has no other effect.
            let _ = self.mapping.prefer_huge();
        }
        Ok(())
    }

    /// Moves the pages of the first `length` bytes to the beginning of `destination`. The range stays mapped and
    /// reads zero.
    ///
    /// # Errors
    ///
    /// [`MemoryError::OutOfBounds`], or an error of [`pages::relocate`]. The pages are then still here.
    pub fn move_pages<'a>(
        &'a self,
        length: HostBytes,
        destination: &PageRange<'a>,
    ) -> Result<Moved<'a>, MemoryError> {
        let to = destination.slice(0..length.get());
        let to = to.ok_or_else(|| Self::out_of_bounds(length, destination.length()))?;
        pages::relocate(self.pages(length)?, to)
    }

    /// Returns the pages of the first `length` bytes, which have to be committed.
    ///
    /// # Errors
    ///
    /// [`MemoryError::OutOfBounds`] if they are not.
    pub fn pages(&self, length: HostBytes) -> Result<PageRange<'_>, MemoryError> {
        let committed = self.committed();
        if length > committed {
            return Err(Self::out_of_bounds(length, committed));
        }
        self.mapping
            .pages(length)
            .map_err(|_| Self::out_of_bounds(length, committed))
    }

    fn out_of_bounds(length: HostBytes, memory: HostBytes) -> MemoryError {
        MemoryError::OutOfBounds {
            offset: 0,
            length: length.get(),
            memory: memory.get(),
        }
    }
}

impl AddressRange {
    /// Returns whether anything may be mapped in the range: a file or an image.
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
    fn a_new_range_has_no_overlays() {
        let size = HostBytes::MIB;
        let image = Arc::new(ImageBuilder::new(size).unwrap().finish().unwrap());
        let range = AddressRange::map(size, size, PageSize::Base).unwrap();
        let addresses = range.pages(size).unwrap().addresses();
        // As if the engine had unmapped a memory at these addresses.
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
    fn a_decommitted_range_prefers_huge_pages_again() {
        let size = HostBytes::HUGE_PAGE;
        let range = AddressRange::map(size, size, PageSize::Huge).unwrap();
        let address = range.base().as_ptr().addr();
        let mut builder = ImageBuilder::new(size).unwrap();
        builder.add(&vec![7; size.get()], 0).unwrap();
        let image = Arc::new(builder.finish().unwrap());
        assert!(prefers_huge_pages(address));
        pages::restore(&range.pages(size).unwrap(), &image).unwrap();
        range.decommit_all().unwrap();
        assert!(prefers_huge_pages(address));
        assert!(range.pages(size).unwrap().is_zero());
    }
}
