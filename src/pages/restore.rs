//! Restores an image: maps it in place of pages, or resets the pages that were written since it was mapped.

use std::ops::Range;
use std::sync::Arc;

use crate::error::MemoryError;
use crate::pages::image::{Image, MAX_HOLES};
use crate::pages::overlay::Overlay;
use crate::pages::overlay_table::{OverlayTable, Segment};
use crate::pages::{allocation_failed, slice};
use crate::sys::{self, HostBytes, PageRange};

/// The most bytes of dirty pages that a reset overwrites. Overwriting takes a tenth of the time of decommitting
/// the pages and faulting them in again when they are next written to.
const MAX_REWRITTEN: usize = 4 << 20;

/// The entries of the table that a restore may add: the holes of the image, and the parts of the image around
/// them.
const MAX_ENTRIES: usize = MAX_HOLES + 2;

/// Restores `image` in the pages. Pages beyond its end read zero.
///
/// # Errors
///
/// [`MemoryError::SnapshotTooLong`], [`MemoryError::FileIsWritable`], [`MemoryError::PagesUnknown`],
/// [`MemoryError::MappingsExhausted`] or [`MemoryError::AllocationFailed`]; no byte has changed then.
pub fn restore(pages: &PageRange, image: &Arc<Image>) -> Result<(), MemoryError> {
    image.check_fits(pages)?;
    let addresses = pages.addresses();
    let end = image.data_end().get();
    let (own, beyond) = (slice(pages, 0..end)?, slice(pages, end..addresses.len())?);
    let mut overlays = OverlayTable::lock();
    overlays.refuse_writable_file(addresses)?;
    if overlays.has_image(addresses, image) && is_mapped_at(&overlays.segments(addresses), image) {
        return reset(pages, image);
    }
    overlays.reserve_entries(MAX_ENTRIES)?;
    image
        .map_at(&own)
        .map_err(|source| allocation_failed(pages, source))?;
    // From here on, nothing fails.
    if sys::MAPS_FILES {
        overlays.insert(own.addresses(), Overlay::of_image(image));
        for hole in image.holes() {
            // The image reads zero there as well, but its file keeps a page for each page that is touched.
            let Some(hole) = whole_pages(pages, &hole) else {
                continue;
            };
            if hole.remap_as_zeros().is_ok() {
                overlays.remove(hole.addresses());
            }
        }
    }
    make_zero(&beyond, &mut overlays);
    Ok(())
}

/// Makes the pages read zero. If the system refuses to remap them, writes zeros, which needs no system call
/// and so cannot fail.
fn make_zero(pages: &PageRange, overlays: &mut OverlayTable) {
    let addresses = pages.addresses();
    // Decommitting does not suffice: it brings back the bytes of a file that the table does not list.
    if pages.remap_as_zeros().is_ok() {
        overlays.remove(addresses);
        return;
    }
    // Pages of a file are written even if they read zero: other processes can change them until they are
    // private copies.
    let has_file = overlays.has_file(addresses);
    let page = HostBytes::page().get();
    for at in (0..addresses.len()).step_by(page) {
        if let Some(page) = pages.slice(at..at + page)
            && (has_file || !page.is_zero())
        {
            page.write_zeros();
        }
    }
}

/// Returns whether the image is mapped where the table lists it, and anonymous pages are everywhere else. The
/// pages may be those of a new engine memory, at the addresses of one that is gone.
fn is_mapped_at(segments: &[Segment], image: &Image) -> bool {
    let offset_of = |overlay: &Option<Overlay>| overlay.as_ref().map(Overlay::offset);
    let segments = segments.iter();
    image.is_mapped_at(segments.map(|(addresses, overlay)| (*addresses, offset_of(overlay))))
}

/// Undoes all writes to the pages since `image` was mapped there. Called only on systems that report their
/// mappings: on others, [`is_mapped_at`] returns false.
fn reset(pages: &PageRange, image: &Image) -> Result<(), MemoryError> {
    let addresses = pages.addresses();
    let dirty = sys::private_pages(addresses, MAX_REWRITTEN);
    let Some((dirty, bytes)) = dirty.zip(image.bytes()) else {
        return pages
            .revert()
            .map_err(|source| allocation_failed(pages, source));
    };
    let page = HostBytes::page().get();
    for page in dirty.into_iter().flat_map(|dirty| dirty.chunks(page)) {
        let offsets = addresses.offsets_of(page);
        let page = slice(pages, offsets.clone())?;
        match bytes.get(offsets.clone()) {
            Some(bytes) if !image.is_zero(offsets) => page.write_at(bytes, 0),
            _ => page.write_zeros(),
        }
    }
    Ok(())
}

