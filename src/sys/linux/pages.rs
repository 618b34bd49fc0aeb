//! Operations that replace, move or drop pages in the way of Linux.

use std::io;

use rustix::mm::{self, Advice, MremapFlags};

use crate::sys::{HostBytes, PageRange, fault};

/// Requests transparent huge pages (`MADV_HUGEPAGE`).
///
/// # Errors
///
/// Returns the error from `madvise(2)`.
pub fn prefer_huge(pages: &PageRange) -> io::Result<()> {
    fault::check("madvise")?;
    // SAFETY: the advice changes no byte.
    unsafe {
        mm::madvise(
            pages.base().as_ptr().cast(),
            pages.length().get(),
            Advice::LinuxHugepage,
        )
    }?;
    Ok(())
}

impl PageRange<'_> {
    /// Decommits anonymous pages (`MADV_DONTNEED`): afterwards they read zero and take no memory. Pages of
    /// a mapped file would read the bytes of the file: use [`PageRange::revert`] or
    /// [`PageRange::remap_as_zeros`] for these.
    ///
    /// # Errors
    ///
    /// Returns the error from `madvise(2)`; no byte has changed then.
    pub fn decommit(&self) -> io::Result<()> {
        self.forget_contents()
    }

    /// Drops private copies of a mapped file's pages (`MADV_DONTNEED`): they read the bytes of the file
    /// again. Anonymous pages in the range read zero.
    ///
    /// # Errors
    ///
    /// Returns the error from `madvise(2)`; no byte has changed then.
    pub fn revert(&self) -> io::Result<()> {
        self.forget_contents()
    }

    /// Calls `madvise(2)` with `MADV_DONTNEED`. What the pages read afterwards depends on what is mapped.
    fn forget_contents(&self) -> io::Result<()> {
        if self.length() == HostBytes::ZERO {
            return Ok(());
        }
        fault::check("madvise")?;
        // SAFETY: `PageRange::new` requires that the pages may be replaced.
        unsafe {
            mm::madvise(
                self.base().as_ptr().cast(),
                self.length().get(),
                Advice::LinuxDontNeed,
            )
        }?;
        Ok(())
    }

    /// Moves the pages to the addresses of `to`, whose own pages are lost (`MREMAP_DONTUNMAP`). The range
    /// here stays mapped: it reads zero if its pages were anonymous, and the bytes of the file if they were
    /// those of a file.
    ///
    /// # Errors
    ///
    /// Returns the error from `mremap(2)`. The kernel cannot move pages of several mappings at once, nor
    /// any before Linux 5.7, nor those of files before 5.13. The pages of `to` may be lost then.
    pub fn remap_to(&self, to: &PageRange) -> io::Result<()> {
        self.remap(
            self.length(),
            MremapFlags::MAYMOVE | MremapFlags::DONTUNMAP,
            to,
        )
    }

    /// Maps the same pages of the same file at `to` as well, whose own pages are lost. This works only for
    /// mappings whose writes go to the file.
    ///
    /// # Errors
    ///
    /// Returns the error from `mremap(2)`. The pages of `to` may be lost then.
    pub fn alias_at(&self, to: &PageRange) -> io::Result<()> {
        // An old length of zero moves nothing: it maps the same pages a second time.
        self.remap(HostBytes::ZERO, MremapFlags::MAYMOVE, to)
    }

    /// Calls `mremap(2)` with `moved` as the old length, and all of `to` as the new place.
    fn remap(&self, moved: HostBytes, flags: MremapFlags, to: &PageRange) -> io::Result<()> {
        if self.length() != to.length() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        if self.length() == HostBytes::ZERO {
            return Ok(());
        }
        fault::check("mremap")?;
        // SAFETY: `PageRange::new` requires that both ranges are mapped and may be replaced. They are equally
        // long, which is checked above.
        let start = unsafe {
            mm::mremap_fixed(
                self.base().as_ptr().cast(),
                moved.get(),
                self.length().get(),
                flags,
                to.base().as_ptr().cast(),
            )
        }?;
        debug_assert_eq!(
            start.cast(),
            to.base().as_ptr(),
            "MREMAP_FIXED moves the pages there"
        );
        Ok(())
    }
}
