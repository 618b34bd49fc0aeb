//! Writes an image as a snapshot file.

use std::collections::hash_map::RandomState;
use std::fs::{self, File};
use std::hash::{BuildHasher, Hasher};
use std::io::{BufWriter, Write};
use std::path::Path;

use super::{CHUNK, Hashing, MAGIC, Origin, VERSION, chunks, failed, part_of};
use crate::error::MemoryError;
use crate::pages::image::Image;
use crate::sys::{self, SigxfszBlock, file_offset};

/// Saves an image as the file at `path`: writes a draft beside it and then renames the draft. A program that
/// opens the file finds the previous one or the whole new one, even after a loss of power. Only a file or a
/// link is ever replaced.
///
/// # Errors
///
/// [`MemoryError::FileFailed`], or an error of reading the image. The previous file is still at `path` then,
/// unless only the sync of the directory has failed.
pub fn save(image: &Image, origin: Origin, path: &Path) -> Result<(), MemoryError> {
    sys::file::check_replaceable(path).map_err(failed)?;
    let directory = path
        .parent()
        .filter(|directory| *directory != Path::new(""));
    let directory = directory.unwrap_or(Path::new("."));
    let draft = directory.join(draft_name());
    let file = sys::file::create(&draft).map_err(failed)?;
    let written = write(image, origin, &file).and_then(|()| sys::file::sync(&file).map_err(failed));
    drop(file);
    written
        .and_then(|()| sys::file::rename(&draft, path).map_err(failed))
        // This error is reported, not one of removing the draft.
        .inspect_err(|_| drop(fs::remove_file(&draft)))?;
    sys::file::sync_directory(directory).map_err(failed)
}

/// Returns a name that no program can foresee: the keys are from the system's source of random numbers.
pub(super) fn draft_name() -> String {
    let part = || RandomState::new().build_hasher().finish();
    format!(".snapshot-{:016x}{:016x}", part(), part())
}

/// Writes an image at the current position of `file`.
///
/// # Errors
///
/// [`MemoryError::FileFailed`], or an error of reading the image. The file is not a snapshot then.
pub fn write(image: &Image, origin: Origin, file: &File) -> Result<(), MemoryError> {
    let _blocked = SigxfszBlock::new();
    let mut out = Hashing::new(BufWriter::new(file));
    out.put(&MAGIC)?;
    out.put(&VERSION.to_le_bytes())?;
    out.put(&origin.flags.to_le_bytes())?;
    out.put(&origin.maximum.to_le_bytes())?;
    out.put_number(image.length().get())?;
    out.put_number(image.extents().len())?;
    for extent in image.extents().iter() {
        out.put_number(extent.start)?;
        out.put_number(extent.len())?;
    }
    out.put_hash()?;
    let mut chunk = vec![0; CHUNK];
    for extent in image.extents().iter() {
        for part in chunks(extent) {
            let bytes = part_of(&mut chunk, &part);
            image.read(bytes, part.start)?;
            out.put(bytes)?;
        }
    }
    out.put_hash()?;
    out.stream.flush().map_err(failed)
}

impl<W: Write> Hashing<W> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), MemoryError> {
        self.hash.update(bytes);
        self.stream.write_all(bytes).map_err(failed)
    }

    fn put_number(&mut self, number: usize) -> Result<(), MemoryError> {
        self.put(&file_offset(number).to_le_bytes())
    }

    fn put_hash(&mut self) -> Result<(), MemoryError> {
        let hash = self.hash.digest128();
        self.put(&hash.to_le_bytes())
    }
}
