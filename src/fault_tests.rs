//! Every call of the system's that a memory makes, made to fail, in every combination.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::MemoryError;
use crate::linear_memory::{Extent, LinearMemory, Sharing};
use crate::range::PageSize;
use crate::reservation::Reservation;
use crate::spare;
use crate::sys::fault::{calls_reached, fail_at};
use crate::sys::maps::protection_at;
use crate::units::{HostBytes, Pages};

const PAGE: usize = 65_536;

/// Pages of most memories here. Spare ranges are the process's: no other test has this size.
const SIZE: u64 = 11;

/// For one test at a time, with no spare range of another's.
fn alone() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    let guard = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    spare::release();
    guard
}

/// What came of an action: the calls that it reached, and whether it went through.
#[derive(Debug)]
struct Run {
    reached: Vec<&'static str>,
    done: bool,
}

/// Runs `scenario` with no call failing, and then with every set of calls that can fail on the way.
fn with_every_failure(scenario: impl Fn(&[usize]) -> Run) {
    let _alone = alone();
    let mut plans = vec![Vec::new()];
    let (mut done, mut refused) = (0, 0);
    while let Some(plan) = plans.pop() {
        spare::release();
        let run = scenario(&plan);
        assert!(run.done || !plan.is_empty(), "refused with no failure");
        *if run.done { &mut done } else { &mut refused } += 1;
        // Those after the last that failed: the others' turn has been, or comes.
        let last = plan.last().copied().unwrap_or(0);
        let further = last + 1..=run.reached.len();
        plans.extend(further.map(|call| [plan.as_slice(), &[call]].concat()));
    }
    assert!(done > 0 && refused > 0, "{done} done, {refused} refused");
}

/// What `action` returns, with the calls of these numbers failing.
fn failing<T>(
    calls: &[usize],
    action: impl FnOnce() -> Result<T, MemoryError>,
) -> (Option<T>, Run) {
    fail_at(calls);
    let result = action();
    let reached = calls_reached();
    fail_at(&[]);
    if let Err(error) = &result {
        assert!(matches!(error, MemoryError::System { .. }), "{error}");
    }
    let done = result.is_ok();
    (result.ok(), Run { reached, done })
}

fn pages(count: u64) -> Pages {
    Pages::new(count).unwrap()
}

fn bytes(count: u64) -> HostBytes {
    pages(count).bytes().unwrap()
}

fn new(initial: u64, maximum: u64) -> Result<LinearMemory, MemoryError> {
    LinearMemory::new(
        pages(initial),
        Some(pages(maximum)),
        Sharing::Unshared,
        PageSize::Base,
    )
}

/// A memory with a byte on each page.
fn written(initial: u64, maximum: u64) -> LinearMemory {
    let memory = new(initial, maximum).unwrap();
    write_bytes(&memory);
    memory
}

/// The same, for which no more than its pages could be reserved.
fn clamped() -> LinearMemory {
    let (memory, run) = failing(&[1], || new(SIZE, 2 * SIZE));
    assert_eq!(run.reached, ["mmap", "mmap", "mprotect"]);
    let memory = memory.unwrap();
    write_bytes(&memory);
    memory
}

fn grow(memory: &LinearMemory, delta: u64) -> Result<(u64, Extent), MemoryError> {
    memory.grow(pages(delta), Ok, || Ok(()))
}

fn base(memory: &LinearMemory) -> usize {
    memory.extent().unwrap().base.as_ptr().addr()
}

fn page_addresses(memory: &LinearMemory) -> impl Iterator<Item = usize> {
    let base = base(memory);
    (0..usize::try_from(memory.size()).unwrap()).map(move |page| base + page * PAGE)
}

fn write_bytes(memory: &LinearMemory) {
    let pages = OpenOptions::new()
        .write(true)
        .open("/proc/self/mem")
        .unwrap();
    for (address, byte) in page_addresses(memory).zip(1..) {
        pages
            .write_all_at(&[byte], address.try_into().unwrap())
            .unwrap();
    }
}

