//! An owned range of addresses.

use std::io;
use std::ptr::{self, NonNull};

use windows_sys::Win32::System::Memory::{
    MEM_COMMIT, MEM_DECOMMIT, MEM_RELEASE, MEM_RESERVE, PAGE_NOACCESS, PAGE_READWRITE,
    VirtualAlloc, VirtualFree,
};

use crate::sys::{HostBytes, PageRange, fault};

/// Addresses that are ours from the moment they are reserved until this is dropped.
///
/// Engines and their threads read and write the pages through buffers at any time, so no Rust
/// reference is ever made to them: everything goes by address.
#[derive(Debug)]
pub struct Mapping {
    base: NonNull<u8>,
    length: HostBytes,
}

// SAFETY: an address range belongs to the process, not to a thread.
unsafe impl Send for Mapping {}
// SAFETY: as above; what is done to it, the system orders.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Reserves `length` bytes, the first `accessible` of which read zero and can be written; the rest
    /// faults, and nothing is set aside for it.
    ///
    /// # Errors
    ///
    /// What `VirtualAlloc` says; nothing stays reserved then.
    pub fn reserve(length: HostBytes, accessible: HostBytes) -> io::Result<Self> {
        fault::check("VirtualAlloc")?;
        // SAFETY: reserves addresses that nobody has.
        let base = unsafe { VirtualAlloc(ptr::null(), length.get(), MEM_RESERVE, PAGE_NOACCESS) };
        let base = NonNull::new(base.cast()).ok_or_else(io::Error::last_os_error)?;
        let mapping = Self { base, length };
        mapping.make_accessible(HostBytes::ZERO, accessible)?;
        Ok(mapping)
    }

    /// As [`Mapping::reserve`], with huge pages.
    ///
    /// # Errors
    ///
    /// Always: the system gives them to those only who may lock memory, and all at once.
    pub fn reserve_huge(_length: HostBytes, _accessible: HostBytes) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// From now on, huge pages are asked for.
    ///
    /// # Errors
    ///
    /// As [`Mapping::reserve_huge`].
    pub fn prefer_huge(&self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// The first byte's address.
    pub fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// Makes the bytes from `start` to `end` readable and writable; those that were not read zero.
    ///
    /// # Errors
    ///
    /// What `VirtualAlloc` says, or `InvalidInput` where the bytes are not in this mapping.
    pub fn make_accessible(&self, start: HostBytes, end: HostBytes) -> io::Result<()> {
        let Some(pages) = self.part(start, end)? else {
            return Ok(());
        };
        fault::check("VirtualAlloc")?;
        let first = pages.base().as_ptr().cast();
        // SAFETY: the bytes are ours, checked above; those that are committed stay as they are.
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

    /// Makes the bytes from `start` to `end` fault; what was in them is lost.
    ///
    /// # Errors
    ///
    /// What `VirtualFree` says; otherwise as [`Mapping::make_accessible`].
    pub fn make_inaccessible(&self, start: HostBytes, end: HostBytes) -> io::Result<()> {
        let Some(pages) = self.part(start, end)? else {
            return Ok(());
        };
        fault::check("VirtualFree")?;
        let first = pages.base().as_ptr().cast();
        // SAFETY: the bytes are ours, checked above; no Rust reference to them exists.
        if unsafe { VirtualFree(first, pages.length().get(), MEM_DECOMMIT) } == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }

    /// The pages of the first `length` bytes.
    ///
    /// # Errors
    ///
    /// `InvalidInput` where the bytes are not in this mapping.
    pub fn pages(&self, length: HostBytes) -> io::Result<PageRange<'_>> {
        if length > self.length {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        // SAFETY: the mapping is ours, and lives as long as it is borrowed here.
        Ok(unsafe { PageRange::new(self.base, length) })
    }

    /// The pages from `start` to `end`; `None` where those are none.
    fn part(&self, start: HostBytes, end: HostBytes) -> io::Result<Option<PageRange<'_>>> {
        let part = self.pages(self.length)?.slice(start.get()..end.get());
        let part = part.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(Some(part).filter(|part| part.length() != HostBytes::ZERO))
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: reserved by `reserve`, whole, and nobody has it any more.
        unsafe { VirtualFree(self.base.as_ptr().cast(), 0, MEM_RELEASE) };
    }
}
