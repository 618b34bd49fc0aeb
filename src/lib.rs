//! What the addon exports: thin functions on a memory's number. The class is JavaScript's
//! (`index.js`); it converts arguments, and rethrows these errors as the caller's realm has them.

mod backing_file;
mod copies;
mod error;
pub mod exports;
#[cfg(feature = "fault-injection")]
pub mod fault_exports;
#[cfg(feature = "fault-injection")]
#[cfg(test)]
mod fault_tests;
pub mod file_exports;
#[cfg(feature = "model-checking")]
#[cfg(test)]
mod growth_model;
mod handoff;
mod held_lock;
mod image;
mod linear_memory;
mod mapping_room;
mod overlay;
pub mod page_exports;
mod pages;
mod range;
mod registry;
mod reservation;
mod snapshot_file;
#[cfg(test)]
mod snapshot_fuzz;
mod spare;
mod sync;
mod sys;
mod tail;
mod units;
mod waits;
