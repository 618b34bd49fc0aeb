//! A model of mappings and page ranges, in place of a system's, with which loom checks the growth protocol.
//! The only thing that is modelled of a page is whether it is accessible.
//!
//! Each page keeps that in a loom cell. So it is not enough that a thread finds a page accessible: loom
//! also fails the test if the change of the page does not precede the access in *every* order that the
//! memory model allows.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::AsFd;
use std::ptr::{self, NonNull};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use loom::cell::UnsafeCell;

use crate::sys::{HostBytes, PageRange, Writes};

/// The size of a modelled page: the tests grow by multiples of it, and so protect multiples of it.
const PAGE: usize = 65_536;

struct Page {
    accessible: UnsafeCell<bool>,
    /// Whether a page of another mapping has moved here.
    moved_here: UnsafeCell<bool>,
}

// SAFETY: loom runs one thread at a time, and fails the test if accesses are not ordered.
unsafe impl Send for Page {}
// SAFETY: as above.
unsafe impl Sync for Page {}

/// Locks all mappings, by their first address. This lock is not part of the model: it is never held when loom
/// may switch threads.
fn mapped() -> MutexGuard<'static, BTreeMap<usize, Arc<[Page]>>> {
    static MAPPED: Mutex<BTreeMap<usize, Arc<[Page]>>> = Mutex::new(BTreeMap::new());
    MAPPED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the pages of the mapping that contains `address`, and the index of the page at `address`.
fn find(address: usize) -> Option<(Arc<[Page]>, usize)> {
    let (base, pages) = mapped()
        .range(..=address)
        .next_back()
        .map(|(base, pages)| (*base, Arc::clone(pages)))?;
    let index = (address - base) / PAGE;
    (index < pages.len()).then_some((pages, index))
}

/// Returns whether anything is mapped at `base`.
pub fn is_mapped(base: NonNull<u8>) -> bool {
    find(base.addr().get()).is_some()
}

/// Accesses the `page`th page of the mapping at `base`.
///
/// # Panics
///
/// Panics if the access would fault in reality, in this order of events or in another.
pub fn touch(base: NonNull<u8>, page: u64) {
    let offset = usize::try_from(page).unwrap() * PAGE;
    let (pages, index) = find(base.addr().get() + offset).expect("a fault: nothing is mapped");
    // SAFETY: loom checks that nobody writes to it meanwhile.
    let accessible = pages[index].accessible.with(|cell| unsafe { *cell });
    assert!(accessible, "a fault: page {page} is not accessible");
}

/// Returns how many pages have moved to the mapping at `base`.
pub fn arrived_at(base: NonNull<u8>) -> usize {
    let (pages, _) = find(base.addr().get()).expect("nothing is mapped");
    // SAFETY: loom checks that nobody writes to it meanwhile.
    let has_arrived = |page: &&Page| page.moved_here.with(|cell| unsafe { *cell });
    pages.iter().filter(has_arrived).count()
}

/// The model of `mapping.rs`, which documents each function.
#[derive(Debug)]
pub struct Mapping {
    base: usize,
    length: HostBytes,
}

impl Mapping {
    pub fn reserve(length: HostBytes, accessible: HostBytes) -> io::Result<Self> {
        static NEXT: Mutex<usize> = Mutex::new(1 << 32);
        let pages = length.get().div_ceil(PAGE);
        let base = {
            let mut next = NEXT.lock().unwrap_or_else(PoisonError::into_inner);
            let base = *next;
            *next += (pages + 1) * PAGE;
            base
        };
        let page = |index| Page {
            accessible: UnsafeCell::new(index * PAGE < accessible.get()),
            moved_here: UnsafeCell::new(false),
        };
        mapped().insert(base, (0..pages).map(page).collect());
        Ok(Self { base, length })
    }

    pub fn reserve_huge(length: HostBytes, accessible: HostBytes) -> io::Result<Self> {
        let room = length.checked_add(HostBytes::HUGE_PAGE);
        Self::reserve(room.ok_or(io::ErrorKind::OutOfMemory)?, accessible)
    }

    pub fn base(&self) -> NonNull<u8> {
        NonNull::new(ptr::without_provenance_mut(self.base)).unwrap()
    }

    pub fn make_accessible(&self, start: HostBytes, end: HostBytes) -> io::Result<()> {
        self.protect(start, end, true)
    }

    pub fn make_inaccessible(&self, start: HostBytes, end: HostBytes) -> io::Result<()> {
        self.protect(start, end, false)
    }

    pub fn prefer_huge(&self) -> io::Result<()> {
        Ok(())
    }

    pub fn pages(&self, length: HostBytes) -> io::Result<PageRange<'_>> {
        assert!(length <= self.length, "pages out of bounds");
        // SAFETY: the model never accesses the pages.
        Ok(unsafe { PageRange::new(self.base(), length) })
    }

    fn protect(&self, start: HostBytes, end: HostBytes, accessible: bool) -> io::Result<()> {
        assert!(
            start <= end && end <= self.length,
            "protected out of bounds"
        );
        let (pages, _) = find(self.base).expect("mapped until dropped");
        for page in &pages[start.get() / PAGE..end.get() / PAGE] {
            // SAFETY: loom checks that nobody else accesses it meanwhile.
            page.accessible
                .with_mut(|cell| unsafe { *cell = accessible });
        }
        Ok(())
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        let pages = mapped().remove(&self.base);
        drop(pages);
    }
}

/// The model of `page_bytes.rs` and of each system's `pages.rs`. The content of pages is not modelled,
/// except for whether they have moved.
impl PageRange<'_> {
    pub fn decommit(&self) -> io::Result<()> {
        Ok(())
    }

    pub fn revert(&self) -> io::Result<()> {
        unreachable!("no file is modelled")
    }

    pub fn remap_as_zeros(&self) -> io::Result<()> {
        Ok(())
    }

    pub fn map_file(&self, _: impl AsFd, _: u64, _: Writes) -> io::Result<()> {
        unreachable!("no file is modelled")
    }

    /// Leaves both ranges accessible, as they were before.
    pub fn remap_to(&self, to: &PageRange) -> io::Result<()> {
        assert_eq!(self.length(), to.length(), "moved out of bounds");
        let (pages, first) = find(to.base().addr().get()).expect("mapped until dropped");
        let count = self.length().get() / PAGE;
        for (number, page) in (0..).zip(&pages[first..first + count]) {
            touch(self.base(), number);
            touch(to.base(), number);
            // SAFETY: loom checks that nobody else accesses it meanwhile.
            page.moved_here.with_mut(|cell| unsafe { *cell = true });
        }
        Ok(())
    }

    pub fn copy_to(&self, _: &PageRange) {}

    pub fn alias_at(&self, _: &PageRange) -> io::Result<()> {
        unreachable!("no file is modelled")
    }

    pub fn write_to(&self, _: &File, _: u64, _: u64) -> io::Result<()> {
        unreachable!("no file is modelled")
    }

    pub fn read(&self, _: Range<usize>) -> Vec<u8> {
        unreachable!("no byte is modelled")
    }

    pub fn write_at(&self, _: &[u8], _: usize) {}

    pub fn write_zeros(&self) {}

    pub fn is_zero(&self) -> bool {
        unreachable!("no byte is modelled")
    }
}
