//! What the addon exports to `lib/`, and what that stands on. An arrow only ever points down:
//!
//! ```text
//! exports                    thin functions, which convert numbers and errors
//! handoff                    pages to engine buffers
//! handles                    number -> live memory, image or file
//! memory     files           address ranges of ours; files that are memories
//! pages                      what can be done to anybody's pages
//! waits  mapping_budget  units  error  sync
//! sys                        the operating system's calls
//! ```

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
