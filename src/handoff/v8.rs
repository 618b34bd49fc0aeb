//! The V8 hand-off: what Node-API cannot do, by the functions of V8 that the running engine exports.
//!
//! A backing store made with V8's empty deleter is not charged to the collector, so that growing a
//! memory starts no collection. The `std::shared_ptr` around it is ours: the collector itself
//! releases it, inside a synchronous loop too, and it lives as long as anyone holds the store.
//!
//! Nothing here is declared by a header that the build sees. So it is used only on versions of V8
//! that the whole suite was run on, in Node.js, where every name is found, and after a test. On macOS
//! and Windows, whose C++ libraries are others, one of the names is mangled otherwise: they have
//! Node-API's.

use std::ffi::{CStr, c_char, c_void};
use std::mem::MaybeUninit;
use std::ptr;

use napi::{Env, JsValue, Status, Unknown, sys};

use super::external_memory::Entry;
use super::finalize_hints::Held;
use super::shared_ptr::{Shared, SharedPtr};
use crate::handles;
use crate::memory::address_range::PageSize;
use crate::memory::{Extent, LinearMemory, Sharing};
use crate::sys::HostBytes;
use crate::sys::process_symbols;
use crate::units::Pages;

/// The versions of V8 that the test matrix covers: those of Node.js 20, 22, 24 and 26.
const TESTED: [(u32, u32); 4] = [(11, 3), (12, 4), (13, 6), (14, 6)];

/// Where a detach key makes `transfer()` throw. Older versions abort the process instead.
const FIRST_WITH_DETACH_KEYS: u32 = 13;

/// What our buffers' detach key is: a number that nothing in JavaScript can pass.
const DETACH_KEY: i32 = 0x5747;

/// `v8::Isolate*`, `v8::BackingStore*`, and what a `v8::Local` is: a pointer to a handle, as
/// `napi_value` is one.
type Isolate = *mut c_void;
type BackingStore = *mut c_void;
type Local = *mut c_void;

type Deleter = unsafe extern "C" fn(data: *mut c_void, length: usize, deleter_data: *mut c_void);

/// `std::unique_ptr`, as a function returns it: in memory, since it is not trivial. Declared larger
/// than it is, so that Rust expects it there too.
#[repr(C)]
struct UniquePtr {
    object: BackingStore,
    unused: MaybeUninit<[usize; 2]>,
}

/// A `std::shared_ptr` of the engine's own making, as a function returns it: as [`UniquePtr`].
#[repr(C)]
struct ForeignSharedPtr {
    object: BackingStore,
    control: *mut c_void,
    unused: MaybeUninit<usize>,
}

/// `v8::Maybe<bool>`.
#[repr(C)]
struct MaybeBool {
    has_value: bool,
    value: bool,
}

/// The functions themselves.
#[derive(Clone, Copy, Debug)]
pub struct Buffers {
    new_backing_store: unsafe extern "C" fn(*mut c_void, usize, Deleter, *mut c_void) -> UniquePtr,
    empty_deleter: Deleter,
    end_backing_store: unsafe extern "C" fn(BackingStore),
    operator_delete: unsafe extern "C" fn(*mut c_void),
    new_array_buffer: unsafe extern "C" fn(Isolate, *mut SharedPtr<StoreOwner>) -> Local,
    get_backing_store: unsafe extern "C" fn(Local) -> ForeignSharedPtr,
    is_detachable: unsafe extern "C" fn(Local) -> bool,
    detach: unsafe extern "C" fn(Local, Local) -> MaybeBool,
    set_detach_key: Option<unsafe extern "C" fn(Local, Local)>,
    current_isolate: unsafe extern "C" fn() -> Isolate,
}

