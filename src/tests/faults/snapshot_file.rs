//! Failing calls of saving a snapshot.

use super::*;
use crate::files::snapshot_file::{self, Origin};

#[test]
fn a_failed_save_keeps_the_previous_file() {
    let folder = std::env::temp_dir().join(format!("linear-memory-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let path = folder.join("snapshot");
    let origin = Origin {
        flags: 0,
        maximum: 0,
    };
    with_every_failure(|calls| {
        std::fs::write(&path, "before").unwrap();
        let (_, image) = area();
        let (_, attempt) = failing(calls, || snapshot_file::save(&image, origin, &path));
        if calls.is_empty() {
            let [first @ .., rename, open, last] = &attempt.calls[..] else {
                panic!("{:?}", attempt.calls);
            };
            assert_eq!(first[..2], ["lstat", "open"]);
            assert_eq!(first.last(), Some(&"fsync"));
            assert_eq!([rename, open, last], [&"rename", &"open", &"fsync"]);
        }
        // The last call flushes the directory, after the file was renamed.
        let is_there = attempt.succeeded || calls.last() == Some(&attempt.calls.len());
        let is_whole = std::fs::read(&path).unwrap() != b"before";
        assert!(
            is_whole == attempt.succeeded || (is_whole && is_there),
            "{calls:?}"
        );
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "{calls:?}");
        attempt
    });
    std::fs::remove_dir_all(&folder).unwrap();
}
