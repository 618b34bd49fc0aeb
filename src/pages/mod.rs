//! What can be done to pages in place, whoever reserved them. A file an operation:
//!
//! - `discard`: gives pages back to the system.
//! - `usage`: how much memory and address space pages take.
//! - `capture`, `restore`: makes an image of pages, and puts one in their place.
//! - `relocate`: moves pages to other addresses.
//! - `map_file`: maps pages of a file; `write_file`: writes pages to a file.
//! - `anonymous`: the same where no page may be a file's.
//!
//! And what they share: `image` is what `capture` makes, `overlays` knows which addresses have pages of an
//! image or a file, `extents` finds what is not zero, and `file_tail` is the page in which a file ends.

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

/// The pages of `offsets`.
///
/// # Errors
///
/// [`MemoryError::OutOfBounds`], also if either offset is not a page boundary.
pub fn part<'a>(
    pages: &PageRange<'a>,
    offsets: Range<usize>,
) -> Result<PageRange<'a>, MemoryError> {
    let bounds = MemoryError::OutOfBounds {
        offset: offsets.start,
        length: offsets.len(),
        memory: pages.length().get(),
    };
    pages.slice(offsets).ok_or(bounds)
}

fn refused(pages: &PageRange, source: std::io::Error) -> MemoryError {
    MemoryError::AllocationFailed {
        wanted: pages.length().get(),
        source,
    }
}

/// Returns an offset of a memory as an offset of a file.
fn position(offset: usize) -> u64 {
    const _: () = assert!(size_of::<usize>() <= size_of::<u64>());
    offset as u64
}
