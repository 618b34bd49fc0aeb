//! A backing store of V8 over pages, and what it retains.

use super::super::external_memory::Entry;
use super::super::finalize_hints::Retained;
use super::super::shared_ptr::Shared;
use super::functions::{BackingStore, Functions};

/// The only owner of a backing store, and of what keeps its pages mapped.
#[derive(Debug)]
pub struct StoreOwner {
    pub store: BackingStore,
    pub functions: Functions,
    /// `None` once the store is gone.
    pub retained: Option<(Retained, Entry)>,
}

// SAFETY: a backing store may be ended on any thread; the rest is `Send`.
unsafe impl Send for StoreOwner {}

impl Shared for StoreOwner {
    fn dispose(&mut self) {
        // What `delete` does with a `v8::BackingStore`: the destructor, then the operator.
        // SAFETY: `new_backing_store` made it, and nothing refers to it any more. Its deleter does nothing,
        // and V8 lets any thread call it.
        unsafe { (self.functions.end_backing_store)(self.store) };
        // SAFETY: likewise; V8 allocates it with `new`.
        unsafe { (self.functions.operator_delete)(self.store) };
        self.retained = None;
    }
}
