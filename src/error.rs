//! Why an operation on a memory fails. `lib/` puts the member's name in front of the text.

use std::error::Error;
use std::io;

use crate::sys;

/// The message for a file whose memories were all closed, whether its handle still exists or not.
pub const FILE_GONE: &str = "all memories of this file were closed";

/// Why a memory could not be made, grown or moved. It is then as it was before.
///
/// In JavaScript, each error has a code, by which programs tell errors apart: the code of the system
/// ("ENOSPC") if there is an [`MemoryError::errno`], and otherwise [`MemoryError::code`]. It is a
/// `RangeError`, unless [`MemoryError::is_type_error`].
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// The number of pages would exceed what the memory's type allows.
    #[error("{wanted} pages exceed the memory's maximum of {maximum}")]
    MaximumExceeded {
        /// The pages that the memory was to have.
        wanted: u64,
        /// The pages that it may have.
        maximum: u64,
    },
    /// No address space holds so many pages.
    #[error("{wanted} pages exceed the address space")]
    AddressSpaceExceeded {
        /// The pages that the memory was to have.
        wanted: u64,
    },
    /// The system limits the process's address space, and the rest is left to the engine.
    #[error(
        "out of address space: {wanted} bytes are needed, and {left} are left under this process's limit"
    )]
    AddressSpaceExhausted {
        /// The bytes that were to be reserved.
        wanted: usize,
        /// The bytes that could be reserved.
        left: usize,
    },
    /// Further mappings would leave the engine too few.
    #[error("out of memory mappings: {live} of {limit} in use")]
    MappingsExhausted {
        /// The mappings in use.
        live: usize,
        /// The most that this package may use.
        limit: usize,
    },
    /// The system did not reserve, commit or move pages.
    #[error("the system refused {wanted} bytes: {source}")]
    AllocationFailed {
        /// The bytes that were wanted.
        wanted: usize,
        /// The system's error.
        source: io::Error,
    },
    /// The system does not report which pages of this process are resident, or where they are mapped.
    #[error("the system does not report this process's pages: {source}")]
    PagesUnknown {
        /// The system's error.
        source: io::Error,
    },
    /// The system did not make an image, or did not store bytes in it.
    #[error("the system refused a snapshot of {wanted} more bytes: {source}")]
    ImageFailed {
        /// The bytes to be stored.
        wanted: usize,
        /// The system's error.
        source: io::Error,
    },
    /// Bytes that are not all in the memory.
    #[error("{length} bytes at offset {offset} exceed the memory's {memory} bytes")]
    OutOfBounds {
        /// The offset of the first byte.
        offset: usize,
        /// The number of bytes.
        length: usize,
        /// The bytes of the memory.
        memory: usize,
    },
    /// A snapshot of more bytes than the memory has.
    #[error(
        "the snapshot has {image} bytes, more than the memory's {memory}: grow the memory first"
    )]
    SnapshotTooLong {
        /// The bytes of the snapshot.
        image: usize,
        /// The bytes of the memory.
        memory: usize,
    },
    /// Threads of this process wait for words of the memory that is to be restored.
    #[error(
        "expected no pending Memory.wait() in this memory, found {count}: \
         call notify() and await their promises first"
    )]
    WaitsPending {
        /// The number of waits.
        count: usize,
    },
    /// The system did not read or write a file.
    #[error("{source}")]
    FileFailed {
        /// The system's error.
        source: io::Error,
    },
    /// A descriptor that is not open for what the mode needs.
    #[error(
        "the descriptor must be open for reading, and with mode \"r+\" or \"w+\" for writing too: {source}"
    )]
    AccessDenied {
        /// The system's error.
        source: io::Error,
    },
    /// A file that has no pages to map.
    #[error("the pages of this file cannot be mapped: {source}")]
    NotMappable {
        /// The system's error.
        source: io::Error,
    },
    /// A descriptor whose file the system does not open again.
    #[error(
        "the file of descriptor {descriptor} cannot be opened again, which locking it needs: {source}"
    )]
    ReopenFailed {
        /// The program's descriptor.
        descriptor: i32,
        /// The system's error.
        source: io::Error,
    },
    /// A file that could not be emptied, after everything else had succeeded.
    #[error(
        "the file could not be emptied: up to {done} bytes at its beginning are zero now, the others are unchanged: {source}"
    )]
    ClearFailed {
        /// The number of the file's bytes that may be lost.
        done: u64,
        /// The system's error.
        source: io::Error,
    },
    /// A file longer than any address space.
    #[error("the file has {length} bytes, more than any memory can have")]
    FileTooLong {
        /// The bytes of the file.
        length: u64,
    },
    /// Other processes have made the file longer than the memory can be.
    #[error("the file has grown to {pages} pages, more than the memory's limit of {limit}")]
    FileOutgrown {
        /// Pages that the file has, the last one perhaps in part.
        pages: u64,
        /// Pages that the memory can have.
        limit: u64,
    },
    /// A file that became shorter while it was mapped.
    #[error("the file was truncated while it was mapped")]
    Truncated,
    /// Pages of a file that writes go to: without them, the memory would no longer be the file.
    #[error("cannot replace pages of a writable file mapping")]
    FileIsWritable,
    /// An engine memory that the engine has copied to other pages than the file's.
    #[error("the engine has moved the memory away from the file's pages")]
    MovedOffFile,
    /// A file whose memories were all closed.
    #[error("{FILE_GONE}")]
    FileClosed,
    /// A file that was never a snapshot.
    #[error("not a snapshot file")]
    NotASnapshot,
    /// A snapshot file of another version of the format.
    #[error(
        "a snapshot file of format {version}; this version of linear-memory reads format {known}"
    )]
    UnknownVersion {
        /// The file's version.
        version: u32,
        /// The version that this package writes.
        known: u32,
    },
    /// A snapshot file whose bytes are not those that were written.
    #[error("a damaged snapshot file: truncated, or changed since it was written")]
    SnapshotDamaged,
    /// A shared memory cannot move, and the address space behind it is not free.
    #[error("only {capacity} bytes could be reserved, and a shared memory cannot move")]
    CannotMove {
        /// The bytes that are reserved.
        capacity: usize,
    },
    /// The pages were moved into an engine memory, or under an engine buffer.
    #[error("the pages have moved into the engine")]
    MovedOut,
    /// A handle of something that does not exist any more.
    #[error("{text}")]
    Gone {
        /// The message, which names what the handle was of.
        text: &'static str,
    },
    /// A number that is not a number of pages.
    #[error("{count} is not a number of pages")]
    NotPages {
        /// The number.
        count: f64,
    },
}

