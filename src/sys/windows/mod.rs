//! Windows: address space is reserved, committed and decommitted. Pages that are in use can be neither
//! replaced nor moved. So images and moved pages are copied, and files cannot be mapped.

pub mod addon_copies;
pub mod file;
pub mod futex;
mod image_file;
mod mapping;
mod mappings;
mod pages;
mod residency;
mod sigxfsz;
mod truncation;

pub use super::unsupported::{
    address_space_left, at_exit, has_huge_pages, max_map_count, private_pages, reports_page_states,
    spans_mappings, visit_page_states,
};
pub use image_file::{ImageBytes, ImageFile};
pub use mapping::Mapping;
pub use mappings::mappings_within;
pub use residency::resident_bytes;
pub use sigxfsz::SigxfszBlock;
pub use truncation::TruncationGuard;

/// Whether pages of a file, or of an image, can be mapped in place of others.
pub const MAPS_FILES: bool = false;

/// Whether system errors have an `errno`. Windows numbers its errors in its own way.
pub const HAS_ERRNO: bool = false;
