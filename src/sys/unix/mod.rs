//! What Linux and macOS share. What differs between them, each has in its `platform`.

pub mod addon_copies;
mod at_exit;
pub mod file;
mod image_file;
#[cfg(not(all(test, feature = "model-checking")))]
mod mapping;
#[cfg(not(all(test, feature = "model-checking")))]
mod pages;
mod sigbus;
mod truncation;

use super::system::platform;

pub use at_exit::at_exit;
pub use image_file::{ImageBytes, ImageFile};
#[cfg(not(all(test, feature = "model-checking")))]
pub use mapping::Mapping;
pub use truncation::TruncationGuard;

/// Whether pages of a file, or of an image, can be mapped in place of others.
pub const MAPS_FILES: bool = true;

/// Whether the numbers of system errors are an `errno`, of which Node.js knows the names.
pub const HAS_ERRNO: bool = true;
