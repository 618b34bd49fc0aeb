//! The file of an image: sparse, without a name, and in the end sealed, if the system has seals. If it has
//! none, no other process can open the file.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use memmap2::MmapOptions;

use super::platform;
use crate::sys::{Addresses, HostBytes, PageRange, Writes, fault};

/// The bytes of an image file, mapped for reading only.
pub type ImageBytes = memmap2::Mmap;

/// A file without a name, which child processes do not inherit.
#[derive(Debug)]
pub struct ImageFile(File);

impl ImageFile {
    /// Creates a file of `length` bytes. None of them takes memory before it is written.
    ///
    /// # Errors
    ///
    /// Returns the error of creating the file, or from `ftruncate(2)`.
    pub fn create(length: u64) -> io::Result<Self> {
        let file = platform::create_image_file()?;
        fault::check("ftruncate")?;
        file.set_len(length)?;
        Ok(Self(file))
    }

    /// Writes the bytes of `pages` at `offset`. If other threads write meanwhile, each byte has the value that
    /// it had when it was read.
    ///
    /// # Errors
    ///
    /// Returns the error from `pwrite(2)`.
    pub fn write_pages(&mut self, pages: &PageRange, offset: u64) -> io::Result<()> {
        pages.write_to(&self.0, offset, u64::MAX)
    }

    /// Writes `bytes` at `offset`.
    ///
    /// # Errors
    ///
    /// Returns the error from `pwrite(2)`.
    pub fn write(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        fault::check("pwrite")?;
        self.0.write_all_at(bytes, offset)
    }

    /// Reads all of `bytes` at `offset`. Beyond the end of the file, they are zeros.
    ///
    /// # Errors
    ///
    /// Returns the error from `pread(2)`.
    pub fn read(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        fault::check("pread")?;
        let length = self.0.metadata()?.len();
        // Saturates: no bytes are in the file if `offset` is beyond its end.
        let left = length.saturating_sub(offset);
        let own = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
        let (own, beyond) = bytes.split_at_mut(own);
        beyond.fill(0);
        self.0.read_exact_at(own, offset)
    }

    /// Maps the first `length` bytes for reading. The file has to be sealed.
    ///
    /// # Errors
    ///
    /// Returns the error from `fcntl(2)` or `mmap(2)`, or `PermissionDenied` if the file is not sealed.
    pub fn map(&self, length: HostBytes) -> io::Result<ImageBytes> {
        fault::check("mmap")?;
        if !platform::is_sealed(&self.0)? {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        // SAFETY: a sealed file cannot be changed or truncated by anyone.
        unsafe { MmapOptions::new().len(length.get()).map(&self.0) }
    }

    /// Maps the pages of the file, from its first on, in place of `pages`, as copy-on-write.
    ///
    /// # Errors
    ///
    /// Returns the error from `mmap(2)`; no byte has changed then.
    pub fn map_at(&self, pages: &PageRange) -> io::Result<()> {
        pages.map_file(&self.0, 0, Writes::Private)
    }

    /// Takes ranges of addresses, each with an offset in this file or `None`. Returns whether all ranges with an
    /// offset map this file from there on (private copies of its pages included), and all others are anonymous.
    /// Returns false if the kernel does not report it.
    pub fn is_mapped_at(&self, extents: impl Iterator<Item = (Addresses, Option<u64>)>) -> bool {
        platform::is_mapped_at(&self.0, extents)
    }

    /// Seals the file: from now on, nobody can change it.
    ///
    /// # Errors
    ///
    /// Returns the error from `fcntl(2)`.
    pub fn seal(&self) -> io::Result<()> {
        platform::seal(&self.0)
    }
}

#[cfg(test)]
impl std::os::fd::AsFd for ImageFile {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;
    use crate::sys::Mapping;

    #[test]
    fn a_sealed_file_cannot_be_changed() {
        let page = HostBytes::page();
        let mut file = ImageFile::create(1 << 34).unwrap();
        file.write(&[1, 2, 3], 5).unwrap();
        file.seal().unwrap();
        assert!(file.write(&[4], 5).is_err());
        assert!(file.0.set_len(0).is_err());
        let mut bytes = [9; 4];
        file.read(&mut bytes, 4).unwrap();
        assert_eq!(bytes, [0, 1, 2, 3]);

        let mapping = Mapping::reserve(page, page).unwrap();
        let pages = mapping.pages(page).unwrap();
        pages.map_file(file.as_fd(), 0, Writes::Private).unwrap();
        let first = mapping.base().as_ptr();
        // SAFETY: this is a byte of an accessible page.
        unsafe { first.wrapping_add(6).write_volatile(7) };
        file.read(&mut bytes, 4).unwrap();
        assert_eq!(bytes, [0, 1, 2, 3]);
        pages.revert().unwrap();
        assert_eq!(pages.read(4..8), [0, 1, 2, 3]);
    }

    #[test]
    fn is_mapped_at_knows_file_offset_and_length() {
        let bytes = |pages: usize| HostBytes::round_up(pages * HostBytes::page().get()).unwrap();
        let (file, other) = (
            ImageFile::create(1 << 20).unwrap(),
            ImageFile::create(1 << 20).unwrap(),
        );
        let mapping = Mapping::reserve(bytes(4), bytes(4)).unwrap();
        let all = mapping.pages(bytes(4)).unwrap();
        let part = |from, to| all.slice(bytes(from).get()..bytes(to).get()).unwrap();
        part(1, 3)
            .map_file(file.as_fd(), 0, Writes::Private)
            .unwrap();
        part(3, 4)
            .map_file(other.as_fd(), 0, Writes::Private)
            .unwrap();
        let page = u64::try_from(HostBytes::page().get()).unwrap();
        let is_at = |file: &ImageFile, from, to, offset| {
            let addresses = part(from, to).addresses();
            file.is_mapped_at(std::iter::once((addresses, Some(offset))))
        };
        let is_anonymous =
            |from, to| file.is_mapped_at(std::iter::once((part(from, to).addresses(), None)));
        assert!(is_anonymous(0, 1) && !is_anonymous(0, 2) && !is_anonymous(2, 3));
        assert!(is_at(&file, 1, 3, 0) && is_at(&file, 2, 3, page) && is_at(&other, 3, 4, 0));
        assert!(!is_at(&file, 1, 3, page), "another offset");
        assert!(!is_at(&file, 1, 4, 0), "longer than the mapping");
        assert!(!is_at(&file, 0, 1, 0), "anonymous pages");
        assert!(!is_at(&file, 3, 4, 2 * page), "another file");
        part(1, 3).remap_as_zeros().unwrap();
        assert!(!is_at(&file, 1, 3, 0), "not mapped any more");
    }

    #[test]
    fn child_processes_do_not_inherit_the_file() {
        let file = ImageFile::create(0).unwrap();
        let flags = rustix::io::fcntl_getfd(&file.0).unwrap();
        assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
    }
}
