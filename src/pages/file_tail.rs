//! The page in which a file ends, as a memory's own page.
//!
//! The system maps whole pages. In the page in which a file ends, what is written beyond the end would be
//! seen by every process that maps the file. So that page of a memory is anonymous. It holds the file's
//! bytes up to the end, which are merged with the file: what the memory has changed goes to the file, and
//! what others have changed comes into the memory.

use std::fs::File;
use std::ops::Range;
use std::sync::Arc;

use crate::error::MemoryError;
use crate::sys::{PageRange, file};

/// What is known of the file in that page.
#[derive(Debug)]
pub struct FileTail {
    /// Kept here as well, since the memory may outlive all who hold the file.
    file: Arc<File>,
    /// Offset of the page, in the memory and in the file.
    at: usize,
    /// The file's bytes from there on, as last seen.
    base: Vec<u8>,
    was_lost: bool,
}

impl FileTail {
    /// The page at the offset `at`, of which nothing is known yet.
    pub fn new(file: Arc<File>, at: usize) -> Self {
        Self::of(file, at, Vec::new())
    }

    /// The same, where the memory and the file have these bytes.
    pub fn of(file: Arc<File>, at: usize, base: Vec<u8>) -> Self {
        Self {
            file,
            at,
            base,
            was_lost: false,
        }
    }

    /// Offset of the page.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Whether the file no longer reached this page at some time.
    pub fn was_lost(&self) -> bool {
        self.was_lost
    }

    /// Forgets the file's bytes from `length` on: it has none there, and the memory's are its own.
    pub fn forget_from(&mut self, length: usize) {
        self.base.truncate(length.saturating_sub(self.at));
    }

    /// Merges the bytes up to the file's end, as last seen.
    ///
    /// # Errors
    ///
    /// The error of reading or writing the file. The next merge then does what is left.
    pub fn settle(&mut self, memory: &PageRange) -> Result<(), MemoryError> {
        self.merge(memory, self.base.len())
    }

    /// Merges the first `count` bytes of the page. Where the memory has changed a byte since the last
    /// time, its byte goes to the file; elsewhere the file's byte comes into the memory. A byte that the
    /// file did not have was zero.
    ///
    /// # Errors
    ///
    /// As [`FileTail::settle`].
    pub fn merge(&mut self, memory: &PageRange, count: usize) -> Result<(), MemoryError> {
        if count == 0 {
            return Ok(());
        }
        let mine = memory.read(self.at..self.at.saturating_add(count));
        let mut merged = vec![0; mine.len()];
        let offset = position(self.at);
        let there = file::read_some(&self.file, &mut merged, offset).map_err(failed)?;
        let base = self.base.iter().copied().chain(std::iter::repeat(0));
        let is_mine: Vec<bool> = mine
            .iter()
            .zip(base)
            .map(|(byte, base)| *byte != base)
            .collect();
        for extent in extents(&is_mine) {
            let (Some(bytes), Some(place)) =
                (mine.get(extent.clone()), merged.get_mut(extent.clone()))
            else {
                continue;
            };
            let in_file = extent.start.min(there)..extent.end.min(there);
            let in_file = bytes.get(..in_file.len()).unwrap_or_default();
            if !in_file.is_empty() && !place.starts_with(in_file) {
                let at = offset.saturating_add(position(extent.start));
                file::write(&self.file, in_file, at).map_err(failed)?;
            }
            place.copy_from_slice(bytes);
        }
        let is_new: Vec<bool> = mine
            .iter()
            .zip(&merged)
            .map(|(mine, merged)| mine != merged)
            .collect();
        for extent in extents(&is_new) {
            let bytes = merged.get(extent.clone()).unwrap_or_default();
            memory.write_at(bytes, self.at.saturating_add(extent.start));
        }
        merged.truncate(there);
        self.base = merged;
        self.was_lost |= there == 0;
        Ok(())
    }
}

