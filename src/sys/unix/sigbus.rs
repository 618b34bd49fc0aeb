//! The SIGBUS handler: installs it, keeps it installed, and passes on signals that are not for us.
//!
//! Other code installs handlers too, before and after ours, and some of them call the handler that was installed
//! before them. Such calls must not form an endless loop. So there are several handlers, each with one former
//! disposition that never changes, and none is ever installed over a handler that could call it.

use std::ffi::c_int;
use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Mutex, PoisonError};

use super::{platform, truncation};
use crate::sys::{Address, fault};

/// Which dispositions a handler may be installed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The default behaviour only. A handler that was installed after ours may call ours.
    Default,
    /// Any handler: one that never calls ours was just installed.
    Any,
}

type Handler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut libc::c_void);

/// The number of handlers, and so of dispositions that they can be installed over. Most processes have two: the
/// default and the handler of Node.js.
const HANDLER_COUNT: usize = 6;

/// The handlers. They differ only in what was installed before.
static HANDLERS: [Handler; HANDLER_COUNT] = [
    on_bus_error::<0>,
    on_bus_error::<1>,
    on_bus_error::<2>,
    on_bus_error::<3>,
    on_bus_error::<4>,
    on_bus_error::<5>,
];

/// The disposition before each handler; null if the handler was never installed. These are leaked, since a
/// thread may be running a handler at any time.
static FORMER: [AtomicPtr<libc::sigaction>; HANDLER_COUNT] =
    [const { AtomicPtr::new(ptr::null_mut()) }; HANDLER_COUNT];

/// Whether [`truncation::TruncationGuard::rearm`] is called after each change that the program makes to the
/// disposition.
pub static CHANGES_ARE_REPORTED: AtomicBool = AtomicBool::new(false);

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
    let disposition = current()?;
    if is_ours(&disposition)
        || (is_installed() && over == Over::Default && !is_default(&disposition))
    {
        return Ok(());
    }
    // If no handler is left, the program keeps installing new ones, and its current one stays.
    let Some((handler, place)) = handler_over(&disposition) else {
        return Ok(());
    };
    fault::check("sigaction")?;
    if place.load(Ordering::Acquire).is_null() {
        // Stored before the handler is installed, since the handler reads it.
        place.store(Box::leak(Box::new(disposition)), Ordering::Release);
    }
    let mut ours = disposition;
    ours.sa_sigaction = handler as usize;
    ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | (disposition.sa_flags & libc::SA_RESTART);
    // SAFETY: `ours` names one of `HANDLERS`, which have the type that SA_SIGINFO requires.
    if unsafe { libc::sigaction(libc::SIGBUS, &raw const ours, ptr::null_mut()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Returns the handler that was installed over `disposition` before, or the first that was never installed.
fn handler_over(
    disposition: &libc::sigaction,
) -> Option<(Handler, &'static AtomicPtr<libc::sigaction>)> {
    let places = || HANDLERS.iter().copied().zip(&FORMER);
    places()
        .find(|(_, place)| {
            former(place).is_some_and(|former| former.sa_sigaction == disposition.sa_sigaction)
        })
        .or_else(|| places().find(|(_, place)| former(place).is_none()))
}

fn is_installed() -> bool {
    FORMER.iter().any(|place| former(place).is_some())
}

fn is_ours(disposition: &libc::sigaction) -> bool {
    HANDLERS
        .iter()
        .any(|handler| *handler as usize == disposition.sa_sigaction)
}

fn is_default(disposition: &libc::sigaction) -> bool {
    [libc::SIG_DFL, libc::SIG_IGN].contains(&disposition.sa_sigaction)
}

fn former(place: &AtomicPtr<libc::sigaction>) -> Option<&'static libc::sigaction> {
    // SAFETY: the pointer is null, or `install` has leaked what it points to, which nothing changes.
    unsafe { place.load(Ordering::Acquire).as_ref() }
}

/// Returns the current disposition.
fn current() -> io::Result<libc::sigaction> {
    let mut disposition = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: the call changes nothing, and `disposition` has room for the result.
    if unsafe { libc::sigaction(libc::SIGBUS, ptr::null(), disposition.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: all zeros are a valid value, and the call above has filled it.
    Ok(unsafe { disposition.assume_init() })
}

extern "C" fn on_bus_error<const PLACE: usize>(
    signal: c_int,
    info: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) {
    let errno = errno();
    // SAFETY: SA_SIGINFO passes a valid pointer to the handler.
    let info_here = unsafe { &*info };
    // SAFETY: this reads the field of the address, whose bytes every `siginfo_t` has, whatever their value.
    let address = Address::of(unsafe { info_here.si_addr() });
    if !(platform::reports_lost_page(info_here) && truncation::replace_lost(address)) {
        let former = FORMER.get(PLACE).and_then(former);
        call_former(former, signal, info, context);
    }
    set_errno(errno);
}

/// Returns `errno`, which the interrupted code may be about to read.
fn errno() -> c_int {
    let errno = platform::errno_location();
    // SAFETY: `errno_location` returns a valid pointer to the `errno` of this thread.
    unsafe { *errno }
}

fn set_errno(value: c_int) {
    let errno = platform::errno_location();
    // SAFETY: `errno_location` returns a valid pointer to the `errno` of this thread.
    unsafe { *errno = value };
}

/// Does what the former disposition would have done.
fn call_former(
    former: Option<&libc::sigaction>,
    signal: c_int,
    info: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) {
    let Some(former) = former else { return };
    // SAFETY: this is the valid pointer that SA_SIGINFO has passed to `on_bus_error`.
    let was_sent = platform::was_sent(unsafe { &*info });
    match former.sa_sigaction {
        libc::SIG_IGN if was_sent => {}
        libc::SIG_DFL | libc::SIG_IGN => {
            // The access that raised the signal happens again and ends the process then, which the kernel
            // does even if the signal is ignored. A signal that was sent is sent again.
            // SAFETY: `former` is a disposition that `sigaction` returned to `install`.
            unsafe { libc::sigaction(signal, former, ptr::null_mut()) };
            if was_sent {
                // SAFETY: the call accesses no memory. It sends the signal to this thread.
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
