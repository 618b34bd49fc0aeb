//! The functions on memories that are files, on files over parts of others, and on waiting for other
//! processes. As in `pages.rs`, memories are given as their buffers.

#![allow(unsafe_code, reason = "what #[napi] writes around each function")]

use std::fs::File;
use std::sync::Arc;
use std::time::{Duration, Instant};

use napi::bindgen_prelude::{AsyncTask, Object};
use napi::{Env, Task, Unknown};
use napi_derive::napi;

use crate::error::{FILE_GONE, MemoryError};
use crate::exports::{bytes, find, find_memory, within};
use crate::files::backing_file::{BackingFile, Flushing};
use crate::files::held_lock;
use crate::handles::{self, FileHolder, Registered, RegisteredFile};
use crate::handoff::record::record;
use crate::handoff::{self, Failure, Handoff, Result, Retained, throwing};
use crate::memory::{Backing, LinearMemory};
use crate::pages;
use crate::pages::overlay::FileId;
use crate::sys::futex::{self, WaitOutcome};
use crate::sys::{self, Address, HostBytes, PageRange, TruncationGuard, Writes};
use crate::waits;

/// A file that is to be a memory: its number, and what keeps it open.
pub struct IssuedFile<'env> {
    /// What the other functions know it by.
    pub id: f64,
    /// What [`release_file`] knows this holder by.
    pub holder: f64,
    /// A buffer without bytes.
    pub owner: Unknown<'env>,
    /// Whether what is written goes to the file.
    pub is_written: bool,
}

record!(IssuedFile<'env>: c"id" => id, c"holder" => holder, c"owner" => owner, c"isWritten" => is_written);

/// Takes the file that `descriptor` is open on. Writes go to it or nowhere. With `anew`, it is opened
/// again: what is set of the descriptor, and locked by it, is then not the memory's.
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

/// Returns the file that `descriptor` is open on, if it is open for that.
fn usable(descriptor: i32, writes: Writes) -> Result<File, MemoryError> {
    let file =
        sys::file::duplicate(descriptor).map_err(|source| MemoryError::FileFailed { source })?;
    sys::file::check_access(&file, writes)
        .map_err(|source| MemoryError::AccessDenied { source })?;
    sys::file::check_mappable(&file, writes)
        .map_err(|source| MemoryError::NotMappable { source })?;
    Ok(file)
}

/// What keeps the file of that number open, for another thread that shows the memory which it is. Null
/// where that is another one: a number is easily made up.
#[napi(catch_unwind)]
pub fn hold_file<'env>(
    env: &'env Env,
    id: f64,
    buffer: Unknown,
) -> napi::Result<Option<IssuedFile<'env>>> {
    throwing(env, || {
        let file: Arc<RegisteredFile> = find(id, FILE_GONE)?;
        if !file.is_under(&handoff::pages_of(env, &buffer)?) {
            return Ok(None);
        }
        hold(env, file).map(Some)
    })
}

/// Ends that, before the collector does: the last holder's end closes the file.
#[napi(catch_unwind)]
pub fn release_file(env: &Env, holder: f64, _owner: Unknown) -> napi::Result<()> {
    throwing(env, || {
        let holder: Arc<Registered<FileHolder>> = find(holder, FILE_GONE)?;
        holder.release();
        Ok(())
    })
}

/// Takes room on the disk for what is missing of the file's first `length` bytes, which read zero.
#[napi(catch_unwind)]
pub fn fill_file(env: &Env, id: f64, length: f64) -> napi::Result<()> {
    throwing(env, || Ok(find_file(id)?.fill(within(length))?))
}

/// Makes zeros of the bytes of a file that was `before` bytes long, and leaves `length` of them.
#[napi(catch_unwind)]
pub fn clear_file(env: &Env, id: f64, before: f64, length: f64) -> napi::Result<()> {
    throwing(env, || {
        Ok(find_file(id)?.clear(within(before), within(length))?)
    })
}

