//! Snapshot files. All numbers are little-endian:
//!
//! | bytes | contents |
//! |---|---|
//! | 8 | [`MAGIC`] |
//! | 4 | [`VERSION`] |
//! | 4 | flags of [`Origin`] |
//! | 8 | maximum of [`Origin`] |
//! | 8 | length of the memory |
//! | 8 | number of extents: the parts of the memory that are not zero |
//! | 16 each | an extent: its offset, its length |
//! | 16 | XXH3-128 of all bytes before |
//! | | the bytes of the extents, one after the other |
//! | 16 | XXH3-128 of all bytes before |

mod read;
mod write;

use std::io;
use std::ops::Range;

use xxhash_rust::xxh3::Xxh3;

use crate::error::MemoryError;

pub use read::read;
pub use write::save;
#[cfg(test)]
pub use write::write;

const MAGIC: [u8; 8] = *b"LMSNAP\r\n";
const VERSION: u32 = 1;

/// The most bytes that are read or written at once.
const CHUNK: usize = 1 << 20;

/// The properties of the captured memory that `lib/` records. Here, they are only numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Bits for the kind of memory.
    pub flags: u32,
    /// The maximum of the memory.
    pub maximum: u64,
}

/// Splits an extent into parts that end at multiples of [`CHUNK`], and so between pages.
fn chunks(extent: &Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let end = extent.end;
    let mut at = extent.start;
    std::iter::from_fn(move || {
        let start = at;
        // Saturates in the last chunk of the address space, whose end is `end`.
        at = end.min((start - start % CHUNK).saturating_add(CHUNK));
        (start < end).then_some(start..at)
    })
}

/// Returns the first bytes of a chunk, as many as `part` has.
fn part_of<'a>(chunk: &'a mut [u8], part: &Range<usize>) -> &'a mut [u8] {
    debug_assert!(
        part.len() <= chunk.len(),
        "a part is not longer than a chunk"
    );
    chunk.get_mut(..part.len()).unwrap_or_default()
}

/// A stream, and the hash of all bytes that were read from it or written to it.
struct Hashing<S> {
    stream: S,
    hash: Xxh3,
}

impl<S> Hashing<S> {
    fn new(stream: S) -> Self {
        let hash = Xxh3::new();
        Self { stream, hash }
    }
}

