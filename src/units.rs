//! Numbers of WebAssembly pages.

use crate::sys::HostBytes;

/// The size of a WebAssembly page in bytes.
const PAGE: u64 = 64 * 1024;

/// A number of WebAssembly pages of 64 KiB, at most [`Pages::LIMIT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pages(u64);

impl Pages {
    /// The largest size that any memory may have: that of a memory with 64-bit addresses, in the section
    /// "Implementation-defined Limits" of the JS API.
    pub const LIMIT: Self = Self(262_144);

    /// Returns `count` pages, or `None` beyond [`Pages::LIMIT`].
    pub fn new(count: u64) -> Option<Self> {
        (count <= Self::LIMIT.0).then_some(Self(count))
    }

    /// Returns the number of pages that `bytes` bytes are. Returns `None` if they are not whole pages, or more
    /// than [`Pages::LIMIT`].
    pub fn of_bytes(bytes: usize) -> Option<Self> {
        let bytes = u64::try_from(bytes).ok()?;
        let count = bytes / PAGE;
        Self::new(count).filter(|_| bytes.is_multiple_of(PAGE))
    }

    /// Returns the number of pages.
    pub fn count(self) -> u64 {
        self.0
    }

    /// Returns the sum, or `None` beyond [`Pages::LIMIT`].
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).and_then(Self::new)
    }

    /// Returns the length of the pages in bytes, or `None` if it exceeds `isize::MAX`.
    pub fn bytes(self) -> Option<HostBytes> {
        let bytes = usize::try_from(self.0.checked_mul(PAGE)?).ok()?;
        HostBytes::round_up(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_end_at_their_limit() {
        assert_eq!(Pages::new(262_144), Some(Pages::LIMIT));
        assert_eq!(Pages::new(262_145), None);
        assert_eq!(Pages::LIMIT.checked_add(Pages(1)), None);
        assert_eq!(Pages::of_bytes(2 * 65_536), Some(Pages(2)));
        assert_eq!(Pages::of_bytes(65_537), None);
        assert_eq!(Pages::of_bytes(262_145 * 65_536), None);
        assert_eq!(Pages(3).bytes().map(HostBytes::get), Some(3 * 65_536));
    }
}
