//! Committed pages of somebody's. What is done to them is in `page_bytes.rs`, and in each system's folder.

use std::marker::PhantomData;
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

    /// The pages from `start` to `end`, which are offsets; `None` where they are not all in here.
    pub fn part(&self, start: HostBytes, end: HostBytes) -> Option<Self> {
        let length = HostBytes::round_up(end.get().checked_sub(start.get())?)?;
        if end > self.length {
            return None;
        }
        let base = self.base.map_addr(|base| base.saturating_add(start.get()));
        Some(Self {
            base,
            length,
            owner: PhantomData,
        })
    }
}
