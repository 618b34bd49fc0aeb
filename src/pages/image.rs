//! An image of a memory's pages: frozen, sparse, and shared by all memories that start from it.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use crate::error::MemoryError;
use crate::mapping_budget::MappingBudget;
use crate::pages::position;
use crate::sys::{Addresses, HostBytes, ImageBytes, ImageFile, PageRange, SigxfszBlock};

/// Holes smaller than this are not worth a mapping of their own.
const LEAST_HOLE: usize = 1 << 20;

/// Each takes a mapping of every memory that has the image.
pub const MOST_HOLES: usize = 4;

/// The image. It frees its memory when the last holder is gone, and no mapping is over it.
#[derive(Debug)]
pub struct Image {
    file: ImageFile,
    length: HostBytes,
    /// Where it has bytes, in order; all others are zero.
    extents: Extents,
    /// Its bytes, mapped when first asked for.
    mapped: OnceLock<Option<Mapped>>,
}

/// Stretches of offsets, in order and apart.
pub type Extents = Arc<[Range<usize>]>;

#[derive(Debug)]
struct Mapped {
    bytes: ImageBytes,
    _budget: MappingBudget,
}

impl Image {
    /// How many bytes.
    pub fn length(&self) -> HostBytes {
        self.length
    }

    /// Up to where it has bytes, in whole pages: so long is its file.
    pub fn data_end(&self) -> HostBytes {
        let end = self.extents.last().map_or(0, |extent| extent.end);
        HostBytes::round_up(end).unwrap_or(self.length)
    }

    /// Where it has bytes; all others are zero.
    pub fn extents(&self) -> &Extents {
        &self.extents
    }

    /// Whether it has no bytes but zeros in `offsets`.
    pub fn is_zero(&self, offsets: Range<usize>) -> bool {
        let next = self
            .extents
            .partition_point(|extent| extent.end <= offsets.start);
        self.extents
            .get(next)
            .is_none_or(|extent| extent.start >= offsets.end)
    }

    /// Returns whether its bytes are what the system has under all of these addresses, each stretch from
    /// its offset on; or anonymous pages, for a stretch without an offset. Returns false if the system
    /// cannot tell.
    pub fn is_mapped_at(
        &self,
        stretches: impl IntoIterator<Item = (Addresses, Option<usize>)>,
    ) -> bool {
        let stretches = stretches.into_iter();
        self.file
            .is_mapped_at(stretches.map(|(addresses, offset)| (addresses, offset.map(position))))
    }

    /// The bytes at `offset`.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn read(&self, bytes: &mut [u8], offset: usize) -> Result<(), MemoryError> {
        let wanted = bytes.len();
        self.file
            .read(bytes, position(offset))
            .map_err(|source| MemoryError::AllocationFailed { wanted, source })
    }

    /// Puts its bytes in place of those of `pages`.
    ///
    /// # Errors
    ///
    /// What the system says, or `InvalidInput` if they exceed [`Image::data_end`]: a mapping beyond the
    /// end of a file faults. No byte has changed then.
    pub fn map_at(&self, pages: &PageRange) -> std::io::Result<()> {
        if pages.length() > self.data_end() {
            return Err(std::io::ErrorKind::InvalidInput.into());
        }
        self.file.map_at(pages)
    }

    /// The bytes up to [`Image::data_end`]; `None` where they cannot be mapped. Who reads those that are
    /// zero makes them take memory.
    pub fn bytes(&self) -> Option<&[u8]> {
        let map = || {
            let budget = MappingBudget::take(1).ok()?;
            let bytes = self.file.map(self.data_end()).ok()?;
            Some(Mapped {
                bytes,
                _budget: budget,
            })
        };
        Some(&self.mapped.get_or_init(map).as_ref()?.bytes)
    }

    /// How many bytes of memory its file takes.
    #[cfg(test)]
    pub fn memory(&self) -> u64 {
        let blocks = rustix::fs::fstat(&self.file).unwrap().st_blocks;
        u64::try_from(blocks).unwrap() * 512
    }

    /// The largest stretches of zeros between its extents.
    pub fn holes(&self) -> Vec<Range<usize>> {
        let ends = self.extents.iter().map(|extent| extent.end);
        let starts = self.extents.iter().map(|extent| extent.start);
        let mut holes: Vec<_> = std::iter::once(0)
            .chain(ends)
            .zip(starts)
            .map(|(start, end)| start..end)
            .filter(|hole| hole.len() >= LEAST_HOLE)
            .collect();
        holes.sort_by_key(|hole| std::cmp::Reverse(hole.len()));
        holes.truncate(MOST_HOLES);
        holes
    }
}

/// An image that is being made.
#[derive(Debug)]
pub struct ImageBuilder {
    file: ImageFile,
    length: HostBytes,
    extents: Vec<Range<usize>>,
    /// Whatever limit there is on files, it is an error here.
    _blocked: SigxfszBlock,
}

