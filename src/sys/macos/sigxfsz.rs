//! SIGXFSZ, which the system sends where a file would become longer than the process may make it. It
//! goes to the process, not to a thread, so no thread can hold it back. Node.js ignores it.

/// Stands for what holds it back on Linux.
#[derive(Debug)]
pub struct SigxfszBlock;

impl SigxfszBlock {
    /// Does nothing.
    pub fn new() -> Self {
        Self
    }
}
