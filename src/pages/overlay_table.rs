//! The table of overlays: which address ranges are backed by an image or a file instead of anonymous pages.
//! Decommitting pages in such a range would bring back the bytes of the file, not zeros.
//!
//! There is one table per process, keyed by address, since pages may be engine memory as well as reserved
//! pages. The engine unmaps its memories without notice: an entry may describe a mapping that is gone, or
//! addresses that another memory has by now. So the table may list mappings that are gone, but never misses
//! one that exists. If an extra entry only means more work for a caller, it relies on the table alone. Otherwise
//! it asks the system as well ([`Image::is_mapped_at`], [`OverlayTable::refuse_writable_file`]).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::MemoryError;
use crate::mapping_budget::MappingBudget;
use crate::pages::image::Image;
use crate::pages::overlay::{FileId, Overlay};
use crate::sys::{self, Address, Addresses};

/// A range of addresses, and what backs it: anonymous pages if there is no overlay.
pub type Segment = (Addresses, Option<Overlay>);

#[derive(Debug)]
struct Entry {
    end: Address,
    overlay: Overlay,
}

/// The table. Entries are not empty and do not overlap.
#[derive(Debug)]
pub struct OverlayTable {
    by_start: BTreeMap<Address, Entry>,
    budget: MappingBudget,
}

/// An entry is a mapping, and splits the mapping around it in at most two.
const MAPPINGS_EACH: usize = 2;

impl OverlayTable {
    /// Locks the table of this process.
    pub fn lock() -> MutexGuard<'static, Self> {
        static TABLE: Mutex<OverlayTable> = Mutex::new(OverlayTable::empty());
        // Nothing panics while it holds the lock. If something did, the table would still be whole.
        TABLE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    const fn empty() -> Self {
        Self {
            by_start: BTreeMap::new(),
            budget: MappingBudget::empty(),
        }
    }

    /// Returns whether any of `addresses` may be backed by an image or a file.
    pub fn overlaps(&self, addresses: Addresses) -> bool {
        self.entries(addresses).next().is_some()
    }

    /// Splits `addresses` where what backs them changes.
    pub fn segments(&self, addresses: Addresses) -> Vec<Segment> {
        let mut segments = Vec::new();
        let mut rest = addresses;
        for (whole, overlay) in self.entries(addresses) {
            let here = whole.intersection(rest);
            let before = rest.up_to(here.start());
            if !before.is_empty() {
                segments.push((before, None));
            }
            let skipped = whole.offsets_of(here).start;
            segments.push((here, Some(overlay.skip(skipped))));
            rest = rest.starting_at(here.end());
        }
        if !rest.is_empty() {
            segments.push((rest, None));
        }
        segments
    }

    /// Returns whether removing `addresses` would split an entry in two.
    pub fn would_split(&self, addresses: Addresses) -> bool {
        self.entries(addresses)
            .any(|(whole, _)| whole.start() < addresses.start() && addresses.end() < whole.end())
    }

    /// Returns whether, according to the table, `addresses` are as a restore of `image` leaves them: each
    /// extent is backed by the image, and everything else reads zero.
    pub fn has_image(&self, addresses: Addresses, image: &Arc<Image>) -> bool {
        self.segments(addresses).iter().all(|(segment, overlay)| {
            let offsets = addresses.offsets_of(*segment);
            match overlay {
                Some(overlay) => overlay.is_image_at(image, offsets.start),
                None => image.is_zero(offsets),
            }
        })
    }

    /// Returns whether any of `addresses` may be backed by a file, whose bytes other processes can change.
    pub fn has_file(&self, addresses: Addresses) -> bool {
        self.entries(addresses)
            .any(|(_, overlay)| overlay.is_file())
    }

    /// Returns whether any of `addresses` may be backed by a file to which writes go.
    pub fn has_writable_file(&self, addresses: Addresses) -> bool {
        self.entries(addresses)
            .any(|(_, overlay)| overlay.is_writable_file())
    }

