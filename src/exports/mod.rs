//! The functions that `lib/` calls, by what they are about.

#[cfg(feature = "fault-injection")]
pub mod faults;
pub mod files;
pub mod memory;
pub mod pages;
