//! SIGXFSZ: the kernel sends it to a thread that makes a file longer than the process may
//! (`ulimit -f`). It ends the process, unless the runtime ignores it.

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr;

/// Keeps SIGXFSZ from this thread until it is dropped. What would have raised it fails with `EFBIG`.
#[derive(Debug)]
#[must_use = "the signal is held back as long as this lives"]
pub struct SigxfszBlock {
    /// The thread's mask before; `None` if it could not be changed.
    before: Option<libc::sigset_t>,
    /// Whether somebody had sent one already.
    was_pending: bool,
    /// The mask is this thread's.
    thread: PhantomData<*const ()>,
}

impl SigxfszBlock {
    /// Holds it back from now on.
    pub fn new() -> Self {
        let was_pending = is_pending();
        let mut before = empty();
        // SAFETY: both are sets of signals.
        let result = unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &only(), &raw mut before) };
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
            // Takes the one that was held back, if any.
            // SAFETY: a set of signals, and a time; what was taken is not asked for.
            unsafe { libc::sigtimedwait(&only(), ptr::null_mut(), &NOW) };
        }
        // SAFETY: the mask that this thread had.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, ptr::null_mut()) };
    }
}

fn empty() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: a place for a set of signals.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: the call above has filled it.
    unsafe { set.assume_init() }
}

/// The set of this signal alone.
fn only() -> libc::sigset_t {
    let mut set = empty();
    // SAFETY: a set of signals.
    unsafe { libc::sigaddset(&raw mut set, libc::SIGXFSZ) };
    set
}

fn is_pending() -> bool {
    let mut set = empty();
    // SAFETY: a place for a set of signals.
    unsafe { libc::sigpending(&raw mut set) };
    // SAFETY: a set of signals.
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

    /// Runs a test again, in a process of its own that has the variable.
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
    fn a_file_that_would_be_too_long_ends_nothing() {
        const LIMIT: u64 = 1 << 16;
        const TEST: &str = "a_file_that_would_be_too_long_ends_nothing";
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
        let mut mask = empty();
        // SAFETY: a null pointer changes nothing, and `mask` is a place for a set of signals.
        unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), &raw mut mask) };
        // SAFETY: a set of signals.
        let is_blocked = unsafe { libc::sigismember(&raw const mask, libc::SIGXFSZ) };
        assert_eq!(is_blocked, 0);
    }

    #[test]
    fn one_that_somebody_else_waits_for_is_left_to_them() {
        let outer = SigxfszBlock::new();
        // SAFETY: a signal to this thread, which has it blocked.
        unsafe { libc::raise(libc::SIGXFSZ) };
        drop(SigxfszBlock::new());
        assert!(is_pending());
        drop(outer);
        assert!(!is_pending());
    }
}
