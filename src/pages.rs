//! What can be done to pages in place, whoever reserved them: give back, freeze, put back, move.

use std::fs::File;
use std::ops::Range;
use std::os::fd::AsFd;
use std::sync::Arc;

use crate::error::MemoryError;
use crate::image::{Image, ImageBuilder, MOST_HOLES};
use crate::overlay::{Overlay, Overlays};
use crate::sys::{self, PageRange, Watch, Writes};
use crate::units::HostBytes;

/// Up to so many bytes, pages that were written to are written again when an image is put back: it
/// takes a tenth of what it takes to give them back, and to fault when they are next written to.
const MOST_REWRITTEN: usize = 4 << 20;

/// Gives the pages back to the system: they read zero.
///
/// # Errors
///
/// What the system says; no byte has changed then.
pub fn discard(pages: &PageRange) -> Result<(), MemoryError> {
    let addresses = pages.addresses();
    let mut overlays = Overlays::lock();
    if overlays.touch(&addresses) {
        pages.renew().map_err(|source| refused(pages, source))?;
        overlays.clear(&addresses);
        return Ok(());
    }
    pages.discard().map_err(|source| refused(pages, source))
}

/// How many bytes of the pages take memory.
///
/// # Errors
///
/// Where the system does not say.
pub fn resident(pages: &PageRange) -> Result<usize, MemoryError> {
    let mut count = 0_usize;
    sys::page_states(pages.addresses(), |state| {
        count = count.saturating_add(state.is_resident().into());
    })
    .map_err(|source| MemoryError::Unknown { source })?;
    Ok(count.saturating_mul(HostBytes::page().get()))
}

/// How many bytes of address space are kept from the first page on, as far as the kernel tells: the
/// pages, and the inaccessible mapping behind them.
///
/// # Errors
///
/// Where the system does not say.
pub fn reserved_around(pages: &PageRange) -> Result<usize, MemoryError> {
    let Range { start, end } = pages.addresses();
    let mapped = sys::mappings_within(&(start..end.saturating_add(1)))
        .map_err(|source| MemoryError::Unknown { source })?;
    let behind = mapped
        .last()
        .filter(|behind| !behind.is_accessible && behind.addresses.start <= end);
    let end = behind.map_or(end, |behind| behind.addresses.end);
    Ok(end.saturating_sub(start))
}

/// An image of the pages. Where others write meanwhile, each byte is what it was when it was read.
///
/// # Errors
///
/// What the system says.
pub fn capture(pages: &PageRange) -> Result<Image, MemoryError> {
    let mut builder = ImageBuilder::new(pages.length())?;
    let start = pages.base().as_ptr().addr();
    // Not locked while it copies: each piece holds its image.
    let pieces = Overlays::lock().pieces(&pages.addresses());
    for (addresses, overlay) in pieces {
        let offset = addresses.start.saturating_sub(start);
        for run in runs_with_bytes(&addresses, overlay)? {
            let from = offset.saturating_add(run.start);
            let run = part(pages, from..from.saturating_add(run.len()))?;
            for_bytes(&run, |bytes, at| {
                builder.add_pages(bytes, from.saturating_add(at))
            })?;
        }
    }
    builder.finish()
}

/// Where there may be other bytes than zeros in `addresses`, as offsets from their start.
fn runs_with_bytes(
    addresses: &Range<usize>,
    overlay: Option<Overlay>,
) -> Result<Vec<Range<usize>>, MemoryError> {
    let image = match overlay {
        None => None,
        Some(overlay) => match overlay.image() {
            Some(image) => Some(image),
            // What is in the file is not known: anything.
            None => return Ok(std::iter::once(0..addresses.len()).collect()),
        },
    };
    let page = HostBytes::page().get();
    let mut runs: Vec<Range<usize>> = Vec::new();
    let mut at = 0_usize;
    let mut image_runs = image.iter().flat_map(|(image, offset)| {
        let inside = |at: usize| at.saturating_sub(*offset);
        image
            .runs()
            .iter()
            .map(move |run| inside(run.start)..inside(run.end))
    });
    let mut of_image = image_runs.next();
    sys::page_states(addresses.clone(), |state| {
        let end = at.saturating_add(page);
        while of_image.as_ref().is_some_and(|run| run.end <= at) {
            of_image = image_runs.next();
        }
        if state.has_bytes() || of_image.as_ref().is_some_and(|run| run.start < end) {
            match runs.last_mut() {
                Some(last) if last.end == at => last.end = end,
                _ => runs.push(at..end),
            }
        }
        at = end;
    })
    .map_err(|source| MemoryError::Unknown { source })?;
    Ok(runs)
}

/// Writes what of anonymous pages is not zero to a file, at `offset`, but nothing from `end` on.
///
/// # Errors
///
/// What the system says.
pub fn write_runs(
    pages: &PageRange,
    file: &File,
    offset: u64,
    end: u64,
) -> Result<(), MemoryError> {
    for run in runs_with_bytes(&pages.addresses(), None)? {
        let start = run.start;
        let run = part(pages, run)?;
        for_bytes(&run, |bytes, at| {
            let at = offset.saturating_add(position(start.saturating_add(at)));
            bytes
                .write_to(file.as_fd(), at, end)
                .map_err(|source| MemoryError::File { source })
        })?;
    }
    Ok(())
}

