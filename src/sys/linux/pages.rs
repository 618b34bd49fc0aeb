//! What Linux does to pages in place.

use std::io;

use rustix::mm::{self, Advice, MremapFlags};

use crate::sys::{HostBytes, PageRange, fault};

/// From now on, huge pages are asked for.
///
/// # Errors
///
/// What `madvise(2)` says.
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
    /// Decommits anonymous pages (`MADV_DONTNEED`): they take no memory afterwards, and read zero. Pages of a
    /// mapped file would read what is in it: see [`PageRange::revert`], or [`PageRange::remap_as_zeros`].
    ///
    /// # Errors
    ///
    /// Returns the error from `madvise(2)`; no byte has changed then.
    pub fn decommit(&self) -> io::Result<()> {
        self.forget_contents()
    }

    /// Drops what was written to private copies of a mapped file's pages (`MADV_DONTNEED`): they read what is
    /// in the file again. Anonymous pages among them read zero.
    ///
    /// # Errors
    ///
    /// Returns the error from `madvise(2)`; no byte has changed then.
    pub fn revert(&self) -> io::Result<()> {
        self.forget_contents()
    }

    /// The call is the same for both: what the pages read afterwards depends on what is mapped.
    fn forget_contents(&self) -> io::Result<()> {
        if self.length() == HostBytes::ZERO {
            return Ok(());
        }
        fault::check("madvise")?;
        // SAFETY: the pages are the owner's to replace: see `new`.
        unsafe {
            mm::madvise(
                self.base().as_ptr().cast(),
                self.length().get(),
                Advice::LinuxDontNeed,
            )
        }?;
        Ok(())
    }

    /// Moves the pages to where those of `to` are, which are lost. What stays here is mapped: it
    /// reads zero where the pages were anonymous, and what is in the file where they were a file's.
    ///
    /// # Errors
    ///
    /// What `mremap(2)` says: pages of several mappings cannot be moved at once, nor any before
    /// Linux 5.7, nor a file's before 5.13. What `to` had may be lost then.
    pub fn remap_to(&self, to: &PageRange) -> io::Result<()> {
        self.remap(
            self.length(),
            MremapFlags::MAYMOVE | MremapFlags::DONTUNMAP,
            to,
        )
    }

    /// Has the pages of `to` be the same pages of the same file; those that were there are lost. Of a
    /// mapping whose writes go to the file only.
    ///
    /// # Errors
    ///
    /// What `mremap(2)` says. What `to` had may be lost then.
    pub fn alias_at(&self, to: &PageRange) -> io::Result<()> {
        // With an old length of zero, nothing is moved: the same pages are mapped a second time.
        self.remap(HostBytes::ZERO, MremapFlags::MAYMOVE, to)
    }

    /// Calls `mremap(2)`, to all of `to`, with `moved` as the old length.
    fn remap(&self, moved: HostBytes, flags: MremapFlags, to: &PageRange) -> io::Result<()> {
        if self.length() != to.length() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        if self.length() == HostBytes::ZERO {
            return Ok(());
        }
        fault::check("mremap")?;
        // SAFETY: both ranges are mapped, equally long, and their owners' to replace: see `new`.
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
