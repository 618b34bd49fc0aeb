//! Objects that the addon makes for `lib/`. Their members are defined, not assigned: a program can put
//! setters of the same names on `Object.prototype`, which would intercept assigned values.

use std::ffi::CStr;
use std::ptr;

use napi::bindgen_prelude::ToNapiValue;
use napi::{Status, sys};

/// The name of a member, and its value as a handle of the current call's scope.
pub type Member = (&'static CStr, sys::napi_value);

/// Returns the handle of `value`.
///
/// # Errors
///
/// Returns Node-API's error.
///
/// # Safety
///
/// `env` must be the current call's.
pub unsafe fn member<T: ToNapiValue>(
    env: sys::napi_env,
    value: T,
) -> napi::Result<sys::napi_value> {
    // SAFETY: the caller's promise for `env`.
    unsafe { T::to_napi_value(env, value) }
}

/// Makes an object with these members, as an object literal does.
///
/// # Errors
///
/// Returns Node-API's error.
///
/// # Safety
///
/// `env` and the handles must be the current call's.
pub unsafe fn object<const N: usize>(
    env: sys::napi_env,
    members: [Member; N],
) -> napi::Result<sys::napi_value> {
    let mut made = ptr::null_mut();
    // SAFETY: the caller's promise for `env`.
    checked(unsafe { sys::napi_create_object(env, &raw mut made) })?;
    // SAFETY: the object was made above; the caller's promise for the values.
    unsafe { define(env, made, members) }?;
    Ok(made)
}

/// Defines members of an object, as those of an object literal are.
///
/// # Errors
///
/// Returns Node-API's error.
///
/// # Safety
///
/// `env` and the handles must be the current call's.
pub unsafe fn define<const N: usize>(
    env: sys::napi_env,
    object: sys::napi_value,
    members: [Member; N],
) -> napi::Result<()> {
    let properties = members.map(|(name, value)| sys::napi_property_descriptor {
        utf8name: name.as_ptr(),
        name: ptr::null_mut(),
        method: None,
        getter: None,
        setter: None,
        value,
        attributes: sys::PropertyAttributes::writable
            | sys::PropertyAttributes::enumerable
            | sys::PropertyAttributes::configurable,
        data: ptr::null_mut(),
    });
    // SAFETY: the caller's promise for the object and the values.
    checked(unsafe { sys::napi_define_properties(env, object, N, properties.as_ptr()) })
}

fn checked(status: sys::napi_status) -> napi::Result<()> {
    match status {
        sys::Status::napi_ok => Ok(()),
        _ => Err(napi::Error::new(
            Status::from(status),
            "the engine made no object",
        )),
    }
}

/// Lets a structure be returned to JavaScript, as an object: `record!(Name: c"key" => field, …)`.
macro_rules! record {
    ($name:ident $(<$lifetime:lifetime>)? : $($key:literal => $field:ident),+ $(,)?) => {
        impl $(<$lifetime>)? napi::bindgen_prelude::ToNapiValue for $name $(<$lifetime>)? {
            unsafe fn to_napi_value(
                env: napi::sys::napi_env,
                value: Self,
            ) -> napi::Result<napi::sys::napi_value> {
                let members = [
                    // SAFETY: `env` is the current call's: what this function requires.
                    $(($key, unsafe { $crate::handoff::record::member(env, value.$field) }?)),+
                ];
                // SAFETY: likewise, and so are the members.
                unsafe { $crate::handoff::record::object(env, members) }
            }
        }
    };
}
pub(crate) use record;
