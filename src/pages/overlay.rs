//! What backs an address range in place of anonymous pages: an image, or a file.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use crate::pages::image::{Extents, Image};
use crate::sys::{Addresses, TruncationGuard, Writes};

/// The image or file that backs an address range, from an offset on.
#[derive(Clone, Debug)]
pub struct Overlay {
    source: Source,
    /// Offset of the range's first byte: in the image, or from the first byte that was mapped of the file.
    offset: usize,
}

#[derive(Clone, Debug)]
enum Source {
    Image {
        /// Does not keep the image alive.
        image: Weak<Image>,
        /// The extents of the image. They are needed when the image is dropped and its pages stay mapped.
        extents: Extents,
    },
    File(MappedFile),
}

/// A file that other processes can truncate.
#[derive(Clone, Debug)]
struct MappedFile {
    id: FileId,
    writes: Writes,
    /// Guards exactly the address range of the overlay.
    guard: Arc<TruncationGuard>,
}

/// Identifies one mapping of a file. A file that is mapped again gets another number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileId(u64);

impl FileId {
    /// Returns an identifier that was never returned before.
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// Returns the identifier as a JavaScript number, which is never zero.
    pub fn as_number(self) -> f64 {
        // Exact: the process will not map 2^53 files.
        self.0 as f64
    }
}

impl Overlay {
    /// Returns the overlay of `image` from its first byte on.
    pub fn of_image(image: &Arc<Image>) -> Self {
        Self {
            source: Source::Image {
                image: Arc::downgrade(image),
                extents: Arc::clone(image.extents()),
            },
            offset: 0,
        }
    }

    /// Returns the overlay of a file. `guard` guards its mapped pages.
    pub fn of_file(id: FileId, writes: Writes, guard: TruncationGuard) -> Self {
        let guard = Arc::new(guard);
        Self {
            source: Source::File(MappedFile { id, writes, guard }),
            offset: 0,
        }
    }

    /// Returns whether this is a file, whose bytes other processes can change.
    pub fn is_file(&self) -> bool {
        self.file().is_some()
    }

    /// Returns whether this is a file to which writes to the pages go.
    pub fn is_writable_file(&self) -> bool {
        self.file()
            .is_some_and(|file| file.writes == Writes::ToFile)
    }

    /// Returns whether this is `image` and begins at `offset` of it.
    pub fn is_image_at(&self, image: &Arc<Image>, offset: usize) -> bool {
        match &self.source {
            Source::Image { image: own, .. } => {
                self.offset == offset && own.as_ptr() == Arc::as_ptr(image)
            }
            Source::File(_) => false,
        }
    }

    /// Returns the identifier of the file, and whether a page in this range was lost when the file was
    /// truncated; `None` if this is not a file.
    pub fn file_state(&self) -> Option<(FileId, bool)> {
        self.file()
            .map(|file| (file.id, file.guard.has_lost_page()))
    }

    /// Returns whether this is a file that has lost a page in this range.
    pub fn has_lost_page(&self) -> bool {
        self.file().is_some_and(|file| file.guard.has_lost_page())
    }

    /// Returns this overlay with a guard of `addresses` only: either its pages were moved there, or it no longer
    /// backs the rest of its range.
    pub fn guarding(mut self, addresses: Addresses) -> Self {
        if let Source::File(file) = &mut self.source {
            file.guard = Arc::new(file.guard.also_over(addresses));
        }
        self
    }

    /// Returns the extents of the image, in order, as offsets from the first byte of this range. They can lie
    /// beyond the end of the range. Returns none for a file.
    pub fn extents(&self) -> impl Iterator<Item = Range<usize>> {
        let extents = match &self.source {
            Source::Image { extents, .. } => &extents[..],
            Source::File(_) => &[],
        };
        // Extents before the range are skipped, and one that begins before it is cut there.
        let skipped = extents.partition_point(|extent| extent.end <= self.offset);
        let rest = extents.get(skipped..).unwrap_or_default().iter();
        rest.map(|extent| extent.start.max(self.offset) - self.offset..extent.end - self.offset)
    }

    /// Returns the offset in the image at which this range begins.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Returns this overlay without its first `skipped` bytes.
    ///
    /// A file's pages are still guarded from the first byte on: see [`Overlay::guarding`].
    pub fn skip(&self, skipped: usize) -> Self {
        Self {
            source: self.source.clone(),
            // An offset within an address range, since `skipped` is less than the range's length.
            offset: self.offset + skipped,
        }
    }

    fn file(&self) -> Option<&MappedFile> {
        match &self.source {
            Source::Image { .. } => None,
            Source::File(file) => Some(file),
        }
    }

    /// Returns whether this is an image that was dropped.
    #[cfg(test)]
    pub fn is_dropped_image(&self) -> bool {
        matches!(&self.source, Source::Image { image, .. } if image.upgrade().is_none())
    }
}
