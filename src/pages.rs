//! What can be done to pages in place, whoever reserved them: give back, freeze, put back, move.

use std::ops::Range;
use std::os::fd::AsFd;
use std::sync::Arc;

use crate::error::MemoryError;
use crate::image::{Image, ImageBuilder, MOST_HOLES};
use crate::overlay::{Overlay, Overlays, Piece};
use crate::sys::{self, PageRange};
use crate::units::HostBytes;

/// Up to so many bytes, pages that were written to are written again when an image is put back: it
/// takes a tenth of what it takes to give them back, and to fault when they are next written to.
const MOST_REWRITTEN: usize = 4 << 20;

/// Gives the pages back to the system: they read zero.
///
/// # Errors
///
/// What the system says, or [`MemoryError::Mappings`]; no byte has changed then.
pub fn discard(pages: &PageRange) -> Result<(), MemoryError> {
    let addresses = pages.addresses();
    let mut overlays = Overlays::lock();
    if overlays.touch(&addresses) {
        if overlays.are_within_one(&addresses) {
            overlays.make_room(1)?;
        }
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
    for run in runs_with_bytes(pages)? {
        add_bytes(&mut builder, &part(pages, run.clone())?, run.start)?;
    }
    builder.finish()
}

/// Where there may be other bytes than zeros in the pages. What is left out was zero: nobody can put
/// something else under them before the states of all are known.
fn runs_with_bytes(pages: &PageRange) -> Result<Vec<Range<usize>>, MemoryError> {
    let all = pages.addresses();
    let overlays = Overlays::lock();
    let mut runs = Vec::new();
    for (addresses, overlay) in overlays.pieces(&all) {
        let offset = addresses.start.saturating_sub(all.start);
        let shifted = |at: usize| at.saturating_add(offset);
        let inside = runs_of_piece(&addresses, overlay.as_ref())?.into_iter();
        runs.extend(inside.map(|run| shifted(run.start)..shifted(run.end)));
    }
    Ok(runs)
}

/// The same of one piece, as offsets from its start.
fn runs_of_piece(
    addresses: &Range<usize>,
    overlay: Option<&Overlay>,
) -> Result<Vec<Range<usize>>, MemoryError> {
    let page = HostBytes::page().get();
    let mut runs: Vec<Range<usize>> = Vec::new();
    let mut at = 0_usize;
    let mut of_image = overlay.into_iter().flat_map(Overlay::runs).peekable();
    sys::page_states(addresses.clone(), |state| {
        let end = at.saturating_add(page);
        while of_image.next_if(|run| run.end <= at).is_some() {}
        if state.has_bytes() || of_image.peek().is_some_and(|run| run.start < end) {
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

/// Takes in what of `run` is not zero.
fn add_bytes(
    builder: &mut ImageBuilder,
    run: &PageRange,
    offset: usize,
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
            let bytes = part(run, from..at)?;
            builder.add_pages(&bytes, offset.saturating_add(from))?;
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
    if overlays.are_of(&addresses, image) && is_under(&overlays.pieces(&addresses), image) {
        return put_back(pages, image);
    }
    overlays.make_room(MOST_HOLES.saturating_add(2))?;
    pages
        .cover(image.as_fd(), 0)
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

/// Whether the system has the image where the table has it: the pages may be a new memory's of the
/// engine's, at the addresses of one that is gone.
fn is_under(pieces: &[Piece], image: &Image) -> bool {
    let overlaid = pieces.iter().filter_map(|(addresses, overlay)| {
        overlay
            .as_ref()
            .map(|overlay| (addresses.clone(), overlay.offset()))
    });
    image.is_under(overlaid)
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
                here.write(bytes.get(offsets).unwrap_or_default());
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
}

impl Moved<'_> {
    /// Copies the bytes back to where they were: no call of the system's, so that it cannot fail.
    pub fn undo(self) {
        self.to.copy_to(&self.from);
    }
}

/// Moves the pages to `to`, which is as long, and whose own are lost. What stays here is mapped and
/// reads zero, so that a holder of an old address never faults.
///
/// # Errors
///
/// What the system says where it can neither move nor copy them; the bytes are then still here.
pub fn relocate<'a>(from: PageRange<'a>, to: PageRange<'a>) -> Result<Moved<'a>, MemoryError> {
    let moved = Moved { from, to };
    if from.length() == HostBytes::ZERO {
        return Ok(moved);
    }
    let mut overlays = Overlays::lock();
    let overlaid = overlays.touch(&from.addresses());
    if overlaid {
        let stretches = overlays.pieces(&from.addresses()).len();
        overlays.make_room(stretches)?;
    }
    copy_overlays(&mut overlays, &moved);
    if overlaid || is_split(&from.addresses()) || from.remap_to(&to).is_err() {
        relocate_pieces(&moved)?;
        overlays.clear(&from.addresses());
    }
    Ok(moved)
}

/// From now on, the table has under `to` what is under `from`. It has too much until that is moved,
/// or where it cannot be: what is under `to` then may be either.
fn copy_overlays(overlays: &mut Overlays, Moved { from, to }: &Moved) {
    let (base, target) = (from.addresses().start, to.addresses().start);
    let pieces = overlays.pieces(&from.addresses());
    overlays.clear(&to.addresses());
    for (piece, overlay) in pieces {
        let Some(overlay) = overlay else { continue };
        let shifted = |at: usize| at.saturating_sub(base).saturating_add(target);
        overlays.put(&(shifted(piece.start)..shifted(piece.end)), overlay);
    }
}

/// Whether several mappings may have these addresses. A system that moves several at once may move
/// some, and then refuse; but each that does so can be asked.
fn is_split(addresses: &Range<usize>) -> bool {
    sys::MapsQuery::open().is_none_or(|maps| {
        maps.at(addresses.start)
            .is_some_and(|mapped| mapped.addresses.end < addresses.end)
    })
}

/// Moves one mapping after the other.
fn relocate_pieces(Moved { from, to }: &Moved) -> Result<(), MemoryError> {
    let addresses = from.addresses();
    let Ok(mapped) = sys::mappings_within(&addresses) else {
        return copy_piece(from, to, true);
    };
    let mut done = Vec::new();
    for mapped in mapped {
        let offset = |at: usize| {
            at.clamp(addresses.start, addresses.end)
                .saturating_sub(addresses.start)
        };
        let piece = offset(mapped.addresses.start)..offset(mapped.addresses.end);
        let (source, target) = (part(from, piece.clone())?, part(to, piece)?);
        let result = move_piece(&source, &target, mapped.is_file);
        if result.is_err() {
            for (source, target) in done {
                PageRange::copy_to(&target, &source);
            }
            return result;
        }
        done.push((source, target));
    }
    Ok(())
}

/// Moves pages of one mapping, or copies them where the system cannot.
fn move_piece(from: &PageRange, to: &PageRange, of_file: bool) -> Result<(), MemoryError> {
    if from.remap_to(to).is_err() {
        return copy_piece(from, to, of_file);
    }
    if of_file {
        // The file is still mapped here.
        return from.renew().map_err(|source| {
            to.copy_to(from);
            refused(from, source)
        });
    }
    Ok(())
}

fn copy_piece(from: &PageRange, to: &PageRange, of_file: bool) -> Result<(), MemoryError> {
    let failed = |source| refused(from, source);
    // A refused move may already have unmapped the target: map it anew first.
    to.renew().map_err(failed)?;
    from.copy_to(to);
    let given_back = if of_file {
        from.renew()
    } else {
        from.discard()
    };
    given_back.map_err(failed)
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
