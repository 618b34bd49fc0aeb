//! Operations on pages in place, whether reserved pages or engine memory.
//!
//! Each operation has a file:
//!
//! - `discard`: decommits pages.
//! - `usage`: measures the memory and the address space that pages take.
//! - `capture`: makes an image of pages.
//! - `restore`: maps an image in place of pages, or resets the pages that were written since.
//! - `relocate`: moves pages to other addresses.
//! - `map_file`: maps pages of a file in place of others.
//! - `write_file`: writes pages to a file.
//! - [`anonymous`]: restores images and copies files if the pages have to stay anonymous.
//!
//! They share these:
//!
//! - [`image`]: a captured image.
//! - [`overlay`], [`overlay_table`]: which addresses are backed by an image or a file.
//! - `extents`: finds the pages that are not zero.
//! - [`file_tail`]: the page in which a file ends.

mod capture;
mod discard;
mod extents;
mod map_file;
mod relocate;
mod restore;
#[cfg(test)]
mod testing;
mod usage;
mod write_file;

pub mod anonymous;
pub mod file_tail;
pub mod image;
pub mod overlay;
pub mod overlay_table;

pub use capture::capture;
pub use discard::{decommit, discard};
pub use map_file::{
    forget_overlays, map_file, map_file_bytes, mapped_files, truncated_files, was_truncated,
};
pub use relocate::{Moved, relocate};
pub use restore::restore;
pub use usage::{reserved_around, resident};
pub use write_file::{write_nonzero, write_whole};

use std::ops::Range;

use crate::error::MemoryError;
use crate::sys::PageRange;

/// Returns the pages at `offsets`, which have to be page boundaries.
///
/// # Errors
///
/// [`MemoryError::OutOfBounds`] if the offsets are not in the range, or not page boundaries.
pub fn slice<'a>(
    pages: &PageRange<'a>,
    offsets: Range<usize>,
) -> Result<PageRange<'a>, MemoryError> {
    let out_of_bounds = MemoryError::OutOfBounds {
        offset: offsets.start,
        length: offsets.len(),
        memory: pages.length().get(),
    };
    pages.slice(offsets).ok_or(out_of_bounds)
}

/// Returns a buffer of `length` zeros.
///
/// # Errors
///
/// [`MemoryError::AllocationFailed`]. A program chooses `length`, so a lack of memory must not abort the process.
fn zeroed_buffer(length: usize) -> Result<Vec<u8>, MemoryError> {
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(length)
        .map_err(|_| MemoryError::AllocationFailed {
            wanted: length,
            source: std::io::ErrorKind::OutOfMemory.into(),
        })?;
    bytes.resize(length, 0);
    Ok(bytes)
}

fn allocation_failed(pages: &PageRange, source: std::io::Error) -> MemoryError {
    MemoryError::AllocationFailed {
        wanted: pages.length().get(),
        source,
    }
}
