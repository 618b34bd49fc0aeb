//! Linux: all that there is.

pub mod futex;
mod image;
mod loader;
#[cfg(not(all(test, feature = "model-checking")))]
mod pages;
mod process;
mod sigbus;
mod size_signal;

#[cfg(not(all(test, feature = "model-checking")))]
pub use super::unix::Mapping;
pub use super::unix::{
    ImageBytes, ImageFile, MAPS_FILES, Watch, addon_copies, at_exit, file, page_size,
};
pub use process::{
    address_space_left, has_huge_pages, is_split, mappings_within, max_map_count, page_states,
    private_pages, resident_bytes, tells_page_states,
};
pub use size_signal::SizeSignal;

/// What [`super::unix`] asks of each system.
pub mod of_unix {
    pub use super::image::{create_image_file, is_mapped_at, is_sealed, seal};
    pub use super::loader::loaded_files;
    #[cfg(not(all(test, feature = "model-checking")))]
    pub use super::pages::prefer_huge;
    pub use super::process::{allocate, check_shrinkable, fill_holes, flush, path_of, zero_range};
    pub use super::sigbus::{errno_location, is_lost, is_of_lost_page, was_sent};
}
