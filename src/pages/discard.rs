//! Decommits pages: they read zero afterwards, whatever backed them.

use std::sync::MutexGuard;

use crate::error::MemoryError;
use crate::pages::allocation_failed;
use crate::pages::overlay_table::OverlayTable;
use crate::sys::PageRange;

/// Decommits pages of a memory that stays in use. They read zero afterwards.
///
/// # Errors
///
/// [`MemoryError::FileIsWritable`], [`MemoryError::PagesUnknown`], [`MemoryError::MappingsExhausted`] or
/// [`MemoryError::AllocationFailed`]; no byte has changed then.
pub fn discard(pages: &PageRange) -> Result<(), MemoryError> {
    let overlays = OverlayTable::lock();
    let addresses = pages.addresses();
    overlays.refuse_writable_file(addresses)?;
    if overlays.has_writable_file(addresses) {
        // The entry is of a memory that is gone, or of a file that has lost all of its pages here. It stays in
        // the table, since the loss has not been reported to the program yet.
        return pages
            .remap_as_zeros()
            .map_err(|source| allocation_failed(pages, source));
    }
    decommit_with(overlays, pages)
}

/// Decommits pages of a memory that ends, even if they are those of a writable file. They read zero
/// afterwards.
///
/// # Errors
///
/// [`MemoryError::MappingsExhausted`] or [`MemoryError::AllocationFailed`]; no byte has changed then.
pub fn decommit(pages: &PageRange) -> Result<(), MemoryError> {
    decommit_with(OverlayTable::lock(), pages)
}

fn decommit_with(
    mut overlays: MutexGuard<OverlayTable>,
    pages: &PageRange,
) -> Result<(), MemoryError> {
    let addresses = pages.addresses();
    if overlays.overlaps(addresses) {
        if overlays.would_split(addresses) {
            overlays.reserve_entries(1)?;
        }
        pages
            .remap_as_zeros()
            .map_err(|source| allocation_failed(pages, source))?;
        overlays.remove(addresses);
        return Ok(());
    }
    pages
        .decommit()
        .map_err(|source| allocation_failed(pages, source))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::testing::{Area, PAGE, image};
    use crate::pages::{restore, slice};

    #[test]
    fn discarded_pages_read_zero_and_take_no_memory() {
        let area = Area::new(4 * PAGE);
        let over_image = Area::new(4 * PAGE);
        restore(&over_image.pages(), &image(4 * PAGE, 7)).unwrap();
        for area in [area, over_image] {
            area.fill(0..4 * PAGE, 9);
            assert_eq!(area.resident(), 4 * PAGE);
            discard(&slice(&area.pages(), PAGE..3 * PAGE).unwrap()).unwrap();
            let found = [0, 1, 2, 3].map(|page| area.byte(page * PAGE));
            assert_eq!(found, [9, 0, 0, 9]);
            assert_eq!(area.resident(), 2 * PAGE);
            discard(&area.pages()).unwrap();
            assert!(area.pages().is_zero());
            assert_eq!(area.resident(), 0);
        }
    }
}
