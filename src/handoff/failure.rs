//! How failures become JavaScript errors. They cross as values: `lib/addon/errors.js` makes errors of them that name
//! the member, and never parses the text.

use std::ffi::CStr;
use std::ptr;

use napi::{Env, Status, Unknown, sys};

use super::record::{define, member};
use crate::error::MemoryError;
use crate::files::backing_file::growth::{Failed, LeftLonger};

/// The result of a function that `lib/` calls.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// Why a function that `lib/` calls fails.
#[derive(Debug)]
pub enum Failure {
    /// An operation on a memory failed.
    Memory(MemoryError),
    /// An engine call failed.
    Engine {
        /// The status that Node-API returned.
        status: Status,
        /// The message.
        text: String,
    },
    /// A call failed, and has left a file longer than it was.
    LeftLonger {
        /// Why it failed.
        cause: Box<Failure>,
        /// What it has left.
        left: LeftLonger,
    },
}

impl Failure {
    /// Makes the failure of an engine call that returned `status`.
    pub fn engine(status: Status, text: impl Into<String>) -> Self {
        let text = text.into();
        Self::Engine { status, text }
    }

    /// Returns the code that the error has in JavaScript, as [`MemoryError::code`] does.
    fn code(&self) -> &'static str {
        match self {
            Self::Memory(error) => error.code(),
            Self::Engine { status, .. } => match status {
                Status::NoExternalBuffersAllowed => "ERR_LINEAR_MEMORY_NOT_SUPPORTED",
                Status::DetachableArraybufferExpected => "ERR_LINEAR_MEMORY_NOT_DETACHABLE",
                _ => "ERR_LINEAR_MEMORY_INTERNAL",
            },
            Self::LeftLonger { cause, .. } => cause.code(),
        }
    }

    fn is_type_error(&self) -> bool {
        match self {
            Self::Memory(error) => error.is_type_error(),
            Self::Engine { status, .. } => *status == Status::InvalidArg,
            Self::LeftLonger { cause, .. } => cause.is_type_error(),
        }
    }

    /// Returns the system's error number as Node.js has it: negative.
    fn errno(&self) -> Option<i32> {
        match self {
            Self::Memory(error) => error.errno().and_then(i32::checked_neg),
            Self::Engine { .. } => None,
            Self::LeftLonger { cause, .. } => cause.errno(),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Memory(error) => error.to_string(),
            Self::Engine { text, .. } => text.clone(),
            Self::LeftLonger { cause, left } => format!("{}. {left}", cause.text()),
        }
    }

    /// Makes the error that JavaScript gets: an `Error` with the members `code`, `isTypeError` and `errno`.
    fn into_error(self, env: &Env) -> napi::Error {
        let text = self.text();
        match self.to_value(env, &text) {
            Ok(value) => napi::Error::from_unknown_without_coercion(value),
            // The engine makes no objects while it terminates the thread.
            Err(error) => error,
        }
    }

    fn to_value<'env>(&self, env: &'env Env, text: &str) -> napi::Result<Unknown<'env>> {
        let raw = env.raw();
        // SAFETY: `env` is the current call's.
        let message = unsafe { member(raw, text) }?;
        let mut error = ptr::null_mut();
        // SAFETY: likewise; an error need not have a code.
        let status =
            unsafe { sys::napi_create_error(raw, ptr::null_mut(), message, &raw mut error) };
        if status != sys::Status::napi_ok {
            return Err(napi::Error::new(status.into(), text));
        }
        // SAFETY: likewise.
        let code = unsafe { member(raw, self.code()) }?;
        // SAFETY: likewise.
        let is_type_error = unsafe { member(raw, self.is_type_error()) }?;
        // SAFETY: likewise.
        let errno = unsafe { member(raw, self.errno()) }?;
        let members: [(&CStr, sys::napi_value); 3] = [
            (c"code", code),
            (c"isTypeError", is_type_error),
            (c"errno", errno),
        ];
        // SAFETY: likewise; the values were made above.
        unsafe { define(raw, error, members) }?;
        // SAFETY: the error was made above, in the current call's scope.
        Ok(unsafe { Unknown::from_raw_unchecked(raw, error) })
    }
}

impl From<MemoryError> for Failure {
    fn from(error: MemoryError) -> Self {
        Self::Memory(error)
    }
}

impl<E: Into<Self>> From<Failed<E>> for Failure {
    fn from(Failed { cause, left }: Failed<E>) -> Self {
        let cause = cause.into();
        match left {
            Some(left) => Self::LeftLonger {
                cause: Box::new(cause),
                left,
            },
            None => cause,
        }
    }
}

impl From<napi::Error> for Failure {
    fn from(error: napi::Error) -> Self {
        Self::engine(error.status, error.reason.clone())
    }
}

/// Calls `action`. If it fails, returns the error that JavaScript gets, which napi-rs throws.
///
/// # Errors
///
/// Returns the failure of `action` as a JavaScript error.
pub fn throwing<T>(env: &Env, action: impl FnOnce() -> Result<T>) -> napi::Result<T> {
    action().map_err(|failure| failure.into_error(env))
}
