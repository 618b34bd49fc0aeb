//! Writes pages to a file.

use std::fs::File;
use std::ops::Range;

use crate::error::MemoryError;
use crate::pages::extents::{for_each_nonzero, segment_extents};
use crate::pages::slice;
use crate::sys::{PageRange, SigxfszBlock, file_offset};

/// Writes the pages that are not zero to a file. The first page is at `offset` of the file, and nothing is
/// written at or beyond `end` of it. All pages have to be anonymous. Before each write, calls `before_write`
/// with the offsets of the pages to be written.
///
/// # Errors
///
/// [`MemoryError::FileFailed`]; some pages may have been written then.
pub fn write_nonzero(
    pages: &PageRange,
    file: &File,
    offset: u64,
    end: u64,
    mut before_write: impl FnMut(Range<usize>),
) -> Result<(), MemoryError> {
    let _blocked = SigxfszBlock::new();
    for extent in segment_extents(pages.addresses(), None) {
        for_each_nonzero(&slice(pages, extent.clone())?, |nonzero, at| {
            let start = extent.start + at;
            before_write(start..start + nonzero.length().get());
            write_whole(nonzero, file, offset + file_offset(start), end)
        })?;
    }
    Ok(())
}

/// Writes all pages to a file. The first page is at `offset` of the file, and nothing is written at or
/// beyond `end` of it.
///
/// # Errors
///
/// [`MemoryError::FileFailed`]; some pages may have been written then.
pub fn write_whole(
    pages: &PageRange,
    file: &File,
    offset: u64,
    end: u64,
) -> Result<(), MemoryError> {
    let _blocked = SigxfszBlock::new();
    pages
        .write_to(file, offset, end)
        .map_err(|source| MemoryError::FileFailed { source })
}
