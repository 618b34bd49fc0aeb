//! The mappings of this process (`VirtualQuery`).

use std::io;
use std::mem::size_of;
use std::ptr;

use windows_sys::Win32::System::Memory::{
    MEM_COMMIT, MEM_MAPPED, MEMORY_BASIC_INFORMATION, PAGE_GUARD, PAGE_NOACCESS, VirtualQuery,
};

use crate::sys::mapping_info::MappingInfo;
use crate::sys::{Address, Addresses, fault};

/// Returns the mappings that overlap `addresses`, in order. A mapping is a range of pages of one allocation
/// that have the same attributes.
///
/// # Errors
///
/// None: an address that cannot be queried ends the list.
pub fn mappings_within(addresses: Addresses) -> io::Result<Vec<MappingInfo>> {
    let mut within = Vec::new();
    let mut left = addresses;
    while !left.is_empty() {
        fault::check("VirtualQuery")?;
        let mut info = MEMORY_BASIC_INFORMATION::default();
        let room = size_of::<MEMORY_BASIC_INFORMATION>();
        let first = ptr::without_provenance(left.start().get());
        // SAFETY: `info` has room for what the call returns.
        let filled = unsafe { VirtualQuery(first, &raw mut info, room) };
        if filled == 0 {
            break; // above the addresses that a process can use
        }
        let region = Addresses::new(Address::of(info.BaseAddress), info.RegionSize);
        if !info.AllocationBase.is_null() {
            let is_mapped = info.Type == MEM_MAPPED;
            within.push(MappingInfo {
                addresses: region,
                is_accessible: info.State == MEM_COMMIT
                    && info.Protect & (PAGE_NOACCESS | PAGE_GUARD) == 0,
                is_file: Some(is_mapped),
                is_shared: Some(is_mapped),
            });
        }
        left = left.starting_at(region.end());
    }
    Ok(within)
}
