//! The functions on the pages of any memory, reserved or the engine's. Callers pass the pages as a buffer: the
//! ArrayBuffer of the memory, or a `Uint8Array` over all of its SharedArrayBuffer. Offsets and lengths are in
//! bytes, as numbers that `lib/` has checked.

#![allow(unsafe_code, reason = "what #[napi] writes around each function")]

use std::path::Path;
use std::sync::Arc;

use napi::{Env, Unknown};
use napi_derive::napi;

use crate::error::MemoryError;
use crate::exports::{bytes, collecting, find, to_offset};
use crate::files::snapshot_file::{self, Origin};
use crate::handles::{self, RegisteredImage};
use crate::handoff::record::record;
use crate::handoff::{self, Handoff, Result, Retained, throwing};
use crate::pages;
use crate::pages::anonymous;
use crate::pages::image::Image;
use crate::sys;
use crate::sys::HostBytes;
use crate::waits;

/// Decommits pages, which then read zero. Returns how many bytes of memory that freed.
#[napi(catch_unwind)]
pub fn discard(env: &Env, buffer: Unknown, offset: f64, length: f64) -> napi::Result<f64> {
    throwing(env, || {
        let all = handoff::pages_of(env, &buffer)?;
        let range = pages::slice(&all, to_offset(offset)..to_offset(offset + length))?;
        let released = pages::resident(&range)?;
        collecting(|| pages::discard(&range))?;
        Ok(bytes(released))
    })
}

/// Decommits all pages of a memory that is not used any more. If the system refuses, they stay until the buffer is
/// collected.
#[napi(catch_unwind)]
pub fn release(env: &Env, buffer: Unknown) -> napi::Result<()> {
    throwing(env, || {
        let all = handoff::pages_of(env, &buffer)?;
        let _ = pages::discard(&all);
        Ok(())
    })
}

/// Returns how many bytes of physical memory the pages take.
#[napi(catch_unwind)]
pub fn resident(env: &Env, buffer: Unknown) -> napi::Result<f64> {
    throwing(env, || {
        let pages = handoff::pages_of(env, &buffer)?;
        Ok(bytes(pages::resident(&pages)?))
    })
}

/// Returns how many bytes of address space an engine memory takes from its first byte on.
#[napi(catch_unwind)]
pub fn hosted_reserved(env: &Env, buffer: Unknown) -> napi::Result<f64> {
    throwing(env, || {
        let pages = handoff::pages_of(env, &buffer)?;
        Ok(bytes(pages::reserved_around(&pages)?))
    })
}

/// An image of a memory's pages.
pub struct IssuedImage<'env> {
    /// The handle, which the other functions take.
    pub id: f64,
    /// The buffer without bytes that keeps the image alive.
    pub owner: Unknown<'env>,
    /// The number of bytes that the image has.
    pub byte_length: f64,
}

