//! What Linux says of its limits, and of this process's pages.

use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::ptr;

use rustix::fs::{FallocateFlags, SealFlags, fcntl_get_seals};
use rustix::io::{Errno, retry_on_intr};
use rustix::param::page_size;
use rustix::process::{Resource, getrlimit};

use crate::sys::fault;
use crate::sys::mapping_info::Mapped;

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
    Some(limit.saturating_sub(pages.saturating_mul(page_size())))
}

/// Whether transparent huge pages are switched on, for who asks for them at least.
pub fn has_huge_pages() -> bool {
    fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled")
        .is_ok_and(|choices| !choices.contains("[never]"))
}

/// Whether the kernel tells of this process's pages: not without `/proc`.
pub fn tells_page_states() -> bool {
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
    pub fn has_bytes(self) -> bool {
        self.0 & (Self::PRESENT | Self::SWAPPED) != 0
    }
}

/// Visits the state of each page of the system's in `addresses`, in order (`/proc/self/pagemap`).
///
/// # Errors
///
/// Where the system does not say.
pub fn page_states(addresses: Range<usize>, mut visit: impl FnMut(PageState)) -> io::Result<()> {
    const ENTRY: usize = size_of::<u64>();
    fault::check("open")?;
    let pagemap = File::open("/proc/self/pagemap")?;
    let mut chunk = [0; 4096 * ENTRY];
    let mut page = addresses.start / page_size();
    let end = addresses.end / page_size();
    while page < end {
        let count = end.saturating_sub(page).min(chunk.len() / ENTRY);
        let offset = u64::try_from(page.saturating_mul(ENTRY)).unwrap_or(u64::MAX);
        let entries = chunk.get_mut(..count * ENTRY).unwrap_or_default();
        fault::check("pread")?;
        pagemap.read_exact_at(entries, offset)?;
        for entry in entries.chunks_exact(ENTRY) {
            visit(PageState(u64::from_ne_bytes(
                entry.try_into().unwrap_or_default(),
            )));
        }
        page = page.saturating_add(count);
    }
    Ok(())
}

