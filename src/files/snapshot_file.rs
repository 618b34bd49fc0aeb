//! A snapshot as a file. All numbers are little-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | [`MAGIC`] |
//! | 4 | [`VERSION`] |
//! | 4 | flags, the facade's |
//! | 8 | maximum, the facade's |
//! | 8 | length of the memory |
//! | 8 | number of runs: where the memory is not zero |
//! | 16 each | a run: its offset, its length |
//! | 16 | XXH3-128 of all before |
//! | | the bytes of the runs, one after the other |
//! | 16 | XXH3-128 of all bytes before |

use std::collections::hash_map::RandomState;
use std::fs::{self, File};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::path::Path;

use xxhash_rust::xxh3::Xxh3;

use crate::error::MemoryError;
use crate::pages::image::{Image, ImageBuilder};
use crate::sys::{self, HostBytes, SigxfszBlock, file_offset};
use crate::units::Pages;

const MAGIC: [u8; 8] = *b"LMSNAP\r\n";
const VERSION: u32 = 1;

/// Bytes that are read and written at once.
const CHUNK: usize = 1 << 20;

/// Runs begin as many bytes apart, at the least: a page that is not zero and one that is, of the smallest
/// pages that a system has.
const LEAST_STRIDE: usize = 8192;

/// Asking for smaller holes takes as long as reading them.
const LEAST_HOLE: usize = 1 << 16;

/// What the facade wants to know of the memory that the image was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Its own bits.
    pub flags: u32,
    /// Its own bits.
    pub maximum: u64,
}

/// Writes an image to the file at `path`: beside it, and then in its place. Whoever opens it finds the one
/// before, or this one whole, after a loss of power too.
///
/// # Errors
///
/// What the system says; what was at `path` is still there then, unless all that failed was to have the
/// folder on the disk. It is never anything but a file or a link that is replaced.
pub fn save(image: &Image, origin: Origin, path: &Path) -> Result<(), MemoryError> {
    sys::file::check_replaceable(path).map_err(failed)?;
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or(Path::new("."));
    let draft = folder.join(draft_name());
    let file = sys::file::create(&draft).map_err(failed)?;
    let written = write(image, origin, &file).and_then(|()| sys::file::sync(&file).map_err(failed));
    drop(file);
    written
        .and_then(|()| sys::file::rename(&draft, path).map_err(failed))
        // What it was given up for says more than another error would.
        .inspect_err(|_| drop(fs::remove_file(&draft)))?;
    sys::file::sync_directory(folder).map_err(failed)
}

/// A name that no program can foresee: the keys are from the system's source of random numbers.
fn draft_name() -> String {
    let part = || RandomState::new().build_hasher().finish();
    format!(".snapshot-{:016x}{:016x}", part(), part())
}

/// Writes an image, from where the file's position is.
///
/// # Errors
///
/// What the system says; the file is then good for nothing.
pub fn write(image: &Image, origin: Origin, file: &File) -> Result<(), MemoryError> {
    let _blocked = SigxfszBlock::new();
    let mut out = Hashing::new(BufWriter::new(file));
    out.put(&MAGIC)?;
    out.put(&VERSION.to_le_bytes())?;
    out.put(&origin.flags.to_le_bytes())?;
    out.put(&origin.maximum.to_le_bytes())?;
    out.put_number(image.length().get())?;
    out.put_number(image.extents().len())?;
    for run in image.extents().iter() {
        out.put_number(run.start)?;
        out.put_number(run.len())?;
    }
    out.put_hash()?;
    let mut chunk = vec![0; CHUNK];
    for run in image.extents().iter() {
        for part in chunks(run) {
            let bytes = chunk.get_mut(..part.len()).unwrap_or_default();
            image.read(bytes, part.start)?;
            out.put(bytes)?;
        }
    }
    out.put_hash()?;
    out.stream.flush().map_err(failed)
}

