//! Policies that cannot be met: refused with line, column, reason and what to do, before anything is
//! written.

use encryptediot::contact;
use encryptediot::owner::Term;
use encryptediot_policy::{Error, Policy, Refusal};
use encryptediot_testkit::household::window;

use crate::world::World;
use encryptediot_testkit::*;

/// The start of every file here: five lines.
fn head(world: &mut World) -> String {
    let card = world.home.member("acme").unwrap().card();
    let number = contact::safety_number(&world.home.id(), &card.key);
    let card = card.to_text();
    format!(
        "lease = \"7d\"\nprovider = \"acme\"\n[members.acme]\ncard = {card:?}\nnumber = {number:?}\n"
    )
}

/// Refuses a file, reading it or planning it; nothing is written.
fn refusals(world: &mut World, text: &str) -> Vec<Refusal> {
    let policy = match Policy::parse(text) {
        Ok(policy) => policy,
        Err(refusals) => return refusals,
    };
    let before = world.home.cloud.objects();
    let planned = world.plan("phone", &policy).map(drop);
    let applied = world.apply("phone", &policy).map(drop);
    assert_eq!(planned, applied, "{text}");
    assert!(world.home.cloud.objects() == before, "nothing is written");
    match applied {
        Err(Error::Refused(refusals)) => refusals,
        other => panic!("{other:?}\n{text}"),
    }
}

/// `line:column reason`, for every refusal.
fn described(refusals: &[Refusal]) -> Vec<String> {
    let one = |r: &Refusal| {
        assert!(!r.message.is_empty() && !r.advice.is_empty());
        format!("{}:{} {}", r.place.line, r.place.column, r.reason.name())
    };
    refusals.iter().map(one).collect()
}

/// What follows the head, and what it is refused with.
const REFUSED: [(&str, &[&str]); 29] = [
    // It is not a policy.
    ("[[share]\n", &["6:9 policy-syntax"]),
    ("[[share]]\nto = [\"alice\"]\n", &["6:1 policy-syntax"]),
    ("[[shares]]\nto = [\"alice\"]\n", &["6:3 policy-syntax"]),
    (
        "[[share]]\nto = [\"alice\"]\nstreams = [\"x\"]\nduring = \"2h\"\n",
        &["9:1 policy-syntax"],
    ),
    (
        "[[share]]\nto = [\"alice\"]\nstreams = \"every\"\n",
        &["8:11 policy-syntax"],
    ),
    (
        "[[share]]\nto = []\nstreams = [\"x\"]\n",
        &["7:6 policy-syntax"],
    ),
    (
        "[[share]]\nto = [\"Älice\", \"bob\"]\nstreams = [\"x\", \"Y\"]\n",
        &["7:7 policy-syntax", "8:17 policy-syntax"],
    ),
    (
        "[[share]]\nto = [\"bob\"]\nstreams = [\"x\"]\nuntil = 2027-03-01T18:00:00Z\n",
        &["9:9 policy-syntax"],
    ),
    (
        "[[share]]\nto = [\"bob\"]\nstreams = [\"x\"]\nfrom = 2027-03-01T18:00:00\nfor = \"2h\"\n",
        &["9:8 policy-syntax"],
    ),
    (
        "[[share]]\nto = [\"bob\"]\nstreams = [\"x\"]\nfrom = 2027-03-01T18:00:00Z\nfor = \"soon\"\n",
        &["10:7 policy-syntax"],
    ),
    (
        "[features.event-timeline]\nstreams = [\"x\"]\nto = [\"bob\"]\n",
        &["8:6 policy-syntax"],
    ),
    (
        "[features.website]\nstreams = [\"x\"]\n",
        &["6:11 policy-syntax"],
    ),
    (
        "[lost-phones]\nnames = [\"third\"]\nshares = \"stop\"\n",
        &["8:10 policy-syntax"],
    ),
    // There is no such thing.
    (
        "[[share]]\nto = [\"alice\"]\nstreams = [\"x\", \"cellar\"]\n",
        &["8:17 unknown-stream"],
    ),
    (
        "[features.live-view]\nstreams = [\"cellar\"]\n",
        &["7:12 unknown-stream"],
    ),
    (
        "[features.quick-replies]\nstreams = [\"cellar\"]\n",
        &["7:12 unknown-stream"],
    ),
    (
        "[features.live]\nstreams = [\"x\"]\n",
        &["6:11 unknown-feature"],
    ),
    // Windows.
    (
        "[[share]]\nto = [\"bob\"]\nstreams = [\"x\"]\n\
         from = 2027-03-01T18:00:00Z\nuntil = 2027-03-01T18:00:00Z\n",
        &["10:9 window-empty"],
    ),
    (
        "[[share]]\nto = [\"bob\"]\nstreams = [\"x\"]\n\
         from = 2026-03-01T18:00:00Z\nuntil = 2026-03-01T19:00:00Z\n",
        &["9:8 no-clips"],
    ),
    // Members.
    (
        "[[share]]\nto = [\"alice\", \"dora\"]\nstreams = [\"x\"]\n",
        &["7:16 unverified-member"],
    ),
    // What the scheme cannot give.
    (
        "[[share]]\nto = [\"bob\"]\nstreams = \"all\"\n\
         from = 2027-03-01T18:00:00Z\nfor = \"2h\"\n",
        &["8:11 not-in-scheme"],
    ),
    (
        "[features.link-sharing]\nstreams = [\"x\"]\n",
        &["6:11 not-in-scheme"],
    ),
    (
        "[features.live-view]\nstreams = [\"x\"]\ndelay = \"300ms\"\n",
        &["8:9 not-in-scheme"],
    ),
    // Contradictions.
    (
        "[[share]]\nto = [\"bob\"]\nstreams = [\"x\"]\n[[share]]\nto = [\"bob\"]\nstreams = [\"x\"]\n\
         from = 2027-03-01T18:00:00Z\nfor = \"2h\"\n",
        &["12:8 contradiction"],
    ),
    (
        "[[share]]\nto = [\"bob\"]\nstreams = [\"x\"]\nfrom = 2027-03-01T18:00:00Z\nfor = \"2h\"\n\
         [[share]]\nto = [\"bob\"]\nstreams = [\"x\"]\nfrom = 2027-03-01T19:00:00Z\nfor = \"2h\"\n",
        &["14:8 contradiction"],
    ),
    (
        "[[share]]\nto = [\"acme\"]\nstreams = [\"x\"]\nfrom = 2027-03-01T18:00:00Z\nfor = \"2h\"\n\
         [features.event-timeline]\nstreams = \"all\"\n",
        &["11:11 contradiction"],
    ),
    (
        "[[share]]\nto = [\"bob\"]\nstreams = \"all\"\n[[share]]\nto = [\"bob\"]\nstreams = [\"y\"]\n\
         from = 2027-03-01T18:00:00Z\nfor = \"2h\"\n",
        &["12:8 contradiction"],
    ),
    // Phones.
    ("[lost-phones]\nnames = [\"phone\"]\n", &["7:10 this-phone"]),
    // All at once, in the order of the file.
    (
        "[[share]]\nto = [\"dora\"]\nstreams = [\"attic\"]\n[features.live-view]\n\
         streams = [\"y\", \"attic\"]\ndelay = \"1ms\"\n",
        &[
            "7:7 unverified-member",
            "8:12 unknown-stream",
            "10:17 unknown-stream",
        ],
    ),
];

