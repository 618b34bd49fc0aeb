//! The mappings of this process: all of them, as `/proc/self/maps` lists them, or single ones
//! (`PROCMAP_QUERY`).

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;

use crate::sys::mapping_info::MappingInfo;
use crate::sys::{Address, Addresses, fault};

/// Returns the mappings that overlap `addresses`, in order (`/proc/self/maps`).
///
/// # Errors
///
/// Returns the error of reading that file.
pub fn mappings_within(addresses: Addresses) -> io::Result<Vec<MappingInfo>> {
    fault::check("read")?;
    let maps = fs::read_to_string("/proc/self/maps")?;
    let mappings = maps.lines().filter_map(parse_mapping);
    Ok(mappings
        .filter(|mapping| !mapping.addresses.intersection(addresses).is_empty())
        .collect())
}

/// Queries single mappings (`PROCMAP_QUERY`, Linux 6.11). Reading the list of all mappings takes longer the more
/// of them there are.
#[derive(Debug)]
pub struct MapsQuery(File);

/// What the kernel reports about a mapping.
#[derive(Clone, Debug)]
pub struct QueriedMapping {
    /// The addresses of the mapping.
    pub addresses: Addresses,
    /// The device and the inode of its file, or `None` if the mapping is anonymous.
    pub file: Option<(u64, u64)>,
    /// The offset of its first byte in the file.
    offset: u64,
}

impl QueriedMapping {
    /// Returns the offset in the file of the byte at `address`, or `None` if the mapping begins above it.
    pub fn offset_of(&self, address: Address) -> Option<u64> {
        let inside = address.offset_from(self.addresses.start())?;
        self.offset.checked_add(u64::try_from(inside).ok()?)
    }
}

impl MapsQuery {
    /// Opens the list of mappings. Returns `None` without `/proc`.
    pub fn open() -> Option<Self> {
        fault::check("open").ok()?;
        File::open("/proc/self/maps").ok().map(Self)
    }

    /// Returns the mapping that contains `address`. Returns `None` if there is none, or if the kernel does
    /// not report it.
    pub fn at(&self, address: Address) -> Option<QueriedMapping> {
        let mut query = ProcmapQuery {
            size: u64::try_from(size_of::<ProcmapQuery>()).ok()?,
            address: u64::try_from(address.get()).ok()?,
            ..ProcmapQuery::default()
        };
        fault::check("ioctl").ok()?;
        // SAFETY: the argument is what this request takes, and names no buffers for the kernel to fill.
        let done =
            unsafe { libc::ioctl(self.0.as_raw_fd(), ProcmapQuery::REQUEST, &raw mut query) };
        if done != 0 {
            return None;
        }
        let address = |number: u64| usize::try_from(number).ok().map(Address::new);
        let device = rustix::fs::makedev(query.device_major, query.device_minor);
        Some(QueriedMapping {
            addresses: Addresses::between(address(query.start)?, address(query.end)?),
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

/// Returns whether `addresses` may span several mappings. Such addresses must not be moved by one call: a kernel
/// that moves several mappings (Linux 6.17) could move some of them and then fail.
///
/// Returns false if the kernel cannot be queried. It is an older one then, and moves none of several mappings.
pub fn spans_mappings(addresses: Addresses) -> bool {
    MapsQuery::open().is_none_or(|maps| {
        maps.at(addresses.start())
            .is_some_and(|mapped| mapped.addresses.end() < addresses.end())
    })
}

/// Parses a line such as "7f0c-7f0d rw-p 00000000 00:01 1057 /memfd:linear-memory (deleted)".
fn parse_mapping(line: &str) -> Option<MappingInfo> {
    let (range, rest) = line.split_once(' ')?;
    let (start, end) = range.split_once('-')?;
    let address = |text| usize::from_str_radix(text, 16).ok().map(Address::new);
    Some(MappingInfo {
        addresses: Addresses::between(address(start)?, address(end)?),
        is_accessible: !rest.starts_with("---"),
        is_file: Some(rest.split(' ').nth(3)? != "0"),
        is_shared: Some(rest.get(3..4)? == "s"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_mapping_reads_protection_file_and_sharing() {
        let line = "7f0c0000-7f0d0000 rw-p 00000000 00:01 1057    /memfd:linear-memory (deleted)";
        let mapped = parse_mapping(line).unwrap();
        assert_eq!(mapped.addresses, (0x7f0c_0000..0x7f0d_0000).into());
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
