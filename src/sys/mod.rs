//! The operating system's calls on address ranges, one file a system. Nothing unsafe leaves this
//! module but [`Place::of_engine`].

#![allow(
    unsafe_code,
    reason = "raw system calls on addresses; see the SAFETY lines"
)]

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub use linux::{address_space_left, has_huge_pages, max_map_count};

#[cfg(not(target_os = "linux"))]
compile_error!("src/sys has no file for this operating system yet");

#[cfg_attr(not(feature = "fault-injection"), path = "no_fault.rs")]
pub mod fault;

#[cfg(test)]
pub mod maps;

mod mapping;
pub use mapping::{Mapping, Moved, Place};
