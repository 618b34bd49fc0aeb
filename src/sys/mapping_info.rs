//! What a system tells of a mapping.

use super::Addresses;

/// A mapping of this process's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingInfo {
    /// Its addresses.
    pub addresses: Addresses,
    /// Whether it can be read or written.
    pub is_accessible: bool,
    /// Whether its pages are those of a file, with a name or without; `None` where the system does not
    /// tell.
    pub is_file: Option<bool>,
    /// Whether what is written to them goes to the file; likewise.
    pub is_shared: Option<bool>,
}
