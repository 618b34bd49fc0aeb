//! The functions on reserved memories. Sizes are in pages, as numbers that `lib/` has checked.

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

/// A new memory: its handle, and the buffer that keeps it alive.
pub struct Issued<'env> {
    /// The handle, which the other functions take.
    pub id: f64,
    /// The buffer over all its pages.
    pub buffer: Unknown<'env>,
}

record!(Issued<'env>: c"id" => id, c"buffer" => buffer);

/// Creates a memory, and issues its first buffer.
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
        // Reported only here: a program that creates memories can have made garbage of earlier ones, but
        // growing makes no garbage.
        Handoff::of(env).report_external_memory(env);
        Ok(Issued {
            id: memory.handle().as_number(),
            buffer,
        })
    })
}

/// Issues another buffer over all pages, which replaces a detached or shorter one.
#[napi(catch_unwind)]
pub fn issue<'env>(env: &'env Env, id: f64) -> napi::Result<Unknown<'env>> {
    throwing(env, || issue_whole(env, &find_memory(id)?))
}

/// Issues another buffer of a shared memory, for a thread that already has one: `view` is over it. Returns
/// null if that is a buffer of another memory.
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

/// Returns how many pages the memory has.
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

/// Grows a shared memory by `delta` pages. Returns how many it had before.
#[napi(catch_unwind)]
pub fn grow_shared(env: &Env, id: f64, delta: f64) -> napi::Result<f64> {
    throwing(env, || {
        let (before, ()) =
            find_memory(id)?.grow(to_pages(delta)?, |_| Ok::<_, Failure>(()), || Ok(()))?;
        Ok(number(before))
    })
}

/// Moves the pages of an unshared memory to those that `view` covers: all pages of an engine memory, or of a
/// resizable engine buffer, of the same size. Detaches `buffer`. Returns the buffer that keeps the addresses
/// mapped that the pages have left.
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

/// Closes an unshared memory: decommits its pages, and detaches `buffer`. Returns the buffer that keeps the
/// addresses mapped.
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

/// The address space that a memory takes, in bytes.
pub struct Reserved {
    /// The bytes that are kept for it.
    pub reserved: f64,
    /// The part of these bytes that is accessible.
    pub committed: f64,
}

record!(Reserved: c"reserved" => reserved, c"committed" => committed);

/// Returns the address space that a memory takes.
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

/// The result of [`move_back`].
pub struct MovedBack<'env> {
    /// The buffer over all pages.
    pub buffer: Unknown<'env>,
    /// The buffer that keeps the addresses mapped that the pages have left, as [`move_on`] returns it.
    pub keeper: Option<Unknown<'env>>,
}

record!(MovedBack<'env>: c"buffer" => buffer, c"keeper" => keeper);

/// Moves the pages of a memory that has moved out back into its reservation, from those under `buffer`, an
/// engine ArrayBuffer, which it detaches. The memory then has the size of `buffer`.
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

/// Moves the pages of a memory that has moved out on to those that `destination` covers, from those under
/// `buffer`, an engine ArrayBuffer. Detaches `buffer`. Returns the buffer that keeps the addresses mapped that
/// the pages have left, or null if only JavaScript can detach: it then does so, or calls [`undo_move`].
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

/// Undoes [`move_back`] or [`move_on`] if JavaScript could not detach `buffer`: copies the pages that were
/// moved to `moved` back to `buffer`.
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

/// Gives an engine buffer the detach key that issued buffers have, if they have one.
#[napi(catch_unwind)]
pub fn set_detach_key(env: &Env, buffer: Unknown) -> napi::Result<()> {
    throwing(env, || Handoff::of(env).set_detach_key(env, &buffer))
}

/// Detaches an engine buffer, and returns another one that has its bytes. Returns null if only JavaScript can
/// detach.
#[napi(catch_unwind)]
pub fn transfer<'env>(
    env: &'env Env,
    buffer: Unknown<'env>,
) -> napi::Result<Option<Unknown<'env>>> {
    throwing(env, || Handoff::of(env).transfer(env, &buffer))
}

/// Returns the address of the first byte that a `Uint8Array` views.
#[napi(catch_unwind)]
pub fn address(env: &Env, view: Unknown) -> napi::Result<f64> {
    throwing(env, || {
        let (base, _) = handoff::viewed_bytes(env, &view)?;
        Ok(number(u64::try_from(base.addr()).unwrap_or(0)))
    })
}

/// Unmaps the address ranges that released memories have left for the next ones. Called in a turn of the
/// event loop.
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
