//! The live memories, images and files of all threads, by number.
//!
//! JavaScript names them by their numbers. The registry never keeps one alive: buffers do.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

use crate::error::MemoryError;
use crate::files::backing_file::BackingFile;
use crate::memory::LinearMemory;
use crate::pages::image::Image;

/// A number. Never used again, so that a stale one finds nothing.
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

    /// The one that `number` is, if it is one at all.
    pub fn from_number(number: f64) -> Option<Self> {
        #[allow(clippy::as_conversions, reason = "saturates, and is compared again")]
        let id = Self(number as u64);
        (id.as_number() == number).then_some(id)
    }
}

/// What the registry lists.
pub trait Listed: Sized + Send + Sync + 'static {
    /// Those of its kind.
    fn table() -> &'static Table<Self>;
}

/// Those of one kind, by number.
#[derive(Debug)]
pub struct Table<T: Listed>(LazyLock<Mutex<HashMap<Id, Weak<Live<T>>>>>);

impl<T: Listed> Table<T> {
    const fn new() -> Self {
        Self(LazyLock::new(Mutex::default))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Id, Weak<Live<T>>>> {
        // Nothing panics under the lock; if it did, the table is still whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Something that can be found by its number as long as it lives.
#[derive(Debug)]
pub struct Live<T: Listed> {
    id: Id,
    value: T,
}

/// A memory that can be found.
pub type LiveMemory = Live<LinearMemory>;

/// An image that can be found.
pub type LiveImage = Live<Arc<Image>>;

impl Listed for LinearMemory {
    fn table() -> &'static Table<Self> {
        static TABLE: Table<LinearMemory> = Table::new();
        &TABLE
    }
}

impl Listed for Arc<Image> {
    fn table() -> &'static Table<Self> {
        static TABLE: Table<Arc<Image>> = Table::new();
        &TABLE
    }
}

/// A file that can be found.
pub type LiveFile = Live<Arc<BackingFile>>;

impl Listed for Arc<BackingFile> {
    fn table() -> &'static Table<Self> {
        static TABLE: Table<Arc<BackingFile>> = Table::new();
        &TABLE
    }
}

/// Who keeps a file open, until it is dropped or released.
#[derive(Debug)]
pub struct FileHolder {
    file: Arc<LiveFile>,
    is_released: AtomicBool,
}

impl FileHolder {
    /// One more of that file.
    ///
    /// # Errors
    ///
    /// [`MemoryError::FileClosed`].
    pub fn of(file: Arc<LiveFile>) -> Result<Self, MemoryError> {
        file.hold()?;
        Ok(Self {
            file,
            is_released: AtomicBool::new(false),
        })
    }

    /// Lets go of the file.
    pub fn release(&self) {
        if !self.is_released.swap(true, Ordering::Relaxed) {
            self.file.release();
        }
    }
}

impl Drop for FileHolder {
    fn drop(&mut self) {
        self.release();
    }
}

impl Listed for FileHolder {
    fn table() -> &'static Table<Self> {
        static TABLE: Table<FileHolder> = Table::new();
        &TABLE
    }
}

impl<T: Listed> Live<T> {
    /// Its number.
    pub fn id(&self) -> Id {
        self.id
    }
}

impl<T: Listed> Deref for Live<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Listed> Drop for Live<T> {
    fn drop(&mut self) {
        T::table().lock().remove(&self.id);
    }
}

/// Gives `value` a number.
pub fn register<T: Listed>(value: T) -> Arc<Live<T>> {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let id = Id(NEXT.fetch_add(1, Ordering::Relaxed));
    let live = Arc::new(Live { id, value });
    T::table().lock().insert(id, Arc::downgrade(&live));
    live
}

/// All of a kind that live.
pub fn all<T: Listed>() -> Vec<Arc<Live<T>>> {
    T::table()
        .lock()
        .values()
        .filter_map(Weak::upgrade)
        .collect()
}

/// What has that number, if it lives.
pub fn find<T: Listed>(id: Id) -> Option<Arc<Live<T>>> {
    T::table().lock().get(&id)?.upgrade()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Sharing;
    use crate::memory::address_range::PageSize;
    use crate::units::Pages;

    fn memory() -> Arc<LiveMemory> {
        let page = Pages::new(1).unwrap();
        register(LinearMemory::new(page, Some(page), Sharing::Unshared, PageSize::Base).unwrap())
    }

    #[test]
    fn a_memory_is_found_as_long_as_it_lives() {
        let live = memory();
        let id = live.id();
        assert_eq!(find::<LinearMemory>(id).map(|found| found.id()), Some(id));
        drop(live);
        assert!(find::<LinearMemory>(id).is_none());
        assert!(!LinearMemory::table().lock().contains_key(&id));
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
