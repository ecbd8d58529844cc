//! Phones that the provider shows different histories, and phones that it shows an old one.

use encryptediot::acknowledgement::Acknowledgement;
use encryptediot::camera::Unpaired;
use encryptediot::cbor::Bytes;
use encryptediot::cloud::Cloud as _;
use encryptediot::cose;
use encryptediot::error::Result;
use encryptediot::evidence::{Challenge, Evidence};
use encryptediot::message;
use encryptediot::owner::Term;
use encryptediot::pairing::Offer;
use encryptediot::roster;
use encryptediot_testkit::household::window;
use encryptediot_testkit::*;

/// Two phones, each with a cloud of its own from one roster on. In the first `phone` shares y with alice, in the
/// second `tablet` shares x with bob: both make roster 4, and both members get number 1. Then the first cloud
/// shows what the second one has of x, and not its roster.
pub fn forked() -> (Home, Home) {
    let mut home = home();
    home.enroll("tablet", None).unwrap();
    home.sync_phone("phone").unwrap();
    home.sync_camera("door").unwrap();
    let (mut a, mut b) = (Saved::of(&home).load(31), Saved::of(&home).load(32));
    a.share("phone", &["y"], &["alice"], Term::UntilRevoked)
        .unwrap();
    b.share("tablet", &["x"], &["bob"], Term::UntilRevoked)
        .unwrap();
    let own = a.cloud.paths();
    for (path, bytes) in b.cloud.objects() {
        let shown = ["announcements/x", "grants", "backups"];
        let shown = shown
            .iter()
            .any(|folder| path.contains(&format!("/{folder}")));
        if shown && !own.contains(&path) {
            a.cloud.set(&path, bytes.to_vec());
        }
    }
    (a, b)
}

#[test]
fn a_stream_is_not_granted_to_another_historys_member() {
    let (mut a, _) = forked();
    assert_eq!(reason(a.rotate("phone", &["x"])), "fork");
    // The camera obeys one history: y was announced in it, x in another.
    let refused = a.sync_camera("door").unwrap().refused;
    let reasons: Vec<_> = refused.iter().map(|(_, why)| why.reason()).collect();
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    assert!(
        ["fork", "roster-chain"].contains(&reasons[0]),
        "{reasons:?}"
    );
    let clip = a.record("door", "x", b"for the owner").unwrap();
    a.sync_member("alice").unwrap();
    assert_eq!(
        reason(a.view_as_member("alice", "x", clip)),
        "nothing-granted"
    );
    assert_eq!(
        a.view_as_phone("phone", "x", clip).unwrap(),
        b"for the owner"
    );
}

#[test]
fn a_phone_is_told_that_the_camera_follows_another_history() {
    let (mut a, _) = forked();
    // x is not touched in this history: the camera acknowledges what the phone knows, and names another roster.
    let cloud = a.cloud.clone();
    let (id, path) = (a.id(), a.paths().acknowledgement(&n("x"), 2));
    let door = a.camera("door").unwrap();
    let key = camera_key(door);
    let head = door.head(&n("x")).unwrap();
    let signed = |roster| {
        let ack = Acknowledgement {
            camera: key.verifying_key(),
            stream: n("x"),
            epoch: head.epoch,
            announcement: head.hash,
            first: 1,
            time: START,
            roster,
        };
        cose::sign(&key, message::encode(&id, ack)).unwrap()
    };
    let own = a.phone("phone").unwrap().checkpoint().roster.unwrap();
    let later = roster::Head {
        number: own.number + 1,
        ..own
    };
    let other = roster::Head {
        hash: Bytes([7; 32]),
        ..own
    };
    // A later one may have been published since.
    for (roster, expected) in [(own, None), (later, None), (other, Some("fork"))] {
        cloud.set(&path, signed(roster));
        let status = a.phone("phone").unwrap().status(&cloud);
        assert_eq!(status.err().map(|error| error.reason()), expected);
    }
}

#[test]
fn a_past_share_of_another_history_is_not_taken() {
    let mut home = home();
    home.record("door", "x", b"clip").unwrap();
    home.enroll("tablet", None).unwrap();
    home.sync_phone("phone").unwrap();
    let (mut a, mut b) = (Saved::of(&home).load(51), Saved::of(&home).load(52));
    a.share("phone", &["y"], &["alice"], Term::UntilRevoked)
        .unwrap();
    b.share("tablet", &["y"], &["bob"], Term::UntilRevoked)
        .unwrap();
    let whole = window(START, 3_600_000);
    b.act("tablet", |owner, env| {
        owner.share_past(&n("x"), &ns(&["bob"]), whole, env)
    })
    .unwrap();
    let shares = |home: &mut Home| {
        let cloud = home.cloud.clone();
        let phone = home.phone("phone").unwrap();
        phone.past_shares(&cloud, &n("x")).map(|all| all.len())
    };
    assert_eq!(shares(&mut a), Ok(0));
    for path in b.cloud.under(&b.id(), "past") {
        a.cloud.set(&path, b.cloud.bytes(&path));
    }
    assert_eq!(reason(shares(&mut a)), "fork");
}

