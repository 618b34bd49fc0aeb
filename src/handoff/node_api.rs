//! The portable hand-off: external buffers of Node-API.
//!
//! These are raw calls because napi-rs's own wrapper copies the bytes if an engine refuses external
//! buffers: writes would then be lost.

use std::ffi::c_void;
use std::ptr::{self, NonNull};
use std::sync::OnceLock;

use napi::{Env, JsValue, Status, Unknown, sys};

use super::failure::{Failure, Result};
use super::finalize_hints::{self, Hint, Retained};
use crate::memory::Span;
use crate::sys::{HostBytes, PageRange, process_symbols};

/// Makes an ArrayBuffer over `span`, which stays mapped as long as the buffer retains `retained`.
///
/// # Errors
///
/// Returns Node-API's error, with no exception left pending: `NoExternalBuffersAllowed` if the engine
/// has no external buffers.
pub fn issue<'env>(env: &'env Env, retained: Retained, span: Span) -> Result<Unknown<'env>> {
    let hint = finalize_hints::retain(retained);
    let mut buffer = ptr::null_mut();
    // SAFETY: `span` is mapped until `finalize` releases `hint`; `env` is the current call's.
    let status = unsafe {
        sys::napi_create_external_arraybuffer(
            env.raw(),
            span.base.as_ptr().cast(),
            span.length.get(),
            Some(finalize),
            hint,
            &raw mut buffer,
        )
    };
    made(env, status, buffer, hint)
}

/// Makes a SharedArrayBuffer over `span`, which stays mapped as long as the buffer retains `retained`.
///
/// # Errors
///
/// Fails as [`issue`] does, and if the engine has no call for it: see [`has_shared`].
pub fn issue_shared<'env>(env: &'env Env, retained: Retained, span: Span) -> Result<Unknown<'env>> {
    let create = create_shared().ok_or_else(|| failed(Status::NoExternalBuffersAllowed))?;
    let hint = finalize_hints::retain(retained);
    let mut buffer = ptr::null_mut();
    // SAFETY: as in `issue`; `create` is Node-API's own function of that signature.
    let status = unsafe {
        create(
            env.raw(),
            span.base.as_ptr().cast(),
            span.length.get(),
            Some(finalize_shared),
            hint,
            &raw mut buffer,
        )
    };
    made(env, status, buffer, hint)
}

/// Detaches an ArrayBuffer.
///
/// # Errors
///
/// Returns Node-API's error.
pub fn detach(env: &Env, buffer: &Unknown) -> Result<()> {
    // SAFETY: both are of the current call.
    let status = unsafe { sys::napi_detach_arraybuffer(env.raw(), buffer.raw()) };
    checked(status)
}

/// Returns the address and the length of the bytes that a `Uint8Array` views.
///
/// # Errors
///
/// Returns Node-API's error if `view` is not a typed array.
pub fn viewed_bytes(env: &Env, view: &Unknown) -> Result<(*mut u8, usize)> {
    let (mut kind, mut length) = (0, 0);
    let mut data = ptr::null_mut();
    // SAFETY: `view` is of the current call; results that are not needed may be null.
    let status = unsafe {
        sys::napi_get_typedarray_info(
            env.raw(),
            view.raw(),
            &raw mut kind,
            &raw mut length,
            &raw mut data,
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    checked(status)?;
    if kind != sys::TypedarrayType::uint8_array {
        return Err(Failure::engine(Status::InvalidArg, "not a Uint8Array"));
    }
    Ok((data.cast(), length))
}

/// Returns the pages of a memory, whether reserved or the engine's: the bytes of an ArrayBuffer, or of a
/// `Uint8Array` over all of a SharedArrayBuffer.
///
/// # Errors
///
/// Fails if they are not whole system pages.
pub fn pages_of<'env>(env: &'env Env, buffer: &Unknown<'env>) -> Result<PageRange<'env>> {
    let invalid = || Failure::engine(Status::InvalidArg, "not the pages of a memory");
    let (base, bytes) = buffer_bytes(env, buffer).or_else(|_| viewed_bytes(env, buffer))?;
    let length = HostBytes::round_up(bytes)
        .filter(|length| length.get() == bytes)
        .ok_or_else(invalid)?;
    if bytes != 0 && !base.addr().is_multiple_of(HostBytes::page().get()) {
        return Err(invalid());
    }
    let base = NonNull::new(base).unwrap_or(NonNull::dangling());
    // SAFETY: these are whole pages, and the caller's argument keeps the buffer and its backing store
    // alive during this call. `lib/` only passes the buffers of memories.
    Ok(unsafe { PageRange::new(base, length) })
}

/// Returns the address and the length of the bytes of an ArrayBuffer.
fn buffer_bytes(env: &Env, buffer: &Unknown) -> Result<(*mut u8, usize)> {
    let mut data = ptr::null_mut();
    let mut length = 0;
    // SAFETY: `buffer` is of the current call.
    let status = unsafe {
        sys::napi_get_arraybuffer_info(env.raw(), buffer.raw(), &raw mut data, &raw mut length)
    };
    checked(status)?;
    Ok((data.cast(), length))
}

/// Returns whether this engine makes external SharedArrayBuffers.
pub fn has_shared() -> bool {
    create_shared().is_some()
}

/// Is the `napi_finalize` of unshared buffers. Node-API calls that of shared ones without an `env`, on any
/// thread.
unsafe extern "C" fn finalize(_env: sys::napi_env, _data: *mut c_void, hint: Hint) {
    finalize_hints::release(hint);
}

unsafe extern "C" fn finalize_shared(_data: *mut c_void, hint: Hint) {
    finalize_hints::release(hint);
}

/// The type of `node_api_create_external_sharedarraybuffer`, which napi-sys does not bind yet.
type CreateShared = unsafe extern "C" fn(
    env: sys::napi_env,
    data: *mut c_void,
    byte_length: usize,
    finalize: Option<unsafe extern "C" fn(data: *mut c_void, hint: Hint)>,
    hint: Hint,
    result: *mut sys::napi_value,
) -> sys::napi_status;

fn create_shared() -> Option<CreateShared> {
    static FUNCTION: OnceLock<Option<CreateShared>> = OnceLock::new();
    *FUNCTION.get_or_init(|| {
        // SAFETY: the type is the one that Node.js declares for this name.
        unsafe { process_symbols::symbol(c"node_api_create_external_sharedarraybuffer") }
    })
}

/// Returns the buffer that was made; or the error, with nothing retained and no exception pending.
fn made<'env>(
    env: &'env Env,
    status: sys::napi_status,
    buffer: sys::napi_value,
    hint: Hint,
) -> Result<Unknown<'env>> {
    if let Err(error) = checked(status) {
        finalize_hints::release(hint);
        let mut pending = ptr::null_mut();
        // Some versions of Node.js throw as well as return an error.
        // SAFETY: `env` is the current call's.
        unsafe { sys::napi_get_and_clear_last_exception(env.raw(), &raw mut pending) };
        return Err(error);
    }
    // SAFETY: Node-API made `buffer` in the current call's scope.
    Ok(unsafe { Unknown::from_raw_unchecked(env.raw(), buffer) })
}

fn checked(status: sys::napi_status) -> Result<()> {
    match status {
        sys::Status::napi_ok => Ok(()),
        _ => Err(failed(status.into())),
    }
}

fn failed(status: Status) -> Failure {
    Failure::engine(status, format!("Node-API returned {status}"))
}
