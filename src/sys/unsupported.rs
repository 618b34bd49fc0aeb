//! What other systems than Linux do not tell, or do not limit.

use std::io;

use super::{Addresses, page_size};

/// How many mappings are ours at most, and the engine's: what Linux lets a process have, unless told
/// otherwise. Here the system has no limit, but each takes memory of its own.
pub fn max_map_count() -> usize {
    65_530
}

/// What would be done when the process ends is only for memories that are files.
#[cfg(windows)]
pub fn at_exit(_action: extern "C" fn()) {}

/// Bytes of address space left, or `None` without a limit: macOS does not hold processes to
/// `RLIMIT_AS`, and a job of Windows limits what is committed.
pub fn address_space_left() -> Option<usize> {
    None
}

/// Whether there are huge pages for who asks for them.
pub fn has_huge_pages() -> bool {
    false
}

/// What the system has for a page: it does not tell for sure which were never written to.
#[derive(Clone, Copy, Debug)]
pub struct PageState;

impl PageState {
    /// Whether an anonymous one may hold other bytes than zeros.
    pub fn may_be_nonzero(self) -> bool {
        true
    }
}

/// Whether the system tells of this process's pages: as much as it ever does.
pub fn reports_page_states() -> bool {
    true
}

/// Visits the state of each page of the system's in `addresses`, in order.
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

/// The pages in `addresses` that are this process's alone: macOS does not tell, and under no pages of
/// Windows' is an image.
pub fn private_pages(_addresses: Addresses, _most: usize) -> Option<Vec<Addresses>> {
    None
}

/// Whether pages of several mappings have to be moved one after the other: `mach_vm_remap` takes them at
/// once, and Windows has them copied.
pub fn spans_mappings(_addresses: Addresses) -> bool {
    false
}
