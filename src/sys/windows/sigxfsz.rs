//! SIGXFSZ, a signal that Windows does not have.

/// Takes the place of the type that blocks the signal on Linux.
#[derive(Debug)]
pub struct SigxfszBlock;

impl SigxfszBlock {
    /// Does nothing.
    pub fn new() -> Self {
        Self
    }
}
