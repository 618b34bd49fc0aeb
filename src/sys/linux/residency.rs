//! Which pages take memory, as `/proc/self/pagemap` and `mincore(2)` report it.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::ptr;

use super::mappings::mappings_within;
use crate::sys::{Address, Addresses, fault, file_offset, page_size};

/// Whether the kernel tells of this process's pages: not without `/proc`.
pub fn reports_page_states() -> bool {
    Path::new("/proc/self/pagemap").exists()
}

/// What the kernel has for a page.
#[derive(Clone, Copy, Debug)]
pub struct PageState(u64);

impl PageState {
    const PRESENT: u64 = 1 << 63;
    const SWAPPED: u64 = 1 << 62;
    const OF_FILE: u64 = 1 << 61;
    const OURS_ALONE: u64 = 1 << 56;

    /// Whether it takes memory of this process's, in a mapping that is a file's, or is not. One that was
    /// only read, and so is the page of zeros that all processes have, does not: the huge one of
    /// these seems to be a file's.
    pub fn is_resident(self, is_file: bool) -> bool {
        let of_ours = if is_file {
            Self::OF_FILE | Self::OURS_ALONE
        } else {
            Self::OURS_ALONE
        };
        self.0 & Self::PRESENT != 0 && self.0 & of_ours != 0
    }

    /// Whether an anonymous one may hold other bytes than zeros.
    pub fn may_be_nonzero(self) -> bool {
        self.0 & (Self::PRESENT | Self::SWAPPED) != 0
    }
}

/// Visits the state of each page of the system's in `addresses`, in order (`/proc/self/pagemap`).
///
/// # Errors
///
/// Where the system does not say.
pub fn visit_page_states(addresses: Addresses, mut visit: impl FnMut(PageState)) -> io::Result<()> {
    const ENTRY: usize = size_of::<u64>();
    fault::check("open")?;
    let pagemap = File::open("/proc/self/pagemap")?;
    let mut chunk = [0; 4096 * ENTRY];
    let mut page = addresses.start().get() / page_size();
    let end = addresses.end().get() / page_size();
    while page < end {
        let count = (end - page).min(chunk.len() / ENTRY);
        let offset = file_offset(page * ENTRY);
        let entries = chunk.get_mut(..count * ENTRY).unwrap_or_default();
        fault::check("pread")?;
        pagemap.read_exact_at(entries, offset)?;
        for entry in entries.chunks_exact(ENTRY) {
            visit(PageState(u64::from_ne_bytes(
                entry.try_into().unwrap_or_default(),
            )));
        }
        page += count;
    }
    Ok(())
}

/// The pages in `addresses` that are this process's alone: anonymous, or written to since a file was
/// mapped. `None` where they are more than `most` bytes, or the kernel has no call for it (Linux 6.7).
pub fn private_pages(addresses: Addresses, most: usize) -> Option<Vec<Addresses>> {
    let mut pages: Vec<Addresses> = Vec::new();
    let mut left = most;
    let any_of = PagemapScan::PRESENT | PagemapScan::SWAPPED;
    scan(addresses, any_of, PagemapScan::OF_FILE, |region| {
        left = left.checked_sub(region.len())?;
        pages.push(region);
        Some(())
    })?;
    Some(pages)
}

/// How many bytes of `addresses` take memory of this process's, or are a file's that do. What was only
/// read, and so is the page of zeros that all processes have, does not; but without `/proc`, it does.
///
/// # Errors
///
/// If the system does not tell.
pub fn resident_bytes(addresses: Addresses) -> io::Result<usize> {
    told_resident(addresses).or_else(|error| in_core(addresses).map_err(|_| error))
}

/// The bytes of `addresses` that are in memory, in pages that were only read too.
fn in_core(addresses: Addresses) -> io::Result<usize> {
    const PAGES: usize = 4096;
    let page = page_size();
    let mut states = [0; PAGES];
    let mut bytes = 0_usize;
    for chunk in addresses.chunks(PAGES * page) {
        fault::check("mincore")?;
        let first = ptr::without_provenance_mut(chunk.start().get());
        // SAFETY: the kernel checks the addresses; `states` has room for each page's.
        let result = unsafe { libc::mincore(first, chunk.len(), states.as_mut_ptr()) };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
        let states = states.iter().take(chunk.len().div_ceil(page));
        let resident = states.filter(|state| **state & 1 != 0).count();
        bytes += resident * page;
    }
    Ok(bytes)
}

/// The bytes of [`resident_bytes`], as `/proc` tells them.
fn told_resident(addresses: Addresses) -> io::Result<usize> {
    let mut bytes = 0_usize;
    let counted = scan(addresses, PagemapScan::PRESENT, 0, |region| {
        bytes += region.len();
        Some(())
    });
    if counted.is_some() {
        return Ok(bytes);
    }
    bytes = 0;
    for mapped in mappings_within(addresses)? {
        let is_file = mapped.is_file != Some(false);
        visit_page_states(mapped.addresses.intersection(addresses), |state| {
            if state.is_resident(is_file) {
                bytes += page_size();
            }
        })?;
    }
    Ok(bytes)
}

