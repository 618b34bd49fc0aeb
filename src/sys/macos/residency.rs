//! Which pages are in memory, as `mincore(2)` reports it.

use std::io;
use std::ops::Range;
use std::ptr;

use crate::sys::{fault, page_size};

/// How many bytes of `addresses` are in memory.
///
/// # Errors
///
/// What `mincore(2)` says.
pub fn resident_bytes(addresses: &Range<usize>) -> io::Result<usize> {
    const PAGES: usize = 4096;
    let page = page_size();
    let mut states = [0; PAGES];
    let mut bytes = 0_usize;
    for start in addresses.clone().step_by(PAGES * page) {
        let length = addresses.end.saturating_sub(start).min(PAGES * page);
        fault::check("mincore")?;
        // SAFETY: the kernel checks the addresses; there is room for a state of each page.
        let result =
            unsafe { libc::mincore(ptr::without_provenance(start), length, states.as_mut_ptr()) };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
        let resident = states.iter().take(length.div_ceil(page));
        let resident = resident.filter(|state| **state & IN_CORE != 0).count();
        bytes = bytes.saturating_add(resident.saturating_mul(page));
    }
    Ok(bytes)
}

/// `MINCORE_INCORE`.
const IN_CORE: libc::c_char = 1;
