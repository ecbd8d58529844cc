//! Policies as people write them, step by step.

use std::time::Instant;

use encryptediot::contact;
use encryptediot::owner::Term;
use encryptediot_policy::{Policy, Step, Why};
use encryptediot_testkit::household::window;

use crate::oracle::Oracle;
use crate::world::{World, failed_with};
use encryptediot_testkit::*;

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;

/// A moment, hours from the beginning of households.
fn at(hours: i64) -> String {
    encryptediot_policy::times::show(START.saturating_add_signed(hours * HOUR as i64))
}

/// Card and number of a member whom only the file knows.
fn member(world: &mut World, name: &str) -> String {
    let card = world.home.member(name).unwrap().card();
    let number = contact::safety_number(&world.home.id(), &card.key);
    let card = card.to_text();
    format!("[members.{name}]\ncard = {card:?}\nnumber = {number:?}\n")
}

fn kinds(steps: &[Step]) -> Vec<&'static str> {
    steps.iter().map(Step::kind).collect()
}

/// A file with something of everything.
fn everything(world: &mut World) -> String {
    let (acme, dora) = (member(world, "acme"), member(world, "dora"));
    let (before, from, until) = (at(-2), at(4), at(6));
    format!(
        r#"lease = "3d"
provider = "acme"
{acme}{dora}
[[share]]
to = ["carol"]
streams = "all"

[[share]]
to = ["bob"]
streams = ["x"]
from = {before}
for = "480m"

[[share]]
to = ["dora"]
streams = ["y"]
from = {from}
until = {until}

[features.event-timeline]
streams = ["x"]

[features.preview-alerts]
streams = ["x"]

[features.live-view]
streams = ["x", "y"]
delay = "5s"

[lost-phones]
names = ["third"]
"#
    )
}

/// A world in which that file changes something of everything.
fn world() -> World {
    let mut world = World::new();
    world.record("x");
    let (now, home) = (world.now(), &mut world.home);
    let ago = now - 3 * HOUR;
    home.share("phone", &[], &["alice"], Term::AllStreams)
        .unwrap();
    home.share("phone", &["y"], &["acme"], Term::UntilRevoked)
        .unwrap();
    let (short, long) = (window(START - 2 * HOUR, 3 * HOUR), window(ago, 4 * DAY));
    home.share("phone", &["x"], &["bob"], Term::Window(short))
        .unwrap();
    home.share("phone", &["y"], &["bob"], Term::Window(long))
        .unwrap();
    let soon = window(START - HOUR, HOUR + 10_000);
    home.share("phone", &["x"], &["alice"], Term::Window(soon))
        .unwrap();
    home.clock.advance(20_000);
    world.stolen = vec![store_phone(&world.home.phones[&n("third")])];
    world
}

#[test]
fn a_plan_says_what_is_done_and_who_gains_and_who_loses() {
    let mut world = world();
    let policy = Policy::parse(&everything(&mut world)).unwrap();
    let plan = world.plan("phone", &policy).unwrap();
    insta::assert_snapshot!(plan.to_string());
    let writes = world.home.cloud.writes();
    world.plan("phone", &policy).unwrap();
    assert_eq!(world.home.cloud.writes(), writes, "a plan writes nothing");
    world.apply("phone", &policy).unwrap();
    let plan = world.plan("phone", &policy).unwrap();
    insta::assert_snapshot!(plan.to_string(), @"The account is as the policy states: nothing to do.");
}

#[test]
fn drift_is_told_and_taken_away() {
    let mut world = world();
    let text = everything(&mut world);
    let policy = Policy::parse(&text).unwrap();
    let reported = |world: &mut World| -> Vec<String> {
        let drift = world.drift("phone", &policy);
        let name = |name: Option<encryptediot::keys::Name>| {
            name.map_or_else(|| "-".to_owned(), |name| name.to_string())
        };
        let reported = drift
            .into_iter()
            .map(|d| format!("{} {} {}", d.kind, name(d.stream), name(d.who)));
        reported.collect()
    };
    insta::assert_snapshot!(reported(&mut world).join("\n"));
    world.apply("phone", &policy).unwrap();
    assert_eq!(
        reported(&mut world),
        ["not-acknowledged x -", "not-acknowledged y -"]
    );
    world.sync_cameras();
    assert_eq!(reported(&mut world), [] as [&str; 0]);
    // A window passes, a lease ends soon, and then it is over.
    world.home.clock.advance(2 * DAY);
    let later = ["end-window", "end-window"].len();
    assert_eq!(reported(&mut world).len(), later);
    assert!(
        reported(&mut world)
            .iter()
            .all(|d| d.starts_with("past-window"))
    );
    world.apply("phone", &policy).unwrap();
    world.sync_cameras();
    world.home.clock.advance(2 * DAY);
    assert_eq!(reported(&mut world), ["lease-ends x -", "lease-ends y -"]);
    world.home.clock.advance(2 * DAY);
    assert_eq!(reported(&mut world), ["lease-over x -", "lease-over y -"]);
    assert_eq!(
        kinds(&world.apply("tablet", &policy).unwrap()),
        ["renew-lease"; 2]
    );
    let before = world.access(0);
    assert_eq!(world.differs(&Oracle::of(&text), &before), None);
}

