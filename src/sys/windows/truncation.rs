//! MappingInfo files that somebody truncates: there are none, and no system would let anybody truncate them.

use std::convert::Infallible;
use std::io;

use crate::sys::Addresses;

/// Addresses of a mapped file's that are watched.
#[derive(Debug)]
pub struct TruncationGuard(Infallible);

impl TruncationGuard {
    /// Watches `addresses`.
    ///
    /// # Errors
    ///
    /// Always: no file's pages are there.
    pub fn over(_addresses: Addresses) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Watches `addresses` as well, as part of the same.
    pub fn also_over(&self, _addresses: Addresses) -> Self {
        match self.0 {}
    }

    /// Does nothing: there is no handler.
    pub fn keep_armed() {}

    /// Likewise.
    pub fn expect_reports() {}

    /// Likewise.
    pub fn rearm(_by_force: bool) {}

    /// Returns whether a page was lost, and now reads zero.
    pub fn has_lost_page(&self) -> bool {
        match self.0 {}
    }
}
