//! The V8 hand-off: what Node-API cannot do, by the functions of V8 that the running engine exports.
//!
//! V8 does not charge a backing store with its empty deleter to the collector, so growing a memory starts
//! no collection. The `std::shared_ptr` around it is made here: the collector itself releases it, in a
//! synchronous loop too, and it lives as long as anything refers to the store.
//!
//! No header that the build sees declares these functions. They are therefore used only in Node.js, on
//! versions of V8 that the whole suite has run on, if every name is found, and after a test. On macOS and
//! Windows, which have other C++ libraries, one of the names is mangled differently: Node-API's hand-off is
//! used there.

mod backing_store;
mod functions;
mod garbage;

use std::ptr;

use napi::{Env, JsValue, Status, Unknown, sys};

use self::backing_store::StoreOwner;
use self::functions::{ForeignSharedPtr, Functions, Local};
use super::external_memory::Entry;
use super::failure::{Failure, Result};
use super::finalize_hints::Retained;
use super::shared_ptr::SharedPtr;
use crate::handles;
use crate::memory::address_range::PageSize;
use crate::memory::{LinearMemory, Sharing, Span};
use crate::sys::HostBytes;
use crate::units::Pages;

pub use garbage::collect_garbage;

/// The detach key of issued buffers: a number that JavaScript has no means to pass.
const DETACH_KEY: i32 = 0x5747;

/// Makes and detaches ArrayBuffers by V8's functions.
#[derive(Clone, Copy, Debug)]
pub struct Buffers {
    functions: Functions,
}

impl Buffers {
    /// Returns `None` unless the process is Node.js with a tested version of V8.
    pub fn find() -> Option<Self> {
        Functions::find().map(|functions| Self { functions })
    }

    /// Makes and detaches a buffer. Returns whether its memory was retained exactly as long.
    pub fn work(self, env: &Env) -> bool {
        self.test(env).unwrap_or(false)
    }

    fn test(self, env: &Env) -> Option<bool> {
        let page = Pages::new(1)?;
        let memory = LinearMemory::new(page, Some(page), Sharing::Unshared, PageSize::Base).ok()?;
        let memory = handles::register(memory);
        let handle = memory.handle();
        let span = memory.span().ok()?;
        let buffer = self.issue(env, memory, span, span.length).ok()?;
        let covers = bytes_of(env, &buffer)? == (span.base.as_ptr(), span.length.get());
        let retained = handles::find::<LinearMemory>(handle).is_some();
        self.detach(env, &buffer).ok()?;
        let detached = bytes_of(env, &buffer)?.1 == 0;
        Some(covers && retained && detached && handles::find::<LinearMemory>(handle).is_none())
    }

    /// Returns whether only this addon can detach the buffers.
    pub fn have_detach_keys(self) -> bool {
        self.functions.set_detach_key.is_some()
    }

