//! The handler of SIGBUS: how it gets in place, stays there, and passes on what is not ours.
//!
//! Others install handlers too, before ours and after it. Some of them call what they found in place, so
//! one of them may call a handler of ours that another handler of ours has just called. That must not be
//! an endless circle. So there are several handlers. Each has one former disposition, which it keeps for
//! good: it is never put over a handler that it could be called by.

use std::ffi::c_int;
use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Mutex, PoisonError};

use super::{platform, truncation};
use crate::sys::{Address, fault};

/// What the handler may be put over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The default behaviour only. A handler that was installed after ours may call ours.
    Default,
    /// Any handler: one that never calls ours was installed just now.
    Any,
}

type Handler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut libc::c_void);

/// How many different dispositions ours can be put over. Most processes have two, the default and Node's.
const MOST: usize = 6;

/// The handlers, which differ in nothing but what was in place before.
static HANDLERS: [Handler; MOST] = [
    on_bus_error::<0>,
    on_bus_error::<1>,
    on_bus_error::<2>,
    on_bus_error::<3>,
    on_bus_error::<4>,
    on_bus_error::<5>,
];

/// What was in place before each of them; null if it was never installed. These are leaked: a thread may
/// be in the handler at any time.
static FORMER: [AtomicPtr<libc::sigaction>; MOST] =
    [const { AtomicPtr::new(ptr::null_mut()) }; MOST];

/// Whether it is reported when the program changes what is in place.
pub static ARE_REPORTED: AtomicBool = AtomicBool::new(false);

/// Makes sure that a handler of ours is in place, and leaves it there if so. The first call of the
/// process puts it over whatever is there, later ones as `over` has it.
///
/// # Errors
///
/// Returns the error from `sigaction(2)`.
pub fn install(over: Over) -> io::Result<()> {
    if is_ours(&current()?) {
        return Ok(());
    }
    static LOCK: Mutex<()> = Mutex::new(());
    let _one_at_a_time = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    let there = current()?;
    if is_ours(&there) || (is_installed() && over == Over::Default && !is_default(&there)) {
        return Ok(());
    }
    // If there is no handler left, the program installs handlers without end: one of its is in place.
    let Some((handler, place)) = handler_over(&there) else {
        return Ok(());
    };
    fault::check("sigaction")?;
    if place.load(Ordering::Acquire).is_null() {
        // Before the handler can run, which reads it.
        place.store(Box::leak(Box::new(there)), Ordering::Release);
    }
    let mut ours = there;
    ours.sa_sigaction = handler as usize;
    ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | (there.sa_flags & libc::SA_RESTART);
    // SAFETY: `ours` names a handler of the form that SA_SIGINFO wants.
    if unsafe { libc::sigaction(libc::SIGBUS, &raw const ours, ptr::null_mut()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// The handler that was put over `there` before, or the first one that was never installed.
fn handler_over(there: &libc::sigaction) -> Option<(Handler, &'static AtomicPtr<libc::sigaction>)> {
    let places = || HANDLERS.iter().copied().zip(&FORMER);
    places()
        .find(|(_, place)| {
            former(place).is_some_and(|former| former.sa_sigaction == there.sa_sigaction)
        })
        .or_else(|| places().find(|(_, place)| former(place).is_none()))
}

fn is_installed() -> bool {
    FORMER.iter().any(|place| former(place).is_some())
}

fn is_ours(there: &libc::sigaction) -> bool {
    HANDLERS
        .iter()
        .any(|handler| *handler as usize == there.sa_sigaction)
}

fn is_default(there: &libc::sigaction) -> bool {
    [libc::SIG_DFL, libc::SIG_IGN].contains(&there.sa_sigaction)
}

fn former(place: &AtomicPtr<libc::sigaction>) -> Option<&'static libc::sigaction> {
    // SAFETY: null, or one that `install` has leaked, which nobody changes.
    unsafe { place.load(Ordering::Acquire).as_ref() }
}

/// What is in place now.
fn current() -> io::Result<libc::sigaction> {
    let mut there = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: asks only, with room for the answer.
    if unsafe { libc::sigaction(libc::SIGBUS, ptr::null(), there.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: all zeros is one, and the call above has filled it.
    Ok(unsafe { there.assume_init() })
}

extern "C" fn on_bus_error<const PLACE: usize>(
    signal: c_int,
    info: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) {
    let errno = errno();
    // SAFETY: SA_SIGINFO gives the handler one.
    let info_here = unsafe { &*info };
    // SAFETY: for SIGBUS, there are bytes of an address, whatever they say.
    let address = Address::of(unsafe { info_here.si_addr() });
    if !(platform::is_of_lost_page(info_here) && truncation::replace_lost(address)) {
        let former = FORMER.get(PLACE).and_then(former);
        pass_on(former, signal, info, context);
    }
    set_errno(errno);
}

/// What the interrupted code may be about to read.
fn errno() -> c_int {
    let errno = platform::errno_location();
    // SAFETY: the thread's own.
    unsafe { *errno }
}

fn set_errno(value: c_int) {
    let errno = platform::errno_location();
    // SAFETY: the thread's own.
    unsafe { *errno = value };
}

/// Does what would have been done without us.
fn pass_on(
    former: Option<&libc::sigaction>,
    signal: c_int,
    info: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) {
    let Some(former) = former else { return };
    // SAFETY: as in `on_bus_error`.
    let was_sent = platform::was_sent(unsafe { &*info });
    match former.sa_sigaction {
        libc::SIG_IGN if was_sent => {}
        libc::SIG_DFL | libc::SIG_IGN => {
            // What raised the signal happens again, and then it ends the process, as the kernel has it
            // even if it is ignored. One that somebody sent is sent again.
            // SAFETY: what was in place before.
            unsafe { libc::sigaction(signal, former, ptr::null_mut()) };
            if was_sent {
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
