//! Committed pages of somebody's. What is done to them is in `page_bytes.rs`, and in each system's folder.

use std::marker::PhantomData;
use std::ops::Range;
use std::ptr::NonNull;

use super::{Address, Addresses, HostBytes};

/// Pages that are mapped, readable and writable as long as this value lives, and may be replaced by
/// others: a part of a [`super::Mapping`], or those under a buffer of the engine's.
///
/// Other threads may read and write the bytes at any time: no plain reference to them is ever made.
#[derive(Clone, Copy, Debug)]
pub struct PageRange<'a> {
    base: NonNull<u8>,
    length: HostBytes,
    owner: PhantomData<&'a ()>,
}

/// Where what is written to a mapped file goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// Nowhere: who writes gets a copy of the page.
    Private,
    /// To the file.
    ToFile,
}

impl PageRange<'_> {
    /// The pages from `base` on, a page boundary.
    ///
    /// # Safety
    ///
    /// They must be mapped, accessible, and the owner's to replace, as long as this value lives.
    pub unsafe fn new(base: NonNull<u8>, length: HostBytes) -> Self {
        Self {
            base,
            length,
            owner: PhantomData,
        }
    }

    /// The first byte's address.
    pub fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// How many bytes.
    pub fn length(&self) -> HostBytes {
        self.length
    }

    /// The addresses of its bytes.
    pub fn addresses(&self) -> Addresses {
        Addresses::new(Address::of(self.base.as_ptr()), self.length.get())
    }

    /// Returns the pages at `offsets` from the first byte, or `None` if there are not so many, or if either
    /// offset is not a page boundary: nothing is rounded here.
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
