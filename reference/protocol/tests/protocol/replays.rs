//! What is old, replayed or forked is refused, and what is known is not asked for again.

use encryptediot::checkpoint::Checkpoint;
use encryptediot::contact::{Card, VerifiedMember};
use encryptediot::keys::kem_id;
use encryptediot::owner::{Meeting, Term};
use encryptediot_testkit::*;

use crate::times::*;

#[test]
fn of_two_forks_the_camera_keeps_to_one_and_the_other_phone_is_told() {
    let mut one = home();
    one.enroll("tablet", None).unwrap();
    one.sync_phone("phone").unwrap();
    // The provider gives each phone a cloud of its own, and the camera what `phone` wrote.
    let (mut a, mut b) = (Saved::of(&one).load(1), Saved::of(&one).load(2));
    a.rotate("phone", &["x"]).unwrap();
    b.rotate("tablet", &["x"]).unwrap();
    b.rotate("tablet", &["x"]).unwrap();
    assert_eq!(a.sync_camera("door").unwrap().refused, []);
    let head = a.camera("door").unwrap().head(&n("x")).unwrap();
    let epoch = head.epoch;
    // Then what `tablet` wrote: the camera takes neither its epoch nor the next.
    for (epoch, expected) in [
        (epoch, "announcement-fork"),
        (epoch + 1, "announcement-fork"),
    ] {
        let bytes = b.cloud.bytes(&b.paths().announcement(&n("x"), epoch));
        let (camera, clock, _) = a.at_camera("door");
        assert_eq!(reason(camera.accept(&bytes, clock)), expected, "{epoch}");
    }
    assert_eq!(a.camera("door").unwrap().head(&n("x")), Some(head));
    // The tablet never reads `in effect`.
    let acknowledgement = a.paths().acknowledgement(&n("x"), epoch);
    for place in [epoch, epoch + 1] {
        let place = a.paths().acknowledgement(&n("x"), place);
        b.cloud.set(&place, a.cloud.bytes(&acknowledgement));
    }
    let cloud = b.cloud.clone();
    assert_eq!(
        reason(b.phone("tablet").unwrap().status(&cloud)),
        "ack-unknown"
    );
    // And no member follows from one to the other.
    a.meet("alice").unwrap();
    assert_eq!(first_refusal(a.sync_member("alice")), Ok(()));
    a.cloud.set(
        &a.paths().announcement(&n("x"), epoch),
        b.cloud.bytes(&b.paths().announcement(&n("x"), epoch)),
    );
    assert_eq!(
        reason(first_refusal(a.sync_member("alice"))),
        "announcement-fork"
    );
    assert_eq!(reason(a.sync_phone("phone")), "announcement-fork");
}

#[test]
fn an_introduction_is_accepted_once() {
    let mut home = home();
    share(&mut home, Term::UntilRevoked);
    assert_eq!(home.sync_member("alice").unwrap().introductions, 1);
    // Where it is, it may stay; elsewhere it is a replay.
    let news = home.sync_member("alice").unwrap();
    assert_eq!(
        (news.introductions, news.grants, news.refused.len()),
        (0, 0, 0)
    );
    let path = home.cloud.under(&home.id(), "introductions").remove(0);
    let id = kem_id(&home.member("alice").unwrap().card().key);
    home.cloud
        .set(&home.paths().introduction(id, 2), home.cloud.bytes(&path));
    let news = home.sync_member("alice").unwrap();
    assert_eq!((news.introductions, news.grants), (0, 0));
    assert_eq!(reason(first_refusal(Ok(news))), "introduction-replayed");
}

#[test]
fn a_clip_is_new_once() {
    let mut home = home();
    share(&mut home, Term::UntilRevoked);
    let clip = record(&mut home, 1);
    home.sync_member("alice").unwrap();
    let (cloud, id) = (home.cloud.clone(), home.id());
    let alice = home.member("alice").unwrap();
    let opened = alice.open(&cloud, &id, &n("x"), clip).unwrap();
    assert!(alice.show(&id, &opened.manifest));
    assert!(!alice.show(&id, &opened.manifest));
    let mut again = load_member(&store_member(alice));
    assert!(!again.show(&id, &opened.manifest), "also after a restart");
    assert!(
        again.open(&cloud, &id, &n("x"), clip).is_ok(),
        "watching again is allowed"
    );
}

/// What is said twice is done once, and a key goes by one name: what is taken from one name would be left to
/// the other.
#[test]
fn streams_and_members_may_be_named_twice() {
    let mut home = home();
    let alice = home.meet("alice").unwrap();
    let again = Card::new(n("aunt"), *alice.key());
    let aunt = VerifiedMember::by_proximity(again);
    let mut share = |members: &[VerifiedMember]| {
        home.act("phone", |owner, env| {
            let term = Term::UntilRevoked;
            owner.share(&ns(&["x", "x"]), members, term, Meeting::Remote, env)
        })
    };
    let both = share(&[alice.clone(), aunt.clone()]).map(drop);
    assert_eq!(reason(both), "already-member");
    share(&[alice.clone(), alice]).unwrap();
    assert_eq!(reason(share(&[aunt]).map(drop)), "already-member");
    let introductions = home.cloud.under(&home.id(), "introductions").len();
    assert_eq!(introductions, 1);
    assert_eq!(home.cloud.under(&home.id(), "announcements/x").len(), 2);
    home.enroll("tablet", None).unwrap();
    home.lose("phone", "tablet").unwrap();
    home.rotate("phone", &["x", "x"]).unwrap();
    home.sync_camera("door").unwrap();
    let clip = record(&mut home, 1);
    assert!(alice_opens(&mut home, clip));
    home.revoke("phone", &["x"], "alice").unwrap();
    home.sync_camera("door").unwrap();
    let clip = record(&mut home, 1);
    assert!(!alice_opens(&mut home, clip));
}

