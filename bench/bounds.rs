//! Measures the system calls that every memory needs: `node bench/bounds.js` compiles and runs this. Each line is the median of several rounds, as `<name> <nanoseconds>`.

use std::ffi::{c_char, c_int, c_uint, c_void};
use std::fs::File;
use std::hint::black_box;
use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd};
use std::ptr::null_mut;
use std::time::Instant;

const PAGE: usize = 65_536;
const SMALL_PAGE: usize = 4096;
const HUGE_PAGE: usize = 2 << 20;
const MIB: usize = 1 << 20;
const GIB: usize = 1 << 30;

const PROT_NONE: c_int = 0;
const PROT_READ_WRITE: c_int = 1 | 2;
const MAP_PRIVATE_ANONYMOUS_NORESERVE: c_int = 0x2 | 0x20 | 0x4000;
const MAP_PRIVATE_FIXED_NORESERVE: c_int = 0x2 | 0x10 | 0x4000;
const MREMAP_MAYMOVE_FIXED_DONTUNMAP: c_int = 1 | 2 | 4;
const MADV_HUGEPAGE: c_int = 14;

extern "C" {
    fn mmap(
        at: *mut c_void,
        len: usize,
        prot: c_int,
        flags: c_int,
        fd: c_int,
        offset: i64,
    ) -> *mut c_void;
    fn munmap(at: *mut c_void, len: usize) -> c_int;
    fn mprotect(at: *mut c_void, len: usize, prot: c_int) -> c_int;
    fn madvise(at: *mut c_void, len: usize, advice: c_int) -> c_int;
    fn mremap(at: *mut c_void, old: usize, new: usize, flags: c_int, ...) -> *mut c_void;
    fn memfd_create(name: *const c_char, flags: c_uint) -> c_int;
}

/// A reserved address range, unmapped when dropped.
struct Range {
    at: *mut u8,
    len: usize,
}

impl Range {
    fn reserve(len: usize) -> Self {
        let flags = MAP_PRIVATE_ANONYMOUS_NORESERVE;
        // SAFETY: a new mapping at an address that the system chooses.
        let at = unsafe { mmap(null_mut(), len, PROT_NONE, flags, -1, 0) };
        assert_ne!(at as isize, -1, "mmap");
        Self { at: at.cast(), len }
    }

    fn committed(len: usize) -> Self {
        let range = Self::reserve(len);
        range.commit(0, len);
        range
    }

    fn commit(&self, offset: usize, len: usize) {
        assert!(offset + len <= self.len);
        // SAFETY: checked above to lie in the range.
        let failed = unsafe { mprotect(self.at.add(offset).cast(), len, PROT_READ_WRITE) };
        assert_eq!(failed, 0, "mprotect");
    }

    fn touch(&self, from: usize, to: usize) {
        for offset in (from..to).step_by(SMALL_PAGE) {
            // SAFETY: callers touch what they have committed.
            unsafe { self.at.add(offset).write_volatile(1) };
        }
    }

    /// Writes to every hundredth page: 164 of 64 MiB.
    fn touch_one_in_a_hundred(&self) {
        for offset in Self::one_in_a_hundred() {
            self.touch(offset, offset + 1);
        }
    }

    fn one_in_a_hundred() -> impl Iterator<Item = usize> {
        (0..64 * MIB).step_by(100 * SMALL_PAGE)
    }

    /// Maps the file over the range, copy-on-write.
    fn cover(&self, file: &File) {
        let (access, flags) = (PROT_READ_WRITE, MAP_PRIVATE_FIXED_NORESERVE);
        // SAFETY: the range's own pages.
        let at = unsafe { mmap(self.at.cast(), self.len, access, flags, file.as_raw_fd(), 0) };
        assert_eq!(at.cast(), self.at, "mmap");
    }

