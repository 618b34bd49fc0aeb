//! What can be done to pages in place, whoever reserved them: give back, freeze, put back, move.

pub mod copies;
pub mod file_tail;
pub mod image;
pub mod overlays;

use std::fs::File;
use std::ops::Range;
use std::sync::{Arc, MutexGuard};

use crate::error::MemoryError;
use crate::pages::image::{Image, ImageBuilder, MOST_HOLES};
use crate::pages::overlays::{FileId, Overlay, Overlays, Piece};
use crate::sys::{self, PageRange, SizeSignal, Watch, Writes};
use crate::units::HostBytes;

/// Up to so many bytes, pages that were written to are written again when an image is put back: it
/// takes a tenth of what it takes to give them back, and to fault when they are next written to.
const MOST_REWRITTEN: usize = 4 << 20;

/// Gives the pages back to the system: they read zero.
///
/// # Errors
///
/// What the system says, [`MemoryError::Mappings`] or [`MemoryError::WrittenFile`]; no byte has changed
/// then.
pub fn discard(pages: &PageRange) -> Result<(), MemoryError> {
    let overlays = Overlays::lock();
    let addresses = pages.addresses();
    refuse_written(&overlays, &addresses)?;
    if overlays.have_written(&addresses) {
        // Of another memory that is gone, or whose file has lost them all: it is still to be told so.
        return pages.renew().map_err(|source| refused(pages, source));
    }
    give_back_in(overlays, pages)
}

/// The same for pages whose memory ends, even if they are a file's that writes go to.
///
/// # Errors
///
/// What the system says, or [`MemoryError::Mappings`]; no byte has changed then.
pub fn give_back(pages: &PageRange) -> Result<(), MemoryError> {
    give_back_in(Overlays::lock(), pages)
}

