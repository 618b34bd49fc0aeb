//! Operations that only Linux has, as functions of the same names for macOS and Windows.

use std::io;

use super::{Addresses, page_size};

/// Returns how many mappings this process may have: the default of Linux. macOS and Windows have no such
/// limit, but each mapping takes kernel memory.
pub fn max_map_count() -> usize {
    65_530
}

/// Does nothing: only file-backed memories need this, and Windows has none.
#[cfg(windows)]
pub fn at_exit(_action: extern "C" fn()) {}

/// Returns `None`, since there is no limit on address space: macOS does not enforce `RLIMIT_AS`, and a
/// Windows job limits committed memory.
pub fn address_space_left() -> Option<usize> {
    None
}

/// Returns false: huge pages cannot be requested.
pub fn has_huge_pages() -> bool {
    false
}

/// The state of a page, which may hold any bytes: these systems do not report reliably which pages were never
/// written to.
#[derive(Clone, Copy, Debug)]
pub struct PageState;

impl PageState {
    /// Returns whether an anonymous page may hold other bytes than zeros.
    pub fn may_be_nonzero(self) -> bool {
        true
    }
}

/// Returns true: [`visit_page_states`] works, though it reports the same state for each page.
pub fn reports_page_states() -> bool {
    true
}

/// Visits the state of each system page in `addresses`, in order.
///
/// # Errors
///
/// None.
pub fn visit_page_states(addresses: Addresses, mut visit: impl FnMut(PageState)) -> io::Result<()> {
    for _ in addresses.chunks(page_size()) {
        visit(PageState);
    }
    Ok(())
}

/// Returns `None`: macOS does not report which pages are private copies, and on Windows no image is ever
/// mapped.
pub fn private_pages(_addresses: Addresses, _most: usize) -> Option<Vec<Addresses>> {
    None
}

/// Returns false: `mach_vm_remap` moves pages of several mappings at once, and on Windows pages are copied.
pub fn spans_mappings(_addresses: Addresses) -> bool {
    false
}
