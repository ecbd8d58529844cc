//! What a provider that cheats achieves under the schemes that the paper describes, and what comes
//! of the same attempt under the repaired one. Each test names the erratum in SPEC.

use encryptediot::cloud::{Cloud as _, Paths};
use encryptediot::contact::{Card, VerifiedMember, safety_number};
use encryptediot::cose;
use encryptediot::crypto::{KemPublic, KemSecret, RsaSigningKey, SecretBytes, SigningKey};
use encryptediot::household::{Household, name};
use encryptediot::owner::Term;
use encryptediot::scheme::account::{self, place};
use encryptediot::scheme::envelope::{self, Recipient, Secret};
use encryptediot::scheme::paper::{self, Paper};
use encryptediot::scheme::repaired::Repaired;
use encryptediot::scheme::ring::{Reading, Ring};
use encryptediot::scheme::{Scheme, Who, World};
use encryptediot::{Result, clip};

const STREAM: &str = "video";

fn ring() -> Ring {
    let mut ring = Ring::new(World::new(1).unwrap(), Reading::Consistent).unwrap();
    ring.pair("door", &[STREAM]).unwrap();
    ring
}

fn paper() -> Paper {
    let mut paper = Paper::new(World::new(1).unwrap()).unwrap();
    paper.pair("door", &[STREAM]).unwrap();
    paper
}

fn repaired() -> Household {
    let mut repaired = Repaired::new(1).unwrap();
    repaired.pair("door", &[STREAM]).unwrap();
    repaired.home
}

fn reason<T>(result: Result<T>) -> &'static str {
    result.map(drop).unwrap_err().reason()
}

/// E1: the literal text of section 3.2.1 leaves a second phone without the ADK.
#[test]
fn a_second_phone_reads_old_clips_in_the_consistent_reading_alone() {
    let mut ring = ring();
    ring.record("door", STREAM, b"old", 1_000).unwrap();
    ring.enroll("second").unwrap();
    let old = ring.view(Who::Phone("second"), STREAM, 1).unwrap();
    assert_eq!(old, b"old");
    let mut literal = Ring::new(World::new(1).unwrap(), Reading::Literal).unwrap();
    assert_eq!(reason(literal.enroll("second")), "sealed-open");
}

/// E7: without the ADK, nothing opens for a later phone what was not shared with anybody.
#[test]
fn a_second_phone_reads_old_clips_under_the_repaired_scheme_and_not_under_the_papers() {
    let mut paper = paper();
    paper.record("door", STREAM, b"old", 1_000).unwrap();
    paper.enroll("second").unwrap();
    let old = paper.view(Who::Phone("second"), STREAM, 1);
    assert_eq!(reason(old), "no-envelope");
    let mut home = repaired();
    home.record("door", STREAM, b"old").unwrap();
    home.enroll("second", None).unwrap();
    assert_eq!(home.view_as_phone("second", STREAM, 1).unwrap(), b"old");
}

/// E2: the provider serves a PDK and an ASK of its own, and the next camera is paired with them.
#[test]
fn the_provider_replaces_the_root() {
    let mut ring = ring();
    let mine = RsaSigningKey::generate(&mut ring.world.rng).unwrap();
    let pdk = SecretBytes::new([1; 32]);
    let ik = ring.world.cloud.get(&place::instance("phone")).unwrap();
    let ik = account::verify_kem(&account::root(&ring.world).unwrap(), &ik).unwrap();
    let blob = account::wrap(&mut ring.world, &ik, pdk.as_bytes()).unwrap();
    ring.world.cloud.put(&place::pdk("phone"), &blob).unwrap();
    let pkcs8 = mine.to_pkcs8().unwrap();
    let blob = cose::seal(&pdk, &[], &pkcs8, &mut ring.world.rng).unwrap();
    ring.world.cloud.put(place::ASK, &blob).unwrap();
    ring.pair("garden", &["garden"]).unwrap();
    let (root, _) = &ring.cameras["garden"];
    assert_eq!(root, mine.public(), "the camera obeys the provider");

    let (mut home, other) = (repaired(), Household::in_memory(2).unwrap());
    let theirs = other.cloud.get(&Paths(other.account().unwrap()).vault(1));
    let vault = Paths(home.account().unwrap()).vault(1);
    home.cloud.put(&vault, &theirs.unwrap()).unwrap();
    assert_eq!(reason(home.act("phone", |_, _| Ok(()))), "wrong-account");
}

/// E5: whoever knows the public IK makes a clip that the owner is shown.
#[test]
fn the_provider_makes_a_clip() {
    let mut ring = ring();
    let ik = ring.world.cloud.get(&place::instance("phone")).unwrap();
    let ik = account::verify_kem(&account::root(&ring.world).unwrap(), &ik).unwrap();
    let forged = b"nobody was at the door";
    let to = [Recipient::Ecc(ik)];
    let clip = envelope::record(&mut ring.world, STREAM, forged, (0, 1), &to).unwrap();
    let shown = ring.view(Who::Phone("phone"), STREAM, clip).unwrap();
    assert_eq!(shown, forged, "shown as the camera's");

    let mut home = repaired();
    let recorded = home.record_only("door", STREAM, b"genuine", 1_000).unwrap();
    let (account, camera) = (
        home.account().unwrap(),
        &home.cameras[&name("door").unwrap()],
    );
    let genuine = clip::open(
        &account,
        &camera.verifying_key(),
        &name(STREAM).unwrap(),
        &recorded.manifest,
    );
    let mine = SigningKey::generate(&mut home.rng).unwrap();
    let forged = clip::sign(&mine, &account, genuine.unwrap().body).unwrap();
    let paths = Paths(account);
    home.cloud
        .put(&paths.body(&recorded.clip), &recorded.body)
        .unwrap();
    let place = paths.manifest(&name(STREAM).unwrap(), recorded.sequence);
    home.cloud.put(&place, &forged).unwrap();
    let shown = home.view_as_phone("phone", STREAM, recorded.sequence);
    assert_eq!(reason(shown), "invalid-signature");
}

