//! Which pages are in memory (`mincore(2)`).

use std::io;
use std::ptr;

use crate::sys::{Addresses, fault, page_size};

/// Returns how many bytes of `addresses` are in memory.
///
/// # Errors
///
/// Returns the error from `mincore(2)`.
pub fn resident_bytes(addresses: Addresses) -> io::Result<usize> {
    const PAGES: usize = 4096;
    let page = page_size();
    let mut states = [0; PAGES];
    let mut bytes = 0_usize;
    for chunk in addresses.chunks(PAGES * page) {
        fault::check("mincore")?;
        let first = ptr::without_provenance(chunk.start().get());
        // SAFETY: the kernel checks the addresses, and `states` has room for the state of each page.
        let result = unsafe { libc::mincore(first, chunk.len(), states.as_mut_ptr()) };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
        let resident = states.iter().take(chunk.len().div_ceil(page));
        let resident = resident.filter(|state| **state & IN_CORE != 0).count();
        bytes += resident * page;
    }
    Ok(bytes)
}

/// `MINCORE_INCORE`.
const IN_CORE: libc::c_char = 1;
