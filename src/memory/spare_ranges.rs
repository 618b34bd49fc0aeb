//! The pool of spare ranges: address ranges of memories that were released while a program makes others without
//! pause, kept for the next memory that it makes.
//!
//! Unmapping a range and mapping another is most of the cost of a short-lived memory: page tables, TLB flushes on
//! other processors, and a lock of the kernel for which the thread that makes memories and the one that collects
//! them compete. A spare range has no pages, since they were decommitted when it was released. Only its address
//! space is kept, and only until the thread that made a memory returns to its event loop.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::memory::address_range::{AddressRange, PageSize};
use crate::sys::HostBytes;

/// The most ranges in the pool: more than a collection releases at once, and far fewer than the mappings that
/// the kernel allows.
const MAX_RANGES: usize = 4096;

#[derive(Default)]
struct Spares {
    /// Whether a memory was made since the last [`release`].
    is_wanted: bool,
    ranges: Vec<Arc<AddressRange>>,
}

static SPARES: Mutex<Spares> = Mutex::new(Spares {
    is_wanted: false,
    ranges: Vec::new(),
});

fn lock() -> MutexGuard<'static, Spares> {
    // Nothing panics while it holds the lock. If something did, the list would still be whole.
    SPARES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes a spare range of exactly that capacity and page size, and commits `committed` bytes, which read zero.
pub fn take(
    committed: HostBytes,
    capacity: HostBytes,
    page_size: PageSize,
) -> Option<Arc<AddressRange>> {
    let mut spares = lock();
    spares.is_wanted = true;
    let range = spares
        .ranges
        .pop_if(|range| (range.capacity(), range.page_size()) == (capacity, page_size))?;
    drop(spares);
    range.commit(committed).ok().map(|()| range)
}

/// Keeps a range that no memory uses any more, if memories are being made.
pub fn offer(range: &Arc<AddressRange>) {
    // A failed growth of a file-backed memory may have left pages of the file beyond the committed ones.
    if !lock().is_wanted || range.decommit_all().is_err() || range.has_overlays() {
        return;
    }
    let mut spares = lock();
    // Read again: `release` may have run in between.
    if spares.is_wanted && spares.ranges.len() < MAX_RANGES {
        spares.ranges.push(Arc::clone(range));
    }
}

/// Unmaps all spare ranges, and keeps no more until the next memory is made. Returns how many there were.
pub fn release() -> usize {
    let mut spares = lock();
    spares.is_wanted = false;
    let ranges = std::mem::take(&mut spares.ranges);
    drop(spares);
    ranges.len()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::pages::image::ImageBuilder;
    use crate::pages::overlay::Overlay;
    use crate::pages::overlay_table::OverlayTable;
    use crate::sys::{Address, Addresses};

    #[test]
    fn a_range_that_still_has_pages_of_a_file_is_not_kept() {
        // A capacity that no other test has.
        let (page, capacity) = (
            HostBytes::page(),
            HostBytes::round_up(7_654_321).unwrap_or_default(),
        );
        let range = Arc::new(AddressRange::map(page, capacity, PageSize::Base).unwrap());
        let image = Arc::new(ImageBuilder::new(page).unwrap().finish().unwrap());
        let two = Addresses::new(Address::of(range.base().as_ptr()), 2 * page.get());
        let second = two.slice(page.get()..2 * page.get());
        OverlayTable::lock().insert(second, Overlay::of_image(&image));
        drop(take(page, capacity, PageSize::Base));
        offer(&range);
        assert_eq!(Arc::strong_count(&range), 1);
    }
}
