//! Windows: pages are never put in place of others, and mappings are not limited. So copies of this addon
//! have nothing that both would have to know.

use crate::sys::addon_copies::FirstCopy;

/// The copy that was loaded first, unless this one serves as well.
pub fn first() -> Option<FirstCopy> {
    None
}
