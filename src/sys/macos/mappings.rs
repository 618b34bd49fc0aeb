//! The mappings of this process (`mach_vm_region`).

use std::io;
use std::mem::MaybeUninit;

use mach2::kern_return::{KERN_INVALID_ADDRESS, KERN_SUCCESS};
use mach2::port::MACH_PORT_NULL;
use mach2::traps::mach_task_self;
use mach2::vm::mach_vm_region;
use mach2::vm_prot::VM_PROT_NONE;
use mach2::vm_region::{VM_REGION_BASIC_INFO_64, vm_region_basic_info_64};

use super::mach_error::mach_error;
use crate::sys::mapping_info::MappingInfo;
use crate::sys::{Address, Addresses, fault};

/// Returns the mappings that overlap `addresses`, in order. The kernel does not report reliably which are
/// those of files, and which are shared.
///
/// # Errors
///
/// Returns the error from `mach_vm_region`.
pub fn mappings_within(addresses: Addresses) -> io::Result<Vec<MappingInfo>> {
    let mut within = Vec::new();
    let mut left = addresses;
    while !left.is_empty() {
        let Some(mapping) = mapping_from(left.start())? else {
            break;
        };
        if mapping.addresses.intersection(left).is_empty() {
            break;
        }
        left = left.starting_at(mapping.addresses.end());
        within.push(mapping);
    }
    Ok(within)
}

/// Returns the first mapping that ends above `address`.
fn mapping_from(address: Address) -> io::Result<Option<MappingInfo>> {
    let unknown = |_| io::Error::from(io::ErrorKind::InvalidInput);
    let mut start = u64::try_from(address.get()).map_err(unknown)?;
    let mut length = 0;
    let mut info = MaybeUninit::<vm_region_basic_info_64>::zeroed();
    let mut count = vm_region_basic_info_64::count();
    let mut object = MACH_PORT_NULL;
    fault::check("mach_vm_region")?;
    // SAFETY: the call takes no arguments.
    let task = unsafe { mach_task_self() };
    // SAFETY: `info` has room for what this flavor returns, as `count` says.
    let result = unsafe {
        mach_vm_region(
            task,
            &raw mut start,
            &raw mut length,
            VM_REGION_BASIC_INFO_64,
            info.as_mut_ptr().cast(),
            &raw mut count,
            &raw mut object,
        )
    };
    match result {
        KERN_SUCCESS => {}
        KERN_INVALID_ADDRESS => return Ok(None), // nothing is mapped above `address`
        code => return Err(mach_error("mach_vm_region", code)),
    }
    // SAFETY: all zeros are a valid value, and the call above has filled it.
    let info = unsafe { info.assume_init() };
    let start = usize::try_from(start).map_err(unknown)?;
    let length = usize::try_from(length).map_err(unknown)?;
    Ok(Some(MappingInfo {
        addresses: Addresses::new(Address::new(start), length),
        is_accessible: info.protection != VM_PROT_NONE,
        is_file: None,
        is_shared: None,
    }))
}