    /// Makes an ArrayBuffer over `span`, which stays mapped as long as the backing store owns `retained`.
    /// The collector counts it as `weight`.
    pub fn issue<'env>(
        self,
        env: &'env Env,
        retained: Retained,
        span: Span,
        weight: HostBytes,
    ) -> Result<Unknown<'env>> {
        let key = self.key(env)?;
        // SAFETY: `span` is mapped as long as `owner` has `retained`, below; the empty
        // deleter does nothing with it. V8 checks that a length is at most 2^53 - 1 (`Pages::LIMIT`
        // is far below), and never returns null.
        let store = unsafe {
            (self.functions.new_backing_store)(
                span.base.as_ptr().cast(),
                span.length.get(),
                self.functions.empty_deleter,
                ptr::null_mut(),
            )
        };
        let owner = StoreOwner {
            store: store.object,
            functions: self.functions,
            retained: Some((retained, Entry::new(weight))),
        };
        let mut shared = SharedPtr::new(store.object, owner);
        // SAFETY: functions of an addon are called in JavaScript's thread, where this is never null.
        let isolate = unsafe { (self.functions.current_isolate)() };
        // SAFETY: V8 checks that the store has an address or no length (`Span` has an address), and
        // is not a shared one. It moves from `shared`, which is null then and may be dropped.
        let buffer =
            unsafe { (self.functions.new_array_buffer)(isolate, (&raw mut shared).cast()) };
        drop(shared);
        self.put_key(buffer, key);
        // SAFETY: a `napi_value` is a `Local` of the current call's scope.
        Ok(unsafe { Unknown::from_raw_unchecked(env.raw(), buffer.cast()) })
    }

    /// Rejects a buffer that V8 would not detach, because it was linked as an asm.js heap.
    pub fn check_detachable(self, env: &Env, buffer: &Unknown) -> Result<()> {
        let handle = checked_buffer(env, buffer)?;
        // SAFETY: `handle` is of the current scope, and an ArrayBuffer, detached or not.
        let is_detachable = unsafe { (self.functions.is_detachable)(handle) };
        if is_detachable { Ok(()) } else { refusal() }
    }

    /// Detaches an ArrayBuffer that [`Buffers::issue`] made.
    pub fn detach(self, env: &Env, buffer: &Unknown) -> Result<()> {
        self.check_detachable(env, buffer)?;
        let key = self.key(env)?;
        let buffer = checked_buffer(env, buffer)?;
        // SAFETY: both are handles of the current scope. `buffer` is an ArrayBuffer that
        // `check_detachable` has accepted: V8 aborts the process for others. It returns no
        // value if the key is wrong, or the thread is being terminated.
        let detached = unsafe { (self.functions.detach)(buffer, key) };
        if detached.has_value && detached.value {
            Ok(())
        } else {
            refusal()
        }
    }

    /// Gives an engine ArrayBuffer the detach key of issued ones, if they have one.
    pub fn set_detach_key(self, env: &Env, buffer: &Unknown) -> Result<()> {
        let key = self.key(env)?;
        self.put_key(checked_buffer(env, buffer)?, key);
        Ok(())
    }

    fn put_key(self, buffer: Local, key: Local) {
        if let Some(set_detach_key) = self.functions.set_detach_key {
            // SAFETY: both are handles of the current scope, and `buffer` is an ArrayBuffer. V8 takes
            // any value as a key, any number of times.
            unsafe { set_detach_key(buffer, key) };
        }
    }

    /// Detaches an engine ArrayBuffer, and returns another one with its backing store.
    pub fn transfer<'env>(self, env: &'env Env, buffer: &Unknown<'env>) -> Result<Unknown<'env>> {
        self.check_detachable(env, buffer)?;
        let handle = checked_buffer(env, buffer)?;
        // SAFETY: `handle` is of the current scope, and an ArrayBuffer. V8 never returns a null store.
        let mut store = unsafe { (self.functions.get_backing_store)(handle) };
        // SAFETY: functions of an addon are called in JavaScript's thread, where this is never null.
        let isolate = unsafe { (self.functions.current_isolate)() };
        let pointer: *mut ForeignSharedPtr = &raw mut store;
        // SAFETY: every `shared_ptr` begins with the two words that `SharedPtr` has. V8 moves from it, so
        // nothing is left in `store` to be dropped. The store is an ArrayBuffer's: it is not a shared one,
        // and its length is one that V8 allows.
        let other = unsafe { (self.functions.new_array_buffer)(isolate, pointer.cast()) };
        self.detach(env, buffer)?;
        // SAFETY: a `napi_value` is a `Local` of the current call's scope.
        Ok(unsafe { Unknown::from_raw_unchecked(env.raw(), other.cast()) })
    }

    /// Returns the detach key as a handle, or the empty handle if buffers have none.
    fn key(self, env: &Env) -> Result<Local> {
        if !self.have_detach_keys() {
            return Ok(ptr::null_mut());
        }
        let mut key = ptr::null_mut();
        // SAFETY: `env` is the current call's.
        let status = unsafe { sys::napi_create_int32(env.raw(), DETACH_KEY, &raw mut key) };
        match status {
            sys::Status::napi_ok => Ok(key.cast()),
            _ => Err(Failure::engine(
                status.into(),
                "no detach key could be made",
            )),
        }
    }
}

/// Returns the error for a buffer that the engine does not detach.
fn refusal() -> Result<()> {
    Err(Failure::engine(
        Status::DetachableArraybufferExpected,
        "the engine does not detach this buffer",
    ))
}

/// Returns the handle of an ArrayBuffer; fails for any other value.
fn checked_buffer(env: &Env, buffer: &Unknown) -> Result<Local> {
    let mut is_buffer = false;
    // SAFETY: `buffer` is of the current call.
    let status = unsafe { sys::napi_is_arraybuffer(env.raw(), buffer.raw(), &raw mut is_buffer) };
    if status == sys::Status::napi_ok && is_buffer {
        Ok(buffer.raw().cast())
    } else {
        Err(Failure::engine(Status::ArrayBufferExpected, "not a buffer"))
    }
}

/// Returns the address and the length that the engine reports for an ArrayBuffer.
fn bytes_of(env: &Env, buffer: &Unknown) -> Option<(*mut u8, usize)> {
    let mut data = ptr::null_mut();
    let mut length = 0;
    // SAFETY: `buffer` is of the current call.
    let status = unsafe {
        sys::napi_get_arraybuffer_info(env.raw(), buffer.raw(), &raw mut data, &raw mut length)
    };
    (status == sys::Status::napi_ok).then_some((data.cast(), length))
}
