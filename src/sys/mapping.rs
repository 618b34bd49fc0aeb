//! An owned mapping of anonymous pages.

use std::ffi::c_void;
use std::io;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use memmap2::{MmapOptions, MmapRaw};
use rustix::mm::{self, MapFlags, MprotectFlags, MremapFlags, ProtFlags};

use super::fault;
use crate::units::HostBytes;

/// Anonymous private pages that are ours from the moment they are mapped until this is dropped.
///
/// Engines and their threads read and write the pages through buffers at any time, so no Rust
/// reference is ever made to them: everything goes by address.
#[derive(Debug)]
pub struct Mapping {
    pages: MmapRaw,
    /// Where the mapping begins in `pages`, and how much of it there is.
    offset: usize,
    length: HostBytes,
}

impl Mapping {
    /// Maps `length` bytes, the first `accessible` of which read zero and can be written; the rest
    /// faults. No swap space is set aside for them.
    ///
    /// # Errors
    ///
    /// What `mmap(2)` and `mprotect(2)` say; nothing stays mapped then.
    pub fn reserve(length: HostBytes, accessible: HostBytes) -> io::Result<Self> {
        let mapping = Self {
            pages: map(length)?,
            offset: 0,
            length,
        };
        mapping.forbid(accessible, length)?;
        Ok(mapping)
    }

    /// As [`Mapping::reserve`], at a multiple of 2 MiB, and with pages of 2 MiB where the system has
    /// them to spare.
    ///
    /// # Errors
    ///
    /// What `mmap(2)`, `mprotect(2)` and `madvise(2)` say; nothing stays mapped then.
    pub fn reserve_huge(length: HostBytes, accessible: HostBytes) -> io::Result<Self> {
        let room = length
            .checked_add(HostBytes::HUGE_PAGE)
            .ok_or(io::ErrorKind::OutOfMemory)?;
        let pages = map(room)?;
        let mapping = Self {
            offset: pages.as_mut_ptr().align_offset(HostBytes::HUGE_PAGE.get()),
            pages,
            length,
        };
        mapping.advise(length, mm::Advice::LinuxHugepage)?;
        mapping.forbid(accessible, length)?;
        Ok(mapping)
    }

    /// The first byte's address.
    pub fn base(&self) -> NonNull<u8> {
        // memmap2 maps at least one byte, at an address that is never null.
        NonNull::new(self.pages.as_mut_ptr().wrapping_add(self.offset))
            .unwrap_or(NonNull::dangling())
    }

    /// Makes the bytes from `start` to `end` readable and writable.
    ///
    /// # Errors
    ///
    /// What `mprotect(2)` says, or `InvalidInput` where the bytes are not in this mapping.
    pub fn allow(&self, start: HostBytes, end: HostBytes) -> io::Result<()> {
        self.protect(start, end, MprotectFlags::READ | MprotectFlags::WRITE)
    }

    /// Makes the bytes from `start` to `end` fault.
    ///
    /// # Errors
    ///
    /// As [`Mapping::allow`].
    pub fn forbid(&self, start: HostBytes, end: HostBytes) -> io::Result<()> {
        self.protect(start, end, MprotectFlags::empty())
    }

    /// Gives the pages of the first `length` bytes back to the system: they read zero.
    ///
    /// # Errors
    ///
    /// What `madvise(2)` says, or `InvalidInput` where the bytes are not in this mapping.
    pub fn discard(&self, length: HostBytes) -> io::Result<()> {
        self.advise(length, mm::Advice::LinuxDontNeed)
    }

