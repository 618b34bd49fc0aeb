//! How a file grows with a memory that only the engine can grow.
//!
//! This takes two calls. After the file has grown and before its new pages are mapped, the engine grows its
//! memory, by the JavaScript function `WebAssembly.Memory.prototype.grow()`. A native frame must not call that
//! function: if the thread is terminated meanwhile, the termination is lost in that frame. The lock must not be
//! released between the calls either: once the file is longer, memories of other processes may follow it, and
//! if the engine then refuses to grow, the file cannot be shortened under them.
//!
//! So [`begin`] acquires the lock and extends the file, JavaScript lets the engine grow, and [`finish`] or
//! [`abandon`] releases the lock. A termination skips the second call. Therefore the lock is also released when
//! the thread ends, when it begins another growth, and by [`release`].

use std::cell::RefCell;
use std::sync::Arc;

use super::growth::{Failed, LeftLonger, Plan};
use super::{BackingFile, Locked, Loss};
use crate::error::MemoryError;
use crate::sys::PageRange;
use crate::units::Pages;

thread_local! {
    static PENDING: RefCell<Option<EngineGrowth>> = const { RefCell::new(None) };
}

/// A growth that this thread has begun. Dropping it releases the lock.
#[derive(Debug)]
struct EngineGrowth {
    file: Arc<BackingFile>,
    plan: Plan,
    _locked: Locked,
}

/// The growth that the engine has to do.
#[derive(Clone, Copy, Debug)]
pub struct Begun {
    /// The pages of the memory before, including those that other processes have added to the file.
    pub before: u64,
    /// The pages by which the engine has to grow the memory.
    pub added: Pages,
}

/// Locks the length of `file`, and extends the file for a growth of the memory at `pages` by `delta`, to
/// `limit` at most.
///
/// # Errors
///
/// The error of a system call; [`MemoryError::FileOutgrown`] or [`MemoryError::MaximumExceeded`]. The file is
/// then as it was, and no lock is held.
pub fn begin(
    file: &Arc<BackingFile>,
    pages: &PageRange,
    delta: Pages,
    limit: Pages,
) -> Result<Begun, Failed<MemoryError>> {
    release();
    let locked = file.lock()?;
    let length = file.length()?;
    let size = pages.length().get();
    let size =
        Pages::of_bytes(size).ok_or(MemoryError::AddressSpaceExceeded { wanted: u64::MAX })?;
    let plan = Plan::of(length, size.count(), delta, limit)?;
    let attempt = || {
        if let Some(extended) = plan.extended {
            file.extend(pages, extended)?;
        }
        if plan.added.count() == 0 {
            // The memory may have pages that a module has added, and that are not mapped yet.
            file.map_at(pages, 0, None)?;
        }
        Ok(())
    };
    attempt().map_err(|cause| file.undo_extend(cause, pages, length, None))?;
    PENDING.set(Some(EngineGrowth {
        file: Arc::clone(file),
        plan,
        _locked: locked,
    }));
    Ok(Begun {
        before: plan.before,
        added: plan.added,
    })
}

/// Maps the file at the new pages of the memory at `pages`, which the engine has grown, and releases the
/// lock. Returns the loss that makes the memory unusable, if there is one.
///
/// # Errors
///
/// The error of a system call. Other threads may use the new pages by then, so nothing is undone: the next growth
/// or flush maps them.
pub fn finish(pages: &PageRange) -> Result<Option<Loss>, MemoryError> {
    let Some(growth) = PENDING.take() else {
        return Ok(None);
    };
    let file = &growth.file;
    if let Some(loss) = file.check(pages, None)? {
        return Ok(Some(loss));
    }
    if growth.plan.added.count() > 0 {
        file.map_at(pages, 0, None)?;
    }
    Ok(None)
}

/// Undoes [`begin`] if the engine did not grow the memory at `pages`: makes the file as short as it was, and
/// releases the lock. Returns an explanation if the file stays longer.
pub fn abandon(pages: &PageRange) -> Option<LeftLonger> {
    let growth = PENDING.take()?;
    let length = growth.plan.length;
    let is_short = growth.file.shrink(pages, length, None);
    (!is_short).then(|| LeftLonger::than(length))
}

/// Releases the lock of a growth that was never finished, if there is one. The file stays longer.
pub fn release() {
    drop(PENDING.take());
}

#[cfg(test)]
mod tests {
    use super::super::growth::tests::{is_unlocked, opened, pages};
    use super::super::tests::{PAGE, byte, bytes, file as file_of, mapping};
    use super::*;
    use crate::sys::{Mapping, Writes};
    use std::fs::File;