impl Buffers {
    /// The functions of the running engine, if it is Node.js with a version of V8 that was tested.
    pub fn find() -> Option<Self> {
        let (major, minor) = version()?;
        if !TESTED.contains(&(major, minor)) {
            return None;
        }
        macro_rules! function {
            ($name:expr) => {
                // SAFETY: the name is mangled with the very parameters that the field's type has;
                // the versions listed above declare its result and its calling convention.
                unsafe { process_symbols::symbol($name) }?
            };
        }
        Some(Self {
            new_backing_store: function!(c"_ZN2v811ArrayBuffer15NewBackingStoreEPvmPFvS1_mS1_ES1_"),
            empty_deleter: function!(c"_ZN2v812BackingStore12EmptyDeleterEPvmS1_"),
            end_backing_store: function!(c"_ZN2v812BackingStoreD1Ev"),
            operator_delete: function!(c"_ZdlPv"),
            new_array_buffer: function!(
                c"_ZN2v811ArrayBuffer3NewEPNS_7IsolateESt10shared_ptrINS_12BackingStoreEE"
            ),
            get_backing_store: function!(c"_ZN2v811ArrayBuffer15GetBackingStoreEv"),
            is_detachable: function!(c"_ZNK2v811ArrayBuffer12IsDetachableEv"),
            detach: function!(c"_ZN2v811ArrayBuffer6DetachENS_5LocalINS_5ValueEEE"),
            set_detach_key: if major < FIRST_WITH_DETACH_KEYS {
                None
            } else {
                function!(c"_ZN2v811ArrayBuffer12SetDetachKeyENS_5LocalINS_5ValueEEE")
            },
            current_isolate: function!(GET_CURRENT),
        })
    }

    /// Whether a buffer made and detached with them comes and goes as it should.
    pub fn work(self, env: &Env) -> bool {
        self.test(env).unwrap_or(false)
    }

    fn test(self, env: &Env) -> Option<bool> {
        let page = Pages::new(1)?;
        let memory = LinearMemory::new(page, Some(page), Sharing::Unshared, PageSize::Base).ok()?;
        let memory = handles::register(memory);
        let id = memory.handle();
        let extent = memory.extent().ok()?;
        let buffer = self.issue(env, memory, extent, extent.length).ok()?;
        let covers = bytes_of(env, &buffer)? == (extent.base.as_ptr(), extent.length.get());
        let held = handles::find::<LinearMemory>(id).is_some();
        self.detach(env, &buffer).ok()?;
        let detached = bytes_of(env, &buffer)?.1 == 0;
        Some(covers && held && detached && handles::find::<LinearMemory>(id).is_none())
    }

    /// Whether nobody but us can detach them.
    pub fn have_detach_keys(self) -> bool {
        self.set_detach_key.is_some()
    }

