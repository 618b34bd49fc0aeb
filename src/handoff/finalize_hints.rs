//! What each engine buffer retains: the memory or the image whose pages it is over.
//!
//! The engine is given a number as the finalizer's hint, not a pointer. Finalizers may run twice, late, on
//! any thread, or for a buffer that was only half made: releasing a number that is no longer in the table
//! does nothing.

use std::any::Any;
use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

/// What a buffer keeps alive.
pub type Retained = Arc<dyn Any + Send + Sync>;

/// A number of the table, as the pointer that the engine hands to the finalizer. Never null.
pub type Hint = *mut c_void;

type Table = HashMap<usize, Retained>;

fn table() -> MutexGuard<'static, Table> {
    static TABLE: LazyLock<Mutex<Table>> = LazyLock::new(Mutex::default);
    // Nothing panics under the lock; if it did, the table would still be whole.
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps `retained` alive until [`release`] is called with the returned hint.
pub fn retain(retained: Retained) -> Hint {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    table().insert(number, retained);
    std::ptr::without_provenance_mut(number)
}

/// Drops what `hint` retains, if it still retains anything.
pub fn release(hint: Hint) {
    // Bound to a name first: dropping it may unmap a memory, which must not happen under the lock.
    let released = table().remove(&hint.addr());
    drop(released);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handles::{RegisteredMemory, find, register};
    use crate::memory::address_range::PageSize;
    use crate::memory::{LinearMemory, Sharing};
    use crate::units::Pages;

    #[test]
    fn the_last_release_drops_the_memory_and_further_ones_do_nothing() {
        let page = Pages::new(1).unwrap();
        let memory =
            register(LinearMemory::new(page, None, Sharing::Shared, PageSize::Base).unwrap());
        let handle = memory.handle();
        let first = retain(Arc::<RegisteredMemory>::clone(&memory));
        let second = retain(memory);
        release(first);
        release(first);
        assert!(find::<LinearMemory>(handle).is_some());
        release(second);
        assert!(find::<LinearMemory>(handle).is_none());
        release(second);
    }
}
