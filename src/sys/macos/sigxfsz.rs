//! SIGXFSZ, which the system sends if a file would become longer than `RLIMIT_FSIZE` allows. It sends the
//! signal to the process, not to a thread, so no thread can block it. Node.js ignores it.

/// Takes the place of the type that blocks the signal on Linux.
#[derive(Debug)]
pub struct SigxfszBlock;

impl SigxfszBlock {
    /// Does nothing.
    pub fn new() -> Self {
        Self
    }
}
