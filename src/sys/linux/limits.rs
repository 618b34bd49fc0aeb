//! The limits of Linux that this package stays within, and whether there are huge pages.

use std::fs;

use rustix::process::{Resource, getrlimit};

use crate::sys::{fault, page_size};

/// How many mappings the kernel lets a process have (`vm.max_map_count`); its default where it does
/// not say.
pub fn max_map_count() -> usize {
    const DEFAULT: usize = 65_530;
    fs::read_to_string("/proc/sys/vm/max_map_count")
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(DEFAULT)
}

/// Bytes of address space left under `RLIMIT_AS` (`ulimit -v`), or `None` without such a limit, or
/// where the system does not say.
pub fn address_space_left() -> Option<usize> {
    let limit = usize::try_from(getrlimit(Resource::As).current?).ok()?;
    fault::check("read").ok()?;
    let pages: usize = fs::read_to_string("/proc/self/statm")
        .ok()?
        .split_whitespace()
        .next()?
        .parse()
        .ok()?;
    // Nothing is left if the limit was lowered below what the process has.
    Some(limit.saturating_sub(pages * page_size()))
}

/// Whether transparent huge pages are switched on, for who asks for them at least.
pub fn has_huge_pages() -> bool {
    fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled")
        .is_ok_and(|choices| !choices.contains("[never]"))
}
