//! Which addresses have pages of a file under them, an image's or another's, in place of anonymous
//! ones: giving those back would bring the file's bytes, not zeros.
//!
//! One table for the process, by address, since the pages may be the engine's as well as ours. Where
//! the engine unmaps its own, nobody tells us: what the table has may be gone, or be another memory's
//! by now. So everything that asks it is right, if slower, where it names too much; who would not be
//! asks the system as well ([`Image::is_under`]).

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::error::MemoryError;
use crate::mapping_budget::MappingRoom;
use crate::pages::image::{Image, Runs};
use crate::sys::{self, TruncationGuard, Writes};

/// What is under a stretch of addresses, in place of anonymous pages.
#[derive(Clone, Debug)]
pub struct Overlay {
    source: Source,
    /// Of the stretch's first byte, in the image; from the first byte that was covered.
    offset: usize,
}

#[derive(Clone, Debug)]
enum Source {
    Image {
        image: Weak<Image>,
        /// The image's: still wanted where the image itself is gone, and only its pages are left.
        runs: Runs,
    },
    /// A file that others can truncate.
    File(OfFile),
}

#[derive(Clone, Debug)]
struct OfFile {
    id: FileId,
    writes: Writes,
    /// Over the stretch of the table, and nothing else.
    guard: Arc<TruncationGuard>,
}

/// Which file it is that was put under pages. Each time that one is, it gets another number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileId(u64);

impl FileId {
    /// One that no other has.
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// As a number, never zero.
    pub fn as_number(self) -> f64 {
        // There are never 2^53.
        self.0 as f64
    }
}

impl Overlay {
    /// `image`, from its first byte on.
    pub fn of_image(image: &Arc<Image>) -> Self {
        Self {
            source: Source::Image {
                image: Arc::downgrade(image),
                runs: Arc::clone(image.runs()),
            },
            offset: 0,
        }
    }

    /// A file, whose pages `guard` is over.
    pub fn of_file(id: FileId, writes: Writes, guard: TruncationGuard) -> Self {
        let guard = Arc::new(guard);
        Self {
            source: Source::File(OfFile { id, writes, guard }),
            offset: 0,
        }
    }

    /// Whether it is a file that others can change.
    pub fn is_file(&self) -> bool {
        self.file().is_some()
    }

    /// Whether it is a file that writes go to.
    pub fn is_written(&self) -> bool {
        self.file()
            .is_some_and(|file| file.writes == Writes::ToFile)
    }

    /// Whether it is a file that has lost a page here.
    fn has_lost_page(&self) -> bool {
        self.file().is_some_and(|file| file.guard.has_lost_page())
    }

    fn file(&self) -> Option<&OfFile> {
        match &self.source {
            Source::Image { .. } => None,
            Source::File(file) => Some(file),
        }
    }

    /// The same, at `addresses` only: its pages have moved there, or these are left of the stretch.
    pub fn at(mut self, addresses: &Range<usize>) -> Self {
        if let Source::File(file) = &mut self.source {
            file.guard = Arc::new(file.guard.also_over(addresses));
        }
        self
    }

    /// Where the stretch of an image has other bytes than zeros, in order, by offsets from its first byte.
    pub fn runs(&self) -> impl Iterator<Item = Range<usize>> {
        let inside = |at: usize| at.saturating_sub(self.offset);
        let runs = match &self.source {
            Source::Image { runs, .. } => &runs[..],
            Source::File(_) => &[],
        };
        runs.iter()
            .map(move |run| inside(run.start)..inside(run.end))
            .filter(|run| !run.is_empty())
    }

    /// With which byte of the image the stretch begins.
    pub fn offset(&self) -> usize {
        self.offset
    }

    fn from(&self, skipped: usize) -> Self {
        Self {
            source: self.source.clone(),
            offset: self.offset.saturating_add(skipped),
        }
    }
}

/// Some addresses, and what is under them: anonymous pages where there is no overlay.
pub type Piece = (Range<usize>, Option<Overlay>);

#[derive(Debug)]
struct Entry {
    end: usize,
    overlay: Overlay,
}

/// The table, which nobody else changes meanwhile.
#[derive(Debug)]
pub struct Overlays {
    by_start: BTreeMap<usize, Entry>,
    room: MappingRoom,
}

/// A stretch splits a mapping in two, at most, and is one itself.
const MAPPINGS_EACH: usize = 2;

