//! Mapped files that somebody truncates: the page beyond the file's new end raises SIGBUS, which would
//! end the process. For addresses that are watched, it gets a page of zeros instead.
//!
//! The handler (`signal.rs`) runs in whatever thread touched the page, in the middle of anything. So what it reads
//! is atomics in memory that is never freed, and the one call it makes is `mmap(2)`.

use std::io;
use std::ops::Range;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::of_unix;
use super::signal::{self, Over};

/// Addresses that are watched until this is dropped.
#[derive(Debug)]
pub struct Watch(&'static Slot);

impl Watch {
    /// Watches `addresses`.
    ///
    /// # Errors
    ///
    /// What `sigaction(2)` says.
    pub fn over(addresses: &Range<usize>) -> io::Result<Self> {
        signal::install(Over::Default)?;
        let slot = Slot::take();
        slot.was_hit.store(false, Ordering::Relaxed);
        slot.end.store(addresses.end, Ordering::Relaxed);
        // Last: what the handler looks at first.
        slot.start.store(addresses.start, Ordering::Release);
        Ok(Self(slot))
    }

    /// Where a page was lost in `other`, it was here.
    pub fn take_after(&self, other: &Self) {
        let was_hit = other.was_hit();
        self.0.was_hit.fetch_or(was_hit, Ordering::Relaxed);
    }

    /// Whether a page was lost, and now reads zero.
    pub fn was_hit(&self) -> bool {
        self.0.was_hit.load(Ordering::Relaxed)
    }

    /// Puts the handler in place again, if the default behaviour is there; also over another handler if
    /// `by_force`. Does nothing if the system refuses: what is there stays.
    pub fn rearm(by_force: bool) {
        let over = if by_force { Over::Any } else { Over::Default };
        let _ = signal::install(over);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.start.store(UNUSED, Ordering::Relaxed);
        self.0.end.store(0, Ordering::Relaxed);
        self.0.is_taken.store(false, Ordering::Release);
    }
}

/// No address is at or beyond it.
const UNUSED: usize = usize::MAX;

/// One of a list that only ever grows.
#[derive(Debug)]
struct Slot {
    is_taken: AtomicBool,
    start: AtomicUsize,
    end: AtomicUsize,
    was_hit: AtomicBool,
    next: *const Slot,
}

// SAFETY: `next` points to another slot, which is never freed nor changed but by its atomics.
unsafe impl Sync for Slot {}

static FIRST: AtomicPtr<Slot> = AtomicPtr::new(ptr::null_mut());

impl Slot {
    /// All there are. The handler calls this.
    fn all() -> impl Iterator<Item = &'static Self> {
        let mut next = FIRST.load(Ordering::Acquire).cast_const();
        std::iter::from_fn(move || {
            // SAFETY: null, or a slot, which is never freed.
            let slot = unsafe { next.as_ref() }?;
            next = slot.next;
            Some(slot)
        })
    }

    fn take() -> &'static Self {
        static LOCK: Mutex<()> = Mutex::new(());
        let _one_at_a_time = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(free) = Self::all().find(|slot| !slot.is_taken.swap(true, Ordering::Acquire)) {
            return free;
        }
        let slot: &'static Self = Box::leak(Box::new(Self {
            is_taken: AtomicBool::new(true),
            start: AtomicUsize::new(UNUSED),
            end: AtomicUsize::new(0),
            was_hit: AtomicBool::new(false),
            next: FIRST.load(Ordering::Acquire),
        }));
        FIRST.store(ptr::from_ref(slot).cast_mut(), Ordering::Release);
        slot
    }
}

/// Puts zeros where the page at `address` is, if that is watched; returns whether. The handler calls this.
pub fn replace_lost(address: usize) -> bool {
    let slot = Slot::all().find(|slot| {
        slot.start.load(Ordering::Acquire) <= address && address < slot.end.load(Ordering::Relaxed)
    });
    slot.is_some_and(|slot| {
        let is_done = put_zeros(address, slot.end.load(Ordering::Relaxed));
        slot.was_hit.fetch_or(is_done, Ordering::Relaxed);
        is_done
    })
}

/// How many pages are given at a time, at most. Each could become a mapping of its own, of which the
/// system allows a process so many only; and all that follow a lost page are mostly lost as well.
const MOST_AT_ONCE: usize = 512;

/// Puts zeros where the page at `address` is, and the lost ones that follow it before `end`.
fn put_zeros(address: usize, end: usize) -> bool {
    let page = rustix::param::page_size();
    let start = address - address % page;
    let most = page.saturating_mul(MOST_AT_ONCE);
    let mut length = page;
    while length < most
        && length < end.saturating_sub(start)
        && of_unix::is_lost(start + length, page)
    {
        length += page;
    }
    // SAFETY: within addresses that are watched, whose owner has the pages replaced that are lost.
    let mapped = unsafe {
        libc::mmap(
            ptr::without_provenance_mut(start),
            length,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED,
            -1,
            0,
        )
    };
    mapped != libc::MAP_FAILED
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::os::fd::AsFd;

    use crate::sys::{ImageFile, Mapping, Writes};
    use crate::units::HostBytes;

    #[test]
    fn lost_pages_read_zero_and_what_is_there_stays() {
        let page = rustix::param::page_size();
        let bytes = |pages: usize| HostBytes::round_up(pages * page).unwrap();
        let mapping = Mapping::reserve(bytes(4), bytes(4)).unwrap();
        let all = mapping.pages(bytes(4)).unwrap();
        let file = ImageFile::create((4 * page).try_into().unwrap()).unwrap();
        let watch = Watch::over(&all.addresses()).unwrap();
        all.cover(file.as_fd(), 0, Writes::ToFile).unwrap();
        all.write_at(&[1], 0);
        // A page in between that is no file's any more.
        all.part(bytes(2), bytes(3)).unwrap().renew().unwrap();
        all.write_at(&[2], 2 * page);
        rustix::fs::ftruncate(file.as_fd(), page.try_into().unwrap()).unwrap();

        assert_eq!(all.read(0..1), [1]);
        assert!(!watch.was_hit());
        assert_eq!(all.read(page..page + 1), [0]);
        assert!(watch.was_hit());
        assert_eq!(all.read(2 * page..2 * page + 1), [2]);
        all.write_at(&[3], 4 * page - 1);
        assert_eq!(all.read(4 * page - 1..4 * page), [3]);

        let other = Watch::over(&(1..2)).unwrap();
        other.take_after(&watch);
        assert!(other.was_hit());
    }

    #[test]
    fn slots_are_used_again() {
        let first = Watch::over(&(1..2)).unwrap();
        let slot = ptr::from_ref(first.0);
        drop(first);
        let again: Vec<_> = (0..8).map(|_| Watch::over(&(1..2)).unwrap()).collect();
        assert!(again.iter().any(|watch| ptr::eq(watch.0, slot)));
        assert!(again.iter().all(|watch| !watch.was_hit()));
    }
}
