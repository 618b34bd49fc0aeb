//! Linux, on which everything is supported.

pub mod file;
pub mod futex;
mod image_file;
mod limits;
mod loader;
mod mappings;
#[cfg(not(all(test, feature = "model-checking")))]
mod pages;
mod residency;
mod sigbus;
mod sigxfsz;

#[cfg(not(all(test, feature = "model-checking")))]
pub use super::unix::Mapping;
pub use super::unix::{
    HAS_ERRNO, ImageBytes, ImageFile, MAPS_FILES, TruncationGuard, addon_copies, at_exit,
};
pub use limits::{address_space_left, has_huge_pages, max_map_count};
pub use mappings::{mappings_within, spans_mappings};
pub use residency::{private_pages, reports_page_states, resident_bytes, visit_page_states};
pub use sigxfsz::SigxfszBlock;

/// What [`super::unix`] needs that is different on each of its systems.
pub mod platform {
    pub(in crate::sys) use super::file::{allocate, allocate_holes, path_of, zero_range};
    pub use super::image_file::{create_image_file, is_mapped_at, is_sealed, seal};
    pub use super::loader::loaded_files;
    #[cfg(not(all(test, feature = "model-checking")))]
    pub use super::pages::prefer_huge;
    pub use super::sigbus::{errno_location, is_lost, reports_lost_page, was_sent};
}