impl Overlays {
    /// The table, locked.
    pub fn lock() -> MutexGuard<'static, Self> {
        static OVERLAYS: Mutex<Overlays> = Mutex::new(Overlays {
            by_start: BTreeMap::new(),
            room: MappingRoom::empty(),
        });
        // Nothing panics under the lock; if it did, the table is still whole.
        OVERLAYS.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether any of `addresses` may have a file's pages.
    pub fn touch(&self, addresses: &Range<usize>) -> bool {
        self.starts_within(addresses).next().is_some()
    }

    /// All of `addresses`, piece by piece.
    pub fn pieces(&self, addresses: &Range<usize>) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut at = addresses.start;
        for (start, entry) in self.starts_within(addresses) {
            let (from, to) = (start.max(at), entry.end.min(addresses.end));
            if at < from {
                pieces.push((at..from, None));
            }
            let overlay = entry.overlay.from(from.saturating_sub(start));
            pieces.push((from..to, Some(overlay)));
            at = to;
        }
        if at < addresses.end {
            pieces.push((at..addresses.end, None));
        }
        pieces
    }

    /// Whether to clear `addresses` splits a stretch in two.
    pub fn are_within_one(&self, addresses: &Range<usize>) -> bool {
        self.starts_within(addresses)
            .any(|(start, entry)| start < addresses.start && addresses.end < entry.end)
    }

    /// Whether all of `addresses` are as a restore of `image` leaves them: its own bytes under each of
    /// its runs, and what reads zero elsewhere. The system may know better.
    pub fn are_of(&self, addresses: &Range<usize>, image: &Arc<Image>) -> bool {
        self.pieces(addresses).iter().all(|(piece, overlay)| {
            let at = piece.start.saturating_sub(addresses.start);
            match overlay {
                Some(Overlay { source, offset }) => match source {
                    Source::Image { image: under, .. } => {
                        *offset == at && under.as_ptr() == Arc::as_ptr(image)
                    }
                    Source::File(_) => false,
                },
                None => image.is_zero(at..at.saturating_add(piece.len())),
            }
        })
    }

    /// Whether any of `addresses` may have pages of a file that others can change.
    pub fn have_file(&self, addresses: &Range<usize>) -> bool {
        self.starts_within(addresses)
            .any(|(_, entry)| entry.overlay.is_file())
    }

    /// Whether any of `addresses` may have pages of a file that writes go to.
    pub fn have_written(&self, addresses: &Range<usize>) -> bool {
        self.starts_within(addresses)
            .any(|(_, entry)| entry.overlay.is_written())
    }

    /// Refuses addresses at which a file is that writes go to. Another `Memory` of the same pages may not know
    /// that they are a file. The table may speak of a memory that the engine has unmapped, so the system is
    /// asked as well.
    pub fn refuse_written(&self, addresses: &Range<usize>) -> Result<(), MemoryError> {
        if !self.have_written(addresses) {
            return Ok(());
        }
        let mapped =
            sys::mappings_within(addresses).map_err(|source| MemoryError::Unknown { source })?;
        if mapped.iter().any(|mapped| mapped.is_shared != Some(false)) {
            return Err(MemoryError::WrittenFile);
        }
        Ok(())
    }

    /// Whether a page of a file's was lost in `addresses`.
    pub fn were_hit(&self, addresses: &Range<usize>) -> bool {
        self.starts_within(addresses)
            .any(|(_, entry)| entry.overlay.has_lost_page())
    }

    /// The files under `addresses`, each as often as it has a stretch; and whether a page was lost there.
    pub fn files(&self, addresses: &Range<usize>) -> impl Iterator<Item = (FileId, bool)> {
        self.starts_within(addresses).filter_map(|(_, entry)| {
            let file = entry.overlay.file()?;
            Some((file.id, file.guard.has_lost_page()))
        })
    }

    /// Makes sure of the mappings that `stretches` more may take.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Mappings`].
    pub fn make_room(&mut self, stretches: usize) -> Result<(), MemoryError> {
        let mappings = stretches.saturating_mul(MAPPINGS_EACH);
        self.room.extend(mappings).or_else(|error| {
            self.prune().map_err(|_| error)?;
            self.room.extend(mappings)
        })
    }

    /// From now on, `overlay` is under all of `addresses`.
    pub fn put(&mut self, addresses: &Range<usize>, overlay: Overlay) {
        self.cut(addresses);
        if !addresses.is_empty() {
            let end = addresses.end;
            self.by_start
                .insert(addresses.start, Entry { end, overlay });
        }
        self.settle();
    }

    /// From now on, anonymous pages are under all of `addresses`, or none.
    pub fn clear(&mut self, addresses: &Range<usize>) {
        self.cut(addresses);
        self.settle();
    }

    /// Forgets what the engine has unmapped: stretches without any page of a file. If the handler has put
    /// zeros there, these may be all that is left, and the memory is still to be told of it.
    fn prune(&mut self) -> std::io::Result<()> {
        let mapped = sys::mappings_within(&(0..usize::MAX))?;
        self.by_start.retain(|start, entry| {
            let first = mapped.partition_point(|mapped| mapped.addresses.end <= *start);
            let was_hit = entry.overlay.has_lost_page();
            let within = mapped.iter().skip(first);
            within
                .take_while(|mapped| mapped.addresses.start < entry.end)
                .any(|mapped| mapped.is_file != Some(false) || (was_hit && mapped.is_accessible))
        });
        self.settle();
        Ok(())
    }

    fn settle(&mut self) {
        let wanted = self.by_start.len().saturating_mul(MAPPINGS_EACH);
        self.room.shrink_to(wanted);
    }

    fn cut(&mut self, addresses: &Range<usize>) {
        let touched: Vec<usize> = self
            .starts_within(addresses)
            .map(|(start, _)| start)
            .collect();
        for start in touched {
            let Some(entry) = self.by_start.remove(&start) else {
                continue;
            };
            // What is left is watched by itself before the whole is no longer.
            for rest in [start..addresses.start, addresses.end..entry.end] {
                if rest.is_empty() {
                    continue;
                }
                let overlay = entry.overlay.from(rest.start.saturating_sub(start));
                let (end, overlay) = (rest.end, overlay.at(&rest));
                self.by_start.insert(rest.start, Entry { end, overlay });
            }
        }
    }

    fn starts_within(&self, addresses: &Range<usize>) -> impl Iterator<Item = (usize, &Entry)> {
        let before = self.by_start.range(..addresses.start).next_back();
        let before = before.filter(|(_, entry)| addresses.start < entry.end);
        let from = if addresses.is_empty() {
            addresses.end
        } else {
            addresses.start
        };
        before
            .into_iter()
            .filter(|_| !addresses.is_empty())
            .chain(self.by_start.range(from..addresses.end))
            .map(|(start, entry)| (*start, entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    use crate::pages::image::ImageBuilder;
    use crate::sys::{HostBytes, ImageFile, Mapping};

    fn table() -> Overlays {
        Overlays {
            by_start: BTreeMap::new(),
            room: MappingRoom::empty(),
        }
    }

    fn image() -> Arc<Image> {
        let builder = ImageBuilder::new(HostBytes::page()).unwrap();
        Arc::new(builder.finish().unwrap())
    }

    /// The stretches, with their offset in the image.
    fn shown(table: &Overlays, addresses: Range<usize>) -> Vec<(Range<usize>, Option<usize>)> {
        let pieces = table.pieces(&addresses).into_iter();
        pieces
            .map(|(piece, overlay)| (piece, overlay.map(|overlay| overlay.offset)))
            .collect()
    }

    #[test]
    fn what_is_put_is_found_whole_and_in_part() {
        let image = image();
        let mut table = table();
        table.put(&(10..20), Overlay::of_image(&image));
        assert_eq!(shown(&table, 0..10), [(0..10, None)]);
        assert_eq!(shown(&table, 20..30), [(20..30, None)]);
        assert_eq!(
            shown(&table, 5..25),
            [(5..10, None), (10..20, Some(0)), (20..25, None)]
        );
        assert_eq!(shown(&table, 12..14), [(12..14, Some(2))]);
        assert!(table.touch(&(19..20)) && !table.touch(&(20..21)) && !table.touch(&(15..15)));
        assert!(table.are_within_one(&(12..14)) && !table.are_within_one(&(12..20)));
        assert!(!table.are_within_one(&(5..25)) && !table.are_within_one(&(20..25)));
    }

    #[test]
    fn a_stretch_has_the_runs_of_its_image_even_when_that_is_gone() {
        let mut builder = ImageBuilder::new(HostBytes::MIB).unwrap();
        for run in [0..5, 10..20, 30..40] {
            builder.add(&vec![1; run.len()], run.start).unwrap();
        }
        let image = Arc::new(builder.finish().unwrap());
        let mut table = table();
        table.put(&(100..200), Overlay::of_image(&image));
        drop(image);
        let (_, overlay) = table.pieces(&(115..135)).remove(0);
        let overlay = overlay.unwrap();
        assert_eq!(overlay.offset(), 15);
        assert_eq!(overlay.runs().collect::<Vec<_>>(), [0..5, 15..25]);
    }

    #[test]
    fn what_is_cleared_splits_what_is_around() {
        let image = image();
        let mut table = table();
        table.put(&(0..30), Overlay::of_image(&image));
        table.clear(&(10..20));
        assert_eq!(
            shown(&table, 0..30),
            [(0..10, Some(0)), (10..20, None), (20..30, Some(20))]
        );
        table.put(&(5..25), Overlay::of_image(&image));
        assert_eq!(
            shown(&table, 0..30),
            [(0..5, Some(0)), (5..25, Some(0)), (25..30, Some(25))]
        );
        table.clear(&(0..30));
        assert!(!table.touch(&(0..100)));
    }

    #[test]
    fn an_image_is_recognised_where_all_of_it_is() {
        let mut builder = ImageBuilder::new(HostBytes::MIB).unwrap();
        builder.add(&[1; 10], 0).unwrap();
        let image = Arc::new(builder.finish().unwrap());
        let other = super::tests::image();
        let with = |put: &dyn Fn(&mut Overlays)| {
            let mut table = table();
            put(&mut table);
            table.are_of(&(100..200), &image)
        };
        let overlay = || Overlay::of_image(&image);
        assert!(with(&|table| table.put(&(100..200), overlay())));
        // What is zero may be anonymous.
        assert!(with(&|table| table.put(&(100..110), overlay())));
        assert!(!with(&|table| table.put(&(100..109), overlay())));
        assert!(!with(&|table| table.put(&(90..200), overlay())));
        assert!(!with(
            &|table| table.put(&(100..200), Overlay::of_image(&other))
        ));
        assert!(!with(&|_| {}));
    }

    /// A stretch of pages of a file, which has none: all of them are lost.
    fn lost_pages() -> (Mapping, HostBytes) {
        let length = HostBytes::round_up(4 * HostBytes::page().get()).unwrap();
        let mapping = Mapping::reserve(length, length).unwrap();
        let file = ImageFile::create(0).unwrap();
        let pages = mapping.pages(length).unwrap();
        pages.map_file(file.as_fd(), 0, Writes::ToFile).unwrap();
        (mapping, length)
    }

    fn put_file(table: &mut Overlays, addresses: &Range<usize>) -> FileId {
        let id = FileId::new();
        let guard = TruncationGuard::over(addresses).unwrap();
        table.put(addresses, Overlay::of_file(id, Writes::ToFile, guard));
        id
    }

    #[test]
    fn a_file_that_is_still_mapped_is_not_forgotten() {
        let page = HostBytes::page();
        let (mapping, length) = lost_pages();
        let all = mapping.pages(length).unwrap();
        let mut table = table();
        let id = put_file(&mut table, &all.addresses());
        // As the handler does with the first page.
        all.part(HostBytes::ZERO, page)
            .unwrap()
            .remap_as_zeros()
            .unwrap();
        table.prune().unwrap();
        let files = |table: &Overlays| table.files(&all.addresses()).collect::<Vec<_>>();
        assert_eq!(files(&table), [(id, false)]);

        // The next lost page is still watched. Then no page of the file is left, and it was hit.
        let last = length.get() - page.get();
        assert_eq!(all.read(last..last + 1), [0]);
        all.remap_as_zeros().unwrap();
        table.prune().unwrap();
        assert_eq!(files(&table), [(id, true)]);
        table.clear(&all.addresses());

        // One that was not hit, and has no page any more, is forgotten.
        put_file(&mut table, &all.addresses());
        table.prune().unwrap();
        assert_eq!(files(&table), []);
    }

    #[test]
    fn what_is_left_of_a_file_is_watched_and_nothing_else() {
        let page = HostBytes::page().get();
        let (mapping, length) = lost_pages();
        let all = mapping.pages(length).unwrap();
        let start = all.addresses().start;
        let mut table = table();
        let outer = put_file(&mut table, &all.addresses());
        let inner = put_file(&mut table, &(start + page..start + 3 * page));
        let files = |table: &Overlays| table.files(&all.addresses()).collect::<Vec<_>>();
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

        // What is cut off a stretch that was hit was hit.
        table.clear(&(start + page..start + 2 * page));
        assert_eq!(
            files(&table),
            [(outer, false), (inner, true), (outer, true)]
        );
    }

    #[test]
    fn images_are_not_kept() {
        let image = image();
        let mut table = table();
        table.put(&(0..10), Overlay::of_image(&image));
        drop(image);
        let (_, overlay) = table.pieces(&(0..10)).remove(0);
        let Source::Image { image, .. } = overlay.unwrap().source else {
            panic!("no image");
        };
        assert!(image.upgrade().is_none());
        table.prune().unwrap();
        assert!(!table.touch(&(0..10)));
    }
}
