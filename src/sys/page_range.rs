//! Committed pages, whoever owns them. Operations on them are in `page_bytes.rs` and in each system's
//! `pages.rs`.

use std::marker::PhantomData;
use std::ops::Range;
use std::ptr::NonNull;

use super::{Address, Addresses, HostBytes};

/// Pages that stay mapped, readable and writable as long as this value lives, and that may be replaced by
/// others: a part of a [`super::Mapping`], or the pages under an engine buffer.
///
/// Other threads may read and write the bytes at any time, so no plain reference to them is ever made.
#[derive(Clone, Copy, Debug)]
pub struct PageRange<'a> {
    base: NonNull<u8>,
    length: HostBytes,
    owner: PhantomData<&'a ()>,
}

/// Where writes to a mapped file go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// Nowhere: the first write to a page copies it (copy-on-write), and the copy is private.
    Private,
    /// To the file, and so to every process that maps it.
    ToFile,
}

impl PageRange<'_> {
    /// Wraps the pages of `length` bytes from `base` on.
    ///
    /// # Safety
    ///
    /// `base` must be a page boundary. The pages must stay mapped, readable and writable as long as this
    /// value lives, and their owner must let them be replaced.
    pub unsafe fn new(base: NonNull<u8>, length: HostBytes) -> Self {
        Self {
            base,
            length,
            owner: PhantomData,
        }
    }

    /// Returns the address of the first byte.
    pub fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// Returns the length in bytes.
    pub fn length(&self) -> HostBytes {
        self.length
    }

    /// Returns the addresses of all bytes.
    pub fn addresses(&self) -> Addresses {
        Addresses::new(Address::of(self.base.as_ptr()), self.length.get())
    }

    /// Returns the pages at `offsets` from the first byte. Returns `None` if the range does not contain
    /// them, or if either offset is not a page boundary: this never rounds.
    pub fn slice(&self, offsets: Range<usize>) -> Option<Self> {
        let length = HostBytes::new(offsets.end.checked_sub(offsets.start)?)?;
        let start = HostBytes::new(offsets.start)?;
        if offsets.end > self.length.get() {
            return None;
        }
        let address = self.base.addr().checked_add(start.get())?;
        Some(Self {
            base: self.base.with_addr(address),
            length,
            owner: PhantomData,
        })
    }
}