#[test]
fn what_cannot_be_met_is_refused_with_its_place_and_nothing_is_written() {
    let mut world = World::new();
    world.record("x");
    let head = head(&mut world);
    for (text, expected) in REFUSED {
        let text = format!("{head}{text}");
        assert_eq!(described(&refusals(&mut world, &text)), expected, "{text}");
    }
    // Each of them is refused for what it is refused for: a small change makes it good.
    for text in [
        "[[share]]\nto = [\"alice\", \"acme\"]\nstreams = [\"x\"]\n",
        "[[share]]\nto = [\"bob\"]\nstreams = [\"x\"]\nfrom = 2027-01-15T07:00:00Z\nfor = \"2h\"\n",
        "[features.live-view]\nstreams = [\"x\"]\ndelay = \"1s\"\n",
        "[features.website]\nstreams = [\"x\"]\nto = [\"bob\"]\n",
        "[[share]]\nto = [\"bob\"]\nstreams = [\"x\"]\nfrom = 2027-03-01T18:00:00Z\nfor = \"2h\"\n\
         [[share]]\nto = [\"bob\"]\nstreams = [\"x\"]\nfrom = 2027-03-01T20:00:00Z\nfor = \"2h\"\n",
        "[lost-phones]\nnames = [\"never-seen\"]\n",
    ] {
        let policy = Policy::parse(&format!("{head}{text}")).unwrap();
        world.apply("phone", &policy).unwrap();
    }
}

#[test]
fn a_lease_that_no_camera_takes_is_refused() {
    for (lease, expected) in [
        ("32d", Some("1:9 lease-out-of-range")),
        ("0s", Some("1:9 policy-syntax")),
        ("week", Some("1:9 policy-syntax")),
        ("31d", None),
    ] {
        let parsed = Policy::parse(&format!("lease = {lease:?}\n"));
        let found = parsed.map_or_else(|refusals| described(&refusals), |_| Vec::new());
        assert_eq!(found, Vec::from_iter(expected), "{lease}");
    }
}

