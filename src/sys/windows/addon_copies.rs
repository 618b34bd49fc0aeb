//! Copies of this addon on Windows: pages are never replaced, and mappings are not limited. So copies have
//! nothing in common that both would have to know.

use crate::sys::addon_copies::FirstCopy;

/// Returns `None`: each copy can work by itself.
pub fn first() -> Option<FirstCopy> {
    None
}
