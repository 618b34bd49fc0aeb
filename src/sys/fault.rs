//! Makes calls of the system's fail, for tests. Only with the feature `fault-injection`; without it,
//! `fault_disabled.rs` stands here, and nothing is left of it.
//!
//! Each thread has a plan, and counts the calls that it makes itself: tests run beside each other.
//! What gives back (`munmap`) is not counted: it cannot report a failure to anyone.

use std::cell::RefCell;
use std::io;

struct Plan {
    failing: Vec<usize>,
    /// The number of the error that they fail with.
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

/// Starts to count: of the calls that this thread makes from now on, those of these numbers fail. The
/// first has the number 1.
pub fn fail_at(failing: &[usize]) {
    fail_with(failing, NO_MEMORY);
}

/// The same, with this number of an error.
pub fn fail_with(failing: &[usize], error: i32) {
    PLAN.set(Plan {
        failing: failing.to_vec(),
        error,
        reached: Vec::new(),
    });
}

/// The names of the calls that this thread has reached since [`fail_at`].
pub fn calls_reached() -> Vec<&'static str> {
    PLAN.with_borrow(|plan| plan.reached.clone())
}

/// What a call says for want of memory.
#[cfg(unix)]
const NO_MEMORY: i32 = libc::ENOMEM;
/// What a call says for want of memory: `ERROR_NOT_ENOUGH_MEMORY`.
#[cfg(windows)]
const NO_MEMORY: i32 = 8;

/// Stands before each call of the system's.
///
/// # Errors
///
/// The plan's, `ENOMEM` unless it names another, if the plan has the call fail.
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
    // A thread that ends has no plan any more.
    checked.unwrap_or(Ok(()))
}