fn byte_at(address: usize) -> u8 {
    let mut byte = [0];
    let pages = OpenOptions::new()
        .read(true)
        .open("/proc/self/mem")
        .unwrap();
    pages
        .read_exact_at(&mut byte, address.try_into().unwrap())
        .unwrap();
    byte[0]
}

/// Expects a memory of `size` pages, all accessible, and nothing behind them; and on the first
/// `full` of them what [`write_bytes`] wrote.
fn expect_pages(memory: &LinearMemory, size: u64, full: u64) {
    assert_eq!(memory.size(), size);
    assert_eq!(memory.extent().unwrap().length, bytes(size));
    for (page, address) in (0..).zip(page_addresses(memory)) {
        assert_eq!(protection_at(address).as_deref(), Some("rw-p"));
        let expected = if page < full { page + 1 } else { 0 };
        assert_eq!(u64::from(byte_at(address)), expected);
    }
    let end = base(memory) + bytes(size).get();
    assert_eq!(protection_at(end).as_deref(), Some("---p"));
}

#[test]
fn a_memory_is_made_or_not() {
    with_every_failure(|calls| {
        let (memory, run) = failing(calls, || new(SIZE, 4 * SIZE));
        if let Some(memory) = memory {
            expect_pages(&memory, SIZE, 0);
            write_bytes(&memory);
            // Wherever it has to go for it.
            grow(&memory, 3 * SIZE).unwrap();
            expect_pages(&memory, 4 * SIZE, SIZE);
        }
        run
    });
}

#[test]
fn a_memory_of_huge_pages_is_made_or_not() {
    with_every_failure(|calls| {
        let (memory, run) = failing(calls, || {
            let (initial, maximum) = (pages(SIZE), Some(pages(2 * SIZE)));
            LinearMemory::new(initial, maximum, Sharing::Unshared, PageSize::Huge)
        });
        if let Some(memory) = memory {
            expect_pages(&memory, SIZE, 0);
            write_bytes(&memory);
            grow(&memory, SIZE).unwrap();
            expect_pages(&memory, 2 * SIZE, SIZE);
        }
        run
    });
}

#[test]
fn a_memory_over_a_spare_range_has_no_bytes_of_another() {
    with_every_failure(|calls| {
        let former = written(SIZE + 1, SIZE + 2);
        let (memory, run) = failing(calls, || {
            drop(former);
            new(SIZE, SIZE + 2)
        });
        // Given back, and forbidden beyond the new size.
        if calls.is_empty() {
            assert_eq!(run.reached, ["madvise", "mprotect"]);
        }
        if let Some(memory) = memory {
            expect_pages(&memory, SIZE, 0);
            grow(&memory, 1).unwrap();
            expect_pages(&memory, SIZE + 1, 0);
        }
        run
    });
}

#[test]
fn a_growth_in_place_that_fails_changes_nothing() {
    with_every_failure(|calls| {
        let memory = written(SIZE, 2 * SIZE);
        let before = base(&memory);
        let (_, run) = failing(calls, || grow(&memory, 1));
        assert_eq!(run.reached, ["mprotect"]);
        let size = SIZE + u64::from(run.done);
        expect_pages(&memory, size, SIZE);
        grow(&memory, 1).unwrap();
        expect_pages(&memory, size + 1, SIZE);
        assert_eq!(base(&memory), before);
        run
    });
}

#[test]
fn a_growth_elsewhere_that_fails_changes_nothing() {
    with_every_failure(|calls| {
        let memory = clamped();
        let before = base(&memory);
        let mut retired = false;
        let (_, run) = failing(calls, || {
            memory.grow(pages(1), Ok, || {
                retired = true;
                Ok(())
            })
        });
        // Nothing fails any more once the old buffer has ended.
        assert_eq!(retired, run.done);
        assert_eq!(base(&memory) != before, run.done);
        let size = SIZE + u64::from(run.done);
        expect_pages(&memory, size, SIZE);
        // Whoever has the old address still never faults.
        assert_eq!(protection_at(before).as_deref(), Some("rw-p"));
        grow(&memory, 1).unwrap();
        expect_pages(&memory, size + 1, SIZE);
        run
    });
}

