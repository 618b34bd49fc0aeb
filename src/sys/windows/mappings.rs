//! Which mappings this process has, as `VirtualQuery` reports them.

use std::io;
use std::mem::size_of;
use std::ops::Range;
use std::ptr;

use windows_sys::Win32::System::Memory::{
    MEM_COMMIT, MEM_MAPPED, MEMORY_BASIC_INFORMATION, PAGE_GUARD, PAGE_NOACCESS, VirtualQuery,
};

use crate::sys::fault;
use crate::sys::mapping_info::MappingInfo;

/// The mappings that have addresses in common with `addresses`, in order: pages of one allocation that
/// are alike.
///
/// # Errors
///
/// None: what cannot be asked for ends the list.
pub fn mappings_within(addresses: &Range<usize>) -> io::Result<Vec<MappingInfo>> {
    let mut within = Vec::new();
    let mut at = addresses.start;
    while at < addresses.end {
        fault::check("VirtualQuery")?;
        let mut info = MEMORY_BASIC_INFORMATION::default();
        let room = size_of::<MEMORY_BASIC_INFORMATION>();
        // SAFETY: with room for the answer.
        let told = unsafe { VirtualQuery(ptr::without_provenance(at), &raw mut info, room) };
        if told == 0 {
            break; // beyond what a process can have
        }
        let start = info.BaseAddress.addr();
        let end = start.saturating_add(info.RegionSize);
        if !info.AllocationBase.is_null() {
            let is_mapped = info.Type == MEM_MAPPED;
            within.push(MappingInfo {
                addresses: start..end,
                is_accessible: info.State == MEM_COMMIT
                    && info.Protect & (PAGE_NOACCESS | PAGE_GUARD) == 0,
                is_file: Some(is_mapped),
                is_shared: Some(is_mapped),
            });
        }
        at = end;
    }
    Ok(within)
}
