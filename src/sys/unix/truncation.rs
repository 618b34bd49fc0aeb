//! MappingInfo files that somebody truncates: the page beyond the file's new end raises SIGBUS, which would
//! end the process. At addresses that are watched, it gets a page of zeros instead.
//!
//! The handler (`sigbus.rs`) runs in whatever thread touched the page, in the middle of anything. So what
//! it reads is atomics in memory that is never freed, and the one call it makes is `mmap(2)`.

use std::io;
use std::ptr;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize};
use std::sync::{Mutex, PoisonError};

use super::platform;
use super::sigbus::{self, Over};
use crate::sys::{Address, Addresses, page_size};

/// Addresses that are watched until this is dropped.
#[derive(Debug)]
pub struct TruncationGuard(&'static Slot);

impl TruncationGuard {
    /// Watches `addresses`.
    ///
    /// # Errors
    ///
    /// Returns the error from `sigaction(2)`.
    pub fn over(addresses: Addresses) -> io::Result<Self> {
        sigbus::install(Over::Default)?;
        Ok(Self(Slot::take(addresses, None)))
    }

    /// Watches `addresses` as well, as part of the same: if a page was lost here, one was lost there.
    pub fn also_over(&self, addresses: Addresses) -> Self {
        Self(Slot::take(addresses, Some(self.0)))
    }

    /// Returns whether a page was lost, and now reads zero.
    pub fn has_lost_page(&self) -> bool {
        self.0.addresses().contains(self.0.lost())
    }

    /// Puts the handler in place again if the default behaviour is there, unless such changes are reported.
    /// Asking the system would be most of what a call on a memory takes.
    pub fn keep_armed() {
        if !sigbus::ARE_REPORTED.load(SeqCst) {
            Self::rearm(false);
        }
    }

    /// From now on, `rearm()` is called after each change that the program makes.
    pub fn expect_reports() {
        sigbus::ARE_REPORTED.store(true, SeqCst);
    }

    /// Puts the handler in place again, if the default behaviour is there; also over another handler if
    /// `by_force`. Does nothing if the system refuses: what is there stays.
    pub fn rearm(by_force: bool) {
        let over = if by_force { Over::Any } else { Over::Default };
        let _ = sigbus::install(over);
    }
}

impl Drop for TruncationGuard {
    fn drop(&mut self) {
        Slot::change(|| self.0.set(Addresses::NONE));
        // From here on, somebody else may take it.
        self.0.is_taken.store(false, SeqCst);
    }
}

/// One of a list that only ever grows. Since slots are used again, what the handler read of one may
/// change under it: see [`find`].
#[derive(Debug)]
struct Slot {
    is_taken: AtomicBool,
    start: AtomicUsize,
    end: AtomicUsize,
    /// An address that was lost; of the slot's former addresses, if it is not one of these.
    lost: AtomicUsize,
    /// How many mappings the handler has made here.
    mappings: AtomicUsize,
    next: *const Slot,
}

// SAFETY: `next` points to another slot, which is never freed, and only atomics of it change.
unsafe impl Sync for Slot {}

static FIRST: AtomicPtr<Slot> = AtomicPtr::new(ptr::null_mut());

/// Odd while slots change, and another number after each change.
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

    /// A slot over `addresses`, with what happened in `former`, which goes on meanwhile.
    fn take(addresses: Addresses, former: Option<&Self>) -> &'static Self {
        let free = Self::all().find(|slot| !slot.is_taken.swap(true, SeqCst));
        let slot = free.unwrap_or_else(Self::add);
        Self::change(|| slot.set(addresses));
        // What is hit from here on, the handler marks in both.
        if let Some(former) = former {
            if former.addresses().contains(former.lost()) {
                slot.lost.store(addresses.start().get(), SeqCst);
            }
            // Some may be elsewhere: too many is safe.
            slot.count(former.mappings.load(SeqCst));
        }
        slot
    }

    /// One more, which is taken.
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

    /// Runs `action`, which changes the addresses of slots, with nobody else doing so.
    fn change(action: impl FnOnce()) {
        static LOCK: Mutex<()> = Mutex::new(());
        let _one_at_a_time = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
        CHANGES.fetch_add(1, SeqCst);
        action();
        CHANGES.fetch_add(1, SeqCst);
    }

    /// Only within [`Slot::change`].
    fn set(&self, addresses: Addresses) {
        self.lost.store(Addresses::NONE.start().get(), SeqCst);
        self.count_none();
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

    /// Counts `more` mappings, and returns how many there are in all slots. The sum is never less than
    /// what the slots have.
    fn count(&self, more: usize) -> usize {
        let sum = MAPPINGS.fetch_add(more, SeqCst) + more;
        self.mappings.fetch_add(more, SeqCst);
        sum
    }

    fn count_none(&self) {
        MAPPINGS.fetch_sub(self.mappings.swap(0, SeqCst), SeqCst);
    }
}

