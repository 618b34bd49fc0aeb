//! Measures the memory and the address space that pages take.

use crate::error::MemoryError;
use crate::sys::{self, Addresses, PageRange};

/// Returns how many bytes of the pages are resident in memory.
///
/// # Errors
///
/// [`MemoryError::PagesUnknown`] if the system does not report them.
pub fn resident(pages: &PageRange) -> Result<usize, MemoryError> {
    sys::resident_bytes(pages.addresses()).map_err(|source| MemoryError::PagesUnknown { source })
}

/// Returns how many bytes of address space are reserved from the first page on: those of the pages, and those
/// of the inaccessible mapping behind them. The kernel may have merged that mapping with another inaccessible
/// one.
///
/// # Errors
///
/// [`MemoryError::PagesUnknown`] if the system does not report its mappings.
pub fn reserved_around(pages: &PageRange) -> Result<usize, MemoryError> {
    let own = pages.addresses();
    // One byte more finds the mapping that begins where the pages end.
    let with_next = Addresses::new(own.start(), own.len() + 1);
    let mappings =
        sys::mappings_within(with_next).map_err(|source| MemoryError::PagesUnknown { source })?;
    let behind = mappings
        .last()
        .filter(|behind| !behind.is_accessible && behind.addresses.start() <= own.end());
    let end = behind.map_or(own.end(), |behind| behind.addresses.end());
    Ok(Addresses::between(own.start(), end).len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::slice;
    use crate::pages::testing::{PAGE, bytes};
    use crate::sys::Mapping;

    #[test]
    fn reserved_bytes_end_with_the_inaccessible_mapping() {
        let mapping = Mapping::reserve(bytes(6 * PAGE), bytes(2 * PAGE)).unwrap();
        let pages = mapping.pages(bytes(2 * PAGE)).unwrap();
        let reserved = reserved_around(&pages).unwrap();
        // The kernel may have placed another inaccessible mapping directly behind.
        assert!(reserved >= 6 * PAGE);
        let first = slice(&pages, 0..PAGE).unwrap();
        assert_eq!(reserved_around(&first).unwrap(), PAGE);
    }
}
