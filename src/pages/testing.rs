//! Helpers of the tests in this folder: pages, images and files to test with.

use std::fs::File;
use std::ops::Range;
use std::sync::Arc;

use crate::pages::image::Image;
use crate::pages::overlay_table::OverlayTable;
use crate::pages::{capture, resident, slice};
use crate::sys::testing::byte_at;
use crate::sys::{self, HostBytes, Mapping, PageRange, file_offset};

/// The bytes of a system page.
pub const PAGE: usize = 4096;

/// The bytes of a mebibyte.
pub const MIB: usize = 1 << 20;

pub fn bytes(count: usize) -> HostBytes {
    HostBytes::round_up(count).unwrap()
}

/// Anonymous, accessible pages. Their entries in the table are removed when this is dropped.
pub struct Area {
    mapping: Mapping,
    length: HostBytes,
}

impl Area {
    pub fn new(length: usize) -> Self {
        let length = bytes(length);
        let mapping = Mapping::reserve(length, length).unwrap();
        Self { mapping, length }
    }

    pub fn pages(&self) -> PageRange<'_> {
        self.mapping.pages(self.length).unwrap()
    }

    pub fn write(&self, offset: usize, value: u8) {
        let page = offset - offset % PAGE;
        let pages = slice(&self.pages(), page..page + PAGE).unwrap();
        let mut content = [0; PAGE];
        for (place, byte) in content.iter_mut().enumerate() {
            *byte = self.byte(page + place);
        }
        content[offset - page] = value;
        pages.write_at(&content, 0);
    }

    /// Writes `value` to the first byte of each page in `offsets`.
    pub fn fill(&self, offsets: Range<usize>, value: u8) {
        let mut content = [0; PAGE];
        content[0] = value;
        for page in offsets.step_by(PAGE) {
            slice(&self.pages(), page..page + PAGE)
                .unwrap()
                .write_at(&content, 0);
        }
    }

    pub fn byte(&self, offset: usize) -> u8 {
        byte_at(self.pages().addresses().start().get() + offset).unwrap()
    }

    pub fn resident(&self) -> usize {
        resident(&self.pages()).unwrap()
    }
}

impl Drop for Area {
    fn drop(&mut self) {
        OverlayTable::lock().remove(self.pages().addresses());
    }
}

pub fn image_of(area: &Area) -> Arc<Image> {
    Arc::new(capture(&area.pages()).unwrap())
}

/// Returns an image of `length` bytes. The first byte of each page is `value`.
pub fn image(length: usize, value: u8) -> Arc<Image> {
    let area = Area::new(length);
    area.fill(0..length, value);
    image_of(&area)
}

/// Returns a file with these bytes.
pub fn file_of(bytes: &[u8]) -> File {
    use std::os::fd::{AsFd, AsRawFd};
    let mut image = sys::ImageFile::create(file_offset(bytes.len())).unwrap();
    image.write(bytes, 0).unwrap();
    sys::file::duplicate(image.as_fd().as_raw_fd()).unwrap()
}