#[test]
fn cards_without_number_wrong_numbers_and_other_keys_are_refused() {
    let mut world = World::new();
    let (id, share) = (
        world.home.id(),
        "[[share]]\nto = [\"dora\"]\nstreams = [\"x\"]\n",
    );
    let dora = world.home.member("dora").unwrap().card();
    let alice = world.home.member("alice").unwrap().card();
    let number = contact::safety_number(&id, &dora.key);
    let other = contact::safety_number(&id, &alice.key);
    let file = |name: &str, card: String, number: Option<&str>| {
        let number = number.map_or(String::new(), |n| format!("number = {n:?}\n"));
        format!("{share}[members.{name}]\ncard = {card:?}\n{number}")
    };
    let mut check = |text: String, expected: &[&str]| {
        assert_eq!(described(&refusals(&mut world, &text)), expected, "{text}");
    };
    check(
        file("dora", dora.to_text(), None),
        &["5:8 unverified-member"],
    );
    check(
        file("dora", dora.to_text(), Some(&other)),
        &["6:10 safety-number"],
    );
    check(
        file("dora", "EIOT:CARD:AAAA".into(), Some(&number)),
        &["5:8 policy-syntax"],
    );
    // Without the provider as a member, none of its features.
    let timeline = "[features.event-timeline]\nstreams = [\"x\"]\n";
    check(timeline.to_owned(), &["1:11 unverified-member"]);
    check(
        format!("provider = \"acme\"\n{timeline}"),
        &["1:12 unverified-member"],
    );
    // The account knows dora by her key: another one does not take her name.
    world
        .apply(
            "phone",
            &Policy::parse(&file("dora", dora.to_text(), Some(&number))).unwrap(),
        )
        .unwrap();
    let text = file("dora", alice.to_text(), Some(&other));
    assert_eq!(
        described(&refusals(&mut world, &text)),
        ["5:8 already-member"]
    );
}

#[test]
fn a_window_that_was_given_in_its_time_is_not_refused_when_it_has_passed() {
    let mut world = World::new();
    let text = "[[share]]\nto = [\"bob\"]\nstreams = [\"x\"]\n\
                from = 2027-01-15T09:00:00Z\nfor = \"1h\"\n";
    let policy = Policy::parse(text).unwrap();
    world.apply("phone", &policy).unwrap();
    world.home.clock.advance(3 * 3_600_000);
    // Nothing was recorded. The key is announced no more, and the file still holds.
    let steps = world.apply("phone", &policy).unwrap();
    assert_eq!(
        steps.iter().map(|s| s.kind()).collect::<Vec<_>>(),
        ["end-window"]
    );
    assert_eq!(world.apply("tablet", &policy), Ok(Vec::new()));
    // To carol it was not given in its time.
    let carol = text.replace("bob", "carol");
    assert_eq!(described(&refusals(&mut world, &carol)), ["4:8 no-clips"]);
}

#[test]
fn more_windows_than_an_announcement_holds_are_refused() {
    let mut world = World::new();
    let entry = |hour: u64| {
        let from = encryptediot_policy::times::show(START + hour * 3_600_000);
        format!("[[share]]\nto = [\"bob\"]\nstreams = [\"x\"]\nfrom = {from}\nfor = \"1h\"\n")
    };
    let text = |count: u64| (1..=count).map(entry).collect::<String>();
    assert_eq!(
        described(&refusals(&mut world, &text(64))),
        ["319:8 announcement-keys"]
    );
    world
        .apply("phone", &Policy::parse(&text(63)).unwrap())
        .unwrap();
    // What is there by hand and not in the file makes room.
    let soon = window(START, 1_000_000);
    let shared = world
        .home
        .share("phone", &["x"], &["bob"], Term::Window(soon));
    assert_eq!(reason(shared), "announcement-keys");
}

/// What is wrong is looked up in the text, from its beginning, each time.
#[test]
fn a_policy_has_64_kibibytes_at_most() {
    let comment = |length: usize| format!("#{}\n", "x".repeat(length - 2));
    assert!(Policy::parse(&comment(64 << 10)).is_ok());
    let refused = Policy::parse(&comment((64 << 10) + 1)).unwrap_err();
    assert_eq!(described(&refused), ["1:1 policy-syntax"]);
    // As many wrong names as fit, in one line.
    let names = "\"A\",".repeat((64 << 10) / 4 - 8);
    let begin = std::time::Instant::now();
    let refused = Policy::parse(&format!("lost-phones.names=[{names}]")).unwrap_err();
    assert!(refused.len() > 10_000, "{}", refused.len());
    assert!(begin.elapsed().as_secs() < 20, "{:?}", begin.elapsed());
}