fn give_back_in(mut overlays: MutexGuard<Overlays>, pages: &PageRange) -> Result<(), MemoryError> {
    let addresses = pages.addresses();
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

/// Refuses addresses at which a file is that writes go to. Another `Memory` of the same pages may not know
/// that they are a file. The table may speak of a memory that the engine has unmapped, so the system is
/// asked as well.
fn refuse_written(overlays: &Overlays, addresses: &Range<usize>) -> Result<(), MemoryError> {
    if !overlays.have_written(addresses) {
        return Ok(());
    }
    let mapped =
        sys::mappings_within(addresses).map_err(|source| MemoryError::Unknown { source })?;
    if mapped.iter().any(|mapped| mapped.is_shared != Some(false)) {
        return Err(MemoryError::WrittenFile);
    }
    Ok(())
}

/// How many bytes of the pages take memory.
///
/// # Errors
///
/// Where the system does not say.
pub fn resident(pages: &PageRange) -> Result<usize, MemoryError> {
    sys::resident_bytes(&pages.addresses()).map_err(|source| MemoryError::Unknown { source })
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
    for run in runs_with_bytes(pages) {
        for_bytes(&part(pages, run.clone())?, |bytes, at| {
            builder.add_pages(bytes, run.start.saturating_add(at))
        })?;
    }
    builder.finish()
}

/// Where there may be other bytes than zeros in the pages. What is left out was zero: nobody can put
/// something else under them before the states of all are known.
fn runs_with_bytes(pages: &PageRange) -> Vec<Range<usize>> {
    let all = pages.addresses();
    let overlays = Overlays::lock();
    let mut runs = Vec::new();
    for (addresses, overlay) in overlays.pieces(&all) {
        let offset = addresses.start.saturating_sub(all.start);
        let shifted = |at: usize| at.saturating_add(offset);
        let inside = runs_of_piece(&addresses, overlay.as_ref()).into_iter();
        runs.extend(inside.map(|run| shifted(run.start)..shifted(run.end)));
    }
    runs
}

/// The same of one piece, as offsets from its start.
pub fn runs_of_piece(addresses: &Range<usize>, overlay: Option<&Overlay>) -> Vec<Range<usize>> {
    let all = || std::iter::once(0..addresses.len()).collect();
    if overlay.is_some_and(Overlay::is_file) {
        // What is in a file, only reading it tells.
        return all();
    }
    let page = HostBytes::page().get();
    let mut runs: Vec<Range<usize>> = Vec::new();
    let mut at = 0_usize;
    let mut of_image = overlay.into_iter().flat_map(Overlay::runs).peekable();
    let told = sys::page_states(addresses.clone(), |state| {
        let end = at.saturating_add(page);
        while of_image.next_if(|run| run.end <= at).is_some() {}
        if state.has_bytes() || of_image.peek().is_some_and(|run| run.start < end) {
            match runs.last_mut() {
                Some(last) if last.end == at => last.end = end,
                _ => runs.push(at..end),
            }
        }
        at = end;
    });
    // If the system does not tell, reading does.
    told.map_or_else(|_| all(), |()| runs)
}

/// Writes what of anonymous pages is not zero to a file, at `offset`, but nothing from `end` on. Tells
/// `about_to` of each stretch of the pages before it is written.
///
/// # Errors
///
/// What the system says.
pub fn write_runs(
    pages: &PageRange,
    file: &File,
    offset: u64,
    end: u64,
    mut about_to: impl FnMut(Range<usize>),
) -> Result<(), MemoryError> {
    let _held = SizeSignal::hold();
    for run in runs_of_piece(&pages.addresses(), None) {
        let start = run.start;
        let run = part(pages, run)?;
        for_bytes(&run, |bytes, at| {
            let at = start.saturating_add(at);
            about_to(at..at.saturating_add(bytes.length().get()));
            write_all(bytes, file, offset.saturating_add(position(at)), end)
        })?;
    }
    Ok(())
}

/// Writes all of the pages, as [`write_runs`] does.
///
/// # Errors
///
/// What the system says.
pub fn write_all(pages: &PageRange, file: &File, offset: u64, end: u64) -> Result<(), MemoryError> {
    let _held = SizeSignal::hold();
    pages
        .write_to(file, offset, end)
        .map_err(|source| MemoryError::File { source })
}

/// Calls `take` with each stretch of pages that are not zero, and its offset.
///
/// # Errors
///
/// The errors of `take`.
pub fn for_bytes(
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
/// [`MemoryError::LongerImage`], [`MemoryError::WrittenFile`], or what the system says; no byte has changed
/// then.
pub fn restore(pages: &PageRange, image: &Arc<Image>) -> Result<(), MemoryError> {
    if image.length() > pages.length() {
        return Err(MemoryError::LongerImage {
            image: image.length().get(),
            memory: pages.length().get(),
        });
    }
    let addresses = pages.addresses();
    let end = image.extent().get();
    let (own, beyond) = (part(pages, 0..end)?, part(pages, end..addresses.len())?);
    let mut overlays = Overlays::lock();
    refuse_written(&overlays, &addresses)?;
    if overlays.are_of(&addresses, image) && is_under(&overlays.pieces(&addresses), image) {
        return put_back(pages, image);
    }
    overlays.make_room(MOST_HOLES.saturating_add(2))?;
    image
        .put_under(&own)
        .map_err(|source| refused(pages, source))?;
    // From here on, nothing fails.
    if sys::MAPS_FILES {
        overlays.put(&own.addresses(), Overlay::of_image(image));
        for hole in image.holes() {
            // The image reads zero there as well. But it would keep a page for each that is touched.
            let Some(hole) = whole_pages(pages, hole) else {
                continue;
            };
            if hole.renew().is_ok() {
                overlays.clear(&hole.addresses());
            }
        }
    }
    make_zero(&beyond, &mut overlays);
    Ok(())
}

/// Makes the pages read zero. If the system refuses to replace them, it writes zeros, which takes no
/// system call and so cannot fail.
fn make_zero(pages: &PageRange, overlays: &mut Overlays) {
    let addresses = pages.addresses();
    // Not given back: that brings zeros only if nothing else is under them than the table has.
    if pages.renew().is_ok() {
        overlays.clear(&addresses);
        return;
    }
    // Pages of a file are written in any case: until then, they show what others write to the file.
    let has_file = overlays.have_file(&addresses);
    let page = HostBytes::page().get();
    for at in (0..addresses.len()).step_by(page) {
        if let Ok(page) = part(pages, at..at.saturating_add(page))
            && (has_file || !page.is_zero())
        {
            page.clear();
        }
    }
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
    cover_in(&mut Overlays::lock(), pages, file, offset, writes).map(drop)
}

/// The same. Returns what the file is known by.
fn cover_in(
    overlays: &mut Overlays,
    pages: &PageRange,
    file: &File,
    offset: u64,
    writes: Writes,
) -> Result<FileId, MemoryError> {
    let addresses = pages.addresses();
    let failed = |source| refused(pages, source);
    overlays.make_room(2)?;
    let id = FileId::new();
    // Before the pages are there: a file may be truncated at any time.
    let watch = Watch::over(&addresses).map_err(failed)?;
    pages.cover(file, offset, writes).map_err(failed)?;
    overlays.put(&addresses, Overlay::of_file(id, writes, watch));
    Ok(id)
}

/// Puts the bytes of `file` from `from` on over those at `at`: whole pages of it, copied when written
/// to, and copies of what is left at both ends; or of all, where pages of both do not meet. Returns what
/// the file is known by, if there are whole pages.
///
/// # Errors
///
/// What the system says, or [`MemoryError::WrittenFile`]; no byte has changed then.
pub fn lay_over(
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
    let base = memory.addresses().start;
    let touched = base.saturating_add(at.start)..base.saturating_add(at.end);
    let mut overlays = Overlays::lock();
    refuse_written(&overlays, &touched)?;
    let mut id = None;
    if !middle.is_empty() {
        let pages = part(memory, middle.clone())?;
        let offset = in_file(middle.start);
        let covered = cover_in(&mut overlays, &pages, file, offset, Writes::Private)?;
        id = Some(covered);
    }
    drop(overlays);
    memory.write_at(&head, at.start);
    memory.write_at(&tail, middle.end);
    Ok(id)
}

/// Forgets what was under pages that are new: the engine's may be where others of its were.
pub fn forget(pages: &PageRange) {
    Overlays::lock().clear(&pages.addresses());
}

/// Whether a page of a file's was lost, since somebody truncated the file.
pub fn was_truncated(pages: &PageRange) -> bool {
    Watch::keep_armed();
    Overlays::lock().were_hit(&pages.addresses())
}

/// The files that have lost a page of these, as often as they have stretches of pages here.
pub fn lost_files(pages: &PageRange) -> Vec<FileId> {
    Watch::keep_armed();
    let (overlays, addresses) = (Overlays::lock(), pages.addresses());
    let files = overlays.files(&addresses);
    files
        .filter_map(|(id, was_hit)| was_hit.then_some(id))
        .collect()
}

/// The files that have pages of these, likewise.
pub fn files_under(pages: &PageRange) -> Vec<FileId> {
    let (overlays, addresses) = (Overlays::lock(), pages.addresses());
    let files = overlays.files(&addresses);
    files.map(|(id, _)| id).collect()
}

/// Returns whether the system has the image where the table has it, and anonymous pages everywhere else:
/// the pages may be those of a new engine memory, at the addresses of one that is gone.
fn is_under(pieces: &[Piece], image: &Image) -> bool {
    let offset_of = |overlay: &Option<Overlay>| overlay.as_ref().map(Overlay::offset);
    let stretches = pieces.iter();
    image.is_under(stretches.map(|(addresses, overlay)| (addresses.clone(), offset_of(overlay))))
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
                copy_overlays(&mut overlays, &there, &here);
                overlays.clear(&there.addresses());
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
    let mut overlays = Overlays::lock();
    let overlaid = overlays.touch(&from.addresses());
    if overlaid {
        let stretches = overlays.pieces(&from.addresses()).len();
        overlays.make_room(stretches)?;
    }
    let has_file = overlays.have_file(&from.addresses());
    copy_overlays(&mut overlays, &from, &to);
    if overlaid || sys::is_split(&from.addresses()) || from.remap_to(&to).is_err() {
        moved.shared = relocate_pieces(&from, &to, has_file)?;
        overlays.clear(&from.addresses());
    }
    Ok(moved)
}

/// From now on, the table has under `to` what is under `from`. It has too much until that is moved,
/// or where it cannot be: what is under `to` then may be either.
fn copy_overlays(overlays: &mut Overlays, from: &PageRange, to: &PageRange) {
    let (base, target) = (from.addresses().start, to.addresses().start);
    let pieces = overlays.pieces(&from.addresses());
    overlays.clear(&to.addresses());
    for (piece, overlay) in pieces {
        let Some(overlay) = overlay else { continue };
        let shifted = |at: usize| at.saturating_sub(base).saturating_add(target);
        let there = shifted(piece.start)..shifted(piece.end);
        let overlay = overlay.at(&there);
        overlays.put(&there, overlay);
    }
}

/// Moves one mapping after the other. Returns where those are that a file has to have.
fn relocate_pieces(
    from: &PageRange,
    to: &PageRange,
    has_file: bool,
) -> Result<Vec<Range<usize>>, MemoryError> {
    let addresses = from.addresses();
    let mapped = match sys::mappings_within(&addresses) {
        Ok(mapped) => mapped,
        // A copy of a file's pages would no longer be the file.
        Err(source) if has_file => return Err(refused(from, source)),
        Err(_) => return copy_piece(from, to, true).map(|()| Vec::new()),
    };
    let mut done = Vec::new();
    let mut shared = Vec::new();
    for mapped in mapped {
        let offset = |at: usize| {
            at.clamp(addresses.start, addresses.end)
                .saturating_sub(addresses.start)
        };
        let piece = offset(mapped.addresses.start)..offset(mapped.addresses.end);
        let (source, target) = (part(from, piece.clone())?, part(to, piece.clone())?);
        let is_shared = mapped.is_shared.unwrap_or(has_file);
        let result = if is_shared {
            move_shared(&source, &target)
        } else {
            move_piece(&source, &target, mapped.is_file != Some(false))
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
    let moved = from.alias_at(to).and_then(|()| from.renew());
    moved.map_err(|source| {
        // Only where that fails as well, nothing is mapped there any more.
        let _ = to.renew();
        refused(from, source)
    })
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

fn position(offset: usize) -> u64 {
    // 64 bits hold any of this machine's.
    u64::try_from(offset).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Mapping;
    use crate::sys::maps::byte_at;

    const PAGE: usize = 4096;

    fn bytes(count: usize) -> HostBytes {
        HostBytes::round_up(count).unwrap()
    }

    /// Accessible pages, with nothing about them in the table, now or later.
    struct Area {
        mapping: Mapping,
        length: HostBytes,
    }

    impl Area {
        fn new(length: usize) -> Self {
            let length = bytes(length);
            let mapping = Mapping::reserve(length, length).unwrap();
            Self { mapping, length }
        }

        fn pages(&self) -> PageRange<'_> {
            self.mapping.pages(self.length).unwrap()
        }

        fn write(&self, offset: usize, value: u8) {
            let page = offset - offset % PAGE;
            let all = part(&self.pages(), page..page + PAGE).unwrap();
            let mut content = [0; PAGE];
            for (place, byte) in content.iter_mut().enumerate() {
                *byte = self.byte(page + place);
            }
            content[offset - page] = value;
            all.write_at(&content, 0);
        }

        /// A byte of each page of the system's, in `offsets`.
        fn fill(&self, offsets: Range<usize>, value: u8) {
            let mut content = [0; PAGE];
            content[0] = value;
            for page in offsets.step_by(PAGE) {
                part(&self.pages(), page..page + PAGE)
                    .unwrap()
                    .write_at(&content, 0);
            }
        }

        fn byte(&self, offset: usize) -> u8 {
            byte_at(self.pages().addresses().start + offset).unwrap()
        }

        fn resident(&self) -> usize {
            resident(&self.pages()).unwrap()
        }
    }

    impl Drop for Area {
        fn drop(&mut self) {
            Overlays::lock().clear(&self.pages().addresses());
        }
    }

    fn image_of(area: &Area) -> Arc<Image> {
        Arc::new(capture(&area.pages()).unwrap())
    }

    /// An image of so many bytes, one of which in each page is `value`.
    fn image(length: usize, value: u8) -> Arc<Image> {
        let area = Area::new(length);
        area.fill(0..length, value);
        image_of(&area)
    }

    const MIB: usize = 1 << 20;

    #[test]
    fn an_image_has_the_pages_that_are_not_zero() {
        let area = Area::new(8 * PAGE);
        area.write(PAGE + 5, 1);
        area.write(2 * PAGE, 2);
        area.write(4 * PAGE, 0); // Touched, and still zero.
        area.write(8 * PAGE - 1, 3);
        let image = image_of(&area);
        assert_eq!(image.length(), bytes(8 * PAGE));
        assert_eq!(**image.runs(), [PAGE..3 * PAGE, 7 * PAGE..8 * PAGE]);
        let mut read = [0; 6];
        image.read(&mut read, PAGE).unwrap();
        assert_eq!(read, [0, 0, 0, 0, 0, 1]);
    }

    #[test]
    fn what_is_discarded_reads_zero_and_takes_no_memory() {
        let area = Area::new(4 * PAGE);
        let over_image = Area::new(4 * PAGE);
        restore(&over_image.pages(), &image(4 * PAGE, 7)).unwrap();
        for area in [area, over_image] {
            area.fill(0..4 * PAGE, 9);
            assert_eq!(area.resident(), 4 * PAGE);
            discard(&part(&area.pages(), PAGE..3 * PAGE).unwrap()).unwrap();
            let found = [0, 1, 2, 3].map(|page| area.byte(page * PAGE));
            assert_eq!(found, [9, 0, 0, 9]);
            assert_eq!(area.resident(), 2 * PAGE);
            discard(&area.pages()).unwrap();
            assert!(area.pages().is_zero());
            assert_eq!(area.resident(), 0);
        }
    }

    #[test]
    fn an_image_comes_back_however_much_was_written_since() {
        let image = image(8 * MIB, 7);
        let area = Area::new(10 * MIB);
        for written in [0..0, 0..MIB, 0..10 * MIB, 6 * MIB..10 * MIB, 0..4 * PAGE] {
            area.fill(written.clone(), 9);
            restore(&area.pages(), &image).unwrap();
            for offset in (0..10 * MIB).step_by(64 * PAGE) {
                let expected = if offset < 8 * MIB { 7 } else { 0 };
                assert_eq!(area.byte(offset), expected, "{offset} after {written:?}");
            }
        }
    }

    #[test]
    fn beyond_an_image_is_nothing_of_its_file() {
        let area = Area::new(8 * PAGE);
        let beyond = part(&area.pages(), 2 * PAGE..8 * PAGE).unwrap();
        // Over pages of the program's, over a longer image's, over its own.
        for longer in [image(0, 0), image(8 * PAGE, 8), image(2 * PAGE, 8)] {
            area.fill(0..8 * PAGE, 9);
            restore(&area.pages(), &longer).unwrap();
            area.fill(3 * PAGE..5 * PAGE, 9);
            let image = image(2 * PAGE, 7);
            for _ in 0..2 {
                restore(&area.pages(), &image).unwrap();
                assert_eq!([0, 1].map(|page| area.byte(page * PAGE)), [7, 7]);
                assert!(beyond.is_zero());
                assert!(!Overlays::lock().touch(&beyond.addresses()));
                // A page of a file beyond its end would fault.
                beyond.clear();
                area.fill(0..4 * PAGE, 9);
            }
        }
    }

    #[test]
    fn an_image_takes_no_more_of_a_file_than_it_has() {
        let image = image(2 * PAGE, 7);
        let area = Area::new(3 * PAGE);
        let refused = image.put_under(&area.pages()).unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);
        assert!(area.pages().is_zero());
    }

    #[test]
    fn a_longer_image_is_refused() {
        let area = Area::new(PAGE);
        area.write(0, 9);
        let refused = restore(&area.pages(), &image(2 * PAGE, 7));
        assert!(matches!(refused, Err(MemoryError::LongerImage { .. })));
        assert_eq!(area.byte(0), 9);
    }

    /// The engine unmaps its memories without a word, and makes the next at the same addresses.
    #[test]
    fn an_image_that_is_no_longer_there_is_put_back_whole() {
        for length in [PAGE, 8 * MIB] {
            let image = image(length, 7);
            let area = Area::new(length);
            restore(&area.pages(), &image).unwrap();
            area.pages().renew().unwrap();
            area.fill(0..length, 9);
            restore(&area.pages(), &image).unwrap();
            assert_eq!((area.byte(0), area.byte(length - PAGE)), (7, 7));

            // Another image's, of which nobody told either.
            let other = super::tests::image(length, 8);
            other.put_under(&area.pages()).unwrap();
            restore(&area.pages(), &image).unwrap();
            assert_eq!((area.byte(0), area.byte(length - PAGE)), (7, 7));
        }
    }

    /// Nobody tells of what is put where the table has nothing, as under the zeros of an image.
    #[test]
    fn what_another_put_where_an_image_has_zeros_is_gone_after_a_restore() {
        let other = image(MIB, 8);
        for written in [0..PAGE, 0..0] {
            let source = Area::new(8 * MIB);
            source.fill(written, 7);
            let image = image_of(&source);
            let area = Area::new(8 * MIB);
            restore(&area.pages(), &image).unwrap();
            let hole = part(&area.pages(), 4 * MIB..5 * MIB).unwrap();
            other.put_under(&hole).unwrap();
            assert_eq!(area.byte(4 * MIB), 8);
            restore(&area.pages(), &image).unwrap();
            assert_eq!((area.byte(0), area.byte(4 * MIB)), (source.byte(0), 0));
        }
    }

    #[test]
    fn pages_of_a_file_that_writes_go_to_are_not_replaced() {
        let area = Area::new(4 * PAGE);
        let file = file_of(&[7; 2 * PAGE]);
        let second = part(&area.pages(), PAGE..2 * PAGE).unwrap();
        cover(&second, &file, 0, Writes::ToFile).unwrap();
        let tries = || {
            let image = image(PAGE, 8);
            [
                discard(&area.pages()),
                restore(&area.pages(), &image),
                lay_over(&area.pages(), 0..2 * PAGE, &file, 0).map(drop),
                lay_over(&area.pages(), 2 * PAGE - 1..2 * PAGE, &file, 0).map(drop),
            ]
        };
        for refused in tries() {
            assert!(matches!(refused, Err(MemoryError::WrittenFile)));
            assert_eq!(area.byte(PAGE), 7);
        }
        discard(&part(&area.pages(), 2 * PAGE..4 * PAGE).unwrap()).unwrap();
        // If the engine has unmapped them since, they are another memory's.
        area.pages().renew().unwrap();
        for done in tries() {
            done.unwrap();
        }
        cover(&second, &file, 0, Writes::ToFile).unwrap();
        give_back(&area.pages()).unwrap();
        assert!(area.pages().is_zero());
    }

    /// A file of these bytes.
    fn file_of(bytes: &[u8]) -> File {
        use std::os::fd::{AsFd, AsRawFd};
        let mut image = sys::ImageFile::create(position(bytes.len())).unwrap();
        image.write(bytes, 0).unwrap();
        sys::file::duplicate(image.as_fd().as_raw_fd()).unwrap()
    }

    #[test]
    fn an_image_that_is_gone_is_still_in_what_is_frozen_next() {
        let area = Area::new(64 * MIB);
        // So many that not all that is zero between them is mapped anonymously.
        for run in 0..16 {
            area.write(4 * MIB * run, 7);
        }
        let image = image_of(&area);
        let runs = Arc::clone(image.runs());
        restore(&area.pages(), &image).unwrap();
        drop(image);
        area.write(5 * MIB, 8);
        let before = area.resident();
        let again = image_of(&area);
        assert_eq!(again.runs().len(), 17);
        assert!(runs.iter().all(|run| again.runs().contains(run)));
        assert!(area.resident() - before <= 16 * PAGE, "read what is zero");
    }

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
        assert!(!Overlays::lock().touch(&from.pages().addresses()));

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
        image.put_under(&second).unwrap();
        assert!(sys::is_split(&from.pages().addresses()));
        relocate(from.pages(), to.pages()).unwrap();
        assert_eq!([0, 1, 2, 3].map(|page| to.byte(page * PAGE)), [7, 8, 7, 7]);
        assert!(from.pages().is_zero());
    }

    #[test]
    fn nothing_can_be_frozen_put_back_and_moved() {
        let (area, other) = (Area::new(PAGE), Area::new(PAGE));
        let none = part(&area.pages(), 0..0).unwrap();
        let image = Arc::new(capture(&none).unwrap());
        assert_eq!(image.length(), HostBytes::ZERO);
        restore(&none, &image).unwrap();
        restore(&none, &image).unwrap();
        discard(&none).unwrap();
        relocate(none, part(&other.pages(), 0..0).unwrap()).unwrap();
        assert_eq!(resident(&none).unwrap(), 0);
        // Of a longer memory, all is beyond its end.
        area.write(0, 9);
        for _ in 0..2 {
            restore(&area.pages(), &image).unwrap();
            assert!(area.pages().is_zero());
            area.write(5, 9);
        }
    }

    #[test]
    fn what_is_reserved_ends_with_what_is_inaccessible() {
        let mapping = Mapping::reserve(bytes(6 * PAGE), bytes(2 * PAGE)).unwrap();
        let pages = mapping.pages(bytes(2 * PAGE)).unwrap();
        let reserved = reserved_around(&pages).unwrap();
        // The kernel may have put another inaccessible mapping right behind.
        assert!(reserved >= 6 * PAGE);
        let first = part(&pages, 0..PAGE).unwrap();
        assert_eq!(reserved_around(&first).unwrap(), PAGE);
    }
}
