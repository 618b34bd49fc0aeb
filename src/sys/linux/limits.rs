//! Limits that the kernel sets on this process, and whether it has huge pages.

use std::fs;

use rustix::process::{Resource, getrlimit};

use crate::sys::{fault, page_size};

/// Returns how many mappings a process may have (`vm.max_map_count`), or the default of that if it cannot
/// be read.
pub fn max_map_count() -> usize {
    const DEFAULT: usize = 65_530;
    fs::read_to_string("/proc/sys/vm/max_map_count")
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(DEFAULT)
}

/// Returns how many bytes of address space are left under `RLIMIT_AS` (`ulimit -v`), or `None` if there is
/// no such limit, or if the system does not report how much is used.
pub fn address_space_left() -> Option<usize> {
    let limit = usize::try_from(getrlimit(Resource::As).current?).ok()?;
    fault::check("read").ok()?;
    let pages: usize = fs::read_to_string("/proc/self/statm")
        .ok()?
        .split_whitespace()
        .next()?
        .parse()
        .ok()?;
    // Saturates: the limit may have been lowered below what the process uses.
    Some(limit.saturating_sub(pages * page_size()))
}

/// Returns whether transparent huge pages are enabled, at least for mappings that request them
/// (`MADV_HUGEPAGE`).
pub fn has_huge_pages() -> bool {
    fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled")
        .is_ok_and(|choices| !choices.contains("[never]"))
}
