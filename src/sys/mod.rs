//! System calls: the only module that asks the operating system for address space, pages and files.
//!
//! There is one folder per system, with the same names in each; `unix` has what Linux and macOS share.
//! Nothing unsafe leaves this module except [`PageRange::new`] and [`process_symbols::symbol`].
//!
//! If a system lacks an operation, its version returns an error of the kind `Unsupported`. [`MAPS_FILES`],
//! [`has_huge_pages`], [`reports_page_states`] and [`futex::is_available`] report that beforehand, and
//! docs/platforms.md lists what each system lacks.

#![allow(
    unsafe_code,
    reason = "raw system calls on addresses; see the SAFETY lines"
)]

#[cfg_attr(target_os = "linux", path = "linux/mod.rs")]
#[cfg_attr(target_os = "macos", path = "macos/mod.rs")]
#[cfg_attr(windows, path = "windows/mod.rs")]
mod system;
pub use system::{
    HAS_ERRNO, ImageBytes, ImageFile, MAPS_FILES, SigxfszBlock, TruncationGuard,
    address_space_left, at_exit, file, has_huge_pages, mappings_within, max_map_count,
    private_pages, reports_page_states, resident_bytes, spans_mappings, visit_page_states,
};

#[cfg(unix)]
mod unix;
#[cfg(not(target_os = "linux"))]
mod unsupported;

pub mod addon_copies;
mod address;
#[cfg_attr(not(feature = "fault-injection"), path = "fault_disabled.rs")]
pub mod fault;
mod file_offset;
pub mod futex;
mod host_bytes;
mod mapping_info;
mod page_range;
mod page_size;
pub mod process_symbols;
#[cfg(test)]
#[cfg_attr(
    feature = "model-checking",
    allow(dead_code, reason = "the kernel knows nothing of modelled pages")
)]
#[path = "linux/testing.rs"]
pub mod testing;

pub use address::{Address, Addresses};
pub use file_offset::file_offset;
pub use host_bytes::HostBytes;
pub use page_range::{PageRange, Writes};
pub use page_size::page_size;

#[cfg(not(all(test, feature = "model-checking")))]
mod page_bytes;
#[cfg(not(all(test, feature = "model-checking")))]
pub use system::Mapping;

#[cfg(feature = "model-checking")]
#[cfg(test)]
mod model;
#[cfg(feature = "model-checking")]
#[cfg(test)]
pub use model::{Mapping, arrived_at, is_mapped, touch};