/// Where the values are true, in order.
fn extents(values: &[bool]) -> Vec<Range<usize>> {
    let mut extents: Vec<Range<usize>> = Vec::new();
    for (at, _) in values.iter().enumerate().filter(|(_, value)| **value) {
        match extents.last_mut() {
            Some(last) if last.end == at => last.end = last.end.saturating_add(1),
            _ => extents.push(at..at.saturating_add(1)),
        }
    }
    extents
}

fn failed(source: std::io::Error) -> MemoryError {
    MemoryError::File { source }
}

fn position(offset: usize) -> u64 {
    // 64 bits hold any of this machine's.
    u64::try_from(offset).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::os::fd::{AsFd, AsRawFd};
    use std::os::unix::fs::FileExt;

    use super::*;
    use crate::sys::{HostBytes, ImageFile, Mapping};

    fn file_of(content: &[u8]) -> Arc<File> {
        let image = ImageFile::create(0).unwrap();
        let file = file::duplicate(image.as_fd().as_raw_fd()).unwrap();
        file.write_all_at(content, 0).unwrap();
        Arc::new(file)
    }

    fn content_of(file: &File) -> Vec<u8> {
        let mut content = vec![0; usize::try_from(file::length(file).unwrap()).unwrap()];
        file.read_exact_at(&mut content, 0).unwrap();
        content
    }

    fn mapping() -> Mapping {
        Mapping::reserve(HostBytes::page(), HostBytes::page()).unwrap()
    }

    #[test]
    fn bytes_that_either_has_changed_get_through() {
        let file = file_of(b"abcdef");
        let (one, other) = (mapping(), mapping());
        let memories = [&one, &other].map(|mapping| mapping.pages(HostBytes::page()).unwrap());
        let mut tails = [(); 2].map(|()| FileTail::new(Arc::clone(&file), 0));
        for (tail, memory) in tails.iter_mut().zip(&memories) {
            tail.merge(memory, 6).unwrap();
            assert_eq!(memory.read(0..8), b"abcdef\0\0");
        }
        memories[0].write_at(b"AB", 0);
        memories[0].write_at(b"xyz", 5);
        memories[1].write_at(b"E", 4);
        for _ in 0..2 {
            for (tail, memory) in tails.iter_mut().zip(&memories) {
                tail.settle(memory).unwrap();
            }
        }
        assert_eq!(content_of(&file), b"ABcdEx");
        assert_eq!(memories[0].read(0..8), b"ABcdExyz");
        assert_eq!(memories[1].read(0..8), b"ABcdEx\0\0");
    }

    #[test]
    fn a_longer_file_takes_in_what_was_beyond_its_end() {
        let file = file_of(b"abc");
        let mapping = mapping();
        let memory = mapping.pages(HostBytes::page()).unwrap();
        let mut tail = FileTail::new(Arc::clone(&file), 0);
        tail.merge(&memory, 3).unwrap();
        memory.write_at(b"x", 4);
        file.write_all_at(b"defg", 3).unwrap();
        tail.merge(&memory, 7).unwrap();
        assert_eq!(content_of(&file), b"abcdxfg");
        assert_eq!(memory.read(0..7), b"abcdxfg");
    }

    #[test]
    fn what_a_shorter_file_has_lost_reads_zero() {
        let file = file_of(b"abcd");
        let mapping = mapping();
        let memory = mapping.pages(HostBytes::page()).unwrap();
        let mut tail = FileTail::new(Arc::clone(&file), 0);
        tail.merge(&memory, 4).unwrap();
        memory.write_at(b"X", 3);
        file.set_len(2).unwrap();
        tail.settle(&memory).unwrap();
        assert_eq!(
            (memory.read(0..4), tail.was_lost()),
            (b"ab\0X".to_vec(), false)
        );
        file.set_len(0).unwrap();
        tail.settle(&memory).unwrap();
        assert_eq!(
            (memory.read(0..4), tail.was_lost()),
            (b"\0\0\0X".to_vec(), true)
        );
        assert_eq!(file::length(&file).unwrap(), 0);
    }
}