    /// Returns a file of a page, and a mapping that stands for the engine memory that it backs.
    fn memory() -> (File, Arc<BackingFile>, Mapping) {
        let (own, _) = file_of(PAGE, Writes::ToFile);
        let (file, host) = (opened(&own), mapping());
        let memory = host.pages(bytes(PAGE)).unwrap();
        file.begin(&memory, None, PAGE, false).unwrap();
        (own, file, host)
    }

    #[test]
    fn the_file_is_locked_until_the_engine_has_grown() {
        let (own, file, host) = memory();
        let before = host.pages(bytes(PAGE)).unwrap();
        let begun = begin(&file, &before, pages(1), pages(9)).unwrap();
        assert_eq!((begun.before, begun.added), (1, pages(1)));
        assert!(!is_unlocked(&own));
        let after = host.pages(bytes(2 * PAGE)).unwrap();
        after.write_at(&[7], PAGE);
        assert_eq!(finish(&after).unwrap(), None);
        assert!(is_unlocked(&own));
        assert_eq!((file.mapped_length(), byte(&own, PAGE)), (2 * PAGE, 7));
        // Nothing is left to finish.
        assert_eq!(finish(&after).unwrap(), None);
        assert!(abandon(&after).is_none());
    }

    #[test]
    fn the_file_is_as_it_was_if_the_engine_does_not_grow() {
        let (own, file, host) = memory();
        let before = host.pages(bytes(PAGE)).unwrap();
        begin(&file, &before, pages(2), pages(9)).unwrap();
        assert_eq!(file.length().unwrap(), 3 * PAGE);
        assert!(abandon(&before).is_none());
        assert_eq!(file.length().unwrap(), PAGE);
        assert!(is_unlocked(&own));
    }

    #[test]
    fn a_growth_that_was_cut_off_leaves_no_lock() {
        let (own, file, host) = memory();
        let before = host.pages(bytes(PAGE)).unwrap();
        begin(&file, &before, pages(1), pages(9)).unwrap();
        release();
        assert!(is_unlocked(&own));
        begin(&file, &before, pages(0), pages(9)).unwrap();
        // As if that one had been cut off as well.
        let begun = begin(&file, &before, pages(0), pages(9)).unwrap();
        assert_eq!((begun.before, begun.added), (2, pages(1)));
        release();
        // A thread that ends leaves no lock either.
        let other = opened(&own);
        std::thread::spawn(move || {
            let host = mapping();
            let memory = host.pages(bytes(2 * PAGE)).unwrap();
            other.begin(&memory, None, 2 * PAGE, false).unwrap();
            begin(&other, &memory, pages(1), pages(9)).map(drop)
        })
        .join()
        .unwrap()
        .unwrap();
        assert!(is_unlocked(&own));
    }

    #[test]
    fn pages_that_a_module_has_added_are_mapped_before() {
        let (own, file, host) = memory();
        let longer = host.pages(bytes(2 * PAGE)).unwrap();
        longer.write_at(&[7], PAGE);
        let begun = begin(&file, &longer, pages(0), pages(9)).unwrap();
        assert_eq!((begun.before, begun.added), (2, pages(0)));
        assert_eq!(byte(&own, PAGE), 7);
        assert_eq!(finish(&longer).unwrap(), None);
    }

    #[test]
    fn a_growth_beyond_the_limit_holds_no_lock() {
        let (own, file, host) = memory();
        let before = host.pages(bytes(PAGE)).unwrap();
        let failed = begin(&file, &before, pages(2), pages(2)).unwrap_err();
        assert!(matches!(
            failed.cause,
            MemoryError::MaximumExceeded { wanted: 3, .. }
        ));
        assert!(is_unlocked(&own));
        assert_eq!(file.length().unwrap(), PAGE);
    }

    #[test]
    #[cfg(feature = "fault-injection")]
    fn a_half_that_fails_holds_no_lock() {
        use crate::sys::fault;
        let mut call = 1;
        loop {
            let (own, file, host) = memory();
            let before = host.pages(bytes(PAGE)).unwrap();
            let after = host.pages(bytes(2 * PAGE)).unwrap();
            fault::fail_at(&[call]);
            let begun = begin(&file, &before, pages(1), pages(9));
            let is_finished = begun.is_ok() && finish(&after).is_ok();
            let calls = fault::calls_reached().len();
            fault::fail_at(&[]);
            assert!(is_unlocked(&own));
            if let Err(failed) = begun {
                assert!(failed.left.is_none());
                assert_eq!(file.length().unwrap(), PAGE);
            } else if !is_finished {
                file.reconcile(&after, None).unwrap();
            }
            if calls < call {
                break;
            }
            call += 1;
        }
        assert!(call > 4, "no calls");
    }
}
