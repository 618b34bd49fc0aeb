//! SIGXFSZ, which this system does not have.

/// Stands for what holds it back on Linux.
#[derive(Debug)]
pub struct SigxfszBlock;

impl SigxfszBlock {
    /// Does nothing.
    pub fn new() -> Self {
        Self
    }
}
