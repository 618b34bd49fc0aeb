//! The tail of a file: the page of a memory in which its file ends.
//!
//! The system maps whole pages. If the last page were mapped too, every process that maps the file would see
//! bytes that are written beyond the file's end. So that page of a memory is anonymous. It holds a copy of the
//! file's last bytes, and merges them with the file: what the memory has changed goes to the file, and what
//! other processes have changed comes into the memory.

use std::fs::File;
use std::ops::Range;
use std::sync::Arc;

use crate::error::MemoryError;
use crate::sys::{PageRange, file, file_offset};

/// The page in which a file ends, with the file's bytes as last seen.
#[derive(Debug)]
pub struct FileTail {
    /// Keeps the file open: the memory may outlive all holders of the file.
    file: Arc<File>,
    /// Offset of the page, in the memory and in the file.
    at: usize,
    /// The file's bytes from that offset on, as last seen.
    base: Vec<u8>,
    was_lost: bool,
}

impl FileTail {
    /// Returns the tail at offset `at`, a page boundary. No byte of the file has been seen yet.
    pub fn new(file: Arc<File>, at: usize) -> Self {
        Self::with_bytes(file, at, Vec::new())
    }

    /// Returns the tail at offset `at`, a page boundary, where both the memory and the file have the bytes
    /// `base`.
    pub fn with_bytes(file: Arc<File>, at: usize, base: Vec<u8>) -> Self {
        Self {
            file,
            at,
            base,
            was_lost: false,
        }
    }

    /// Returns the offset of the page, in the memory and in the file.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Returns whether the file was ever found to end before this page.
    pub fn was_lost(&self) -> bool {
        self.was_lost
    }

    /// Forgets the file's bytes from the offset `length` on, where the file ends now. At the next merge,
    /// the bytes last seen count as zeros there.
    pub fn forget_from(&mut self, length: usize) {
        // Saturates: a file that ends before the page has no byte in it.
        self.base.truncate(length.saturating_sub(self.at));
    }

    /// Merges the bytes up to the end of the file, as last seen.
    ///
    /// # Errors
    ///
    /// [`MemoryError::FileFailed`] if the file cannot be read or written. The next merge then does the rest.
    pub fn merge(&mut self, memory: &PageRange) -> Result<(), MemoryError> {
        self.merge_first(memory, self.base.len())
    }

    /// Merges the first `count` bytes of the page.
    ///
    /// If the memory has changed a byte since the last merge, its byte goes to the file. Otherwise, the
    /// file's byte comes into the memory. A byte that the file did not have at the last merge counts as zero.
    ///
    /// # Errors
    ///
    /// As [`FileTail::merge`].
    pub fn merge_first(&mut self, memory: &PageRange, count: usize) -> Result<(), MemoryError> {
        if count == 0 {
            return Ok(());
        }
        let mine = memory.read(self.at..self.at + count);
        debug_assert_eq!(mine.len(), count, "the tail is a page of the memory");
        let mut merged = vec![0; mine.len()];
        let offset = file_offset(self.at);
        let in_file = file::read_some(&self.file, &mut merged, offset).map_err(failed)?;
        let base = self.base.iter().copied().chain(std::iter::repeat(0));
        let is_mine = mine.iter().zip(base).map(|(byte, base)| *byte != base);
        for changed in extents_where(is_mine) {
            let (Some(bytes), Some(place)) =
                (mine.get(changed.clone()), merged.get_mut(changed.clone()))
            else {
                continue;
            };
            // Bytes that the file does not have are not written: that would make it longer.
            let length = changed.end.min(in_file) - changed.start.min(in_file);
            let written = bytes.get(..length).unwrap_or_default();
            if !written.is_empty() && !place.starts_with(written) {
                let at = offset + file_offset(changed.start);
                file::write(&self.file, written, at).map_err(failed)?;
            }
            place.copy_from_slice(bytes);
        }
        let is_new = mine
            .iter()
            .zip(&merged)
            .map(|(mine, merged)| mine != merged);
        for changed in extents_where(is_new) {
            let bytes = merged.get(changed.clone()).unwrap_or_default();
            memory.write_at(bytes, self.at + changed.start);
        }
        merged.truncate(in_file);
        self.base = merged;
        self.was_lost |= in_file == 0;
        Ok(())
    }
}

/// Returns the extents of true values, in order.
fn extents_where(values: impl IntoIterator<Item = bool>) -> Vec<Range<usize>> {
    let mut extents: Vec<Range<usize>> = Vec::new();
    for (at, _) in values.into_iter().enumerate().filter(|(_, value)| *value) {
        match extents.last_mut() {
            Some(last) if last.end == at => last.end = at + 1,
            _ => extents.push(at..at + 1),
        }
    }
    extents
}

fn failed(source: std::io::Error) -> MemoryError {
    MemoryError::FileFailed { source }
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
    fn changes_of_the_memory_and_of_the_file_are_merged() {
        let file = file_of(b"abcdef");
        let (one, other) = (mapping(), mapping());
        let memories = [&one, &other].map(|mapping| mapping.pages(HostBytes::page()).unwrap());
        let mut tails = [(); 2].map(|()| FileTail::new(Arc::clone(&file), 0));
        for (tail, memory) in tails.iter_mut().zip(&memories) {
            tail.merge_first(memory, 6).unwrap();
            assert_eq!(memory.read(0..8), b"abcdef\0\0");
        }
        memories[0].write_at(b"AB", 0);
        memories[0].write_at(b"xyz", 5);
        memories[1].write_at(b"E", 4);
        for _ in 0..2 {
            for (tail, memory) in tails.iter_mut().zip(&memories) {
                tail.merge(memory).unwrap();
            }
        }
        assert_eq!(content_of(&file), b"ABcdEx");
        assert_eq!(memories[0].read(0..8), b"ABcdExyz");
        assert_eq!(memories[1].read(0..8), b"ABcdEx\0\0");
    }

    #[test]
    fn a_file_that_has_grown_takes_the_bytes_that_were_beyond_its_end() {
        let file = file_of(b"abc");
        let mapping = mapping();
        let memory = mapping.pages(HostBytes::page()).unwrap();
        let mut tail = FileTail::new(Arc::clone(&file), 0);
        tail.merge_first(&memory, 3).unwrap();
        memory.write_at(b"x", 4);
        file.write_all_at(b"defg", 3).unwrap();
        tail.merge_first(&memory, 7).unwrap();
        assert_eq!(content_of(&file), b"abcdxfg");
        assert_eq!(memory.read(0..7), b"abcdxfg");
    }

    #[test]
    fn bytes_that_a_truncated_file_has_lost_read_zero() {
        let file = file_of(b"abcd");
        let mapping = mapping();
        let memory = mapping.pages(HostBytes::page()).unwrap();
        let mut tail = FileTail::new(Arc::clone(&file), 0);
        tail.merge_first(&memory, 4).unwrap();
        memory.write_at(b"X", 3);
        file.set_len(2).unwrap();
        tail.merge(&memory).unwrap();
        assert_eq!(
            (memory.read(0..4), tail.was_lost()),
            (b"ab\0X".to_vec(), false)
        );
        file.set_len(0).unwrap();
        tail.merge(&memory).unwrap();
        assert_eq!(
            (memory.read(0..4), tail.was_lost()),
            (b"\0\0\0X".to_vec(), true)
        );
        assert_eq!(file::length(&file).unwrap(), 0);
    }
}
