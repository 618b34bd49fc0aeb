//! Reads a snapshot file. Anybody can write one, so no number in it is believed before it was compared
//! with the length of the file and with what a memory can be.

use std::fs::File;
use std::io;
use std::ops::Range;

use super::{CHUNK, Hashing, MAGIC, Origin, VERSION, chunks, failed, part_of};
use crate::error::MemoryError;
use crate::pages::image::{Image, ImageBuilder};
use crate::sys::{self, HostBytes, file_offset};
use crate::units::Pages;

/// The least distance between the beginnings of two extents, in bytes: a page that is not zero and one that is,
/// of the smallest pages that a system has.
const MIN_STRIDE: usize = 8192;

/// The bytes of the smallest hole that is worth skipping. Finding a smaller one takes as long as reading it.
const MIN_HOLE: usize = 1 << 16;

/// Reads a snapshot from the whole of a file.
///
/// Up to the first checksum, the time depends only on the length of the file, whatever numbers it has. The image
/// takes as much memory as the file has bytes that are not zero, rounded up to whole pages.
///
/// # Errors
///
/// [`MemoryError::NotASnapshot`], [`MemoryError::UnknownVersion`], [`MemoryError::SnapshotDamaged`], or the
/// error of a system call.
pub fn read(file: &File) -> Result<(Image, Origin), MemoryError> {
    let mut from = Hashing::new(FileReader::new(file)?);
    match from.take::<8>() {
        Ok(MAGIC) => {}
        Ok(_) | Err(MemoryError::SnapshotDamaged) => return Err(MemoryError::NotASnapshot),
        Err(error) => return Err(error),
    }
    let version = u32::from_le_bytes(from.take()?);
    if version != VERSION {
        return Err(MemoryError::UnknownVersion {
            version,
            known: VERSION,
        });
    }
    let origin = Origin {
        flags: u32::from_le_bytes(from.take()?),
        maximum: u64::from_le_bytes(from.take()?),
    };
    let length = from.take_number()?;
    let length = Pages::of_bytes(length)
        .and_then(Pages::bytes)
        .ok_or(MemoryError::SnapshotDamaged)?;
    let extents = take_extents(&mut from, length)?;
    from.check_hash()?;
    let mut builder = ImageBuilder::new(length)?;
    let mut zeros = vec![0; CHUNK];
    let mut chunk = vec![0; CHUNK];
    for extent in &extents {
        for part in chunks(extent) {
            if from.skip_hole(part_of(&mut zeros, &part))? {
                continue;
            }
            let bytes = part_of(&mut chunk, &part);
            from.take_into(bytes)?;
            builder.add_nonzero(bytes, part.start)?;
        }
    }
    from.check_hash()?;
    Ok((builder.finish()?, origin))
}

/// Takes the list of extents. They are in order, apart, and within the memory's length; and the file has
/// exactly their bytes after the list.
fn take_extents(
    from: &mut Hashing<FileReader>,
    length: HostBytes,
) -> Result<Vec<Range<usize>>, MemoryError> {
    const EXTENT: usize = 16;
    const HASHES: u64 = 2 * 16;
    let count = from.take_number()?;
    if count > length.get() / MIN_STRIDE {
        return Err(MemoryError::SnapshotDamaged);
    }
    // At most 32 MiB, for the longest memory.
    let list = count * EXTENT;
    let taken = file_offset(list) + HASHES;
    let mut bytes_left = from
        .stream
        .left
        .checked_sub(taken)
        .ok_or(MemoryError::SnapshotDamaged)?;
    let mut extents = Vec::new();
    extents
        .try_reserve_exact(count)
        .map_err(|_| MemoryError::ImageFailed {
            wanted: list,
            source: io::ErrorKind::OutOfMemory.into(),
        })?;
    let mut chunk = vec![0; list.min(CHUNK)];
    let mut at = 0;
    for part in chunks(&(0..list)) {
        let bytes = part_of(&mut chunk, &part);
        from.take_into(bytes)?;
        for (start, extent_length) in bytes.chunks_exact(EXTENT).filter_map(parse_extent) {
            bytes_left = bytes_left
                .checked_sub(extent_length)
                .ok_or(MemoryError::SnapshotDamaged)?;
            // Saturates: an end beyond all numbers is beyond the memory as well.
            let extent = to_usize(start)?..to_usize(start.saturating_add(extent_length))?;
            if extent.start < at || extent.is_empty() || extent.end > length.get() {
                return Err(MemoryError::SnapshotDamaged);
            }
            at = extent.end;
            extents.push(extent);
        }
    }
    if bytes_left == 0 {
        Ok(extents)
    } else {
        Err(MemoryError::SnapshotDamaged)
    }
}

