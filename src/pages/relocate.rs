//! Moves pages to other addresses, with all that is under them.

use std::ops::Range;

use crate::error::MemoryError;
use crate::pages::overlay_table::OverlayTable;
use crate::pages::{part, refused};
use crate::sys::{self, HostBytes, PageRange};

/// Pages that [`relocate`] has moved.
#[derive(Debug)]
pub struct Moved<'a> {
    from: PageRange<'a>,
    to: PageRange<'a>,
    /// Which of them are a file's that writes go to, as offsets.
    shared: Vec<Range<usize>>,
}

impl Moved<'_> {
    /// Copies the bytes back to where they were: no call of the system's, so that it cannot fail. But
    /// for pages that a file has to have, which come back themselves.
    pub fn undo(self) {
        self.to.copy_to(&self.from);
        let mut overlays = OverlayTable::lock();
        for offsets in self.shared {
            let pieces = (
                part(&self.to, offsets.clone()),
                part(&self.from, offsets.clone()),
            );
            let (Ok(there), Ok(here)) = pieces else {
                continue;
            };
            // Where that fails, the bytes are here all the same.
            if there.alias_at(&here).is_ok() {
                copy_overlays(&mut overlays, &there, &here);
                overlays.remove(there.addresses());
            }
        }
    }
}

/// Moves the pages to `to`, which is as long, and whose own are lost. What stays here is mapped and
/// reads zero, so that a holder of an old address never faults.
///
/// # Errors
///
/// What the system says where it can neither move nor copy them; the bytes are then still here.
pub fn relocate<'a>(from: PageRange<'a>, to: PageRange<'a>) -> Result<Moved<'a>, MemoryError> {
    let mut moved = Moved {
        from,
        to,
        shared: Vec::new(),
    };
    if from.length() == HostBytes::ZERO {
        return Ok(moved);
    }
    let mut overlays = OverlayTable::lock();
    let overlaid = overlays.overlaps(from.addresses());
    if overlaid {
        let stretches = overlays.segments(from.addresses()).len();
        overlays.reserve_entries(stretches)?;
    }
    let has_file = overlays.has_file(from.addresses());
    copy_overlays(&mut overlays, &from, &to);
    if overlaid || sys::spans_mappings(from.addresses()) || from.remap_to(&to).is_err() {
        moved.shared = move_mappings(&from, &to, has_file)?;
        overlays.remove(from.addresses());
    }
    Ok(moved)
}

/// From now on, the table has under `to` what is under `from`. It has too much until that is moved,
/// or where it cannot be: what is under `to` then may be either.
fn copy_overlays(overlays: &mut OverlayTable, from: &PageRange, to: &PageRange) {
    let (base, target) = (from.addresses(), to.addresses());
    let pieces = overlays.segments(base);
    overlays.remove(target);
    for (piece, overlay) in pieces {
        let Some(overlay) = overlay else { continue };
        let there = target.slice(base.offsets_of(piece));
        let overlay = overlay.watching(there);
        overlays.insert(there, overlay);
    }
}

/// Moves one mapping after the other. Returns where those are that a file has to have.
fn move_mappings(
    from: &PageRange,
    to: &PageRange,
    has_file: bool,
) -> Result<Vec<Range<usize>>, MemoryError> {
    let addresses = from.addresses();
    let mapped = match sys::mappings_within(addresses) {
        Ok(mapped) => mapped,
        // A copy of a file's pages would no longer be the file.
        Err(source) if has_file => return Err(refused(from, source)),
        Err(_) => return copy_mapping(from, to, true).map(|()| Vec::new()),
    };
    let mut done = Vec::new();
    let mut shared = Vec::new();
    for mapped in mapped {
        let piece = addresses.offsets_of(mapped.addresses.intersection(addresses));
        let (source, target) = (part(from, piece.clone())?, part(to, piece.clone())?);
        let is_shared = mapped.is_shared.unwrap_or(has_file);
        let result = if is_shared {
            move_shared(&source, &target)
        } else {
            move_mapping(&source, &target, mapped.is_file != Some(false))
        };
        if let Err(error) = result {
            for (source, target, is_shared) in done {
                PageRange::copy_to(&target, &source);
                if is_shared {
                    // Where that fails, the bytes are here all the same.
                    let _ = target.alias_at(&source);
                }
            }
            return Err(error);
        }
        if is_shared {
            shared.push(piece);
        }
        done.push((source, target, is_shared));
    }
    Ok(shared)
}

/// Moves pages of a file that writes go to. A copy would no longer be the file.
fn move_shared(from: &PageRange, to: &PageRange) -> Result<(), MemoryError> {
    let moved = from.alias_at(to).and_then(|()| from.remap_as_zeros());
    moved.map_err(|source| {
        // Only where that fails as well, nothing is mapped there any more.
        let _ = to.remap_as_zeros();
        refused(from, source)
    })
}

/// Moves pages of one mapping, or copies them where the system cannot.
fn move_mapping(from: &PageRange, to: &PageRange, of_file: bool) -> Result<(), MemoryError> {
    if from.remap_to(to).is_err() {
        return copy_mapping(from, to, of_file);
    }
    if of_file {
        // The file is still mapped here.
        return from.remap_as_zeros().map_err(|source| {
            to.copy_to(from);
            refused(from, source)
        });
    }
    Ok(())
}

fn copy_mapping(from: &PageRange, to: &PageRange, of_file: bool) -> Result<(), MemoryError> {
    let failed = |source| refused(from, source);
    // A refused move may already have unmapped the target: map it anew first.
    to.remap_as_zeros().map_err(failed)?;
    from.copy_to(to);
    let given_back = if of_file {
        from.remap_as_zeros()
    } else {
        from.decommit()
    };
    given_back.map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::testing::{Area, PAGE, image};
    use crate::pages::{discard, restore};

    #[test]
    fn pages_over_an_image_move_with_it() {
        let image = image(8 * PAGE, 7);
        let (from, to) = (Area::new(16 * PAGE), Area::new(16 * PAGE));
        restore(&from.pages(), &image).unwrap();
        from.write(PAGE, 9);
        discard(&part(&from.pages(), 2 * PAGE..3 * PAGE).unwrap()).unwrap();
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
        // As a memory of its own.
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
    fn pages_that_are_several_mappings_move() {
        let (from, to) = (Area::new(4 * PAGE), Area::new(4 * PAGE));
        from.fill(0..4 * PAGE, 7);
        // Not anonymous, and not in the table: another mapping is all that counts.
        let image = image(PAGE, 8);
        let second = part(&from.pages(), PAGE..2 * PAGE).unwrap();
        image.map_at(&second).unwrap();
        assert!(sys::spans_mappings(from.pages().addresses()));
        relocate(from.pages(), to.pages()).unwrap();
        assert_eq!([0, 1, 2, 3].map(|page| to.byte(page * PAGE)), [7, 8, 7, 7]);
        assert!(from.pages().is_zero());
    }
}
