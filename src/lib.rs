//! The native addon that `lib/` uses. Its modules are layers, and each uses only those below it:
//!
//! ```text
//! exports                    thin functions for JavaScript, which convert numbers and errors
//! handoff                    makes engine buffers over pages
//! handles                    finds memories, images and files by the handles that JavaScript has
//! files                      files that back memories, and snapshot files
//! memory                     reserved memories: how they grow and move
//! pages                      operations on pages in place, whether reserved pages or engine memory
//! waits  mapping_budget  units  error  sync
//! sys                        system calls; no other module accesses pages by address
//! ```
//!
//! `docs/architecture.md` has the reasons.

mod error;
pub mod exports;
mod files;
mod handles;
mod handoff;
mod mapping_budget;
mod memory;
mod pages;
mod sync;
mod sys;
#[cfg(test)]
mod tests;
mod units;
mod waits;
