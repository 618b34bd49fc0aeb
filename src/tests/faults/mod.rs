//! Every system call of an operation is made to fail, alone and together with every other.
//!
//! A test is a scenario that [`with_every_failure`] runs with each set of calls that can fail on the way. The
//! operation then succeeds in another way, or fails and changes nothing.

mod memory;
mod pages;
mod snapshot_file;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::MemoryError;
use crate::memory::address_range::PageSize;
use crate::memory::reservation::Reservation;
use crate::memory::spare_ranges;
use crate::pages::image::Image;
use crate::pages::{capture, discard, restore, slice};
use crate::sys::fault::{calls_reached, fail_at};
use crate::sys::{HostBytes, PageRange, testing};
use crate::units::Pages;

const PAGE: usize = 65_536;

/// The size of most memories here, in WebAssembly pages. Spare ranges belong to the process, so no other test
/// uses this size.
const SIZE: u64 = 11;

/// Waits until no other test of this module runs, and unmaps the spare ranges that it left.
fn run_alone() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    let guard = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    spare_ranges::release();
    guard
}

/// An operation that was tried: the system calls that it reached, and whether it succeeded.
#[derive(Debug)]
struct Attempt {
    calls: Vec<&'static str>,
    succeeded: bool,
}

/// Runs `scenario` with no failing call, and then with every set of failing calls that it can reach, by their
/// numbers from 1.
fn with_every_failure(scenario: impl Fn(&[usize]) -> Attempt) {
    let _alone = run_alone();
    let mut plans = vec![Vec::new()];
    let (mut succeeded, mut failed) = (0, 0);
    while let Some(plan) = plans.pop() {
        spare_ranges::release();
        let attempt = scenario(&plan);
        assert!(
            attempt.succeeded || !plan.is_empty(),
            "failed without a failing call"
        );
        *if attempt.succeeded {
            &mut succeeded
        } else {
            &mut failed
        } += 1;
        // Only calls after the last failing one are added, so that no set is tried twice.
        let last = plan.last().copied().unwrap_or(0);
        let further = last + 1..=attempt.calls.len();
        plans.extend(further.map(|call| [plan.as_slice(), &[call]].concat()));
    }
    assert!(
        succeeded > 0 && failed > 0,
        "{succeeded} succeeded, {failed} failed"
    );
}

/// Runs `action` while the calls with these numbers fail. Returns its result, if it succeeded.
fn failing<T>(
    calls: &[usize],
    action: impl FnOnce() -> Result<T, MemoryError>,
) -> (Option<T>, Attempt) {
    fail_at(calls);
    let result = action();
    let reached = calls_reached();
    fail_at(&[]);
    if let Err(error) = &result {
        let is_system_error = matches!(
            error,
            MemoryError::AllocationFailed { .. }
                | MemoryError::ImageFailed { .. }
                | MemoryError::FileFailed { .. }
                | MemoryError::PagesUnknown { .. }
        );
        assert!(is_system_error, "{error}");
    }
    let succeeded = result.is_ok();
    (
        result.ok(),
        Attempt {
            calls: reached,
            succeeded,
        },
    )
}

fn wasm_pages(count: u64) -> Pages {
    Pages::new(count).unwrap()
}

fn bytes(count: u64) -> HostBytes {
    wasm_pages(count).bytes().unwrap()
}

fn byte_at(address: usize) -> u8 {
    testing::byte_at(address).unwrap()
}

/// Reserves pages, writes a byte to every other one, and captures an image of them.
fn area() -> (Reservation, Arc<Image>) {
    let area = Reservation::new(bytes(SIZE), bytes(SIZE), PageSize::Base).unwrap();
    write_every_other(&whole(&area), 7);
    let image = Arc::new(capture(&whole(&area)).unwrap());
    (area, image)
}

fn whole(area: &Reservation) -> PageRange<'_> {
    area.pages(bytes(SIZE)).unwrap()
}

fn write_every_other(pages: &PageRange, value: u8) {
    for start in (0..pages.length().get()).step_by(2 * PAGE) {
        let page = slice(pages, start..start + PAGE).unwrap();
        page.write_at(&[value], 0);
    }
}

/// Returns the first bytes of the first three pages, and of the last.
fn bytes_of(pages: &PageRange) -> [u8; 4] {
    let start = pages.addresses().start().get();
    [0, 1, 2, 10].map(|page| byte_at(start + page * PAGE))
}

/// The result of [`bytes_of`] for the pages of [`area`].
const EVERY_OTHER: [u8; 4] = [7, 0, 7, 7];

/// Expects that `image` can be restored in the pages, and that they then can be discarded.
fn expect_usable(area: &Reservation, image: &Arc<Image>) {
    restore(&whole(area), image).unwrap();
    assert_eq!(bytes_of(&whole(area)), EVERY_OTHER);
    discard(&whole(area)).unwrap();
    assert!(whole(area).is_zero());
}
