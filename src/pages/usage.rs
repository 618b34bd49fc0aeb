//! What pages take: memory, and address space.

use crate::error::MemoryError;
use crate::sys::{self, Addresses, PageRange};

/// How many bytes of the pages take memory.
///
/// # Errors
///
/// Where the system does not say.
pub fn resident(pages: &PageRange) -> Result<usize, MemoryError> {
    sys::resident_bytes(pages.addresses()).map_err(|source| MemoryError::PagesUnknown { source })
}

/// How many bytes of address space are kept from the first page on, as far as the kernel tells: the
/// pages, and the inaccessible mapping behind them.
///
/// # Errors
///
/// Where the system does not say.
pub fn reserved_around(pages: &PageRange) -> Result<usize, MemoryError> {
    let own = pages.addresses();
    // A mapping that only begins behind the pages is among these, too.
    let with_next = Addresses::new(own.start(), own.len().saturating_add(1));
    let mapped =
        sys::mappings_within(with_next).map_err(|source| MemoryError::PagesUnknown { source })?;
    let behind = mapped
        .last()
        .filter(|behind| !behind.is_accessible && behind.addresses.start() <= own.end());
    let end = behind.map_or(own.end(), |behind| behind.addresses.end());
    Ok(Addresses::between(own.start(), end).len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::part;
    use crate::pages::testing::{PAGE, bytes};
    use crate::sys::Mapping;

    #[test]
    fn what_is_reserved_ends_with_what_is_inaccessible() {
        let mapping = Mapping::reserve(bytes(6 * PAGE), bytes(2 * PAGE)).unwrap();
        let pages = mapping.pages(bytes(2 * PAGE)).unwrap();
        let reserved = reserved_around(&pages).unwrap();
        // The kernel may have put another inaccessible mapping right behind.
        assert!(reserved >= 6 * PAGE);
        let first = part(&pages, 0..PAGE).unwrap();
        assert_eq!(reserved_around(&first).unwrap(), PAGE);
    }
}