    fn copy_one_in_a_hundred_to(&self, target: &Range) {
        for offset in Self::one_in_a_hundred() {
            assert!(offset + SMALL_PAGE <= self.len.min(target.len));
            // SAFETY: both ranges are reserved here, and committed.
            unsafe {
                let (from, to) = (self.at.add(offset), target.at.add(offset));
                from.copy_to_nonoverlapping(to, SMALL_PAGE);
            }
        }
    }

    fn ask_for_huge_pages(&self) {
        // SAFETY: the range's own pages.
        unsafe { madvise(self.at.cast(), self.len, MADV_HUGEPAGE) };
    }

    fn move_to(&self, target: &Range) {
        assert_eq!(self.len, target.len);
        let flags = MREMAP_MAYMOVE_FIXED_DONTUNMAP;
        // SAFETY: both ranges are reserved here, and have the same length.
        let at = unsafe { mremap(self.at.cast(), self.len, self.len, flags, target.at) };
        assert_eq!(at.cast(), target.at, "mremap");
    }
}

impl Drop for Range {
    fn drop(&mut self) {
        // SAFETY: nothing references the range any more.
        unsafe { munmap(self.at.cast(), self.len) };
    }
}

/// A file in memory, of 64 MiB.
fn image() -> File {
    // SAFETY: the name is terminated, and there are no flags.
    let descriptor = unsafe { memfd_create(c"bounds".as_ptr(), 0) };
    assert!(descriptor >= 0, "memfd_create");
    // SAFETY: the descriptor is open, and owned by nothing else.
    let mut file = unsafe { File::from_raw_fd(descriptor) };
    file.write_all(&vec![1; 64 * MIB]).expect("write");
    file
}

/// Prints the median of several calls of `round`, which returns nanoseconds.
fn report(name: &str, mut round: impl FnMut() -> f64) {
    let mut figures: Vec<f64> = (0..9).map(|_| round()).collect();
    figures.sort_by(f64::total_cmp);
    println!("{name} {}", figures[figures.len() / 2]);
}

fn timed<T>(count: usize, action: impl FnOnce() -> T) -> f64 {
    let start = Instant::now();
    black_box(action());
    start.elapsed().as_nanos() as f64 / count as f64
}

fn main() {
    report("reserve 4 GiB, commit, touch and unmap a page", || {
        timed(2_000, || {
            for _ in 0..2_000 {
                let range = Range::reserve(4 * GIB);
                range.commit(0, PAGE);
                range.touch(0, 1);
            }
        })
    });
    report("commit one more page", || {
        let range = Range::reserve(2_000 * PAGE);
        timed(2_000, || {
            (0..2_000).for_each(|i| range.commit(i * PAGE, PAGE))
        })
    });
    report("touch 256 MiB", || {
        let range = Range::committed(256 * MIB);
        timed(1, || range.touch(0, range.len))
    });
    report("touch 256 MiB of huge pages", || {
        let range = Range::committed(256 * MIB + HUGE_PAGE);
        range.ask_for_huge_pages();
        let start = (range.at as usize).next_multiple_of(HUGE_PAGE) - range.at as usize;
        timed(1, || range.touch(start, start + 256 * MIB))
    });
    report("move 64 MiB that were touched", || {
        let range = Range::committed(64 * MIB);
        range.touch(0, range.len);
        let target = Range::reserve(range.len);
        timed(1, || range.move_to(&target))
    });
    report("copy 1 % of 64 MiB, by pages of 4 KiB", || {
        let (image, range) = (Range::committed(64 * MIB), Range::committed(64 * MIB));
        image.touch(0, image.len);
        range.touch(0, range.len);
        // As if the same pages had been restored before.
        image.copy_one_in_a_hundred_to(&range);
        timed(1, || image.copy_one_in_a_hundred_to(&range))
    });
    let image = image();
    report("map a file of 64 MiB", || {
        let range = Range::committed(64 * MIB);
        timed(1, || range.cover(&image))
    });
    report("write to 1 % of it", || {
        let range = Range::committed(64 * MIB);
        range.cover(&image);
        timed(1, || range.touch_one_in_a_hundred())
    });
}