/// Visits the stretches of `addresses` that are of a category in `any_of`, and of none in `but`, nor the
/// page of zeros. `None` where `visit` says so, or the kernel has no call for it (Linux 6.7).
fn scan(
    addresses: Addresses,
    any_of: u64,
    but: u64,
    mut visit: impl FnMut(Addresses) -> Option<()>,
) -> Option<()> {
    const REGIONS: usize = 512;
    const UNTOLD: PageRegion = PageRegion {
        start: 0,
        end: 0,
        categories: 0,
    };
    fault::check("ioctl").ok()?;
    let pagemap = File::open("/proc/self/pagemap").ok()?;
    let number = |number: usize| u64::try_from(number).ok();
    let address = |number: u64| usize::try_from(number).ok().map(Address::new);
    let mut regions = [UNTOLD; REGIONS];
    let mut start = number(addresses.start().get())?;
    let end = number(addresses.end().get())?;
    while start < end {
        let mut scan = PagemapScan {
            size: number(size_of::<PagemapScan>())?,
            flags: 0,
            start,
            end,
            walk_end: 0,
            regions: regions.as_mut_ptr(),
            region_count: number(REGIONS)?,
            max_pages: 0,
            inverted: but | PagemapScan::OF_ZEROS,
            all_of: but | PagemapScan::OF_ZEROS,
            any_of,
            returned: 0,
        };
        // SAFETY: the argument is what this request takes, and `regions` has as many as it says.
        let found =
            unsafe { libc::ioctl(pagemap.as_raw_fd(), PagemapScan::REQUEST, &raw mut scan) };
        for region in regions.get(..usize::try_from(found).ok()?)? {
            visit(Addresses::between(
                address(region.start)?,
                address(region.end)?,
            ))?;
        }
        start = scan.walk_end;
    }
    Some(())
}

/// `struct page_region`.
#[repr(C)]
#[derive(Clone, Copy)]
struct PageRegion {
    start: u64,
    end: u64,
    categories: u64,
}

/// `struct pm_scan_arg`.
#[repr(C)]
struct PagemapScan {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    walk_end: u64,
    /// 64 bits, as addresses are where this is compiled: see the assertion below.
    regions: *mut PageRegion,
    region_count: u64,
    max_pages: u64,
    inverted: u64,
    all_of: u64,
    any_of: u64,
    returned: u64,
}

impl PagemapScan {
    /// `PAGEMAP_SCAN`: `_IOWR('f', 16, struct pm_scan_arg)`.
    const REQUEST: libc::Ioctl = libc::_IOWR::<Self>(0x66, 16);
    const OF_FILE: u64 = 1 << 2;
    const PRESENT: u64 = 1 << 3;
    const SWAPPED: u64 = 1 << 4;
    const OF_ZEROS: u64 = 1 << 5;
}

const _: () = assert!(size_of::<PagemapScan>() == 96, "the kernel's layout");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::{HostBytes, Mapping};

    #[test]
    fn states_tell_what_was_written() {
        let bytes = |pages: usize| HostBytes::round_up(pages * page_size()).unwrap();
        let mapping = Mapping::reserve(bytes(4), bytes(3)).unwrap();
        let first = mapping.base().as_ptr();
        // SAFETY: a byte of an accessible page.
        unsafe { first.wrapping_add(page_size()).write_volatile(1) };
        // SAFETY: likewise.
        unsafe { first.wrapping_add(2 * page_size()).read_volatile() };
        let all = mapping.pages(bytes(4)).unwrap().addresses();
        let mut resident = Vec::new();
        visit_page_states(all, |state| {
            resident.push(state.is_resident(false));
        })
        .unwrap();
        assert_eq!(resident, [false, true, false, false]);

        let accessible = mapping.pages(bytes(3)).unwrap().addresses();
        let mapped = mappings_within(all).unwrap();
        assert_eq!(mapped.first().unwrap().addresses.end(), accessible.end());
        assert_eq!(
            mapped
                .iter()
                .map(|mapped| mapped.is_accessible)
                .collect::<Vec<_>>(),
            [true, false]
        );
    }

    #[test]
    fn pages_in_memory_are_counted_without_proc() {
        let bytes = |pages: usize| HostBytes::round_up(pages * page_size()).unwrap();
        let mapping = Mapping::reserve(bytes(5), bytes(5)).unwrap();
        let first = mapping.base().as_ptr();
        let all = mapping.pages(bytes(5)).unwrap().addresses();
        assert_eq!(in_core(all).unwrap(), 0);
        // SAFETY: a byte of an accessible page.
        unsafe { first.wrapping_add(3 * page_size()).write_volatile(1) };
        assert_eq!(in_core(all).unwrap(), page_size());
        assert_eq!(resident_bytes(all).unwrap(), page_size());
    }
}
