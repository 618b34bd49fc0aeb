//! The functions on file-backed memories, and on files that are mapped over parts of memories. As in
//! `pages.rs`, callers pass a memory as its buffer.

#![allow(unsafe_code, reason = "what #[napi] writes around each function")]

use std::fs::File;
use std::sync::Arc;

use napi::bindgen_prelude::AsyncTask;
use napi::{Env, Task, Unknown};
use napi_derive::napi;

use crate::error::{FILE_GONE, MemoryError};
use crate::exports::memory::retained;
use crate::exports::{bytes, find, find_memory, number, to_offset, to_pages};
use crate::files::backing_file::engine_growth;
use crate::files::backing_file::{BackingFile, Flushing, Loss};
use crate::handles::{self, FileHolder, Registered, RegisteredFile, RegisteredMemory};
use crate::handoff::record::record;
use crate::handoff::{self, Handoff, Result, Retained, throwing};
use crate::memory::LinearMemory;
use crate::pages;
use crate::pages::overlay::FileId;
use crate::sys::{self, HostBytes, TruncationGuard, Writes};

/// A file that is to back a memory, and a holder that keeps it open.
pub struct IssuedFile<'env> {
    /// The handle of the file.
    pub id: f64,
    /// The handle of this holder, for [`release_file`].
    pub holder: f64,
    /// A buffer without bytes. When it is collected, the holder releases the file.
    pub owner: Unknown<'env>,
    /// Whether writes to the memory reach the file.
    pub is_written: bool,
}

record!(IssuedFile<'env>: c"id" => id, c"holder" => holder, c"owner" => owner, c"isWritten" => is_written);

/// Takes the file that `descriptor` is open on. Writes to the memory reach the file only if `is_written`. With
/// `anew`, the file is opened again, so that flags and locks of the descriptor do not apply to the memory.
#[napi(catch_unwind)]
pub fn take_file(
    env: &Env,
    descriptor: i32,
    is_written: bool,
    anew: bool,
) -> napi::Result<IssuedFile<'_>> {
    throwing(env, || {
        let writes = if is_written {
            Writes::ToFile
        } else {
            Writes::Private
        };
        let mut file = usable(descriptor, writes)?;
        if anew {
            file = sys::file::reopen(&file)
                .map_err(|source| MemoryError::ReopenFailed { descriptor, source })?;
        }
        let file = Arc::new(BackingFile::new(file, writes));
        hold(env, handles::register(file))
    })
}

/// Returns the file that `descriptor` is open on; fails if the descriptor or the file does not allow such writes.
fn usable(descriptor: i32, writes: Writes) -> Result<File, MemoryError> {
    let file =
        sys::file::duplicate(descriptor).map_err(|source| MemoryError::FileFailed { source })?;
    sys::file::check_access(&file, writes)
        .map_err(|source| MemoryError::AccessDenied { source })?;
    sys::file::check_mappable(&file, writes)
        .map_err(|source| MemoryError::NotMappable { source })?;
    Ok(file)
}

/// Adds a holder to a file, for a thread that has the memory of this file. Returns null if `buffer` is of another
/// memory: a program can make up a handle.
#[napi(catch_unwind)]
pub fn hold_file<'env>(
    env: &'env Env,
    id: f64,
    buffer: Unknown,
) -> napi::Result<Option<IssuedFile<'env>>> {
    throwing(env, || {
        let file: Arc<RegisteredFile> = find(id, FILE_GONE)?;
        if !file.is_at(&handoff::pages_of(env, &buffer)?) {
            return Ok(None);
        }
        hold(env, file).map(Some)
    })
}

/// Releases a holder before it is collected. The last one that is released closes the file.
#[napi(catch_unwind)]
pub fn release_file(env: &Env, holder: f64, _owner: Unknown) -> napi::Result<()> {
    throwing(env, || {
        let holder: Arc<Registered<FileHolder>> = find(holder, FILE_GONE)?;
        holder.release();
        Ok(())
    })
}

