//! Other copies of this addon in the same process.

use std::path::PathBuf;

pub use super::system::addon_copies::first;

/// The version of what the addon exports to `lib/`: a copy of the package uses the addon of another copy
/// only if both have the same. Raise it whenever an exported function changes, is added or is removed.
pub const INTERFACE: u32 = 2;

/// The copy of the addon that was loaded first.
#[derive(Debug)]
pub struct FirstCopy {
    /// The file that it was loaded from.
    pub path: PathBuf,
    /// The [`INTERFACE`] of that copy.
    pub interface: u32,
}
