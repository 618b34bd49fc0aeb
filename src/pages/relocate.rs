//! Moves pages to other addresses, with everything that is mapped there.

use crate::error::MemoryError;
use crate::pages::overlay_table::OverlayTable;
use crate::pages::{allocation_failed, slice};
use crate::sys::{self, HostBytes, PageRange};

/// Pages that [`relocate`] has moved.
#[derive(Debug)]
pub struct Moved<'a> {
    from: PageRange<'a>,
    to: PageRange<'a>,
    /// The pages of writable files among them: where they were, and where they are now.
    shared: Vec<(PageRange<'a>, PageRange<'a>)>,
}

impl Moved<'_> {
    /// Copies the bytes back. This needs no system call and so cannot fail.
    ///
    /// Also maps pages of writable files back, so that writes reach the file again.
    pub fn undo(self) {
        self.to.copy_to(&self.from);
        let mut overlays = OverlayTable::lock();
        for (here, there) in self.shared {
            // If this fails, the copied bytes stay.
            if there.alias_at(&here).is_ok() {
                copy_overlays(&mut overlays, &there, &here);
                overlays.remove(there.addresses());
            }
        }
    }
}

/// Moves the pages of `from` to `to`, which is as long. The bytes of `to` are lost.
///
/// The addresses of `from` stay mapped and read zero, so that native code that has an old address does not
/// fault.
///
/// # Errors
///
/// [`MemoryError::MappingsExhausted`], or [`MemoryError::AllocationFailed`] if the system can neither move nor
/// copy the pages. The bytes are still in `from` then.
pub fn relocate<'a>(from: PageRange<'a>, to: PageRange<'a>) -> Result<Moved<'a>, MemoryError> {
    debug_assert_eq!(
        from.length(),
        to.length(),
        "each page has a place to move to"
    );
    let mut moved = Moved {
        from,
        to,
        shared: Vec::new(),
    };
    if from.length() == HostBytes::ZERO {
        return Ok(moved);
    }
    let mut overlays = OverlayTable::lock();
    let has_overlays = overlays.overlaps(from.addresses());
    if has_overlays {
        let count = overlays.segments(from.addresses()).len();
        overlays.reserve_entries(count)?;
    }
    let has_file = overlays.has_file(from.addresses());
    copy_overlays(&mut overlays, &from, &to);
    if has_overlays || sys::spans_mappings(from.addresses()) || from.remap_to(&to).is_err() {
        moved.shared = move_mappings(&from, &to, has_file)?;
        overlays.remove(from.addresses());
    }
    Ok(moved)
}

/// Copies the entries of `from` in the table to `to`.
///
/// Until the pages are moved, and if they cannot be moved, the table lists too much: each part of `to` may be
/// backed as it was before, or as `from` is.
fn copy_overlays(overlays: &mut OverlayTable, from: &PageRange, to: &PageRange) {
    let (from, to) = (from.addresses(), to.addresses());
    let segments = overlays.segments(from);
    overlays.remove(to);
    for (segment, overlay) in segments {
        let Some(overlay) = overlay else { continue };
        let target = to.slice(from.offsets_of(segment));
        overlays.insert(target, overlay.guarding(target));
    }
}

/// Moves one mapping after the other. Returns the pages of writable files: where they were, and where they are
/// now.
fn move_mappings<'a>(
    from: &PageRange<'a>,
    to: &PageRange<'a>,
    has_file: bool,
) -> Result<Vec<(PageRange<'a>, PageRange<'a>)>, MemoryError> {
    let addresses = from.addresses();
    let mappings = match sys::mappings_within(addresses) {
        Ok(mappings) => mappings,
        // It is unknown which pages are those of a file, and writes to a copy would not reach the file.
        Err(source) if has_file => return Err(allocation_failed(from, source)),
        Err(_) => return copy_mapping(from, to, true).map(|()| Vec::new()),
    };
    let mut done = Vec::new();
    for mapping in mappings {
        let offsets = addresses.offsets_of(mapping.addresses.intersection(addresses));
        let (source, target) = (slice(from, offsets.clone())?, slice(to, offsets)?);
        let is_shared = mapping.is_shared.unwrap_or(has_file);
        let result = if is_shared {
            move_shared(&source, &target)
        } else {
            move_private(&source, &target, mapping.is_file != Some(false))
        };
        if let Err(error) = result {
            for (source, target, is_shared) in done {
                PageRange::copy_to(&target, &source);
                if is_shared {
                    // If this fails, the copied bytes stay.
                    let _ = target.alias_at(&source);
                }
            }
            return Err(error);
        }
        done.push((source, target, is_shared));
    }
    let shared = done.into_iter().filter(|(_, _, is_shared)| *is_shared);
    Ok(shared.map(|(source, target, _)| (source, target)).collect())
}