    /// An ArrayBuffer over `extent`, which `held` keeps mapped, and which its backing store holds. To
    /// the collector it weighs `weight`.
    pub fn issue<'env>(
        self,
        env: &'env Env,
        held: Held,
        extent: Extent,
        weight: HostBytes,
    ) -> napi::Result<Unknown<'env>> {
        let key = self.key(env)?;
        // SAFETY: `extent` is mapped as long as the store's owner, below, has `held`; the empty
        // deleter does nothing with it. V8 checks that a length is at most 2^53 - 1 (`Pages::LIMIT`
        // is far below), and never returns null.
        let store = unsafe {
            (self.new_backing_store)(
                extent.base.as_ptr().cast(),
                extent.length.get(),
                self.empty_deleter,
                ptr::null_mut(),
            )
        };
        let owner = StoreOwner {
            store: store.object,
            buffers: self,
            hold: Some((held, Entry::new(weight))),
        };
        let mut shared = SharedPtr::new(store.object, owner);
        // SAFETY: called in JavaScript's thread, as every function of an addon: never null.
        let isolate = unsafe { (self.current_isolate)() };
        // SAFETY: V8 checks that the store has an address or no length (`Extent` has an address), and
        // is not a shared one. It moves from `shared`, which then is null: dropping that is right.
        let buffer = unsafe { (self.new_array_buffer)(isolate, &raw mut shared) };
        drop(shared);
        self.put_key(buffer, key);
        // SAFETY: a `Local` is what a `napi_value` is, of the current call's scope.
        Ok(unsafe { Unknown::from_raw_unchecked(env.raw(), buffer.cast()) })
    }

    /// Refuses a buffer that V8 would not detach: one that was linked as an asm.js heap.
    pub fn check_detachable(self, env: &Env, buffer: &Unknown) -> napi::Result<()> {
        let handle = checked_buffer(env, buffer)?;
        // SAFETY: `handle` is of the current scope, and an ArrayBuffer, detached or not.
        let is_detachable = unsafe { (self.is_detachable)(handle) };
        if is_detachable { Ok(()) } else { refusal() }
    }

    /// Detaches an ArrayBuffer that [`Buffers::issue`] made.
    pub fn detach(self, env: &Env, buffer: &Unknown) -> napi::Result<()> {
        self.check_detachable(env, buffer)?;
        let key = self.key(env)?;
        let buffer = checked_buffer(env, buffer)?;
        // SAFETY: both are handles of the current scope. `buffer` is an ArrayBuffer that
        // `check_detachable` has accepted: V8 ends the process for others. A wrong key, or a thread
        // that is being terminated, is a result without a value.
        let detached = unsafe { (self.detach)(buffer, key) };
        if detached.has_value && detached.value {
            Ok(())
        } else {
            refusal()
        }
    }

    /// Gives an ArrayBuffer of the engine's our detach key, if there are any.
    pub fn set_detach_key(self, env: &Env, buffer: &Unknown) -> napi::Result<()> {
        let key = self.key(env)?;
        self.put_key(checked_buffer(env, buffer)?, key);
        Ok(())
    }

    fn put_key(self, buffer: Local, key: Local) {
        if let Some(set_detach_key) = self.set_detach_key {
            // SAFETY: both are handles of the current scope, and `buffer` is an ArrayBuffer. V8 takes
            // any value as a key, any number of times.
            unsafe { set_detach_key(buffer, key) };
        }
    }

    /// Detaches an ArrayBuffer of the engine's, and returns another one with its backing store.
    pub fn transfer<'env>(
        self,
        env: &'env Env,
        buffer: &Unknown<'env>,
    ) -> napi::Result<Unknown<'env>> {
        self.check_detachable(env, buffer)?;
        let handle = checked_buffer(env, buffer)?;
        // SAFETY: `handle` is of the current scope, and an ArrayBuffer. V8 never returns a null store.
        let mut store = unsafe { (self.get_backing_store)(handle) };
        // SAFETY: called in JavaScript's thread, as every function of an addon: never null.
        let isolate = unsafe { (self.current_isolate)() };
        let pointer: *mut ForeignSharedPtr = &raw mut store;
        // SAFETY: a `shared_ptr` of any making has the layout of ours in its first two words. V8 moves
        // from it, so that nothing is left in `store` to be dropped. The store is an ArrayBuffer's: it
        // is not a shared one, and its length is one that V8 allows.
        let other = unsafe { (self.new_array_buffer)(isolate, pointer.cast()) };
        self.detach(env, buffer)?;
        // SAFETY: a `Local` is what a `napi_value` is, of the current call's scope.
        Ok(unsafe { Unknown::from_raw_unchecked(env.raw(), other.cast()) })
    }

    /// Our detach key as a handle; the empty handle where buffers have none.
    fn key(self, env: &Env) -> napi::Result<Local> {
        if !self.have_detach_keys() {
            return Ok(ptr::null_mut());
        }
        let mut key = ptr::null_mut();
        // SAFETY: `env` is the current call's.
        let status = unsafe { sys::napi_create_int32(env.raw(), DETACH_KEY, &raw mut key) };
        match status {
            sys::Status::napi_ok => Ok(key.cast()),
            _ => Err(napi::Error::new(
                status.into(),
                "no detach key could be made",
            )),
        }
    }
}

/// The error for a buffer that the engine does not detach.
fn refusal() -> napi::Result<()> {
    Err(napi::Error::new(
        Status::DetachableArraybufferExpected,
        "the engine does not detach this buffer",
    ))
}

/// The handle of what is an ArrayBuffer.
fn checked_buffer(env: &Env, buffer: &Unknown) -> napi::Result<Local> {
    let mut is_buffer = false;
    // SAFETY: `buffer` is of the current call.
    let status = unsafe { sys::napi_is_arraybuffer(env.raw(), buffer.raw(), &raw mut is_buffer) };
    if status == sys::Status::napi_ok && is_buffer {
        Ok(buffer.raw().cast())
    } else {
        Err(napi::Error::new(
            Status::ArrayBufferExpected,
            "not a buffer",
        ))
    }
}

