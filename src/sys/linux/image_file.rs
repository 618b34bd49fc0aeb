//! Files for images: in memory, and sealed once they are written.

use std::fs::File;
use std::io;

use rustix::fs::{MemfdFlags, SealFlags};

use super::mappings::MapsQuery;
use crate::sys::{Addresses, fault};

/// A file without a name. Other programs that this one starts do not get it.
///
/// # Errors
///
/// What `memfd_create(2)` says.
pub fn create_image_file() -> io::Result<File> {
    fault::check("memfd_create")?;
    let file = rustix::fs::memfd_create(
        c"linear-memory",
        MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING,
    )?;
    Ok(File::from(file))
}

/// From now on, nobody can change the file.
///
/// # Errors
///
/// What `fcntl(2)` says.
pub fn seal(file: &File) -> io::Result<()> {
    fault::check("fcntl")?;
    let seals = SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
    Ok(rustix::fs::fcntl_add_seals(file, seals)?)
}

/// Whether nobody can write to the file, or truncate it.
///
/// # Errors
///
/// What `fcntl(2)` says.
pub fn is_sealed(file: &File) -> io::Result<bool> {
    let seals = rustix::fs::fcntl_get_seals(file)?;
    Ok(seals.contains(SealFlags::WRITE | SealFlags::SHRINK))
}

/// Returns whether the file's bytes, or private copies of them, are under each of these stretches of
/// addresses, from the offset beside them on; or anonymous pages, if there is no offset. Returns false if
/// the kernel cannot tell.
pub fn is_mapped_at(
    file: &File,
    mut stretches: impl Iterator<Item = (Addresses, Option<u64>)>,
) -> bool {
    let Some((maps, own)) = MapsQuery::open().zip(rustix::fs::fstat(file).ok()) else {
        return false;
    };
    stretches.all(|(addresses, offset)| match offset {
        Some(offset) => maps.at(addresses.start()).is_some_and(|mapped| {
            mapped.file == Some((own.st_dev, own.st_ino))
                && addresses.end() <= mapped.addresses.end()
                && mapped.offset_of(addresses.start()) == Some(offset)
        }),
        None => is_anonymous(&maps, addresses),
    })
}

/// Whether no file is mapped there. The kernel may have several mappings of such pages.
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
