//! The functions on reserved memories. Sizes are pages, as numbers that the facade has checked.

#![allow(unsafe_code, reason = "what #[napi] writes around each function")]

use std::sync::Arc;

use napi::{Env, Unknown};
use napi_derive::napi;

use crate::exports::{bytes, collecting, find_memory, number, to_pages};
use crate::handles::{self, RegisteredMemory};
use crate::handoff::record::record;
use crate::handoff::{self, Failure, Handoff, Result, Retained, throwing};
use crate::memory::address_range::PageSize;
use crate::memory::spare_ranges;
use crate::memory::{LinearMemory, Sharing};

/// A new memory: its number, and the buffer that keeps it alive.
pub struct Issued<'env> {
    /// What the other functions know the memory by.
    pub id: f64,
    /// Over all its pages.
    pub buffer: Unknown<'env>,
}

record!(Issued<'env>: c"id" => id, c"buffer" => buffer);

/// Makes a memory, and issues its first buffer.
#[napi(catch_unwind)]
pub fn create<'env>(
    env: &'env Env,
    initial: f64,
    maximum: Option<f64>,
    shared: bool,
    huge_pages: bool,
) -> napi::Result<Issued<'env>> {
    throwing(env, || {
        let sharing = if shared {
            Sharing::Shared
        } else {
            Sharing::Unshared
        };
        let page_size = if huge_pages {
            PageSize::Huge
        } else {
            PageSize::Base
        };
        let maximum = maximum.map(to_pages).transpose()?;
        let initial = to_pages(initial)?;
        let memory = collecting(|| LinearMemory::new(initial, maximum, sharing, page_size))?;
        let memory = handles::register(memory);
        let buffer = issue_whole(env, &memory)?;
        // Only a program that makes memories can have made garbage of earlier ones; growing makes none.
        Handoff::of(env).report_external_memory(env);
        Ok(Issued {
            id: memory.handle().as_number(),
            buffer,
        })
    })
}

/// Issues one more buffer over all pages: in place of a detached one, or of a shorter one.
#[napi(catch_unwind)]
pub fn issue<'env>(env: &'env Env, id: f64) -> napi::Result<Unknown<'env>> {
    throwing(env, || issue_whole(env, &find_memory(id)?))
}

/// Issues one more buffer of a shared memory, for a thread that shows one: `view` is over it. Null where
/// that is of another memory.
#[napi(catch_unwind)]
pub fn open<'env>(env: &'env Env, id: f64, view: Unknown) -> napi::Result<Option<Unknown<'env>>> {
    throwing(env, || {
        let memory = find_memory(id)?;
        let (base, _) = handoff::viewed_bytes(env, &view)?;
        if memory.sharing() != Sharing::Shared || memory.span()?.base.as_ptr() != base {
            return Ok(None);
        }
        issue_whole(env, &memory).map(Some)
    })
}

/// How many pages the memory has.
#[napi(catch_unwind)]
pub fn size(env: &Env, id: f64) -> napi::Result<f64> {
    throwing(env, || Ok(number(find_memory(id)?.size())))
}

/// Grows an unshared memory by `delta` pages: detaches `buffer`, and returns the next one.
#[napi(catch_unwind)]
pub fn grow<'env>(
    env: &'env Env,
    id: f64,
    delta: f64,
    buffer: Unknown<'env>,
) -> napi::Result<Unknown<'env>> {
    throwing(env, || {
        let memory = find_memory(id)?;
        let handoff = Handoff::of(env);
        handoff.check_detachable(env, &buffer)?;
        let (_, next) = memory.grow(
            to_pages(delta)?,
            |span| handoff.issue(env, retained(&memory), span),
            || handoff.detach(env, &buffer),
        )?;
        Ok(next)
    })
}

/// Grows a shared memory; returns the pages before.
#[napi(catch_unwind)]
pub fn grow_shared(env: &Env, id: f64, delta: f64) -> napi::Result<f64> {
    throwing(env, || {
        let (before, ()) =
            find_memory(id)?.grow(to_pages(delta)?, |_| Ok::<_, Failure>(()), || Ok(()))?;
        Ok(number(before))
    })
}

/// Moves an unshared memory's pages into those that `view` covers, all of a memory or of a resizable
/// buffer of the engine's of the same size, and detaches `buffer`. Returns what keeps the addresses
/// left behind mapped.
#[napi(catch_unwind)]
pub fn move_out<'env>(
    env: &'env Env,
    id: f64,
    view: Unknown<'env>,
    buffer: Unknown<'env>,
) -> napi::Result<Unknown<'env>> {
    throwing(env, || {
        let memory = find_memory(id)?;
        let handoff = Handoff::of(env);
        handoff.check_detachable(env, &buffer)?;
        let destination = handoff::pages_of(env, &view)?;
        let keeper = handoff.issue(env, retained(&memory), memory.empty_span())?;
        memory.move_out(&destination, || handoff.detach(env, &buffer))?;
        Ok(keeper)
    })
}

/// Ends an unshared memory: its pages go back to the system, and `buffer` is detached. Returns what
/// keeps the addresses mapped.
#[napi(catch_unwind)]
pub fn close<'env>(env: &'env Env, id: f64, buffer: Unknown<'env>) -> napi::Result<Unknown<'env>> {
    throwing(env, || {
        let memory = find_memory(id)?;
        let handoff = Handoff::of(env);
        handoff.check_detachable(env, &buffer)?;
        let keeper = handoff.issue(env, retained(&memory), memory.empty_span())?;
        memory.close(|| handoff.detach(env, &buffer))?;
        Ok(keeper)
    })
}

