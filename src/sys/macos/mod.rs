//! macOS: pages are mapped as on Linux. This is written from the system's headers and manual pages, and
//! checked by the compiler; docs/platforms.md lists what has never run.

pub mod file;
pub mod futex;
mod image_file;
mod loader;
mod mach_error;
mod mappings;
mod pages;
mod sigbus;
mod sigxfsz;

pub use super::unix::bytes_in_core as resident_bytes;
pub use super::unix::{
    HAS_ERRNO, ImageBytes, ImageFile, MAPS_FILES, Mapping, TruncationGuard, addon_copies, at_exit,
};
pub use super::unsupported::{
    address_space_left, has_huge_pages, max_map_count, private_pages, reports_page_states,
    spans_mappings, visit_page_states,
};
pub use mappings::mappings_within;
pub use sigxfsz::SigxfszBlock;

/// What [`super::unix`] needs that is different on each of its systems.
pub mod platform {
    pub(in crate::sys) use super::file::{allocate, allocate_holes, path_of, zero_range};
    pub use super::image_file::{create_image_file, is_mapped_at, is_sealed, seal};
    pub use super::loader::loaded_files;
    pub use super::pages::prefer_huge;
    pub use super::sigbus::{errno_location, is_lost, reports_lost_page, was_sent};
}