    /// Refuses addresses that are backed by a file to which writes go.
    ///
    /// This is checked by address, since another `Memory` of the same pages may not know about the file. An entry
    /// may describe a memory that the engine has unmapped, so this asks the system as well.
    ///
    /// # Errors
    ///
    /// [`MemoryError::FileIsWritable`], or [`MemoryError::PagesUnknown`] if the system does not report its
    /// mappings.
    pub fn refuse_writable_file(&self, addresses: Addresses) -> Result<(), MemoryError> {
        if !self.has_writable_file(addresses) {
            return Ok(());
        }
        let mappings = sys::mappings_within(addresses)
            .map_err(|source| MemoryError::PagesUnknown { source })?;
        if mappings
            .iter()
            .any(|mapping| mapping.is_shared != Some(false))
        {
            return Err(MemoryError::FileIsWritable);
        }
        Ok(())
    }

    /// Returns whether a page in `addresses` was lost when its file was truncated.
    pub fn has_lost_page(&self, addresses: Addresses) -> bool {
        self.entries(addresses)
            .any(|(_, overlay)| overlay.has_lost_page())
    }

    /// Returns the files that may back any of `addresses`, each with whether it has lost a page there.
    pub fn files(&self, addresses: Addresses) -> impl Iterator<Item = (FileId, bool)> {
        self.entries(addresses)
            .filter_map(|(_, overlay)| overlay.file_state())
    }

    /// Takes the mappings that `count` more entries may need from the budget.
    ///
    /// # Errors
    ///
    /// [`MemoryError::MappingsExhausted`]; the table has not changed then, except that entries of unmapped
    /// memories may be gone.
    pub fn reserve_entries(&mut self, count: usize) -> Result<(), MemoryError> {
        // No overflow: there is at most one entry per page of the address space.
        let mappings = count * MAPPINGS_EACH;
        self.budget.extend(mappings).or_else(|error| {
            self.prune().map_err(|_| error)?;
            self.budget.extend(mappings)
        })
    }

    /// Records that `overlay` backs all of `addresses`, and returns mappings that
    /// [`OverlayTable::reserve_entries`] took, but no entry needs, to the budget.
    pub fn insert(&mut self, addresses: Addresses, overlay: Overlay) {
        self.cut_out(addresses);
        if !addresses.is_empty() {
            let end = addresses.end();
            self.by_start
                .insert(addresses.start(), Entry { end, overlay });
        }
        self.release_surplus();
    }

    /// Records that no overlay backs `addresses`, and returns mappings that [`OverlayTable::reserve_entries`]
    /// took, but no entry needs, to the budget.
    pub fn remove(&mut self, addresses: Addresses) {
        self.cut_out(addresses);
        self.release_surplus();
    }

    /// Removes the entries of memories that the engine has unmapped: no page of a file is at their addresses.
    ///
    /// An entry that has lost a page stays if anything is accessible there: the SIGBUS handler may have mapped
    /// zeros over all of the file's pages, and the truncation has not been reported to the program yet.
    ///
    /// # Errors
    ///
    /// The error of a system call if the system does not report its mappings.
    fn prune(&mut self) -> std::io::Result<()> {
        let mappings = sys::mappings_within(Addresses::ALL)?;
        self.by_start.retain(|start, entry| {
            let first = mappings.partition_point(|mapping| mapping.addresses.end() <= *start);
            let has_lost_page = entry.overlay.has_lost_page();
            let within = mappings.iter().skip(first);
            within
                .take_while(|mapping| mapping.addresses.start() < entry.end)
                .any(|mapping| {
                    mapping.is_file != Some(false) || (has_lost_page && mapping.is_accessible)
                })
        });
        self.release_surplus();
        Ok(())
    }

    fn release_surplus(&mut self) {
        self.budget.shrink_to(self.by_start.len() * MAPPINGS_EACH);
    }

    /// Removes `addresses` from the entries, and keeps what is left of each on both sides.
    fn cut_out(&mut self, addresses: Addresses) {
        let overlapping: Vec<Addresses> = self.entries(addresses).map(|(whole, _)| whole).collect();
        for whole in overlapping {
            let Some(entry) = self.by_start.remove(&whole.start()) else {
                continue;
            };
            // The rest gets its own guard before that of the whole is dropped: no page is ever unguarded.
            let (before, behind) = (
                whole.up_to(addresses.start()),
                whole.starting_at(addresses.end()),
            );
            for rest in [before, behind] {
                if rest.is_empty() {
                    continue;
                }
                let skipped = whole.offsets_of(rest).start;
                let overlay = entry.overlay.skip(skipped).guarding(rest);
                let end = rest.end();
                self.by_start.insert(rest.start(), Entry { end, overlay });
            }
        }
    }