/// Reads what [`write`] wrote: all of a file, from its first byte on.
///
/// No number in it is believed before it was compared with the file's length and with what a memory can
/// be. So what is done before the first checksum takes no longer than a file of that length has to,
/// and what the image takes is what of the file is not zero.
///
/// # Errors
///
/// [`MemoryError::SnapshotDamaged`] and its like where the file is anything else, or what the system says.
pub fn read(file: &File) -> Result<(Image, Origin), MemoryError> {
    let mut from = Hashing::new(Positioned::first_of(file)?);
    match from.take::<8>() {
        Ok(MAGIC) => {}
        Ok(_) | Err(MemoryError::SnapshotDamaged) => return Err(MemoryError::NotASnapshot),
        Err(error) => return Err(error),
    }
    let version = u32::from_le_bytes(from.take()?);
    if version != VERSION {
        return Err(MemoryError::UnknownVersion {
            version,
            known: VERSION,
        });
    }
    let origin = Origin {
        flags: u32::from_le_bytes(from.take()?),
        maximum: u64::from_le_bytes(from.take()?),
    };
    let length = from.take_number()?;
    let length = Pages::of_bytes(length)
        .and_then(Pages::bytes)
        .ok_or(MemoryError::SnapshotDamaged)?;
    let runs = take_runs(&mut from, length)?;
    from.check_hash()?;
    let mut builder = ImageBuilder::new(length)?;
    let zeros = vec![0; CHUNK];
    let mut chunk = vec![0; CHUNK];
    for run in &runs {
        for part in chunks(run) {
            if from.skip_hole(zeros.get(..part.len()).unwrap_or_default())? {
                continue;
            }
            let bytes = chunk.get_mut(..part.len()).unwrap_or_default();
            from.take_into(bytes)?;
            builder.add_nonzero(bytes, part.start)?;
        }
    }
    from.check_hash()?;
    Ok((builder.finish()?, origin))
}

/// The list of runs: in order, apart, within the memory's length; and the file has just the bytes of
/// them after it.
fn take_runs(
    from: &mut Hashing<Positioned>,
    length: HostBytes,
) -> Result<Vec<Range<usize>>, MemoryError> {
    const RUN: usize = 16;
    const HASHES: u64 = 2 * 16;
    let count = from.take_number()?;
    if count > length.get() / LEAST_STRIDE {
        return Err(MemoryError::SnapshotDamaged);
    }
    let list = count.saturating_mul(RUN);
    let taken = file_offset(list).saturating_add(HASHES);
    let mut bytes_left = from
        .stream
        .left
        .checked_sub(taken)
        .ok_or(MemoryError::SnapshotDamaged)?;
    let mut runs = Vec::new();
    runs.try_reserve_exact(count)
        .map_err(|_| MemoryError::ImageFailed {
            wanted: list,
            source: io::ErrorKind::OutOfMemory.into(),
        })?;
    let mut chunk = vec![0; list.min(CHUNK)];
    let mut at = 0;
    for part in chunks(&(0..list)) {
        let bytes = chunk.get_mut(..part.len()).unwrap_or_default();
        from.take_into(bytes)?;
        for (start, run_length) in bytes.chunks_exact(RUN).filter_map(numbers) {
            bytes_left = bytes_left
                .checked_sub(run_length)
                .ok_or(MemoryError::SnapshotDamaged)?;
            let run = whole(start)?..whole(start.saturating_add(run_length))?;
            if run.start < at || run.is_empty() || run.end > length.get() {
                return Err(MemoryError::SnapshotDamaged);
            }
            at = run.end;
            runs.push(run);
        }
    }
    if bytes_left == 0 {
        Ok(runs)
    } else {
        Err(MemoryError::SnapshotDamaged)
    }
}

/// The two numbers of a run.
fn numbers(run: &[u8]) -> Option<(u64, u64)> {
    let (start, run_length) = run.split_first_chunk()?;
    let run_length = run_length.first_chunk()?;
    Some((u64::from_le_bytes(*start), u64::from_le_bytes(*run_length)))
}

/// A number as this machine has it.
fn whole(number: u64) -> Result<usize, MemoryError> {
    usize::try_from(number).map_err(|_| MemoryError::SnapshotDamaged)
}

