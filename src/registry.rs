//! The live memories of all threads, by number.
//!
//! JavaScript names a memory by its number. The registry never keeps one alive: buffers do.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

use crate::linear_memory::LinearMemory;

/// A memory's number. Never used again, so that a stale one finds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Id(u64);

impl Id {
    /// The number, exact in JavaScript: 2^53 of them are never reached.
    pub fn as_number(self) -> f64 {
        #[allow(
            clippy::as_conversions,
            reason = "counted up from 1, one a memory: far below 2^53"
        )]
        let number = self.0 as f64;
        number
    }

    /// The memory's number that `number` is, if it is one at all.
    pub fn from_number(number: f64) -> Option<Self> {
        #[allow(clippy::as_conversions, reason = "saturates, and is compared again")]
        let id = Self(number as u64);
        (id.as_number() == number).then_some(id)
    }
}

/// A memory that can be found by its number as long as it lives.
#[derive(Debug)]
pub struct LiveMemory {
    id: Id,
    memory: LinearMemory,
}

impl LiveMemory {
    /// Its number.
    pub fn id(&self) -> Id {
        self.id
    }
}

impl Deref for LiveMemory {
    type Target = LinearMemory;

    fn deref(&self) -> &LinearMemory {
        &self.memory
    }
}

impl Drop for LiveMemory {
    fn drop(&mut self) {
        table().remove(&self.id);
    }
}

type Table = HashMap<Id, Weak<LiveMemory>>;

fn table() -> MutexGuard<'static, Table> {
    static TABLE: LazyLock<Mutex<Table>> = LazyLock::new(Mutex::default);
    // Nothing panics under the lock; if it did, the table is still whole.
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives `memory` a number.
pub fn register(memory: LinearMemory) -> Arc<LiveMemory> {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let id = Id(NEXT.fetch_add(1, Ordering::Relaxed));
    let live = Arc::new(LiveMemory { id, memory });
    table().insert(id, Arc::downgrade(&live));
    live
}

/// The memory of that number, if it lives.
pub fn find(id: Id) -> Option<Arc<LiveMemory>> {
    table().get(&id)?.upgrade()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear_memory::Sharing;
    use crate::range::PageSize;
    use crate::units::Pages;

    fn memory() -> Arc<LiveMemory> {
        let page = Pages::new(1).unwrap();
        register(LinearMemory::new(page, Some(page), Sharing::Unshared, PageSize::Base).unwrap())
    }

    #[test]
    fn a_memory_is_found_as_long_as_it_lives() {
        let live = memory();
        let id = live.id();
        assert_eq!(find(id).map(|found| found.id()), Some(id));
        drop(live);
        assert!(find(id).is_none());
        assert!(!table().contains_key(&id));
    }

    #[test]
    fn numbers_survive_javascript() {
        let live = memory();
        assert_eq!(Id::from_number(live.id().as_number()), Some(live.id()));
        for number in [-1.0, 0.5, f64::NAN, f64::INFINITY] {
            assert_eq!(Id::from_number(number), None);
        }
    }
}
