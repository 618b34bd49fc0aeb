//! The functions of V8 that the hand-off calls, found by their mangled names in the running process.

use std::ffi::{CStr, c_char, c_void};
use std::mem::MaybeUninit;

use crate::sys::process_symbols;

/// The versions of V8 that the test matrix covers: those of Node.js 20, 22, 24 and 26.
const TESTED: [(u32, u32); 4] = [(11, 3), (12, 4), (13, 6), (14, 6)];

/// The first version on which a detach key makes `transfer()` throw. Older versions abort the process.
const FIRST_WITH_DETACH_KEYS: u32 = 13;

/// The mangled name of `v8::Isolate::GetCurrent()`.
#[cfg(not(windows))]
pub const GET_CURRENT: &CStr = c"_ZN2v87Isolate10GetCurrentEv";
#[cfg(windows)]
pub const GET_CURRENT: &CStr = c"?GetCurrent@Isolate@v8@@SAPEAV12@XZ";

/// A `v8::Isolate*`.
pub type Isolate = *mut c_void;
/// A `v8::BackingStore*`.
pub type BackingStore = *mut c_void;
/// A `v8::Local`: a pointer to a handle, as a `napi_value` is.
pub type Local = *mut c_void;

/// A `v8::BackingStore::DeleterCallback`.
pub type Deleter =
    unsafe extern "C" fn(data: *mut c_void, length: usize, deleter_data: *mut c_void);

/// A `std::unique_ptr`, as a function returns it: in memory, since it is not trivial. Declared larger
/// than it is, so that Rust expects it there too.
#[repr(C)]
pub struct UniquePtr {
    pub object: BackingStore,
    unused: MaybeUninit<[usize; 2]>,
}

/// A `std::shared_ptr` that the engine made, as a function returns it: in memory, as [`UniquePtr`].
#[repr(C)]
pub struct ForeignSharedPtr {
    object: BackingStore,
    control: *mut c_void,
    unused: MaybeUninit<usize>,
}

/// A `v8::Maybe<bool>`.
#[repr(C)]
pub struct MaybeBool {
    pub has_value: bool,
    pub value: bool,
}

/// The functions themselves. Names and types are those of V8's headers.
#[derive(Clone, Copy, Debug)]
pub struct Functions {
    pub new_backing_store:
        unsafe extern "C" fn(*mut c_void, usize, Deleter, *mut c_void) -> UniquePtr,
    pub empty_deleter: Deleter,
    pub end_backing_store: unsafe extern "C" fn(BackingStore),
    pub operator_delete: unsafe extern "C" fn(*mut c_void),
    /// Takes a `std::shared_ptr<v8::BackingStore>*`, which it moves from.
    pub new_array_buffer: unsafe extern "C" fn(Isolate, *mut c_void) -> Local,
    pub get_backing_store: unsafe extern "C" fn(Local) -> ForeignSharedPtr,
    pub is_detachable: unsafe extern "C" fn(Local) -> bool,
    pub detach: unsafe extern "C" fn(Local, Local) -> MaybeBool,
    pub set_detach_key: Option<unsafe extern "C" fn(Local, Local)>,
    pub current_isolate: unsafe extern "C" fn() -> Isolate,
}

impl Functions {
    /// Returns the functions of the running engine, if it is Node.js with a tested version of V8.
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
}

/// Returns the version of V8, if the process is Node.js.
fn version() -> Option<(u32, u32)> {
    // SAFETY: `static const char* v8::V8::GetVersion()`, since V8 3.
    let get: unsafe extern "C" fn() -> *const c_char =
        unsafe { process_symbols::symbol(c"_ZN2v82V810GetVersionEv") }?;
    // SAFETY: it takes nothing.
    let text = unsafe { get() };
    // SAFETY: a C string that V8 never frees.
    parse_version(unsafe { CStr::from_ptr(text) }.to_str().ok()?)
}

/// Returns the major and the minor number of a version such as "11.3.244.8-node.38".
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
    fn only_versions_of_nodejs_are_parsed() {
        assert_eq!(parse_version("11.3.244.8-node.38"), Some((11, 3)));
        assert_eq!(parse_version("14.6.202.34-node.34"), Some((14, 6)));
        assert_eq!(parse_version("13.6.233.17-electron.0"), None);
        assert_eq!(parse_version("13.6.233.17"), None);
        assert_eq!(parse_version("x.y-node.1"), None);
    }
}
