//! What Windows says of this process's pages.

use std::io;
use std::mem::size_of;
use std::ops::Range;
use std::ptr;
use std::sync::OnceLock;

use windows_sys::Win32::System::Memory::{
    MEM_COMMIT, MEM_MAPPED, MEMORY_BASIC_INFORMATION, PAGE_GUARD, PAGE_NOACCESS, VirtualQuery,
};
use windows_sys::Win32::System::ProcessStatus::{
    K32QueryWorkingSetEx, PSAPI_WORKING_SET_EX_INFORMATION,
};
use windows_sys::Win32::System::SystemInformation::{GetSystemInfo, SYSTEM_INFO};
use windows_sys::Win32::System::Threading::GetCurrentProcess;

use crate::sys::fault;
use crate::sys::mapping_info::Mapped;

/// How many bytes a page has.
pub fn page_size() -> usize {
    static SIZE: OnceLock<usize> = OnceLock::new();
    *SIZE.get_or_init(|| {
        let mut info = SYSTEM_INFO::default();
        // SAFETY: with room for the answer.
        unsafe { GetSystemInfo(&raw mut info) };
        usize::try_from(info.dwPageSize).unwrap_or(4096)
    })
}

/// How many bytes of `addresses` are in this process's working set.
///
/// # Errors
///
/// What `QueryWorkingSetEx` says.
pub fn resident_bytes(addresses: &Range<usize>) -> io::Result<usize> {
    const PAGES: usize = 4096;
    /// The bit that says that the page is there.
    const IS_VALID: usize = 1;
    let page = page_size();
    let mut states = Vec::with_capacity(PAGES);
    let mut bytes = 0_usize;
    let mut all = addresses.clone().step_by(page).peekable();
    while all.peek().is_some() {
        states.clear();
        states.extend(
            all.by_ref()
                .take(PAGES)
                .map(|address| PSAPI_WORKING_SET_EX_INFORMATION {
                    VirtualAddress: ptr::without_provenance_mut(address),
                    ..Default::default()
                }),
        );
        let room = states.len() * size_of::<PSAPI_WORKING_SET_EX_INFORMATION>();
        let room = u32::try_from(room).map_err(|_| io::ErrorKind::InvalidInput)?;
        fault::check("QueryWorkingSetEx")?;
        // SAFETY: takes nothing.
        let process = unsafe { GetCurrentProcess() };
        // SAFETY: fills in what is there of each, in the room that there is.
        let done = unsafe { K32QueryWorkingSetEx(process, states.as_mut_ptr().cast(), room) };
        if done == 0 {
            return Err(io::Error::last_os_error());
        }
        let is_resident = |state: &&PSAPI_WORKING_SET_EX_INFORMATION| {
            // SAFETY: all of the union's members are numbers.
            let flags = unsafe { state.VirtualAttributes.Flags };
            flags & IS_VALID != 0
        };
        let resident = states.iter().filter(is_resident).count();
        bytes = bytes.saturating_add(resident.saturating_mul(page));
    }
    Ok(bytes)
}

/// The mappings that have addresses in common with `addresses`, in order: pages of one allocation that
/// are alike.
///
/// # Errors
///
/// None: what cannot be asked for ends the list.
pub fn mappings_within(addresses: &Range<usize>) -> io::Result<Vec<Mapped>> {
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
            within.push(Mapped {
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
