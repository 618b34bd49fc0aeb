//! A captured image of pages: immutable, sparse, and shared by all memories that are restored from it.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use crate::error::MemoryError;
use crate::mapping_budget::MappingBudget;
use crate::sys::{
    Addresses, HostBytes, ImageBytes, ImageFile, PageRange, SigxfszBlock, file_offset,
};

/// The size of the smallest hole that is worth a mapping of its own, in bytes.
const MIN_HOLE: usize = 1 << 20;

/// The most holes that are mapped separately. Each takes a mapping in every memory that has the image.
pub const MAX_HOLES: usize = 4;

/// A captured image. Its memory is freed when neither an owner nor a mapping of it is left.
#[derive(Debug)]
pub struct Image {
    file: ImageFile,
    length: HostBytes,
    extents: Extents,
    /// The bytes of the file, mapped when they are first needed; `None` if they could not be mapped.
    mapped: OnceLock<Option<Mapped>>,
}

/// The ranges of offsets at which an image may have other bytes than zeros, in order and not adjacent.
pub type Extents = Arc<[Range<usize>]>;

#[derive(Debug)]
struct Mapped {
    bytes: ImageBytes,
    _budget: MappingBudget,
}

impl Image {
    /// Returns the length of the image.
    pub fn length(&self) -> HostBytes {
        self.length
    }

    /// Checks that the image is not longer than `pages`.
    ///
    /// # Errors
    ///
    /// [`MemoryError::SnapshotTooLong`].
    pub fn check_fits(&self, pages: &PageRange) -> Result<(), MemoryError> {
        if self.length > pages.length() {
            return Err(MemoryError::SnapshotTooLong {
                image: self.length.get(),
                memory: pages.length().get(),
            });
        }
        Ok(())
    }

    /// Returns the end of the last extent, rounded up to a page boundary. The file has no bytes beyond it.
    pub fn data_end(&self) -> HostBytes {
        let end = self.extents.last().map_or(0, |extent| extent.end);
        // Can always be rounded, since the extents end within the image.
        HostBytes::round_up(end).unwrap_or(self.length)
    }

    /// Returns the extents. All bytes outside of them are zero.
    pub fn extents(&self) -> &Extents {
        &self.extents
    }

    /// Returns whether no extent overlaps `offsets`.
    pub fn is_zero(&self, offsets: Range<usize>) -> bool {
        let next = self
            .extents
            .partition_point(|extent| extent.end <= offsets.start);
        self.extents
            .get(next)
            .is_none_or(|extent| extent.start >= offsets.end)
    }

    /// Takes ranges of addresses, each with an offset in the image or `None`. Returns whether all ranges with an
    /// offset map the image from there on, and all others are anonymous. Returns false if the system does not
    /// report it.
    pub fn is_mapped_at(
        &self,
        ranges: impl IntoIterator<Item = (Addresses, Option<usize>)>,
    ) -> bool {
        let ranges = ranges.into_iter();
        self.file
            .is_mapped_at(ranges.map(|(addresses, offset)| (addresses, offset.map(file_offset))))
    }

    /// Reads the bytes from `offset` on into all of `bytes`. Bytes beyond the end of the file are zeros.
    ///
    /// # Errors
    ///
    /// [`MemoryError::AllocationFailed`].
    pub fn read(&self, bytes: &mut [u8], offset: usize) -> Result<(), MemoryError> {
        let wanted = bytes.len();
        self.file
            .read(bytes, file_offset(offset))
            .map_err(|source| MemoryError::AllocationFailed { wanted, source })
    }

    /// Maps the image in place of `pages`, privately.
    ///
    /// # Errors
    ///
    /// An error of the system, or `InvalidInput` if the pages reach beyond [`Image::data_end`]: a mapping
    /// beyond the end of a file faults. No byte has changed then.
    pub fn map_at(&self, pages: &PageRange) -> std::io::Result<()> {
        if pages.length() > self.data_end() {
            return Err(std::io::ErrorKind::InvalidInput.into());
        }
        self.file.map_at(pages)
    }

    /// Returns the bytes up to [`Image::data_end`], or `None` if they cannot be mapped. Bytes outside of the
    /// extents take memory once they are read.
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

    /// Returns how many bytes of memory the file takes.
    #[cfg(test)]
    pub fn memory(&self) -> u64 {
        let blocks = rustix::fs::fstat(&self.file).unwrap().st_blocks;
        u64::try_from(blocks).unwrap() * 512
    }

    /// Returns the largest holes between the extents, at most [`MAX_HOLES`], the largest first.
    pub fn holes(&self) -> Vec<Range<usize>> {
        let ends = self.extents.iter().map(|extent| extent.end);
        let starts = self.extents.iter().map(|extent| extent.start);
        let mut holes: Vec<_> = std::iter::once(0)
            .chain(ends)
            .zip(starts)
            .map(|(start, end)| start..end)
            .filter(|hole| hole.len() >= MIN_HOLE)
            .collect();
        holes.sort_by_key(|hole| std::cmp::Reverse(hole.len()));
        holes.truncate(MAX_HOLES);
        holes
    }
}

/// Builds an image from front to back.
#[derive(Debug)]
pub struct ImageBuilder {
    file: ImageFile,
    length: HostBytes,
    extents: Vec<Range<usize>>,
    /// Makes writing beyond `ulimit -f` an error, which would otherwise end the process.
    _blocked: SigxfszBlock,
}