    /// Returns the entries that overlap `addresses`, in order, with all addresses of each.
    fn entries(&self, addresses: Addresses) -> impl Iterator<Item = (Addresses, &Overlay)> {
        let (start, end) = (addresses.start(), addresses.end());
        // Entries do not overlap, so only one that begins before `addresses` can reach into them.
        let before = self.by_start.range(..start).next_back();
        before
            .into_iter()
            .chain(self.by_start.range(start..end))
            .map(|(start, entry)| (Addresses::between(*start, entry.end), &entry.overlay))
            .filter(move |(whole, _)| !whole.intersection(addresses).is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ops::Range;
    use std::os::fd::AsFd;

    use crate::pages::image::ImageBuilder;
    use crate::sys::{HostBytes, ImageFile, Mapping, TruncationGuard, Writes};

    fn at(addresses: Range<usize>) -> Addresses {
        addresses.into()
    }

    fn image() -> Arc<Image> {
        let builder = ImageBuilder::new(HostBytes::page()).unwrap();
        Arc::new(builder.finish().unwrap())
    }

    /// Returns the segments of `addresses`, each with its offset in the image.
    fn segments(
        table: &OverlayTable,
        addresses: Range<usize>,
    ) -> Vec<(Range<usize>, Option<usize>)> {
        let segments = table.segments(at(addresses)).into_iter();
        segments
            .map(|(segment, overlay)| {
                let numbers = segment.start().get()..segment.end().get();
                (numbers, overlay.as_ref().map(Overlay::offset))
            })
            .collect()
    }

    #[test]
    fn an_overlay_is_found_from_any_part_of_its_range() {
        let image = image();
        let mut table = OverlayTable::empty();
        table.insert(at(10..20), Overlay::of_image(&image));
        assert_eq!(segments(&table, 0..10), [(0..10, None)]);
        assert_eq!(segments(&table, 20..30), [(20..30, None)]);
        assert_eq!(
            segments(&table, 5..25),
            [(5..10, None), (10..20, Some(0)), (20..25, None)]
        );
        assert_eq!(segments(&table, 12..14), [(12..14, Some(2))]);
        assert!(
            table.overlaps(at(19..20))
                && !table.overlaps(at(20..21))
                && !table.overlaps(at(15..15))
        );
        assert!(table.would_split(at(12..14)) && !table.would_split(at(12..20)));
        assert!(!table.would_split(at(5..25)) && !table.would_split(at(20..25)));
    }

    #[test]
    fn an_overlay_keeps_the_extents_of_a_dropped_image() {
        let mut builder = ImageBuilder::new(HostBytes::MIB).unwrap();
        for extent in [0..5, 10..20, 30..40] {
            builder.add(&vec![1; extent.len()], extent.start).unwrap();
        }
        let image = Arc::new(builder.finish().unwrap());
        let mut table = OverlayTable::empty();
        table.insert(at(100..200), Overlay::of_image(&image));
        drop(image);
        let (_, overlay) = table.segments(at(115..135)).remove(0);
        let overlay = overlay.unwrap();
        assert_eq!(overlay.offset(), 15);
        assert_eq!(overlay.extents().collect::<Vec<_>>(), [0..5, 15..25]);
    }

    #[test]
    fn removing_a_range_splits_the_entry_around_it() {
        let image = image();
        let mut table = OverlayTable::empty();
        table.insert(at(0..30), Overlay::of_image(&image));
        table.remove(at(10..20));
        assert_eq!(
            segments(&table, 0..30),
            [(0..10, Some(0)), (10..20, None), (20..30, Some(20))]
        );
        table.insert(at(5..25), Overlay::of_image(&image));
        assert_eq!(
            segments(&table, 0..30),
            [(0..5, Some(0)), (5..25, Some(0)), (25..30, Some(25))]
        );
        table.remove(at(0..30));
        assert!(!table.overlaps(at(0..100)));
    }

    #[test]
    fn has_image_is_true_only_if_all_extents_are_there() {
        let mut builder = ImageBuilder::new(HostBytes::MIB).unwrap();
        builder.add(&[1; 10], 0).unwrap();
        let image = Arc::new(builder.finish().unwrap());
        let other = super::tests::image();
        let has_image_after = |change: &dyn Fn(&mut OverlayTable)| {
            let mut table = OverlayTable::empty();
            change(&mut table);
            table.has_image(at(100..200), &image)
        };
        let overlay = || Overlay::of_image(&image);
        assert!(has_image_after(
            &|table| table.insert(at(100..200), overlay())
        ));
        // Pages that are zero in the image may be anonymous.
        assert!(has_image_after(
            &|table| table.insert(at(100..110), overlay())
        ));
        assert!(!has_image_after(
            &|table| table.insert(at(100..109), overlay())
        ));
        assert!(!has_image_after(
            &|table| table.insert(at(90..200), overlay())
        ));
        assert!(!has_image_after(
            &|table| table.insert(at(100..200), Overlay::of_image(&other))
        ));
        assert!(!has_image_after(&|_| {}));
    }

    /// Maps pages of an empty file, so that all of them are lost.
    fn lost_pages() -> (Mapping, HostBytes) {
        let length = HostBytes::round_up(4 * HostBytes::page().get()).unwrap();
        let mapping = Mapping::reserve(length, length).unwrap();
        let file = ImageFile::create(0).unwrap();
        let pages = mapping.pages(length).unwrap();
        pages.map_file(file.as_fd(), 0, Writes::ToFile).unwrap();
        (mapping, length)
    }

    fn insert_file(table: &mut OverlayTable, addresses: Addresses) -> FileId {
        let id = FileId::new();
        let guard = TruncationGuard::over(addresses).unwrap();
        table.insert(addresses, Overlay::of_file(id, Writes::ToFile, guard));
        id
    }

    #[test]
    fn prune_keeps_files_that_are_mapped_or_have_lost_pages() {
        let page = HostBytes::page();
        let (mapping, length) = lost_pages();
        let all = mapping.pages(length).unwrap();
        let mut table = OverlayTable::empty();
        let id = insert_file(&mut table, all.addresses());
        // As the SIGBUS handler does with the first page.
        all.slice(0..page.get()).unwrap().remap_as_zeros().unwrap();
        table.prune().unwrap();
        let files = |table: &OverlayTable| table.files(all.addresses()).collect::<Vec<_>>();
        assert_eq!(files(&table), [(id, false)]);

        // The remaining pages are still guarded: the handler records that the last is lost. Then no page of
        // the file is left.
        let last = length.get() - page.get();
        assert_eq!(all.read(last..last + 1), [0]);
        all.remap_as_zeros().unwrap();
        table.prune().unwrap();
        assert_eq!(files(&table), [(id, true)]);
        table.remove(all.addresses());

        // A file without pages that has lost none is removed.
        insert_file(&mut table, all.addresses());
        table.prune().unwrap();
        assert_eq!(files(&table), []);
    }

    #[test]
    fn each_part_of_a_split_file_is_guarded_by_itself() {
        let page = HostBytes::page().get();
        let (mapping, length) = lost_pages();
        let all = mapping.pages(length).unwrap();
        let inside = |pages: Range<usize>| {
            let offsets = pages.start * page..pages.end * page;
            all.addresses().slice(offsets)
        };
        let mut table = OverlayTable::empty();
        let outer = insert_file(&mut table, all.addresses());
        let inner = insert_file(&mut table, inside(1..3));
        let files = |table: &OverlayTable| table.files(all.addresses()).collect::<Vec<_>>();
        assert_eq!(all.read(2 * page..2 * page + 1), [0]);
        assert_eq!(
            files(&table),
            [(outer, false), (inner, true), (outer, false)]
        );
        assert_eq!(all.read(3 * page..3 * page + 1), [0]);
        assert_eq!(
            files(&table),
            [(outer, false), (inner, true), (outer, true)]
        );

        // The rest of an entry that has lost a page counts as one that has.
        table.remove(inside(1..2));
        assert_eq!(
            files(&table),
            [(outer, false), (inner, true), (outer, true)]
        );
    }

    #[test]
    fn the_table_does_not_keep_images_alive() {
        let image = image();
        let mut table = OverlayTable::empty();
        table.insert(at(0..10), Overlay::of_image(&image));
        drop(image);
        let (_, overlay) = table.segments(at(0..10)).remove(0);
        assert!(overlay.unwrap().is_dropped_image());
        table.prune().unwrap();
        assert!(!table.overlaps(at(0..10)));
    }
}
