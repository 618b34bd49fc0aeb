//! Errors of Mach calls.

use std::io;

use mach2::kern_return::kern_return_t;

/// Returns the error for a `call` that returned `code`.
pub fn mach_error(call: &str, code: kern_return_t) -> io::Error {
    io::Error::other(format!("{call} returned {code}"))
}
