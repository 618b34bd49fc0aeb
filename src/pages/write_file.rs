//! Writes pages to a file.

use std::fs::File;
use std::ops::Range;

use crate::error::MemoryError;
use crate::pages::extents::{data_extents_at, for_each_nonzero};
use crate::pages::{part, position};
use crate::sys::{PageRange, SigxfszBlock};

/// Writes what of anonymous pages is not zero to a file, at `offset`, but nothing from `end` on. Tells
/// `about_to` of each stretch of the pages before it is written.
///
/// # Errors
///
/// What the system says.
pub fn write_nonzero(
    pages: &PageRange,
    file: &File,
    offset: u64,
    end: u64,
    mut about_to: impl FnMut(Range<usize>),
) -> Result<(), MemoryError> {
    let _blocked = SigxfszBlock::new();
    for extent in data_extents_at(pages.addresses(), None) {
        let start = extent.start;
        let extent = part(pages, extent)?;
        for_each_nonzero(&extent, |bytes, at| {
            let at = start.saturating_add(at);
            about_to(at..at.saturating_add(bytes.length().get()));
            write_whole(bytes, file, offset.saturating_add(position(at)), end)
        })?;
    }
    Ok(())
}

/// Writes all of the pages, as [`write_nonzero`] does.
///
/// # Errors
///
/// What the system says.
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
