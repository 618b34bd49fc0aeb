//! Objects that the addon returns. Their members are defined, not assigned: a program can put setters of the
//! same names on `Object.prototype`, which would take assigned values for themselves.

use std::ffi::CStr;
use std::ptr;

use napi::bindgen_prelude::ToNapiValue;
use napi::{Status, sys};

/// A member: its name, and its value as a handle of the current call's scope.
pub type Member = (&'static CStr, sys::napi_value);

/// The handle of `value`.
///
/// # Errors
///
/// What Node-API says.
///
/// # Safety
///
/// `env` must be the current call's.
pub unsafe fn member<T: ToNapiValue>(
    env: sys::napi_env,
    value: T,
) -> napi::Result<sys::napi_value> {
    // SAFETY: the caller's word.
    unsafe { T::to_napi_value(env, value) }
}

/// An object with these members, which are those of an object literal.
///
/// # Errors
///
/// What Node-API says.
///
/// # Safety
///
/// `env` and the handles must be the current call's.
pub unsafe fn object<const N: usize>(
    env: sys::napi_env,
    members: [Member; N],
) -> napi::Result<sys::napi_value> {
    let mut made = ptr::null_mut();
    // SAFETY: the caller's word for `env`.
    checked(unsafe { sys::napi_create_object(env, &raw mut made) })?;
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
    // SAFETY: the object was made above; the caller's word for the values.
    let status = unsafe { sys::napi_define_properties(env, made, N, properties.as_ptr()) };
    checked(status)?;
    Ok(made)
}

fn checked(status: sys::napi_status) -> napi::Result<()> {
    match status {
        sys::Status::napi_ok => Ok(()),
        _ => Err(napi::Error::new(
            Status::from(status),
            "an object could not be made",
        )),
    }
}

/// Makes a structure an object for JavaScript: `record!(Name: c"key" => field, …)`.
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
