//! Tests of several layers at once.

#[cfg(feature = "fault-injection")]
mod faults;
#[cfg(feature = "model-checking")]
mod growth_model;
mod snapshot_fuzz;