/// Calls `take` with each stretch of pages that are not zero, and its offset.
fn for_bytes(
    run: &PageRange,
    mut take: impl FnMut(&PageRange, usize) -> Result<(), MemoryError>,
) -> Result<(), MemoryError> {
    let page = HostBytes::page().get();
    let length = run.length().get();
    let is_zero = |at: usize| part(run, at..at.saturating_add(page)).map(|page| page.is_zero());
    let mut at = 0;
    while at < length {
        let from = at;
        while at < length && !is_zero(at)? {
            at = at.saturating_add(page);
        }
        if from < at {
            take(&part(run, from..at)?, from)?;
        }
        while at < length && is_zero(at)? {
            at = at.saturating_add(page);
        }
    }
    Ok(())
}

/// Puts `image` in place of the pages, and zeros beyond its end.
///
/// # Errors
///
/// [`MemoryError::LongerImage`], or what the system says; no byte has changed then.
pub fn restore(pages: &PageRange, image: &Arc<Image>) -> Result<(), MemoryError> {
    if image.length() > pages.length() {
        return Err(MemoryError::LongerImage {
            image: image.length().get(),
            memory: pages.length().get(),
        });
    }
    let addresses = pages.addresses();
    let mut overlays = Overlays::lock();
    if overlays.are_of(&addresses, image) {
        return put_back(pages, image);
    }
    overlays.make_room(MOST_HOLES.saturating_add(2))?;
    pages
        .cover(image.as_fd(), 0, Writes::Private)
        .map_err(|source| refused(pages, source))?;
    overlays.put(&addresses, Overlay::of_image(image));
    for hole in image.holes(pages.length()) {
        // The image reads zero there as well. But it would keep a page for each that is touched.
        let Some(hole) = whole_pages(pages, hole) else {
            continue;
        };
        if hole.renew().is_ok() {
            overlays.clear(&hole.addresses());
        }
    }
    Ok(())
}

/// Puts a file's pages in place of these, from `offset` of the file on.
///
/// # Errors
///
/// What the system says; no byte has changed then.
pub fn cover(
    pages: &PageRange,
    file: &File,
    offset: u64,
    writes: Writes,
) -> Result<(), MemoryError> {
    let addresses = pages.addresses();
    let failed = |source| refused(pages, source);
    let mut overlays = Overlays::lock();
    overlays.make_room(2)?;
    // Before the pages are there: a file may be truncated at any time.
    let overlay = Overlay::of_file(Watch::over(&addresses).map_err(failed)?);
    pages.cover(file.as_fd(), offset, writes).map_err(failed)?;
    overlays.put(&addresses, overlay);
    Ok(())
}

/// Puts the bytes of `file` from `from` on over those at `at`: whole pages of it, copied when written
/// to, and copies of what is left at both ends; or of all, where pages of both do not meet.
///
/// # Errors
///
/// What the system says; no byte has changed then.
pub fn lay_over(
    memory: &PageRange,
    at: Range<usize>,
    file: &File,
    from: usize,
) -> Result<(), MemoryError> {
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
            .map_err(|_| MemoryError::System {
                wanted: offsets.len(),
                source: std::io::ErrorKind::OutOfMemory.into(),
            })?;
        bytes.resize(offsets.len(), 0);
        sys::file::read(file, &mut bytes, in_file(offsets.start))
            .map(|()| bytes)
            .map_err(|source| MemoryError::File { source })
    };
    let length = sys::file::length(file).map_err(|source| MemoryError::File { source })?;
    if length < in_file(at.end) {
        return Err(MemoryError::Truncated);
    }
    let head = read(at.start..middle.start)?;
    let tail = read(middle.end..at.end)?;
    if !middle.is_empty() {
        let offset = in_file(middle.start);
        cover(
            &part(memory, middle.clone())?,
            file,
            offset,
            Writes::Private,
        )?;
    }
    memory.write_at(&head, at.start);
    memory.write_at(&tail, middle.end);
    Ok(())
}

/// Forgets what was under pages that are new: the engine's may be where others of its were.
pub fn forget(pages: &PageRange) {
    Overlays::lock().clear(&pages.addresses());
}

/// Whether a page of a file's was lost, since somebody truncated the file.
pub fn was_truncated(pages: &PageRange) -> bool {
    Overlays::lock().were_hit(&pages.addresses())
}

