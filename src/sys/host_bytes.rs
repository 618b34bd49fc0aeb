//! Lengths in whole pages of the operating system.

use super::page_size;

/// A length in bytes that is a multiple of the system page, and at most `isize::MAX`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostBytes(usize);

impl HostBytes {
    /// No bytes.
    pub const ZERO: Self = Self(0);

    /// A mebibyte, which is a whole number of pages on every system.
    pub const MIB: Self = Self(1 << 20);

    /// The size of a huge page on systems whose base page has 4 KiB.
    pub const HUGE_PAGE: Self = Self(2 << 20);

    /// Returns the size of a system page.
    pub fn page() -> Self {
        Self(page_size())
    }

    /// Converts `bytes`, or returns `None` if they are not whole pages, or exceed `isize::MAX`.
    pub fn new(bytes: usize) -> Option<Self> {
        Self::round_up(bytes).filter(|whole| whole.0 == bytes)
    }

    /// Rounds `bytes` up to the next page boundary. Returns `None` beyond `isize::MAX`.
    pub fn round_up(bytes: usize) -> Option<Self> {
        let bytes = bytes.checked_next_multiple_of(page_size())?;
        isize::try_from(bytes).ok().map(|_| Self(bytes))
    }

    /// Rounds the length up to a multiple of [`HostBytes::HUGE_PAGE`] if it is at least one. Returns `None`
    /// beyond `isize::MAX`.
    pub fn rounded_to_huge_pages(self) -> Option<Self> {
        if self < Self::HUGE_PAGE {
            return Some(self);
        }
        let bytes = self.0.checked_next_multiple_of(Self::HUGE_PAGE.0)?;
        Self::round_up(bytes)
    }

    /// Returns half of the length, rounded down to a page boundary.
    pub fn halved(self) -> Self {
        let half = self.0 / 2;
        Self(half - half % page_size())
    }

    /// Returns the sum, or `None` beyond `isize::MAX`.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).and_then(Self::round_up)
    }

    /// Returns the number of bytes.
    pub fn get(self) -> usize {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_beyond_the_address_space_are_refused() {
        assert_eq!(HostBytes::round_up(usize::MAX), None);
        assert_eq!(HostBytes::round_up(1 << (usize::BITS - 1)), None);
        let half = HostBytes::round_up(1 << (usize::BITS - 2)).unwrap();
        assert_eq!(half.checked_add(half), None);
    }

    #[test]
    fn long_lengths_are_rounded_up_to_huge_pages() {
        let page = HostBytes::page();
        let huge = HostBytes::HUGE_PAGE;
        let two = huge.checked_add(huge);
        assert_eq!(page.rounded_to_huge_pages(), Some(page));
        assert_eq!(huge.rounded_to_huge_pages(), Some(huge));
        assert_eq!(
            huge.checked_add(page)
                .and_then(HostBytes::rounded_to_huge_pages),
            two
        );
        let longest = HostBytes::round_up(isize::MAX as usize - page.get()).unwrap();
        assert_eq!(longest.rounded_to_huge_pages(), None);
    }

    #[test]
    fn lengths_are_whole_pages_of_the_system() {
        let page = HostBytes::page();
        assert_eq!(HostBytes::round_up(1), Some(page));
        assert_eq!(HostBytes::round_up(page.get()), Some(page));
        assert_eq!(HostBytes::new(page.get()), Some(page));
        assert_eq!(HostBytes::new(page.get() + 1), None);
        assert_eq!(page.halved(), HostBytes::ZERO);
    }
}