/// Returns those of the pages that lie completely within `offsets`.
fn whole_pages<'a>(pages: &PageRange<'a>, offsets: &Range<usize>) -> Option<PageRange<'a>> {
    let start = HostBytes::round_up(offsets.start)?.get();
    let end = offsets.end - offsets.end % HostBytes::page().get();
    pages.slice(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::testing::{Area, MIB, PAGE, image, image_of};
    use crate::pages::{capture, discard, relocate, resident};

    #[test]
    fn an_image_is_reset_however_much_was_written() {
        let image = image(8 * MIB, 7);
        let area = Area::new(10 * MIB);
        for written in [0..0, 0..MIB, 0..10 * MIB, 6 * MIB..10 * MIB, 0..4 * PAGE] {
            area.fill(written.clone(), 9);
            restore(&area.pages(), &image).unwrap();
            for offset in (0..10 * MIB).step_by(64 * PAGE) {
                let expected = if offset < 8 * MIB { 7 } else { 0 };
                assert_eq!(area.byte(offset), expected, "{offset} after {written:?}");
            }
        }
    }

    #[test]
    fn pages_beyond_an_image_are_anonymous_and_zero() {
        let area = Area::new(8 * PAGE);
        let beyond = slice(&area.pages(), 2 * PAGE..8 * PAGE).unwrap();
        // Over anonymous pages, over a longer image, and over another image of the same length.
        for longer in [image(0, 0), image(8 * PAGE, 8), image(2 * PAGE, 8)] {
            area.fill(0..8 * PAGE, 9);
            restore(&area.pages(), &longer).unwrap();
            area.fill(3 * PAGE..5 * PAGE, 9);
            let image = image(2 * PAGE, 7);
            for _ in 0..2 {
                restore(&area.pages(), &image).unwrap();
                assert_eq!([0, 1].map(|page| area.byte(page * PAGE)), [7, 7]);
                assert!(beyond.is_zero());
                assert!(!OverlayTable::lock().overlaps(beyond.addresses()));
                // A page beyond the end of a file would fault.
                beyond.write_zeros();
                area.fill(0..4 * PAGE, 9);
            }
        }
    }

    #[test]
    fn a_longer_image_is_refused() {
        let area = Area::new(PAGE);
        area.write(0, 9);
        let refused = restore(&area.pages(), &image(2 * PAGE, 7));
        assert!(matches!(refused, Err(MemoryError::SnapshotTooLong { .. })));
        assert_eq!(area.byte(0), 9);
    }

    /// The engine unmaps its memories without notice, and maps the next at the same addresses.
    #[test]
    fn an_image_that_was_unmapped_is_mapped_again() {
        for length in [PAGE, 8 * MIB] {
            let image = image(length, 7);
            let area = Area::new(length);
            restore(&area.pages(), &image).unwrap();
            area.pages().remap_as_zeros().unwrap();
            area.fill(0..length, 9);
            restore(&area.pages(), &image).unwrap();
            assert_eq!((area.byte(0), area.byte(length - PAGE)), (7, 7));

            // Another image is mapped there, which the table does not list either.
            let other = super::tests::image(length, 8);
            other.map_at(&area.pages()).unwrap();
            restore(&area.pages(), &image).unwrap();
            assert_eq!((area.byte(0), area.byte(length - PAGE)), (7, 7));
        }
    }

    /// The table has no entry for the holes of an image, so it cannot tell that something is mapped there.
    #[test]
    fn a_restore_replaces_what_was_mapped_in_a_hole_of_the_image() {
        let other = image(MIB, 8);
        for written in [0..PAGE, 0..0] {
            let source = Area::new(8 * MIB);
            source.fill(written, 7);
            let image = image_of(&source);
            let area = Area::new(8 * MIB);
            restore(&area.pages(), &image).unwrap();
            let hole = slice(&area.pages(), 4 * MIB..5 * MIB).unwrap();
            other.map_at(&hole).unwrap();
            assert_eq!(area.byte(4 * MIB), 8);
            restore(&area.pages(), &image).unwrap();
            assert_eq!((area.byte(0), area.byte(4 * MIB)), (source.byte(0), 0));
        }
    }

    #[test]
    fn an_empty_range_can_be_captured_restored_and_moved() {
        let (area, other) = (Area::new(PAGE), Area::new(PAGE));
        let none = slice(&area.pages(), 0..0).unwrap();
        let image = Arc::new(capture(&none).unwrap());
        assert_eq!(image.length(), HostBytes::ZERO);
        restore(&none, &image).unwrap();
        restore(&none, &image).unwrap();
        discard(&none).unwrap();
        relocate(none, slice(&other.pages(), 0..0).unwrap()).unwrap();
        assert_eq!(resident(&none).unwrap(), 0);
        // All of a longer memory is beyond the end of an empty image.
        area.write(0, 9);
        for _ in 0..2 {
            restore(&area.pages(), &image).unwrap();
            assert!(area.pages().is_zero());
            area.write(5, 9);
        }
    }
}