#[test]
fn a_camera_follows_one_history() {
    let (mut a, b) = forked();
    // The camera sees the second history alone.
    let first = a.cloud.objects();
    a.cloud.restore(b.cloud.objects());
    assert_eq!(a.sync_camera("door").unwrap().refused, []);
    let acknowledged = a.paths().acknowledgement(&n("y"), 3);
    a.cloud.restore(first);
    a.sync_camera("door").unwrap();
    assert!(
        !a.cloud.paths().contains(&acknowledged),
        "y is announced in the other history"
    );
}

fn pair(home: &mut Home, phone: &str, evidence: Option<&Evidence>) -> Result<()> {
    let offer = Offer::new(home.id(), home.now(), &mut rng(1));
    let (_, reply) = Unpaired::new(ns(&["z"])).pair(&offer, &home.clock, &mut rng(2))?;
    home.act(phone, |owner, env| {
        owner.add_camera(n("garden"), &offer, &reply, evidence, env)
    })
}

/// Three phones; `phone` loses `tablet`, the camera obeys, and `laptop` is shown what was before.
fn stale() -> (Home, Home) {
    let mut home = home();
    home.enroll("tablet", None).unwrap();
    home.enroll("laptop", None).unwrap();
    home.sync_phone("phone").unwrap();
    home.sync_camera("door").unwrap();
    let old = Saved::of(&home).load(41);
    home.lose("phone", "tablet").unwrap();
    home.sync_camera("door").unwrap();
    (home, old)
}

#[test]
fn no_camera_is_announced_with_keys_of_a_lost_phone() {
    let (mut now, mut old) = stale();
    assert_eq!(reason(pair(&mut old, "laptop", None)), "not-fresh");
    let challenge = Challenge::random(&mut rng(5));
    let (camera, clock, _) = now.at_camera("door");
    let signed = camera.answer(&challenge, clock).unwrap();
    let evidence = Evidence::Answer { challenge, signed };
    assert_eq!(
        reason(pair(&mut old, "laptop", Some(&evidence))),
        "not-fresh"
    );
    // An answer to another challenge may be from before the loss.
    let earlier = Challenge::random(&mut rng(6));
    let (camera, clock, _) = old.at_camera("door");
    let signed = camera.answer(&earlier, clock).unwrap();
    let replayed = Evidence::Answer { challenge, signed };
    assert_eq!(
        reason(pair(&mut old, "laptop", Some(&replayed))),
        "not-fresh"
    );
    // What another device has seen, by a local channel.
    let checkpoint = now.phone("phone").unwrap().checkpoint();
    let brought = Evidence::Checkpoint(checkpoint);
    assert_eq!(
        reason(pair(&mut old, "laptop", Some(&brought))),
        "checkpoint-mismatch"
    );
    // Where the phone sees what the camera obeys, it pairs: without the lost phone.
    assert_eq!(pair(&mut now, "laptop", Some(&evidence)), Ok(()));
    let lost = now.phones[&n("tablet")].keys();
    let laptop = now.phone("laptop").unwrap();
    let announced = &laptop.followed(&n("z")).unwrap().current;
    assert!(!announced.phones.contains(&lost));
}

#[test]
fn cameras_answer_by_way_of_the_cloud() {
    let (mut home, _) = stale();
    let cloud = home.cloud.clone();
    let laptop = home.phone("laptop").unwrap();
    laptop.sync(&cloud).unwrap();
    let challenge = laptop.ask(&cloud, &mut rng(7)).unwrap();
    assert_eq!(laptop.answer(&cloud, &challenge), Ok(None));
    home.sync_camera("door").unwrap();
    let laptop = home.phone("laptop").unwrap();
    let signed = laptop.answer(&cloud, &challenge).unwrap().unwrap();
    assert!(laptop.check_answer(&challenge, &signed).is_ok());
    laptop.withdraw(&cloud, &challenge).unwrap();
    let left = cloud.paths();
    assert!(
        !left
            .iter()
            .any(|p| p.contains("/challenges/") || p.contains("/answers/"))
    );
    // What no camera of the account has signed.
    let mut altered = signed.clone();
    *altered.last_mut().unwrap() ^= 1;
    assert_eq!(
        reason(laptop.check_answer(&challenge, &altered)),
        "invalid-signature"
    );
    let mut other = other_home();
    let (camera, clock, _) = other.at_camera("door");
    let foreign = camera.answer(&challenge, clock).unwrap();
    assert_eq!(
        reason(laptop.check_answer(&challenge, &foreign)),
        "wrong-account"
    );
}

