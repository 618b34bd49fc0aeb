//! Restores an image: maps it in place of pages, or undoes what was written since it was mapped there.

use std::ops::Range;
use std::sync::Arc;

use crate::error::MemoryError;
use crate::pages::image::{Image, MOST_HOLES};
use crate::pages::{
    overlay::Overlay,
    overlay_table::{OverlayTable, Segment},
};
use crate::pages::{part, refused};
use crate::sys::{self, HostBytes, PageRange};

/// Up to so many bytes, pages that were written to are written again when an image is put back: it
/// takes a tenth of what it takes to give them back, and to fault when they are next written to.
const MOST_REWRITTEN: usize = 4 << 20;

/// Puts `image` in place of the pages, and zeros beyond its end.
///
/// # Errors
///
/// [`MemoryError::SnapshotTooLong`], [`MemoryError::FileIsWritable`], or what the system says; no byte has changed
/// then.
pub fn restore(pages: &PageRange, image: &Arc<Image>) -> Result<(), MemoryError> {
    if image.length() > pages.length() {
        return Err(MemoryError::SnapshotTooLong {
            image: image.length().get(),
            memory: pages.length().get(),
        });
    }
    let addresses = pages.addresses();
    let end = image.data_end().get();
    let (own, beyond) = (part(pages, 0..end)?, part(pages, end..addresses.len())?);
    let mut overlays = OverlayTable::lock();
    overlays.refuse_writable_file(addresses)?;
    if overlays.has_image(addresses, image) && is_mapped_at(&overlays.segments(addresses), image) {
        return reset(pages, image);
    }
    overlays.reserve_entries(MOST_HOLES.saturating_add(2))?;
    image
        .map_at(&own)
        .map_err(|source| refused(pages, source))?;
    // From here on, nothing fails.
    if sys::MAPS_FILES {
        overlays.insert(own.addresses(), Overlay::of_image(image));
        for hole in image.holes() {
            // The image reads zero there as well. But it would keep a page for each that is touched.
            let Some(hole) = whole_pages(pages, hole) else {
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

/// Makes the pages read zero. If the system refuses to replace them, it writes zeros, which takes no
/// system call and so cannot fail.
fn make_zero(pages: &PageRange, overlays: &mut OverlayTable) {
    let addresses = pages.addresses();
    // Not given back: that brings zeros only if nothing else is under them than the table has.
    if pages.remap_as_zeros().is_ok() {
        overlays.remove(addresses);
        return;
    }
    // Pages of a file are written in any case: until then, they show what others write to the file.
    let has_file = overlays.has_file(addresses);
    let page = HostBytes::page().get();
    for at in (0..addresses.len()).step_by(page) {
        if let Ok(page) = part(pages, at..at.saturating_add(page))
            && (has_file || !page.is_zero())
        {
            page.write_zeros();
        }
    }
}

/// Returns whether the system has the image where the table has it, and anonymous pages everywhere else:
/// the pages may be those of a new engine memory, at the addresses of one that is gone.
fn is_mapped_at(pieces: &[Segment], image: &Image) -> bool {
    let offset_of = |overlay: &Option<Overlay>| overlay.as_ref().map(Overlay::offset);
    let stretches = pieces.iter();
    image.is_mapped_at(stretches.map(|(addresses, overlay)| (*addresses, offset_of(overlay))))
}

/// Undoes what was written since `image` was put in place of the pages.
fn reset(pages: &PageRange, image: &Image) -> Result<(), MemoryError> {
    let addresses = pages.addresses();
    let written = sys::private_pages(addresses, MOST_REWRITTEN);
    let Some((written, bytes)) = written.zip(image.bytes()) else {
        return pages.revert().map_err(|source| refused(pages, source));
    };
    let page = HostBytes::page().get();
    for region in written {
        for written in region.chunks(page) {
            let offsets = addresses.offsets_of(written);
            let here = part(pages, offsets.clone())?;
            if image.is_zero(offsets.clone()) {
                here.write_zeros();
            } else {
                here.write_at(bytes.get(offsets).unwrap_or_default(), 0);
            }
        }
    }
    Ok(())
}

/// The pages that are all within `offsets`.
fn whole_pages<'a>(pages: &PageRange<'a>, offsets: Range<usize>) -> Option<PageRange<'a>> {
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
    fn an_image_comes_back_however_much_was_written_since() {
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
    fn beyond_an_image_is_nothing_of_its_file() {
        let area = Area::new(8 * PAGE);
        let beyond = part(&area.pages(), 2 * PAGE..8 * PAGE).unwrap();
        // Over pages of the program's, over a longer image's, over its own.
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
                // A page of a file beyond its end would fault.
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

    /// The engine unmaps its memories without a word, and makes the next at the same addresses.
    #[test]
    fn an_image_that_is_no_longer_there_is_put_back_whole() {
        for length in [PAGE, 8 * MIB] {
            let image = image(length, 7);
            let area = Area::new(length);
            restore(&area.pages(), &image).unwrap();
            area.pages().remap_as_zeros().unwrap();
            area.fill(0..length, 9);
            restore(&area.pages(), &image).unwrap();
            assert_eq!((area.byte(0), area.byte(length - PAGE)), (7, 7));

            // Another image's, of which nobody told either.
            let other = super::tests::image(length, 8);
            other.map_at(&area.pages()).unwrap();
            restore(&area.pages(), &image).unwrap();
            assert_eq!((area.byte(0), area.byte(length - PAGE)), (7, 7));
        }
    }

    /// Nobody tells of what is put where the table has nothing, as under the zeros of an image.
    #[test]
    fn what_another_put_where_an_image_has_zeros_is_gone_after_a_restore() {
        let other = image(MIB, 8);
        for written in [0..PAGE, 0..0] {
            let source = Area::new(8 * MIB);
            source.fill(written, 7);
            let image = image_of(&source);
            let area = Area::new(8 * MIB);
            restore(&area.pages(), &image).unwrap();
            let hole = part(&area.pages(), 4 * MIB..5 * MIB).unwrap();
            other.map_at(&hole).unwrap();
            assert_eq!(area.byte(4 * MIB), 8);
            restore(&area.pages(), &image).unwrap();
            assert_eq!((area.byte(0), area.byte(4 * MIB)), (source.byte(0), 0));
        }
    }

    #[test]
    fn nothing_can_be_frozen_put_back_and_moved() {
        let (area, other) = (Area::new(PAGE), Area::new(PAGE));
        let none = part(&area.pages(), 0..0).unwrap();
        let image = Arc::new(capture(&none).unwrap());
        assert_eq!(image.length(), HostBytes::ZERO);
        restore(&none, &image).unwrap();
        restore(&none, &image).unwrap();
        discard(&none).unwrap();
        relocate(none, part(&other.pages(), 0..0).unwrap()).unwrap();
        assert_eq!(resident(&none).unwrap(), 0);
        // Of a longer memory, all is beyond its end.
        area.write(0, 9);
        for _ in 0..2 {
            restore(&area.pages(), &image).unwrap();
            assert!(area.pages().is_zero());
            area.write(5, 9);
        }
    }
}
