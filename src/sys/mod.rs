//! The operating system's calls on address ranges, one file a system. Nothing unsafe leaves this
//! module but [`PageRange::new`].

#![allow(
    unsafe_code,
    reason = "raw system calls on addresses; see the SAFETY lines"
)]

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub use linux::{
    MapsQuery, address_space_left, has_huge_pages, mappings_within, max_map_count, page_states,
    private_pages, resident_bytes,
};

#[cfg(target_os = "linux")]
pub mod file;
#[cfg(target_os = "linux")]
pub mod futex;
#[cfg(target_os = "linux")]
mod watch;
#[cfg(target_os = "linux")]
pub use watch::Watch;

#[cfg(target_os = "linux")]
mod image_file;
#[cfg(target_os = "linux")]
pub use image_file::ImageFile;

#[cfg(not(target_os = "linux"))]
compile_error!("src/sys has no file for this operating system yet");

#[cfg_attr(not(feature = "fault-injection"), path = "no_fault.rs")]
pub mod fault;

#[cfg(test)]
#[cfg_attr(
    feature = "model-checking",
    allow(dead_code, reason = "the kernel knows nothing of modelled pages")
)]
pub mod maps;

#[cfg(not(all(test, feature = "model-checking")))]
mod mapping;
#[cfg(not(all(test, feature = "model-checking")))]
mod page_range;
#[cfg(not(all(test, feature = "model-checking")))]
pub use self::{
    mapping::Mapping,
    page_range::{PageRange, Writes},
};

#[cfg(feature = "model-checking")]
#[cfg(test)]
mod model;
#[cfg(feature = "model-checking")]
#[cfg(test)]
pub use model::{Mapping, PageRange, Writes, arrived_at, is_mapped, touch};
