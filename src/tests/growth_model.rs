//! Runs the growth protocol in every order of its threads' steps that the memory model allows.
//!
//! The tests run [`LinearMemory`] itself. Below it, the atomics and the lock are loom's ([`crate::sync`]), and
//! pages are modelled (`src/sys/model.rs`): an access to a page fails the test if the page would fault in this
//! order, or if nothing orders the access after the page was made accessible.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use loom::sync::Arc;
use loom::thread;

use crate::error::MemoryError;
use crate::memory::address_range::PageSize;
use crate::memory::reservation::Reservation;
use crate::memory::{LinearMemory, Sharing, Span};
use crate::sys::{HostBytes, arrived_at, is_mapped, touch};
use crate::units::Pages;

fn wasm_pages(count: u64) -> Pages {
    Pages::new(count).unwrap()
}

fn bytes(count: u64) -> HostBytes {
    wasm_pages(count).bytes().unwrap()
}

fn page_count(span: Span) -> u64 {
    u64::try_from(span.length.get() / bytes(1).get()).unwrap()
}

/// Makes a memory of one page and at most three, in a reservation of `capacity` pages. The reservation is
/// always a new one: a spare range would come from another run of the scenario.
fn memory(sharing: Sharing, capacity: u64) -> Arc<LinearMemory> {
    let reservation = Reservation::fresh(bytes(1), bytes(capacity), PageSize::Base).unwrap();
    let memory = LinearMemory::with_reservation(reservation, wasm_pages(1), wasm_pages(3), sharing);
    Arc::new(memory)
}

fn grow(memory: &LinearMemory, delta: u64) -> Result<(u64, Span), MemoryError> {
    memory.grow(wasm_pages(delta), Ok, || Ok(()))
}

fn touch_all(span: Span) {
    (0..page_count(span)).for_each(|page| touch(span.base, page));
}

/// Accesses each page of the current size. Returns that size.
fn touched_size(memory: &LinearMemory, span: Span) -> u64 {
    let size = memory.size();
    (0..size).for_each(|page| touch(span.base, page));
    size
}

