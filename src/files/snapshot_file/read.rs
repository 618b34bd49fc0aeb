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

/// Extents begin at least as many bytes apart: one page that is not zero and one that is, of the smallest
/// pages that a system has.
const LEAST_STRIDE: usize = 8192;

/// Asking for smaller holes takes as long as reading them.
const LEAST_HOLE: usize = 1 << 16;

/// Reads a snapshot from the whole of a file.
///
/// Up to the first checksum, that takes no longer than a file of that length has to. The image takes as much
/// memory as the file has bytes that are not zero.
///
/// # Errors
///
/// [`MemoryError::NotASnapshot`], [`MemoryError::UnknownVersion`], [`MemoryError::SnapshotDamaged`], or the
/// error of a system call.
pub fn read(file: &File) -> Result<(Image, Origin), MemoryError> {
    let mut from = Hashing::new(Positioned::first_of(file)?);
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
    from: &mut Hashing<Positioned>,
    length: HostBytes,
) -> Result<Vec<Range<usize>>, MemoryError> {
    const EXTENT: usize = 16;
    const HASHES: u64 = 2 * 16;
    let count = from.take_number()?;
    if count > length.get() / LEAST_STRIDE {
        return Err(MemoryError::SnapshotDamaged);
    }
    // At most 32 MiB, of the longest memory.
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
        for (start, extent_length) in bytes.chunks_exact(EXTENT).filter_map(numbers) {
            bytes_left = bytes_left
                .checked_sub(extent_length)
                .ok_or(MemoryError::SnapshotDamaged)?;
            // Saturates for numbers that are beyond any memory.
            let extent = whole(start)?..whole(start.saturating_add(extent_length))?;
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

/// Returns the two numbers of an extent.
fn numbers(extent: &[u8]) -> Option<(u64, u64)> {
    let (start, length) = extent.split_first_chunk()?;
    let length = length.first_chunk()?;
    Some((u64::from_le_bytes(*start), u64::from_le_bytes(*length)))
}

/// Converts a number to one of this machine.
fn whole(number: u64) -> Result<usize, MemoryError> {
    usize::try_from(number).map_err(|_| MemoryError::SnapshotDamaged)
}

/// A file that is read from its first byte on, up to the length that it had at the beginning.
struct Positioned<'a> {
    file: &'a File,
    at: u64,
    left: u64,
    /// Up to this offset, all bytes that are left are zero.
    next_data: u64,
}

impl<'a> Positioned<'a> {
    fn first_of(file: &'a File) -> Result<Self, MemoryError> {
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

    /// Skips the next `count` bytes if the file system reports a hole there, which reads zero. Returns whether
    /// it does. Reading a hole would take time, and memory of the page cache.
    fn skip_hole(&mut self, count: usize) -> Result<bool, MemoryError> {
        if count < LEAST_HOLE {
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
        // At most the length of the file, by the check above.
        self.at = start + count;
        Ok(start)
    }
}

impl Hashing<Positioned<'_>> {
    fn take_into(&mut self, bytes: &mut [u8]) -> Result<(), MemoryError> {
        self.stream.read(bytes)?;
        self.hash.update(bytes);
        Ok(())
    }

    /// Skips as many bytes as there are `zeros`, if the file system reports a hole there.
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
        usize::try_from(u64::from_le_bytes(self.take()?)).map_err(|_| MemoryError::SnapshotDamaged)
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
