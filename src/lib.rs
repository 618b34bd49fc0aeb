//! What the addon exports: thin functions on a memory's number. The class is JavaScript's
//! (`index.js`); it converts arguments, and rethrows these errors as the caller's realm has them.

mod error;
pub mod exports;
#[cfg(feature = "fault-injection")]
pub mod fault_exports;
#[cfg(feature = "fault-injection")]
#[cfg(test)]
mod fault_tests;
#[cfg(feature = "model-checking")]
#[cfg(test)]
mod growth_model;
mod handoff;
mod linear_memory;
mod range;
mod registry;
mod reservation;
mod spare;
mod sync;
mod sys;
mod units;