/// Runs `scenario` in every order, and expects exactly `outcomes` as its results.
///
/// Loom leaves out some orders if a thread loads an atomic and then stores to it (tokio-rs/loom#392). If the code
/// ever does that, outcomes are missing here, and the test fails. A test without expected outcomes would pass.
#[track_caller]
fn expect_outcomes<T>(outcomes: &[T], scenario: impl Fn() -> T + Send + Sync + 'static)
where
    T: Copy + Ord + std::fmt::Debug + Send + 'static,
{
    let found = std::sync::Arc::new(Mutex::new(BTreeSet::new()));
    let all = std::sync::Arc::clone(&found);
    loom::model(move || {
        let outcome = scenario();
        all.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(outcome);
    });
    let found = found.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(*found, outcomes.iter().copied().collect());
}

#[test]
fn every_page_below_the_published_size_is_accessible() {
    let outcomes = [(1, 1), (1, 2), (1, 3), (2, 2), (2, 3), (3, 3)];
    expect_outcomes(&outcomes, || {
        let memory = memory(Sharing::Shared, 3);
        let first = memory.span().unwrap();
        let grower = {
            let memory = Arc::clone(&memory);
            thread::spawn(move || {
                grow(&memory, 1).unwrap();
                grow(&memory, 1).unwrap();
            })
        };
        let seen = touched_size(&memory, first);
        let later = touched_size(&memory, first);
        grower.join().unwrap();
        assert_eq!(touched_size(&memory, first), 3);
        (seen, later)
    });
}

#[test]
fn every_page_of_the_span_is_accessible() {
    // The span may be larger than the size that was read before it, but never smaller.
    expect_outcomes(&[(1, 1), (1, 3), (3, 3)], || {
        let memory = memory(Sharing::Shared, 3);
        let grower = {
            let memory = Arc::clone(&memory);
            thread::spawn(move || touch_all(grow(&memory, 2).unwrap().1))
        };
        let size = memory.size();
        let span = memory.span().unwrap();
        touch_all(span);
        grower.join().unwrap();
        (size, page_count(span))
    });
}

#[test]
fn concurrent_growths_add_up_and_respect_the_maximum() {
    // The size that the reader sees, and the final size. Only one of the growers succeeds: both together
    // exceed the maximum.
    expect_outcomes(&[(1, 2), (2, 2), (1, 3), (3, 3)], || {
        let memory = memory(Sharing::Shared, 3);
        let first = memory.span().unwrap();
        let growers = [1, 2].map(|delta| {
            let memory = Arc::clone(&memory);
            thread::spawn(move || grow(&memory, delta).map(|(before, _)| before))
        });
        let seen = touched_size(&memory, first);
        let grown = growers.map(|grower| grower.join().unwrap());
        let size = match &grown {
            [Ok(1), Err(MemoryError::MaximumExceeded { wanted: 4, .. })] => 2,
            [Err(MemoryError::MaximumExceeded { wanted: 4, .. }), Ok(1)] => 3,
            other => panic!("{other:?}"),
        };
        assert_eq!(touched_size(&memory, first), size);
        (seen, size)
    });
}

#[test]
fn the_size_of_a_failed_growth_is_never_published() {
    expect_outcomes(&[1, 2], || {
        let memory = memory(Sharing::Shared, 3);
        let first = memory.span().unwrap();
        let failing = {
            let memory = Arc::clone(&memory);
            thread::spawn(move || {
                let refuse = |_| Err::<Span, _>(MemoryError::MovedOut);
                assert!(memory.grow(wasm_pages(2), refuse, || Ok(())).is_err());
            })
        };
        let growing = {
            let memory = Arc::clone(&memory);
            thread::spawn(move || touch_all(grow(&memory, 1).unwrap().1))
        };
        let seen = touched_size(&memory, first);
        failing.join().unwrap();
        growing.join().unwrap();
        assert_eq!(touched_size(&memory, first), 2);
        seen
    });
}

#[test]
fn a_memory_that_has_moved_out_does_not_grow() {
    expect_outcomes(&[1, 3], || {
        let memory = memory(Sharing::Unshared, 3);
        let before = memory.span().unwrap();
        let grower = {
            let memory = Arc::clone(&memory);
            thread::spawn(move || grow(&memory, 2).map(|(before, _)| before))
        };
        let elsewhere = Reservation::fresh(bytes(3), bytes(3), PageSize::Base).unwrap();
        memory
            .move_out(&elsewhere.pages(bytes(3)).unwrap(), || {
                Ok::<_, MemoryError>(())
            })
            .unwrap();
        let size = memory.size();
        let grown = grower.join().unwrap();
        assert_eq!(memory.size(), size, "grew after it had moved out");
        assert_eq!(arrived_at(elsewhere.base()), usize::try_from(size).unwrap());
        match grown {
            Ok(1) => assert_eq!(size, 3),
            Err(MemoryError::MovedOut) => assert_eq!(size, 1),
            other => panic!("{other:?}"),
        }
        touch_all(before);
        size
    });
}

#[test]
fn a_former_range_stays_mapped_until_the_last_holder_drops_the_memory() {
    // The outcome is whether the holder of the old span finds that it is still the current one.
    expect_outcomes(&[false, true], || {
        let memory = memory(Sharing::Unshared, 1);
        let before = memory.span().unwrap();
        let holder = {
            let memory = Arc::clone(&memory);
            thread::spawn(move || {
                let is_current = memory.span().unwrap().base == before.base;
                touch_all(before);
                drop(memory);
                is_current
            })
        };
        let (_, after) = grow(&memory, 1).unwrap();
        assert_ne!(before.base, after.base);
        touch_all(after);
        touch_all(before);
        drop(memory);
        let was_current = holder.join().unwrap();
        assert!(!is_mapped(before.base) && !is_mapped(after.base));
        was_current
    });
}