/// What the engine says that an ArrayBuffer covers.
fn bytes_of(env: &Env, buffer: &Unknown) -> Option<(*mut u8, usize)> {
    let mut data = ptr::null_mut();
    let mut length = 0;
    // SAFETY: `buffer` is of the current call.
    let status = unsafe {
        sys::napi_get_arraybuffer_info(env.raw(), buffer.raw(), &raw mut data, &raw mut length)
    };
    (status == sys::Status::napi_ok).then_some((data.cast(), length))
}

/// A backing store, and what it stands on.
struct StoreOwner {
    store: BackingStore,
    buffers: Buffers,
    hold: Option<(Held, Entry)>,
}

// SAFETY: a backing store may be ended on any thread; the rest is `Send`.
unsafe impl Send for StoreOwner {}

impl Shared for StoreOwner {
    fn dispose(&mut self) {
        // As `delete` does with a `v8::BackingStore`.
        // SAFETY: made by `new_backing_store`, and nobody has it any more. Its deleter does nothing, and
        // V8 lets any thread call it.
        unsafe { (self.buffers.end_backing_store)(self.store) };
        // SAFETY: likewise; V8 allocates it with `new`.
        unsafe { (self.buffers.operator_delete)(self.store) };
        self.hold = None;
    }
}

/// As the engine's compiler mangles them: on Windows, in Microsoft's way.
#[cfg(not(windows))]
const LOW_MEMORY_NOTIFICATION: &CStr = c"_ZN2v87Isolate21LowMemoryNotificationEv";
#[cfg(not(windows))]
const GET_CURRENT: &CStr = c"_ZN2v87Isolate10GetCurrentEv";
#[cfg(windows)]
const LOW_MEMORY_NOTIFICATION: &CStr = c"?LowMemoryNotification@Isolate@v8@@QEAAXXZ";
#[cfg(windows)]
const GET_CURRENT: &CStr = c"?GetCurrent@Isolate@v8@@SAPEAV12@XZ";

/// Asks V8, wherever it is that, for a collection of all that can be collected.
pub fn collect_garbage() {
    type Notify = unsafe extern "C" fn(Isolate);
    type Current = unsafe extern "C" fn() -> Isolate;
    // SAFETY: `void v8::Isolate::LowMemoryNotification()`, since V8 3.
    let notify: Option<Notify> = unsafe { process_symbols::symbol(LOW_MEMORY_NOTIFICATION) };
    // SAFETY: `static v8::Isolate* v8::Isolate::GetCurrent()`, likewise.
    let current: Option<Current> = unsafe { process_symbols::symbol(GET_CURRENT) };
    let (Some(notify), Some(current)) = (notify, current) else {
        return;
    };
    // SAFETY: it takes nothing; on a thread without JavaScript it returns null.
    let isolate = unsafe { current() };
    if !isolate.is_null() {
        // SAFETY: the isolate that this thread runs. It is not collecting: the addon's finalizers never
        // come here.
        unsafe { notify(isolate) };
    }
}

/// The version of V8, if the process is Node.js.
fn version() -> Option<(u32, u32)> {
    // SAFETY: `static const char* v8::V8::GetVersion()`, since V8 3.
    let get: unsafe extern "C" fn() -> *const c_char =
        unsafe { process_symbols::symbol(c"_ZN2v82V810GetVersionEv") }?;
    // SAFETY: it takes nothing.
    let text = unsafe { get() };
    // SAFETY: a C string that V8 never frees.
    parse_version(unsafe { CStr::from_ptr(text) }.to_str().ok()?)
}

/// "11.3.244.8-node.38": major and minor.
fn parse_version(text: &str) -> Option<(u32, u32)> {
    let (numbers, embedder) = text.split_once('-')?;
    let mut numbers = numbers.split('.').map(str::parse);
    let version = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    embedder.starts_with("node.").then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_versions_of_node_count() {
        assert_eq!(parse_version("11.3.244.8-node.38"), Some((11, 3)));
        assert_eq!(parse_version("14.6.202.34-node.34"), Some((14, 6)));
        assert_eq!(parse_version("13.6.233.17-electron.0"), None);
        assert_eq!(parse_version("13.6.233.17"), None);
        assert_eq!(parse_version("x.y-node.1"), None);
    }
}