#[test]
fn a_move_that_fails_changes_nothing() {
    with_every_failure(|calls| {
        let memory = written(SIZE, 2 * SIZE);
        let before = base(&memory);
        let elsewhere = Reservation::new(bytes(SIZE + 1), bytes(SIZE + 1), PageSize::Base).unwrap();
        let there = elsewhere.base().as_ptr().addr();
        let mut retired = false;
        let (_, run) = failing(calls, || {
            memory.vacate(&elsewhere.pages(bytes(SIZE + 1)).unwrap(), || {
                retired = true;
                Ok(())
            })
        });
        assert_eq!(retired, run.done);
        if !run.done {
            expect_pages(&memory, SIZE, SIZE);
            grow(&memory, 1).unwrap();
            expect_pages(&memory, SIZE + 1, SIZE);
            assert_eq!(base(&memory), before);
            let moved = memory.vacate(&elsewhere.pages(bytes(SIZE + 1)).unwrap(), || {
                Ok::<_, MemoryError>(())
            });
            moved.unwrap();
        }
        assert_eq!((byte_at(there), byte_at(there + PAGE)), (1, 2));
        assert!(matches!(memory.extent(), Err(MemoryError::Vacated)));
        // Whoever has the old address neither faults nor reads what is another's now.
        assert_eq!(protection_at(before).as_deref(), Some("rw-p"));
        assert_eq!(byte_at(before), 0);
        run
    });
}

/// What stands for a resizable buffer of the engine's: bytes that pages move to, and more behind them.
fn resizable(size: u64) -> Reservation {
    Reservation::new(bytes(size), bytes(4 * SIZE), PageSize::Base).unwrap()
}

/// A memory with a byte on each page, which have moved under a buffer that then was resized.
fn vacated(memory: LinearMemory) -> (LinearMemory, Reservation) {
    let buffer = resizable(SIZE);
    memory
        .vacate(&buffer.pages(bytes(SIZE)).unwrap(), || {
            Ok::<_, MemoryError>(())
        })
        .unwrap();
    buffer.commit(bytes(SIZE + 1)).unwrap();
    (memory, buffer)
}

#[test]
fn pages_come_back_or_stay_where_they_are() {
    for memory in [|| written(SIZE, 2 * SIZE), clamped] {
        with_every_failure(|calls| {
            let (memory, buffer) = vacated(memory());
            spare::release();
            let there = buffer.pages(bytes(SIZE + 1)).unwrap();
            let mut retired = false;
            let reclaim = |retire: &mut dyn FnMut()| {
                memory.reclaim(
                    &there,
                    |_| Ok(()),
                    || {
                        retire();
                        Ok(())
                    },
                )
            };
            let (_, run) = failing(calls, || reclaim(&mut || retired = true));
            assert_eq!(retired, run.done);
            if calls.is_empty() {
                assert!(!run.reached.contains(&"madvise"), "copied");
            }
            if !run.done {
                assert!(matches!(memory.extent(), Err(MemoryError::Vacated)));
                reclaim(&mut || ()).unwrap();
            }
            expect_pages(&memory, SIZE + 1, SIZE);
            grow(&memory, 1).unwrap();
            expect_pages(&memory, SIZE + 2, SIZE);
            run
        });
    }
}

#[test]
fn pages_move_on_or_stay_where_they_are() {
    with_every_failure(|calls| {
        let (memory, buffer) = vacated(written(SIZE, 2 * SIZE));
        let host = resizable(SIZE + 1);
        let there = buffer.pages(bytes(SIZE + 1)).unwrap();
        let address = |range: &Reservation, page| range.base().as_ptr().addr() + page * PAGE;
        let (_, run) = failing(calls, || {
            memory.pass_on(&there, &host.pages(bytes(SIZE + 1)).unwrap(), || Ok(()))
        });
        let now = if run.done { &host } else { &buffer };
        assert_eq!((byte_at(address(now, 0)), byte_at(address(now, 1))), (1, 2));
        // Whoever has the old address neither faults nor reads what is another's now.
        assert_eq!(protection_at(address(&buffer, 0)).as_deref(), Some("rw-p"));
        assert_eq!(byte_at(address(&buffer, 0)) == 0, run.done);
        run
    });
}

