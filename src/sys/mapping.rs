//! An owned mapping of anonymous pages.

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

/// Readable and writable bytes whose pages can be moved away, or be replaced by others.
#[derive(Debug)]
pub struct Place<'a> {
    base: NonNull<u8>,
    length: HostBytes,
    owner: PhantomData<&'a Mapping>,
}

impl<'a> Place<'a> {
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
    /// From `base`, `length` bytes must be mapped, private and anonymous, readable, writable and
    /// nobody's but that buffer's, as long as this value lives.
    pub unsafe fn of_engine(base: NonNull<u8>, length: HostBytes) -> Self {
        Self {
            base,
            length,
            owner: PhantomData,
        }
    }

    /// The first `length` bytes of it alone.
    #[cfg(test)]
    pub fn first(self, length: HostBytes) -> Self {
        assert!(length <= self.length);
        Self { length, ..self }
    }

    /// How many bytes.
    pub fn length(&self) -> HostBytes {
        self.length
    }

    /// Moves the pages of the first `length` bytes to `destination`, whose own are lost. The range
    /// here stays mapped and reads zero, so that a holder of an old address never faults.
    ///
    /// `seams` are where one mapping of the kernel's may end and the next begin, in ascending order:
    /// it moves no more than one at a time.
    ///
    /// # Errors
    ///
    /// What the system says where it can neither move nor copy them; the pages are then still here.
    pub fn move_pages(
        &'a self,
        length: HostBytes,
        seams: &[HostBytes],
        destination: &'a Self,
    ) -> io::Result<Moved<'a>> {
        if length > self.length || length > destination.length {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut moved = Moved {
            from: self,
            to: destination,
            length: HostBytes::ZERO,
        };
        let inner = seams.iter().copied().filter(|seam| *seam < length);
        for end in inner.chain([length]) {
            if let Err(error) = self.move_piece(moved.length, end, destination) {
                moved.undo();
                return Err(error);
            }
            moved.length = end;
        }
        Ok(moved)
    }

    /// Moves the bytes from `start` to `end`, of both places as `move_pages` has checked.
    fn move_piece(&self, start: HostBytes, end: HostBytes, destination: &Self) -> io::Result<()> {
        let length = end.get().saturating_sub(start.get());
        if length == 0 {
            return Ok(());
        }
        // SAFETY: `start` lies within this place.
        let source = unsafe { self.base.add(start.get()) };
        // SAFETY: it lies within `destination` too.
        let target = unsafe { destination.base.add(start.get()) };
        let remapped = fault::check("mremap").and_then(|()| {
            // SAFETY: both ranges are mapped and `length` long: ours, or what the maker of the place
            // vouched for.
            unsafe {
                mm::mremap_fixed(
                    source.as_ptr().cast(),
                    length,
                    length,
                    MremapFlags::MAYMOVE | MremapFlags::DONTUNMAP,
                    target.as_ptr().cast(),
                )
            }
        });
        match remapped {
            Ok(_) => Ok(()),
            Err(_) => copy_piece(source, target, length),
        }
    }
}

/// What [`Place::move_pages`] does where the kernel cannot move them (before Linux 5.7).
fn copy_piece(source: NonNull<u8>, target: NonNull<u8>, length: usize) -> io::Result<()> {
    fault::check("mmap")?;
    // A refused mremap may already have unmapped the target: map it anew first.
    // SAFETY: as in `move_piece`, the target is `length` bytes that its owner gave up.
    unsafe {
        mm::mmap_anonymous(
            target.as_ptr().cast(),
            length,
            ProtFlags::READ | ProtFlags::WRITE,
            MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::FIXED,
        )
    }?;
    // SAFETY: two different mappings, `length` readable bytes here (a place is, and callers move
    // committed bytes only) and `length` writable ones there, just mapped.
    unsafe { ptr::copy_nonoverlapping(source.as_ptr(), target.as_ptr(), length) };
    fault::check("madvise")?;
    // SAFETY: the source is as `move_piece` has it; nobody needs its bytes any more.
    unsafe { mm::madvise(source.as_ptr().cast(), length, mm::Advice::LinuxDontNeed) }?;
    Ok(())
}

/// Pages that [`Place::move_pages`] has moved.
#[derive(Debug)]
pub struct Moved<'a> {
    from: &'a Place<'a>,
    to: &'a Place<'a>,
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
                self.from.base.as_ptr(),
                self.length.get(),
            );
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
            Place::of(&mapping)
                .move_pages(bytes(2), &[], &Place::of(&small))
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
            if by_copy {
                copy_piece(from.base(), to.base(), bytes(2).get()).unwrap();
            } else {
                let (here, there) = (Place::of(&from), Place::of(&to));
                here.move_pages(bytes(2), &[], &there).unwrap();
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
        let (here, there) = (Place::of(&from), Place::of(&to));
        here.move_pages(bytes(2), &[], &there).unwrap().undo();
        assert_eq!((read(&from, 0), read(&from, last)), (7, 9));
    }

    /// The last piece and the one before it have pages in mappings that the kernel cannot join.
    #[test]
    fn pages_of_several_mappings_move_piece_by_piece() {
        let first = Mapping::reserve(bytes(4), bytes(1)).unwrap();
        let second = Mapping::reserve(bytes(4), bytes(3)).unwrap();
        let third = Mapping::reserve(bytes(4), bytes(3)).unwrap();
        let page = HostBytes::page().get();
        write(&first, 0, 1);
        write(&second, page, 2);
        let places = [&first, &second, &third].map(Place::of);
        places[0].move_pages(bytes(1), &[], &places[1]).unwrap();
        places[1]
            .move_pages(bytes(3), &[bytes(1), bytes(3)], &places[2])
            .unwrap();
        assert_eq!((read(&third, 0), read(&third, page)), (1, 2));
        assert_eq!((read(&second, 0), read(&second, page)), (0, 0));
    }
}