/// Moves pages of a writable file. They are never copied: writes to a copy would not reach the file.
fn move_shared(from: &PageRange, to: &PageRange) -> Result<(), MemoryError> {
    let moved = from.alias_at(to).and_then(|()| from.remap_as_zeros());
    moved.map_err(|source| {
        // Unmaps the file from `to`. If this fails as well, nothing may be mapped there.
        let _ = to.remap_as_zeros();
        allocation_failed(from, source)
    })
}

/// Moves private pages of one mapping, or copies them if the system cannot move them.
fn move_private(from: &PageRange, to: &PageRange, is_file: bool) -> Result<(), MemoryError> {
    if from.remap_to(to).is_err() {
        return copy_mapping(from, to, is_file);
    }
    if is_file {
        // The move leaves the file mapped at `from`.
        return from.remap_as_zeros().map_err(|source| {
            to.copy_to(from);
            allocation_failed(from, source)
        });
    }
    Ok(())
}

/// Copies private pages to `to`, and makes `from` read zero.
fn copy_mapping(from: &PageRange, to: &PageRange, is_file: bool) -> Result<(), MemoryError> {
    let failed = |source| allocation_failed(from, source);
    // A move that failed may have unmapped `to`.
    to.remap_as_zeros().map_err(failed)?;
    from.copy_to(to);
    let cleared = if is_file {
        from.remap_as_zeros()
    } else {
        from.decommit()
    };
    cleared.map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::testing::{Area, PAGE, image};
    use crate::pages::{discard, restore};

    #[test]
    fn an_image_moves_with_its_pages() {
        let image = image(8 * PAGE, 7);
        let (from, to) = (Area::new(16 * PAGE), Area::new(16 * PAGE));
        restore(&from.pages(), &image).unwrap();
        from.write(PAGE, 9);
        discard(&slice(&from.pages(), 2 * PAGE..3 * PAGE).unwrap()).unwrap();
        from.write(12 * PAGE, 9);
        let moved = relocate(from.pages(), to.pages()).unwrap();
        let read = |area: &Area| [0, 1, 2, 3, 8, 12].map(|page| area.byte(page * PAGE));
        assert_eq!(read(&to), [7, 9, 0, 7, 0, 9]);
        assert!(from.pages().is_zero());
        assert!(!OverlayTable::lock().overlaps(from.pages().addresses()));

        moved.undo();
        assert_eq!(read(&from), [7, 9, 0, 7, 0, 9]);
        relocate(from.pages(), to.pages()).unwrap();
        assert_eq!(read(&to), [7, 9, 0, 7, 0, 9]);
        // The image can be reset at the new addresses.
        restore(&to.pages(), &image).unwrap();
        assert_eq!(read(&to), [7, 7, 7, 7, 0, 0]);
        to.write(PAGE, 9);
        restore(&to.pages(), &image).unwrap();
        assert_eq!(read(&to), [7, 7, 7, 7, 0, 0]);
        discard(&to.pages()).unwrap();
        assert!(to.pages().is_zero());
        assert!(from.pages().is_zero());
    }

    #[test]
    fn pages_of_several_mappings_move() {
        let (from, to) = (Area::new(4 * PAGE), Area::new(4 * PAGE));
        from.fill(0..4 * PAGE, 7);
        // The table does not list this mapping, but `spans_mappings` finds that there are several.
        let image = image(PAGE, 8);
        let second = slice(&from.pages(), PAGE..2 * PAGE).unwrap();
        image.map_at(&second).unwrap();
        assert!(sys::spans_mappings(from.pages().addresses()));
        relocate(from.pages(), to.pages()).unwrap();
        assert_eq!([0, 1, 2, 3].map(|page| to.byte(page * PAGE)), [7, 8, 7, 7]);
        assert!(from.pages().is_zero());
    }
}
