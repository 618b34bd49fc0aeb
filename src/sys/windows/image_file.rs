//! An image of pages: a copy of those bytes that are not zero.

use std::convert::Infallible;
use std::io;
use std::ops::Deref;

use crate::sys::{Addresses, HostBytes, PageRange};

/// Runs of bytes, in order and apart; what is between them is zero.
#[derive(Debug)]
pub struct ImageFile {
    runs: Vec<Run>,
}

#[derive(Debug)]
struct Run {
    start: usize,
    bytes: Vec<u8>,
}

impl Run {
    fn end(&self) -> usize {
        self.start + self.bytes.len()
    }
}

/// An image's bytes, mapped: there is no such thing.
#[derive(Debug)]
pub struct ImageBytes(Infallible);

impl Deref for ImageBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self.0 {}
    }
}

impl ImageFile {
    /// An image of zeros, of whatever length.
    ///
    /// # Errors
    ///
    /// None.
    pub fn create(_length: u64) -> io::Result<Self> {
        Ok(Self { runs: Vec::new() })
    }

    /// Takes the bytes of `pages` in, as they are read, at `offset`, which is beyond all before.
    ///
    /// # Errors
    ///
    /// `OutOfMemory`.
    pub fn write_pages(&mut self, pages: &PageRange, offset: u64) -> io::Result<()> {
        let mut bytes = room_for(pages.length().get())?;
        pages.append_to(&mut bytes);
        self.push(bytes, offset)
    }

    /// Takes `bytes` in, at `offset`, which is beyond all before.
    ///
    /// # Errors
    ///
    /// `OutOfMemory`.
    pub fn write(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut own = room_for(bytes.len())?;
        own.extend_from_slice(bytes);
        self.push(own, offset)
    }

    fn push(&mut self, bytes: Vec<u8>, offset: u64) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::InvalidInput)?;
        if self.runs.last().is_some_and(|last| start < last.end()) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        self.runs.push(Run { start, bytes });
        Ok(())
    }

    /// Reads all of `bytes` at `offset`.
    ///
    /// # Errors
    ///
    /// `InvalidInput` beyond all addresses.
    pub fn read(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::InvalidInput)?;
        let end = start + bytes.len();
        bytes.fill(0);
        let first = self.runs.partition_point(|run| run.end() <= start);
        let within = self.runs.iter().skip(first);
        for run in within.take_while(|run| run.start < end) {
            let (from, to) = (run.start.max(start), run.end().min(end));
            let source = run.bytes.get(from - run.start..to - run.start);
            let target = bytes.get_mut(from - start..to - start);
            if let Some((target, source)) = target.zip(source) {
                target.copy_from_slice(source);
            }
        }
        Ok(())
    }

    /// Its bytes, mapped.
    ///
    /// # Errors
    ///
    /// Always: they are in pieces.
    pub fn map(&self, _length: HostBytes) -> io::Result<ImageBytes> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Copies its bytes over those of `pages`, and zeros between them and beyond.
    ///
    /// # Errors
    ///
    /// None: all that it needs is there.
    pub fn map_at(&self, pages: &PageRange) -> io::Result<()> {
        pages.decommit()?;
        for run in &self.runs {
            pages.write_at(&run.bytes, run.start);
        }
        Ok(())
    }

    /// Whether its bytes are mapped at these addresses: they are copied.
    pub fn is_mapped_at(&self, _stretches: impl Iterator<Item = (Addresses, Option<u64>)>) -> bool {
        false
    }

    /// From now on, nobody can change it: nobody else has it, and an image writes no more.
    ///
    /// # Errors
    ///
    /// None.
    pub fn seal(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Nothing, with room for so many bytes: whose want must not end the process.
fn room_for(length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(length)
        .map_err(|_| io::ErrorKind::OutOfMemory)?;
    Ok(bytes)
}
