//! Mapped files that somebody truncates: the page beyond the file's new end raises SIGBUS, which would
//! end the process. For addresses that are watched, it gets a page of zeros instead.
//!
//! The handler runs in whatever thread touched the page, in the middle of anything. So what it reads
//! is atomics in memory that is never freed, and the one call it makes is `mmap(2)`.

use std::ffi::c_int;
use std::io;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::fault;

/// Addresses that are watched until this is dropped.
#[derive(Debug)]
pub struct Watch(&'static Slot);

impl Watch {
    /// Watches `addresses`.
    ///
    /// # Errors
    ///
    /// What `sigaction(2)` says.
    pub fn over(addresses: &Range<usize>) -> io::Result<Self> {
        install()?;
        let slot = Slot::take();
        slot.was_hit.store(false, Ordering::Relaxed);
        slot.end.store(addresses.end, Ordering::Relaxed);
        // Last: what the handler looks at first.
        slot.start.store(addresses.start, Ordering::Release);
        Ok(Self(slot))
    }

    /// Where a page was lost in `other`, it was here.
    pub fn take_after(&self, other: &Self) {
        let was_hit = other.was_hit();
        self.0.was_hit.fetch_or(was_hit, Ordering::Relaxed);
    }

    /// Whether a page was lost, and now reads zero.
    pub fn was_hit(&self) -> bool {
        self.0.was_hit.load(Ordering::Relaxed)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.start.store(UNUSED, Ordering::Relaxed);
        self.0.end.store(0, Ordering::Relaxed);
        self.0.is_taken.store(false, Ordering::Release);
    }
}

/// No address is at or beyond it.
const UNUSED: usize = usize::MAX;

/// One of a list that only ever grows.
#[derive(Debug)]
struct Slot {
    is_taken: AtomicBool,
    start: AtomicUsize,
    end: AtomicUsize,
    was_hit: AtomicBool,
    next: *const Slot,
}

// SAFETY: `next` points to another slot, which is never freed nor changed but by its atomics.
unsafe impl Sync for Slot {}

static FIRST: AtomicPtr<Slot> = AtomicPtr::new(ptr::null_mut());

impl Slot {
    /// All there are. The handler calls this.
    fn all() -> impl Iterator<Item = &'static Self> {
        let mut next = FIRST.load(Ordering::Acquire).cast_const();
        std::iter::from_fn(move || {
            // SAFETY: null, or a slot, which is never freed.
            let slot = unsafe { next.as_ref() }?;
            next = slot.next;
            Some(slot)
        })
    }

    fn take() -> &'static Self {
        static LOCK: Mutex<()> = Mutex::new(());
        let _one_at_a_time = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(free) = Self::all().find(|slot| !slot.is_taken.swap(true, Ordering::Acquire)) {
            return free;
        }
        let slot: &'static Self = Box::leak(Box::new(Self {
            is_taken: AtomicBool::new(true),
            start: AtomicUsize::new(UNUSED),
            end: AtomicUsize::new(0),
            was_hit: AtomicBool::new(false),
            next: FIRST.load(Ordering::Acquire),
        }));
        FIRST.store(ptr::from_ref(slot).cast_mut(), Ordering::Release);
        slot
    }
}

/// What was there before us.
static FORMER: OnceLock<libc::sigaction> = OnceLock::new();

/// Puts the handler in place, for the first watch of the process.
fn install() -> io::Result<()> {
    static INSTALLED: Mutex<bool> = Mutex::new(false);
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if *installed {
        return Ok(());
    }
    fault::check("sigaction")?;
    let mut former = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: asks only, with room for the answer.
    if unsafe { libc::sigaction(libc::SIGBUS, ptr::null(), former.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: all zeros is one, and the call above has filled it.
    let former = unsafe { former.assume_init() };
    // Before the handler can run, which asks for it.
    let _ = FORMER.set(former);
    let mut ours = former;
    let handler: Handler = on_bus_error;
    ours.sa_sigaction = handler as usize;
    ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
    // SAFETY: `ours` names a handler of the form that SA_SIGINFO wants.
    if unsafe { libc::sigaction(libc::SIGBUS, &raw const ours, ptr::null_mut()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    *installed = true;
    Ok(())
}

type Handler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut libc::c_void);

extern "C" fn on_bus_error(signal: c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let errno = errno();
    // SAFETY: SA_SIGINFO gives the handler one.
    let info_here = unsafe { &*info };
    // SAFETY: for SIGBUS, it has an address.
    let address = unsafe { info_here.si_addr() }.addr();
    let slot = Slot::all().find(|slot| {
        slot.start.load(Ordering::Acquire) <= address && address < slot.end.load(Ordering::Relaxed)
    });
    match slot {
        Some(slot) if put_zeros(address) => slot.was_hit.store(true, Ordering::Relaxed),
        _ => pass_on(signal, info, context),
    }
    set_errno(errno);
}

/// What the interrupted code may be about to read.
fn errno() -> c_int {
    // SAFETY: takes nothing.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: the thread's own.
    unsafe { *errno }
}

fn set_errno(value: c_int) {
    // SAFETY: takes nothing.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: the thread's own.
    unsafe { *errno = value };
}

/// Puts a page of zeros where `address` is.
fn put_zeros(address: usize) -> bool {
    let page = rustix::param::page_size();
    let start = address - address % page;
    // SAFETY: within addresses that are watched, whose owner has the pages replaced that are lost.
    let mapped = unsafe {
        libc::mmap(
            ptr::without_provenance_mut(start),
            page,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED,
            -1,
            0,
        )
    };
    mapped != libc::MAP_FAILED
}

/// Does what would have been done without us.
fn pass_on(signal: c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let Some(former) = FORMER.get() else { return };
    match former.sa_sigaction {
        libc::SIG_DFL | libc::SIG_IGN => {
            // What raised the signal happens again, and then it ends the process, as the kernel has it
            // even where it is ignored. One that somebody sent is sent again.
            // SAFETY: what was in place before.
            unsafe { libc::sigaction(signal, former, ptr::null_mut()) };
            // SAFETY: as in `on_bus_error`.
            if unsafe { (*info).si_code } <= 0 {
                // SAFETY: a signal to this thread.
                unsafe { libc::raise(signal) };
            }
        }
        handler if former.sa_flags & libc::SA_SIGINFO != 0 => {
            // SAFETY: what SA_SIGINFO says that it is.
            let handler: Handler = unsafe { std::mem::transmute(handler) };
            handler(signal, info, context);
        }
        handler => {
            // SAFETY: without SA_SIGINFO, that is what a handler is.
            let handler: extern "C" fn(c_int) = unsafe { std::mem::transmute(handler) };
            handler(signal);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_used_again() {
        let first = Watch::over(&(1..2)).unwrap();
        let slot = ptr::from_ref(first.0);
        drop(first);
        let again: Vec<_> = (0..8).map(|_| Watch::over(&(1..2)).unwrap()).collect();
        assert!(again.iter().any(|watch| ptr::eq(watch.0, slot)));
        assert!(again.iter().all(|watch| !watch.was_hit()));
    }
}
