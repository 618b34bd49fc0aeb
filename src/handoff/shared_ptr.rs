//! A `std::shared_ptr` of libstdc++, laid out by hand. So this crate needs no C++ compiler, and cannot be linked
//! with a C++ library other than the engine's.
//!
//! The layout is that of the Itanium C++ ABI and of libstdc++'s `_Sp_counted_base<_S_atomic>`, stable
//! since GCC 4: two pointers; and a control block of a virtual table, a use count and a weak count.

use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};

/// What a `shared_ptr` owns, and what is released with it when its last owner is gone.
pub trait Shared: Send + 'static {
    /// Destroys the object. Called once, on any thread.
    fn dispose(&mut self);
}

/// `std::shared_ptr<T>`.
#[repr(C)]
#[derive(Debug)]
pub struct SharedPtr<S: Shared> {
    object: *mut c_void,
    control: *mut Owned<S>,
}

impl<S: Shared> SharedPtr<S> {
    /// Makes the only owner of `object`. `shared` is disposed of when the last owner is gone.
    pub fn new(object: *mut c_void, shared: S) -> Self {
        let control = Box::into_raw(Box::new(Owned {
            table: &raw const VTableOf::<S>::TABLE.complete_destructor,
            uses: AtomicI32::new(1),
            weak_uses: AtomicI32::new(1),
            shared,
        }));
        Self { object, control }
    }
}

impl<S: Shared> Drop for SharedPtr<S> {
    /// Does what its destructor does. A pointer that C++ has moved from is null, and owns nothing.
    fn drop(&mut self) {
        if self.control.is_null() {
            return;
        }
        // SAFETY: the control block exists as long as `uses` counts this owner.
        let uses = unsafe { &(*self.control).uses };
        if uses.fetch_sub(1, Ordering::AcqRel) != 1 {
            return;
        }
        // SAFETY: this was the last owner.
        unsafe { dispose::<S>(self.control) };
        // SAFETY: `weak_uses` counts all owners as one until here.
        let weak_uses = unsafe { &(*self.control).weak_uses };
        if weak_uses.fetch_sub(1, Ordering::AcqRel) == 1 {
            // SAFETY: nothing else refers to the control block.
            unsafe { destroy::<S>(self.control) };
        }
    }
}

/// `_Sp_counted_base`, followed by what it owns, as in `_Sp_counted_ptr_inplace`.
#[repr(C)]
#[derive(Debug)]
struct Owned<S> {
    /// Points into a [`VTable`], to its first method.
    table: *const Method<S>,
    uses: AtomicI32,
    /// Counts all owners together as one, and each `weak_ptr`.
    weak_uses: AtomicI32,
    shared: S,
}

type Method<S> = unsafe extern "C" fn(this: *mut Owned<S>);

/// The methods of `_Sp_counted_base`, in the order of its declaration.
#[repr(C)]
struct VTable<S> {
    offset_to_top: isize,
    type_info: *const c_void,
    complete_destructor: Method<S>,
    deleting_destructor: Method<S>,
    dispose: Method<S>,
    destroy: Method<S>,
    get_deleter: unsafe extern "C" fn(*mut Owned<S>, *const c_void) -> *mut c_void,
}

struct VTableOf<S>(S);

impl<S: Shared> VTableOf<S> {
    const TABLE: &'static VTable<S> = &VTable {
        offset_to_top: 0,
        type_info: ptr::null(),
        complete_destructor: nothing,
        deleting_destructor: nothing,
        dispose,
        destroy,
        get_deleter: no_deleter,
    };
}

/// `_M_dispose`: the last owner is gone.
unsafe extern "C" fn dispose<S: Shared>(this: *mut Owned<S>) {
    // SAFETY: `SharedPtr::new` made it, and nothing else refers to the object any more.
    unsafe { &mut (*this).shared }.dispose();
}

/// `_M_destroy`: nothing refers to the control block any more.
unsafe extern "C" fn destroy<S>(this: *mut Owned<S>) {
    // SAFETY: `Box::into_raw` made it in `SharedPtr::new`, and this is called once.
    drop(unsafe { Box::from_raw(this) });
}

/// The destructors. C++ only calls them through `_M_destroy`, which does not call them here.
unsafe extern "C" fn nothing<S>(_this: *mut Owned<S>) {}

/// `_M_get_deleter`: there is none.
unsafe extern "C" fn no_deleter<S>(_this: *mut Owned<S>, _type: *const c_void) -> *mut c_void {
    ptr::null_mut()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::mem::offset_of;
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;

    struct Counting {
        disposed: Arc<AtomicUsize>,
    }

    impl Shared for Counting {
        fn dispose(&mut self) {
            self.disposed.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn the_last_owner_disposes_and_frees() {
        let disposed = Arc::new(AtomicUsize::new(0));
        let shared = Counting {
            disposed: Arc::clone(&disposed),
        };
        let pointer = SharedPtr::new(ptr::null_mut(), shared);
        // A second owner, as C++ makes one by copying.
        // SAFETY: `pointer` owns the control block, which therefore exists.
        unsafe { &(*pointer.control).uses }.fetch_add(1, Ordering::Relaxed);
        let second = SharedPtr {
            object: pointer.object,
            control: pointer.control,
        };
        drop(pointer);
        assert_eq!(disposed.load(Ordering::Relaxed), 0);
        drop(second);
        assert_eq!(disposed.load(Ordering::Relaxed), 1);
        // Freed: the reference of the control block to `disposed` is gone.
        assert_eq!(Arc::strong_count(&disposed), 1);
    }

    #[test]
    fn a_moved_from_pointer_owns_nothing() {
        drop(SharedPtr::<Counting> {
            object: ptr::null_mut(),
            control: ptr::null_mut(),
        });
    }

    #[test]
    fn the_layout_matches_the_abi() {
        let word = size_of::<usize>();
        assert_eq!(size_of::<SharedPtr<Counting>>(), 2 * word);
        assert_eq!(offset_of!(Owned<Counting>, uses), word);
        assert_eq!(offset_of!(Owned<Counting>, weak_uses), word + 4);
        assert_eq!(offset_of!(VTable<Counting>, complete_destructor), 2 * word);
        assert_eq!(offset_of!(VTable<Counting>, dispose), 4 * word);
    }
}
