//! Which extents of pages may have other bytes than zeros.

use std::ops::Range;

use crate::error::MemoryError;
use crate::pages::part;
use crate::sys::{self, Addresses, HostBytes, PageRange};
use crate::{pages::overlay::Overlay, pages::overlay_table::OverlayTable};

/// Where there may be other bytes than zeros in the pages. What is left out was zero: nobody can put
/// something else under them before the states of all are known.
pub fn data_extents(pages: &PageRange) -> Vec<Range<usize>> {
    let all = pages.addresses();
    let overlays = OverlayTable::lock();
    let mut extents = Vec::new();
    for (addresses, overlay) in overlays.segments(all) {
        let offset = all.offsets_of(addresses).start;
        let shifted = |at: usize| at.saturating_add(offset);
        let inside = data_extents_at(addresses, overlay.as_ref()).into_iter();
        extents.extend(inside.map(|extent| shifted(extent.start)..shifted(extent.end)));
    }
    extents
}

/// The same of one piece, as offsets from its start.
pub fn data_extents_at(addresses: Addresses, overlay: Option<&Overlay>) -> Vec<Range<usize>> {
    let all = || std::iter::once(0..addresses.len()).collect();
    if overlay.is_some_and(Overlay::is_file) {
        // What is in a file, only reading it tells.
        return all();
    }
    let page = HostBytes::page().get();
    let mut extents: Vec<Range<usize>> = Vec::new();
    let mut at = 0_usize;
    let mut of_image = overlay.into_iter().flat_map(Overlay::extents).peekable();
    let told = sys::visit_page_states(addresses, |state| {
        let end = at.saturating_add(page);
        while of_image.next_if(|extent| extent.end <= at).is_some() {}
        if state.may_be_nonzero() || of_image.peek().is_some_and(|extent| extent.start < end) {
            match extents.last_mut() {
                Some(last) if last.end == at => last.end = end,
                _ => extents.push(at..end),
            }
        }
        at = end;
    });
    // If the system does not tell, reading does.
    told.map_or_else(|_| all(), |()| extents)
}

/// Calls `take` with each stretch of pages that are not zero, and its offset.
///
/// # Errors
///
/// The errors of `take`.
pub fn for_each_nonzero(
    extent: &PageRange,
    mut take: impl FnMut(&PageRange, usize) -> Result<(), MemoryError>,
) -> Result<(), MemoryError> {
    let page = HostBytes::page().get();
    let length = extent.length().get();
    let is_zero = |at: usize| part(extent, at..at.saturating_add(page)).map(|page| page.is_zero());
    let mut at = 0;
    while at < length {
        let from = at;
        while at < length && !is_zero(at)? {
            at = at.saturating_add(page);
        }
        if from < at {
            take(&part(extent, from..at)?, from)?;
        }
        while at < length && is_zero(at)? {
            at = at.saturating_add(page);
        }
    }
    Ok(())
}