fn failed(source: io::Error) -> MemoryError {
    MemoryError::FileFailed { source }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read, Seek, SeekFrom, Write};

    use super::write::draft_name;
    use super::*;
    use crate::pages::image::{Image, ImageBuilder};
    use crate::sys::HostBytes;

    const PAGE: usize = 65_536;

    /// Where the list of extents begins.
    const FIRST_EXTENT: usize = 40;

    const ORIGIN: Origin = Origin {
        flags: 5,
        maximum: 1 << 50,
    };

    fn image(length: usize, extents: &[(usize, Vec<u8>)]) -> Image {
        let mut builder = ImageBuilder::new(HostBytes::round_up(length).unwrap()).unwrap();
        for (offset, bytes) in extents {
            builder.add(bytes, *offset).unwrap();
        }
        builder.finish().unwrap()
    }

    /// Makes a file without a name that has these bytes; its position is 0.
    fn file(bytes: &[u8]) -> File {
        let flags = rustix::fs::MemfdFlags::CLOEXEC;
        let mut file = File::from(rustix::fs::memfd_create(c"test", flags).unwrap());
        file.write_all(bytes).unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        file
    }

    fn written(image: &Image) -> Vec<u8> {
        let mut file = file(&[]);
        write(image, ORIGIN, &file).unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        bytes
    }

    fn read_bytes(bytes: &[u8]) -> Result<(Image, Origin), MemoryError> {
        read(&file(bytes))
    }

    /// Returns `bytes` with both hashes computed anew. Anyone who knows the format can write such a file.
    fn signed(mut bytes: Vec<u8>, header: usize) -> Vec<u8> {
        let end = bytes.len() - 16;
        for at in [header, end] {
            let mut hash = Xxh3::new();
            hash.update(&bytes[..at]);
            bytes[at..at + 16].copy_from_slice(&hash.digest128().to_le_bytes());
        }
        bytes
    }

    #[test]
    fn a_snapshot_is_read_as_it_was_written() {
        let large = vec![3; CHUNK + 10];
        let extents = [
            (5, vec![1, 2]),
            (CHUNK - 7, large),
            (4 * CHUNK - 1, vec![4]),
        ];
        for extents in [&extents[..], &[]] {
            let before = image(4 * CHUNK, extents);
            let (after, origin) = read_bytes(&written(&before)).unwrap();
            assert_eq!(origin, ORIGIN);
            assert_eq!(after.length(), before.length());
            // Extents are whole pages now.
            let is_within = |extent: &Range<usize>| {
                let mut all = after.extents().iter();
                all.any(|whole| whole.start <= extent.start && extent.end <= whole.end)
            };
            assert!(before.extents().iter().all(is_within));
            let bytes = |image: &Image| {
                let mut bytes = vec![9; 4 * CHUNK];
                image.read(&mut bytes, 0).unwrap();
                bytes
            };
            assert!(bytes(&after) == bytes(&before));
        }
        let (nothing, _) = read_bytes(&written(&image(0, &[]))).unwrap();
        assert_eq!(nothing.length(), HostBytes::ZERO);
    }

    #[test]
    fn a_file_takes_no_room_for_zeros() {
        assert!(written(&image(1 << 34, &[(1 << 33, vec![1])])).len() < 200);
    }

    #[test]
    fn every_flipped_bit_is_detected() {
        let good = written(&image(PAGE, &[(9, vec![1, 2, 3]), (PAGE - 1, vec![4])]));
        read_bytes(&good).unwrap();
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                let error = read_bytes(&bad).unwrap_err();
                let is_reported = match at {
                    0..8 => matches!(error, MemoryError::NotASnapshot),
                    8..12 => matches!(error, MemoryError::UnknownVersion { known: VERSION, .. }),
                    _ => matches!(error, MemoryError::SnapshotDamaged),
                };
                assert!(is_reported, "byte {at}, bit {bit}: {error}");
            }
        }
    }

    #[test]
    fn every_other_length_is_detected() {
        let good = written(&image(PAGE, &[(9, vec![1, 2, 3])]));
        for length in 0..good.len() {
            let error = read_bytes(&good[..length]).unwrap_err();
            let is_reported = match length {
                0..8 => matches!(error, MemoryError::NotASnapshot),
                _ => matches!(error, MemoryError::SnapshotDamaged),
            };
            assert!(is_reported, "{length} bytes: {error}");
        }
        for more in [&[0][..], &[1], &good] {
            let error = read_bytes(&[&good, more].concat()).unwrap_err();
            assert!(matches!(error, MemoryError::SnapshotDamaged), "{error}");
        }
    }

    #[test]
    fn numbers_that_no_memory_has_are_refused_even_with_valid_hashes() {
        const LENGTH: usize = 24;
        const COUNT: usize = 32;
        const FIRST: usize = FIRST_EXTENT;
        let good = written(&image(2 * PAGE, &[(9, vec![1, 2, 3]), (PAGE, vec![4])]));
        let header = FIRST + 2 * 16;
        assert_eq!(signed(good.clone(), header), good);
        let with = |changes: &[(usize, u64)]| {
            let mut bytes = good.clone();
            for (at, number) in changes {
                bytes[*at..*at + 8].copy_from_slice(&number.to_le_bytes());
            }
            read_bytes(&signed(bytes, header))
        };
        let page = u64::try_from(PAGE).unwrap();
        with(&[(LENGTH, 4 * page)]).unwrap();
        for changes in [
            &[(LENGTH, page)][..],
            &[(LENGTH, 2 * page + 4096)],
            &[(LENGTH, 0)],
            &[(LENGTH, 262_145 * page)],
            &[(LENGTH, u64::MAX)],
            &[(COUNT, 1)],
            &[(COUNT, 3)],
            &[(COUNT, u64::MAX)],
            // An empty extent, extents that overlap, are out of order, and that end beyond all numbers.
            &[(FIRST + 8, 0)],
            &[(FIRST + 8, page)],
            &[(FIRST, page + 1), (FIRST + 16, 9)],
            &[(FIRST + 24, u64::MAX)],
            &[(FIRST + 24, page + 1)],
        ] {
            let error = with(changes).unwrap_err();
            assert!(
                matches!(error, MemoryError::SnapshotDamaged),
                "{changes:?}: {error}"
            );
        }
    }

    /// The files claim to be large, and are sparse. If the reader believed such a claim, the test would take
    /// minutes.
    #[test]
    fn a_length_is_compared_with_the_file_before_it_is_believed() {
        let page = u64::try_from(PAGE).unwrap();
        let header = |length: u64, count: u64| {
            let mut bytes = MAGIC.to_vec();
            bytes.extend(VERSION.to_le_bytes());
            bytes.extend([0; 12]);
            bytes.extend(length.to_le_bytes());
            bytes.extend(count.to_le_bytes());
            bytes
        };
        for (length, count) in [
            (page, 1 << 60),
            (1 << 34, 1 << 60),
            (1 << 34, 1 << 21),
            (1 << 34, (1 << 21) + 1),
            (1 << 34, 1),
            (1 << 34, 0),
            (page, u64::MAX / 16 + 1),
        ] {
            let file = file(&header(length, count));
            file.set_len(1 << 40).unwrap();
            let error = read(&file).unwrap_err();
            assert!(
                matches!(error, MemoryError::SnapshotDamaged),
                "{length}, {count}: {error}"
            );
        }
    }

    #[test]
    fn zeros_in_a_file_take_no_memory() {
        const LENGTH: usize = 64 * PAGE;
        let one = image(LENGTH, &[(0, vec![1; LENGTH])]);
        let mut bytes = written(&one);
        let header = FIRST_EXTENT + 16;
        bytes[header + 16..header + 16 + LENGTH].fill(0);
        bytes[header + 16 + 10 * PAGE] = 7;
        let bytes = signed(bytes, header);
        let sparse = file(&[]);
        std::os::unix::fs::FileExt::write_all_at(&sparse, &bytes[..header + 16], 0).unwrap();
        let at = bytes.len() - 16;
        let tail = [(header + 16 + 10 * PAGE, &[7][..]), (at, &bytes[at..])];
        for (at, bytes) in tail {
            let at = u64::try_from(at).unwrap();
            std::os::unix::fs::FileExt::write_all_at(&sparse, bytes, at).unwrap();
        }
        for file in [file(&bytes), sparse] {
            let (read, _) = read(&file).unwrap();
            assert_eq!(read.length(), one.length());
            assert_eq!(
                **read.extents(),
                [Range {
                    start: 10 * PAGE,
                    end: 10 * PAGE + 4096
                }]
            );
            assert_eq!(read.memory(), 4096);
        }
    }

    #[test]
    fn names_of_drafts_are_random() {
        let names: Vec<_> = (0..100).map(|_| draft_name()).collect();
        let starts: std::collections::HashSet<_> = names.iter().map(|name| &name[..20]).collect();
        assert_eq!(starts.len(), names.len());
    }

    #[test]
    fn a_refusal_to_read_or_write_is_reported_as_such() {
        let folder = File::open("/").unwrap();
        assert!(matches!(read(&folder), Err(MemoryError::FileFailed { .. })));
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
        let refused = write(&image(0, &[]), ORIGIN, &full.unwrap());
        assert!(matches!(refused, Err(MemoryError::FileFailed { .. })));
    }
}
