//! Failing calls of operations on pages.

use super::*;
use crate::pages::{anonymous, capture, discard, relocate, resident, restore, slice};
use crate::sys;

#[test]
fn a_failed_discard_changes_nothing() {
    for is_over_image in [false, true] {
        with_every_failure(|calls| {
            let (area, image) = area();
            if is_over_image {
                restore(&whole(&area), &image).unwrap();
            }
            let two = slice(&whole(&area), 0..2 * PAGE).unwrap();
            let (_, attempt) = failing(calls, || discard(&two));
            let expected = if attempt.succeeded {
                [0, 0, 7, 7]
            } else {
                EVERY_OTHER
            };
            assert_eq!(bytes_of(&whole(&area)), expected);
            expect_usable(&area, &image);
            attempt
        });
    }
}

#[test]
fn pages_that_were_only_read_are_not_resident() {
    let _alone = run_alone();
    let size = HostBytes::HUGE_PAGE;
    let area = Reservation::new(size, size, PageSize::Huge).unwrap();
    let all = area.pages(size).unwrap();
    // If the first call fails, the resident pages are counted in another way.
    for calls in [&[][..], &[1]] {
        assert!(all.is_zero());
        let (counted, attempt) = failing(calls, || resident(&all));
        assert_eq!(attempt.calls.len(), if calls.is_empty() { 1 } else { 4 });
        assert_eq!(counted, Some(0));
    }
    all.write_at(&[1], 0);
    let expected = resident(&all).unwrap();
    assert!(expected > 0);
    let (counted, _) = failing(&[1], || resident(&all));
    assert_eq!(counted, Some(expected));
}

#[test]
fn capture_returns_the_whole_image_or_an_error() {
    with_every_failure(|calls| {
        let (area, image) = area();
        let (made, attempt) = failing(calls, || capture(&whole(&area)));
        if let Some(made) = made {
            assert_eq!(made.extents(), image.extents());
        }
        assert_eq!(bytes_of(&whole(&area)), EVERY_OTHER);
        attempt
    });
}

#[test]
fn a_failed_restore_changes_nothing() {
    for is_there in [false, true] {
        with_every_failure(|calls| {
            let (area, image) = area();
            if is_there {
                restore(&whole(&area), &image).unwrap();
            }
            write_every_other(&whole(&area), 9);
            let (_, attempt) = failing(calls, || restore(&whole(&area), &image));
            let expected = if attempt.succeeded {
                EVERY_OTHER
            } else {
                [9, 0, 9, 9]
            };
            assert_eq!(bytes_of(&whole(&area)), expected);
            expect_usable(&area, &image);
            attempt
        });
    }
}

#[test]
fn bytes_beyond_a_restored_image_are_zero_whatever_fails() {
    for is_longer_there in [false, true] {
        with_every_failure(|calls| {
            let (area, longer) = area();
            if is_longer_there {
                restore(&whole(&area), &longer).unwrap();
            }
            write_every_other(&whole(&area), 9);
            let short = Reservation::new(bytes(SIZE), bytes(SIZE), PageSize::Base).unwrap();
            let short = slice(&whole(&short), 0..2 * PAGE).unwrap();
            short.write_at(&[7], 0);
            let image = Arc::new(capture(&short).unwrap());
            let (_, attempt) = failing(calls, || restore(&whole(&area), &image));
            let expected = if attempt.succeeded {
                [7, 0, 0, 0]
            } else {
                [9, 0, 9, 9]
            };
            assert_eq!(bytes_of(&whole(&area)), expected);
            expect_usable(&area, &longer);
            attempt
        });
    }
}

#[test]
fn a_failed_restore_by_copying_changes_nothing() {
    with_every_failure(|calls| {
        let (area, image) = area();
        write_every_other(&whole(&area), 9);
        let before = bytes_of(&whole(&area));
        let (_, attempt) = failing(calls, || anonymous::restore(&whole(&area), &image));
        let expected = if attempt.succeeded {
            EVERY_OTHER
        } else {
            before
        };
        assert_eq!(bytes_of(&whole(&area)), expected);
        expect_usable(&area, &image);
        attempt
    });
}

#[test]
fn make_anonymous_keeps_all_bytes_even_if_it_fails() {
    with_every_failure(|calls| {
        let (area, image) = area();
        restore(&whole(&area), &image).unwrap();
        write_every_other(&whole(&area), 9);
        let before = bytes_of(&whole(&area));
        let (_, attempt) = failing(calls, || anonymous::make_anonymous(&whole(&area)));
        assert_eq!(bytes_of(&whole(&area)), before);
        let addresses = whole(&area).addresses();
        let mapped = sys::mappings_within(addresses).unwrap();
        let is_file = mapped.iter().any(|mapped| mapped.is_file == Some(true));
        assert_eq!(is_file, !attempt.succeeded);
        expect_usable(&area, &image);
        attempt
    });
}

#[test]
fn a_failed_relocation_of_an_image_changes_nothing() {
    with_every_failure(|calls| {
        let (area, image) = area();
        restore(&whole(&area), &image).unwrap();
        // Three mappings: the image, anonymous pages, the image.
        discard(&slice(&whole(&area), 2 * PAGE..3 * PAGE).unwrap()).unwrap();
        let expected = [7, 0, 0, 7];
        let to = Reservation::new(bytes(SIZE), bytes(SIZE), PageSize::Base).unwrap();
        let (_, attempt) = failing(calls, || relocate(whole(&area), whole(&to)).map(|_| ()));
        let (now, before) = if attempt.succeeded {
            (&to, &area)
        } else {
            (&area, &to)
        };
        assert_eq!(bytes_of(&whole(now)), expected);
        if attempt.succeeded {
            assert!(whole(before).is_zero());
        }
        // The pages are usable where they are now.
        expect_usable(now, &image);
        restore(&whole(now), &image).unwrap();

        // The other range is reused by the next memory, which reads zero whatever was mapped there.
        let address = before.base();
        let (first, second) = if attempt.succeeded {
            (to, area)
        } else {
            (area, to)
        };
        drop(second);
        let next = Reservation::new(bytes(SIZE), bytes(SIZE), PageSize::Base).unwrap();
        assert_eq!(next.base(), address);
        assert!(whole(&next).is_zero());
        drop(first);
        attempt
    });
}
