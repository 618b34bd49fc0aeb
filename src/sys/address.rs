//! Addresses and ranges of addresses, as types of their own so that none is mistaken for an offset.

use std::fmt;

/// An address in this process, mapped or not. It gives no access to memory: only a pointer does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(usize);

impl Address {
    /// The lowest address.
    pub const MIN: Self = Self(0);

    /// The highest address, where nothing is ever mapped.
    pub const MAX: Self = Self(usize::MAX);

    /// Converts a number to an address.
    pub const fn new(address: usize) -> Self {
        Self(address)
    }

    /// Returns the address that `pointer` points to.
    pub fn of<T>(pointer: *const T) -> Self {
        Self(pointer.addr())
    }

    /// Returns the address as a number.
    pub const fn get(self) -> usize {
        self.0
    }

    /// Returns the address `offset` bytes above this one, or `None` beyond the address space.
    pub fn checked_add(self, offset: usize) -> Option<Self> {
        self.0.checked_add(offset).map(Self)
    }

    /// Returns how many bytes this address is above `base`, or `None` if it is below.
    pub fn offset_from(self, base: Self) -> Option<usize> {
        self.0.checked_sub(base.0)
    }

    /// Rounds the address down to a multiple of `alignment`.
    pub fn align_down(self, alignment: usize) -> Self {
        Self(self.0 - self.0 % alignment)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "{:#x}", self.0)
    }
}

/// A range of addresses, `start..end`. It may be empty.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    start: Address,
    end: Address,
}

impl Addresses {
    /// All addresses.
    pub const ALL: Self = Self {
        start: Address::MIN,
        end: Address::MAX,
    };

    /// An empty range, at an address where nothing is ever mapped.
    pub const NONE: Self = Self {
        start: Address::MAX,
        end: Address::MAX,
    };

    /// Returns the addresses of `length` bytes from `start` on.
    pub fn new(start: Address, length: usize) -> Self {
        let end = start.checked_add(length);
        debug_assert!(end.is_some(), "no bytes lie beyond the address space");
        Self {
            start,
            end: end.unwrap_or(Address::MAX),
        }
    }

    /// Returns the addresses from `start` to `end`: an empty range if `end` is below `start`.
    pub fn between(start: Address, end: Address) -> Self {
        Self {
            start,
            end: end.max(start),
        }
    }

    /// Returns the first address.
    pub const fn start(self) -> Address {
        self.start
    }

    /// Returns the address behind the last one.
    pub const fn end(self) -> Address {
        self.end
    }

    /// Returns the length of the range in bytes.
    pub fn len(self) -> usize {
        // Cannot underflow: no constructor returns an end below the start.
        self.end.0 - self.start.0
    }

    /// Returns whether the range is empty.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Returns whether `address` is in the range.
    pub fn contains(self, address: Address) -> bool {
        self.start <= address && address < self.end
    }

    /// Returns the addresses that are in both ranges.
    pub fn intersection(self, other: Self) -> Self {
        Self::between(self.start.max(other.start), self.end.min(other.end))
    }

    /// Returns the part of the range below `end`.
    pub fn up_to(self, end: Address) -> Self {
        Self::between(self.start, self.end.min(end))
    }

    /// Returns the part of the range at `start` and above.
    pub fn starting_at(self, start: Address) -> Self {
        Self::between(self.start.max(start), self.end)
    }

    /// Returns the offsets of `inner` from the start of this range, which has to contain it.
    pub fn offsets_of(self, inner: Self) -> std::ops::Range<usize> {
        debug_assert!(
            self.start <= inner.start && inner.end <= self.end,
            "{inner:?} is not in {self:?}"
        );
        inner.start.0 - self.start.0..inner.end.0 - self.start.0
    }

    /// Returns the addresses at `offsets` from the start of this range, which has to contain them.
    pub fn slice(self, offsets: std::ops::Range<usize>) -> Self {
        debug_assert!(
            offsets.start <= offsets.end && offsets.end <= self.len(),
            "{offsets:?} is not in {self:?}"
        );
        // Cannot overflow: both offsets are within these addresses.
        let at = |offset: usize| Address(self.start.0 + offset);
        Self::between(at(offsets.start), at(offsets.end))
    }

    /// Splits the range into parts of `length` bytes; the last may be shorter.
    ///
    /// # Panics
    ///
    /// Panics if `length` is 0.
    pub fn chunks(self, length: usize) -> impl Iterator<Item = Self> {
        let starts = (self.start.0..self.end.0).step_by(length);
        starts.map(move |start| {
            // Saturates: the last part may end at the last address.
            self.intersection(Self::between(
                Address(start),
                Address(start.saturating_add(length)),
            ))
        })
    }
}

impl fmt::Debug for Addresses {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "{:?}..{:?}", self.start, self.end)
    }
}

#[cfg(test)]
impl From<std::ops::Range<usize>> for Addresses {
    fn from(range: std::ops::Range<usize>) -> Self {
        Self::between(Address(range.start), Address(range.end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: usize, end: usize) -> Addresses {
        (start..end).into()
    }

    #[test]
    fn ranges_are_cut_and_compared() {
        let all = range(10, 30);
        assert_eq!((all.len(), range(5, 5).is_empty()), (20, true));
        assert!(all.contains(Address(10)) && !all.contains(Address(30)));
        assert_eq!(all.intersection(range(20, 40)), range(20, 30));
        assert!(all.intersection(range(30, 40)).is_empty());
        assert_eq!(all.up_to(Address(12)), range(10, 12));
        assert_eq!(all.starting_at(Address(12)), range(12, 30));
        assert!(all.up_to(Address(5)).is_empty() && all.starting_at(Address(35)).is_empty());
        assert_eq!(all.offsets_of(range(12, 30)), 2..20);
        assert_eq!(all.slice(2..20), range(12, 30));
    }

    #[test]
    fn chunks_are_all_of_a_range() {
        let chunks = |all: Addresses| all.chunks(4).collect::<Vec<_>>();
        assert_eq!(chunks(range(0, 9)), [range(0, 4), range(4, 8), range(8, 9)]);
        assert_eq!(chunks(range(5, 5)), []);
        assert_eq!(chunks(range(usize::MAX - 1, usize::MAX)).len(), 1);
    }

    #[test]
    fn addresses_end_where_the_address_space_does() {
        assert_eq!(Address::MAX.checked_add(1), None);
        assert_eq!(Address(5).offset_from(Address(6)), None);
        assert_eq!(Address(9).offset_from(Address(6)), Some(3));
        assert_eq!(Address(4099).align_down(4096), Address(4096));
    }
}
