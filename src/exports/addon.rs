//! The addon itself: what runs when a thread loads it, and which copy of it a process uses.

#![allow(unsafe_code, reason = "what #[napi] writes around each function")]

use napi::Env;
use napi_derive::napi;

use crate::files::backing_file::engine_growth;
use crate::handoff::record::record;
use crate::memory::spare_ranges;
use crate::sys;
use crate::waits;

/// Runs in each thread that loads the addon.
#[napi(module_exports)]
pub fn load(_exports: napi::bindgen_prelude::Object, env: Env) -> napi::Result<()> {
    // A terminated thread runs no further turn of its event loop, which would release these.
    env.add_env_cleanup_hook((), |()| {
        spare_ranges::release();
        waits::cancel_all();
        engine_growth::release();
    })
    .map(drop)
}

/// The addon of the copy of this package that this process has loaded first.
pub struct FirstCopy {
    /// The file that it was loaded from.
    pub path: String,
    /// Whether it exports the same functions as this one.
    pub is_compatible: bool,
}

record!(FirstCopy: c"path" => path, c"isCompatible" => is_compatible);

/// Returns the addon that this process uses instead of this one, or null if it uses this one.
#[napi(catch_unwind)]
pub fn first_copy() -> Option<FirstCopy> {
    sys::addon_copies::first().map(|first| FirstCopy {
        path: first.path.to_string_lossy().into_owned(),
        is_compatible: first.interface == sys::addon_copies::INTERFACE,
    })
}