/// What a memory takes of the address space, in bytes.
pub struct Reserved {
    /// All that is kept for it.
    pub reserved: f64,
    /// What of that is accessible.
    pub committed: f64,
}

record!(Reserved: c"reserved" => reserved, c"committed" => committed);

/// What a memory takes of the address space.
#[napi(catch_unwind)]
pub fn reserved(env: &Env, id: f64) -> napi::Result<Reserved> {
    throwing(env, || {
        let (reserved, committed) = find_memory(id)?.reserved();
        Ok(Reserved {
            reserved: bytes(reserved),
            committed: bytes(committed),
        })
    })
}

/// Pages that came back.
pub struct MovedBack<'env> {
    /// Over all of them.
    pub buffer: Unknown<'env>,
    /// As [`move_on`] returns it.
    pub keeper: Option<Unknown<'env>>,
}

record!(MovedBack<'env>: c"buffer" => buffer, c"keeper" => keeper);

/// Moves the pages back of a memory that has moved out: from those under `buffer`, an engine ArrayBuffer,
/// which is detached. Their number is the memory's size from now on.
#[napi(catch_unwind)]
pub fn move_back<'env>(
    env: &'env Env,
    id: f64,
    buffer: Unknown<'env>,
) -> napi::Result<MovedBack<'env>> {
    throwing(env, || {
        let memory = find_memory(id)?;
        let handoff = Handoff::of(env);
        handoff.check_detachable(env, &buffer)?;
        let source = handoff::pages_of(env, &buffer)?;
        let mut keeper = None;
        let next = memory.move_back(
            &source,
            |span| handoff.issue(env, retained(&memory), span),
            || handoff.transfer(env, &buffer).map(|other| keeper = other),
        )?;
        Ok(MovedBack {
            buffer: next,
            keeper,
        })
    })
}

/// Moves the pages on of a memory that has moved out: from those under `buffer`, an engine ArrayBuffer,
/// to those that `destination` covers. Detaches `buffer`. Returns what keeps the addresses left behind
/// mapped; null if detaching takes JavaScript, which does it next, or calls [`undo_move`].
#[napi(catch_unwind)]
pub fn move_on<'env>(
    env: &'env Env,
    id: f64,
    buffer: Unknown<'env>,
    destination: Unknown<'env>,
) -> napi::Result<Option<Unknown<'env>>> {
    throwing(env, || {
        let memory = find_memory(id)?;
        let handoff = Handoff::of(env);
        handoff.check_detachable(env, &buffer)?;
        let source = handoff::pages_of(env, &buffer)?;
        let destination = handoff::pages_of(env, &destination)?;
        let mut keeper = None;
        memory.move_on(&source, &destination, || {
            handoff.transfer(env, &buffer).map(|other| keeper = other)
        })?;
        Ok(keeper)
    })
}

/// Undoes [`move_back`] or [`move_on`] if JavaScript could not detach `buffer`: copies the pages that went
/// to `moved` back under it.
#[napi(catch_unwind)]
pub fn undo_move(env: &Env, id: f64, moved: Unknown, buffer: Unknown) -> napi::Result<()> {
    throwing(env, || {
        let (from, to) = (
            handoff::pages_of(env, &moved)?,
            handoff::pages_of(env, &buffer)?,
        );
        find_memory(id)?.undo_move(&from, &to);
        Ok(())
    })
}

/// Gives a buffer of the engine's the detach key that ours have, where there are any.
#[napi(catch_unwind)]
pub fn set_detach_key(env: &Env, buffer: Unknown) -> napi::Result<()> {
    throwing(env, || Handoff::of(env).set_detach_key(env, &buffer))
}

/// Detaches a buffer of the engine's, and returns another one, to which its bytes have gone; null
/// where that takes JavaScript.
#[napi(catch_unwind)]
pub fn transfer<'env>(
    env: &'env Env,
    buffer: Unknown<'env>,
) -> napi::Result<Option<Unknown<'env>>> {
    throwing(env, || Handoff::of(env).transfer(env, &buffer))
}

/// The address of the first byte that a `Uint8Array` views.
#[napi(catch_unwind)]
pub fn address(env: &Env, view: Unknown) -> napi::Result<f64> {
    throwing(env, || {
        let (base, _) = handoff::viewed_bytes(env, &view)?;
        Ok(number(u64::try_from(base.addr()).unwrap_or(0)))
    })
}

/// Unmaps what released memories left for the next ones: called in a turn of the event loop.
#[napi(catch_unwind)]
pub fn release_spares() {
    spare_ranges::release();
}

fn issue_whole<'env>(env: &'env Env, memory: &Arc<RegisteredMemory>) -> Result<Unknown<'env>> {
    let span = memory.span()?;
    if memory.sharing() == Sharing::Shared {
        return handoff::issue_shared(env, retained(memory), span);
    }
    Handoff::of(env).issue(env, retained(memory), span)
}

/// Returns what a buffer of the memory keeps alive.
pub fn retained(memory: &Arc<RegisteredMemory>) -> Retained {
    Arc::<RegisteredMemory>::clone(memory)
}