/// How many pages are given at a time, at most. Each could become a mapping of its own, of which the
/// system allows a process so many only; and all that follow a lost page are mostly lost as well.
const MOST_AT_ONCE: usize = 512;

/// After so many hits in a slot, a whole block is given at each: the lost pages are scattered.
const MOST_SINGLE: usize = 256;

/// The size of such a block, and what it is aligned to.
const BLOCK: usize = 2 << 20;

/// If there are more mappings than these in all slots, all of a slot becomes one. Each splits another
/// mapping in two, and the system lets a process have some 65,000.
const MOST_MAPPINGS: usize = 8_192;

/// Puts zeros where the page at `address` is, if that is watched; returns whether. Of the addresses that
/// are watched as one, others may read zero from then on: their memory is given up by then. The handler
/// calls this.
pub fn replace_lost(address: Address) -> bool {
    let Some((slot, addresses)) = find(address) else {
        return false;
    };
    let sum = slot.count(1);
    let piece = if slot.mappings.load(SeqCst) <= MOST_SINGLE {
        lost_from(address, addresses)
    } else {
        block_around(address, addresses)
    };
    if sum <= MOST_MAPPINGS && put_zeros(piece) {
        return true;
    }
    let is_done = put_zeros(addresses);
    if is_done {
        slot.count_none();
    }
    is_done
}

/// Marks all slots that have `address` as hit. Returns one of them, and the addresses that they have in
/// common.
fn find(address: Address) -> Option<(&'static Slot, Addresses)> {
    /// Slots change for some nanoseconds at a time. The bound is for a thread that is stopped in there.
    const MOST_ATTEMPTS: usize = 1 << 20;
    let mut found = None;
    for _ in 0..MOST_ATTEMPTS {
        let before = CHANGES.load(SeqCst);
        found = mark(address);
        if before.is_multiple_of(2) && CHANGES.load(SeqCst) == before {
            break;
        }
        std::hint::spin_loop();
    }
    found
}

