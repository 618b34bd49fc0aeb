//! Maps pages of a file in place of others, and reports which of them were lost.

use std::fs::File;
use std::ops::Range;

use crate::error::MemoryError;
use crate::pages::overlay::{FileId, Overlay};
use crate::pages::overlay_table::OverlayTable;
use crate::pages::{allocation_failed, slice, zeroed_buffer};
use crate::sys::{self, HostBytes, PageRange, TruncationGuard, Writes, file_offset};

/// Maps the pages of `file` from `offset` on in place of all of `pages`. `offset` is a multiple of the system's
/// page size.
///
/// # Errors
///
/// [`MemoryError::MappingsExhausted`] or [`MemoryError::AllocationFailed`]; no byte has changed then.
pub fn map_file(
    pages: &PageRange,
    file: &File,
    offset: u64,
    writes: Writes,
) -> Result<(), MemoryError> {
    map_file_with(&mut OverlayTable::lock(), pages, file, offset, writes).map(drop)
}

fn map_file_with(
    overlays: &mut OverlayTable,
    pages: &PageRange,
    file: &File,
    offset: u64,
    writes: Writes,
) -> Result<FileId, MemoryError> {
    let addresses = pages.addresses();
    let failed = |source| allocation_failed(pages, source);
    overlays.reserve_entries(2)?;
    let id = FileId::new();
    // The guard comes before the pages: another process can truncate the file at any time.
    let guard = TruncationGuard::over(addresses).map_err(failed)?;
    pages.map_file(file, offset, writes).map_err(failed)?;
    overlays.insert(addresses, Overlay::of_file(id, writes, guard));
    Ok(id)
}

/// Replaces the bytes of `memory` at the offsets `at` by those of `file` from `from` on, privately: writes to
/// the memory do not reach the file.
///
/// Maps whole pages of the file and copies the bytes at both ends. Copies all bytes if `at` and `from` are not
/// the same number of bytes behind a page boundary. Returns the identifier of the mapping, if there is one.
///
/// # Errors
///
/// [`MemoryError::Truncated`] if the file is shorter, [`MemoryError::FileIsWritable`],
/// [`MemoryError::PagesUnknown`], [`MemoryError::MappingsExhausted`], [`MemoryError::AllocationFailed`] or
/// [`MemoryError::FileFailed`]; no byte has changed then.
pub fn map_file_bytes(
    memory: &PageRange,
    at: Range<usize>,
    file: &File,
    from: usize,
) -> Result<Option<FileId>, MemoryError> {
    check_length(file, from, at.len())?;
    let mapped = mappable(&at, from);
    // No overflow: the file has all of these offsets.
    let in_file = |offset: usize| file_offset(from + (offset - at.start));
    let read = |offsets: Range<usize>| {
        let mut bytes = zeroed_buffer(offsets.len())?;
        sys::file::read(file, &mut bytes, in_file(offsets.start))
            .map_err(|source| MemoryError::FileFailed { source })?;
        Ok::<_, MemoryError>(bytes)
    };
    let head = read(at.start..mapped.start)?;
    let tail = read(mapped.end..at.end)?;
    let mut overlays = OverlayTable::lock();
    overlays.refuse_writable_file(memory.addresses().slice(at.clone()))?;
    let mut id = None;
    if !mapped.is_empty() {
        let pages = slice(memory, mapped.clone())?;
        let offset = in_file(mapped.start);
        id = Some(map_file_with(
            &mut overlays,
            &pages,
            file,
            offset,
            Writes::Private,
        )?);
    }
    drop(overlays);
    memory.write_at(&head, at.start);
    memory.write_at(&tail, mapped.end);
    Ok(id)
}

/// Checks that `file` has `length` bytes from `from` on.
///
/// # Errors
///
/// [`MemoryError::Truncated`] if it is shorter, or [`MemoryError::FileFailed`].
pub fn check_length(file: &File, from: usize, length: usize) -> Result<(), MemoryError> {
    let available = sys::file::length(file).map_err(|source| MemoryError::FileFailed { source })?;
    let end = from.checked_add(length).map(file_offset);
    if end.is_none_or(|end| available < end) {
        return Err(MemoryError::Truncated);
    }
    Ok(())
}

/// Returns which of the offsets `at` of a memory can be mapped to a file, whose bytes from `from` on belong
/// there: the whole pages, or an empty range at the end if page boundaries of the memory are not those of the
/// file.
fn mappable(at: &Range<usize>, from: usize) -> Range<usize> {
    let page = HostBytes::page().get();
    let none = at.end..at.end;
    // Rounded inwards to page boundaries: bytes outside of `at` must not change.
    let Some(start) = HostBytes::round_up(at.start) else {
        return none;
    };
    let (start, end) = (start.get(), at.end - at.end % page);
    if at.start % page == from % page && start < end {
        start..end
    } else {
        none
    }
}

/// Removes the entries of the table for pages that were just committed. The engine may have unmapped another
/// memory at these addresses before.
pub fn forget_overlays(pages: &PageRange) {
    OverlayTable::lock().remove(pages.addresses());
}

/// Returns whether any of the pages was lost when its file was truncated.
pub fn was_truncated(pages: &PageRange) -> bool {
    TruncationGuard::keep_armed();
    OverlayTable::lock().has_lost_page(pages.addresses())
}

/// Returns the files that have lost any of the pages. A file may be listed more than once.
pub fn truncated_files(pages: &PageRange) -> Vec<FileId> {
    TruncationGuard::keep_armed();
    let (overlays, addresses) = (OverlayTable::lock(), pages.addresses());
    let files = overlays.files(addresses);
    files
        .filter_map(|(id, has_lost_page)| has_lost_page.then_some(id))
        .collect()
}

/// Returns the files that back any of the pages. A file may be listed more than once.
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
    fn pages_of_a_writable_file_are_neither_discarded_nor_replaced() {
        let area = Area::new(4 * PAGE);
        let file = file_of(&[7; 2 * PAGE]);
        let second = slice(&area.pages(), PAGE..2 * PAGE).unwrap();
        map_file(&second, &file, 0, Writes::ToFile).unwrap();
        let attempts = || {
            let image = image(PAGE, 8);
            [
                discard(&area.pages()),
                restore(&area.pages(), &image),
                map_file_bytes(&area.pages(), 0..2 * PAGE, &file, 0).map(drop),
                map_file_bytes(&area.pages(), 2 * PAGE - 1..2 * PAGE, &file, 0).map(drop),
            ]
        };
        for refused in attempts() {
            assert!(matches!(refused, Err(MemoryError::FileIsWritable)));
            assert_eq!(area.byte(PAGE), 7);
        }
        discard(&slice(&area.pages(), 2 * PAGE..4 * PAGE).unwrap()).unwrap();
        // If the engine has unmapped them since, the pages are those of another memory.
        area.pages().remap_as_zeros().unwrap();
        for allowed in attempts() {
            allowed.unwrap();
        }
        map_file(&second, &file, 0, Writes::ToFile).unwrap();
        decommit(&area.pages()).unwrap();
        assert!(area.pages().is_zero());
    }
}
