//! Operations that replace pages or write them to files, for Linux and macOS.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd};

use rustix::mm::{self, MapFlags, ProtFlags};

use crate::sys::{HostBytes, PageRange, Writes, fault, file_offset};

impl PageRange<'_> {
    /// Maps anonymous pages in place of these (`MAP_FIXED`): they read zero, whatever was mapped.
    ///
    /// # Errors
    ///
    /// Returns the error from `mmap(2)`.
    pub fn remap_as_zeros(&self) -> io::Result<()> {
        if self.length() == HostBytes::ZERO {
            return Ok(());
        }
        fault::check("mmap")?;
        // SAFETY: `PageRange::new` requires that the pages may be replaced.
        let start = unsafe {
            mm::mmap_anonymous(
                self.base().as_ptr().cast(),
                self.length().get(),
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::FIXED,
            )
        }?;
        debug_assert_eq!(
            start.cast(),
            self.base().as_ptr(),
            "MAP_FIXED moves nothing"
        );
        Ok(())
    }

    /// Maps pages of `file`, from `offset` on, in place of these (`MAP_FIXED`).
    ///
    /// # Errors
    ///
    /// Returns the error from `mmap(2)`.
    pub fn map_file(&self, file: impl AsFd, offset: u64, writes: Writes) -> io::Result<()> {
        if self.length() == HostBytes::ZERO {
            return Ok(());
        }
        fault::check("mmap")?;
        // SAFETY: `PageRange::new` requires that the pages may be replaced.
        let start = unsafe {
            mm::mmap(
                self.base().as_ptr().cast(),
                self.length().get(),
                ProtFlags::READ | ProtFlags::WRITE,
                flag(writes) | MapFlags::NORESERVE | MapFlags::FIXED,
                file,
                offset,
            )
        }?;
        debug_assert_eq!(
            start.cast(),
            self.base().as_ptr(),
            "MAP_FIXED moves nothing"
        );
        Ok(())
    }

    /// Writes the bytes to `file` from its offset `offset` on, but none at its offset `end` or beyond. If
    /// other threads write meanwhile, each byte has the value that it had when it was read.
    ///
    /// # Errors
    ///
    /// Returns the error from `pwrite(2)`.
    pub fn write_to(&self, file: &File, offset: u64, end: u64) -> io::Result<()> {
        let length = self.length_before(offset, end);
        let mut done = 0;
        while done < length {
            let position = i64::try_from(offset + file_offset(done))
                .map_err(|_| io::ErrorKind::FileTooLarge)?;
            fault::check("pwrite")?;
            // SAFETY: `done` is below `length`, which is at most the length of the range.
            let start = unsafe { self.base().add(done) };
            // SAFETY: `PageRange::new` requires readable pages, and `length - done` bytes of them follow
            // `start`. The kernel reads them without a Rust reference, so other threads may write to them.
            let written = unsafe {
                libc::pwrite(
                    file.as_raw_fd(),
                    start.as_ptr().cast(),
                    length - done,
                    position,
                )
            };
            match usize::try_from(written) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => done += count,
                Err(_) => {
                    let error = io::Error::last_os_error();
                    if error.kind() != io::ErrorKind::Interrupted {
                        return Err(error);
                    }
                }
            }
        }
        Ok(())
    }
}

fn flag(writes: Writes) -> MapFlags {
    match writes {
        Writes::Private => MapFlags::PRIVATE,
        Writes::ToFile => MapFlags::SHARED,
    }
}