impl MemoryError {
    /// Returns the code that the error has in JavaScript, unless the system's error has a code of its own.
    pub fn code(&self) -> &'static str {
        match self {
            Self::MaximumExceeded { .. } | Self::FileOutgrown { .. } => {
                "ERR_LINEAR_MEMORY_MAXIMUM_EXCEEDED"
            }
            Self::AddressSpaceExceeded { .. }
            | Self::AddressSpaceExhausted { .. }
            | Self::MappingsExhausted { .. }
            | Self::FileTooLong { .. }
            | Self::CannotMove { .. } => "ERR_LINEAR_MEMORY_OUT_OF_MEMORY",
            Self::OutOfBounds { .. } => "ERR_LINEAR_MEMORY_OUT_OF_RANGE",
            Self::SnapshotTooLong { .. } => "ERR_LINEAR_MEMORY_SNAPSHOT_TOO_LONG",
            Self::WaitsPending { .. } => "ERR_LINEAR_MEMORY_PENDING_WAITS",
            Self::Truncated => "ERR_LINEAR_MEMORY_FILE_TRUNCATED",
            Self::MovedOffFile => "ERR_LINEAR_MEMORY_FILE_DISCONNECTED",
            Self::FileIsWritable => "ERR_LINEAR_MEMORY_FILE_BACKED",
            Self::NotASnapshot => "ERR_LINEAR_MEMORY_NOT_A_SNAPSHOT",
            Self::UnknownVersion { .. } => "ERR_LINEAR_MEMORY_SNAPSHOT_VERSION",
            Self::SnapshotDamaged => "ERR_LINEAR_MEMORY_SNAPSHOT_DAMAGED",
            Self::Gone { .. } | Self::FileClosed | Self::MovedOut => "ERR_LINEAR_MEMORY_GONE",
            Self::NotPages { .. } => "ERR_LINEAR_MEMORY_INTERNAL",
            Self::AllocationFailed { source, .. }
            | Self::PagesUnknown { source }
            | Self::ImageFailed { source, .. }
            | Self::FileFailed { source }
            | Self::AccessDenied { source }
            | Self::NotMappable { source }
            | Self::ReopenFailed { source, .. }
            | Self::ClearFailed { source, .. } => match source.kind() {
                io::ErrorKind::Unsupported => "ERR_LINEAR_MEMORY_NOT_SUPPORTED",
                _ => "ERR_LINEAR_MEMORY_SYSTEM",
            },
        }
    }

    /// Returns whether the error is a `TypeError` in JavaScript: the memory or the argument is not of the
    /// kind that the call needs. Otherwise it is a `RangeError`: a number is too large, or the system refuses.
    pub fn is_type_error(&self) -> bool {
        matches!(
            self,
            Self::MovedOut
                | Self::Gone { .. }
                | Self::FileClosed
                | Self::NotASnapshot
                | Self::UnknownVersion { .. }
                | Self::SnapshotDamaged
                | Self::FileIsWritable
                | Self::WaitsPending { .. }
                | Self::NotPages { .. }
        )
    }

    /// Returns the `errno` that the system reported, if it reported one.
    pub fn errno(&self) -> Option<i32> {
        let system_error: &io::Error = self.source()?.downcast_ref()?;
        system_error.raw_os_error().filter(|_| sys::HAS_ERRNO)
    }

    /// Returns whether retrying after freeing other memories might succeed.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::AddressSpaceExhausted { .. }
                | Self::MappingsExhausted { .. }
                | Self::AllocationFailed { .. }
                | Self::ImageFailed { .. }
                | Self::PagesUnknown { .. }
        )
    }
}
