//! Files: those that memories are, and snapshots as files.

pub mod backing_file;
pub mod snapshot_file;
