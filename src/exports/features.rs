//! What this system and this engine offer, for `lib/engine/features.js`.

#![allow(unsafe_code, reason = "what #[napi] writes around each function")]

use napi::Env;
use napi_derive::napi;

use crate::handoff::{self, Handoff};
use crate::sys;

/// Returns whether the system provides huge pages on request.
#[napi(catch_unwind)]
pub fn has_huge_pages() -> bool {
    sys::has_huge_pages()
}

/// Returns whether the system reports which pages of this process are resident, and where they are mapped.
#[napi(catch_unwind)]
pub fn reports_page_states() -> bool {
    sys::reports_page_states()
}

/// Returns whether the system can map the pages of a file over those of a memory.
#[napi(catch_unwind)]
pub fn maps_files() -> bool {
    sys::MAPS_FILES
}

/// Returns whether the system has calls that wait for a word of memory.
#[napi(catch_unwind)]
pub fn has_waits() -> bool {
    sys::futex::is_available()
}

/// Returns whether this engine makes SharedArrayBuffers over reserved pages.
#[napi(catch_unwind)]
pub fn has_external_shared_buffers() -> bool {
    handoff::has_shared()
}

/// Returns how unshared buffers are made: "v8" or "node-api".
#[napi(catch_unwind)]
pub fn handoff_name(env: &Env) -> &'static str {
    Handoff::of(env).name()
}

/// Returns whether detach keys prevent programs from detaching unshared buffers.
#[napi(catch_unwind)]
pub fn has_detach_keys(env: &Env) -> bool {
    Handoff::of(env).has_detach_keys()
}
