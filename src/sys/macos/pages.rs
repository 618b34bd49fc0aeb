//! Operations that replace, move or drop pages in the way of macOS.

use std::io;

use mach2::kern_return::KERN_SUCCESS;
use mach2::traps::mach_task_self;
use mach2::vm::mach_vm_remap;
use mach2::vm_inherit::VM_INHERIT_COPY;
use mach2::vm_prot::VM_PROT_NONE;
use mach2::vm_statistics::{VM_FLAGS_FIXED, VM_FLAGS_OVERWRITE};

use super::mach_error::mach_error;
use crate::sys::{HostBytes, PageRange, fault};

/// Requests huge pages.
///
/// # Errors
///
/// Always `Unsupported`: macOS has huge pages only on some processors, and only for ranges that are mapped
/// so from the beginning.
pub fn prefer_huge(_pages: &PageRange) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

impl PageRange<'_> {
    /// Decommits the pages: afterwards they read zero and take no memory. No advice of `madvise(2)`
    /// guarantees that on macOS, so this maps new pages, which is a single step for other threads.
    ///
    /// # Errors
    ///
    /// Returns the error from `mmap(2)`; no byte has changed then.
    pub fn decommit(&self) -> io::Result<()> {
        self.remap_as_zeros()
    }

    /// Drops private copies of a mapped file's pages.
    ///
    /// # Errors
    ///
    /// Always `Unsupported`: no advice of `madvise(2)` guarantees that on macOS. Callers map the file again
    /// instead.
    pub fn revert(&self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Moves the pages, of one mapping or of several, to the addresses of `to`, whose own pages are lost.
    /// The range here stays mapped and reads zero.
    ///
    /// # Errors
    ///
    /// Returns the error from `mach_vm_remap` or `mmap(2)`. The pages of `to` may be lost then, but those
    /// here stay.
    pub fn remap_to(&self, to: &PageRange) -> io::Result<()> {
        self.alias_at(to)?;
        self.remap_as_zeros().inspect_err(|_| {
            // `to` must not share these pages. The caller then copies them.
            let _ = to.remap_as_zeros();
        })
    }

    /// Maps the same pages at `to` as well, whose own pages are lost.
    ///
    /// # Errors
    ///
    /// Returns the error from `mach_vm_remap`. The pages of `to` may be lost then.
    pub fn alias_at(&self, to: &PageRange) -> io::Result<()> {
        if self.length() != to.length() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        if self.length() == HostBytes::ZERO {
            return Ok(());
        }
        let number = |bytes: usize| {
            u64::try_from(bytes).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))
        };
        let mut target = number(to.addresses().start().get())?;
        let source = number(self.addresses().start().get())?;
        let length = number(self.length().get())?;
        let (mut protection, mut most) = (VM_PROT_NONE, VM_PROT_NONE);
        fault::check("mach_vm_remap")?;
        // SAFETY: the call takes no arguments.
        let task = unsafe { mach_task_self() };
        // SAFETY: `PageRange::new` requires that both ranges are mapped and may be replaced. They are equally
        // long, which is checked above.
        let result = unsafe {
            mach_vm_remap(
                task,
                &raw mut target,
                length,
                0,
                VM_FLAGS_FIXED | VM_FLAGS_OVERWRITE,
                task,
                source,
                0, // no copy: the same pages
                &raw mut protection,
                &raw mut most,
                VM_INHERIT_COPY,
            )
        };
        match result {
            KERN_SUCCESS => {}
            code => return Err(mach_error("mach_vm_remap", code)),
        }
        debug_assert_eq!(
            number(to.addresses().start().get())?,
            target,
            "VM_FLAGS_FIXED maps the pages there"
        );
        Ok(())
    }
}
