//! Names, clips and sessions of every length around a limit.

use encryptediot::segment::SEGMENT;
use encryptediot::{clip, view};
use encryptediot_testkit::household::name;
use encryptediot_testkit::*;

#[test]
fn a_name_has_1_to_64_plain_characters() {
    let long = "a".repeat(64);
    for good in ["a", "0", "a-b_c.d9", &*long] {
        assert!(name(good).is_ok(), "{good}");
    }
    let too_long = "a".repeat(65);
    for bad in [
        "", "-a", ".", "_", "..", "A", "a/b", "a b", "é", "a\0", &*too_long,
    ] {
        assert_eq!(reason(name(bad)), "stream-name", "{bad:?}");
    }
}

#[test]
fn clips_of_every_length_around_a_segment_come_back_from_every_segment() {
    let mut home = home();
    home.sync_phone("phone").unwrap();
    for length in [
        0,
        1,
        SEGMENT - 1,
        SEGMENT,
        SEGMENT + 1,
        2 * SEGMENT - 1,
        2 * SEGMENT,
    ] {
        let bytes: Vec<u8> = (0..length).map(|i| (i / 251) as u8).collect();
        let clip = home.record("door", "x", &bytes).unwrap();
        let (cloud, id) = (home.cloud.clone(), home.id());
        let opened = home
            .phone("phone")
            .unwrap()
            .open(&cloud, &n("x"), clip)
            .unwrap();
        for first in 0..opened.segments() + 2 {
            let mut out = Vec::new();
            let read = view::read(&cloud, &id, &opened, first, &mut out).unwrap();
            let from = usize::try_from(first).unwrap() * SEGMENT;
            assert_eq!(out, bytes[from.min(length)..], "{length} from {first}");
            assert_eq!(read, out.len() as u64);
        }
    }
}

#[test]
fn a_session_takes_nothing_beyond_its_greatest_length() {
    let mut home = home();
    let (camera, clock, rng) = home.at_camera("door");
    let mut session = camera.begin(&n("x"), clock, rng).unwrap();
    session.write(b"a").unwrap();
    let rest = vec![0; usize::try_from(clip::MAX_SESSION).unwrap()];
    assert_eq!(reason(session.write(&rest)), "session-full");
    assert_eq!(session.length(), 1);
}
