//! Counts the bytes that are in memory (`mincore(2)`).

use std::io;
use std::ptr;

use crate::sys::{Addresses, fault, page_size};

/// Returns how many bytes of `addresses` are in memory, pages of zeros that were only read included.
///
/// # Errors
///
/// Returns the error from `mincore(2)`.
pub fn bytes_in_core(addresses: Addresses) -> io::Result<usize> {
    const PAGES: usize = 4096;
    let page = page_size();
    let mut states = [0; PAGES];
    let mut bytes = 0_usize;
    for chunk in addresses.chunks(PAGES * page) {
        fault::check("mincore")?;
        let first = ptr::without_provenance_mut(chunk.start().get());
        // SAFETY: the kernel checks the addresses, and `states` has room for the states of `PAGES` pages, the
        // most that a chunk has.
        let result = unsafe { libc::mincore(first, chunk.len(), states.as_mut_ptr()) };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
        let states = states.iter().take(chunk.len().div_ceil(page));
        // The lowest bit is set if the page is in memory.
        let resident = states.filter(|state| **state & 1 != 0).count();
        bytes += resident * page;
    }
    Ok(bytes)
}