fn hold(env: &Env, file: Arc<RegisteredFile>) -> Result<IssuedFile<'_>> {
    let id = file.handle().as_number();
    let is_written = file.is_written();
    let live = handles::register(FileHolder::of(file)?);
    let holder = live.handle().as_number();
    let retained: Retained = live;
    let owner = Handoff::of(env).issue_owner(env, retained, HostBytes::ZERO)?;
    Ok(IssuedFile {
        id,
        holder,
        owner,
        is_written,
    })
}

fn find_file(id: f64) -> Result<Arc<BackingFile>> {
    let live: Arc<RegisteredFile> = find(id, FILE_GONE)?;
    Ok(Arc::clone(&live))
}

/// Returns the reserved memory of a handle, if there is a handle. Registers what is to run at the end of the process:
/// the page in which the file ends is the memory's own, and is then written to the file.
fn find_reserved(handle: Option<f64>) -> Result<Option<Arc<RegisteredMemory>>> {
    let Some(handle) = handle else {
        return Ok(None);
    };
    sys::at_exit(reconcile_tails);
    find_memory(handle).map(Some)
}

/// Writes the pages in which files end to these files.
extern "C" fn reconcile_tails() {
    for memory in handles::all::<LinearMemory>() {
        memory.reconcile_tail();
    }
}

/// Maps a file at the pages of `buffer`, those of a new memory. The file had `size` bytes when it was opened. With
/// `empties`, empties it first. `reserved` is the memory's handle, if its pages are reserved.
#[napi(catch_unwind)]
pub fn begin_file(
    env: &Env,
    id: f64,
    buffer: Unknown,
    size: f64,
    empties: bool,
    reserved: Option<f64>,
) -> napi::Result<()> {
    throwing(env, || {
        let pages = handoff::pages_of(env, &buffer)?;
        let memory = find_reserved(reserved)?;
        let memory = memory.as_ref().map(|memory| &***memory);
        Ok(find_file(id)?.begin(&pages, memory, to_offset(size), empties)?)
    })
}

/// A memory that has grown.
pub struct Grown<'env> {
    /// Its pages before, with those that other processes have added to the file.
    pub before: f64,
    /// The next buffer.
    pub buffer: Unknown<'env>,
}

record!(Grown<'env>: c"before" => before, c"buffer" => buffer);

/// Grows a file-backed reserved memory and its file: by `delta` pages, beyond those that other processes have added
/// to the file, to `limit` at most. Detaches `buffer`, and returns the next one.
#[napi(catch_unwind)]
pub fn grow_with_file<'env>(
    env: &'env Env,
    memory: f64,
    id: f64,
    delta: f64,
    limit: f64,
    buffer: Unknown<'env>,
) -> napi::Result<Grown<'env>> {
    throwing(env, || {
        let file = find_file(id)?;
        let memory = find_memory(memory)?;
        let handoff = Handoff::of(env);
        handoff.check_detachable(env, &buffer)?;
        let (before, buffer) = file.grow(
            &memory,
            (to_pages(delta)?, to_pages(limit)?),
            |span| handoff.issue(env, retained(&memory), span),
            || handoff.detach(env, &buffer),
        )?;
        Ok(Grown {
            before: number(before),
            buffer,
        })
    })
}

/// Moves the pages of a file-backed reserved memory, with the file, as [`super::memory::move_out`] does.
#[napi(catch_unwind)]
pub fn move_out_with_file<'env>(
    env: &'env Env,
    memory: f64,
    id: f64,
    view: Unknown<'env>,
    buffer: Unknown<'env>,
) -> napi::Result<Unknown<'env>> {
    throwing(env, || {
        let file = find_file(id)?;
        let memory = find_memory(memory)?;
        let handoff = Handoff::of(env);
        handoff.check_detachable(env, &buffer)?;
        let destination = handoff::pages_of(env, &view)?;
        let keeper = handoff.issue(env, retained(&memory), memory.empty_span())?;
        file.move_out(&memory, &destination, || handoff.detach(env, &buffer))?;
        Ok(keeper)
    })
}

