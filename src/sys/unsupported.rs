//! Operations that only Linux has: what the other systems return in their place.

use std::io;

use super::{Addresses, page_size};

/// Returns how many mappings this process may have: the default of Linux. The systems here have no such
/// limit, but each mapping takes kernel memory.
pub fn max_map_count() -> usize {
    65_530
}

/// Does nothing: only memories that are files need this, and no file can be mapped here.
#[cfg(windows)]
pub fn at_exit(_action: extern "C" fn()) {}

/// Returns no limit on address space: macOS does not enforce `RLIMIT_AS`, and a Windows job limits what is
/// committed.
pub fn address_space_left() -> Option<usize> {
    None
}

/// Returns whether huge pages can be requested.
pub fn has_huge_pages() -> bool {
    false
}

/// The state of a page. These systems do not report reliably which pages were never written to.
#[derive(Clone, Copy, Debug)]
pub struct PageState;

impl PageState {
    /// Returns whether an anonymous page may hold other bytes than zeros.
    pub fn may_be_nonzero(self) -> bool {
        true
    }
}

/// Returns whether [`visit_page_states`] works: it reports the little that there is.
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

/// Returns no answer: macOS does not report which pages are private copies, and on Windows no image is ever
/// mapped.
pub fn private_pages(_addresses: Addresses, _most: usize) -> Option<Vec<Addresses>> {
    None
}

/// Returns false: `mach_vm_remap` moves pages of several mappings at once, and on Windows pages are copied.
pub fn spans_mappings(_addresses: Addresses) -> bool {
    false
}
