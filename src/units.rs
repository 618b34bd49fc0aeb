//! Lengths whose unit is part of their type.

use crate::sys::page_size;

/// Bytes in a WebAssembly page.
const PAGE: u64 = 64 * 1024;

/// A number of WebAssembly pages of 64 KiB, at most [`Pages::LIMIT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pages(u64);

impl Pages {
    /// The most pages that any memory may have: those of one with 64-bit addresses, as the JS API's
    /// "Implementation-defined Limits" say.
    pub const LIMIT: Self = Self(262_144);

    /// `count` pages, or `None` beyond [`Pages::LIMIT`].
    pub fn new(count: u64) -> Option<Self> {
        (count <= Self::LIMIT.0).then_some(Self(count))
    }

    /// The pages that have so many bytes, if it is no part of one, nor beyond [`Pages::LIMIT`].
    pub fn of_bytes(bytes: usize) -> Option<Self> {
        let bytes = u64::try_from(bytes).ok()?;
        let count = bytes / PAGE;
        Self::new(count).filter(|_| bytes.is_multiple_of(PAGE))
    }

    /// The number itself.
    pub fn count(self) -> u64 {
        self.0
    }

    /// The sum, or `None` beyond [`Pages::LIMIT`].
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).and_then(Self::new)
    }

    /// The length of these pages, or `None` where no address space holds so many.
    pub fn bytes(self) -> Option<HostBytes> {
        let bytes = usize::try_from(self.0.checked_mul(PAGE)?).ok()?;
        HostBytes::round_up(bytes)
    }
}

/// A length in bytes that is a multiple of the operating system's page, and at most `isize::MAX`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostBytes(usize);

impl HostBytes {
    /// No bytes.
    pub const ZERO: Self = Self(0);

    /// A mebibyte, of whole pages on every system.
    pub const MIB: Self = Self(1 << 20);

    /// What huge pages of the system's are, where its usual ones have 4 KiB.
    pub const HUGE_PAGE: Self = Self(2 << 20);

    /// One page of the operating system's.
    pub fn page() -> Self {
        Self(page_size())
    }

    /// `bytes`, up to the next page boundary.
    pub fn round_up(bytes: usize) -> Option<Self> {
        let bytes = bytes.checked_next_multiple_of(page_size())?;
        isize::try_from(bytes).ok().map(|_| Self(bytes))
    }

    /// Up to a multiple of [`HostBytes::HUGE_PAGE`], if it is at least one; `None` where no
    /// address space is so large.
    pub fn whole_huge_pages(self) -> Option<Self> {
        if self < Self::HUGE_PAGE {
            return Some(self);
        }
        let bytes = self.0.checked_next_multiple_of(Self::HUGE_PAGE.0)?;
        Self::round_up(bytes)
    }

    /// Half of it, down to a page boundary.
    pub fn halved(self) -> Self {
        let half = self.0 / 2;
        Self(half - half % page_size())
    }

    /// The sum, or `None` where no address space is so large.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).and_then(Self::round_up)
    }

    /// The number itself.
    pub fn get(self) -> usize {
        self.0
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
    }

    #[test]
    fn lengths_beyond_the_address_space_are_refused() {
        assert_eq!(HostBytes::round_up(usize::MAX), None);
        assert_eq!(HostBytes::round_up(1 << (usize::BITS - 1)), None);
        let half = HostBytes::round_up(1 << (usize::BITS - 2)).unwrap();
        assert_eq!(half.checked_add(half), None);
    }

    #[test]
    fn long_ones_are_rounded_up_to_huge_pages() {
        let page = HostBytes::page();
        let huge = HostBytes::HUGE_PAGE;
        let two = huge.checked_add(huge);
        assert_eq!(page.whole_huge_pages(), Some(page));
        assert_eq!(huge.whole_huge_pages(), Some(huge));
        assert_eq!(
            huge.checked_add(page).and_then(HostBytes::whole_huge_pages),
            two
        );
        let longest = HostBytes::round_up(isize::MAX as usize - page.get()).unwrap();
        assert_eq!(longest.whole_huge_pages(), None);
    }

    #[test]
    fn lengths_are_whole_pages_of_the_system() {
        let page = HostBytes::page();
        assert_eq!(HostBytes::round_up(1), Some(page));
        assert_eq!(HostBytes::round_up(page.get()), Some(page));
        assert_eq!(page.halved(), HostBytes::ZERO);
        assert_eq!(Pages(3).bytes().map(HostBytes::get), Some(3 * 65_536));
    }
}
