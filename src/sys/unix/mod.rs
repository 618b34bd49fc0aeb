//! Code that Linux and macOS share. The module `platform` of each system has what differs.

pub mod addon_copies;
mod at_exit;
pub mod file;
mod image_file;
#[cfg(not(all(test, feature = "model-checking")))]
mod mapping;
mod mincore;
#[cfg(not(all(test, feature = "model-checking")))]
mod pages;
mod sigbus;
mod truncation;

use super::system::platform;

pub use at_exit::at_exit;
pub use image_file::{ImageBytes, ImageFile};
#[cfg(not(all(test, feature = "model-checking")))]
pub use mapping::Mapping;
pub use mincore::bytes_in_core;
pub use truncation::TruncationGuard;

/// Whether pages of a file, or of an image, can be mapped in place of others.
pub const MAPS_FILES: bool = true;

/// Whether system errors have an `errno`, for which Node.js has names.
pub const HAS_ERRNO: bool = true;
