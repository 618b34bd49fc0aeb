//! Reads random files that look like snapshots and have correct checksums, and compares the result with that
//! of a second, simple reader of the format. `cargo test snapshot_fuzz` reads some thousands.
//!
//! - `LINEAR_MEMORY_FUZZ_SECONDS` is the number of seconds for which the test runs instead.
//! - `LINEAR_MEMORY_FUZZ_SEED` is the seed of the first case. The seed of each further case is larger by one. A
//!   failure prints its seed.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use xxhash_rust::xxh3::xxh3_128;

use crate::error::MemoryError;
use crate::files::snapshot_file::{self, Origin};
use crate::pages::image::Image;

const CASES: u64 = 3000;

/// The time that a case may take: far more than the largest file takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// The bytes of a WebAssembly page.
const PAGE: u64 = 65_536;

/// The bytes of the largest memory.
const LIMIT: u64 = 262_144 * PAGE;

/// The bytes of a system page. Images take memory by whole system pages.
const SYSTEM_PAGE: usize = 4096;

/// The bytes of the header, of an extent in the list, and of a checksum.
const HEADER: usize = 40;
const EXTENT: usize = 16;
const HASH: usize = 16;

/// Generates random numbers (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length.try_into().unwrap())).unwrap()
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    fn choose<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.index(choices.len())]
    }

    /// Returns a number that may break a reader, or one near `known`.
    fn number(&mut self, known: u64) -> u64 {
        let near = self.choose(&[1, 2, 16, 4096, PAGE]);
        let random = self.next();
        let shift = self.choose(&[8, 24, 32, 48]);
        self.choose(&[
            0,
            1,
            known.wrapping_add(near),
            known.wrapping_sub(near),
            known.wrapping_mul(2),
            known / 2,
            u64::MAX,
            u64::MAX - near,
            1 << 31,
            1 << 32,
            1 << 60,
            1 << 63,
            LIMIT,
            LIMIT + PAGE,
            LIMIT / 8192,
            LIMIT / 8192 + 1,
            random,
            random >> shift,
        ])
    }
}

/// The fields of a file without its checksums.
#[derive(Debug)]
struct Draft {
    magic: [u8; 8],
    version: u32,
    flags: u32,
    maximum: u64,
    length: u64,
    /// The number of extents, if it is to be wrong.
    count: Option<u64>,
    extents: Vec<(u64, u64)>,
    bytes: Vec<u8>,
}

impl Draft {
    /// Returns a valid draft.
    fn new(random: &mut Random) -> Self {
        let length = random.choose(&[0, 1, 1, 1, 1, 2, 2, 3, 17]) * PAGE;
        let grain = random.choose(&[1, 16, 512, 4096, 4096, 4096, 16_384]);
        let mut extents = Vec::new();
        let mut at = random.below(4) * grain;
        while at < length
            && extents.len() < 40
            && u64::try_from(extents.len()).unwrap() < length / 8192
        {
            let count = (1 + random.below(8)) * grain;
            let count = count.min(length - at);
            extents.push((at, count));
            at += count + random.below(5) * grain;
        }
        let mut draft = Self {
            magic: *b"LMSNAP\r\n",
            version: 1,
            flags: u32::try_from(random.below(8)).unwrap(),
            maximum: random.next(),
            length,
            count: None,
            extents,
            bytes: Vec::new(),
        };
        draft.fit_bytes(random);
        draft
    }

    /// Makes as many bytes as the extents have, unless these are too many.
    fn fit_bytes(&mut self, random: &mut Random) {
        const MAX_BYTES: u64 = 4 << 20;
        let wanted = self
            .extents
            .iter()
            .try_fold(0_u64, |sum, (_, length)| sum.checked_add(*length));
        let Some(wanted) = wanted.filter(|wanted| *wanted <= MAX_BYTES) else {
            return;
        };
        let wanted = usize::try_from(wanted).unwrap();
        self.bytes.truncate(wanted);
        while self.bytes.len() < wanted {
            // Alternate zeros and other bytes, some of them in whole pages.
            let length = random.choose(&[1, 100, SYSTEM_PAGE, SYSTEM_PAGE, 40_000, 150_000]);
            let byte = if random.one_in(2) {
                0
            } else {
                random.next().to_le_bytes()[0]
            };
            let end = wanted.min(self.bytes.len() + length);
            self.bytes.resize(end, byte);
            if byte != 0 && random.one_in(3) {
                self.bytes[end - 1] = 0;
            }
        }
    }

