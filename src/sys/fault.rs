//! Fault injection: makes system calls fail, for tests. Without the feature `fault-injection`,
//! `fault_disabled.rs` takes the place of this file, and the checks compile to nothing.
//!
//! Each thread has its own plan and counts only its own calls, since tests run in parallel. Calls that
//! release something (`munmap`) are not counted: they cannot report a failure to anyone.

use std::cell::RefCell;
use std::io;

struct Plan {
    failing: Vec<usize>,
    /// The error number that these calls fail with.
    error: i32,
    reached: Vec<&'static str>,
}

thread_local! {
    static PLAN: RefCell<Plan> = const {
        RefCell::new(Plan {
            failing: Vec::new(),
            error: NO_MEMORY,
            reached: Vec::new(),
        })
    };
}

/// Starts a plan: of the calls that this thread makes from now on, those with these numbers fail for lack
/// of memory. The first call has the number 1.
pub fn fail_at(failing: &[usize]) {
    fail_with(failing, NO_MEMORY);
}

/// Starts a plan as [`fail_at`] does, with `error` as the error number.
pub fn fail_with(failing: &[usize], error: i32) {
    PLAN.set(Plan {
        failing: failing.to_vec(),
        error,
        reached: Vec::new(),
    });
}

/// Returns the names of the calls that this thread has made since [`fail_at`], failed ones included.
pub fn calls_reached() -> Vec<&'static str> {
    PLAN.with_borrow(|plan| plan.reached.clone())
}

/// The error number for lack of memory.
#[cfg(unix)]
const NO_MEMORY: i32 = libc::ENOMEM;
/// The error number for lack of memory: `ERROR_NOT_ENOUGH_MEMORY`.
#[cfg(windows)]
const NO_MEMORY: i32 = 8;

/// Counts a system call, and fails in its place if the plan lists its number. Each system call is preceded by
/// this one.
///
/// # Errors
///
/// Returns the error of the plan: `ENOMEM`, unless the plan names another.
pub fn check(call: &'static str) -> io::Result<()> {
    let checked = PLAN.try_with(|plan| {
        let mut plan = plan.borrow_mut();
        plan.reached.push(call);
        if plan.failing.contains(&plan.reached.len()) {
            Err(io::Error::from_raw_os_error(plan.error))
        } else {
            Ok(())
        }
    });
    // A thread that is exiting has no plan any more.
    checked.unwrap_or(Ok(()))
}