/// Cuts off what a file has beyond `length` bytes.
#[napi(catch_unwind)]
pub fn cut_file(env: &Env, id: f64, length: f64) -> napi::Result<()> {
    throwing(env, || Ok(find_file(id)?.cut(within(length))?))
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

/// How many bytes it has.
#[napi(catch_unwind)]
pub fn file_length(env: &Env, id: f64) -> napi::Result<f64> {
    throwing(env, || Ok(bytes(find_file(id)?.length()?)))
}

/// Bytes of a page of the system.
#[napi(catch_unwind)]
pub fn system_page() -> f64 {
    bytes(HostBytes::page().get())
}

/// From now on, no other thread or process changes the file's length, until [`unlock_file`].
#[napi(catch_unwind)]
pub fn lock_file(env: &Env, id: f64) -> napi::Result<()> {
    throwing(env, || Ok(held_lock::take(&find_file(id)?)?))
}

/// Releases the lock that this thread holds, if it holds one.
#[napi(catch_unwind)]
pub fn unlock_file() {
    held_lock::release();
}

/// Makes the file `length` bytes long, with what the memory has beyond its end.
#[napi(catch_unwind)]
pub fn extend_file(env: &Env, id: f64, buffer: Unknown, length: f64) -> napi::Result<()> {
    throwing(env, || {
        let memory = handoff::pages_of(env, &buffer)?;
        Ok(find_file(id)?.extend(&memory, within(length))?)
    })
}

/// Takes that back, where the memory did not grow after all. Returns whether it could. `reserved` is the
/// memory's number, if its pages are reserved.
#[napi(catch_unwind)]
pub fn shrink_file(
    env: &Env,
    id: f64,
    buffer: Unknown,
    length: f64,
    reserved: Option<f64>,
) -> napi::Result<bool> {
    throwing(env, || {
        let memory = handoff::pages_of(env, &buffer)?;
        let reserved = reserved.map(find_memory).transpose()?;
        let mut tail = reserved.as_ref().map(|reserved| reserved.tail());
        Ok(find_file(id)?.shrink(&memory, within(length), tail.as_deref_mut()))
    })
}

/// Puts the file's pages under those of the memory that are not yet. Throws where it has not `least`
/// bytes. `reserved` is the memory's number, if its pages are reserved.
#[napi(catch_unwind)]
pub fn cover_with_file(
    env: &Env,
    id: f64,
    buffer: Unknown,
    least: f64,
    reserved: Option<f64>,
) -> napi::Result<()> {
    throwing(env, || {
        let memory = handoff::pages_of(env, &buffer)?;
        let reserved = reserved.map(find_memory).transpose()?;
        let mut tail = reserved.as_ref().map(|reserved| reserved.tail());
        if tail.is_some() {
            sys::at_exit(reconcile_all);
        }
        Ok(find_file(id)?.cover(&memory, within(least), tail.as_deref_mut())?)
    })
}

/// Forgets the file, for a memory that nobody has seen.
#[napi(catch_unwind)]
pub fn forget_file(env: &Env, reserved: f64) -> napi::Result<()> {
    throwing(env, || {
        *find_memory(reserved)?.tail() = None;
        Ok(())
    })
}

/// Gives files what memories have in their last pages.
extern "C" fn reconcile_all() {
    for memory in handles::all::<LinearMemory>() {
        memory.reconcile_tail();
    }
}

/// Whether no page of the memory waits to become the file's.
#[napi(catch_unwind)]
pub fn has_taken_in(env: &Env, id: f64, buffer: Unknown) -> napi::Result<bool> {
    throwing(env, || {
        let memory = handoff::pages_of(env, &buffer)?;
        Ok(find_file(id)?.has_taken_in(&memory))
    })
}

/// What is put under the pages of `memory` when it grows: those of a file, given by its number and the
/// length that it had, if any.
pub fn under<'a>(memory: &'a LinearMemory, file: Option<(f64, f64)>) -> Result<UnderGrowth<'a>> {
    let file = file
        .map(|(id, length)| Ok::<_, Failure>((find_file(id)?, within(length))))
        .transpose()?;
    if file.is_some() {
        sys::at_exit(reconcile_all);
    }
    Ok(UnderGrowth { memory, file })
}

/// See [`under`].
#[derive(Debug)]
pub struct UnderGrowth<'a> {
    memory: &'a LinearMemory,
    file: Option<(Arc<BackingFile>, usize)>,
}

impl Backing for UnderGrowth<'_> {
    fn map(&self, pages: &PageRange) -> Result<(), MemoryError> {
        match &self.file {
            Some((file, _)) => file.cover(pages, 0, Some(&mut self.memory.tail())),
            None => Ok(()),
        }
    }

    fn unmap(&self, pages: &PageRange, kept: HostBytes) {
        if let Some((file, length)) = &self.file {
            // If that fails, the file stays as long as it is now.
            let _ = file.uncover(pages, kept.get(), *length, &mut self.memory.tail());
        }
    }
}

/// Puts them under a part of the memory again, whatever is there now.
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
        let (start, end) = (within(offset), within(offset + length));
        let released = pages::resident(&pages::slice(&memory, start..end)?)?;
        find_file(id)?.revert(&memory, start, end)?;
        Ok(bytes(released))
    })
}

