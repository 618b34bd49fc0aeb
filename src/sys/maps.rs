//! What the kernel says of this process's mappings, for tests.

use std::fs;

/// The protection (`rw-p`, say) of the page at `address`, or `None` where nothing is mapped.
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