    fn mutate(&mut self, random: &mut Random) {
        let any_extent = random.index(self.extents.len());
        match random.below(14) {
            0 => self.magic[random.index(8)] ^= 1 << random.below(8),
            1 => self.version = random.next().to_le_bytes()[0].into(),
            2 => self.flags = u32::MAX,
            3 => self.length = random.number(self.length),
            4 => self.length = random.below(LIMIT / PAGE + 2) * PAGE,
            5 => {
                let known = u64::try_from(self.extents.len()).unwrap();
                self.count = Some(random.number(known));
            }
            6 if !self.extents.is_empty() => {
                self.extents[any_extent].0 = random.number(self.extents[any_extent].0)
            }
            7 if !self.extents.is_empty() => {
                self.extents[any_extent].1 = random.number(self.extents[any_extent].1)
            }
            8 if !self.extents.is_empty() => {
                let other = random.index(self.extents.len());
                self.extents.swap(any_extent, other);
            }
            9 if !self.extents.is_empty() => {
                self.extents.insert(any_extent, self.extents[any_extent])
            }
            10 if !self.extents.is_empty() => drop(self.extents.remove(any_extent)),
            11 if !self.extents.is_empty() => {
                // Splits an extent into two adjacent ones.
                let (start, length) = self.extents[any_extent];
                let first = random.below(length);
                self.extents[any_extent] = (start, first);
                self.extents
                    .insert(any_extent + 1, (start.wrapping_add(first), length - first));
            }
            12 if !self.bytes.is_empty() => {
                let at = random.index(self.bytes.len());
                self.bytes[at] ^= 1 << random.below(8);
            }
            _ => {
                let length = random.index(self.bytes.len() + 1);
                self.bytes.truncate(length);
            }
        }
    }

    /// Returns the file with both checksums, and the offset of the first of them.
    fn signed(&self) -> (Vec<u8>, usize) {
        let mut file = self.magic.to_vec();
        file.extend(self.version.to_le_bytes());
        file.extend(self.flags.to_le_bytes());
        file.extend(self.maximum.to_le_bytes());
        file.extend(self.length.to_le_bytes());
        let count = self
            .count
            .unwrap_or_else(|| self.extents.len().try_into().unwrap());
        file.extend(count.to_le_bytes());
        for (start, length) in &self.extents {
            file.extend(start.to_le_bytes());
            file.extend(length.to_le_bytes());
        }
        let list_end = file.len();
        file.extend(xxh3_128(&file).to_le_bytes());
        file.extend(&self.bytes);
        file.extend(xxh3_128(&file).to_le_bytes());
        (file, list_end)
    }
}

/// The expected result of reading a file.
#[derive(Debug)]
enum Expected<'a> {
    NoSnapshot,
    OtherVersion,
    Damaged,
    Image {
        origin: Origin,
        length: u64,
        /// The offset of each extent, and its bytes.
        extents: Vec<(u64, &'a [u8])>,
    },
}

fn number(file: &[u8], at: usize) -> Option<u64> {
    let bytes = file.get(at..at.checked_add(8)?)?;
    Some(u64::from_le_bytes(bytes.try_into().unwrap()))
}

fn expected_of(file: &[u8]) -> Expected<'_> {
    if !file.starts_with(b"LMSNAP\r\n") {
        return Expected::NoSnapshot;
    }
    if file.len() >= 12 && file[8..12] != [1, 0, 0, 0] {
        return Expected::OtherVersion;
    }
    image_of(file).unwrap_or(Expected::Damaged)
}

