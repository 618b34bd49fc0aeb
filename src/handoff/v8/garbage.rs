//! Requests for a garbage collection.

use std::ffi::CStr;

use super::functions::{GET_CURRENT, Isolate};
use crate::sys::process_symbols;

/// The mangled name of `v8::Isolate::LowMemoryNotification()`.
#[cfg(not(windows))]
const LOW_MEMORY_NOTIFICATION: &CStr = c"_ZN2v87Isolate21LowMemoryNotificationEv";
#[cfg(windows)]
const LOW_MEMORY_NOTIFICATION: &CStr = c"?LowMemoryNotification@Isolate@v8@@QEAAXXZ";

/// Requests a full garbage collection, if the engine is V8. Node.js need not be the embedder.
pub fn collect_garbage() {
    type Notify = unsafe extern "C" fn(Isolate);
    type Current = unsafe extern "C" fn() -> Isolate;
    // SAFETY: `void v8::Isolate::LowMemoryNotification()`, since V8 3.
    let notify: Option<Notify> = unsafe { process_symbols::symbol(LOW_MEMORY_NOTIFICATION) };
    // SAFETY: `static v8::Isolate* v8::Isolate::GetCurrent()`, likewise.
    let current: Option<Current> = unsafe { process_symbols::symbol(GET_CURRENT) };
    let (Some(notify), Some(current)) = (notify, current) else {
        return;
    };
    // SAFETY: it takes nothing; on a thread without JavaScript it returns null.
    let isolate = unsafe { current() };
    if !isolate.is_null() {
        // SAFETY: this thread runs the isolate, and it is not collecting: no finalizer of the addon calls
        // this function.
        unsafe { notify(isolate) };
    }
}
