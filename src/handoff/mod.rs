//! Makes engine buffers over pages. Every buffer issued here retains its memory until the engine, and
//! everything else that has its backing store, has released it.
//!
//! Unshared buffers are made in one of two ways, chosen once for the process: see [`Handoff`].

#![allow(
    unsafe_code,
    reason = "raw calls of Node-API and V8; see the SAFETY lines"
)]

mod external_memory;
mod failure;
mod finalize_hints;
mod node_api;
pub mod record;
mod shared_ptr;
mod v8;

use std::ptr::NonNull;
use std::sync::OnceLock;

use napi::{Env, Unknown};

use crate::memory::Span;
use crate::sys::HostBytes;

pub use failure::{Failure, Result, throwing};
pub use finalize_hints::Retained;
pub use node_api::{has_shared, issue_shared, pages_of, viewed_bytes};
pub use v8::collect_garbage;

/// How unshared buffers are made and detached.
#[derive(Clone, Copy, Debug)]
pub enum Handoff {
    /// By Node-API's external buffers: on every engine.
    NodeApi,
    /// By V8's own functions, if a tested version of it exports all that are needed.
    V8(v8::Buffers),
}

/// The environment variable that disables the V8 hand-off if it is `node-api`.
const SWITCH: &str = "LINEAR_MEMORY_HANDOFF";

impl Handoff {
    /// Returns the hand-off of this process. The first call chooses it, and tests it.
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

    /// Returns its name, which `features.handoff` shows.
    pub fn name(self) -> &'static str {
        match self {
            Self::NodeApi => "node-api",
            Self::V8(_) => "v8",
        }
    }

    /// Returns whether only this addon can detach the buffers.
    pub fn has_detach_keys(self) -> bool {
        matches!(self, Self::V8(buffers) if buffers.have_detach_keys())
    }

    /// Makes an ArrayBuffer over `span`, which stays mapped as long as the buffer retains `retained`.
    ///
    /// # Errors
    ///
    /// Returns the engine's error, with no exception left pending: `NoExternalBuffersAllowed` if it has no
    /// external buffers.
    pub fn issue<'env>(
        self,
        env: &'env Env,
        retained: Retained,
        span: Span,
    ) -> Result<Unknown<'env>> {
        match self {
            Self::NodeApi => node_api::issue(env, retained, span),
            Self::V8(buffers) => buffers.issue(env, retained, span, span.length),
        }
    }

    /// Makes an ArrayBuffer without bytes that retains `retained`. The collector counts it as `weight`.
    ///
    /// # Errors
    ///
    /// Fails as [`Handoff::issue`] does.
    pub fn issue_owner<'env>(
        self,
        env: &'env Env,
        retained: Retained,
        weight: HostBytes,
    ) -> Result<Unknown<'env>> {
        let nothing = Span {
            base: NonNull::dangling(),
            length: HostBytes::ZERO,
        };
        match self {
            Self::NodeApi => node_api::issue(env, retained, nothing),
            Self::V8(buffers) => buffers.issue(env, retained, nothing, weight),
        }
    }

    /// Rejects a buffer that the engine cannot detach, before anything has changed. Node-API cannot tell
    /// beforehand: there, [`Handoff::detach`] fails.
    ///
    /// # Errors
    ///
    /// Returns `DetachableArraybufferExpected`.
    pub fn check_detachable(self, env: &Env, buffer: &Unknown) -> Result<()> {
        match self {
            Self::NodeApi => Ok(()),
            Self::V8(buffers) => buffers.check_detachable(env, buffer),
        }
    }

    /// Detaches an ArrayBuffer that [`Handoff::issue`] made.
    ///
    /// # Errors
    ///
    /// Returns `DetachableArraybufferExpected` if the engine refuses.
    pub fn detach(self, env: &Env, buffer: &Unknown) -> Result<()> {
        match self {
            Self::NodeApi => node_api::detach(env, buffer),
            Self::V8(buffers) => buffers.detach(env, buffer),
        }
    }

    /// Gives an engine buffer the detach key that issued buffers have, if they have one.
    ///
    /// # Errors
    ///
    /// Fails if `buffer` is not an ArrayBuffer.
    pub fn set_detach_key(self, env: &Env, buffer: &Unknown) -> Result<()> {
        match self {
            Self::NodeApi => Ok(()),
            Self::V8(buffers) => buffers.set_detach_key(env, buffer),
        }
    }

    /// Detaches an engine buffer, even if this package has marked it or given it a detach key, and returns
    /// another one over the same bytes. Returns `None` with Node-API, which has no call for this.
    ///
    /// # Errors
    ///
    /// Fails if the engine refuses.
    pub fn transfer<'env>(
        self,
        env: &'env Env,
        buffer: &Unknown<'env>,
    ) -> Result<Option<Unknown<'env>>> {
        match self {
            Self::NodeApi => Ok(None),
            Self::V8(buffers) => buffers.transfer(env, buffer).map(Some),
        }
    }

    /// Reports to the collector how many bytes were issued and released since the last call.
    pub fn report_external_memory(self, env: &Env) {
        if matches!(self, Self::V8(_)) {
            external_memory::report(env);
        }
    }
}
