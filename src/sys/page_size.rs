//! The size of system pages.

#[cfg(unix)]
pub use rustix::param::page_size;

/// Returns the size of a system page in bytes (`GetSystemInfo`).
#[cfg(windows)]
pub fn page_size() -> usize {
    use std::sync::OnceLock;

    use windows_sys::Win32::System::SystemInformation::{GetSystemInfo, SYSTEM_INFO};

    static SIZE: OnceLock<usize> = OnceLock::new();
    *SIZE.get_or_init(|| {
        let mut info = SYSTEM_INFO::default();
        // SAFETY: `info` has room for what the call returns.
        unsafe { GetSystemInfo(&raw mut info) };
        usize::try_from(info.dwPageSize).unwrap_or(4096)
    })
}
