//! What a system reports about a mapping.

use super::Addresses;

/// A mapping of this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingInfo {
    /// The addresses of the mapping.
    pub addresses: Addresses,
    /// Whether its pages can be read or written.
    pub is_accessible: bool,
    /// Whether its pages are those of a file, with or without a name. `None` if the system does not report
    /// that.
    pub is_file: Option<bool>,
    /// Whether writes go to the file. `None` if the system does not report that.
    pub is_shared: Option<bool>,
}
