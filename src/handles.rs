//! Handles: the numbers by which JavaScript names memories, images and files.
//!
//! There is one registry of each kind for all threads. A registry does not keep its values alive: buffers and
//! JavaScript objects do.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

use crate::error::MemoryError;
use crate::files::backing_file::BackingFile;
use crate::memory::LinearMemory;
use crate::pages::image::Image;

/// A number that names one registered value. It is never reused, so looking up a stale handle fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Handle(u64);

impl Handle {
    /// Returns the handle as a JavaScript number, exactly.
    pub fn as_number(self) -> f64 {
        #[allow(
            clippy::as_conversions,
            reason = "handles are counted up from 1, and f64 is exact up to 2^53"
        )]
        let number = self.0 as f64;
        number
    }

    /// Returns the handle with the number `number`, or `None` if `number` is not an unsigned integer.
    pub fn from_number(number: f64) -> Option<Self> {
        #[allow(
            clippy::as_conversions,
            reason = "saturates, and the result is compared with `number`"
        )]
        let handle = Self(number as u64);
        (handle.as_number() == number).then_some(handle)
    }
}

/// A value that has a registry of its kind.
pub trait Registrable: Sized + Send + Sync + 'static {
    /// Returns the registry of this kind.
    fn registry() -> &'static Registry<Self>;
}

/// The registered values of one kind.
#[derive(Debug)]
pub struct Registry<T: Registrable>(LazyLock<Mutex<HashMap<Handle, Weak<Registered<T>>>>>);

impl<T: Registrable> Registry<T> {
    const fn new() -> Self {
        Self(LazyLock::new(Mutex::default))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Handle, Weak<Registered<T>>>> {
        // Nothing panics while it holds the lock. If something did, the map would still be whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A value that can be found by its handle until it is dropped.
#[derive(Debug)]
pub struct Registered<T: Registrable> {
    handle: Handle,
    value: T,
}

/// A memory with a handle.
pub type RegisteredMemory = Registered<LinearMemory>;

/// An image with a handle.
pub type RegisteredImage = Registered<Arc<Image>>;

/// A file with a handle.
pub type RegisteredFile = Registered<Arc<BackingFile>>;

impl Registrable for LinearMemory {
    fn registry() -> &'static Registry<Self> {
        static REGISTRY: Registry<LinearMemory> = Registry::new();
        &REGISTRY
    }
}

impl Registrable for Arc<Image> {
    fn registry() -> &'static Registry<Self> {
        static REGISTRY: Registry<Arc<Image>> = Registry::new();
        &REGISTRY
    }
}

impl Registrable for Arc<BackingFile> {
    fn registry() -> &'static Registry<Self> {
        static REGISTRY: Registry<Arc<BackingFile>> = Registry::new();
        &REGISTRY
    }
}

/// Keeps a file open until it is dropped or released.
#[derive(Debug)]
pub struct FileHolder {
    file: Arc<RegisteredFile>,
    is_released: AtomicBool,
}

impl FileHolder {
    /// Adds a holder to `file`.
    ///
    /// # Errors
    ///
    /// [`MemoryError::FileClosed`] if the last holder was removed.
    pub fn of(file: Arc<RegisteredFile>) -> Result<Self, MemoryError> {
        file.add_holder()?;
        Ok(Self {
            file,
            is_released: AtomicBool::new(false),
        })
    }

    /// Releases the file, once. The last holder that does this closes it.
    pub fn release(&self) {
        if !self.is_released.swap(true, Ordering::Relaxed) {
            self.file.remove_holder();
        }
    }
}

impl Drop for FileHolder {
    fn drop(&mut self) {
        self.release();
    }
}

impl Registrable for FileHolder {
    fn registry() -> &'static Registry<Self> {
        static REGISTRY: Registry<FileHolder> = Registry::new();
        &REGISTRY
    }
}

impl<T: Registrable> Registered<T> {
    /// Returns the handle of this value.
    pub fn handle(&self) -> Handle {
        self.handle
    }
}

impl<T: Registrable> Deref for Registered<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Registrable> Drop for Registered<T> {
    fn drop(&mut self) {
        T::registry().lock().remove(&self.handle);
    }
}

/// Registers `value` under a new handle.
pub fn register<T: Registrable>(value: T) -> Arc<Registered<T>> {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let handle = Handle(NEXT.fetch_add(1, Ordering::Relaxed));
    let registered = Arc::new(Registered { handle, value });
    T::registry()
        .lock()
        .insert(handle, Arc::downgrade(&registered));
    registered
}

/// Returns all registered values of a kind.
pub fn all<T: Registrable>() -> Vec<Arc<Registered<T>>> {
    T::registry()
        .lock()
        .values()
        .filter_map(Weak::upgrade)
        .collect()
}

/// Returns the value with this handle, or `None` if it was dropped.
pub fn find<T: Registrable>(handle: Handle) -> Option<Arc<Registered<T>>> {
    T::registry().lock().get(&handle)?.upgrade()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Sharing;
    use crate::memory::address_range::PageSize;
    use crate::units::Pages;

    fn memory() -> Arc<RegisteredMemory> {
        let page = Pages::new(1).unwrap();
        register(LinearMemory::new(page, Some(page), Sharing::Unshared, PageSize::Base).unwrap())
    }

    #[test]
    fn a_memory_is_found_until_it_is_dropped() {
        let memory = memory();
        let handle = memory.handle();
        assert_eq!(
            find::<LinearMemory>(handle).map(|found| found.handle()),
            Some(handle)
        );
        drop(memory);
        assert!(find::<LinearMemory>(handle).is_none());
        assert!(!LinearMemory::registry().lock().contains_key(&handle));
    }

    #[test]
    fn only_handles_convert_from_javascript_numbers() {
        let memory = memory();
        assert_eq!(
            Handle::from_number(memory.handle().as_number()),
            Some(memory.handle())
        );
        for number in [-1.0, 0.5, f64::NAN, f64::INFINITY] {
            assert_eq!(Handle::from_number(number), None);
        }
    }
}
