//! Files that back memories, and snapshot files.

pub mod backing_file;
pub mod snapshot_file;