/// A run, in parts that end at multiples of [`CHUNK`], and so between pages.
fn chunks(run: &Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let end = run.end;
    let mut at = run.start;
    std::iter::from_fn(move || {
        let start = at;
        at = end.min((start - start % CHUNK).saturating_add(CHUNK));
        (start < end).then_some(start..at)
    })
}

/// A stream, and the hash of what went through it.
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

impl<W: Write> Hashing<W> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), MemoryError> {
        self.hash.update(bytes);
        self.stream.write_all(bytes).map_err(failed)
    }

    fn put_number(&mut self, number: usize) -> Result<(), MemoryError> {
        // 64 bits hold any of this machine's.
        self.put(&u64::try_from(number).unwrap_or(u64::MAX).to_le_bytes())
    }

    fn put_hash(&mut self) -> Result<(), MemoryError> {
        let hash = self.hash.digest128();
        self.put(&hash.to_le_bytes())
    }
}

/// A file, read from its first byte on, up to the length that it had to begin with.
struct Positioned<'a> {
    file: &'a File,
    at: u64,
    left: u64,
    /// No byte before this one is another than zero.
    next_data: u64,
}

impl<'a> Positioned<'a> {
    fn first_of(file: &'a File) -> Result<Self, MemoryError> {
        Ok(Self {
            file,
            at: 0,
            left: sys::file::length(file).map_err(failed)?,
            next_data: 0,
        })
    }

    /// Reads all of `bytes`.
    fn read(&mut self, bytes: &mut [u8]) -> Result<(), MemoryError> {
        let start = self.advance(bytes.len())?;
        sys::file::read(self.file, bytes, start).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => MemoryError::SnapshotDamaged,
            _ => failed(error),
        })
    }

    /// Whether the file system knows that the next `count` bytes are a hole, which reads zero. They
    /// need not be read then, which would take time, and memory for what the system keeps of files.
    fn skip_hole(&mut self, count: usize) -> Result<bool, MemoryError> {
        if count < LEAST_HOLE {
            return Ok(false);
        }
        let end = self.at.saturating_add(file_offset(count));
        if self.next_data < end {
            self.next_data = sys::file::next_data(self.file, self.at);
        }
        let is_hole = end <= self.next_data;
        if is_hole {
            self.advance(count)?;
        }
        Ok(is_hole)
    }

    /// Passes `count` bytes, which the file has to have. Returns where they begin.
    fn advance(&mut self, count: usize) -> Result<u64, MemoryError> {
        let count = file_offset(count);
        self.left = self
            .left
            .checked_sub(count)
            .ok_or(MemoryError::SnapshotDamaged)?;
        let start = self.at;
        self.at = start.saturating_add(count);
        Ok(start)
    }
}

impl Hashing<Positioned<'_>> {
    fn take_into(&mut self, bytes: &mut [u8]) -> Result<(), MemoryError> {
        self.stream.read(bytes)?;
        self.hash.update(bytes);
        Ok(())
    }

    /// Passes as many bytes as there are `zeros`, if they are known to be no others.
    fn skip_hole(&mut self, zeros: &[u8]) -> Result<bool, MemoryError> {
        let is_hole = self.stream.skip_hole(zeros.len())?;
        if is_hole {
            self.hash.update(zeros);
        }
        Ok(is_hole)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], MemoryError> {
        let mut bytes = [0; N];
        self.take_into(&mut bytes)?;
        Ok(bytes)
    }

    fn take_number(&mut self) -> Result<usize, MemoryError> {
        usize::try_from(u64::from_le_bytes(self.take()?)).map_err(|_| MemoryError::SnapshotDamaged)
    }

    fn check_hash(&mut self) -> Result<(), MemoryError> {
        let hash = self.hash.digest128();
        if u128::from_le_bytes(self.take()?) == hash {
            Ok(())
        } else {
            Err(MemoryError::SnapshotDamaged)
        }
    }
}

