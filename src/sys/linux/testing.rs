//! Reads this process's mappings and memory from `/proc`, for tests.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

/// Returns whether huge pages were requested for the mapping at `address`.
pub fn prefers_huge_pages(address: usize) -> bool {
    let hex = |text| usize::from_str_radix(text, 16).ok();
    let maps = fs::read_to_string("/proc/self/smaps").unwrap();
    let mut is_there = false;
    for line in maps.lines() {
        let mapping = line.split_once(' ').and_then(|(range, _)| {
            let (start, end) = range.split_once('-')?;
            Some(hex(start)?..hex(end)?)
        });
        if let Some(mapping) = mapping {
            is_there = mapping.contains(&address);
        } else if is_there && line.starts_with("VmFlags:") {
            return line.split(' ').any(|flag| flag == "hg");
        }
    }
    panic!("nothing is mapped at {address:x}")
}

/// Returns the byte at `address`, if anything is mapped there.
pub fn byte_at(address: usize) -> Option<u8> {
    let mut byte = [0];
    let memory = File::open("/proc/self/mem").unwrap();
    let read = memory.read_exact_at(&mut byte, address.try_into().unwrap());
    read.ok().map(|()| byte[0])
}

/// Returns the protection of the page at `address`, for example `rw-p`, or `None` if nothing is mapped
/// there.
pub fn protection_at(address: usize) -> Option<String> {
    let hex = |text| usize::from_str_radix(text, 16).unwrap();
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    maps.lines().find_map(|line| {
        let (range, rest) = line.split_once(' ').unwrap();
        let (start, end) = range.split_once('-').unwrap();
        (hex(start)..hex(end))
            .contains(&address)
            .then(|| rest[..4].to_owned())
    })
}
