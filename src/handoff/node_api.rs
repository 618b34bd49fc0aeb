//! The portable hand-off: external buffers of Node-API.
//!
//! napi-rs's own wrapper copies where an engine refuses external buffers, so that writes would be
//! lost; hence the raw calls.

use std::ffi::c_void;
use std::ptr::{self, NonNull};
use std::sync::OnceLock;

use napi::{Env, JsValue, Status, Unknown, sys};

use super::finalize_hints::{self, Held, Hint};
use crate::memory::Extent;
use crate::sys::{HostBytes, PageRange, process_symbols};

/// An ArrayBuffer over `extent`, which `held` keeps mapped, and which the buffer holds.
///
/// # Errors
///
/// What Node-API says, with no exception left pending: `NoExternalBuffersAllowed` where the engine
/// has none.
pub fn issue<'env>(env: &'env Env, held: Held, extent: Extent) -> napi::Result<Unknown<'env>> {
    let hint = finalize_hints::hold(held);
    let mut buffer = ptr::null_mut();
    // SAFETY: `extent` is mapped as long as `hint` is held, which `finalize` ends; `env` is the
    // current call's.
    let status = unsafe {
        sys::napi_create_external_arraybuffer(
            env.raw(),
            extent.base.as_ptr().cast(),
            extent.length.get(),
            Some(finalize),
            hint,
            &raw mut buffer,
        )
    };
    made(env, status, buffer, hint)
}

/// A SharedArrayBuffer over `extent`, which `held` keeps mapped, and which the buffer holds.
///
/// # Errors
///
/// As [`issue`]; also where the engine has no call for it: see [`has_shared`].
pub fn issue_shared<'env>(
    env: &'env Env,
    held: Held,
    extent: Extent,
) -> napi::Result<Unknown<'env>> {
    let create = create_shared().ok_or_else(|| failed(Status::NoExternalBuffersAllowed))?;
    let hint = finalize_hints::hold(held);
    let mut buffer = ptr::null_mut();
    // SAFETY: as in `issue`; `create` is Node-API's own function of that signature.
    let status = unsafe {
        create(
            env.raw(),
            extent.base.as_ptr().cast(),
            extent.length.get(),
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
/// What Node-API says.
pub fn detach(env: &Env, buffer: &Unknown) -> napi::Result<()> {
    // SAFETY: both are of the current call.
    let status = unsafe { sys::napi_detach_arraybuffer(env.raw(), buffer.raw()) };
    checked(status)
}

/// The address and the length of the bytes that a `Uint8Array` views.
///
/// # Errors
///
/// What Node-API says, where `view` is no typed array.
pub fn viewed_bytes(env: &Env, view: &Unknown) -> napi::Result<(*mut u8, usize)> {
    let (mut kind, mut length) = (0, 0);
    let mut data = ptr::null_mut();
    // SAFETY: `view` is of the current call; what is not asked for may be null.
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
        return Err(napi::Error::new(Status::InvalidArg, "not a Uint8Array"));
    }
    Ok((data.cast(), length))
}

/// The pages of a memory, whoever has reserved them: those of an ArrayBuffer, or of a `Uint8Array`
/// over all of a SharedArrayBuffer.
///
/// # Errors
///
/// Where they are no whole pages of the system's.
pub fn pages_of<'env>(env: &'env Env, buffer: &Unknown<'env>) -> napi::Result<PageRange<'env>> {
    let invalid = || napi::Error::new(Status::InvalidArg, "not the pages of a memory");
    let (base, bytes) = buffer_bytes(env, buffer).or_else(|_| viewed_bytes(env, buffer))?;
    let length = HostBytes::round_up(bytes)
        .filter(|length| length.get() == bytes)
        .ok_or_else(invalid)?;
    if bytes != 0 && !base.addr().is_multiple_of(HostBytes::page().get()) {
        return Err(invalid());
    }
    let base = NonNull::new(base).unwrap_or(NonNull::dangling());
    // SAFETY: whole pages under a buffer that the caller's argument keeps alive, and with it its
    // backing store, during this call. The facade passes none but a memory's own.
    Ok(unsafe { PageRange::new(base, length) })
}

/// The address and the length of the bytes of an ArrayBuffer.
fn buffer_bytes(env: &Env, buffer: &Unknown) -> napi::Result<(*mut u8, usize)> {
    let mut data = ptr::null_mut();
    let mut length = 0;
    // SAFETY: `buffer` is of the current call.
    let status = unsafe {
        sys::napi_get_arraybuffer_info(env.raw(), buffer.raw(), &raw mut data, &raw mut length)
    };
    checked(status)?;
    Ok((data.cast(), length))
}

/// Whether this engine makes external SharedArrayBuffers.
pub fn has_shared() -> bool {
    create_shared().is_some()
}

/// `napi_finalize`; for shared buffers Node-API calls it without an `env`, on any thread.
unsafe extern "C" fn finalize(_env: sys::napi_env, _data: *mut c_void, hint: Hint) {
    finalize_hints::release(hint);
}

unsafe extern "C" fn finalize_shared(_data: *mut c_void, hint: Hint) {
    finalize_hints::release(hint);
}

/// `node_api_create_external_sharedarraybuffer`, which napi-sys does not bind yet.
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
        // SAFETY: the type is the one that Node declares for this name.
        unsafe { process_symbols::symbol(c"node_api_create_external_sharedarraybuffer") }
    })
}

/// The buffer that was made; or the error, with nothing held and no exception pending.
fn made<'env>(
    env: &'env Env,
    status: sys::napi_status,
    buffer: sys::napi_value,
    hint: Hint,
) -> napi::Result<Unknown<'env>> {
    if let Err(error) = checked(status) {
        finalize_hints::release(hint);
        let mut pending = ptr::null_mut();
        // Some versions of Node throw besides. The facade throws its own error.
        // SAFETY: `env` is the current call's.
        unsafe { sys::napi_get_and_clear_last_exception(env.raw(), &raw mut pending) };
        return Err(error);
    }
    // SAFETY: Node-API made `buffer` in the current call's scope.
    Ok(unsafe { Unknown::from_raw_unchecked(env.raw(), buffer) })
}

fn checked(status: sys::napi_status) -> napi::Result<()> {
    match status {
        sys::Status::napi_ok => Ok(()),
        _ => Err(failed(status.into())),
    }
}

fn failed(status: Status) -> napi::Error {
    napi::Error::new(status, format!("the engine said {status}"))
}