/// E16: the directory names the provider's own key as Bob's.
#[test]
fn the_provider_replaces_a_members_key() {
    let mut paper = paper();
    paper.register("bob").unwrap();
    let mine = KemSecret::generate(&mut paper.world.rng).unwrap();
    let place = paper::directory("bob");
    paper
        .world
        .cloud
        .put(&place, mine.public().as_bytes())
        .unwrap();
    paper.share(&[STREAM], "bob", Term::UntilRevoked).unwrap();
    let clip = paper.record("door", STREAM, b"private", 1_000).unwrap();
    let grants = paper.world.cloud.list(&paper::grants("bob")).unwrap();
    let grant = account::unwrap(&mine, &paper.world.cloud.get(&grants[0]).unwrap()).unwrap();
    let secret = <&[u8; 32]>::try_from(&grant[grant.len() - 32..]).unwrap();
    let secret = KemSecret::from_bytes(secret).unwrap();
    let read = envelope::open(&mut paper.world, STREAM, clip, &[Secret::Ecc(&secret)]);
    assert_eq!(read.unwrap(), b"private", "the provider reads");

    let mut home = repaired();
    let account = home.account().unwrap();
    let bob = KemSecret::generate(&mut home.rng).unwrap();
    let shown = safety_number(&account, &bob.public());
    let swapped = Card::new(name("bob").unwrap(), mine.public());
    let verified = VerifiedMember::by_comparison(&account, swapped, &shown);
    assert_eq!(reason(verified), "safety-number");
}

/// E15: anybody encrypts a key of its own to Bob, who takes it for Alice's and sees what they like.
#[test]
fn anybody_makes_a_grant() {
    let mut paper = paper();
    paper.register("bob").unwrap();
    let mine = KemSecret::generate(&mut paper.world.rng).unwrap();
    let bob = paper.world.cloud.get(&paper::directory("bob")).unwrap();
    let bob = KemPublic::from_bytes(&bob).unwrap();
    let grant = paper::grant(&mut paper.world, &bob, [0; 16], &mine).unwrap();
    let place = format!("{}/0", paper::grants("bob"));
    paper.world.cloud.put(&place, &grant).unwrap();
    let to = [Recipient::Ecc(mine.public())];
    let clip = envelope::record(&mut paper.world, STREAM, b"forged", (0, 1), &to).unwrap();
    let shown = paper.view(Who::Member("bob"), STREAM, clip).unwrap();
    assert_eq!(shown, b"forged", "shown as Alice's");

    // An introduction that another root signed is refused, so there is no key to look with.
    let mut home = repaired();
    home.meet("bob").unwrap();
    let mut other = Household::in_memory(2).unwrap();
    other.pair("phone", "door", &[STREAM]).unwrap();
    other.members.insert(
        name("bob").unwrap(),
        home.members.remove(&name("bob").unwrap()).unwrap(),
    );
    other
        .share("phone", &[STREAM], &["bob"], Term::UntilRevoked)
        .unwrap();
    let bob = other.members.remove(&name("bob").unwrap()).unwrap();
    let (from, to) = (
        Paths(other.account().unwrap()),
        Paths(home.account().unwrap()),
    );
    let key = encryptediot::keys::kem_id(&bob.card().key);
    home.members.insert(name("bob").unwrap(), bob);
    let forged = other.cloud.get(&from.introduction(key, 1)).unwrap();
    home.cloud.put(&to.introduction(key, 1), &forged).unwrap();
    let news = home.sync_member("bob").unwrap();
    assert_eq!(news.introductions, 0);
    assert_eq!(news.refused[0].1.reason(), "invalid-signature");
}

/// E12 and E13: the cloud shows the camera the keys from before a revocation again.
#[test]
fn the_provider_takes_a_revocation_back() {
    let mut paper = paper();
    paper.share(&[STREAM], "bob", Term::UntilRevoked).unwrap();
    let before = paper.world.cloud.get(&paper::current(STREAM)).unwrap();
    paper.revoke(&[STREAM], "bob").unwrap();
    let clip = paper.record("door", STREAM, b"one", 1_000).unwrap();
    assert_eq!(
        reason(paper.view(Who::Member("bob"), STREAM, clip)),
        "no-envelope"
    );
    paper
        .world
        .cloud
        .put(&paper::current(STREAM), &before)
        .unwrap();
    let clip = paper.record("door", STREAM, b"two", 1_000).unwrap();
    let read = paper.view(Who::Member("bob"), STREAM, clip).unwrap();
    assert_eq!(
        read, b"two",
        "the revoked member reads on, and nobody notices"
    );

    let mut home = repaired();
    home.share("phone", &[STREAM], &["bob"], Term::UntilRevoked)
        .unwrap();
    home.sync_camera("door").unwrap();
    let paths = Paths(home.account().unwrap());
    let before = home
        .cloud
        .get(&paths.announcement(&name(STREAM).unwrap(), 2))
        .unwrap();
    home.revoke("phone", &[STREAM], "bob").unwrap();
    let status = home.phones[&name("phone").unwrap()]
        .status(&*home.cloud)
        .unwrap();
    assert!(
        status.iter().all(|stream| stream.acknowledged.is_none()),
        "while it is withheld, the owner is not told that it is in effect"
    );
    home.sync_camera("door").unwrap();
    let camera = home.cameras.get_mut(&name("door").unwrap()).unwrap();
    let again = camera.accept(&before, &home.clock);
    assert_eq!(reason(again), "announcement-rollback");
}
