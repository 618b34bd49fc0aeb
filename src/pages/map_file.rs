//! Maps pages of a file in place of others, and reports which of them were lost.

use std::fs::File;
use std::ops::Range;

use crate::error::MemoryError;
use crate::pages::{
    overlay::{FileId, Overlay},
    overlay_table::OverlayTable,
};
use crate::pages::{part, position, refused};
use crate::sys::{self, HostBytes, PageRange, TruncationGuard, Writes};

/// Puts a file's pages in place of these, from `offset` of the file on.
///
/// # Errors
///
/// What the system says; no byte has changed then.
pub fn map_file(
    pages: &PageRange,
    file: &File,
    offset: u64,
    writes: Writes,
) -> Result<(), MemoryError> {
    map_file_with(&mut OverlayTable::lock(), pages, file, offset, writes).map(drop)
}

/// The same. Returns what the file is known by.
fn map_file_with(
    overlays: &mut OverlayTable,
    pages: &PageRange,
    file: &File,
    offset: u64,
    writes: Writes,
) -> Result<FileId, MemoryError> {
    let addresses = pages.addresses();
    let failed = |source| refused(pages, source);
    overlays.reserve_entries(2)?;
    let id = FileId::new();
    // Before the pages are there: a file may be truncated at any time.
    let guard = TruncationGuard::over(addresses).map_err(failed)?;
    pages.map_file(file, offset, writes).map_err(failed)?;
    overlays.insert(addresses, Overlay::of_file(id, writes, guard));
    Ok(id)
}

/// Puts the bytes of `file` from `from` on over those at `at`: whole pages of it, copied when written
/// to, and copies of what is left at both ends; or of all, where pages of both do not meet. Returns what
/// the file is known by, if there are whole pages.
///
/// # Errors
///
/// What the system says, or [`MemoryError::FileIsWritable`]; no byte has changed then.
pub fn map_file_bytes(
    memory: &PageRange,
    at: Range<usize>,
    file: &File,
    from: usize,
) -> Result<Option<FileId>, MemoryError> {
    let page = HostBytes::page().get();
    let up = |offset: usize| HostBytes::round_up(offset).map_or(at.end, HostBytes::get);
    let (start, end) = (up(at.start), at.end - at.end % page);
    let meet = at.start % page == from % page && start < end;
    let middle = if meet { start..end } else { at.end..at.end };
    let in_file = |offset: usize| position(from.saturating_add(offset.saturating_sub(at.start)));
    let read = |offsets: Range<usize>| {
        let mut bytes = Vec::new();
        bytes
            .try_reserve_exact(offsets.len())
            .map_err(|_| MemoryError::AllocationFailed {
                wanted: offsets.len(),
                source: std::io::ErrorKind::OutOfMemory.into(),
            })?;
        bytes.resize(offsets.len(), 0);
        sys::file::read(file, &mut bytes, in_file(offsets.start))
            .map(|()| bytes)
            .map_err(|source| MemoryError::FileFailed { source })
    };
    let length = sys::file::length(file).map_err(|source| MemoryError::FileFailed { source })?;
    if length < in_file(at.end) {
        return Err(MemoryError::Truncated);
    }
    let head = read(at.start..middle.start)?;
    let tail = read(middle.end..at.end)?;
    let touched = memory.addresses().slice(at.clone());
    let mut overlays = OverlayTable::lock();
    overlays.refuse_writable_file(touched)?;
    let mut id = None;
    if !middle.is_empty() {
        let pages = part(memory, middle.clone())?;
        let offset = in_file(middle.start);
        let covered = map_file_with(&mut overlays, &pages, file, offset, Writes::Private)?;
        id = Some(covered);
    }
    drop(overlays);
    memory.write_at(&head, at.start);
    memory.write_at(&tail, middle.end);
    Ok(id)
}

/// Forgets what was under pages that are new: the engine's may be where others of its were.
pub fn forget_overlays(pages: &PageRange) {
    OverlayTable::lock().remove(pages.addresses());
}

/// Whether a page of a file's was lost, since somebody truncated the file.
pub fn was_truncated(pages: &PageRange) -> bool {
    TruncationGuard::keep_armed();
    OverlayTable::lock().has_lost_page(pages.addresses())
}

/// The files that have lost a page of these, as often as they have stretches of pages here.
pub fn truncated_files(pages: &PageRange) -> Vec<FileId> {
    TruncationGuard::keep_armed();
    let (overlays, addresses) = (OverlayTable::lock(), pages.addresses());
    let files = overlays.files(addresses);
    files
        .filter_map(|(id, has_lost_page)| has_lost_page.then_some(id))
        .collect()
}

/// The files that have pages of these, likewise.
pub fn mapped_files(pages: &PageRange) -> Vec<FileId> {
    let (overlays, addresses) = (OverlayTable::lock(), pages.addresses());
    let files = overlays.files(addresses);
    files.map(|(id, _)| id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::testing::{Area, PAGE, file_of, image};
    use crate::pages::{decommit, discard, restore};

    #[test]
    fn pages_of_a_file_that_writes_go_to_are_not_replaced() {
        let area = Area::new(4 * PAGE);
        let file = file_of(&[7; 2 * PAGE]);
        let second = part(&area.pages(), PAGE..2 * PAGE).unwrap();
        map_file(&second, &file, 0, Writes::ToFile).unwrap();
        let tries = || {
            let image = image(PAGE, 8);
            [
                discard(&area.pages()),
                restore(&area.pages(), &image),
                map_file_bytes(&area.pages(), 0..2 * PAGE, &file, 0).map(drop),
                map_file_bytes(&area.pages(), 2 * PAGE - 1..2 * PAGE, &file, 0).map(drop),
            ]
        };
        for refused in tries() {
            assert!(matches!(refused, Err(MemoryError::FileIsWritable)));
            assert_eq!(area.byte(PAGE), 7);
        }
        discard(&part(&area.pages(), 2 * PAGE..4 * PAGE).unwrap()).unwrap();
        // If the engine has unmapped them since, they are another memory's.
        area.pages().remap_as_zeros().unwrap();
        for done in tries() {
            done.unwrap();
        }
        map_file(&second, &file, 0, Writes::ToFile).unwrap();
        decommit(&area.pages()).unwrap();
        assert!(area.pages().is_zero());
    }
}
