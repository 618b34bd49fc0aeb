//! What Windows does to pages in place.

use std::fs::File;
use std::io;
use std::os::windows::fs::FileExt;
use std::ptr;

use windows_sys::Win32::System::Memory::{MEM_RESET, PAGE_READWRITE, VirtualAlloc, VirtualUnlock};

use crate::sys::{HostBytes, PageRange, Writes, fault, file_offset};

/// As many bytes as are given back, copied or written at a time, so that no more of what was never
/// touched takes memory for it.
const CHUNK: HostBytes = HostBytes::MIB;

impl PageRange<'_> {
    /// Decommits the pages as far as that is possible without a gap: they read zero afterwards, and the system
    /// takes their memory if it wants to.
    ///
    /// `MEM_DECOMMIT` would make the pages fault until they are committed again, which could fail, and other
    /// threads may be using them. So this writes zeros, and `MEM_RESET` lets the system drop the pages:
    /// afterwards, it has either these pages or zeros. The same holds for what other threads write meanwhile.
    ///
    /// # Errors
    ///
    /// None: if the system keeps the pages, they read zero as well.
    pub fn decommit(&self) -> io::Result<()> {
        fault::check("VirtualAlloc")?;
        for chunk in self.chunks() {
            chunk.write_zeros();
            let (first, length) = (chunk.base().as_ptr().cast(), chunk.length().get());
            // SAFETY: the pages are the owner's to replace: see `new`.
            unsafe { VirtualAlloc(first, length, MEM_RESET, PAGE_READWRITE) };
            // What is not locked leaves the working set by this.
            // SAFETY: changes no byte.
            unsafe { VirtualUnlock(first, length) };
        }
        Ok(())
    }

    /// Drops what was written to private copies of a mapped file's pages.
    ///
    /// # Errors
    ///
    /// Always `Unsupported`: no file is ever mapped here.
    pub fn revert(&self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Makes the pages read zero. There are only anonymous pages, so this is [`PageRange::decommit`].
    ///
    /// # Errors
    ///
    /// None.
    pub fn remap_as_zeros(&self) -> io::Result<()> {
        self.decommit()
    }

    /// Puts a file's pages in their place.
    ///
    /// # Errors
    ///
    /// Always: the system maps files where nothing is reserved.
    pub fn map_file(&self, _file: &File, _offset: u64, _writes: Writes) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Copies the pages to where those of `to` are, which are lost. What is here reads zero then.
    ///
    /// # Errors
    ///
    /// `InvalidInput` where they are not as many.
    pub fn remap_to(&self, to: &PageRange) -> io::Result<()> {
        if self.length() != to.length() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        to.decommit()?;
        for (from, to) in self.chunks().zip(to.chunks()) {
            for (from, to) in from
                .split(HostBytes::page())
                .zip(to.split(HostBytes::page()))
            {
                // Who writes zeros makes them take memory.
                if !from.is_zero() {
                    from.copy_to(&to);
                }
            }
            from.decommit()?;
        }
        Ok(())
    }

    /// Has the pages of `to` be the same pages.
    ///
    /// # Errors
    ///
    /// Always: a page has one address here.
    pub fn alias_at(&self, _to: &PageRange) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Writes the bytes to a file, as they are read, at `offset`, but nothing from `end` on.
    ///
    /// # Errors
    ///
    /// What `WriteFile` says.
    pub fn write_to(&self, file: &File, offset: u64, end: u64) -> io::Result<()> {
        // Nothing is written if `end` is before `offset`.
        let room = end.saturating_sub(offset);
        let length =
            usize::try_from(room).map_or(self.length().get(), |room| self.length().get().min(room));
        let mut done = 0;
        while done < length {
            let bytes = self.read(done..length.min(done + CHUNK.get()));
            fault::check("WriteFile")?;
            match file.seek_write(&bytes, offset + file_offset(done))? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                count => done += count,
            }
        }
        Ok(())
    }

    /// Adds the bytes to `target`, as they are read, as many as it has room for.
    pub fn append_to(&self, target: &mut Vec<u8>) {
        let room = target.spare_capacity_mut();
        let count = room.len().min(self.length().get());
        // SAFETY: from `base`, so many bytes are readable: see `new`; and there is room for them, which is
        // another's, since no plain reference to those here is ever made.
        unsafe { ptr::copy_nonoverlapping(self.base().as_ptr(), room.as_mut_ptr().cast(), count) };
        let length = target.len() + count;
        // SAFETY: so many were there, and were added above.
        unsafe { target.set_len(length) };
    }

    fn chunks(&self) -> impl Iterator<Item = Self> {
        self.split(CHUNK)
    }

    /// All of them, so many bytes at a time.
    fn split(&self, size: HostBytes) -> impl Iterator<Item = Self> {
        let all = *self;
        let mut at = HostBytes::ZERO;
        std::iter::from_fn(move || {
            let end = at.checked_add(size)?.min(all.length());
            let part = all.slice(at.get()..end.get())?;
            at = end;
            (part.length() != HostBytes::ZERO).then_some(part)
        })
    }
}
