//! Pages to engine buffers. Every buffer issued here holds its memory until the engine, and whoever
//! else has its backing store, lets go of it.
//!
//! Unshared buffers are made in one of two ways, chosen once for the process: see [`Handoff`].

#![allow(
    unsafe_code,
    reason = "raw calls of Node-API and V8; see the SAFETY lines"
)]

mod external_memory;
mod finalize_hints;
mod node_api;
pub mod record;
mod shared_ptr;
mod v8;

use std::ptr::NonNull;
use std::sync::OnceLock;

use napi::{Env, Unknown};

use crate::memory::Extent;
use crate::sys::HostBytes;

pub use finalize_hints::Held;
pub use node_api::{has_shared, issue_shared, pages_of, viewed_bytes};
pub use v8::collect_garbage;

/// How unshared buffers are made and detached.
#[derive(Clone, Copy, Debug)]
pub enum Handoff {
    /// Node-API's external buffers: everywhere.
    NodeApi,
    /// V8's own, where a tested version of it exports what they need.
    V8(v8::Buffers),
}

/// What switches the V8 hand-off off, set to `node-api`.
const SWITCH: &str = "LINEAR_MEMORY_HANDOFF";

impl Handoff {
    /// The one of this process; found, and tested, by the first call.
    pub fn of(env: &Env) -> Self {
        static CHOSEN: OnceLock<Handoff> = OnceLock::new();
        *CHOSEN.get_or_init(|| {
            if std::env::var_os(SWITCH).is_some_and(|value| value == "node-api") {
                return Self::NodeApi;
            }
            v8::Buffers::find()
                .filter(|buffers| buffers.work(env))
                .map_or(Self::NodeApi, Self::V8)
        })
    }

    /// Its name, as `features.handoff` has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::NodeApi => "node-api",
            Self::V8(_) => "v8",
        }
    }

    /// Whether nobody but us can detach the buffers.
    pub fn has_detach_keys(self) -> bool {
        matches!(self, Self::V8(buffers) if buffers.have_detach_keys())
    }

    /// An ArrayBuffer over `extent`, which `held` keeps mapped, and which the buffer holds.
    ///
    /// # Errors
    ///
    /// What the engine says, with no exception left pending: `NoExternalBuffersAllowed` where it has
    /// no external buffers.
    pub fn issue<'env>(
        self,
        env: &'env Env,
        held: Held,
        extent: Extent,
    ) -> napi::Result<Unknown<'env>> {
        match self {
            Self::NodeApi => node_api::issue(env, held, extent),
            Self::V8(buffers) => buffers.issue(env, held, extent, extent.length),
        }
    }

    /// An ArrayBuffer without bytes that holds `held`, which weighs `weight`.
    ///
    /// # Errors
    ///
    /// As [`Handoff::issue`].
    pub fn issue_owner<'env>(
        self,
        env: &'env Env,
        held: Held,
        weight: HostBytes,
    ) -> napi::Result<Unknown<'env>> {
        let nothing = Extent {
            base: NonNull::dangling(),
            length: HostBytes::ZERO,
        };
        match self {
            Self::NodeApi => node_api::issue(env, held, nothing),
            Self::V8(buffers) => buffers.issue(env, held, nothing, weight),
        }
    }

    /// Refuses a buffer that the engine cannot detach, before anything has changed. Node-API cannot ask:
    /// there, [`Handoff::detach`] fails.
    ///
    /// # Errors
    ///
    /// `DetachableArraybufferExpected`.
    pub fn check_detachable(self, env: &Env, buffer: &Unknown) -> napi::Result<()> {
        match self {
            Self::NodeApi => Ok(()),
            Self::V8(buffers) => buffers.check_detachable(env, buffer),
        }
    }

    /// Detaches an ArrayBuffer that [`Handoff::issue`] made.
    ///
    /// # Errors
    ///
    /// `DetachableArraybufferExpected` if the engine refuses.
    pub fn detach(self, env: &Env, buffer: &Unknown) -> napi::Result<()> {
        match self {
            Self::NodeApi => node_api::detach(env, buffer),
            Self::V8(buffers) => buffers.detach(env, buffer),
        }
    }

    /// Gives a buffer of the engine's the detach key that ours have, if they have one.
    ///
    /// # Errors
    ///
    /// Where it is no buffer.
    pub fn set_detach_key(self, env: &Env, buffer: &Unknown) -> napi::Result<()> {
        match self {
            Self::NodeApi => Ok(()),
            Self::V8(buffers) => buffers.set_detach_key(env, buffer),
        }
    }

    /// Detaches a buffer of the engine's, whatever marks and keys it has from us, and returns another
    /// one over the same bytes. Node-API has no means for it: `None`.
    ///
    /// # Errors
    ///
    /// Where the engine refuses.
    pub fn transfer<'env>(
        self,
        env: &'env Env,
        buffer: &Unknown<'env>,
    ) -> napi::Result<Option<Unknown<'env>>> {
        match self {
            Self::NodeApi => Ok(None),
            Self::V8(buffers) => buffers.transfer(env, buffer).map(Some),
        }
    }

    /// Tells the collector what the buffers issued and released since the last time weigh.
    pub fn settle(self, env: &Env) {
        if matches!(self, Self::V8(_)) {
            external_memory::settle(env);
        }
    }
}
