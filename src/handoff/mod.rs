//! Pages to engine buffers. Every buffer issued here holds its memory until the engine, and whoever
//! else has its backing store, lets go of it.

#![allow(unsafe_code, reason = "raw Node-API calls; see the SAFETY lines")]

mod holds;
pub mod node_api;
