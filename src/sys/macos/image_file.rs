//! Files for images: temporary files that are unlinked at once. Shared memory objects (`shm_open(2)`) can
//! neither be read nor written on macOS, and memory without a file cannot be mapped twice.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::sys::{Addresses, fault};

/// How many names are tried.
const MAX_TRIES: u64 = 1000;

/// Creates a file and removes its name before anything is written to it. Child processes do not inherit it.
///
/// # Errors
///
/// Returns the error from `open(2)` or `unlink(2)`.
pub fn create_image_file() -> io::Result<File> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut tries = 0;
    loop {
        tries += 1;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("linear-memory-{}-{number}", process::id());
        let path = std::env::temp_dir().join(name);
        fault::check("open")?;
        // std opens all files as close-on-exec.
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path);
        match opened {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tries < MAX_TRIES => {}
            result => {
                let file = result?;
                fault::check("unlink")?;
                fs::remove_file(&path)?;
                return Ok(file);
            }
        }
    }
}

/// Does nothing, since macOS has no seals. Nobody else can open the file, and its only descriptor belongs to an
/// image, which is not written to any more.
///
/// # Errors
///
/// None.
pub fn seal(_file: &File) -> io::Result<()> {
    Ok(())
}

/// Returns true: see [`seal`].
///
/// # Errors
///
/// None.
pub fn is_sealed(_file: &File) -> io::Result<bool> {
    Ok(true)
}

/// Returns false: the kernel does not report which file is mapped.
pub fn is_mapped_at(
    _file: &File,
    _extents: impl Iterator<Item = (Addresses, Option<u64>)>,
) -> bool {
    false
}
