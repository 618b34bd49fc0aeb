//! What this system and this engine offer, for `lib/engine/features.js`.

#![allow(unsafe_code, reason = "what #[napi] writes around each function")]

use napi::Env;
use napi_derive::napi;

use crate::handoff::{self, Handoff};
use crate::sys;

/// Whether the system gives huge pages to who asks for them.
#[napi(catch_unwind)]
pub fn has_huge_pages() -> bool {
    sys::has_huge_pages()
}

/// Whether the system tells of this process's pages.
#[napi(catch_unwind)]
pub fn tells_page_states() -> bool {
    sys::reports_page_states()
}

/// Whether the system can put a file's pages in place of a memory's.
#[napi(catch_unwind)]
pub fn maps_files() -> bool {
    sys::MAPS_FILES
}

/// Whether the system has waits for a word of memory.
#[napi(catch_unwind)]
pub fn has_waits() -> bool {
    sys::futex::is_available()
}

/// Whether this engine makes SharedArrayBuffers over pages of ours.
#[napi(catch_unwind)]
pub fn has_external_shared_buffers() -> bool {
    handoff::has_shared()
}

/// How unshared buffers are made: "v8" or "node-api".
#[napi(catch_unwind)]
pub fn handoff_name(env: &Env) -> &'static str {
    Handoff::of(env).name()
}

/// Whether a program cannot detach unshared buffers.
#[napi(catch_unwind)]
pub fn has_detach_keys(env: &Env) -> bool {
    Handoff::of(env).has_detach_keys()
}
