//! Files: those that memories are, and those that hold snapshots.

pub mod backing_file;
pub mod held_lock;
pub mod snapshot_file;