    fn advise(&self, length: HostBytes, advice: mm::Advice) -> io::Result<()> {
        if length > self.length {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        fault::check("madvise")?;
        // SAFETY: the range is ours; what is advised here changes no byte but to zero.
        unsafe { mm::madvise(self.base().as_ptr().cast(), length.get(), advice) }?;
        Ok(())
    }

    /// Moves the pages of the first `length` bytes to `destination`, whose own are lost. The range
    /// here stays mapped and reads zero, so that a holder of an old address never faults.
    ///
    /// # Errors
    ///
    /// What the system says where it can neither move nor copy them; the pages are then still here.
    pub fn move_pages<'a>(
        &'a self,
        length: HostBytes,
        destination: &'a Destination<'a>,
    ) -> io::Result<Moved<'a>> {
        if length > self.length || length > destination.length {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let moved = Moved {
            from: self,
            to: destination,
            length,
        };
        if length == HostBytes::ZERO {
            return Ok(moved);
        }
        let target = destination.base.as_ptr().cast::<c_void>();
        let remapped = fault::check("mremap").and_then(|()| {
            // SAFETY: both ranges are mapped and at least `length` long: checked above against this
            // mapping, which we own, and against what the maker of `destination` vouched for.
            unsafe {
                mm::mremap_fixed(
                    self.base().as_ptr().cast(),
                    length.get(),
                    length.get(),
                    MremapFlags::MAYMOVE | MremapFlags::DONTUNMAP,
                    target,
                )
            }
        });
        if remapped.is_err() {
            self.copy_pages(length, destination)?;
        }
        Ok(moved)
    }

    /// What [`Mapping::move_pages`] does where the kernel cannot move them (before Linux 5.7).
    fn copy_pages(&self, length: HostBytes, destination: &Destination) -> io::Result<()> {
        let target = destination.base.as_ptr();
        fault::check("mmap")?;
        // A refused mremap may already have unmapped the target: map it anew first.
        // SAFETY: as in `move_pages`, the target is `length` bytes that the maker of `destination`
        // gave up.
        unsafe {
            mm::mmap_anonymous(
                target.cast(),
                length.get(),
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::FIXED,
            )
        }?;
        // SAFETY: two different mappings, `length` readable bytes here (checked in `move_pages`;
        // the caller moves committed bytes only) and `length` writable ones there, just mapped.
        unsafe { ptr::copy_nonoverlapping(self.base().as_ptr(), target, length.get()) };
        self.discard(length)
    }

    fn protect(&self, start: HostBytes, end: HostBytes, flags: MprotectFlags) -> io::Result<()> {
        if start > end || end > self.length {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        if start == end {
            return Ok(());
        }
        // SAFETY: `start` lies within the mapping, checked above.
        let first = unsafe { self.base().add(start.get()) };
        fault::check("mprotect")?;
        // SAFETY: from `first`, `end - start` bytes are ours, checked above; no Rust reference to
        // them exists.
        unsafe {
            mm::mprotect(
                first.as_ptr().cast(),
                end.get().saturating_sub(start.get()),
                flags,
            )
        }?;
        Ok(())
    }
}

fn map(length: HostBytes) -> io::Result<MmapRaw> {
    fault::check("mmap")?;
    let mut options = MmapOptions::new();
    let pages = options.len(length.get()).no_reserve_swap().map_anon()?;
    Ok(MmapRaw::from(pages))
}

/// Pages that [`Mapping::move_pages`] has moved.
#[derive(Debug)]
pub struct Moved<'a> {
    from: &'a Mapping,
    to: &'a Destination<'a>,
    length: HostBytes,
}

impl Moved<'_> {
    /// Copies the bytes back to where they were: no call of the system's, so that it cannot fail.
    pub fn undo(self) {
        // SAFETY: two different mappings of at least `length` bytes, as `move_pages` has checked; it
        // has made those at `to` and left those at `from` readable and writable.
        unsafe {
            ptr::copy_nonoverlapping(
                self.to.base.as_ptr(),
                self.from.base().as_ptr(),
                self.length.get(),
            );
        }
    }
}

/// Writable pages that may be replaced by others: where [`Mapping::move_pages`] moves to.
#[derive(Debug)]
pub struct Destination<'a> {
    base: NonNull<u8>,
    length: HostBytes,
    owner: PhantomData<&'a Mapping>,
}

