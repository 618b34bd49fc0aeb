//! Files for images: memfds, sealed once they are written.

use std::fs::File;
use std::io;

use rustix::fs::{MemfdFlags, SealFlags};

use super::mappings::MapsQuery;
use crate::sys::{Addresses, fault};

/// Creates a file without a name (`memfd_create(2)`), which child processes do not inherit.
///
/// # Errors
///
/// Returns the error from `memfd_create(2)`.
pub fn create_image_file() -> io::Result<File> {
    fault::check("memfd_create")?;
    let file = rustix::fs::memfd_create(
        c"linear-memory",
        MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING,
    )?;
    Ok(File::from(file))
}

/// Seals the file: from now on, nobody can change it (`F_ADD_SEALS`).
///
/// # Errors
///
/// Returns the error from `fcntl(2)`.
pub fn seal(file: &File) -> io::Result<()> {
    fault::check("fcntl")?;
    let seals = SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
    Ok(rustix::fs::fcntl_add_seals(file, seals)?)
}

/// Returns whether the file is sealed against writes and truncation.
///
/// # Errors
///
/// Returns the error from `fcntl(2)`.
pub fn is_sealed(file: &File) -> io::Result<bool> {
    let seals = rustix::fs::fcntl_get_seals(file)?;
    Ok(seals.contains(SealFlags::WRITE | SealFlags::SHRINK))
}

/// Takes ranges of addresses, each with an offset in the file or `None`. Returns whether all ranges with an
/// offset map the file from there on (private copies of its pages included), and all others are anonymous.
/// Returns false if the kernel does not report it.
pub fn is_mapped_at(
    file: &File,
    mut extents: impl Iterator<Item = (Addresses, Option<u64>)>,
) -> bool {
    let Some((maps, own)) = MapsQuery::open().zip(rustix::fs::fstat(file).ok()) else {
        return false;
    };
    extents.all(|(addresses, offset)| match offset {
        Some(offset) => maps.at(addresses.start()).is_some_and(|mapped| {
            mapped.file == Some((own.st_dev, own.st_ino))
                && addresses.end() <= mapped.addresses.end()
                && mapped.offset_of(addresses.start()) == Some(offset)
        }),
        None => is_anonymous(&maps, addresses),
    })
}

/// Returns whether all of `addresses` are mapped, and to no file. They may span several anonymous mappings.
fn is_anonymous(maps: &MapsQuery, addresses: Addresses) -> bool {
    let mut left = addresses;
    while !left.is_empty() {
        match maps.at(left.start()) {
            Some(mapped) if mapped.file.is_none() => {
                left = left.starting_at(mapped.addresses.end());
            }
            _ => return false,
        }
    }
    true
}