/// What the engine is to do between [`begin_engine_growth`] and [`finish_engine_growth`].
pub struct EngineGrowth {
    /// The memory's pages before, with those that other processes have added to the file.
    pub before: f64,
    /// By how many pages the engine is to grow the memory.
    pub added: f64,
}

record!(EngineGrowth: c"before" => before, c"added" => added);

/// Locks the length of a file, and extends the file for a growth of the engine memory over `buffer`: by
/// `delta` pages, beyond those that other processes have added to the file, to `limit` at most. The thread
/// holds the lock until [`finish_engine_growth`] or [`abandon_engine_growth`].
#[napi(catch_unwind)]
pub fn begin_engine_growth(
    env: &Env,
    id: f64,
    buffer: Unknown,
    delta: f64,
    limit: f64,
) -> napi::Result<EngineGrowth> {
    throwing(env, || {
        let pages = handoff::pages_of(env, &buffer)?;
        let (delta, limit) = (to_pages(delta)?, to_pages(limit)?);
        let begun = engine_growth::begin(&find_file(id)?, &pages, delta, limit)?;
        Ok(EngineGrowth {
            before: number(begun.before),
            added: number(begun.added.count()),
        })
    })
}

/// Maps the file at the pages that the engine has added, and releases the lock. Returns what has happened to the
/// memory, as [`check_file`] does.
#[napi(catch_unwind)]
pub fn finish_engine_growth(env: &Env, buffer: Unknown) -> napi::Result<Option<&'static str>> {
    throwing(env, || {
        let pages = handoff::pages_of(env, &buffer);
        // Even if there are none: the lock is released.
        let loss = pages.and_then(|pages| Ok(engine_growth::finish(&pages)?));
        engine_growth::release();
        Ok(loss?.map(name_of))
    })
}

/// Makes the file as short again as it was, since the engine did not grow the memory, and releases the lock.
/// Returns a sentence if the file stays longer.
#[napi(catch_unwind)]
pub fn abandon_engine_growth(env: &Env, buffer: Unknown) -> napi::Result<Option<String>> {
    throwing(env, || {
        let pages = handoff::pages_of(env, &buffer);
        let left = pages.map(|pages| engine_growth::abandon(&pages));
        engine_growth::release();
        Ok(left?.map(|left| left.to_string()))
    })
}

/// Releases the lock of a growth that this thread has begun, and that a termination has cut off.
#[napi(catch_unwind)]
pub fn release_engine_growth() {
    engine_growth::release();
}

/// Extends a file to the pages of its memory that it does not have yet: a module has added them, or an
/// earlier call could not. `reserved` is the memory's handle, if its pages are reserved.
#[napi(catch_unwind)]
pub fn reconcile_file(
    env: &Env,
    id: f64,
    buffer: Unknown,
    reserved: Option<f64>,
) -> napi::Result<()> {
    throwing(env, || {
        let pages = handoff::pages_of(env, &buffer)?;
        let memory = find_reserved(reserved)?;
        let memory = memory.as_ref().map(|memory| &***memory);
        Ok(find_file(id)?.reconcile(&pages, memory)?)
    })
}

/// Maps the file again at a part of the memory, in place of the pages there. Returns how many bytes of them were
/// resident.
#[napi(catch_unwind)]
pub fn revert_to_file(
    env: &Env,
    id: f64,
    buffer: Unknown,
    offset: f64,
    length: f64,
) -> napi::Result<f64> {
    throwing(env, || {
        let memory = handoff::pages_of(env, &buffer)?;
        let (start, end) = (to_offset(offset), to_offset(offset + length));
        let released = pages::resident(&pages::slice(&memory, start..end)?)?;
        find_file(id)?.revert(&memory, start, end)?;
        Ok(bytes(released))
    })
}

