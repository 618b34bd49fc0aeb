//! Operations that move or drop pages in the way of Windows, or write them to files.

use std::fs::File;
use std::io;
use std::os::windows::fs::FileExt;
use std::ptr;

use windows_sys::Win32::System::Memory::{MEM_RESET, PAGE_READWRITE, VirtualAlloc, VirtualUnlock};

use crate::sys::{HostBytes, PageRange, Writes, fault, file_offset};

/// How many bytes are decommitted, copied or written at a time. Touching pages makes them take memory, so
/// this bounds how many do at once.
const CHUNK: HostBytes = HostBytes::MIB;

impl PageRange<'_> {
    /// Decommits the pages as far as possible without a gap: afterwards they read zero, and the system can
    /// take their memory.
    ///
    /// `MEM_DECOMMIT` would make the pages fault until they are committed again, which could fail, while
    /// other threads may be using them. So this writes zeros, and `MEM_RESET` lets the system drop the pages.
    /// The pages keep these zeros, or are dropped and read zero. Bytes that other threads write meanwhile are
    /// kept or dropped in the same way.
    ///
    /// # Errors
    ///
    /// None: if the system keeps the pages, they read zero as well.
    pub fn decommit(&self) -> io::Result<()> {
        fault::check("VirtualAlloc")?;
        for chunk in self.chunks() {
            chunk.write_zeros();
            let (first, length) = (chunk.base().as_ptr().cast(), chunk.length().get());
            // SAFETY: `PageRange::new` requires that the pages may be replaced.
            unsafe { VirtualAlloc(first, length, MEM_RESET, PAGE_READWRITE) };
            // Unlocking pages that are not locked removes them from the working set.
            // SAFETY: the call changes no byte.
            unsafe { VirtualUnlock(first, length) };
        }
        Ok(())
    }

    /// Drops private copies of a mapped file's pages.
    ///
    /// # Errors
    ///
    /// Always `Unsupported`: no file is ever mapped.
    pub fn revert(&self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Makes the pages read zero. All pages are anonymous, so this is [`PageRange::decommit`].
    ///
    /// # Errors
    ///
    /// None.
    pub fn remap_as_zeros(&self) -> io::Result<()> {
        self.decommit()
    }

    /// Maps pages of a file in place of these.
    ///
    /// # Errors
    ///
    /// Always `Unsupported`: the system maps files only where nothing is reserved.
    pub fn map_file(&self, _file: &File, _offset: u64, _writes: Writes) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Copies the pages to the addresses of `to`, whose own pages are lost. Afterwards the range here reads
    /// zero.
    ///
    /// # Errors
    ///
    /// Returns `InvalidInput` if the lengths differ.
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
                // Copying zeros would make the page of `to` take memory.
                if !from.is_zero() {
                    from.copy_to(&to);
                }
            }
            from.decommit()?;
        }
        Ok(())
    }

    /// Maps the same pages at `to` as well.
    ///
    /// # Errors
    ///
    /// Always `Unsupported`: a page has a single address.
    pub fn alias_at(&self, _to: &PageRange) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Writes the bytes to `file` from its offset `offset` on, but none at its offset `end` or beyond. If
    /// other threads write meanwhile, each byte has the value that it had when it was read.
    ///
    /// # Errors
    ///
    /// Returns the error from `WriteFile`.
    pub fn write_to(&self, file: &File, offset: u64, end: u64) -> io::Result<()> {
        let length = self.length_before(offset, end);
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

    /// Appends the bytes to `target`, which has to have room for them. If other threads write meanwhile, each
    /// byte has the value that it had when it was read.
    pub fn append_to(&self, target: &mut Vec<u8>) {
        let room = target.spare_capacity_mut();
        debug_assert!(
            self.length().get() <= room.len(),
            "the caller has reserved room for all bytes"
        );
        let count = room.len().min(self.length().get());
        // SAFETY: `PageRange::new` requires readable pages, and `count` is at most their length and that of
        // the room. They do not overlap the room in `target`: no plain reference to pages is ever made.
        unsafe { ptr::copy_nonoverlapping(self.base().as_ptr(), room.as_mut_ptr().cast(), count) };
        let length = target.len() + count;
        // SAFETY: the vector had `target.len()` bytes, and the call above has initialized `count` more.
        unsafe { target.set_len(length) };
    }

    fn chunks(&self) -> impl Iterator<Item = Self> {
        self.split(CHUNK)
    }

    /// Splits the range into parts of `size` bytes; the last may be shorter.
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
