//! Which extents of pages may have other bytes than zeros.

use std::ops::Range;

use crate::error::MemoryError;
use crate::pages::overlays::{Overlay, Overlays};
use crate::pages::part;
use crate::sys::{self, HostBytes, PageRange};

/// Where there may be other bytes than zeros in the pages. What is left out was zero: nobody can put
/// something else under them before the states of all are known.
pub fn runs_with_bytes(pages: &PageRange) -> Vec<Range<usize>> {
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
    let told = sys::visit_page_states(addresses.clone(), |state| {
        let end = at.saturating_add(page);
        while of_image.next_if(|run| run.end <= at).is_some() {}
        if state.may_be_nonzero() || of_image.peek().is_some_and(|run| run.start < end) {
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