/// Reconciles the page in which a file ends. Returns what has happened to the memory: "moved" if the engine
/// has moved it away from the file's pages, "truncated" if a page of the file was lost, null otherwise.
/// `reserved` is the memory's handle, if its pages are reserved.
#[napi(catch_unwind)]
pub fn check_file(
    env: &Env,
    id: f64,
    buffer: Unknown,
    reserved: Option<f64>,
) -> napi::Result<Option<&'static str>> {
    throwing(env, || {
        let pages = handoff::pages_of(env, &buffer)?;
        let memory = reserved.map(find_memory).transpose()?;
        let mut tail = memory.as_ref().map(|memory| memory.tail());
        let loss = find_file(id)?.check(&pages, tail.as_deref_mut())?;
        Ok(loss.map(name_of))
    })
}

fn name_of(loss: Loss) -> &'static str {
    match loss {
        Loss::Moved => "moved",
        Loss::Truncated => "truncated",
    }
}

/// Returns whether a file that is mapped over part of a memory has lost a page there: any file or, with `id`, the
/// file that [`map_file`] returned this number for. (Does not return an array of numbers: a setter on
/// `Array.prototype` can intercept its elements.)
#[napi(catch_unwind)]
pub fn has_lost_pages(env: &Env, buffer: Unknown, id: Option<f64>) -> napi::Result<bool> {
    throwing(env, || {
        let lost = pages::truncated_files(&handoff::pages_of(env, &buffer)?);
        Ok(id.map_or(!lost.is_empty(), |id| includes(&lost, id)))
    })
}

/// Returns whether the file that [`map_file`] returned this number for still has pages in a memory.
#[napi(catch_unwind)]
pub fn is_mapped(env: &Env, buffer: Unknown, id: f64) -> napi::Result<bool> {
    throwing(env, || {
        let mapped = pages::mapped_files(&handoff::pages_of(env, &buffer)?);
        Ok(includes(&mapped, id))
    })
}

fn includes(files: &[FileId], id: f64) -> bool {
    files.iter().any(|file| file.as_number() == id)
}

/// Announces that [`rearm`] will be called whenever the program has added or removed a listener of SIGBUS.
#[napi(catch_unwind)]
pub fn expect_rearm() {
    TruncationGuard::expect_reports();
}

/// Makes lost pages read zero again, after the program has added or removed a listener of SIGBUS.
#[napi(catch_unwind)]
pub fn rearm() {
    TruncationGuard::rearm(true);
}

/// Maps bytes of the file that `descriptor` is open on over part of a memory. Returns a number for that file, or
/// 0 if all bytes were copied and no page was mapped.
#[napi(catch_unwind)]
pub fn map_file(
    env: &Env,
    buffer: Unknown,
    offset: f64,
    descriptor: i32,
    file_offset: f64,
    length: f64,
) -> napi::Result<f64> {
    throwing(env, || {
        let memory = handoff::pages_of(env, &buffer)?;
        let file = usable(descriptor, Writes::Private)?;
        let at = to_offset(offset)..to_offset(offset + length);
        let id = pages::map_file_bytes(&memory, at, &file, to_offset(file_offset))?;
        Ok(id.map_or(0.0, FileId::as_number))
    })
}

/// Flushes a file to disk before it returns.
#[napi(catch_unwind)]
pub fn flush_file_sync(env: &Env, id: f64, _owner: Unknown) -> napi::Result<()> {
    throwing(env, || Ok(find_file(id)?.flush()?))
}

/// Flushes a file to disk on another thread.
#[napi(catch_unwind)]
pub fn flush_file(env: &Env, id: f64, _owner: Unknown) -> napi::Result<AsyncTask<Flush>> {
    throwing(env, || {
        Ok(AsyncTask::new(Flush(find_file(id)?.flushing()?)))
    })
}

/// A flush that runs on another thread.
#[derive(Debug)]
pub struct Flush(Flushing);

impl Task for Flush {
    type Output = Result<(), MemoryError>;
    type JsValue = ();

    fn compute(&mut self) -> napi::Result<Self::Output> {
        Ok(self.0.flush())
    }

    fn resolve(&mut self, env: Env, flushed: Self::Output) -> napi::Result<()> {
        throwing(&env, || Ok(flushed?))
    }
}