#[test]
fn a_phone_reads_each_members_record_once() {
    let mut home = home();
    let names = ["alice", "bob", "carol", "dora", "erin"];
    home.share("phone", &["x", "y"], &names, Term::UntilRevoked)
        .unwrap();
    let (id, cloud) = (home.id(), home.cloud.clone());
    let asked = || cloud.asked(&id, "members");
    home.rotate("phone", &["x", "y"]).unwrap();
    assert_eq!(asked(), 0, "it wrote them itself");
    home.enroll("tablet", None).unwrap();
    assert_eq!(asked(), 5);
    home.rotate("tablet", &["x", "y"]).unwrap();
    assert_eq!(asked(), 0);
    let again = encryptediot::phone::Phone::from_state(home.phone("tablet").unwrap().to_state());
    *home.phone("tablet").unwrap() = again.unwrap();
    home.share("tablet", &["x", "y"], &["alice", "fred"], Term::AllStreams)
        .unwrap();
    home.revoke("tablet", &["x", "y"], "bob").unwrap();
    assert_eq!(asked(), 0, "after a restart");
    home.rotate("phone", &["x", "y"]).unwrap();
    assert_eq!(asked(), 1, "the one who is new to it");
}

/// So does a member that is asked for one stream, and it gets the same of that one.
#[test]
fn a_member_may_read_one_stream_alone() {
    let mut home = home();
    home.share("phone", &["x", "y"], &["alice"], Term::UntilRevoked)
        .unwrap();
    let (id, cloud) = (home.id(), home.cloud.clone());
    let alice = home.member("alice").unwrap();
    let asked = |stream: &str| cloud.asked(&id, &format!("announcements/{stream}"));
    let _ = asked("y");
    let news = alice.sync_stream(&cloud, &id, &n("x")).unwrap();
    assert_eq!((news.grants, news.refused), (1, vec![]));
    assert_eq!(asked("y"), 0);
    assert_eq!(alice.streams(&id), ns(&["x"]));
    assert_eq!(alice.sync(&cloud).unwrap().grants, 1, "the other one");
    assert_eq!(alice.streams(&id), ns(&["x", "y"]));
}

/// `asked` counts since it was last called. What an act asks the cloud for does not grow with the streams that it does not touch.
#[test]
fn an_act_asks_for_the_streams_that_it_touches() {
    let mut home = home();
    let names = ["alice", "bob"];
    home.share("phone", &["x", "y"], &names, Term::UntilRevoked)
        .unwrap();
    let (id, cloud) = (home.id(), home.cloud.clone());
    let asked = |stream: &str| cloud.asked(&id, &format!("announcements/{stream}"));
    assert!(asked("y") > 0);
    home.rotate("phone", &["x"]).unwrap();
    home.share("phone", &["x"], &["carol"], Term::UntilRevoked)
        .unwrap();
    home.revoke("phone", &["x"], "bob").unwrap();
    assert_eq!(asked("y"), 0);
    home.sync_phone("phone").unwrap();
    assert!(asked("y") > 0);
}

#[test]
fn a_fresh_phone_with_a_checkpoint_takes_no_older_account() {
    let mut home = home();
    home.enroll("tablet", None).unwrap();
    let early = home.cloud.objects();
    home.share("phone", &["x"], &["alice"], Term::AllStreams)
        .unwrap();
    home.sync_camera("door").unwrap();
    let id = home.id();
    let by_phone = home.phone("phone").unwrap().checkpoint();
    let by_camera = home.camera("door").unwrap().checkpoint();
    let late = home.cloud.objects();
    let cut = |gone: &str| {
        let mut some = late.clone();
        let path = some
            .keys()
            .rev()
            .find(|path| path.contains(gone))
            .unwrap()
            .clone();
        some.remove(&path);
        some
    };
    let clouds = [
        ("as it is", late.clone(), [true, true]),
        ("rolled back", early, [false, false]),
        (
            "one announcement less",
            cut("/announcements/y/"),
            [false, false],
        ),
        ("one roster less", cut("/roster/"), [false, false]),
    ];
    for (what, objects, expected) in clouds {
        for (checkpoint, expected) in [&by_phone, &by_camera].into_iter().zip(expected) {
            let text = checkpoint.clone().to_text(&id);
            let checkpoint = Checkpoint::from_text(&id, &text).unwrap();
            let mut home = Saved::of(&home).load(7);
            home.cloud.restore(objects.clone());
            let enrolled = home.enroll("third", Some(&checkpoint));
            match expected {
                true => assert_eq!(enrolled, Ok(()), "{what}"),
                // What was announced under the missing roster shows it too.
                false if what == "one roster less" => assert_eq!(reason(enrolled), "fork"),
                false => assert_eq!(reason(enrolled), "checkpoint-mismatch", "{what}"),
            }
        }
    }
}
