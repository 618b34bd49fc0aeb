//! Captures an image of pages.

use crate::error::MemoryError;
use crate::pages::extents::{data_extents, for_each_nonzero};
use crate::pages::image::{Image, ImageBuilder};
use crate::pages::slice;
use crate::sys::PageRange;

/// Returns an image of the pages. If other threads write meanwhile, each byte has the value that it had when
/// it was read.
///
/// # Errors
///
/// [`MemoryError::ImageFailed`] if the image cannot be stored.
pub fn capture(pages: &PageRange) -> Result<Image, MemoryError> {
    let mut builder = ImageBuilder::new(pages.length())?;
    for extent in data_extents(pages) {
        for_each_nonzero(&slice(pages, extent.clone())?, |nonzero, at| {
            builder.add_pages(nonzero, extent.start + at)
        })?;
    }
    builder.finish()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::pages::restore;
    use crate::pages::testing::{Area, MIB, PAGE, bytes, image_of};

    #[test]
    fn an_image_has_the_nonzero_pages() {
        let area = Area::new(8 * PAGE);
        area.write(PAGE + 5, 1);
        area.write(2 * PAGE, 2);
        area.write(4 * PAGE, 0); // Resident, but zero.
        area.write(8 * PAGE - 1, 3);
        let image = image_of(&area);
        assert_eq!(image.length(), bytes(8 * PAGE));
        assert_eq!(**image.extents(), [PAGE..3 * PAGE, 7 * PAGE..8 * PAGE]);
        let mut read = [0; 6];
        image.read(&mut read, PAGE).unwrap();
        assert_eq!(read, [0, 0, 0, 0, 0, 1]);
    }

    #[test]
    fn pages_of_a_dropped_image_are_captured() {
        let area = Area::new(64 * MIB);
        // More extents than holes can be mapped separately: some zeros between them are the image's.
        for index in 0..16 {
            area.write(4 * MIB * index, 7);
        }
        let image = image_of(&area);
        let extents = Arc::clone(image.extents());
        restore(&area.pages(), &image).unwrap();
        drop(image);
        area.write(5 * MIB, 8);
        let before = area.resident();
        let again = image_of(&area);
        assert_eq!(again.extents().len(), 17);
        assert!(
            extents
                .iter()
                .all(|extent| again.extents().contains(extent))
        );
        assert!(
            area.resident() - before <= 16 * PAGE,
            "it has read pages that are zero"
        );
    }
}
