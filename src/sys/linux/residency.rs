//! Reports which pages take memory (`/proc/self/pagemap`, `mincore(2)`).

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::mappings::mappings_within;
use crate::sys::unix::bytes_in_core;
use crate::sys::{Address, Addresses, fault, file_offset, page_size};

/// Returns whether the kernel reports the states of pages: it does not without `/proc`.
pub fn reports_page_states() -> bool {
    Path::new("/proc/self/pagemap").exists()
}

/// The state of a page: an entry of `/proc/self/pagemap`.
#[derive(Clone, Copy, Debug)]
pub struct PageState(u64);

impl PageState {
    const PRESENT: u64 = 1 << 63;
    const SWAPPED: u64 = 1 << 62;
    const FILE_OR_SHARED: u64 = 1 << 61;
    const EXCLUSIVELY_MAPPED: u64 = 1 << 56;

    /// Returns whether the page takes memory. `is_file` tells whether its mapping is that of a file. An
    /// anonymous page that was only read takes none: it is the page of zeros, which all processes share. The
    /// huge page of zeros looks like a page of a file.
    pub fn is_resident(self, is_file: bool) -> bool {
        let counted = if is_file {
            Self::FILE_OR_SHARED | Self::EXCLUSIVELY_MAPPED
        } else {
            Self::EXCLUSIVELY_MAPPED
        };
        self.0 & Self::PRESENT != 0 && self.0 & counted != 0
    }

    /// Returns whether an anonymous page may hold other bytes than zeros.
    pub fn may_be_nonzero(self) -> bool {
        self.0 & (Self::PRESENT | Self::SWAPPED) != 0
    }
}

/// Visits the state of each system page in `addresses`, in order (`/proc/self/pagemap`).
///
/// # Errors
///
/// Returns the error of opening or reading that file.
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

/// Returns the pages in `addresses` that are private to this process: anonymous pages, and copies of pages
/// of a file that were written to. Returns `None` if they exceed `most` bytes, or if the kernel has no call
/// for this (`PAGEMAP_SCAN`, Linux 6.7).
pub fn private_pages(addresses: Addresses, most: usize) -> Option<Vec<Addresses>> {
    let mut pages: Vec<Addresses> = Vec::new();
    let mut left = most;
    let any_of = PagemapScan::IS_PRESENT | PagemapScan::IS_SWAPPED;
    scan(addresses, any_of, PagemapScan::IS_FILE, |region| {
        left = left.checked_sub(region.len())?;
        pages.push(region);
        Some(())
    })?;
    Some(pages)
}

/// Returns how many bytes of `addresses` take memory, as anonymous pages or as pages of a file. Pages of
/// zeros that were only read do not count, unless there is no `/proc`: `mincore(2)` does not distinguish
/// them.
///
/// # Errors
///
/// Returns the error of reading `/proc` if `mincore(2)` fails as well.
pub fn resident_bytes(addresses: Addresses) -> io::Result<usize> {
    resident_from_proc(addresses).or_else(|error| bytes_in_core(addresses).map_err(|_| error))
}

/// Returns the number of [`resident_bytes`] from `/proc/self/pagemap`.
fn resident_from_proc(addresses: Addresses) -> io::Result<usize> {
    let mut bytes = 0_usize;
    let counted = scan(addresses, PagemapScan::IS_PRESENT, 0, |region| {
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

/// Visits the extents of `addresses` whose pages have a category in `any_of` and none in `none_of`, except
/// the page of zeros. Returns `None` if `visit` does, or if the kernel has no call for this (`PAGEMAP_SCAN`,
/// Linux 6.7).
fn scan(
    addresses: Addresses,
    any_of: u64,
    none_of: u64,
    mut visit: impl FnMut(Addresses) -> Option<()>,
) -> Option<()> {
    const REGIONS: usize = 512;
    const UNFILLED: PageRegion = PageRegion {
        start: 0,
        end: 0,
        categories: 0,
    };
    fault::check("ioctl").ok()?;
    let pagemap = File::open("/proc/self/pagemap").ok()?;
    let number = |number: usize| u64::try_from(number).ok();
    let address = |number: u64| usize::try_from(number).ok().map(Address::new);
    let mut regions = [UNFILLED; REGIONS];
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
            inverted: none_of | PagemapScan::IS_PFNZERO,
            all_of: none_of | PagemapScan::IS_PFNZERO,
            any_of,
            returned: 0,
        };
        // SAFETY: the argument is what this request takes, and `regions` has room for `region_count` regions.
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
    /// The kernel reads 64 bits: the assertion below checks that pointers have as many.
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
    const IS_FILE: u64 = 1 << 2;
    const IS_PRESENT: u64 = 1 << 3;
    const IS_SWAPPED: u64 = 1 << 4;
    const IS_PFNZERO: u64 = 1 << 5;
}

const _: () = assert!(size_of::<PagemapScan>() == 96, "the kernel's layout");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::{HostBytes, Mapping};

    #[test]
    fn page_states_report_what_was_written() {
        let bytes = |pages: usize| HostBytes::round_up(pages * page_size()).unwrap();
        let mapping = Mapping::reserve(bytes(4), bytes(3)).unwrap();
        let first = mapping.base().as_ptr();
        // SAFETY: this is a byte of an accessible page.
        unsafe { first.wrapping_add(page_size()).write_volatile(1) };
        // SAFETY: as above.
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
        assert_eq!(bytes_in_core(all).unwrap(), 0);
        // SAFETY: this is a byte of an accessible page.
        unsafe { first.wrapping_add(3 * page_size()).write_volatile(1) };
        assert_eq!(bytes_in_core(all).unwrap(), page_size());
        assert_eq!(resident_bytes(all).unwrap(), page_size());
    }
}