/// Undoes what was written since `image` was put in place of the pages.
fn put_back(pages: &PageRange, image: &Image) -> Result<(), MemoryError> {
    let addresses = pages.addresses();
    let written = sys::private_pages(&addresses, MOST_REWRITTEN);
    let Some((written, bytes)) = written.zip(image.bytes()) else {
        return pages.discard().map_err(|source| refused(pages, source));
    };
    let page = HostBytes::page().get();
    for region in written {
        for address in region.step_by(page) {
            let from = address.saturating_sub(addresses.start);
            let offsets = from..from.saturating_add(page);
            let here = part(pages, offsets.clone())?;
            if image.is_zero(offsets.clone()) {
                here.clear();
            } else {
                here.write_at(bytes.get(offsets).unwrap_or_default(), 0);
            }
        }
    }
    Ok(())
}

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
        let mut overlays = Overlays::lock();
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
                move_overlays(&mut overlays, &there, &here);
            }
        }
    }
}

/// Notes that what was under some pages is now under others.
fn move_overlays(overlays: &mut Overlays, from: &PageRange, to: &PageRange) {
    let (base, target) = (from.addresses().start, to.addresses().start);
    overlays.clear(&to.addresses());
    for (piece, overlay) in overlays.pieces(&from.addresses()) {
        let Some(overlay) = overlay else { continue };
        let shifted = |at: usize| at.saturating_sub(base).saturating_add(target);
        let there = shifted(piece.start)..shifted(piece.end);
        let overlay = overlay.moved_to(&there);
        overlays.put(&there, overlay);
    }
    overlays.clear(&from.addresses());
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
    let mut overlays = Overlays::lock();
    if !overlays.touch(&from.addresses()) {
        overlays.clear(&to.addresses());
        move_piece(&from, &to, false)?;
        return Ok(moved);
    }
    let stretches = overlays.pieces(&from.addresses()).len();
    overlays.make_room(stretches)?;
    moved.shared = relocate_pieces(&from, &to)?;
    move_overlays(&mut overlays, &from, &to);
    Ok(moved)
}

/// The system moves one mapping at a time. Returns where those are that a file has to have.
fn relocate_pieces(from: &PageRange, to: &PageRange) -> Result<Vec<Range<usize>>, MemoryError> {
    let addresses = from.addresses();
    let mapped = sys::mappings_within(&addresses).map_err(|source| refused(from, source))?;
    let mut done = Vec::new();
    let mut shared = Vec::new();
    for mapped in mapped {
        let offset = |at: usize| {
            at.clamp(addresses.start, addresses.end)
                .saturating_sub(addresses.start)
        };
        let piece = offset(mapped.addresses.start)..offset(mapped.addresses.end);
        let (source, target) = (part(from, piece.clone())?, part(to, piece.clone())?);
        let result = if mapped.is_shared {
            move_shared(&source, &target)
        } else {
            move_piece(&source, &target, mapped.is_file)
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
        if mapped.is_shared {
            shared.push(piece);
        }
        done.push((source, target, mapped.is_shared));
    }
    Ok(shared)
}

/// Moves pages of a file that writes go to. A copy would no longer be the file.
fn move_shared(from: &PageRange, to: &PageRange) -> Result<(), MemoryError> {
    let moved = from.alias_at(to).and_then(|()| from.renew());
    moved.map_err(|source| {
        // Only where that fails as well, nothing is mapped there any more.
        let _ = to.renew();
        refused(from, source)
    })
}

/// Moves pages of one mapping, or copies them where the kernel cannot.
fn move_piece(from: &PageRange, to: &PageRange, of_file: bool) -> Result<(), MemoryError> {
    let failed = |source| refused(from, source);
    if from.remap_to(to).is_err() {
        // A refused move may already have unmapped the target: map it anew first.
        to.renew().map_err(failed)?;
        from.copy_to(to);
        let given_back = if of_file {
            from.renew()
        } else {
            from.discard()
        };
        return given_back.map_err(failed);
    }
    if of_file {
        // The file is still mapped here.
        return from.renew().map_err(|source| {
            to.copy_to(from);
            failed(source)
        });
    }
    Ok(())
}

/// The pages of `offsets`.
///
/// # Errors
///
/// [`MemoryError::Bounds`].
pub fn part<'a>(
    pages: &PageRange<'a>,
    offsets: Range<usize>,
) -> Result<PageRange<'a>, MemoryError> {
    let bound = HostBytes::round_up;
    bound(offsets.start)
        .zip(bound(offsets.end))
        .and_then(|(start, end)| pages.part(start, end))
        .ok_or(MemoryError::Bounds {
            offset: offsets.start,
            length: offsets.len(),
            memory: pages.length().get(),
        })
}

/// The pages that are all within `offsets`.
fn whole_pages<'a>(pages: &PageRange<'a>, offsets: Range<usize>) -> Option<PageRange<'a>> {
    let start = HostBytes::round_up(offsets.start)?;
    let page = HostBytes::page().get();
    let end = HostBytes::round_up(offsets.end - offsets.end % page)?;
    pages.part(start, end)
}

fn refused(pages: &PageRange, source: std::io::Error) -> MemoryError {
    MemoryError::System {
        wanted: pages.length().get(),
        source,
    }
}

fn position(offset: usize) -> u64 {
    // 64 bits hold any of this machine's.
    u64::try_from(offset).unwrap_or(u64::MAX)
}
