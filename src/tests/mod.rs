//! Tests of several layers together. What one module does is tested in that module.

#[cfg(feature = "fault-injection")]
mod faults;
#[cfg(feature = "model-checking")]
mod growth_model;
mod snapshot_fuzz;