/// Returns the offset and the length of an extent in the list.
fn parse_extent(extent: &[u8]) -> Option<(u64, u64)> {
    let (start, length) = extent.split_first_chunk()?;
    let length = length.first_chunk()?;
    Some((u64::from_le_bytes(*start), u64::from_le_bytes(*length)))
}

/// Converts a number of the file. One that no address space has is an error.
fn to_usize(number: u64) -> Result<usize, MemoryError> {
    usize::try_from(number).map_err(|_| MemoryError::SnapshotDamaged)
}

/// Reads a file from its first byte on, up to the length that it had when the reader was made.
struct FileReader<'a> {
    file: &'a File,
    at: u64,
    left: u64,
    /// The offset up to which all bytes from `at` on are zero.
    next_data: u64,
}

impl<'a> FileReader<'a> {
    fn new(file: &'a File) -> Result<Self, MemoryError> {
        Ok(Self {
            file,
            at: 0,
            left: sys::file::length(file).map_err(failed)?,
            next_data: 0,
        })
    }

    /// Reads all of `bytes`.
    fn read(&mut self, bytes: &mut [u8]) -> Result<(), MemoryError> {
        let start = self.advance(bytes.len())?;
        sys::file::read(self.file, bytes, start).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => MemoryError::SnapshotDamaged,
            _ => failed(error),
        })
    }

    /// Skips the next `count` bytes if the file system reports that all of them are a hole, which reads zero.
    /// Returns whether it has done so. Reading a hole would take time, and memory of the page cache.
    fn skip_hole(&mut self, count: usize) -> Result<bool, MemoryError> {
        if count < MIN_HOLE {
            return Ok(false);
        }
        let end = self.at + file_offset(count);
        if self.next_data < end {
            self.next_data = sys::file::next_data(self.file, self.at);
        }
        let is_hole = end <= self.next_data;
        if is_hole {
            self.advance(count)?;
        }
        Ok(is_hole)
    }

    /// Moves past `count` bytes, which the file has to have. Returns where they begin.
    fn advance(&mut self, count: usize) -> Result<u64, MemoryError> {
        let count = file_offset(count);
        self.left = self
            .left
            .checked_sub(count)
            .ok_or(MemoryError::SnapshotDamaged)?;
        let start = self.at;
        // No overflow: the check above makes sure that this is not beyond the length of the file.
        self.at = start + count;
        Ok(start)
    }
}

impl Hashing<FileReader<'_>> {
    fn take_into(&mut self, bytes: &mut [u8]) -> Result<(), MemoryError> {
        self.stream.read(bytes)?;
        self.hash.update(bytes);
        Ok(())
    }

    /// Skips as many bytes as there are `zeros` if the file system reports a hole there. Returns whether it has
    /// done so.
    fn skip_hole(&mut self, zeros: &[u8]) -> Result<bool, MemoryError> {
        let is_hole = self.stream.skip_hole(zeros.len())?;
        if is_hole {
            self.hash.update(zeros);
        }
        Ok(is_hole)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], MemoryError> {
        let mut bytes = [0; N];
        self.take_into(&mut bytes)?;
        Ok(bytes)
    }

    fn take_number(&mut self) -> Result<usize, MemoryError> {
        to_usize(u64::from_le_bytes(self.take()?))
    }

    fn check_hash(&mut self) -> Result<(), MemoryError> {
        let hash = self.hash.digest128();
        if u128::from_le_bytes(self.take()?) == hash {
            Ok(())
        } else {
            Err(MemoryError::SnapshotDamaged)
        }
    }
}