impl ImageBuilder {
    /// An image of `length` zeros.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn new(length: HostBytes) -> Result<Self, MemoryError> {
        let blocked = SigxfszBlock::new();
        // As long as what is written to it: a limit on files is to count nothing else.
        let file = ImageFile::create(0).map_err(|source| refused(0, source))?;
        Ok(Self {
            file,
            length,
            extents: Vec::new(),
            _blocked: blocked,
        })
    }

    /// Takes the bytes of `pages` in, as they are read, at `offset`, which is beyond all before.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn add_pages(&mut self, pages: &PageRange, offset: usize) -> Result<(), MemoryError> {
        self.file
            .write_pages(pages, position(offset))
            .map_err(|source| refused(pages.length().get(), source))?;
        self.push_extent(offset..offset.saturating_add(pages.length().get()));
        Ok(())
    }

    /// Takes in those pages of `bytes` that are not all zeros, at `offset`, which is beyond all before.
    /// Extents are of whole pages then, whatever pieces the bytes come in.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn add_nonzero(&mut self, bytes: &[u8], offset: usize) -> Result<(), MemoryError> {
        let page = HostBytes::page().get();
        let (mut rest, mut at) = (bytes, offset);
        // What is not zero, and was not taken in yet, begins there.
        let mut found: Option<(&[u8], usize)> = None;
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.len().min(page - at % page));
            if !is_zero(piece) {
                found = found.or(Some((rest, at)));
            } else if let Some((bytes, offset)) = found.take() {
                self.add_whole_pages(bytes, offset..at)?;
            }
            rest = after;
            at = at.saturating_add(piece.len());
        }
        found.map_or(Ok(()), |(bytes, offset)| {
            self.add_whole_pages(bytes, offset..at)
        })
    }

    /// Takes in the first of `bytes`, for these offsets. The pages that they are in are one extent.
    fn add_whole_pages(&mut self, bytes: &[u8], at: Range<usize>) -> Result<(), MemoryError> {
        let bytes = bytes.get(..at.len()).unwrap_or(bytes);
        self.file
            .write(bytes, position(at.start))
            .map_err(|source| refused(bytes.len(), source))?;
        let page = HostBytes::page().get();
        let end = HostBytes::round_up(at.end).map_or(at.end, HostBytes::get);
        self.push_extent(at.start - at.start % page..end);
        Ok(())
    }

    /// Takes `bytes` in, at `offset`, which is beyond all before.
    ///
    /// # Errors
    ///
    /// What the system says.
    #[cfg(test)]
    pub fn add(&mut self, bytes: &[u8], offset: usize) -> Result<(), MemoryError> {
        self.file
            .write(bytes, position(offset))
            .map_err(|source| refused(bytes.len(), source))?;
        self.push_extent(offset..offset.saturating_add(bytes.len()));
        Ok(())
    }

    /// The image, which nobody can change any more.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn finish(self) -> Result<Image, MemoryError> {
        self.file.seal().map_err(|source| refused(0, source))?;
        Ok(Image {
            file: self.file,
            length: self.length,
            extents: self.extents.into(),
            mapped: OnceLock::new(),
        })
    }

    fn push_extent(&mut self, extent: Range<usize>) {
        match self.extents.last_mut() {
            Some(last) if last.end >= extent.start => last.end = last.end.max(extent.end),
            _ => self.extents.push(extent),
        }
    }
}

fn is_zero(bytes: &[u8]) -> bool {
    // The first is, and each is as the one before it.
    bytes
        .split_first()
        .is_none_or(|(first, rest)| *first == 0 && bytes.starts_with(rest))
}

fn refused(wanted: usize, source: std::io::Error) -> MemoryError {
    MemoryError::ImageFailed { wanted, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::testing::{self, Area, PAGE};

    fn mib(count: usize) -> HostBytes {
        HostBytes::round_up(count << 20).unwrap()
    }

    fn image(extents: &[Range<usize>]) -> Image {
        let mut builder = ImageBuilder::new(mib(8)).unwrap();
        for extent in extents {
            builder.add(&vec![1; extent.len()], extent.start).unwrap();
        }
        builder.finish().unwrap()
    }

    #[test]
    fn neighbours_are_one_run() {
        let image = image(&[0..5, 5..9, 12..13]);
        assert_eq!(**image.extents(), [0..9, 12..13]);
        let mut bytes = [7; 5];
        image.read(&mut bytes, 8).unwrap();
        assert_eq!(bytes, [1, 0, 0, 0, 1]);
    }

    #[test]
    fn the_largest_holes_are_found() {
        let starts_and_lengths = |image: &Image| {
            let holes = image.holes().into_iter();
            holes
                .map(|hole| (hole.start, hole.len()))
                .collect::<Vec<_>>()
        };
        let one = mib(1).get();
        assert_eq!(starts_and_lengths(&image(&[])), []);
        let whole = 0..8 * one;
        assert!(starts_and_lengths(&image(std::slice::from_ref(&whole))).is_empty());
        let scattered = image(&[one..one + 1, 4 * one..4 * one + 1]);
        assert_eq!(
            starts_and_lengths(&scattered),
            [(one + 1, 3 * one - 1), (0, one)]
        );
        assert!(scattered.is_zero(0..one) && !scattered.is_zero(one..2 * one));
        assert!(scattered.is_zero(one + 1..4 * one) && scattered.is_zero(5 * one..6 * one));
    }

    #[test]
    fn an_image_takes_no_more_of_a_file_than_it_has() {
        let image = testing::image(2 * PAGE, 7);
        let area = Area::new(3 * PAGE);
        let refused = image.map_at(&area.pages()).unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);
        assert!(area.pages().is_zero());
    }
}
