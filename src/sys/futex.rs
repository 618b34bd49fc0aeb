//! Waits for a word of memory to change, and wakes such waits (`futex(2)`). If the system can map files,
//! this also works between processes that map the same page of a file.

pub use super::system::futex::{is_available, wait, wake};

/// The reason why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitOutcome {
    /// A call of [`wake`] ended it.
    Woken,
    /// The word had another value than expected.
    NotEqual,
    /// The timeout passed, or a signal interrupted the wait.
    TimedOut,
}
