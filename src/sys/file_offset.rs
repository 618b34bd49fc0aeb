//! Offsets in files, which have 64 bits on every system.

/// Returns an offset in memory, or a length, as an offset in a file.
pub const fn file_offset(offset: usize) -> u64 {
    const { assert!(usize::BITS <= u64::BITS, "no offset in memory is longer") };
    offset as u64
}
