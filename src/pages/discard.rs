//! Gives pages back to the system: they read zero, whatever was under them.

use std::sync::MutexGuard;

use crate::error::MemoryError;
use crate::pages::overlay_table::OverlayTable;
use crate::pages::refused;
use crate::sys::PageRange;

/// Gives the pages back to the system: they read zero.
///
/// # Errors
///
/// What the system says, [`MemoryError::MappingsExhausted`] or [`MemoryError::FileIsWritable`]; no byte has changed
/// then.
pub fn discard(pages: &PageRange) -> Result<(), MemoryError> {
    let overlays = OverlayTable::lock();
    let addresses = pages.addresses();
    overlays.refuse_writable_file(addresses)?;
    if overlays.has_writable_file(addresses) {
        // Of another memory that is gone, or whose file has lost them all: it is still to be told so.
        return pages
            .remap_as_zeros()
            .map_err(|source| refused(pages, source));
    }
    decommit_with(overlays, pages)
}

/// The same for pages whose memory ends, even if they are a file's that writes go to.
///
/// # Errors
///
/// What the system says, or [`MemoryError::MappingsExhausted`]; no byte has changed then.
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
            .map_err(|source| refused(pages, source))?;
        overlays.remove(addresses);
        return Ok(());
    }
    pages.decommit().map_err(|source| refused(pages, source))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::testing::{Area, PAGE, image};
    use crate::pages::{part, restore};

    #[test]
    fn what_is_discarded_reads_zero_and_takes_no_memory() {
        let area = Area::new(4 * PAGE);
        let over_image = Area::new(4 * PAGE);
        restore(&over_image.pages(), &image(4 * PAGE, 7)).unwrap();
        for area in [area, over_image] {
            area.fill(0..4 * PAGE, 9);
            assert_eq!(area.resident(), 4 * PAGE);
            discard(&part(&area.pages(), PAGE..3 * PAGE).unwrap()).unwrap();
            let found = [0, 1, 2, 3].map(|page| area.byte(page * PAGE));
            assert_eq!(found, [9, 0, 0, 9]);
            assert_eq!(area.resident(), 2 * PAGE);
            discard(&area.pages()).unwrap();
            assert!(area.pages().is_zero());
            assert_eq!(area.resident(), 0);
        }
    }
}