/// Reads an image by the format alone, without regard to speed and memory. Returns `None` if it is damaged.
fn image_of(file: &[u8]) -> Option<Expected<'_>> {
    let is_signed = |at: usize| {
        let hash = file.get(at..at + HASH)?;
        (hash == xxh3_128(&file[..at]).to_le_bytes()).then_some(())
    };
    let flags = u32::from_le_bytes(file.get(12..16)?.try_into().unwrap());
    let maximum = number(file, 16)?;
    let length = number(file, 24)?;
    let count = usize::try_from(number(file, 32)?).ok()?;
    let list_end = HEADER.checked_add(count.checked_mul(EXTENT)?)?;
    let mut bytes = file.get(list_end.checked_add(HASH)?..file.len().checked_sub(HASH)?)?;
    if length % PAGE != 0 || length > LIMIT || number(file, 32)? > length / 8192 {
        return None;
    }
    let mut at = 0;
    let mut extents = Vec::new();
    for index in 0..count {
        let start = number(file, HEADER + index * EXTENT)?;
        let own_length = number(file, HEADER + index * EXTENT + 8)?;
        let end = start.checked_add(own_length)?;
        if start < at || own_length == 0 || end > length {
            return None;
        }
        let (own, rest) = bytes.split_at_checked(usize::try_from(own_length).ok()?)?;
        extents.push((start, own));
        bytes = rest;
        at = end;
    }
    if !bytes.is_empty() {
        return None;
    }
    is_signed(list_end)?;
    is_signed(file.len() - HASH)?;
    let origin = Origin { flags, maximum };
    Some(Expected::Image {
        origin,
        length,
        extents,
    })
}

/// Makes a file of `bytes`, with holes for its zeros if `has_holes`, and a hole up to `length`.
fn file_of(bytes: &[u8], length: u64, has_holes: bool) -> File {
    let flags = rustix::fs::MemfdFlags::CLOEXEC;
    let file = File::from(rustix::fs::memfd_create(c"test", flags).unwrap());
    for (index, page) in bytes.chunks(SYSTEM_PAGE).enumerate() {
        if !has_holes || page.iter().any(|byte| *byte != 0) {
            let at = index * SYSTEM_PAGE;
            file.write_all_at(page, at.try_into().unwrap()).unwrap();
        }
    }
    file.set_len(length).unwrap();
    file
}

/// Expects that `image` has these extents, is otherwise zero, and takes no memory for zeros.
fn expect_image(image: &Image, length: u64, extents: &[(u64, &[u8])]) {
    assert_eq!(u64::try_from(image.length().get()).unwrap(), length);
    // Each page in which an extent has a byte that is not zero.
    let mut wanted = Vec::new();
    for (start, bytes) in extents {
        let start = usize::try_from(*start).unwrap();
        for (at, byte) in bytes.iter().enumerate().filter(|(_, byte)| **byte != 0) {
            let (page, inside) = ((start + at) / SYSTEM_PAGE, (start + at) % SYSTEM_PAGE);
            if wanted.last().is_none_or(|(last, _)| *last != page) {
                wanted.push((page, vec![0; SYSTEM_PAGE]));
            }
            wanted.last_mut().unwrap().1[inside] = *byte;
        }
    }
    let mut pages = image
        .extents()
        .iter()
        .flat_map(|extent| extent.clone().step_by(SYSTEM_PAGE));
    for (page, bytes) in &wanted {
        assert_eq!(pages.next(), Some(page * SYSTEM_PAGE));
        let mut found = vec![9; SYSTEM_PAGE];
        image.read(&mut found, page * SYSTEM_PAGE).unwrap();
        assert!(&found == bytes, "page {page}");
    }
    assert_eq!(pages.next(), None);
    let most = u64::try_from(wanted.len() * SYSTEM_PAGE).unwrap();
    assert!(image.memory() <= most, "{} bytes of memory", image.memory());
}

