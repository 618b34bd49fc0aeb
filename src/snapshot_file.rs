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

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::ops::Range;

use xxhash_rust::xxh3::Xxh3;

use crate::error::MemoryError;
use crate::image::{Image, ImageBuilder};
use crate::sys::SizeSignal;
use crate::units::{HostBytes, Pages};

const MAGIC: [u8; 8] = *b"LMSNAP\r\n";
const VERSION: u32 = 1;

/// Bytes that are read and written at once.
const CHUNK: usize = 1 << 20;

/// What the facade wants to know of the memory that the image was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Its own bits.
    pub flags: u32,
    /// Its own bits.
    pub maximum: u64,
}

/// Writes an image, from where the file's position is.
///
/// # Errors
///
/// What the system says; the file is then good for nothing.
pub fn write(image: &Image, origin: Origin, file: &File) -> Result<(), MemoryError> {
    let _held = SizeSignal::hold();
    let mut out = Hashing::new(BufWriter::new(file));
    out.put(&MAGIC)?;
    out.put(&VERSION.to_le_bytes())?;
    out.put(&origin.flags.to_le_bytes())?;
    out.put(&origin.maximum.to_le_bytes())?;
    out.put_number(image.length().get())?;
    out.put_number(image.runs().len())?;
    for run in image.runs().iter() {
        out.put_number(run.start)?;
        out.put_number(run.len())?;
    }
    out.put_hash()?;
    let mut chunk = vec![0; CHUNK];
    for run in image.runs().iter() {
        for part in chunks(run) {
            let bytes = chunk.get_mut(..part.len()).unwrap_or_default();
            image.read(bytes, part.start)?;
            out.put(bytes)?;
        }
    }
    out.put_hash()?;
    out.stream.flush().map_err(failed)
}

/// Reads what [`write`] wrote, from where the file's position is to its end.
///
/// # Errors
///
/// [`MemoryError::Damaged`] and its like where the file is anything else, or what the system says.
pub fn read(file: &File) -> Result<(Image, Origin), MemoryError> {
    let mut from = Hashing::new(BufReader::new(file));
    match from.take::<8>() {
        Ok(MAGIC) => {}
        Ok(_) | Err(MemoryError::Damaged) => return Err(MemoryError::NoSnapshot),
        Err(error) => return Err(error),
    }
    let version = u32::from_le_bytes(from.take()?);
    if version != VERSION {
        return Err(MemoryError::Version {
            version,
            known: VERSION,
        });
    }
    let origin = Origin {
        flags: u32::from_le_bytes(from.take()?),
        maximum: u64::from_le_bytes(from.take()?),
    };
    let length = from.take_number()?;
    let count = from.take_number()?;
    let mut runs = Vec::new();
    // Not with that capacity: a damaged number may be any. The file ends before memory does.
    for _ in 0..count {
        let start = from.take_number()?;
        let end = start.checked_add(from.take_number()?);
        runs.push(start..end.ok_or(MemoryError::Damaged)?);
    }
    from.check_hash()?;
    let length = checked_length(length, &runs)?;
    let mut builder = ImageBuilder::new(length)?;
    let mut chunk = vec![0; CHUNK];
    for run in &runs {
        for part in chunks(run) {
            let bytes = chunk.get_mut(..part.len()).unwrap_or_default();
            from.take_into(bytes)?;
            builder.add(bytes, part.start)?;
        }
    }
    from.check_hash()?;
    match from.stream.read(&mut [0]) {
        Ok(0) => Ok((builder.finish()?, origin)),
        Ok(_) => Err(MemoryError::Damaged),
        Err(error) => Err(failed(error)),
    }
}

/// The length, where it is a memory's and the runs are in order and within it.
fn checked_length(length: usize, runs: &[Range<usize>]) -> Result<HostBytes, MemoryError> {
    let mut at = 0;
    for run in runs {
        if run.start < at || run.is_empty() {
            return Err(MemoryError::Damaged);
        }
        at = run.end;
    }
    Pages::of_bytes(length)
        .and_then(Pages::bytes)
        .filter(|_| at <= length)
        .ok_or(MemoryError::Damaged)
}

fn chunks(run: &Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let end = run.end;
    run.clone()
        .step_by(CHUNK)
        .map(move |start| start..end.min(start.saturating_add(CHUNK)))
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

impl<R: Read> Hashing<R> {
    fn take_into(&mut self, bytes: &mut [u8]) -> Result<(), MemoryError> {
        self.stream
            .read_exact(bytes)
            .map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => MemoryError::Damaged,
                _ => failed(error),
            })?;
        self.hash.update(bytes);
        Ok(())
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], MemoryError> {
        let mut bytes = [0; N];
        self.take_into(&mut bytes)?;
        Ok(bytes)
    }

    fn take_number(&mut self) -> Result<usize, MemoryError> {
        usize::try_from(u64::from_le_bytes(self.take()?)).map_err(|_| MemoryError::Damaged)
    }

    fn check_hash(&mut self) -> Result<(), MemoryError> {
        let hash = self.hash.digest128();
        if u128::from_le_bytes(self.take()?) == hash {
            Ok(())
        } else {
            Err(MemoryError::Damaged)
        }
    }
}

fn failed(source: io::Error) -> MemoryError {
    MemoryError::File { source }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, SeekFrom};

    use super::*;

    const PAGE: usize = 65_536;

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
            assert_eq!(after.runs(), before.runs());
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
                    0..8 => matches!(error, MemoryError::NoSnapshot),
                    8..12 => matches!(error, MemoryError::Version { known: VERSION, .. }),
                    _ => matches!(error, MemoryError::Damaged),
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
                0..8 => matches!(error, MemoryError::NoSnapshot),
                _ => matches!(error, MemoryError::Damaged),
            };
            assert!(is_told, "{length} bytes: {error}");
        }
        for more in [&[0][..], &[1], &good] {
            let error = read_bytes(&[&good, more].concat()).unwrap_err();
            assert!(matches!(error, MemoryError::Damaged), "{error}");
        }
    }

    #[test]
    fn numbers_that_no_memory_has_are_refused_with_right_hashes_too() {
        const LENGTH: usize = 24;
        const COUNT: usize = 32;
        const FIRST: usize = 40;
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
                matches!(error, MemoryError::Damaged),
                "{changes:?}: {error}"
            );
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_taken_for_something_else() {
        let folder = File::open("/").unwrap();
        assert!(matches!(read(&folder), Err(MemoryError::File { .. })));
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
        let refused = write(&image(0, &[]), ORIGIN, &full.unwrap());
        assert!(matches!(refused, Err(MemoryError::File { .. })));
    }
}