impl ImageBuilder {
    /// Begins an image of `length` zeros.
    ///
    /// # Errors
    ///
    /// [`MemoryError::ImageFailed`].
    pub fn new(length: HostBytes) -> Result<Self, MemoryError> {
        let blocked = SigxfszBlock::new();
        // The file grows as it is written, so that a limit on files does not count zeros at the end.
        let file = ImageFile::create(0).map_err(|source| image_failed(0, source))?;
        Ok(Self {
            file,
            length,
            extents: Vec::new(),
            _blocked: blocked,
        })
    }

    /// Adds the bytes of `pages` at `offset`, which is beyond everything that was added before.
    ///
    /// # Errors
    ///
    /// [`MemoryError::ImageFailed`].
    pub fn add_pages(&mut self, pages: &PageRange, offset: usize) -> Result<(), MemoryError> {
        let length = pages.length().get();
        self.file
            .write_pages(pages, file_offset(offset))
            .map_err(|source| image_failed(length, source))?;
        self.push_extent(offset..offset + length);
        Ok(())
    }

    /// Adds those pages of `bytes` that are not all zeros at `offset`, which is beyond everything that was
    /// added before.
    ///
    /// The extents are whole pages, even if the bytes come in parts of pages.
    ///
    /// # Errors
    ///
    /// [`MemoryError::ImageFailed`].
    pub fn add_nonzero(&mut self, bytes: &[u8], offset: usize) -> Result<(), MemoryError> {
        let page = HostBytes::page().get();
        let (mut rest, mut at) = (bytes, offset);
        // The bytes from the first nonzero page that was not added yet, and the offset of that page.
        let mut pending: Option<(&[u8], usize)> = None;
        while !rest.is_empty() {
            let (of_page, after) = rest.split_at(rest.len().min(page - at % page));
            if !is_zero(of_page) {
                pending = pending.or(Some((rest, at)));
            } else if let Some((bytes, offset)) = pending.take() {
                self.add_whole_pages(bytes, offset..at)?;
            }
            rest = after;
            at += of_page.len();
        }
        pending.map_or(Ok(()), |(bytes, offset)| {
            self.add_whole_pages(bytes, offset..at)
        })
    }

    /// Writes the first `at.len()` bytes of `bytes` at the offsets `at`. The pages that contain them become one
    /// extent.
    fn add_whole_pages(&mut self, bytes: &[u8], at: Range<usize>) -> Result<(), MemoryError> {
        let bytes = bytes.get(..at.len()).unwrap_or(bytes);
        debug_assert_eq!(bytes.len(), at.len(), "each offset has a byte");
        self.file
            .write(bytes, file_offset(at.start))
            .map_err(|source| image_failed(bytes.len(), source))?;
        // Rounded outwards to page boundaries, which are still within the image.
        let start = at.start - at.start % HostBytes::page().get();
        let end = HostBytes::round_up(at.end).unwrap_or(self.length);
        self.push_extent(start..end.get());
        Ok(())
    }

    /// Adds `bytes` at `offset`, which is beyond everything that was added before.
    #[cfg(test)]
    pub fn add(&mut self, bytes: &[u8], offset: usize) -> Result<(), MemoryError> {
        self.file
            .write(bytes, file_offset(offset))
            .map_err(|source| image_failed(bytes.len(), source))?;
        self.push_extent(offset..offset + bytes.len());
        Ok(())
    }

    /// Finishes the image, which nothing can change any more.
    ///
    /// # Errors
    ///
    /// [`MemoryError::ImageFailed`].
    pub fn finish(self) -> Result<Image, MemoryError> {
        self.file.seal().map_err(|source| image_failed(0, source))?;
        Ok(Image {
            file: self.file,
            length: self.length,
            extents: self.extents.into(),
            mapped: OnceLock::new(),
        })
    }

    fn push_extent(&mut self, extent: Range<usize>) {
        debug_assert!(
            extent.end <= self.length.get(),
            "{extent:?} is beyond the image"
        );
        match self.extents.last_mut() {
            Some(last) if last.end >= extent.start => last.end = last.end.max(extent.end),
            _ => self.extents.push(extent),
        }
    }
}

fn is_zero(bytes: &[u8]) -> bool {
    // The first byte is zero, and each byte equals the one before it.
    bytes
        .split_first()
        .is_none_or(|(first, rest)| *first == 0 && bytes.starts_with(rest))
}

fn image_failed(wanted: usize, source: std::io::Error) -> MemoryError {
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
    fn adjacent_extents_are_merged() {
        let image = image(&[0..5, 5..9, 12..13]);
        assert_eq!(**image.extents(), [0..9, 12..13]);
        let mut bytes = [7; 5];
        image.read(&mut bytes, 8).unwrap();
        assert_eq!(bytes, [1, 0, 0, 0, 1]);
    }

    #[test]
    fn holes_returns_the_largest_first() {
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
    fn an_image_is_not_mapped_beyond_the_end_of_its_file() {
        let image = testing::image(2 * PAGE, 7);
        let area = Area::new(3 * PAGE);
        let refused = image.map_at(&area.pages()).unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);
        assert!(area.pages().is_zero());
    }
}
