//! Failing calls of memories that are made, grow, move and are closed.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;

use super::*;
use crate::memory::{LinearMemory, Sharing, Span};
use crate::sys::testing::protection_at;

fn new(initial: u64, maximum: u64) -> Result<LinearMemory, MemoryError> {
    LinearMemory::new(
        wasm_pages(initial),
        Some(wasm_pages(maximum)),
        Sharing::Unshared,
        PageSize::Base,
    )
}

/// Makes a memory and writes a byte to each of its pages.
fn written(initial: u64, maximum: u64) -> LinearMemory {
    let memory = new(initial, maximum).unwrap();
    write_bytes(&memory);
    memory
}

/// Makes such a memory in a range that has no room to grow, since no larger one could be reserved.
fn clamped() -> LinearMemory {
    let (memory, attempt) = failing(&[1], || new(SIZE, 2 * SIZE));
    assert_eq!(attempt.calls, ["mmap", "mmap", "mprotect"]);
    let memory = memory.unwrap();
    write_bytes(&memory);
    memory
}

fn grow(memory: &LinearMemory, delta: u64) -> Result<(u64, Span), MemoryError> {
    memory.grow(wasm_pages(delta), Ok, || Ok(()))
}

fn base(memory: &LinearMemory) -> usize {
    memory.span().unwrap().base.as_ptr().addr()
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

/// Expects a memory of `size` accessible pages, the first `full` of which have the bytes that [`write_bytes`]
/// wrote; the others are zero. Expects no accessible page behind them.
fn expect_pages(memory: &LinearMemory, size: u64, full: u64) {
    assert_eq!(memory.size(), size);
    assert_eq!(memory.span().unwrap().length, bytes(size));
    for (page, address) in (0..).zip(page_addresses(memory)) {
        assert_eq!(protection_at(address).as_deref(), Some("rw-p"));
        let expected = if page < full { page + 1 } else { 0 };
        assert_eq!(u64::from(byte_at(address)), expected);
    }
    let end = base(memory) + bytes(size).get();
    assert_eq!(protection_at(end).as_deref(), Some("---p"));
}

#[test]
fn new_returns_a_usable_memory_or_an_error() {
    with_every_failure(|calls| {
        let (memory, attempt) = failing(calls, || new(SIZE, 4 * SIZE));
        if let Some(memory) = memory {
            expect_pages(&memory, SIZE, 0);
            write_bytes(&memory);
            // In place or into a larger range: either keeps the bytes.
            grow(&memory, 3 * SIZE).unwrap();
            expect_pages(&memory, 4 * SIZE, SIZE);
        }
        attempt
    });
}

#[test]
fn new_with_huge_pages_returns_a_usable_memory_or_an_error() {
    with_every_failure(|calls| {
        let (memory, attempt) = failing(calls, || {
            let (initial, maximum) = (wasm_pages(SIZE), Some(wasm_pages(2 * SIZE)));
            LinearMemory::new(initial, maximum, Sharing::Unshared, PageSize::Huge)
        });
        if let Some(memory) = memory {
            expect_pages(&memory, SIZE, 0);
            write_bytes(&memory);
            grow(&memory, SIZE).unwrap();
            expect_pages(&memory, 2 * SIZE, SIZE);
        }
        attempt
    });
}

#[test]
fn a_memory_in_a_reused_range_reads_zero() {
    with_every_failure(|calls| {
        let former = written(SIZE + 1, SIZE + 2);
        let (memory, attempt) = failing(calls, || {
            drop(former);
            new(SIZE, SIZE + 2)
        });
        // Pages are decommitted, and made inaccessible beyond the new size.
        if calls.is_empty() {
            assert_eq!(attempt.calls, ["madvise", "mprotect"]);
        }
        if let Some(memory) = memory {
            expect_pages(&memory, SIZE, 0);
            grow(&memory, 1).unwrap();
            expect_pages(&memory, SIZE + 1, 0);
        }
        attempt
    });
}

#[test]
fn a_failed_growth_in_place_changes_nothing() {
    with_every_failure(|calls| {
        let memory = written(SIZE, 2 * SIZE);
        let before = base(&memory);
        let (_, attempt) = failing(calls, || grow(&memory, 1));
        assert_eq!(attempt.calls, ["mprotect"]);
        let size = SIZE + u64::from(attempt.succeeded);
        expect_pages(&memory, size, SIZE);
        grow(&memory, 1).unwrap();
        expect_pages(&memory, size + 1, SIZE);
        assert_eq!(base(&memory), before);
        attempt
    });
}

#[test]
fn a_failed_growth_into_a_larger_range_changes_nothing() {
    with_every_failure(|calls| {
        let memory = clamped();
        let before = base(&memory);
        let mut detached = false;
        let (_, attempt) = failing(calls, || {
            memory.grow(wasm_pages(1), Ok, || {
                detached = true;
                Ok(())
            })
        });
        // Nothing fails after the old buffer is detached.
        assert_eq!(detached, attempt.succeeded);
        assert_eq!(base(&memory) != before, attempt.succeeded);
        let size = SIZE + u64::from(attempt.succeeded);
        expect_pages(&memory, size, SIZE);
        // Native code that has the old address does not fault.
        assert_eq!(protection_at(before).as_deref(), Some("rw-p"));
        grow(&memory, 1).unwrap();
        expect_pages(&memory, size + 1, SIZE);
        attempt
    });
}

#[test]
fn a_failed_move_out_changes_nothing() {
    with_every_failure(|calls| {
        let memory = written(SIZE, 2 * SIZE);
        let before = base(&memory);
        let elsewhere = Reservation::new(bytes(SIZE + 1), bytes(SIZE + 1), PageSize::Base).unwrap();
        let there = elsewhere.base().as_ptr().addr();
        let mut detached = false;
        let (_, attempt) = failing(calls, || {
            memory.move_out(&elsewhere.pages(bytes(SIZE + 1)).unwrap(), || {
                detached = true;
                Ok(())
            })
        });
        assert_eq!(detached, attempt.succeeded);
        if !attempt.succeeded {
            expect_pages(&memory, SIZE, SIZE);
            grow(&memory, 1).unwrap();
            expect_pages(&memory, SIZE + 1, SIZE);
            assert_eq!(base(&memory), before);
            let moved = memory.move_out(&elsewhere.pages(bytes(SIZE + 1)).unwrap(), || {
                Ok::<_, MemoryError>(())
            });
            moved.unwrap();
        }
        assert_eq!((byte_at(there), byte_at(there + PAGE)), (1, 2));
        assert!(matches!(memory.span(), Err(MemoryError::MovedOut)));
        // Native code that has the old address neither faults nor reads the pages that have moved.
        assert_eq!(protection_at(before).as_deref(), Some("rw-p"));
        assert_eq!(byte_at(before), 0);
        attempt
    });
}

/// Reserves a range that stands for a resizable buffer of the engine: `size` pages, and room to grow.
fn resizable(size: u64) -> Reservation {
    Reservation::new(bytes(size), bytes(4 * SIZE), PageSize::Base).unwrap()
}

/// Moves the pages of `memory` out to a buffer, and then adds a page to the buffer.
fn moved_out(memory: LinearMemory) -> (LinearMemory, Reservation) {
    let buffer = resizable(SIZE);
    memory
        .move_out(&buffer.pages(bytes(SIZE)).unwrap(), || {
            Ok::<_, MemoryError>(())
        })
        .unwrap();
    buffer.commit(bytes(SIZE + 1)).unwrap();
    (memory, buffer)
}

#[test]
fn pages_move_back_or_stay() {
    for memory in [|| written(SIZE, 2 * SIZE), clamped] {
        with_every_failure(|calls| {
            let (memory, buffer) = moved_out(memory());
            spare_ranges::release();
            let there = buffer.pages(bytes(SIZE + 1)).unwrap();
            let mut detached = false;
            let move_back = |detach: &mut dyn FnMut()| {
                memory.move_back(
                    &there,
                    |_| Ok(()),
                    || {
                        detach();
                        Ok(())
                    },
                )
            };
            let (_, attempt) = failing(calls, || move_back(&mut || detached = true));
            assert_eq!(detached, attempt.succeeded);
            if calls.is_empty() {
                assert!(!attempt.calls.contains(&"madvise"), "copied");
            }
            if !attempt.succeeded {
                assert!(matches!(memory.span(), Err(MemoryError::MovedOut)));
                move_back(&mut || ()).unwrap();
            }
            expect_pages(&memory, SIZE + 1, SIZE);
            grow(&memory, 1).unwrap();
            expect_pages(&memory, SIZE + 2, SIZE);
            attempt
        });
    }
}

#[test]
fn pages_move_on_or_stay() {
    with_every_failure(|calls| {
        let (memory, buffer) = moved_out(written(SIZE, 2 * SIZE));
        let host = resizable(SIZE + 1);
        let there = buffer.pages(bytes(SIZE + 1)).unwrap();
        let address = |range: &Reservation, page| range.base().as_ptr().addr() + page * PAGE;
        let (_, attempt) = failing(calls, || {
            memory.move_on(&there, &host.pages(bytes(SIZE + 1)).unwrap(), || Ok(()))
        });
        let now = if attempt.succeeded { &host } else { &buffer };
        assert_eq!((byte_at(address(now, 0)), byte_at(address(now, 1))), (1, 2));
        // Native code that has the old address neither faults nor reads the pages that have moved.
        assert_eq!(protection_at(address(&buffer, 0)).as_deref(), Some("rw-p"));
        assert_eq!(byte_at(address(&buffer, 0)) == 0, attempt.succeeded);
        attempt
    });
}

#[test]
fn pages_of_several_mappings_move_without_being_copied() {
    let _alone = run_alone();
    let memory = clamped();
    grow(&memory, 1).unwrap();
    let host = resizable(SIZE + 1);
    fail_at(&[]);
    memory
        .move_out(&host.pages(bytes(SIZE + 1)).unwrap(), || {
            Ok::<_, MemoryError>(())
        })
        .unwrap();
    // All at once, or one mapping after the other.
    assert!(!calls_reached().contains(&"madvise"), "copied");
}

/// Fails, as detaching a buffer may.
fn refuse() -> Result<(), MemoryError> {
    Err(MemoryError::MovedOut)
}

fn expect_refusal<T>(result: Result<T, MemoryError>) {
    assert!(matches!(result, Err(MemoryError::MovedOut)));
}

#[test]
fn a_growth_is_undone_if_the_old_buffer_cannot_be_detached() {
    let _alone = run_alone();
    for memory in [written(SIZE, 2 * SIZE), clamped()] {
        let before = base(&memory);
        expect_refusal(memory.grow(wasm_pages(1), Ok, refuse));
        assert_eq!(base(&memory), before);
        expect_pages(&memory, SIZE, SIZE);
        grow(&memory, 1).unwrap();
        expect_pages(&memory, SIZE + 1, SIZE);
    }
}

#[test]
fn pages_return_if_the_old_buffer_cannot_be_detached() {
    let _alone = run_alone();
    // Fails both calls of mremap. `grow` calls mmap, mprotect, open, ioctl, mremap, read, mremap; `move_out`
    // only those after mprotect.
    for copying in [false, true] {
        let memory = clamped();
        let before = base(&memory);
        spare_ranges::release();
        fail_at(if copying { &[5, 7] } else { &[] });
        expect_refusal(memory.grow(wasm_pages(1), Ok, refuse));
        expect_pages(&memory, SIZE, SIZE);

        let elsewhere = Reservation::new(bytes(SIZE), bytes(SIZE), PageSize::Base).unwrap();
        fail_at(if copying { &[3, 5] } else { &[] });
        expect_refusal(memory.move_out(&elsewhere.pages(bytes(SIZE)).unwrap(), refuse));
        assert_eq!(calls_reached().contains(&"madvise"), copying);
        fail_at(&[]);
        assert_eq!(base(&memory), before);
        expect_pages(&memory, SIZE, SIZE);
    }
}

#[test]
fn a_growth_that_cannot_be_undone_leaves_a_usable_memory() {
    let _alone = run_alone();
    let memory = written(SIZE, 2 * SIZE);
    for call in [2, 3] {
        fail_at(&[call]);
        expect_refusal(memory.grow(wasm_pages(1), Ok, refuse));
        assert_eq!(calls_reached(), ["mprotect", "madvise", "mprotect"]);
        fail_at(&[]);
        assert_eq!(memory.size(), SIZE);
    }
    grow(&memory, 1).unwrap();
    expect_pages(&memory, SIZE + 1, SIZE);
}

#[test]
fn close_ends_a_memory_even_if_its_pages_cannot_be_decommitted() {
    let _alone = run_alone();
    for calls in [&[][..], &[1]] {
        let memory = written(SIZE, SIZE);
        let at = base(&memory);
        expect_refusal(memory.close(refuse));
        expect_pages(&memory, SIZE, SIZE);
        let (_, attempt) = failing(calls, || memory.close(|| Ok(())));
        assert_eq!((attempt.calls, attempt.succeeded), (vec!["madvise"], true));
        assert!(matches!(memory.span(), Err(MemoryError::MovedOut)));
        expect_refusal(memory.close(|| Ok(())));
        // Native code that has the old address does not fault.
        assert_eq!(byte_at(at) == 0, calls.is_empty());

        drop(memory);
        let next = new(SIZE, SIZE).unwrap();
        assert_eq!(base(&next), at);
        expect_pages(&next, SIZE, 0);
    }
}

#[test]
fn pages_return_to_a_resizable_buffer_that_cannot_be_detached() {
    let _alone = run_alone();
    let (memory, buffer) = moved_out(written(SIZE, 2 * SIZE));
    let there = buffer.pages(bytes(SIZE + 1)).unwrap();
    expect_refusal(memory.move_back(&there, |_| Ok(()), refuse));
    let host = resizable(SIZE + 1);
    expect_refusal(memory.move_on(&there, &host.pages(bytes(SIZE + 1)).unwrap(), refuse));
    assert_eq!(byte_at(buffer.base().as_ptr().addr() + PAGE), 2);
    memory
        .move_back(&there, |_| Ok::<_, MemoryError>(()), || Ok(()))
        .unwrap();
    expect_pages(&memory, SIZE + 1, SIZE);
}
