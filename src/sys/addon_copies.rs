//! Copies of this addon in one process.

use std::path::PathBuf;

pub use super::system::addon_copies::first;

/// What the addon exports to `lib/`, by number: a copy of the package uses the addon of another copy only if
/// both have the same. Raise it whenever an exported function changes, comes or goes.
pub const INTERFACE: u32 = 2;

/// The copy that was loaded first.
#[derive(Debug)]
pub struct FirstCopy {
    /// The file that it was loaded from.
    pub path: PathBuf,
    /// Its [`INTERFACE`].
    pub interface: u32,
}