impl<'a> Destination<'a> {
    /// All of `mapping`.
    pub fn of(mapping: &'a Mapping) -> Self {
        Self {
            base: mapping.base(),
            length: mapping.length,
            owner: PhantomData,
        }
    }

    /// The pages of an ArrayBuffer of the engine's.
    ///
    /// # Safety
    ///
    /// From `base`, `length` bytes must be mapped, writable and nobody's but that buffer's, as long
    /// as this value lives.
    pub unsafe fn of_engine(base: NonNull<u8>, length: HostBytes) -> Self {
        Self {
            base,
            length,
            owner: PhantomData,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::maps::protection_at;

    fn bytes(count: usize) -> HostBytes {
        HostBytes::round_up(count * HostBytes::page().get()).unwrap()
    }

    fn byte(mapping: &Mapping, offset: usize) -> *mut u8 {
        assert!(offset < mapping.length.get());
        mapping.base().as_ptr().wrapping_add(offset)
    }

    fn write(mapping: &Mapping, offset: usize, value: u8) {
        // SAFETY: in bounds, and the tests write to accessible pages only.
        unsafe { byte(mapping, offset).write_volatile(value) };
    }

    fn read(mapping: &Mapping, offset: usize) -> u8 {
        // SAFETY: in bounds, and the tests read from accessible pages only.
        unsafe { byte(mapping, offset).read_volatile() }
    }

    /// Whether the byte can be read, by what the kernel says of its mapping.
    fn readable(mapping: &Mapping, offset: usize) -> bool {
        protection_at(byte(mapping, offset).addr()).as_deref() == Some("rw-p")
    }

    #[test]
    fn only_the_accessible_part_can_be_read() {
        let mapping = Mapping::reserve(bytes(4), bytes(1)).unwrap();
        let page = HostBytes::page().get();
        assert!(readable(&mapping, 0));
        assert!(!readable(&mapping, page));
        mapping.allow(bytes(1), bytes(2)).unwrap();
        assert!(readable(&mapping, page));
        assert!(!readable(&mapping, 2 * page));
        mapping.forbid(bytes(1), bytes(2)).unwrap();
        assert!(!readable(&mapping, page));
    }

    #[test]
    fn bytes_outside_are_refused() {
        let mapping = Mapping::reserve(bytes(2), bytes(1)).unwrap();
        assert!(mapping.allow(bytes(1), bytes(3)).is_err());
        assert!(mapping.allow(bytes(2), bytes(1)).is_err());
        let small = Mapping::reserve(bytes(1), bytes(1)).unwrap();
        assert!(
            mapping
                .move_pages(bytes(2), &Destination::of(&small))
                .is_err()
        );
    }

    #[test]
    fn moved_pages_keep_their_bytes_and_leave_zeros() {
        for by_copy in [false, true] {
            let from = Mapping::reserve(bytes(4), bytes(2)).unwrap();
            let to = Mapping::reserve(bytes(4), bytes(4)).unwrap();
            let last = bytes(2).get() - 1;
            write(&from, 0, 7);
            write(&from, last, 9);
            let destination = Destination::of(&to);
            if by_copy {
                from.copy_pages(bytes(2), &destination).unwrap();
            } else {
                from.move_pages(bytes(2), &destination).unwrap();
            }
            assert_eq!((read(&to, 0), read(&to, last)), (7, 9));
            assert_eq!((read(&from, 0), read(&from, last)), (0, 0));
            write(&from, 0, 1);
            assert_eq!(read(&to, 0), 7);
        }
    }

    #[test]
    fn a_move_can_be_undone() {
        let from = Mapping::reserve(bytes(4), bytes(2)).unwrap();
        let to = Mapping::reserve(bytes(2), bytes(2)).unwrap();
        let last = bytes(2).get() - 1;
        write(&from, 0, 7);
        write(&from, last, 9);
        let destination = Destination::of(&to);
        from.move_pages(bytes(2), &destination).unwrap().undo();
        assert_eq!((read(&from, 0), read(&from, last)), (7, 9));
    }
}
