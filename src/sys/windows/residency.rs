//! Which pages are in this process's working set (`QueryWorkingSetEx`).

use std::io;
use std::mem::size_of;
use std::ptr;

use windows_sys::Win32::System::ProcessStatus::{
    K32QueryWorkingSetEx, PSAPI_WORKING_SET_EX_INFORMATION,
};
use windows_sys::Win32::System::Threading::GetCurrentProcess;

use crate::sys::{Addresses, fault, page_size};

/// Returns how many bytes of `addresses` are in this process's working set.
///
/// # Errors
///
/// Returns the error from `QueryWorkingSetEx`.
pub fn resident_bytes(addresses: Addresses) -> io::Result<usize> {
    const PAGES: usize = 4096;
    /// The bit that is set if the page is in the working set.
    const IS_VALID: usize = 1;
    let page = page_size();
    let mut states = Vec::with_capacity(PAGES);
    let mut bytes = 0_usize;
    for chunk in addresses.chunks(PAGES * page) {
        states.clear();
        let of_page = |page: Addresses| PSAPI_WORKING_SET_EX_INFORMATION {
            VirtualAddress: ptr::without_provenance_mut(page.start().get()),
            ..Default::default()
        };
        states.extend(chunk.chunks(page).map(of_page));
        let room = states.len() * size_of::<PSAPI_WORKING_SET_EX_INFORMATION>();
        let room = u32::try_from(room).map_err(|_| io::ErrorKind::InvalidInput)?;
        fault::check("QueryWorkingSetEx")?;
        // SAFETY: the call takes no arguments.
        let process = unsafe { GetCurrentProcess() };
        // SAFETY: the call fills in the attributes of each state, in the room that there is.
        let done = unsafe { K32QueryWorkingSetEx(process, states.as_mut_ptr().cast(), room) };
        if done == 0 {
            return Err(io::Error::last_os_error());
        }
        let is_resident = |state: &&PSAPI_WORKING_SET_EX_INFORMATION| {
            // SAFETY: all members of the union are numbers.
            let flags = unsafe { state.VirtualAttributes.Flags };
            flags & IS_VALID != 0
        };
        let resident = states.iter().filter(is_resident).count();
        bytes += resident * page;
    }
    Ok(bytes)
}
