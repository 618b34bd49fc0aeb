//! Operations for pages that have to stay anonymous: the bytes of images and files are copied into them.
//!
//! A memory under a resizable ArrayBuffer has such pages, since the engine treats it as any buffer: a program can
//! shrink it and grow it again. The engine decommits the pages that were cut off, and the program then has to
//! read zeros there. If the pages were mapped from a file, its bytes would come back.

use std::borrow::Cow;
use std::fs::File;
use std::ops::Range;

use crate::error::MemoryError;
use crate::mapping_budget::MappingBudget;
use crate::pages::extents::{for_each_nonzero, segment_extents};
use crate::pages::image::Image;
use crate::pages::map_file::check_length;
use crate::pages::overlay::Overlay;
use crate::pages::overlay_table::OverlayTable;
use crate::pages::{allocation_failed, discard, slice, zeroed_buffer};
use crate::sys::{self, Mapping, PageRange, file_offset};

/// Restores `image` in the pages by copying it. Pages beyond its end read zero.
///
/// # Errors
///
/// [`MemoryError::SnapshotTooLong`], [`MemoryError::AllocationFailed`], or an error of [`discard()`]; no byte has
/// changed then.
pub fn restore(pages: &PageRange, image: &Image) -> Result<(), MemoryError> {
    image.check_fits(pages)?;
    let mapped = image.bytes();
    let read = |extent: &Range<usize>| {
        if let Some(bytes) = mapped.and_then(|bytes| bytes.get(extent.clone())) {
            return Ok(Cow::Borrowed(bytes));
        }
        let mut bytes = zeroed_buffer(extent.len())?;
        image.read(&mut bytes, extent.start)?;
        Ok(Cow::Owned(bytes))
    };
    let contents = image.extents().iter().map(read);
    let contents: Vec<_> = contents.collect::<Result<_, MemoryError>>()?;
    discard(pages)?;
    // From here on, nothing fails.
    for (extent, bytes) in image.extents().iter().zip(contents) {
        pages.write_at(&bytes, extent.start);
    }
    Ok(())
}

/// Replaces the bytes of `memory` at the offsets `at` by copies of those of `file` from `from` on.
///
/// # Errors
///
/// [`MemoryError::Truncated`] if the file is shorter, [`MemoryError::AllocationFailed`] or
/// [`MemoryError::FileFailed`]; no byte has changed then.
pub fn copy_file_bytes(
    memory: &PageRange,
    at: Range<usize>,
    file: &File,
    from: usize,
) -> Result<(), MemoryError> {
    check_length(file, from, at.len())?;
    let mut bytes = zeroed_buffer(at.len())?;
    sys::file::read(file, &mut bytes, file_offset(from))
        .map_err(|source| MemoryError::FileFailed { source })?;
    memory.write_at(&bytes, at.start);
    Ok(())
}

/// Replaces pages that are backed by images and files by anonymous pages with the same bytes.
///
/// # Errors
///
/// [`MemoryError::Truncated`], [`MemoryError::MappingsExhausted`] or [`MemoryError::AllocationFailed`]. No byte
/// has changed then.
pub fn make_anonymous(pages: &PageRange) -> Result<(), MemoryError> {
    let all = pages.addresses();
    let segments = OverlayTable::lock().segments(all);
    for (addresses, overlay) in segments {
        let Some(overlay) = overlay else { continue };
        replace(&slice(pages, all.offsets_of(addresses))?, &overlay)?;
    }
    Ok(())
}

/// Replaces pages that are all backed by `overlay`.
fn replace(pages: &PageRange, overlay: &Overlay) -> Result<(), MemoryError> {
    let addresses = pages.addresses();
    let failed = |source| allocation_failed(pages, source);
    let _budget = MappingBudget::take(1)?;
    let buffer = Mapping::reserve(pages.length(), pages.length()).map_err(failed)?;
    let copies = buffer.pages(pages.length()).map_err(failed)?;
    let mut overlays = OverlayTable::lock();
    let mut copied = Vec::new();
    for extent in segment_extents(addresses, Some(overlay)) {
        for_each_nonzero(&slice(pages, extent.clone())?, |nonzero, at| {
            let start = extent.start + at;
            let offsets = start..start + nonzero.length().get();
            let copy = slice(&copies, offsets)?;
            nonzero.copy_to(&copy);
            copied.push((copy, *nonzero));
            Ok(())
        })?;
    }
    // A page that was lost while it was copied was copied as zeros.
    if overlays.has_lost_page(addresses) {
        return Err(MemoryError::Truncated);
    }
    pages.remap_as_zeros().map_err(failed)?;
    // From here on, nothing fails.
    overlays.remove(addresses);
    for (copy, original) in copied {
        copy.copy_to(&original);
    }
    Ok(())
}
