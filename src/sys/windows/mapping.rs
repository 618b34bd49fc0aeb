//! Reserved address space (`VirtualAlloc`, `VirtualFree`).

use std::io;
use std::ptr::{self, NonNull};

use windows_sys::Win32::System::Memory::{
    MEM_COMMIT, MEM_DECOMMIT, MEM_RELEASE, MEM_RESERVE, PAGE_NOACCESS, PAGE_READWRITE,
    VirtualAlloc, VirtualFree,
};

use crate::sys::{HostBytes, PageRange, fault};

/// An owned range of addresses, which is released when this value is dropped.
///
/// Engines and their threads read and write the pages through buffers at any time. So no Rust reference to
/// the pages is ever made: all access is by address.
#[derive(Debug)]
pub struct Mapping {
    base: NonNull<u8>,
    length: HostBytes,
}

// SAFETY: an address range belongs to the process, not to a thread.
unsafe impl Send for Mapping {}
// SAFETY: as above. The system orders concurrent calls.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Reserves `length` bytes, and commits the first `accessible` of them, which read zero. Accesses to the
    /// others fault, and these take no memory.
    ///
    /// # Errors
    ///
    /// Returns the error from `VirtualAlloc`; nothing stays reserved then.
    pub fn reserve(length: HostBytes, accessible: HostBytes) -> io::Result<Self> {
        fault::check("VirtualAlloc")?;
        // SAFETY: without an address, the system chooses one where nothing is reserved.
        let base = unsafe { VirtualAlloc(ptr::null(), length.get(), MEM_RESERVE, PAGE_NOACCESS) };
        let base = NonNull::new(base.cast()).ok_or_else(io::Error::last_os_error)?;
        let mapping = Self { base, length };
        mapping.make_accessible(HostBytes::ZERO, accessible)?;
        Ok(mapping)
    }

    /// Reserves with huge pages.
    ///
    /// # Errors
    ///
    /// Always `Unsupported`: only processes that may lock memory can have huge pages, and only if all are
    /// committed at once.
    pub fn reserve_huge(_length: HostBytes, _accessible: HostBytes) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Requests huge pages.
    ///
    /// # Errors
    ///
    /// As [`Mapping::reserve_huge`].
    pub fn prefer_huge(&self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Returns the address of the first byte.
    pub fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// Commits the bytes from `start` to `end` (`MEM_COMMIT`). Those that were not committed read zero.
    ///
    /// # Errors
    ///
    /// Returns the error from `VirtualAlloc`, or `InvalidInput` if the bytes are not in this mapping.
    pub fn make_accessible(&self, start: HostBytes, end: HostBytes) -> io::Result<()> {
        let Some(pages) = self.slice(start, end)? else {
            return Ok(());
        };
        fault::check("VirtualAlloc")?;
        let first = pages.base().as_ptr().cast();
        // SAFETY: `slice` has checked that the bytes are in this mapping. The call keeps pages that are
        // committed.
        let committed =
            unsafe { VirtualAlloc(first, pages.length().get(), MEM_COMMIT, PAGE_READWRITE) };
        if committed.is_null() {
            return Err(io::Error::last_os_error());
        }
        debug_assert_eq!(
            committed, first,
            "pages are committed where they are reserved"
        );
        Ok(())
    }

    /// Decommits the bytes from `start` to `end` (`MEM_DECOMMIT`): accesses fault, and their content is
    /// lost.
    ///
    /// # Errors
    ///
    /// Returns the error from `VirtualFree`; otherwise as [`Mapping::make_accessible`].
    pub fn make_inaccessible(&self, start: HostBytes, end: HostBytes) -> io::Result<()> {
        let Some(pages) = self.slice(start, end)? else {
            return Ok(());
        };
        fault::check("VirtualFree")?;
        let first = pages.base().as_ptr().cast();
        // SAFETY: `slice` has checked that the bytes are in this mapping, and no Rust reference to pages exists.
        if unsafe { VirtualFree(first, pages.length().get(), MEM_DECOMMIT) } == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
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
        // SAFETY: this value owns the pages, which stay reserved as long as it is borrowed. It lets them be
        // replaced.
        Ok(unsafe { PageRange::new(self.base, length) })
    }

    /// Returns the pages from `start` to `end`, or `None` if there are none.
    fn slice(&self, start: HostBytes, end: HostBytes) -> io::Result<Option<PageRange<'_>>> {
        let pages = self.pages(self.length)?.slice(start.get()..end.get());
        let pages = pages.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(Some(pages).filter(|pages| pages.length() != HostBytes::ZERO))
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: `reserve` has reserved this range as a whole, and a `PageRange` of it borrows this value.
        unsafe { VirtualFree(self.base.as_ptr().cast(), 0, MEM_RELEASE) };
    }
}
