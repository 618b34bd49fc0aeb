//! Reserved address space (`mmap(2)`, `mprotect(2)`).

use std::io;
use std::ptr::NonNull;

use memmap2::{MmapOptions, MmapRaw};
use rustix::mm::{self, MprotectFlags};

use super::platform;
use crate::sys::{HostBytes, PageRange, fault};

/// An owned mapping of anonymous private pages, which is unmapped when this value is dropped.
///
/// Engines and their threads read and write the pages through buffers at any time. So no Rust reference to
/// the pages is ever made: all access is by address.
#[derive(Debug)]
pub struct Mapping {
    pages: MmapRaw,
    /// The offset in `pages` at which the usable part begins.
    offset: usize,
    /// The length of the usable part.
    length: HostBytes,
}

impl Mapping {
    /// Reserves `length` bytes (`MAP_NORESERVE`). The first `accessible` of them read zero and can be
    /// written to; the others fault.
    ///
    /// # Errors
    ///
    /// Returns the error from `mmap(2)` or `mprotect(2)`; nothing stays mapped then.
    pub fn reserve(length: HostBytes, accessible: HostBytes) -> io::Result<Self> {
        let mapping = Self {
            pages: map(length)?,
            offset: 0,
            length,
        };
        mapping.make_inaccessible(accessible, length)?;
        Ok(mapping)
    }

    /// Reserves as [`Mapping::reserve`] does, at a multiple of 2 MiB, and requests huge pages.
    ///
    /// # Errors
    ///
    /// Returns the error from `mmap(2)`, `mprotect(2)` or [`Mapping::prefer_huge`]; nothing stays mapped
    /// then.
    pub fn reserve_huge(length: HostBytes, accessible: HostBytes) -> io::Result<Self> {
        let room = length
            .checked_add(HostBytes::HUGE_PAGE)
            .ok_or(io::ErrorKind::OutOfMemory)?;
        let pages = map(room)?;
        let mapping = Self {
            offset: pages.as_mut_ptr().align_offset(HostBytes::HUGE_PAGE.get()),
            pages,
            length,
        };
        mapping.prefer_huge()?;
        mapping.make_inaccessible(accessible, length)?;
        Ok(mapping)
    }

    /// Requests huge pages for the whole mapping.
    ///
    /// # Errors
    ///
    /// Returns the error from `madvise(2)`, or `Unsupported` if the system has no huge pages.
    pub fn prefer_huge(&self) -> io::Result<()> {
        platform::prefer_huge(&self.pages(self.length)?)
    }

    /// Returns the address of the first byte.
    pub fn base(&self) -> NonNull<u8> {
        // memmap2 maps at least one byte, at an address that is never null.
        NonNull::new(self.pages.as_mut_ptr().wrapping_add(self.offset))
            .unwrap_or(NonNull::dangling())
    }

    /// Makes the bytes from `start` to `end` readable and writable (`mprotect(2)`).
    ///
    /// # Errors
    ///
    /// Returns the error from `mprotect(2)`, or `InvalidInput` if the bytes are not in this mapping.
    pub fn make_accessible(&self, start: HostBytes, end: HostBytes) -> io::Result<()> {
        self.protect(start, end, MprotectFlags::READ | MprotectFlags::WRITE)
    }

    /// Makes accesses to the bytes from `start` to `end` fault (`mprotect(2)`).
    ///
    /// # Errors
    ///
    /// As [`Mapping::make_accessible`].
    pub fn make_inaccessible(&self, start: HostBytes, end: HostBytes) -> io::Result<()> {
        self.protect(start, end, MprotectFlags::empty())
    }

    /// Returns the pages of the first `length` bytes. They have to be accessible when they are used.
    ///
    /// # Errors
    ///
    /// Returns `InvalidInput` if the mapping is shorter.
    pub fn pages(&self, length: HostBytes) -> io::Result<PageRange<'_>> {
        if length > self.length {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        // SAFETY: this value owns the pages, which stay mapped as long as it is borrowed. It lets them be
        // replaced.
        Ok(unsafe { PageRange::new(self.base(), length) })
    }

    fn protect(&self, start: HostBytes, end: HostBytes, flags: MprotectFlags) -> io::Result<()> {
        let pages = self.pages(self.length)?.slice(start.get()..end.get());
        let pages = pages.ok_or(io::ErrorKind::InvalidInput)?;
        if pages.length() == HostBytes::ZERO {
            return Ok(());
        }
        fault::check("mprotect")?;
        // SAFETY: `slice` has checked that the pages are in this mapping, and no Rust reference to pages exists.
        unsafe { mm::mprotect(pages.base().as_ptr().cast(), pages.length().get(), flags) }?;
        Ok(())
    }
}

fn map(length: HostBytes) -> io::Result<MmapRaw> {
    fault::check("mmap")?;
    let mut options = MmapOptions::new();
    let pages = options.len(length.get()).no_reserve_swap().map_anon()?;
    Ok(MmapRaw::from(pages))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::testing::protection_at;

    fn bytes(count: usize) -> HostBytes {
        HostBytes::round_up(count * HostBytes::page().get()).unwrap()
    }

    fn byte(mapping: &Mapping, offset: usize) -> *mut u8 {
        assert!(offset < mapping.length.get());
        mapping.base().as_ptr().wrapping_add(offset)
    }

    /// Returns whether the byte can be read, by the protection that the kernel reports.
    fn readable(mapping: &Mapping, offset: usize) -> bool {
        protection_at(byte(mapping, offset).addr()).as_deref() == Some("rw-p")
    }

    #[test]
    fn only_the_accessible_part_can_be_read() {
        let mapping = Mapping::reserve(bytes(4), bytes(1)).unwrap();
        let page = HostBytes::page().get();
        assert!(readable(&mapping, 0));
        assert!(!readable(&mapping, page));
        mapping.make_accessible(bytes(1), bytes(2)).unwrap();
        assert!(readable(&mapping, page));
        assert!(!readable(&mapping, 2 * page));
        mapping.make_inaccessible(bytes(1), bytes(2)).unwrap();
        assert!(!readable(&mapping, page));
    }

    #[test]
    fn ranges_outside_the_mapping_are_refused() {
        let mapping = Mapping::reserve(bytes(2), bytes(1)).unwrap();
        assert!(mapping.make_accessible(bytes(1), bytes(3)).is_err());
        assert!(mapping.make_accessible(bytes(2), bytes(1)).is_err());
        assert!(mapping.pages(bytes(3)).is_err());
    }
}
