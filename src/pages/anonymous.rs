//! Bytes of images and files as copies in anonymous pages, for memories under a resizable buffer that
//! the engine does not know to be a memory's. A program can cut that off and grow it again: the engine
//! gives back what was cut off, and must read zeros there, where pages of a file would come back.

use std::borrow::Cow;
use std::fs::File;
use std::ops::Range;

use crate::error::MemoryError;
use crate::mapping_budget::MappingBudget;
use crate::pages::extents::{data_extents_at, for_each_nonzero};
use crate::pages::image::Image;
use crate::pages::{self, part, refused};
use crate::sys::{self, Mapping, PageRange};
use crate::{pages::overlay::Overlay, pages::overlay_table::OverlayTable};

/// Copies `image` over the pages, and zeros beyond its end.
///
/// # Errors
///
/// [`MemoryError::SnapshotTooLong`], or the system's error; no byte has changed then.
pub fn restore(pages: &PageRange, image: &Image) -> Result<(), MemoryError> {
    if image.length() > pages.length() {
        return Err(MemoryError::SnapshotTooLong {
            image: image.length().get(),
            memory: pages.length().get(),
        });
    }
    let mapped = image.bytes();
    let read = |extent: &Range<usize>| match mapped.and_then(|bytes| bytes.get(extent.clone())) {
        Some(bytes) => Ok(Cow::Borrowed(bytes)),
        None => read_bytes(extent.len(), |bytes| image.read(bytes, extent.start)).map(Cow::Owned),
    };
    let stretches = image.extents().iter().map(read);
    let stretches: Vec<_> = stretches.collect::<Result<_, MemoryError>>()?;
    pages::discard(pages)?;
    for (extent, bytes) in image.extents().iter().zip(stretches) {
        pages.write_at(&bytes, extent.start);
    }
    Ok(())
}

/// Copies the bytes of `file` from `from` on over those at `at`.
///
/// # Errors
///
/// [`MemoryError::Truncated`], or the system's error; no byte has changed then.
pub fn copy_file_bytes(
    memory: &PageRange,
    at: Range<usize>,
    file: &File,
    from: usize,
) -> Result<(), MemoryError> {
    let failed = |source| MemoryError::FileFailed { source };
    let position = |offset: usize| u64::try_from(offset).unwrap_or(u64::MAX);
    let end = position(from.saturating_add(at.len()));
    if sys::file::length(file).map_err(failed)? < end {
        return Err(MemoryError::Truncated);
    }
    let bytes = read_bytes(at.len(), |bytes| {
        sys::file::read(file, bytes, position(from)).map_err(failed)
    })?;
    memory.write_at(&bytes, at.start);
    Ok(())
}

/// Replaces pages of files by anonymous ones with the same bytes.
///
/// # Errors
///
/// [`MemoryError::Truncated`], or the system's error. No byte has changed then.
pub fn make_anonymous(pages: &PageRange) -> Result<(), MemoryError> {
    let all = pages.addresses();
    let pieces = OverlayTable::lock().segments(all);
    for (addresses, overlay) in pieces {
        let Some(overlay) = overlay else { continue };
        let piece = part(pages, all.offsets_of(addresses))?;
        replace(&piece, &overlay)?;
    }
    Ok(())
}

/// The same for pages that all have `overlay`.
fn replace(piece: &PageRange, overlay: &Overlay) -> Result<(), MemoryError> {
    let addresses = piece.addresses();
    let failed = |source| refused(piece, source);
    let _budget = MappingBudget::take(1)?;
    let buffer = Mapping::reserve(piece.length(), piece.length()).map_err(failed)?;
    let copies = buffer.pages(piece.length()).map_err(failed)?;
    let mut overlays = OverlayTable::lock();
    let mut copied = Vec::new();
    for extent in data_extents_at(addresses, Some(overlay)) {
        for_each_nonzero(&part(piece, extent.clone())?, |bytes, at| {
            let start = extent.start.saturating_add(at);
            let offsets = start..start.saturating_add(bytes.length().get());
            let copy = part(&copies, offsets.clone())?;
            bytes.copy_to(&copy);
            copied.push((copy, part(piece, offsets)?));
            Ok(())
        })?;
    }
    if overlays.has_lost_page(addresses) {
        return Err(MemoryError::Truncated);
    }
    piece.remap_as_zeros().map_err(failed)?;
    overlays.remove(addresses);
    for (copy, there) in copied {
        copy.copy_to(&there);
    }
    Ok(())
}

/// As many bytes, as `read` fills them in.
fn read_bytes(
    wanted: usize,
    read: impl FnOnce(&mut [u8]) -> Result<(), MemoryError>,
) -> Result<Vec<u8>, MemoryError> {
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(wanted)
        .map_err(|_| MemoryError::AllocationFailed {
            wanted,
            source: std::io::ErrorKind::OutOfMemory.into(),
        })?;
    bytes.resize(wanted, 0);
    read(&mut bytes)?;
    Ok(bytes)
}
