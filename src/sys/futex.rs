//! Waiting for a word of memory to change, and waking who waits: also between processes, which map the
//! same page of a file, where the system can map files.

pub use super::system::futex::{is_available, wait, wake};

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitOutcome {
    /// Somebody woke it.
    Woken,
    /// The word was another.
    NotEqual,
    /// Nobody did, for as long as it was to wait.
    TimedOut,
}
