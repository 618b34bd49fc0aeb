//! Protects memories from truncation of files that they map: an access to a page beyond the new end of the
//! file raises SIGBUS, which would end the process. At watched addresses, the handler maps zeros there
//! instead.
//!
//! The handler (`sigbus.rs`) runs in whichever thread has touched the page, at any point of its code. So it
//! reads only atomics in memory that is never freed, and calls only `mmap(2)` and, on Linux, `madvise(2)`.

use std::io;
use std::ptr;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize};
use std::sync::{Mutex, PoisonError};

use super::platform;
use super::sigbus::{self, Over};
use crate::sys::{Address, Addresses, page_size};

/// Watches addresses of a mapped file until it is dropped.
#[derive(Debug)]
pub struct TruncationGuard(&'static Slot);

impl TruncationGuard {
    /// Watches `addresses`, those of a [`crate::sys::PageRange`], and installs the signal handler if it is not
    /// installed.
    ///
    /// # Errors
    ///
    /// Returns the error from `sigaction(2)`.
    pub fn over(addresses: Addresses) -> io::Result<Self> {
        sigbus::install(Over::Default)?;
        Ok(Self(Slot::take(addresses, None)))
    }

    /// Returns a guard of `addresses` for the same file. If this guard has lost a page, so has that one.
    pub fn also_over(&self, addresses: Addresses) -> Self {
        Self(Slot::take(addresses, Some(self.0)))
    }

    /// Returns whether a page was lost since the file was mapped. Such pages read zero.
    pub fn has_lost_page(&self) -> bool {
        self.0.addresses().contains(self.0.lost())
    }

    /// Installs the handler again if the default behaviour is active, unless the program's changes are
    /// reported. Checking this takes a system call, which would be most of the cost of a call on a memory.
    pub fn keep_armed() {
        if !sigbus::CHANGES_ARE_REPORTED.load(SeqCst) {
            Self::rearm(false);
        }
    }

    /// Declares that from now on, [`TruncationGuard::rearm`] is called after each change that the program makes
    /// to the disposition.
    pub fn expect_reports() {
        sigbus::CHANGES_ARE_REPORTED.store(true, SeqCst);
    }

    /// Installs the handler again if the default behaviour is active, or any other handler if `by_force`.
    /// Does nothing if the system refuses: the current handler stays.
    pub fn rearm(by_force: bool) {
        let over = if by_force { Over::Any } else { Over::Default };
        let _ = sigbus::install(over);
    }
}

impl Drop for TruncationGuard {
    fn drop(&mut self) {
        Slot::change(|| self.0.set(Addresses::NONE));
        // From here on, others may take the slot.
        self.0.is_taken.store(false, SeqCst);
    }
}

/// A watched range, in a list that only ever grows. Slots are reused, so what the handler has read of one
/// may change meanwhile: see [`mark_lost`].
#[derive(Debug)]
struct Slot {
    is_taken: AtomicBool,
    start: AtomicUsize,
    end: AtomicUsize,
    /// The address of a lost page. If it is not in the slot's range, it belongs to a former range of the slot.
    lost: AtomicUsize,
    /// How many mappings the handler has made in the slot's range.
    mappings: AtomicUsize,
    next: *const Slot,
}

// SAFETY: `next` points to another slot, which is never freed, and only atomics in it change.
unsafe impl Sync for Slot {}

static FIRST: AtomicPtr<Slot> = AtomicPtr::new(ptr::null_mut());

/// The version of the slots: odd while they change, and another number after each change.
static CHANGES: AtomicUsize = AtomicUsize::new(0);

/// How many mappings the handler has made in all slots.
static MAPPINGS: AtomicUsize = AtomicUsize::new(0);

impl Slot {
    /// Iterates over all slots. The handler calls this.
    fn all() -> impl Iterator<Item = &'static Self> {
        let mut next = FIRST.load(SeqCst).cast_const();
        std::iter::from_fn(move || {
            // SAFETY: null, or a slot, which is never freed.
            let slot = unsafe { next.as_ref() }?;
            next = slot.next;
            Some(slot)
        })
    }

    /// Takes a slot for `addresses`. If `former` has lost a page, so has the returned slot.
    fn take(addresses: Addresses, former: Option<&Self>) -> &'static Self {
        let free = Self::all().find(|slot| !slot.is_taken.swap(true, SeqCst));
        let slot = free.unwrap_or_else(Self::add);
        Self::change(|| slot.set(addresses));
        // From here on, the handler marks a lost page in both slots.
        if let Some(former) = former {
            if former.addresses().contains(former.lost()) {
                slot.lost.store(addresses.start().get(), SeqCst);
            }
            // Some of the mappings may be elsewhere: counting too many is safe.
            slot.add_mappings(former.mappings.load(SeqCst));
        }
        slot
    }

    /// Adds a slot to the list, already taken.
    fn add() -> &'static Self {
        static LOCK: Mutex<()> = Mutex::new(());
        let _one_at_a_time = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
        let slot: &'static Self = Box::leak(Box::new(Self {
            is_taken: AtomicBool::new(true),
            start: AtomicUsize::new(Addresses::NONE.start().get()),
            end: AtomicUsize::new(Addresses::NONE.end().get()),
            lost: AtomicUsize::new(Addresses::NONE.start().get()),
            mappings: AtomicUsize::new(0),
            next: FIRST.load(SeqCst),
        }));
        FIRST.store(ptr::from_ref(slot).cast_mut(), SeqCst);
        slot
    }

    /// Runs `action`, which changes ranges of slots, while no other thread does.
    fn change(action: impl FnOnce()) {
        static LOCK: Mutex<()> = Mutex::new(());
        let _one_at_a_time = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
        CHANGES.fetch_add(1, SeqCst);
        action();
        CHANGES.fetch_add(1, SeqCst);
    }

    /// Sets the range. Call this only within [`Slot::change`].
    fn set(&self, addresses: Addresses) {
        self.lost.store(Addresses::NONE.start().get(), SeqCst);
        self.clear_mappings();
        self.start.store(addresses.start().get(), SeqCst);
        self.end.store(addresses.end().get(), SeqCst);
    }

    fn addresses(&self) -> Addresses {
        let bound = |bound: &AtomicUsize| Address::new(bound.load(SeqCst));
        Addresses::between(bound(&self.start), bound(&self.end))
    }

    fn lost(&self) -> Address {
        Address::new(self.lost.load(SeqCst))
    }

    /// Adds `more` to the number of mappings, and returns the number in all slots. It is never less than the sum
    /// over the slots.
    fn add_mappings(&self, more: usize) -> usize {
        let sum = MAPPINGS.fetch_add(more, SeqCst) + more;
        self.mappings.fetch_add(more, SeqCst);
        sum
    }

    /// Sets the number of mappings to 0: one mapping has replaced them, or the range is no longer watched.
    fn clear_mappings(&self) {
        MAPPINGS.fetch_sub(self.mappings.swap(0, SeqCst), SeqCst);
    }
}

