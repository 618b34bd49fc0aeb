//! SIGXFSZ: the kernel sends it to a thread that makes a file longer than `RLIMIT_FSIZE` allows (`ulimit
//! -f`). It ends the process, unless the runtime ignores it.

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr;

/// Blocks SIGXFSZ in this thread until this value is dropped. Calls that would have raised the signal fail
/// with `EFBIG`.
#[derive(Debug)]
#[must_use = "the signal is blocked only as long as this value lives"]
pub struct SigxfszBlock {
    /// The signal mask of the thread before; `None` if it could not be changed.
    before: Option<libc::sigset_t>,
    /// Whether the signal was already pending.
    was_pending: bool,
    /// A signal mask belongs to a thread, so this value stays in its own.
    thread: PhantomData<*const ()>,
}

impl SigxfszBlock {
    /// Blocks the signal.
    pub fn new() -> Self {
        let was_pending = is_pending();
        let mut before = empty_set();
        // SAFETY: both pointers are to sets of signals, the second one writable.
        let result =
            unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &sigxfsz_only(), &raw mut before) };
        Self {
            before: (result == 0).then_some(before),
            was_pending,
            thread: PhantomData,
        }
    }
}

impl Drop for SigxfszBlock {
    fn drop(&mut self) {
        let Some(before) = self.before else { return };
        if !self.was_pending {
            const NOW: libc::timespec = libc::timespec {
                tv_sec: 0,
                tv_nsec: 0,
            };
            // Consumes the signal that was blocked, if there is one.
            // SAFETY: the arguments are a set of signals and a time; null means that no details of the
            // signal are wanted.
            unsafe { libc::sigtimedwait(&sigxfsz_only(), ptr::null_mut(), &NOW) };
        }
        // SAFETY: `before` is the mask that `pthread_sigmask` returned in `new`.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, ptr::null_mut()) };
    }
}

fn empty_set() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: `set` has room for a set of signals.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: the call above has filled it.
    unsafe { set.assume_init() }
}

/// Returns the set that has only SIGXFSZ.
fn sigxfsz_only() -> libc::sigset_t {
    let mut set = empty_set();
    // SAFETY: `set` is a set of signals.
    unsafe { libc::sigaddset(&raw mut set, libc::SIGXFSZ) };
    set
}

fn is_pending() -> bool {
    let mut set = empty_set();
    // SAFETY: `set` is a writable set of signals.
    unsafe { libc::sigpending(&raw mut set) };
    // SAFETY: `set` is a set of signals.
    unsafe { libc::sigismember(&raw const set, libc::SIGXFSZ) == 1 }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::os::fd::AsFd;
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, ExitStatus};

    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    use super::*;
    use crate::sys::{ImageFile, file};

    const KIND: &str = "LINEAR_MEMORY_TEST_KIND";

    /// Runs a test again, in a process of its own that has the variable set.
    fn again(test: &str, kind: &str) -> ExitStatus {
        let (_, module) = module_path!().split_once("::").unwrap();
        Command::new(std::env::current_exe().unwrap())
            .args([&format!("{module}::{test}"), "--exact", "--quiet"])
            .env(KIND, kind)
            .output()
            .unwrap()
            .status
    }

    #[test]
    fn a_file_that_would_be_too_long_is_an_error() {
        const LIMIT: u64 = 1 << 16;
        const TEST: &str = "a_file_that_would_be_too_long_is_an_error";
        let Ok(kind) = std::env::var(KIND) else {
            let bare = again(TEST, "bare");
            assert_eq!(bare.signal(), Some(libc::SIGXFSZ), "the control: {bare}");
            for kind in ["held", "extended", "truncated"] {
                let status = again(TEST, kind);
                assert!(status.success(), "{kind}: {status}");
            }
            return;
        };
        let maximum = getrlimit(Resource::Fsize).maximum;
        let current = Some(LIMIT);
        setrlimit(Resource::Fsize, Rlimit { current, maximum }).unwrap();
        let mut image = ImageFile::create(0).unwrap();
        let own = std::fs::File::from(image.as_fd().try_clone_to_owned().unwrap());
        let result = match kind.as_str() {
            "bare" => image.write(&[1], LIMIT),
            "extended" => file::extend(&own, LIMIT + 1),
            "truncated" => file::set_length(&own, LIMIT + 1),
            _ => {
                let blocked = SigxfszBlock::new();
                let result = image.write(&[1], LIMIT);
                assert!(is_pending());
                drop(blocked);
                result
            }
        };
        let error = result.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        assert!(!is_pending());
        let mut mask = empty_set();
        // SAFETY: a null pointer changes nothing, and `mask` is a place for a set of signals.
        unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), &raw mut mask) };
        // SAFETY: `set` is a set of signals.
        let is_blocked = unsafe { libc::sigismember(&raw const mask, libc::SIGXFSZ) };
        assert_eq!(is_blocked, 0);
    }

    #[test]
    fn a_signal_that_was_pending_before_stays_pending() {
        let outer = SigxfszBlock::new();
        // SAFETY: the signal goes to this thread, which blocks it.
        unsafe { libc::raise(libc::SIGXFSZ) };
        drop(SigxfszBlock::new());
        assert!(is_pending());
        drop(outer);
        assert!(!is_pending());
    }
}
