//! Truncation of mapped files: no files are mapped, and Windows lets nobody truncate a mapped file.

use std::convert::Infallible;
use std::io;

use crate::sys::Addresses;

/// Watches addresses of a mapped file. It has no values, since no files are mapped.
#[derive(Debug)]
pub struct TruncationGuard(Infallible);

impl TruncationGuard {
    /// Watches `addresses`.
    ///
    /// # Errors
    ///
    /// Always `Unsupported`: no file is mapped there.
    pub fn over(_addresses: Addresses) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Watches `addresses` as part of the same file.
    pub fn also_over(&self, _addresses: Addresses) -> Self {
        match self.0 {}
    }

    /// Does nothing: there is no signal handler.
    pub fn keep_armed() {}

    /// Does nothing: there is no signal handler.
    pub fn expect_reports() {}

    /// Does nothing: there is no signal handler.
    pub fn rearm(_by_force: bool) {}

    /// Returns whether a page was lost since the file was mapped.
    pub fn has_lost_page(&self) -> bool {
        match self.0 {}
    }
}