#[test]
fn a_camera_answers_so_many_challenges_at_a_time() {
    let mut home = home();
    let cloud = home.cloud.clone();
    let asked: Vec<_> = (0..17)
        .map(|seed| home.phone("phone").unwrap().ask(&cloud, &mut rng(seed)))
        .map(Result::unwrap)
        .collect();
    // One that does not lie where it belongs is refused, and is in nobody's way.
    let odd = format!("{}/{}", home.paths().challenges(), "f".repeat(32));
    cloud.set(&odd, cloud.bytes(&home.paths().challenge(&asked[0])));
    let answered = |home: &Home| home.cloud.under(&home.id(), "answers").len();
    home.sync_camera("door").unwrap();
    assert_eq!(answered(&home), 16);
    let refused = home.sync_camera("door").unwrap().refused;
    assert_eq!(answered(&home), 17);
    let reasons: Vec<_> = refused.iter().map(|(_, why)| why.reason()).collect();
    assert_eq!(reasons, ["object-path"]);
    assert!(cloud.find(&odd).unwrap().is_some());
}

/// Every ring that a phone's instance key opens in the rosters of a cloud.
fn rings(home: &mut Home, phone: &str) -> Vec<usize> {
    let instance = loot(&store_phone(home.phone(phone).unwrap())).instance;
    let id = home.id();
    let rosters = home.cloud.under(&id, "roster");
    let opened = rosters.iter().filter_map(|path| {
        let roster = roster::open(&home.root(), &id, &home.cloud.bytes(path)).unwrap();
        roster::open_ring(&id, &roster.roster, &instance).ok()
    });
    opened.map(|ring| ring.keys.len()).collect()
}

/// Three phones, of which the tablet is lost; and the account as it was before, with the vault of now.
fn loss_hidden() -> (Home, Home) {
    let mut home = home();
    home.enroll("tablet", None).unwrap();
    home.enroll("laptop", None).unwrap();
    home.sync_phone("tablet").unwrap();
    let before = Saved::of(&home);
    home.lose("phone", "tablet").unwrap();
    let shown = before.load(33);
    let vault = home.paths().vault(2);
    shown.cloud.set(&vault, home.cloud.bytes(&vault).to_vec());
    (home, shown)
}

#[test]
fn a_new_phone_gives_a_lost_one_no_later_ring_key() {
    let (_, mut shown) = loss_hidden();
    let before = rings(&mut shown, "tablet");
    shown.enroll("desk", None).unwrap();
    let after = rings(&mut shown, "tablet");
    assert!(after.len() > before.len());
    assert_eq!(after.iter().max(), Some(&1));
    // A vault from before a loss does not do.
    let mut old = home();
    old.enroll("tablet", None).unwrap();
    let vault = old.cloud.bytes(&old.paths().vault(1)).to_vec();
    old.lose("phone", "tablet").unwrap();
    old.cloud.delete(&old.paths().vault(2)).unwrap();
    old.cloud.set(&old.paths().vault(1), vault);
    assert_eq!(reason(old.enroll("desk", None)), "vault-rollback");
}

#[test]
fn a_phone_that_drops_another_gives_a_lost_one_no_later_ring_key() {
    let (_, mut shown) = loss_hidden();
    shown.lose("phone", "laptop").unwrap();
    // The key of this loss, and not that of the hidden one.
    assert_eq!(rings(&mut shown, "tablet").iter().max(), Some(&2));
    // Who enrolls then has the ring that the roster's phones have.
    shown.enroll("desk", None).unwrap();
    let ring = |home: &mut Home, phone| loot(&store_phone(home.phone(phone).unwrap())).ring;
    let desk = ring(&mut shown, "desk");
    assert!(desk.continues(&ring(&mut shown, "phone")));
}

#[test]
fn a_vault_that_lacks_the_rosters_ring_key_is_mended_by_the_next_act() {
    let (mut home, mut shown) = loss_hidden();
    shown.lose("phone", "laptop").unwrap();
    let vault = home.paths().vault(3);
    home.cloud.set(&vault, shown.cloud.bytes(&vault).to_vec());
    assert_eq!(reason(home.enroll("desk", None)), "sealed-open");
    home.rotate("phone", &["x"]).unwrap();
    home.enroll("desk", None).unwrap();
}
