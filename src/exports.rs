//! The functions themselves. Sizes are pages, as numbers that the facade has checked.

#![allow(unsafe_code, reason = "what #[napi] writes around each function")]

use std::sync::Arc;

use napi::{Env, Error, Result, Status, Unknown};
use napi_derive::napi;

use crate::error::MemoryError;
use crate::handoff::node_api;
use crate::linear_memory::{LinearMemory, Sharing};
use crate::registry::{self, Id, LiveMemory};
use crate::units::Pages;

/// The code of the error that says that there is no memory, or none any more.
const GONE: Status = Status::Closing;

/// A new memory: its number, and the buffer that keeps it alive.
#[napi(object, object_from_js = false)]
pub struct Issued<'env> {
    /// What the other functions know the memory by.
    pub id: f64,
    /// Over all its pages.
    pub buffer: Unknown<'env>,
}

/// Makes a memory, and issues its first buffer.
#[napi(catch_unwind)]
pub fn create<'env>(
    env: &'env Env,
    initial: f64,
    maximum: Option<f64>,
    shared: bool,
) -> Result<Issued<'env>> {
    let sharing = if shared {
        Sharing::Shared
    } else {
        Sharing::Unshared
    };
    let maximum = maximum.map(pages).transpose()?;
    let memory = LinearMemory::new(pages(initial)?, maximum, sharing)?;
    let memory = registry::register(memory);
    Ok(Issued {
        id: memory.id().as_number(),
        buffer: issue_whole(env, &memory)?,
    })
}

/// Issues one more buffer over all pages: for another thread, or in place of a detached one.
#[napi(catch_unwind)]
pub fn issue<'env>(env: &'env Env, id: f64) -> Result<Unknown<'env>> {
    issue_whole(env, &find(id)?)
}

/// How many pages the memory has.
#[napi(catch_unwind)]
pub fn size(id: f64) -> Result<f64> {
    Ok(number(find(id)?.size()))
}

/// Grows an unshared memory whose buffer is `buffer`: detaches it, and returns the next.
#[napi(catch_unwind)]
pub fn grow<'env>(
    env: &'env Env,
    id: f64,
    delta: f64,
    buffer: Unknown<'env>,
) -> Result<Unknown<'env>> {
    let memory = find(id)?;
    let (_, next) = memory.grow(pages(delta)?, |extent| {
        let next = node_api::issue(env, &memory, extent)?;
        node_api::detach(env, &buffer)?;
        Ok::<_, Error>(next)
    })?;
    Ok(next)
}

/// Grows a shared memory; returns the pages before.
#[napi(catch_unwind)]
pub fn grow_shared(id: f64, delta: f64) -> Result<f64> {
    let (before, ()) = find(id)?.grow(pages(delta)?, |_| Ok::<_, Error>(()))?;
    Ok(number(before))
}

/// Moves an unshared memory's pages into those that `view` covers, all of an engine's memory of the
/// same size, and detaches `buffer`. Returns what keeps the addresses left behind mapped.
#[napi(catch_unwind)]
pub fn vacate<'env>(
    env: &'env Env,
    id: f64,
    view: Unknown<'env>,
    buffer: Unknown<'env>,
) -> Result<Unknown<'env>> {
    let memory = find(id)?;
    let destination = node_api::engine_pages(env, &view)?;
    let remains = node_api::issue(env, &memory, memory.remains())?;
    node_api::detach(env, &buffer)?;
    memory.vacate(&destination)?;
    Ok(remains)
}

/// The address of the first byte that a `Uint8Array` views.
#[napi(catch_unwind)]
pub fn address(env: &Env, view: Unknown) -> Result<f64> {
    let (base, _) = node_api::viewed_bytes(env, &view)?;
    Ok(number(u64::try_from(base.addr()).unwrap_or(0)))
}

/// Whether this engine makes SharedArrayBuffers over pages of ours.
#[napi(catch_unwind)]
pub fn has_external_shared_buffers() -> bool {
    node_api::has_shared()
}

fn issue_whole<'env>(env: &'env Env, memory: &Arc<LiveMemory>) -> Result<Unknown<'env>> {
    let extent = memory.extent()?;
    match memory.sharing() {
        Sharing::Unshared => node_api::issue(env, memory, extent),
        Sharing::Shared => node_api::issue_shared(env, memory, extent),
    }
}

fn find(id: f64) -> Result<Arc<LiveMemory>> {
    Id::from_number(id)
        .and_then(registry::find)
        .ok_or_else(|| Error::new(GONE, "the memory is gone"))
}

fn pages(count: f64) -> Result<Pages> {
    // Saturates: what is no number of pages comes back different, or beyond the limit.
    let whole = count as u64;
    Pages::new(whole)
        .filter(|_| number(whole) == count)
        .ok_or_else(|| Error::new(Status::InvalidArg, format!("{count} is no number of pages")))
}

fn number(count: u64) -> f64 {
    // Pages and addresses are far below 2^53.
    count as f64
}

impl From<MemoryError> for Error {
    fn from(error: MemoryError) -> Self {
        let status = match error {
            MemoryError::Vacated => GONE,
            _ => Status::GenericFailure,
        };
        Self::new(status, error.to_string())
    }
}
