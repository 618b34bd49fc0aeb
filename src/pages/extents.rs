//! Finds the extents of pages that may hold other bytes than zeros.

use std::ops::Range;

use crate::error::MemoryError;
use crate::pages::overlay::Overlay;
use crate::pages::overlay_table::OverlayTable;
use crate::pages::slice;
use crate::sys::{self, Addresses, HostBytes, PageRange};

/// Returns the extents of the pages that may hold other bytes than zeros, as offsets, in order.
///
/// All other bytes were zero at some time during this call: the lock of the table keeps anything from being
/// mapped in place of the pages until the states of all of them are known.
pub fn data_extents(pages: &PageRange) -> Vec<Range<usize>> {
    let all = pages.addresses();
    let overlays = OverlayTable::lock();
    let mut extents = Vec::new();
    for (segment, overlay) in overlays.segments(all) {
        let start = all.offsets_of(segment).start;
        let inside = segment_extents(segment, overlay.as_ref()).into_iter();
        extents.extend(inside.map(|extent| start + extent.start..start + extent.end));
    }
    extents
}

/// Returns the extents of a segment that may hold other bytes than zeros, as offsets from its start. All of
/// the segment is backed by `overlay`, or anonymous without one.
pub fn segment_extents(segment: Addresses, overlay: Option<&Overlay>) -> Vec<Range<usize>> {
    let all = || std::iter::once(0..segment.len()).collect();
    if overlay.is_some_and(Overlay::is_file) {
        // Pages of a file may hold any bytes, resident or not.
        return all();
    }
    let page = HostBytes::page().get();
    let mut extents: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    let mut of_image = overlay.into_iter().flat_map(Overlay::extents).peekable();
    let visited = sys::visit_page_states(segment, |state| {
        let end = at + page;
        while of_image.next_if(|extent| extent.end <= at).is_some() {}
        if state.may_be_nonzero() || of_image.peek().is_some_and(|extent| extent.start < end) {
            match extents.last_mut() {
                Some(last) if last.end == at => last.end = end,
                _ => extents.push(at..end),
            }
        }
        at = end;
    });
    // If the system does not report page states, the caller has to read all pages.
    visited.map_or_else(|_| all(), |()| extents)
}

/// Calls `visit` with each extent of pages that are not zero, as long as possible, and its offset in `pages`.
///
/// # Errors
///
/// The first error of `visit`, which ends the iteration.
pub fn for_each_nonzero<'a>(
    pages: &PageRange<'a>,
    mut visit: impl FnMut(&PageRange<'a>, usize) -> Result<(), MemoryError>,
) -> Result<(), MemoryError> {
    let page = HostBytes::page().get();
    let length = pages.length().get();
    let is_zero = |at: usize| slice(pages, at..at + page).map(|page| page.is_zero());
    let mut at = 0;
    while at < length {
        let start = at;
        while at < length && !is_zero(at)? {
            at += page;
        }
        if start < at {
            visit(&slice(pages, start..at)?, start)?;
        }
        while at < length && is_zero(at)? {
            at += page;
        }
    }
    Ok(())
}
