//! An image of pages: a copy of the extents that are not zero, since no file can be mapped.

use std::convert::Infallible;
use std::io;
use std::ops::Deref;

use crate::sys::{Addresses, HostBytes, PageRange};

/// The copied extents, in order, none overlapping. All bytes outside of them are zero.
#[derive(Debug)]
pub struct ImageFile {
    extents: Vec<Extent>,
}

#[derive(Debug)]
struct Extent {
    start: usize,
    bytes: Vec<u8>,
}

impl Extent {
    fn end(&self) -> usize {
        self.start + self.bytes.len()
    }
}

/// The bytes of an image, mapped for reading: there is no such value on Windows.
#[derive(Debug)]
pub struct ImageBytes(Infallible);

impl Deref for ImageBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self.0 {}
    }
}

impl ImageFile {
    /// Creates an image of zeros, of any length.
    ///
    /// # Errors
    ///
    /// None.
    pub fn create(_length: u64) -> io::Result<Self> {
        Ok(Self {
            extents: Vec::new(),
        })
    }

    /// Copies the bytes of `pages` to `offset`, which has to be beyond all bytes that were written before. If
    /// other threads write meanwhile, each byte has the value that it had when it was read.
    ///
    /// # Errors
    ///
    /// Returns `OutOfMemory`, or `InvalidInput` for an offset that is not beyond.
    pub fn write_pages(&mut self, pages: &PageRange, offset: u64) -> io::Result<()> {
        let mut bytes = room_for(pages.length().get())?;
        pages.append_to(&mut bytes);
        self.push(bytes, offset)
    }

    /// Copies `bytes` to `offset`, which has to be beyond all bytes that were written before.
    ///
    /// # Errors
    ///
    /// As [`ImageFile::write_pages`].
    pub fn write(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut own = room_for(bytes.len())?;
        own.extend_from_slice(bytes);
        self.push(own, offset)
    }

    fn push(&mut self, bytes: Vec<u8>, offset: u64) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::InvalidInput)?;
        if self.extents.last().is_some_and(|last| start < last.end()) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        self.extents.push(Extent { start, bytes });
        Ok(())
    }

    /// Reads all of `bytes` at `offset`.
    ///
    /// # Errors
    ///
    /// Returns `InvalidInput` for an offset beyond the address space.
    pub fn read(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::InvalidInput)?;
        let end = start + bytes.len();
        bytes.fill(0);
        let first = self.extents.partition_point(|extent| extent.end() <= start);
        let within = self.extents.iter().skip(first);
        for extent in within.take_while(|extent| extent.start < end) {
            let (from, to) = (extent.start.max(start), extent.end().min(end));
            let source = extent.bytes.get(from - extent.start..to - extent.start);
            let target = bytes.get_mut(from - start..to - start);
            if let Some((target, source)) = target.zip(source) {
                target.copy_from_slice(source);
            }
        }
        Ok(())
    }

    /// Maps the bytes for reading.
    ///
    /// # Errors
    ///
    /// Always `Unsupported`: the bytes are in several places.
    pub fn map(&self, _length: HostBytes) -> io::Result<ImageBytes> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Copies the image over the bytes of `pages`, which have to hold all of its extents. Bytes between and
    /// beyond the extents read zero.
    ///
    /// # Errors
    ///
    /// None: the pages are committed.
    pub fn map_at(&self, pages: &PageRange) -> io::Result<()> {
        pages.decommit()?;
        for extent in &self.extents {
            pages.write_at(&extent.bytes, extent.start);
        }
        Ok(())
    }

    /// Returns false: images are copied, never mapped.
    pub fn is_mapped_at(&self, _extents: impl Iterator<Item = (Addresses, Option<u64>)>) -> bool {
        false
    }

    /// Does nothing: nobody else has the image, and it is not written to any more.
    ///
    /// # Errors
    ///
    /// None.
    pub fn seal(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns an empty vector with room for `length` bytes. A lack of memory is an error, and does not end the
/// process.
fn room_for(length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(length)
        .map_err(|_| io::ErrorKind::OutOfMemory)?;
    Ok(bytes)
}
