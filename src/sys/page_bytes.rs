//! Operations on the bytes of pages that need no system call.

use std::ops::Range;
use std::ptr;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use super::PageRange;

impl PageRange<'_> {
    /// Copies the bytes to `to`, which has to be as long. This needs no system call, so it cannot fail. The
    /// ranges may overlap.
    pub fn copy_to(&self, to: &PageRange) {
        debug_assert_eq!(
            self.length(),
            to.length(),
            "pages are copied to as many pages"
        );
        let length = self.length().min(to.length()).get();
        // SAFETY: `length` bytes are readable here and writable in `to`, which `PageRange::new` requires; no
        // range is shorter. `ptr::copy` allows them to overlap.
        unsafe { ptr::copy(self.base().as_ptr(), to.base().as_ptr(), length) };
    }

    /// Returns the bytes at `offsets`, which have to be in the range. If other threads write meanwhile, each
    /// byte has the value that it had when it was read.
    pub fn read(&self, offsets: Range<usize>) -> Vec<u8> {
        debug_assert!(
            offsets.start <= offsets.end && offsets.end <= self.length().get(),
            "{offsets:?} is not in {:?}",
            self.length()
        );
        let end = offsets.end.min(self.length().get());
        let start = offsets.start.min(end);
        let byte = |offset: usize| {
            // SAFETY: `offset` is below `end`, which is at most the length of the range.
            let byte = unsafe { self.base().cast::<AtomicU8>().add(offset) };
            // SAFETY: `PageRange::new` requires readable pages. The load is atomic, since other threads may
            // write.
            unsafe { byte.as_ref() }.load(Ordering::Relaxed)
        };
        (start..end).map(byte).collect()
    }

    /// Writes `bytes` from `offset` on. All of them have to fit in the range.
    pub fn write_at(&self, bytes: &[u8], offset: usize) {
        debug_assert!(
            offset
                .checked_add(bytes.len())
                .is_some_and(|end| end <= self.length().get()),
            "{} bytes at {offset} are not in {:?}",
            bytes.len(),
            self.length()
        );
        let Some(room) = self.length().get().checked_sub(offset) else {
            return;
        };
        let length = room.min(bytes.len());
        // SAFETY: `checked_sub` above makes sure that `offset` is not beyond the end of the range.
        let start = unsafe { self.base().add(offset) };
        // SAFETY: `PageRange::new` requires writable pages, and `length` is at most `room`. They do not
        // overlap `bytes`, which is a plain reference: no such reference to pages is ever made.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), start.as_ptr(), length) };
    }

    /// Returns how many of the bytes a file gets that has the first at `offset` and takes none at `end` or
    /// beyond.
    pub(super) fn length_before(&self, offset: u64, end: u64) -> usize {
        // Saturates: no byte is before `end` if `offset` is not.
        let room = end.saturating_sub(offset);
        let length = self.length().get();
        usize::try_from(room).map_or(length, |room| length.min(room))
    }

    /// Writes zeros to all bytes. This needs no system call, so it cannot fail, but each page takes memory.
    pub fn write_zeros(&self) {
        // SAFETY: `PageRange::new` requires writable pages.
        unsafe { ptr::write_bytes(self.base().as_ptr(), 0, self.length().get()) };
    }

    /// Returns whether all bytes are zero. If other threads write meanwhile, each byte counts as it was when
    /// it was read.
    pub fn is_zero(&self) -> bool {
        let words = self.length().get() / size_of::<u64>();
        (0..words).all(|index| {
            // SAFETY: `index` is below `words`, the number of words in the range.
            let word = unsafe { self.base().cast::<AtomicU64>().add(index) };
            // SAFETY: `PageRange::new` requires readable pages from a page boundary on, which is aligned for
            // words. The load is atomic, since other threads may write.
            unsafe { word.as_ref() }.load(Ordering::Relaxed) == 0
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::sys::{HostBytes, Mapping, PageRange};

    fn bytes(count: usize) -> HostBytes {
        HostBytes::round_up(count * HostBytes::page().get()).unwrap()
    }

    fn mapping(pages: usize) -> Mapping {
        Mapping::reserve(bytes(pages), bytes(pages)).unwrap()
    }

    fn byte(pages: &PageRange, offset: usize) -> *mut u8 {
        assert!(offset < pages.length().get());
        pages.base().as_ptr().wrapping_add(offset)
    }

    fn write(pages: &PageRange, offset: usize, value: u8) {
        // SAFETY: in bounds, checked.
        unsafe { byte(pages, offset).write_volatile(value) };
    }

    fn read(pages: &PageRange, offset: usize) -> u8 {
        // SAFETY: in bounds, checked.
        unsafe { byte(pages, offset).read_volatile() }
    }

    #[test]
    fn decommitted_and_remapped_pages_read_zero() {
        let mapping = mapping(3);
        let all = mapping.pages(bytes(3)).unwrap();
        let page = HostBytes::page().get();
        for zero in [PageRange::decommit, PageRange::remap_as_zeros] {
            for offset in [0, page, 2 * page] {
                write(&all, offset, 7);
            }
            let middle = all.slice(page..2 * page).unwrap();
            zero(&middle).unwrap();
            assert_eq!(
                [0, page, 2 * page].map(|offset| read(&all, offset)),
                [7, 0, 7]
            );
            assert!(middle.is_zero());
            assert!(!all.is_zero());
        }
    }

    #[test]
    fn slices_are_inside_the_range_and_of_whole_pages() {
        let mapping = mapping(2);
        let all = mapping.pages(bytes(2)).unwrap();
        let page = HostBytes::page().get();
        let length = |start, end| all.slice(start..end).map(|slice| slice.length());
        assert_eq!(length(page, 2 * page), Some(HostBytes::page()));
        assert_eq!(length(page, 3 * page), None);
        assert_eq!(length(2 * page, page), None);
        assert_eq!(length(2 * page, 2 * page), Some(HostBytes::ZERO));
        assert_eq!(length(0, page + 1), None);
        assert_eq!(length(1, page), None);
    }

    #[test]
    fn moved_pages_keep_their_bytes_and_leave_zeros() {
        let (from, to) = (mapping(2), mapping(2));
        let (from, to) = (from.pages(bytes(2)).unwrap(), to.pages(bytes(2)).unwrap());
        let last = bytes(2).get() - 1;
        write(&from, 0, 7);
        write(&from, last, 9);
        from.remap_to(&to).unwrap();
        assert_eq!((read(&to, 0), read(&to, last)), (7, 9));
        assert!(from.is_zero());
        write(&from, 0, 1);
        assert_eq!(read(&to, 0), 7);
        assert!(
            from.remap_to(&to.slice(0..HostBytes::page().get()).unwrap())
                .is_err()
        );
    }
}