fn mark(address: Address) -> Option<(&'static Slot, Addresses)> {
    let mut found: Option<(&'static Slot, Addresses)> = None;
    for slot in Slot::all() {
        let addresses = slot.addresses();
        if !addresses.contains(address) {
            continue;
        }
        // If the slot has got other addresses meanwhile, this one means nothing there.
        slot.lost.store(address.get(), SeqCst);
        let common = match found {
            Some((_, other)) => addresses.intersection(other),
            None => addresses,
        };
        found = Some((slot, common));
    }
    found
}

/// The page at `address`, and the lost ones of `addresses` that follow it.
fn lost_from(address: Address, addresses: Addresses) -> Addresses {
    let page = page_size();
    let start = address.align_down(page);
    let following = addresses.starting_at(start).chunks(page).skip(1);
    let lost = following
        .take(MOST_AT_ONCE - 1)
        .take_while(|next| platform::is_lost(next.start(), page));
    Addresses::new(start, page * (1 + lost.count()))
}

/// What `addresses` have of the block that has the page at `address`.
fn block_around(address: Address, addresses: Addresses) -> Addresses {
    addresses.intersection(Addresses::new(address.align_down(BLOCK), BLOCK))
}

fn put_zeros(addresses: Addresses) -> bool {
    // SAFETY: within addresses that are watched, whose owner has the pages replaced that are lost.
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
    fn lost_pages_read_zero_and_what_is_there_stays() {
        let page = rustix::param::page_size();
        let bytes = |pages: usize| HostBytes::round_up(pages * page).unwrap();
        let mapping = Mapping::reserve(bytes(4), bytes(4)).unwrap();
        let all = mapping.pages(bytes(4)).unwrap();
        let file = ImageFile::create((4 * page).try_into().unwrap()).unwrap();
        let watch = TruncationGuard::over(all.addresses()).unwrap();
        all.map_file(file.as_fd(), 0, Writes::ToFile).unwrap();
        all.write_at(&[1], 0);
        // A page in between that is no file's any more.
        all.slice(2 * page..3 * page)
            .unwrap()
            .remap_as_zeros()
            .unwrap();
        all.write_at(&[2], 2 * page);
        rustix::fs::ftruncate(file.as_fd(), page.try_into().unwrap()).unwrap();

        assert_eq!(all.read(0..1), [1]);
        assert!(!watch.has_lost_page());
        assert_eq!(all.read(page..page + 1), [0]);
        assert!(watch.has_lost_page());
        assert_eq!(all.read(2 * page..2 * page + 1), [2]);
        all.write_at(&[3], 4 * page - 1);
        assert_eq!(all.read(4 * page - 1..4 * page), [3]);

        assert!(watch.also_over((1..2).into()).has_lost_page());
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
        let length = BLOCK + 4 * MOST_SINGLE * page;
        let mapping = Mapping::reserve(bytes(length), bytes(length)).unwrap();
        let all = mapping.pages(bytes(length)).unwrap();
        let file = ImageFile::create(0).unwrap();
        all.map_file(file.as_fd(), 0, Writes::ToFile).unwrap();
        let watch = TruncationGuard::over(all.addresses()).unwrap();
        // Every other page is not lost.
        for at in (page..length).step_by(2 * page) {
            all.slice(at..at + page).unwrap().remap_as_zeros().unwrap();
            all.write_at(&[7], at);
        }
        let byte = |at: usize| all.read(at..at + 1)[0];
        for at in (0..2 * MOST_SINGLE * page).step_by(2 * page) {
            assert_eq!((byte(at), byte(at + page)), (0, 7));
        }
        let at = 2 * MOST_SINGLE * page;
        assert_eq!(byte(at), 0);
        let hit = all.addresses().start().checked_add(at).unwrap();
        let block = all
            .addresses()
            .offsets_of(block_around(hit, all.addresses()));
        let given_up = |at: &usize| block.contains(at);
        for at in (page..length).step_by(2 * page) {
            assert_eq!(byte(at), if given_up(&at) { 0 } else { 7 }, "{at}");
        }
        assert!(watch.has_lost_page());
    }

    #[test]
    fn no_loss_is_missed_while_watches_are_replaced() {
        let page = rustix::param::page_size();
        let bytes = HostBytes::round_up(4 * page).unwrap();
        let mapping = Mapping::reserve(bytes, bytes).unwrap();
        let file = ImageFile::create(0).unwrap();
        let start = std::sync::Barrier::new(2);
        let is_lost = AtomicBool::new(false);
        for _ in 0..300 {
            let all = mapping.pages(bytes).unwrap();
            let mut watch = TruncationGuard::over(all.addresses()).unwrap();
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
                    watch = watch.also_over(all.addresses());
                }
            });
            assert!(watch.has_lost_page());
        }
    }

    #[test]
    fn slots_are_used_again() {
        let first = TruncationGuard::over((1..2).into()).unwrap();
        let slot = ptr::from_ref(first.0);
        drop(first);
        let again: Vec<_> = (0..8)
            .map(|_| TruncationGuard::over((1..2).into()).unwrap())
            .collect();
        assert!(again.iter().any(|watch| ptr::eq(watch.0, slot)));
        assert!(again.iter().all(|watch| !watch.has_lost_page()));
    }
}