/// The pages in `addresses` that are this process's alone: anonymous, or written to since a file was
/// mapped. `None` where they are more than `most` bytes, or the kernel has no call for it (Linux 6.7).
pub fn private_pages(addresses: &Range<usize>, most: usize) -> Option<Vec<Range<usize>>> {
    let mut pages: Vec<Range<usize>> = Vec::new();
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
pub fn resident_bytes(addresses: &Range<usize>) -> io::Result<usize> {
    told_resident(addresses).or_else(|error| in_core(addresses).map_err(|_| error))
}

/// The bytes of `addresses` that are in memory, in pages that were only read too.
fn in_core(addresses: &Range<usize>) -> io::Result<usize> {
    const PAGES: usize = 4096;
    let page = page_size();
    let mut states = [0; PAGES];
    let mut bytes = 0_usize;
    for start in addresses.clone().step_by(PAGES * page) {
        let length = addresses.end.saturating_sub(start).min(PAGES * page);
        fault::check("mincore")?;
        let first = ptr::without_provenance_mut(start);
        // SAFETY: the kernel checks the addresses; `states` has room for each page's.
        let result = unsafe { libc::mincore(first, length, states.as_mut_ptr()) };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
        let states = states.iter().take(length.div_ceil(page));
        let resident = states.filter(|state| **state & 1 != 0).count();
        bytes = bytes.saturating_add(resident.saturating_mul(page));
    }
    Ok(bytes)
}

/// The bytes of [`resident_bytes`], as `/proc` tells them.
fn told_resident(addresses: &Range<usize>) -> io::Result<usize> {
    let mut bytes = 0_usize;
    let counted = scan(addresses, PagemapScan::PRESENT, 0, |region| {
        bytes = bytes.saturating_add(region.len());
        Some(())
    });
    if counted.is_some() {
        return Ok(bytes);
    }
    bytes = 0;
    for mapped in mappings_within(addresses)? {
        let start = mapped.addresses.start.max(addresses.start);
        let end = mapped.addresses.end.min(addresses.end);
        let is_file = mapped.is_file != Some(false);
        page_states(start..end, |state| {
            if state.is_resident(is_file) {
                bytes = bytes.saturating_add(page_size());
            }
        })?;
    }
    Ok(bytes)
}

/// Visits the stretches of `addresses` that are of a category in `any_of`, and of none in `but`, nor the
/// page of zeros. `None` where `visit` says so, or the kernel has no call for it (Linux 6.7).
fn scan(
    addresses: &Range<usize>,
    any_of: u64,
    but: u64,
    mut visit: impl FnMut(Range<usize>) -> Option<()>,
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
    let mut regions = [UNTOLD; REGIONS];
    let mut start = number(addresses.start)?;
    let end = number(addresses.end)?;
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
            visit(usize::try_from(region.start).ok()?..usize::try_from(region.end).ok()?)?;
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

/// The mappings that have addresses in common with `addresses`, in order (`/proc/self/maps`).
///
/// # Errors
///
/// Where the system does not say.
pub fn mappings_within(addresses: &Range<usize>) -> io::Result<Vec<Mapped>> {
    fault::check("read")?;
    let maps = fs::read_to_string("/proc/self/maps")?;
    let within = maps.lines().filter_map(parse_mapping).filter(|mapped| {
        mapped.addresses.start < addresses.end && addresses.start < mapped.addresses.end
    });
    Ok(within.collect())
}

/// Asks the kernel for single mappings (`PROCMAP_QUERY`, Linux 6.11): reading all takes longer, the
/// more there are.
#[derive(Debug)]
pub struct MapsQuery(File);

/// What it tells of a mapping.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its addresses.
    pub addresses: Range<usize>,
    /// Device and inode of its file, unless it is anonymous.
    pub file: Option<(u64, u64)>,
    /// Of its first byte, in the file.
    offset: u64,
}

impl Found {
    /// The offset in the file of the byte at `address`.
    pub fn offset_of(&self, address: usize) -> Option<u64> {
        let inside = address.checked_sub(self.addresses.start)?;
        self.offset.checked_add(u64::try_from(inside).ok()?)
    }
}

impl MapsQuery {
    /// `None` where there is nothing to ask.
    pub fn open() -> Option<Self> {
        fault::check("open").ok()?;
        File::open("/proc/self/maps").ok().map(Self)
    }

    /// The mapping that has the byte at `address`, if there is one and the kernel tells.
    pub fn at(&self, address: usize) -> Option<Found> {
        let mut query = ProcmapQuery {
            size: u64::try_from(size_of::<ProcmapQuery>()).ok()?,
            address: u64::try_from(address).ok()?,
            ..ProcmapQuery::default()
        };
        fault::check("ioctl").ok()?;
        // SAFETY: the argument is what this request takes; it names no buffers to be filled.
        let done =
            unsafe { libc::ioctl(self.0.as_raw_fd(), ProcmapQuery::REQUEST, &raw mut query) };
        if done != 0 {
            return None;
        }
        let number = |number: u64| usize::try_from(number).ok();
        let device = rustix::fs::makedev(query.device_major, query.device_minor);
        Some(Found {
            addresses: number(query.start)?..number(query.end)?,
            file: (query.inode != 0).then_some((device, query.inode)),
            offset: query.offset,
        })
    }
}

/// `struct procmap_query`.
#[repr(C)]
#[derive(Default)]
struct ProcmapQuery {
    size: u64,
    flags: u64,
    address: u64,
    start: u64,
    end: u64,
    mapping_flags: u64,
    page_size: u64,
    offset: u64,
    inode: u64,
    device_major: u32,
    device_minor: u32,
    name_size: u32,
    build_id_size: u32,
    name: u64,
    build_id: u64,
}

impl ProcmapQuery {
    /// `PROCMAP_QUERY`: `_IOWR('f', 17, struct procmap_query)`.
    const REQUEST: libc::Ioctl = libc::_IOWR::<Self>(0x66, 17);
}

const _: () = assert!(size_of::<ProcmapQuery>() == 104, "the kernel's layout");

/// Whether several mappings may have these addresses. A system that moves several at once may move
/// some, and then refuse; but each that does so can be asked.
pub fn is_split(addresses: &Range<usize>) -> bool {
    MapsQuery::open().is_none_or(|maps| {
        maps.at(addresses.start)
            .is_some_and(|mapped| mapped.addresses.end < addresses.end)
    })
}

/// Takes room on the disk for `added` bytes from `end` on, the file's end, which they move. Returns
/// whether the file system and the kernel can.
///
/// # Errors
///
/// The error from `fallocate(2)`.
pub fn allocate(file: &File, end: u64, added: u64) -> io::Result<bool> {
    let allocated = retry_on_intr(|| {
        if let Err(error) = fault::check("fallocate") {
            return Err(Errno::from_io_error(&error).unwrap_or(Errno::NOMEM));
        }
        rustix::fs::fallocate(file, FallocateFlags::empty(), end, added)
    });
    match allocated {
        // ENOSYS: no such system call. EINVAL: the offset and the length are valid, so it is the file
        // system that does not support them.
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => Ok(false),
        result => Ok(result.map(|()| true)?),
    }
}

/// Takes room on the disk for holes in the first `length` bytes. Does nothing if the file system has no
/// such call.
///
/// # Errors
///
/// The error from `fallocate(2)`.
pub fn fill_holes(file: &File, length: u64) -> io::Result<()> {
    allocate_with(FallocateFlags::KEEP_SIZE, file, length).map(drop)
}

/// Makes zeros of the first `end` bytes, without writing them. Returns whether the file system can.
///
/// # Errors
///
/// The error from `fallocate(2)`. Some of the bytes may be zero then.
pub fn zero_range(file: &File, end: u64) -> io::Result<bool> {
    let flags = FallocateFlags::ZERO_RANGE | FallocateFlags::KEEP_SIZE;
    allocate_with(flags, file, end)
}

fn allocate_with(flags: FallocateFlags, file: &File, length: u64) -> io::Result<bool> {
    fault::check("fallocate")?;
    match retry_on_intr(|| rustix::fs::fallocate(file, flags, 0, length)) {
        // ENOSYS: no such system call. EINVAL: a flag that the kernel does not know.
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => Ok(false),
        result => Ok(result.map(|()| true)?),
    }
}

/// Checks that the file can be made shorter: a memfd may be sealed against that.
///
/// # Errors
///
/// `EPERM`, as `ftruncate(2)` would return it.
pub fn check_shrinkable(file: &File) -> io::Result<()> {
    match fcntl_get_seals(file) {
        Ok(seals) if seals.contains(SealFlags::SHRINK) => Err(Errno::PERM.into()),
        // Files that cannot be sealed have no seals.
        _ => Ok(()),
    }
}

/// Returns a path by which an open file can be opened again, if it has a name or not.
///
/// # Errors
///
/// None here.
pub fn path_of(file: &File) -> io::Result<String> {
    Ok(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// What was written is on the disk when this returns: as far as the disk itself says so.
///
/// # Errors
///
/// What `fdatasync(2)` says.
pub fn flush(file: &File) -> io::Result<()> {
    fault::check("fdatasync")?;
    file.sync_data()
}

/// "7f0c-7f0d rw-p 00000000 00:01 1057 /memfd:linear-memory (deleted)"
fn parse_mapping(line: &str) -> Option<Mapped> {
    let (range, rest) = line.split_once(' ')?;
    let (start, end) = range.split_once('-')?;
    let hex = |text| usize::from_str_radix(text, 16).ok();
    Some(Mapped {
        addresses: hex(start)?..hex(end)?,
        is_accessible: !rest.starts_with("---"),
        is_file: Some(rest.split(' ').nth(3)? != "0"),
        is_shared: Some(rest.get(3..4)? == "s"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Mapping;
    use crate::units::HostBytes;

    #[test]
    fn states_tell_what_was_written() {
        let bytes = |pages: usize| HostBytes::round_up(pages * page_size()).unwrap();
        let mapping = Mapping::reserve(bytes(4), bytes(3)).unwrap();
        let first = mapping.base().as_ptr();
        // SAFETY: a byte of an accessible page.
        unsafe { first.wrapping_add(page_size()).write_volatile(1) };
        // SAFETY: likewise.
        unsafe { first.wrapping_add(2 * page_size()).read_volatile() };
        let start = first.addr();
        let mut resident = Vec::new();
        page_states(start..start + bytes(4).get(), |state| {
            resident.push(state.is_resident(false));
        })
        .unwrap();
        assert_eq!(resident, [false, true, false, false]);

        let accessible = start..start + bytes(3).get();
        let mapped = mappings_within(&(start..start + bytes(4).get())).unwrap();
        assert_eq!(mapped.first().unwrap().addresses.end, accessible.end);
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
        let start = first.addr();
        let all = start..start + bytes(5).get();
        assert_eq!(in_core(&all).unwrap(), 0);
        // SAFETY: a byte of an accessible page.
        unsafe { first.wrapping_add(3 * page_size()).write_volatile(1) };
        assert_eq!(in_core(&all).unwrap(), page_size());
        assert_eq!(resident_bytes(&all).unwrap(), page_size());
    }

    #[test]
    fn lines_of_files_are_known() {
        let line = "7f0c0000-7f0d0000 rw-p 00000000 00:01 1057    /memfd:linear-memory (deleted)";
        let mapped = parse_mapping(line).unwrap();
        assert_eq!(mapped.addresses, 0x7f0c_0000..0x7f0d_0000);
        assert!(mapped.is_accessible);
        assert_eq!(
            (mapped.is_file, mapped.is_shared),
            (Some(true), Some(false))
        );
        let shared = parse_mapping("1000-2000 rw-s 00000000 00:01 1057    /file").unwrap();
        assert!(shared.is_accessible);
        assert_eq!((shared.is_file, shared.is_shared), (Some(true), Some(true)));
        let unnamed = parse_mapping("1000-2000 ---p 00000000 00:00 0").unwrap();
        assert!(!unnamed.is_accessible);
        assert_eq!(unnamed.is_file, Some(false));
    }
}
