//! The SIGBUS handler: installs it, keeps it installed, and passes on signals that are not for us.
//!
//! Others install handlers too, before and after ours. Some of these call the handler that was installed
//! before them, so such a handler may call one of ours that another of ours has just called. That must not
//! become an endless loop. So there are several handlers, each with one former disposition that never
//! changes: a handler is never installed over another that could call it.

use std::ffi::c_int;
use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Mutex, PoisonError};

use super::{platform, truncation};
use crate::sys::{Address, fault};

/// What the handler may be installed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The default behaviour only. A handler that was installed after ours may call ours.
    Default,
    /// Any handler: one that never calls ours was just installed.
    Any,
}

type Handler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut libc::c_void);

/// The number of dispositions that our handlers can be installed over. Most processes have two: the default
/// and the handler of Node.js.
const MOST: usize = 6;

/// The handlers. They differ only in what was installed before.
static HANDLERS: [Handler; MOST] = [
    on_bus_error::<0>,
    on_bus_error::<1>,
    on_bus_error::<2>,
    on_bus_error::<3>,
    on_bus_error::<4>,
    on_bus_error::<5>,
];

/// The disposition before each handler; null if the handler was never installed. These are leaked, since a
/// thread may be running a handler at any time.
static FORMER: [AtomicPtr<libc::sigaction>; MOST] =
    [const { AtomicPtr::new(ptr::null_mut()) }; MOST];

/// Whether the caller reports when the program changes the disposition.
pub static ARE_REPORTED: AtomicBool = AtomicBool::new(false);

/// Installs a handler, unless one of ours is installed. The first call in the process installs it over any
/// other, later calls as `over` allows.
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
    // If there is no handler left, the program keeps installing new ones: the current one is one of these.
    let Some((handler, place)) = handler_over(&there) else {
        return Ok(());
    };
    fault::check("sigaction")?;
    if place.load(Ordering::Acquire).is_null() {
        // This has to be stored before the handler can run, which reads it.
        place.store(Box::leak(Box::new(there)), Ordering::Release);
    }
    let mut ours = there;
    ours.sa_sigaction = handler as usize;
    ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | (there.sa_flags & libc::SA_RESTART);
    // SAFETY: `ours` names a handler of the form that SA_SIGINFO requires.
    if unsafe { libc::sigaction(libc::SIGBUS, &raw const ours, ptr::null_mut()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Returns the handler that was installed over `there` before, or the first that was never installed.
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
    // SAFETY: null, or leaked by `install`, after which nothing changes it.
    unsafe { place.load(Ordering::Acquire).as_ref() }
}

/// Returns the current disposition.
fn current() -> io::Result<libc::sigaction> {
    let mut there = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: the call changes nothing, and `there` has room for the result.
    if unsafe { libc::sigaction(libc::SIGBUS, ptr::null(), there.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: all zeros are a valid value, and the call above has filled it.
    Ok(unsafe { there.assume_init() })
}

extern "C" fn on_bus_error<const PLACE: usize>(
    signal: c_int,
    info: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) {
    let errno = errno();
    // SAFETY: SA_SIGINFO passes a valid pointer to the handler.
    let info_here = unsafe { &*info };
    // SAFETY: for SIGBUS, the bytes of an address are there, whatever their value.
    let address = Address::of(unsafe { info_here.si_addr() });
    if !(platform::is_of_lost_page(info_here) && truncation::replace_lost(address)) {
        let former = FORMER.get(PLACE).and_then(former);
        pass_on(former, signal, info, context);
    }
    set_errno(errno);
}

/// Returns `errno`, which the interrupted code may be about to read.
fn errno() -> c_int {
    let errno = platform::errno_location();
    // SAFETY: this is the `errno` of this thread.
    unsafe { *errno }
}

fn set_errno(value: c_int) {
    let errno = platform::errno_location();
    // SAFETY: this is the `errno` of this thread.
    unsafe { *errno = value };
}

/// Does what would have been done if our handler were not installed.
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
            // The access that raised the signal happens again and ends the process then, which the kernel
            // does even if the signal is ignored. A signal that was sent is sent again.
            // SAFETY: this is the disposition from before.
            unsafe { libc::sigaction(signal, former, ptr::null_mut()) };
            if was_sent {
                // SAFETY: the signal goes to this thread.
                unsafe { libc::raise(signal) };
            }
        }
        handler if former.sa_flags & libc::SA_SIGINFO != 0 => {
            // SAFETY: SA_SIGINFO determines the type of the handler.
            let handler: Handler = unsafe { std::mem::transmute(handler) };
            handler(signal, info, context);
        }
        handler => {
            // SAFETY: without SA_SIGINFO, a handler has this type.
            let handler: extern "C" fn(c_int) = unsafe { std::mem::transmute(handler) };
            handler(signal);
        }
    }
}
