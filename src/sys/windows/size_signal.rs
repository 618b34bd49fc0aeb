//! SIGXFSZ, which this system does not have.

/// Stands for what holds it back on Linux.
#[derive(Debug)]
pub struct SizeSignal;

impl SizeSignal {
    /// Does nothing.
    pub fn hold() -> Self {
        Self
    }
}