record!(IssuedImage<'env>: c"id" => id, c"owner" => owner, c"byteLength" => byte_length);

/// Captures an image of the pages.
#[napi(catch_unwind)]
pub fn capture<'env>(env: &'env Env, buffer: Unknown<'env>) -> napi::Result<IssuedImage<'env>> {
    throwing(env, || {
        let pages = handoff::pages_of(env, &buffer)?;
        issue(env, collecting(|| pages::capture(&pages))?)
    })
}

/// Replaces the pages by those of an image, and by zeros beyond its end. `_owner` keeps the image alive
/// during the call. Fails while threads of this process wait for words in the pages.
#[napi(catch_unwind)]
pub fn restore(env: &Env, buffer: Unknown, image: f64, _owner: Unknown) -> napi::Result<()> {
    throwing(env, || {
        let pages = handoff::pages_of(env, &buffer)?;
        let image = find_image(image)?;
        let count = waits::count_within(pages.addresses());
        if count > 0 {
            return Err(MemoryError::WaitsPending { count }.into());
        }
        Ok(collecting(|| pages::restore(&pages, &image))?)
    })
}

/// Copies an image over the pages, and zeros beyond its end: for pages that no file may be mapped at.
/// `_owner` keeps the image alive during the call.
#[napi(catch_unwind)]
pub fn restore_copy(env: &Env, buffer: Unknown, image: f64, _owner: Unknown) -> napi::Result<()> {
    throwing(env, || {
        let pages = handoff::pages_of(env, &buffer)?;
        let image = find_image(image)?;
        Ok(collecting(|| anonymous::restore(&pages, &image))?)
    })
}

/// Copies bytes of the file that `descriptor` is open on over part of a memory: for pages that no file may be
/// mapped at.
#[napi(catch_unwind)]
pub fn copy_file(
    env: &Env,
    buffer: Unknown,
    offset: f64,
    descriptor: i32,
    file_offset: f64,
    length: f64,
) -> napi::Result<()> {
    throwing(env, || {
        let memory = handoff::pages_of(env, &buffer)?;
        let file = sys::file::duplicate(descriptor)
            .map_err(|source| MemoryError::FileFailed { source })?;
        let at = to_offset(offset)..to_offset(offset + length);
        Ok(anonymous::copy_file_bytes(
            &memory,
            at,
            &file,
            to_offset(file_offset),
        )?)
    })
}

/// Replaces pages of images and files by anonymous copies.
#[napi(catch_unwind)]
pub fn make_anonymous(env: &Env, buffer: Unknown) -> napi::Result<()> {
    throwing(env, || {
        let pages = handoff::pages_of(env, &buffer)?;
        Ok(collecting(|| anonymous::make_anonymous(&pages))?)
    })
}

/// Writes an image to the file at `path`, with the `flags` and the `maximum` by which `lib/` describes the type
/// of the memory. `_owner` keeps the image alive during the call.
#[napi(catch_unwind)]
pub fn save_image(
    env: &Env,
    id: f64,
    _owner: Unknown,
    path: String,
    flags: u32,
    maximum: f64,
) -> napi::Result<()> {
    throwing(env, || {
        let image = find_image(id)?;
        let maximum = maximum.to_bits();
        let origin = Origin { flags, maximum };
        Ok(snapshot_file::save(&image, origin, Path::new(&path))?)
    })
}

/// An image that was read from a file.
pub struct OpenedImage<'env> {
    /// As in [`IssuedImage`].
    pub id: f64,
    /// As in [`IssuedImage`].
    pub owner: Unknown<'env>,
    /// As in [`IssuedImage`].
    pub byte_length: f64,
    /// The argument of [`save_image`].
    pub flags: u32,
    /// The argument of [`save_image`].
    pub maximum: f64,
}

record!(OpenedImage<'env>: c"id" => id, c"owner" => owner, c"byteLength" => byte_length, c"flags" => flags, c"maximum" => maximum);

/// Reads an image from a file that is open for reading.
#[napi(catch_unwind)]
pub fn open_image<'env>(env: &'env Env, descriptor: i32) -> napi::Result<OpenedImage<'env>> {
    throwing(env, || {
        let file = sys::file::duplicate(descriptor)
            .map_err(|source| MemoryError::FileFailed { source })?;
        let (image, origin) = snapshot_file::read(&file)?;
        let issued = issue(env, image)?;
        Ok(OpenedImage {
            id: issued.id,
            owner: issued.owner,
            byte_length: issued.byte_length,
            flags: origin.flags,
            maximum: f64::from_bits(origin.maximum),
        })
    })
}

/// The least weight that the collector counts for an image: it also takes a descriptor, of which a process has few.
const MIN_WEIGHT: HostBytes = HostBytes::MIB;

fn issue(env: &Env, image: Image) -> Result<IssuedImage<'_>> {
    let lengths = image.extents().iter().map(ExactSizeIterator::len);
    let weight = HostBytes::round_up(lengths.sum()).unwrap_or(image.length());
    let byte_length = bytes(image.length().get());
    let image = handles::register(Arc::new(image));
    let id = image.handle().as_number();
    let retained: Retained = image;
    let handoff = Handoff::of(env);
    let owner = handoff.issue_owner(env, retained, weight.max(MIN_WEIGHT))?;
    handoff.report_external_memory(env);
    Ok(IssuedImage {
        id,
        owner,
        byte_length,
    })
}

fn find_image(id: f64) -> Result<Arc<Image>> {
    let live: Arc<RegisteredImage> = find(id, "the snapshot was released")?;
    Ok(Arc::clone(&live))
}