#[test]
fn pages_of_several_mappings_move_without_being_copied() {
    let _alone = alone();
    let memory = clamped();
    grow(&memory, 1).unwrap();
    let host = resizable(SIZE + 1);
    fail_at(&[]);
    memory
        .vacate(&host.pages(bytes(SIZE + 1)).unwrap(), || {
            Ok::<_, MemoryError>(())
        })
        .unwrap();
    // At once, or one mapping of the kernel's after the other.
    assert!(!calls_reached().contains(&"madvise"), "copied");
}

/// What the engine may say when its buffer is to be detached.
fn refuse() -> Result<(), MemoryError> {
    Err(MemoryError::Vacated)
}

fn expect_refusal<T>(result: Result<T, MemoryError>) {
    assert!(matches!(result, Err(MemoryError::Vacated)));
}

#[test]
fn where_the_old_buffer_stays_a_growth_is_taken_back() {
    let _alone = alone();
    for memory in [written(SIZE, 2 * SIZE), clamped()] {
        let before = base(&memory);
        expect_refusal(memory.grow(pages(1), Ok, refuse));
        assert_eq!(base(&memory), before);
        expect_pages(&memory, SIZE, SIZE);
        grow(&memory, 1).unwrap();
        expect_pages(&memory, SIZE + 1, SIZE);
    }
}

#[test]
fn where_the_old_buffer_stays_moved_and_copied_pages_come_back() {
    let _alone = alone();
    // In `grow`: mmap, mprotect, mremap, read, mremap. In `vacate`, the last three.
    for copying in [false, true] {
        let memory = clamped();
        let before = base(&memory);
        spare::release();
        fail_at(if copying { &[3, 5] } else { &[] });
        expect_refusal(memory.grow(pages(1), Ok, refuse));
        expect_pages(&memory, SIZE, SIZE);

        let elsewhere = Reservation::new(bytes(SIZE), bytes(SIZE), PageSize::Base).unwrap();
        fail_at(if copying { &[1, 3] } else { &[] });
        expect_refusal(memory.vacate(&elsewhere.pages(bytes(SIZE)).unwrap(), refuse));
        assert_eq!(calls_reached().contains(&"madvise"), copying);
        fail_at(&[]);
        assert_eq!(base(&memory), before);
        expect_pages(&memory, SIZE, SIZE);
    }
}

#[test]
fn where_the_engine_keeps_its_buffer_pages_go_back_to_it() {
    let _alone = alone();
    let (memory, buffer) = vacated(written(SIZE, 2 * SIZE));
    let there = buffer.pages(bytes(SIZE + 1)).unwrap();
    expect_refusal(memory.reclaim(&there, |_| Ok(()), refuse));
    let host = resizable(SIZE + 1);
    expect_refusal(memory.pass_on(&there, &host.pages(bytes(SIZE + 1)).unwrap(), refuse));
    assert_eq!(byte_at(buffer.base().as_ptr().addr() + PAGE), 2);
    memory
        .reclaim(&there, |_| Ok::<_, MemoryError>(()), || Ok(()))
        .unwrap();
    expect_pages(&memory, SIZE + 1, SIZE);
}

#[test]
fn what_cannot_be_taken_back_harms_nothing() {
    let _alone = alone();
    let memory = written(SIZE, 2 * SIZE);
    fail_at(&[2]);
    expect_refusal(memory.grow(pages(1), Ok, refuse));
    assert_eq!(calls_reached(), ["mprotect", "mprotect"]);
    fail_at(&[]);
    assert_eq!(memory.size(), SIZE);
    grow(&memory, 1).unwrap();
    expect_pages(&memory, SIZE + 1, SIZE);
}
