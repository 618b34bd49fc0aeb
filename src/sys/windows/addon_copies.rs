//! Copies of this addon on Windows. Pages are never replaced there, and mappings are not limited, so copies
//! need to share no state.

use crate::sys::addon_copies::FirstCopy;

/// Returns `None`: each copy can work by itself.
pub fn first() -> Option<FirstCopy> {
    None
}