/// How many pages are replaced at once, at most. If pages were replaced one at a time, each could become a
/// mapping of its own, and the system limits mappings. Pages that follow a lost page are usually lost as well.
const MAX_AT_ONCE: usize = 512;

/// The number of hits in a slot after which each hit replaces a whole block: the lost pages are scattered.
const MAX_SINGLE: usize = 256;

/// The size and the alignment of such a block.
const BLOCK: usize = 2 << 20;

/// The number of mappings in all slots beyond which a whole slot becomes one mapping. Each mapping splits
/// another in two, and the system lets a process have some 65,000.
const MAX_MAPPINGS: usize = 8_192;

/// Maps zeros over the page at `address` if that is watched. Returns whether it has done so. Other pages of the
/// same watched range may read zero from then on as well: the memory is reported as truncated anyway. The
/// handler calls this.
pub fn replace_lost(address: Address) -> bool {
    let Some((slot, addresses)) = mark_lost(address) else {
        return false;
    };
    let sum = slot.add_mappings(1);
    let lost = if slot.mappings.load(SeqCst) <= MAX_SINGLE {
        lost_from(address, addresses)
    } else {
        block_around(address, addresses)
    };
    if sum <= MAX_MAPPINGS && map_zeros(lost) {
        return true;
    }
    let is_done = map_zeros(addresses);
    if is_done {
        slot.clear_mappings();
    }
    is_done
}

