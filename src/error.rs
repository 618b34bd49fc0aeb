//! Why an operation on a memory fails. The facade puts the member's name in front.

use std::io;

/// Why a memory could not be made, grown or moved. It is then as it was before.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// The number of pages would exceed what the memory's type allows.
    #[error("{wanted} pages exceed the memory's maximum of {maximum}")]
    MaximumExceeded {
        /// Pages asked for in all.
        wanted: u64,
        /// Pages allowed.
        maximum: u64,
    },
    /// So many pages that no address space holds them.
    #[error("{wanted} pages exceed the address space")]
    AddressSpaceExceeded {
        /// Pages asked for in all.
        wanted: u64,
    },
    /// The system limits the process's address space, and the rest is left to the engine.
    #[error("{wanted} bytes do not fit in the {left} bytes of address space left to this process")]
    AddressSpaceExhausted {
        /// Bytes asked for.
        wanted: usize,
        /// Bytes that could be had.
        left: usize,
    },
    /// Further mappings would leave the engine too few.
    #[error("{live} mappings are live, of {limit} that the system lets this package have")]
    MappingsExhausted {
        /// Mappings held now.
        live: usize,
        /// The most that may be held.
        limit: usize,
    },
    /// The system refused.
    #[error("the system refused {wanted} bytes: {source}")]
    AllocationFailed {
        /// Bytes asked for.
        wanted: usize,
        /// What it said.
        source: io::Error,
    },
    /// The system does not tell of this process's pages.
    #[error("the system does not tell of this process's pages: {source}")]
    PagesUnknown {
        /// What it said.
        source: io::Error,
    },
    /// The system refused to make an image, or to put bytes into it.
    #[error("the system refused an image of {wanted} more bytes: {source}")]
    ImageFailed {
        /// Bytes to be put into it.
        wanted: usize,
        /// What it said.
        source: io::Error,
    },
    /// Bytes that are not all in the memory.
    #[error("{length} bytes at {offset} are not all in the memory's {memory}")]
    OutOfBounds {
        /// Of the first.
        offset: usize,
        /// How many.
        length: usize,
        /// Bytes of the memory.
        memory: usize,
    },
    /// An image of more bytes than the memory has.
    #[error("a snapshot of {image} bytes is longer than the memory, which has {memory}")]
    SnapshotTooLong {
        /// Bytes of the image.
        image: usize,
        /// Bytes of the memory.
        memory: usize,
    },
    /// Threads of this process wait for words of the memory that is to be restored.
    #[error(
        "expected no pending Memory.wait() in this memory, found {count}: \
         call notify() and await their promises first"
    )]
    WaitsPending {
        /// How many.
        count: usize,
    },
    /// The system refused to read or write a file.
    #[error("{source}")]
    FileFailed {
        /// What it said.
        source: io::Error,
    },
    /// A descriptor that is open for less than was asked for.
    #[error(
        "the descriptor is not open for reading, and for writing if the mode says so: {source}"
    )]
    AccessDenied {
        /// What it said.
        source: io::Error,
    },
    /// A file that has no pages to map.
    #[error("the pages of this file cannot be mapped: {source}")]
    NotMappable {
        /// What it said.
        source: io::Error,
    },
    /// A descriptor whose file the system does not open anew.
    #[error(
        "the file of descriptor {descriptor} cannot be opened anew, for a lock of its own: {source}"
    )]
    ReopenFailed {
        /// The program's.
        descriptor: i32,
        /// What it said.
        source: io::Error,
    },
    /// A file that could not be emptied, when all else was done.
    #[error(
        "the file could not be emptied: up to {done} of its first bytes are zero now, the others are as they were: {source}"
    )]
    ClearFailed {
        /// How many bytes of the file may be lost.
        done: u64,
        /// What it said.
        source: io::Error,
    },
    /// A file longer than any address space.
    #[error("the file has {length} bytes, more than any memory can")]
    FileTooLong {
        /// Its bytes.
        length: u64,
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
    #[error("the file is closed")]
    FileClosed,
    /// A file that was never a snapshot.
    #[error("the file is no snapshot")]
    NotASnapshot,
    /// A snapshot's file of another version of the format.
    #[error("the file is a snapshot of format {version}, and {known} is known here")]
    UnknownVersion {
        /// The file's.
        version: u32,
        /// Ours.
        known: u32,
    },
    /// A snapshot's file that is not what was written.
    #[error("the file is a damaged snapshot: truncated, or changed since it was written")]
    SnapshotDamaged,
    /// A shared memory cannot move, and the address space behind it is another's.
    #[error("only {capacity} bytes could be reserved, and a shared memory cannot move")]
    CannotMove {
        /// Bytes reserved.
        capacity: usize,
    },
    /// The pages were moved into a memory of the engine's, or under a buffer of the engine's.
    #[error("the pages have moved into the engine")]
    MovedOut,
}

impl MemoryError {
    /// Whether it might not have come about if other memories were gone.
    pub fn is_want_of_room(&self) -> bool {
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