/// Brings the memory and the file in step where the file ends. Returns what has happened to the memory
/// meanwhile: "moved" if the engine has moved it away from the file, "truncated" if a page of the file
/// was lost, and null otherwise. `reserved` is the memory's number, if its pages are reserved.
#[napi(catch_unwind)]
pub fn check_file(
    env: &Env,
    id: f64,
    buffer: Unknown,
    reserved: Option<f64>,
) -> napi::Result<Option<&'static str>> {
    throwing(env, || {
        let memory = handoff::pages_of(env, &buffer)?;
        let file = find_file(id)?;
        if file.was_moved(&memory) {
            return Ok(Some("moved"));
        }
        let mut was_truncated = file.was_truncated(&memory)?;
        if let Some(reserved) = reserved.map(find_memory).transpose()?
            && let Some(tail) = reserved.tail().as_mut()
        {
            tail.merge(&memory)?;
            was_truncated |= tail.was_lost();
        }
        Ok(was_truncated.then_some("truncated"))
    })
}

/// From now on, the file is under the memory whose pages these are: they were moved there.
#[napi(catch_unwind)]
pub fn rebase_file(env: &Env, id: f64, buffer: Unknown) -> napi::Result<()> {
    throwing(env, || {
        let memory = handoff::pages_of(env, &buffer)?;
        find_file(id)?.rebase(&memory);
        Ok(())
    })
}

/// Returns whether files that are mapped over parts of a memory have lost a page there: any of them or, with
/// `id`, the one that [`map_file`] returned that number for. (An array of numbers would be one that a setter
/// on `Array.prototype` can intercept.)
#[napi(catch_unwind)]
pub fn has_lost_pages(env: &Env, buffer: Unknown, id: Option<f64>) -> napi::Result<bool> {
    throwing(env, || {
        let lost = pages::truncated_files(&handoff::pages_of(env, &buffer)?);
        Ok(id.map_or(!lost.is_empty(), |id| includes(&lost, id)))
    })
}

/// Returns whether the file that [`map_file`] returned that number for still has pages in a memory.
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

/// From now on, [`rearm`] is called whenever the program has added or removed a listener of SIGBUS.
#[napi(catch_unwind)]
pub fn expect_rearm() {
    TruncationGuard::expect_reports();
}

/// Makes lost pages read zero again, after the program has added or removed a listener of SIGBUS.
#[napi(catch_unwind)]
pub fn rearm() {
    TruncationGuard::rearm(true);
}

/// Puts bytes of the file of which `descriptor` is open over part of a memory. Returns what its pages are
/// known by, 0 if there are none: all bytes were copied.
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
        let at = within(offset)..within(offset + length);
        let id = pages::map_file_bytes(&memory, at, &file, within(file_offset))?;
        Ok(id.map_or(0.0, FileId::as_number))
    })
}

/// What was written is on the disk when this returns.
#[napi(catch_unwind)]
pub fn flush_file_sync(env: &Env, id: f64, _owner: Unknown) -> napi::Result<()> {
    throwing(env, || Ok(find_file(id)?.flush()?))
}

/// The same, in another thread.
#[napi(catch_unwind)]
pub fn flush_file(env: &Env, id: f64, _owner: Unknown) -> napi::Result<AsyncTask<Flush>> {
    throwing(env, || {
        Ok(AsyncTask::new(Flush(find_file(id)?.flushing()?)))
    })
}

/// A flush under way.
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

/// Waits in a thread of its own while the word at `address` is `expected`, for `milliseconds` at most.
/// Whoever calls keeps the memory until the promise is settled.
#[napi(catch_unwind)]
pub fn wait(env: &Env, address: f64, expected: i32, milliseconds: f64) -> napi::Result<Object<'_>> {
    throwing(env, || {
        let (deferred, promise) = env.create_deferred()?;
        let deadline = Duration::try_from_secs_f64(milliseconds / 1000.0)
            .ok()
            .and_then(|timeout| Instant::now().checked_add(timeout));
        let address = Address::new(within(address));
        waits::start(address, expected.cast_unsigned(), deadline, |outcome| {
            deferred.resolve(move |env| {
                throwing(&env, || match outcome {
                    Ok(WaitOutcome::Woken) => Ok("ok"),
                    Ok(WaitOutcome::NotEqual) => Ok("not-equal"),
                    Ok(WaitOutcome::TimedOut) => Ok("timed-out"),
                    Err(source) => Err(MemoryError::FileFailed { source }.into()),
                })
            });
        });
        Ok(promise)
    })
}

/// Wakes at most `count` of those who wait for the word at `address`; returns how many.
#[napi(catch_unwind)]
pub fn notify(env: &Env, address: f64, count: u32) -> napi::Result<u32> {
    throwing(env, || {
        let woken = futex::wake(Address::new(within(address)), count);
        Ok(woken.map_err(|source| MemoryError::FileFailed { source })?)
    })
}