/// Marks all slots that contain `address` as hit. Returns one of them, and the addresses that they have in
/// common.
fn mark_lost(address: Address) -> Option<(&'static Slot, Addresses)> {
    /// Slots change for some nanoseconds at a time. The bound is for a thread that is stopped in the middle
    /// of that.
    const MAX_ATTEMPTS: usize = 1 << 20;
    let mut found = None;
    for _ in 0..MAX_ATTEMPTS {
        let before = CHANGES.load(SeqCst);
        found = try_mark_lost(address);
        if before.is_multiple_of(2) && CHANGES.load(SeqCst) == before {
            break;
        }
        std::hint::spin_loop();
    }
    found
}

/// Does what [`mark_lost`] does, once. Slots may change meanwhile, and the result is then wrong.
fn try_mark_lost(address: Address) -> Option<(&'static Slot, Addresses)> {
    let mut found: Option<(&'static Slot, Addresses)> = None;
    for slot in Slot::all() {
        let addresses = slot.addresses();
        if !addresses.contains(address) {
            continue;
        }
        // If the slot has another range by now, the address is outside of it and has no effect.
        slot.lost.store(address.get(), SeqCst);
        let common = match found {
            Some((_, other)) => addresses.intersection(other),
            None => addresses,
        };
        found = Some((slot, common));
    }
    found
}

/// Returns the page at `address`, and the lost pages of `addresses` that directly follow it.
fn lost_from(address: Address, addresses: Addresses) -> Addresses {
    let page = page_size();
    let start = address.align_down(page);
    let following = addresses.starting_at(start).chunks(page).skip(1);
    let lost = following
        .take(MAX_AT_ONCE - 1)
        .take_while(|next| platform::is_lost(next.start(), page));
    Addresses::new(start, page * (1 + lost.count()))
}

/// Returns the part of `addresses` in the block that contains `address`.
fn block_around(address: Address, addresses: Addresses) -> Addresses {
    addresses.intersection(Addresses::new(address.align_down(BLOCK), BLOCK))
}

/// Maps zeros at `addresses`, and returns whether the system has done so.
fn map_zeros(addresses: Addresses) -> bool {
    // SAFETY: `mark_lost` found the addresses to be watched, and those are addresses of a `PageRange`, whose
    // pages may be replaced: see `TruncationGuard::over`.
    let mapped = unsafe {
        libc::mmap(
            ptr::without_provenance_mut(addresses.start().get()),
            addresses.len(),
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED,
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

    use crate::sys::{HostBytes, ImageFile, Mapping, Writes};

    #[test]
    fn lost_pages_read_zero_and_others_keep_their_bytes() {
        let page = rustix::param::page_size();
        let bytes = |pages: usize| HostBytes::round_up(pages * page).unwrap();
        let mapping = Mapping::reserve(bytes(4), bytes(4)).unwrap();
        let all = mapping.pages(bytes(4)).unwrap();
        let file = ImageFile::create((4 * page).try_into().unwrap()).unwrap();
        let guard = TruncationGuard::over(all.addresses()).unwrap();
        all.map_file(file.as_fd(), 0, Writes::ToFile).unwrap();
        all.write_at(&[1], 0);
        // A page in between that the file does not back any more.
        all.slice(2 * page..3 * page)
            .unwrap()
            .remap_as_zeros()
            .unwrap();
        all.write_at(&[2], 2 * page);
        rustix::fs::ftruncate(file.as_fd(), page.try_into().unwrap()).unwrap();

        assert_eq!(all.read(0..1), [1]);
        assert!(!guard.has_lost_page());
        assert_eq!(all.read(page..page + 1), [0]);
        assert!(guard.has_lost_page());
        assert_eq!(all.read(2 * page..2 * page + 1), [2]);
        all.write_at(&[3], 4 * page - 1);
        assert_eq!(all.read(4 * page - 1..4 * page), [3]);

        assert!(guard.also_over((1..2).into()).has_lost_page());
        assert!(
            !TruncationGuard::over((1..2).into())
                .unwrap()
                .also_over((1..2).into())
                .has_lost_page()
        );
    }

    #[test]
    fn after_many_hits_whole_blocks_read_zero() {
        let page = rustix::param::page_size();
        let bytes = |length: usize| HostBytes::round_up(length).unwrap();
        let length = BLOCK + 4 * MAX_SINGLE * page;
        let mapping = Mapping::reserve(bytes(length), bytes(length)).unwrap();
        let all = mapping.pages(bytes(length)).unwrap();
        let file = ImageFile::create(0).unwrap();
        all.map_file(file.as_fd(), 0, Writes::ToFile).unwrap();
        let guard = TruncationGuard::over(all.addresses()).unwrap();
        // Every other page is not lost.
        for at in (page..length).step_by(2 * page) {
            all.slice(at..at + page).unwrap().remap_as_zeros().unwrap();
            all.write_at(&[7], at);
        }
        let byte = |at: usize| all.read(at..at + 1)[0];
        for at in (0..2 * MAX_SINGLE * page).step_by(2 * page) {
            assert_eq!((byte(at), byte(at + page)), (0, 7));
        }
        let at = 2 * MAX_SINGLE * page;
        assert_eq!(byte(at), 0);
        let hit = all.addresses().start().checked_add(at).unwrap();
        let block = all
            .addresses()
            .offsets_of(block_around(hit, all.addresses()));
        let given_up = |at: &usize| block.contains(at);
        for at in (page..length).step_by(2 * page) {
            assert_eq!(byte(at), if given_up(&at) { 0 } else { 7 }, "{at}");
        }
        assert!(guard.has_lost_page());
    }

    #[test]
    fn no_loss_is_missed_while_guards_are_replaced() {
        let page = rustix::param::page_size();
        let bytes = HostBytes::round_up(4 * page).unwrap();
        let mapping = Mapping::reserve(bytes, bytes).unwrap();
        let file = ImageFile::create(0).unwrap();
        let start = std::sync::Barrier::new(2);
        let is_lost = AtomicBool::new(false);
        for _ in 0..300 {
            let all = mapping.pages(bytes).unwrap();
            let mut guard = TruncationGuard::over(all.addresses()).unwrap();
            all.map_file(file.as_fd(), 0, Writes::ToFile).unwrap();
            is_lost.store(false, SeqCst);
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    let all = mapping.pages(bytes).unwrap();
                    start.wait();
                    assert_eq!(all.read(page..page + 1), [0]);
                    is_lost.store(true, SeqCst);
                });
                start.wait();
                while !is_lost.load(SeqCst) {
                    guard = guard.also_over(all.addresses());
                }
            });
            assert!(guard.has_lost_page());
        }
    }

    #[test]
    fn slots_are_reused() {
        // Again and again: tests in other threads take slots, too.
        let is_reused = || {
            let first = TruncationGuard::over((1..2).into()).unwrap();
            let slot = ptr::from_ref(first.0);
            drop(first);
            let again: Vec<_> = (0..8)
                .map(|_| TruncationGuard::over((1..2).into()).unwrap())
                .collect();
            assert!(again.iter().all(|guard| !guard.has_lost_page()));
            again.iter().any(|guard| ptr::eq(guard.0, slot))
        };
        assert!((0..1000).any(|_| is_reused()));
    }
}
