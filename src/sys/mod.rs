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
    MapsQuery, address_space_left, duplicate, has_huge_pages, mappings_within, max_map_count,
    page_states, private_pages, resident_bytes,
};

#[cfg(target_os = "linux")]
mod image_file;
#[cfg(target_os = "linux")]
pub use image_file::ImageFile;

#[cfg(not(target_os = "linux"))]
compile_error!("src/sys has no file for this operating system yet");

#[cfg_attr(not(feature = "fault-injection"), path = "no_fault.rs")]
pub mod fault;

#[cfg(test)]
pub mod maps;

mod mapping;
pub use mapping::Mapping;

mod page_range;
pub use page_range::PageRange;
