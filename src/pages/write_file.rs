//! Writes pages to a file.

use std::fs::File;
use std::ops::Range;

use crate::error::MemoryError;
use crate::pages::extents::{for_bytes, runs_of_piece};
use crate::pages::{part, position};
use crate::sys::{PageRange, SigxfszBlock};

/// Writes what of anonymous pages is not zero to a file, at `offset`, but nothing from `end` on. Tells
/// `about_to` of each stretch of the pages before it is written.
///
/// # Errors
///
/// What the system says.
pub fn write_runs(
    pages: &PageRange,
    file: &File,
    offset: u64,
    end: u64,
    mut about_to: impl FnMut(Range<usize>),
) -> Result<(), MemoryError> {
    let _blocked = SigxfszBlock::new();
    for run in runs_of_piece(&pages.addresses(), None) {
        let start = run.start;
        let run = part(pages, run)?;
        for_bytes(&run, |bytes, at| {
            let at = start.saturating_add(at);
            about_to(at..at.saturating_add(bytes.length().get()));
            write_all(bytes, file, offset.saturating_add(position(at)), end)
        })?;
    }
    Ok(())
}

/// Writes all of the pages, as [`write_runs`] does.
///
/// # Errors
///
/// What the system says.
pub fn write_all(pages: &PageRange, file: &File, offset: u64, end: u64) -> Result<(), MemoryError> {
    let _blocked = SigxfszBlock::new();
    pages
        .write_to(file, offset, end)
        .map_err(|source| MemoryError::File { source })
}
