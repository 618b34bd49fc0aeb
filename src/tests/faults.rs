//! Every call of the system's that a memory makes, made to fail, in every combination.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::MemoryError;
use crate::files::snapshot_file::{self, Origin};
use crate::memory::address_range::PageSize;
use crate::memory::reservation::Reservation;
use crate::memory::spare_ranges;
use crate::memory::{Extent, LinearMemory, Sharing};
use crate::pages;
use crate::pages::anonymous;
use crate::pages::image::Image;
use crate::sys::fault::{calls_reached, fail_at};
use crate::sys::testing::{self, protection_at};
use crate::sys::{self, HostBytes, PageRange};
use crate::units::Pages;

const PAGE: usize = 65_536;

/// Pages of most memories here. Spare ranges are the process's: no other test has this size.
const SIZE: u64 = 11;

/// For one test at a time, with no spare range of another's.
fn alone() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    let guard = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    spare_ranges::release();
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
        spare_ranges::release();
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
        let is_of_system = matches!(
            error,
            MemoryError::AllocationFailed { .. }
                | MemoryError::ImageFailed { .. }
                | MemoryError::FileFailed { .. }
                | MemoryError::PagesUnknown { .. }
        );
        assert!(is_of_system, "{error}");
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
    testing::byte_at(address).unwrap()
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
        let mut detached = false;
        let (_, run) = failing(calls, || {
            memory.grow(pages(1), Ok, || {
                detached = true;
                Ok(())
            })
        });
        // Nothing fails any more once the old buffer has ended.
        assert_eq!(detached, run.done);
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
        let mut detached = false;
        let (_, run) = failing(calls, || {
            memory.move_out(&elsewhere.pages(bytes(SIZE + 1)).unwrap(), || {
                detached = true;
                Ok(())
            })
        });
        assert_eq!(detached, run.done);
        if !run.done {
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
        assert!(matches!(memory.extent(), Err(MemoryError::MovedOut)));
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
fn pages_come_back_or_stay_where_they_are() {
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
            let (_, run) = failing(calls, || move_back(&mut || detached = true));
            assert_eq!(detached, run.done);
            if calls.is_empty() {
                assert!(!run.reached.contains(&"madvise"), "copied");
            }
            if !run.done {
                assert!(matches!(memory.extent(), Err(MemoryError::MovedOut)));
                move_back(&mut || ()).unwrap();
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
        let (memory, buffer) = moved_out(written(SIZE, 2 * SIZE));
        let host = resizable(SIZE + 1);
        let there = buffer.pages(bytes(SIZE + 1)).unwrap();
        let address = |range: &Reservation, page| range.base().as_ptr().addr() + page * PAGE;
        let (_, run) = failing(calls, || {
            memory.move_on(&there, &host.pages(bytes(SIZE + 1)).unwrap(), || Ok(()))
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
        .move_out(&host.pages(bytes(SIZE + 1)).unwrap(), || {
            Ok::<_, MemoryError>(())
        })
        .unwrap();
    // At once, or one mapping of the kernel's after the other.
    assert!(!calls_reached().contains(&"madvise"), "copied");
}

/// What the engine may say when its buffer is to be detached.
fn refuse() -> Result<(), MemoryError> {
    Err(MemoryError::MovedOut)
}

fn expect_refusal<T>(result: Result<T, MemoryError>) {
    assert!(matches!(result, Err(MemoryError::MovedOut)));
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
    // Both times that a move is tried. In `clamped`: mmap, mprotect, open, ioctl, mremap, read, mremap.
    // In `move_out` what comes after the first two.
    for copying in [false, true] {
        let memory = clamped();
        let before = base(&memory);
        spare_ranges::release();
        fail_at(if copying { &[5, 7] } else { &[] });
        expect_refusal(memory.grow(pages(1), Ok, refuse));
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
fn what_cannot_be_taken_back_harms_nothing() {
    let _alone = alone();
    let memory = written(SIZE, 2 * SIZE);
    for call in [2, 3] {
        fail_at(&[call]);
        expect_refusal(memory.grow(pages(1), Ok, refuse));
        assert_eq!(calls_reached(), ["mprotect", "madvise", "mprotect"]);
        fail_at(&[]);
        assert_eq!(memory.size(), SIZE);
    }
    grow(&memory, 1).unwrap();
    expect_pages(&memory, SIZE + 1, SIZE);
}

/// Pages that are no memory's yet, one of which in two has a byte; and then an image of those.
fn area() -> (Reservation, Arc<Image>) {
    let area = Reservation::new(bytes(SIZE), bytes(SIZE), PageSize::Base).unwrap();
    write_every_other(&whole(&area), 7);
    let image = Arc::new(pages::capture(&whole(&area)).unwrap());
    (area, image)
}

fn whole(area: &Reservation) -> PageRange<'_> {
    area.pages(bytes(SIZE)).unwrap()
}

fn write_every_other(pages: &PageRange, value: u8) {
    for start in (0..pages.length().get()).step_by(2 * PAGE) {
        let page = pages::part(pages, start..start + PAGE).unwrap();
        page.write_at(&[value], 0);
    }
}

/// The first bytes of the first three pages, and of the last.
fn bytes_of(pages: &PageRange) -> [u8; 4] {
    let start = pages.addresses().start().get();
    [0, 1, 2, 10].map(|page| byte_at(start + page * PAGE))
}

const EVERY_OTHER: [u8; 4] = [7, 0, 7, 7];

/// Pages can be put back, and then discarded.
fn expect_usable(area: &Reservation, image: &Arc<Image>) {
    pages::restore(&whole(area), image).unwrap();
    assert_eq!(bytes_of(&whole(area)), EVERY_OTHER);
    pages::discard(&whole(area)).unwrap();
    assert!(whole(area).is_zero());
}

#[test]
fn a_discard_that_fails_changes_nothing() {
    for is_over_image in [false, true] {
        with_every_failure(|calls| {
            let (area, image) = area();
            if is_over_image {
                pages::restore(&whole(&area), &image).unwrap();
            }
            let two = pages::part(&whole(&area), 0..2 * PAGE).unwrap();
            let (_, run) = failing(calls, || pages::discard(&two));
            let expected = if run.done { [0, 0, 7, 7] } else { EVERY_OTHER };
            assert_eq!(bytes_of(&whole(&area)), expected);
            expect_usable(&area, &image);
            run
        });
    }
}

#[test]
fn what_was_only_read_is_not_resident_however_the_kernel_is_asked() {
    let _alone = alone();
    let size = HostBytes::HUGE_PAGE;
    let area = Reservation::new(size, size, PageSize::Huge).unwrap();
    let all = area.pages(size).unwrap();
    for calls in [&[][..], &[1]] {
        assert!(all.is_zero());
        let (resident, run) = failing(calls, || pages::resident(&all));
        assert_eq!(run.reached.len(), if calls.is_empty() { 1 } else { 4 });
        assert_eq!(resident, Some(0));
    }
    all.write_at(&[1], 0);
    let resident = pages::resident(&all).unwrap();
    assert!(resident > 0);
    let (counted, _) = failing(&[1], || pages::resident(&all));
    assert_eq!(counted, Some(resident));
}

#[test]
fn an_image_is_made_or_not() {
    with_every_failure(|calls| {
        let (area, image) = area();
        let (made, run) = failing(calls, || pages::capture(&whole(&area)));
        if let Some(made) = made {
            assert_eq!(made.extents(), image.extents());
        }
        assert_eq!(bytes_of(&whole(&area)), EVERY_OTHER);
        run
    });
}

#[test]
fn an_image_is_put_back_or_nothing_has_changed() {
    for is_there in [false, true] {
        with_every_failure(|calls| {
            let (area, image) = area();
            if is_there {
                pages::restore(&whole(&area), &image).unwrap();
            }
            write_every_other(&whole(&area), 9);
            let (_, run) = failing(calls, || pages::restore(&whole(&area), &image));
            let expected = if run.done { EVERY_OTHER } else { [9, 0, 9, 9] };
            assert_eq!(bytes_of(&whole(&area)), expected);
            expect_usable(&area, &image);
            run
        });
    }
}

#[test]
fn what_is_beyond_an_image_is_zero_whatever_fails() {
    for is_longer_there in [false, true] {
        with_every_failure(|calls| {
            let (area, longer) = area();
            if is_longer_there {
                pages::restore(&whole(&area), &longer).unwrap();
            }
            write_every_other(&whole(&area), 9);
            let short = Reservation::new(bytes(SIZE), bytes(SIZE), PageSize::Base).unwrap();
            let short = pages::part(&whole(&short), 0..2 * PAGE).unwrap();
            short.write_at(&[7], 0);
            let image = Arc::new(pages::capture(&short).unwrap());
            let (_, run) = failing(calls, || pages::restore(&whole(&area), &image));
            let expected = if run.done { [7, 0, 0, 0] } else { [9, 0, 9, 9] };
            assert_eq!(bytes_of(&whole(&area)), expected);
            expect_usable(&area, &longer);
            run
        });
    }
}

#[test]
fn a_file_is_saved_whole_or_what_was_there_stays() {
    let folder = std::env::temp_dir().join(format!("linear-memory-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let path = folder.join("snapshot");
    let origin = Origin {
        flags: 0,
        maximum: 0,
    };
    with_every_failure(|calls| {
        std::fs::write(&path, "before").unwrap();
        let (_, image) = area();
        let (_, run) = failing(calls, || snapshot_file::save(&image, origin, &path));
        if calls.is_empty() {
            let [first @ .., rename, open, last] = &run.reached[..] else {
                panic!("{:?}", run.reached);
            };
            assert_eq!(first[..2], ["lstat", "open"]);
            assert_eq!(first.last(), Some(&"fsync"));
            assert_eq!([rename, open, last], [&"rename", &"open", &"fsync"]);
        }
        // The last is about the folder: the file is there by then.
        let is_there = run.done || calls.last() == Some(&run.reached.len());
        let is_whole = std::fs::read(&path).unwrap() != b"before";
        assert!(is_whole == run.done || (is_whole && is_there), "{calls:?}");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "{calls:?}");
        run
    });
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn copies_of_an_image_are_there_or_nothing_has_changed() {
    with_every_failure(|calls| {
        let (area, image) = area();
        write_every_other(&whole(&area), 9);
        let before = bytes_of(&whole(&area));
        let (_, run) = failing(calls, || anonymous::restore(&whole(&area), &image));
        let expected = if run.done { EVERY_OTHER } else { before };
        assert_eq!(bytes_of(&whole(&area)), expected);
        expect_usable(&area, &image);
        run
    });
}

#[test]
fn pages_of_an_image_become_anonymous_with_the_bytes_they_had() {
    with_every_failure(|calls| {
        let (area, image) = area();
        pages::restore(&whole(&area), &image).unwrap();
        write_every_other(&whole(&area), 9);
        let before = bytes_of(&whole(&area));
        let (_, run) = failing(calls, || anonymous::make_anonymous(&whole(&area)));
        assert_eq!(bytes_of(&whole(&area)), before);
        let addresses = whole(&area).addresses();
        let mapped = sys::mappings_within(addresses).unwrap();
        let is_file = mapped.iter().any(|mapped| mapped.is_file == Some(true));
        assert_eq!(is_file, !run.done);
        expect_usable(&area, &image);
        run
    });
}

#[test]
fn a_move_of_an_image_that_fails_changes_nothing_and_leaves_nothing() {
    with_every_failure(|calls| {
        let (area, image) = area();
        pages::restore(&whole(&area), &image).unwrap();
        // Three mappings: the image, what is anonymous, the image.
        pages::discard(&pages::part(&whole(&area), 2 * PAGE..3 * PAGE).unwrap()).unwrap();
        let expected = [7, 0, 0, 7];
        let to = Reservation::new(bytes(SIZE), bytes(SIZE), PageSize::Base).unwrap();
        let (_, run) = failing(calls, || {
            pages::relocate(whole(&area), whole(&to)).map(|_| ())
        });
        let (now, before) = if run.done { (&to, &area) } else { (&area, &to) };
        assert_eq!(bytes_of(&whole(now)), expected);
        if run.done {
            assert!(whole(before).is_zero());
        }
        // Where it is now, it goes on.
        expect_usable(now, &image);
        pages::restore(&whole(now), &image).unwrap();

        // The other range, whatever has come to be under it, is one for the next memory.
        let address = before.base();
        let (first, second) = if run.done { (to, area) } else { (area, to) };
        drop(second);
        let next = Reservation::new(bytes(SIZE), bytes(SIZE), PageSize::Base).unwrap();
        assert_eq!(next.base(), address);
        assert!(whole(&next).is_zero());
        drop(first);
        run
    });
}

#[test]
fn a_memory_that_is_closed_ends_whether_or_not_its_pages_go() {
    let _alone = alone();
    for calls in [&[][..], &[1]] {
        let memory = written(SIZE, SIZE);
        let at = base(&memory);
        expect_refusal(memory.close(refuse));
        expect_pages(&memory, SIZE, SIZE);
        let (_, run) = failing(calls, || memory.close(|| Ok(())));
        assert_eq!((run.reached, run.done), (vec!["madvise"], true));
        assert!(matches!(memory.extent(), Err(MemoryError::MovedOut)));
        expect_refusal(memory.close(|| Ok(())));
        // Whoever has the old address never faults.
        assert_eq!(byte_at(at) == 0, calls.is_empty());

        drop(memory);
        let next = new(SIZE, SIZE).unwrap();
        assert_eq!(base(&next), at);
        expect_pages(&next, SIZE, 0);
    }
}

#[test]
fn where_the_engine_keeps_its_buffer_pages_go_back_to_it() {
    let _alone = alone();
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