#[test]
fn a_lost_phone_that_was_half_dropped_is_found_and_finished() {
    let mut world = World::new();
    let text = "lease = \"7d\"\n";
    let policy = Policy::parse(text).unwrap();
    world.stolen = vec![store_phone(&world.home.phones[&n("third")])];
    let mut whole = world.copy();
    let before = whole.home.cloud.writes();
    whole.home.lose("phone", "third").unwrap();
    world
        .home
        .cloud
        .lie_after(whole.home.cloud.writes() - before - 1);
    assert_eq!(reason(world.home.lose("phone", "third")), "conflict");
    world.home.cloud.work_again();
    let plan = world.plan("tablet", &policy).unwrap();
    let stale = Step::Rotate {
        stream: n("y"),
        why: Why::PredatesLoss,
    };
    assert_eq!(plan.steps, [stale]);
    // Left alone, the lost phone opens what is recorded.
    let (oracle, before) = (Oracle::of(text), world.access(0));
    let mut broken = world.copy();
    broken.apply_without("tablet", &policy, "rotate");
    let found = broken.differs(&oracle, &before).unwrap();
    assert!(found.starts_with("a lost phone opens y/"), "{found}");
    world.apply("tablet", &policy).unwrap();
    assert_eq!(world.differs(&oracle, &before), None);
}

#[test]
fn a_stream_that_comes_later_goes_to_those_with_every_stream() {
    let mut world = World::new();
    let text = "lease = \"7d\"\n[[share]]\nto = [\"carol\"]\nstreams = \"all\"\n";
    let policy = Policy::parse(text).unwrap();
    assert_eq!(
        kinds(&world.apply("phone", &policy).unwrap()),
        ["all-streams"]
    );
    world.home.pair("phone", "garden", &["z"]).unwrap();
    assert_eq!(world.apply("phone", &policy), Ok(Vec::new()));
    let clip = world.record("z");
    assert!(world.access(clip).contains(&(clip, "carol")));
    assert_eq!(world.access(clip).len(), 1);
}

#[test]
fn while_a_phone_is_named_as_lost_shares_may_end() {
    let mut world = World::new();
    let share = "[[share]]\nto = [\"bob\"]\nstreams = [\"x\"]\n";
    let lost = "[lost-phones]\nnames = [\"third\"]\nshares = \"end\"\n";
    let policy = |text: &str| Policy::parse(text).unwrap();
    world.apply("phone", &policy(share)).unwrap();
    let ended = policy(&format!("{share}{lost}"));
    let steps = world.apply("phone", &ended).unwrap();
    assert_eq!(kinds(&steps), ["drop-phone", "revoke"]);
    world.sync_cameras();
    let clip = world.record("x");
    assert_eq!(world.access(clip).len(), 0);
    assert_eq!(
        kinds(&world.apply("phone", &policy(share)).unwrap()),
        ["grant"]
    );
    world.sync_cameras();
    let clip = world.record("x");
    assert!(world.access(clip).contains(&(clip, "bob")));
}

#[test]
fn every_write_may_be_the_last_before_the_cloud_fails() {
    let mut whole = world();
    let text = everything(&mut whole);
    let (policy, oracle) = (Policy::parse(&text).unwrap(), Oracle::of(&text));
    let before = whole.access(0);
    let start = whole.copy();
    let writes = whole.home.cloud.writes();
    whole.apply("phone", &policy).unwrap();
    let count = whole.home.cloud.writes() - writes;
    assert!(count > 20, "{count} writes");
    let mut start = start;
    for (writes, other) in (0..count).step_by(3).zip([true, false].into_iter().cycle()) {
        let mut world = start.copy();
        world.home.cloud.fail_after(writes);
        let error = world.apply("phone", &policy).unwrap_err();
        assert!(failed_with(&error, &["store-unavailable"]), "{error}");
        world.home.cloud.work_again();
        // The tablet goes on, unless it needs what the phone alone has.
        if other && let Err(error) = world.apply("tablet", &policy) {
            let waits = failed_with(&error, &["object-missing"]);
            assert!(waits, "after {writes} writes: {error}");
        }
        let _ = world.home.sync_phone("phone");
        world.apply("phone", &policy).unwrap();
        let differs = world.differs(&oracle, &before);
        assert_eq!(differs, None, "after {writes} writes");
    }
}

/// The figures for a small account: 2 cameras, 4 streams, 6 members. Run with
/// `cargo test --release -p encryptediot --test policy -- --ignored --nocapture small_account`.
#[test]
#[ignore = "measures"]
fn what_a_small_account_costs() {
    let mut home = home();
    home.pair("phone", "garden", &["z", "w"]).unwrap();
    let names = ["ann", "ben", "cy", "dan", "eve", "acme"];
    let contacts = names.map(|name| (n(name), home.meet(name).unwrap()));
    let contacts = std::collections::BTreeMap::from(contacts);
    let text = "provider = \"acme\"\n\
        [[share]]\nto = [\"ann\"]\nstreams = \"all\"\n\
        [[share]]\nto = [\"ben\", \"cy\"]\nstreams = [\"x\", \"y\"]\n\
        [[share]]\nto = [\"dan\", \"eve\"]\nstreams = [\"z\", \"w\"]\nfrom = 2027-01-15T08:00:00Z\n\
        for = \"9h\"\n[features.event-timeline]\nstreams = [\"x\", \"z\"]\n";
    let policy = Policy::parse(text).unwrap();
    let (cloud, now) = (home.cloud.clone(), home.now());
    for round in ["changes everything", "changes nothing"] {
        let start = Instant::now();
        let phone = home.phone("phone").unwrap();
        let plan = encryptediot_policy::Plan::of(&policy, &contacts, phone, &cloud, now).unwrap();
        let planned = start.elapsed();
        let writes = cloud.writes();
        let start = Instant::now();
        let applied = home.act("phone", |owner, env| {
            Ok(encryptediot_policy::apply(&policy, &contacts, owner, env))
        });
        let applied = applied.unwrap().unwrap();
        println!(
            "{round}: {} steps; plan {planned:?}; apply {:?}, {} writes",
            plan.steps.len(),
            start.elapsed(),
            cloud.writes() - writes
        );
        assert_eq!(applied, plan.steps);
    }
}
