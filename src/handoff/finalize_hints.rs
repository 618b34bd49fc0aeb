//! What keeps a memory or an image alive: one hold for each buffer that the engine has of it.
//!
//! The engine is given a number, not a pointer. Finalizers may come twice, late, on any thread, or
//! for a buffer whose making failed halfway: a number that is no longer held is nothing to release.

use std::any::Any;
use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

/// What is held.
pub type Held = Arc<dyn Any + Send + Sync>;

/// A hold's number, as the pointer that it travels through the engine as. Never null.
pub type Hint = *mut c_void;

type Table = HashMap<usize, Held>;

fn table() -> MutexGuard<'static, Table> {
    static TABLE: LazyLock<Mutex<Table>> = LazyLock::new(Mutex::default);
    // Nothing panics under the lock; if it did, the table is still whole.
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Holds `held` until [`release`].
pub fn hold(held: Held) -> Hint {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    table().insert(number, held);
    std::ptr::without_provenance_mut(number)
}

/// Lets go of what `hint` holds, if anything still.
pub fn release(hint: Hint) {
    // Bound first: the lock is free again when the memory, perhaps, is unmapped.
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
    fn the_last_release_lets_the_memory_go_and_further_ones_do_nothing() {
        let page = Pages::new(1).unwrap();
        let memory =
            register(LinearMemory::new(page, None, Sharing::Shared, PageSize::Base).unwrap());
        let id = memory.handle();
        let first = hold(Arc::<RegisteredMemory>::clone(&memory));
        let second = hold(memory);
        release(first);
        release(first);
        assert!(find::<LinearMemory>(id).is_some());
        release(second);
        assert!(find::<LinearMemory>(id).is_none());
        release(second);
    }
}