#[derive(Debug, Default)]
struct Outcomes {
    images: u64,
    damaged: u64,
    no_snapshots: u64,
    other_versions: u64,
}

fn run_case(seed: u64, outcomes: &mut Outcomes) {
    let mut random = Random(seed);
    let mut draft = Draft::new(&mut random);
    for _ in 0..random.below(4) {
        draft.mutate(&mut random);
    }
    if random.one_in(2) {
        draft.fit_bytes(&mut random);
    }
    let (mut bytes, list_end) = draft.signed();
    let mut beyond = 0;
    match random.below(12) {
        0 => {
            let at = random.index(bytes.len());
            bytes[at] ^= 1 << random.below(8);
        }
        1 => bytes.truncate(random.index(bytes.len())),
        2 => {
            let part = random.choose(&[0, 8, 12, 16, 24, 32, HEADER, list_end, list_end + HASH]);
            bytes.truncate(part);
        }
        3 => bytes.push(random.next().to_le_bytes()[0]),
        // A hole behind the last checksum.
        4 => beyond = random.choose(&[1, 16, PAGE, 1 << 30, 1 << 40, 1 << 50]),
        _ => {}
    }
    let length = u64::try_from(bytes.len()).unwrap() + beyond;
    let file = file_of(&bytes, length, random.one_in(2));
    // No checksum is zero, so a file with a hole behind it is never valid. A page stands for the whole hole.
    let mut whole = bytes.clone();
    whole.extend(std::iter::repeat_n(0, beyond.min(PAGE).try_into().unwrap()));
    let result = snapshot_file::read(&file);
    match (expected_of(&whole), result) {
        (
            Expected::Image {
                origin,
                length,
                extents,
            },
            Ok((image, found)),
        ) => {
            assert_eq!(found, origin);
            expect_image(&image, length, &extents);
            let again = file_of(&[], 0, false);
            snapshot_file::write(&image, origin, &again).unwrap();
            let (again, _) = snapshot_file::read(&again).unwrap();
            assert_eq!(again.extents(), image.extents());
            expect_image(&again, length, &extents);
            outcomes.images += 1;
        }
        (Expected::Damaged, Err(MemoryError::SnapshotDamaged)) => outcomes.damaged += 1,
        (Expected::NoSnapshot, Err(MemoryError::NotASnapshot)) => outcomes.no_snapshots += 1,
        (Expected::OtherVersion, Err(MemoryError::UnknownVersion { .. })) => {
            outcomes.other_versions += 1
        }
        (expected, result) => panic!("{expected:?}, but {result:?}: {draft:?}"),
    }
}

fn variable(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().expect("a whole number"))
}

#[test]
fn read_agrees_with_a_second_reader_of_the_format() {
    let first = variable("LINEAR_MEMORY_FUZZ_SEED").unwrap_or(1);
    let seconds = variable("LINEAR_MEMORY_FUZZ_SECONDS").map(Duration::from_secs);
    let start = Instant::now();
    let mut outcomes = Outcomes::default();
    let mut slowest = Duration::ZERO;
    let mut count = 0;
    while seconds.map_or(count < CASES, |seconds| start.elapsed() < seconds) {
        let seed = first.wrapping_add(count);
        let before = Instant::now();
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            run_case(seed, &mut outcomes);
        }));
        assert!(done.is_ok(), "LINEAR_MEMORY_FUZZ_SEED={seed}");
        slowest = slowest.max(before.elapsed());
        assert!(
            slowest < PATIENCE,
            "LINEAR_MEMORY_FUZZ_SEED={seed}: {slowest:?}"
        );
        count += 1;
    }
    println!("{count} cases, {outcomes:?}, the slowest {slowest:?}");
    if seconds.is_none() {
        let least = CASES / 100;
        let Outcomes {
            images,
            damaged,
            no_snapshots,
            other_versions,
        } = outcomes;
        assert!(images.min(damaged).min(no_snapshots).min(other_versions) > least);
    }
}
