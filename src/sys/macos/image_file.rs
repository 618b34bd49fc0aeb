//! Files for images: in the folder for temporary files, under no name. Shared memory objects
//! (`shm_open(2)`) can be neither read nor written there, and memory without a file cannot be mapped twice.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::sys::{Addresses, fault};

/// Names that are tried before the folder is thought to be full of them.
const MOST_TRIES: u64 = 1000;

/// A file that has lost its name before anything is written to it. Other programs that this one starts do
/// not get it.
///
/// # Errors
///
/// What `open(2)` and `unlink(2)` say.
pub fn create_image_file() -> io::Result<File> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut tries = 0;
    loop {
        tries += 1;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("linear-memory-{}-{number}", process::id());
        let path = std::env::temp_dir().join(name);
        fault::check("open")?;
        // Close-on-exec, as all that std opens.
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path);
        match opened {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tries < MOST_TRIES => {}
            result => {
                let file = result?;
                fault::check("unlink")?;
                fs::remove_file(&path)?;
                return Ok(file);
            }
        }
    }
}

/// From now on, nobody changes the file. There are no seals: but nobody else has it, and the only
/// descriptor is in an image, which writes no more.
///
/// # Errors
///
/// None.
pub fn seal(_file: &File) -> io::Result<()> {
    Ok(())
}

/// Whether nobody can write to the file, or truncate it: see [`seal`].
///
/// # Errors
///
/// None.
pub fn is_sealed(_file: &File) -> io::Result<bool> {
    Ok(true)
}

/// Whether the file's bytes are under each of these stretches of addresses. The kernel does not tell.
pub fn is_mapped_at(
    _file: &File,
    _stretches: impl Iterator<Item = (Addresses, Option<u64>)>,
) -> bool {
    false
}