fn failed(source: io::Error) -> MemoryError {
    MemoryError::FileFailed { source }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, SeekFrom};

    use super::*;

    const PAGE: usize = 65_536;

    /// Where the list of runs begins.
    const FIRST_RUN: usize = 40;

    const ORIGIN: Origin = Origin {
        flags: 5,
        maximum: 1 << 50,
    };

    fn image(length: usize, runs: &[(usize, Vec<u8>)]) -> Image {
        let mut builder = ImageBuilder::new(HostBytes::round_up(length).unwrap()).unwrap();
        for (offset, bytes) in runs {
            builder.add(bytes, *offset).unwrap();
        }
        builder.finish().unwrap()
    }

    /// A file without a name that has these bytes, at its beginning.
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

    /// What `bytes` are with both hashes made anew: as someone may write who knows the format.
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
    fn what_is_written_is_read() {
        let large = vec![3; CHUNK + 10];
        let runs = [
            (5, vec![1, 2]),
            (CHUNK - 7, large),
            (4 * CHUNK - 1, vec![4]),
        ];
        for runs in [&runs[..], &[]] {
            let before = image(4 * CHUNK, runs);
            let (after, origin) = read_bytes(&written(&before)).unwrap();
            assert_eq!(origin, ORIGIN);
            assert_eq!(after.length(), before.length());
            // Runs are of whole pages now.
            let is_within = |run: &Range<usize>| {
                let mut all = after.extents().iter();
                all.any(|whole| whole.start <= run.start && run.end <= whole.end)
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
    fn every_flipped_bit_is_found() {
        let good = written(&image(PAGE, &[(9, vec![1, 2, 3]), (PAGE - 1, vec![4])]));
        read_bytes(&good).unwrap();
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                let error = read_bytes(&bad).unwrap_err();
                let is_told = match at {
                    0..8 => matches!(error, MemoryError::NotASnapshot),
                    8..12 => matches!(error, MemoryError::UnknownVersion { known: VERSION, .. }),
                    _ => matches!(error, MemoryError::SnapshotDamaged),
                };
                assert!(is_told, "byte {at}, bit {bit}: {error}");
            }
        }
    }

    #[test]
    fn every_other_length_is_found() {
        let good = written(&image(PAGE, &[(9, vec![1, 2, 3])]));
        for length in 0..good.len() {
            let error = read_bytes(&good[..length]).unwrap_err();
            let is_told = match length {
                0..8 => matches!(error, MemoryError::NotASnapshot),
                _ => matches!(error, MemoryError::SnapshotDamaged),
            };
            assert!(is_told, "{length} bytes: {error}");
        }
        for more in [&[0][..], &[1], &good] {
            let error = read_bytes(&[&good, more].concat()).unwrap_err();
            assert!(matches!(error, MemoryError::SnapshotDamaged), "{error}");
        }
    }

    #[test]
    fn numbers_that_no_memory_has_are_refused_with_right_hashes_too() {
        const LENGTH: usize = 24;
        const COUNT: usize = 32;
        const FIRST: usize = FIRST_RUN;
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
            // A run of nothing, runs that overlap, are out of order, end beyond all numbers.
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

    /// What says much of itself, and takes nothing: read in no time, or the test takes minutes.
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
    fn zeros_take_no_memory_whatever_a_file_says() {
        const LENGTH: usize = 64 * PAGE;
        let one = image(LENGTH, &[(0, vec![1; LENGTH])]);
        let mut bytes = written(&one);
        let header = FIRST_RUN + 16;
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
    fn drafts_have_names_that_nobody_can_foresee() {
        let names: Vec<_> = (0..100).map(|_| draft_name()).collect();
        let starts: std::collections::HashSet<_> = names.iter().map(|name| &name[..20]).collect();
        assert_eq!(starts.len(), names.len());
    }

    #[test]
    fn what_cannot_be_read_is_not_taken_for_something_else() {
        let folder = File::open("/").unwrap();
        assert!(matches!(read(&folder), Err(MemoryError::FileFailed { .. })));
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
        let refused = write(&image(0, &[]), ORIGIN, &full.unwrap());
        assert!(matches!(refused, Err(MemoryError::FileFailed { .. })));
    }
}
