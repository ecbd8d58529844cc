//! What a provider that cheats achieves under the schemes that the paper describes, and what comes
//! of the same attempt under the repaired one. Each test names the erratum in SPEC.

use encryptediot::announcement::Window;
use encryptediot::cbor::{self, Bytes};
use encryptediot::cloud::{Cloud, Paths};
use encryptediot::contact::{Card, VerifiedMember, safety_number};
use encryptediot::cose;
use encryptediot::crypto::{
    KemPublic, KemSecret, RsaSigningKey, SecretBytes, SigningKey, hpke_open,
};
use encryptediot::owner::{self, Term};
use encryptediot::{Result, action, clip, keys, link, message, roster, unlock};
use encryptediot_schemes::oaep::{OaepPublic, OaepSecret};
use encryptediot_schemes::scheme::account::{self, place};
use encryptediot_schemes::scheme::envelope::{self, Recipient, Secret};
use encryptediot_schemes::scheme::paper::{self, Paper};
use encryptediot_schemes::scheme::ring::{Reading, Ring};
use encryptediot_schemes::scheme::{Scheme, Who, World};
use encryptediot_testkit::household::{Household, window};
use encryptediot_testkit::{Home, home, n, other_home, reason};
use minicbor::bytes::ByteVec;

const STREAM: &str = "x";

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

/// Unlocks the phone without the passphrase.
fn unlock_kept(home: &mut Household) -> Result<()> {
    let now = home.now();
    let phone = home.phones.get_mut(&n("phone")).unwrap();
    let env = owner::Env {
        cloud: &*home.cloud,
        now,
        save: &|_| Ok(()),
        rng: &mut home.rng,
    };
    phone.unlock_kept(&env).map(drop)
}

fn put(cloud: &dyn Cloud, path: &str, bytes: &[u8]) {
    cloud.put(path, bytes).unwrap();
}

fn get(cloud: &dyn Cloud, path: &str) -> Vec<u8> {
    cloud.get(path).unwrap()
}

/// The public IK of the phone, as its certificate in the cloud has it.
fn instance(world: &World) -> KemPublic {
    let certificate = get(&world.cloud, &place::instance("phone"));
    account::verify_kem(&account::root(world).unwrap(), &certificate).unwrap()
}

/// What is announced of a stream of the paper's scheme.
fn announced(paper: &Paper) -> Vec<(ByteVec, Option<Window>)> {
    cbor::decode(&get(&paper.world.cloud, &paper::current(STREAM))).unwrap()
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
    let mut home = home();
    home.record("door", STREAM, b"old").unwrap();
    home.enroll("second", None).unwrap();
    assert_eq!(home.view_as_phone("second", STREAM, 1).unwrap(), b"old");
}

/// The provider serves the phone a PDK and an ASK of its own.
fn replace_root(world: &mut World) -> RsaSigningKey {
    let mine = RsaSigningKey::generate(&mut world.rng).unwrap();
    let pdk = SecretBytes::new([1; 32]);
    let ik = instance(world);
    let blob = account::wrap(world, &ik, pdk.as_bytes()).unwrap();
    put(&world.cloud, &place::pdk("phone"), &blob);
    let pkcs8 = mine.to_pkcs8().unwrap();
    let blob = cose::seal(&pdk, &[], &pkcs8, &mut world.rng).unwrap();
    put(&world.cloud, place::ASK, &blob);
    mine
}

/// E2: the provider serves a PDK and an ASK of its own, and the next camera is paired with them; then
/// it reads whatever that camera records.
#[test]
fn the_provider_replaces_the_root() {
    for reading in [Reading::Consistent, Reading::Literal] {
        let mut ring = Ring::new(World::new(1).unwrap(), reading).unwrap();
        let mine = replace_root(&mut ring.world);
        ring.pair("garden", &["garden"]).unwrap();
        let (root, _) = &ring.cameras["garden"];
        assert_eq!(root, mine.public(), "the camera obeys the provider");
        let (own, adk) = (
            KemSecret::generate(&mut ring.world.rng).unwrap(),
            OaepSecret::generate(&mut ring.world.rng).unwrap(),
        );
        let (ik, adk) = (own.public(), adk.public());
        let modulus = adk.modulus();
        account::certify(
            &mut ring.world,
            &mine,
            &place::instance("phone"),
            ik.as_bytes(),
        )
        .unwrap();
        account::certify(&mut ring.world, &mine, "certificates/adk", modulus).unwrap();
        let clip = ring.record("garden", "garden", b"private", 1_000).unwrap();
        let read = envelope::open(&mut ring.world, "garden", clip, &[Secret::Ecc(&own)]);
        assert_eq!(read.unwrap(), b"private", "the provider reads");
    }

    let (mut home, other) = (home(), other_home());
    let theirs = other.cloud.get(&other.paths().vault(1));
    let vault = home.paths().vault(1);
    put(&home.cloud, &vault, &theirs.unwrap());
    assert_eq!(reason(home.act("phone", |_, _| Ok(()))), "wrong-account");
}

/// E2, of the paper's scheme: whatever the owner does next, it does with the provider's ASK.
#[test]
fn the_provider_replaces_the_papers_root() {
    let mut paper = paper();
    let mine = replace_root(&mut paper.world);
    // What the owner's stream keys are backed up under is the provider's as well.
    let ik = instance(&paper.world);
    let blob = account::wrap(&mut paper.world, &ik, &[2; 32]).unwrap();
    put(&paper.world.cloud, &place::new_key("phone"), &blob);
    paper.share(&[STREAM], "bob", Term::UntilRevoked).unwrap();
    let keys = announced(&paper);
    assert!(account::verify_kem(mine.public(), &keys[0].0).is_ok());
    let backup = paper.world.cloud.list("backups").unwrap().remove(0);
    let backup = get(&paper.world.cloud, &backup);
    let dsk = cose::unseal(&SecretBytes::new([2; 32]), &[], &backup).unwrap();
    assert_eq!(dsk.len(), 32, "the provider opens the backup");
    paper.pair("garden", &["garden"]).unwrap();

    // Of the repaired scheme this is a history in `conformance/pairs.toml` (NO_PIN).
    let mut home = home();
    assert_eq!(reason(unlock_kept(&mut home)), "no-unlock-blob");
}

/// E4: whoever has a phone has the account, without a passphrase.
#[test]
fn one_phones_key_opens_the_account() {
    for reading in [Reading::Consistent, Reading::Literal] {
        let ring = Ring::new(World::new(1).unwrap(), reading).unwrap();
        let (stolen, _) = &ring.phones["phone"];
        let ask = account::unlock(&ring.world, stolen).unwrap();
        assert_eq!(*ask.public(), account::root(&ring.world).unwrap());
    }

    let mut home = home();
    assert_eq!(reason(unlock_kept(&mut home)), "no-unlock-blob");
}

/// E3 in the model is one blob that is taken for another. In bytes, a key of 32 and a key in PKCS #8
/// cannot be confused; the PDK and the new key, both of 32 bytes and both under the IK, can.
#[test]
fn one_blob_is_taken_for_another() {
    let ring = ring();
    let (phone, _) = &ring.phones["phone"];
    let pdk = get(&ring.world.cloud, &place::pdk("phone"));
    put(&ring.world.cloud, &place::new_key("phone"), &pdk);
    let new_key = account::new_key(&ring.world, phone).unwrap();
    let ask = get(&ring.world.cloud, place::ASK);
    let opened = cose::unseal(&new_key, &[], &ask).unwrap();
    let adk = OaepSecret::from_pkcs8(&opened).unwrap();
    let root = account::root(&ring.world).unwrap();
    assert_eq!(
        adk.public().modulus(),
        root.modulus(),
        "the ASK serves as the ADK"
    );

    // The ring's wrapping to the IK and the unlock object have contexts of their own.
    let mut home = home();
    home.act("phone", |owner, env| owner.keep_unlocked(env))
        .unwrap();
    let (account, phone) = (home.id(), home.phones[&n("phone")].keys());
    let paths = Paths(account);
    let roster = get(&home.cloud, &paths.roster(2));
    let root = keys::decode_root(&account, &get(&home.cloud, &paths.root()));
    let roster = roster::open(&root.unwrap(), &account, &roster)
        .unwrap()
        .roster;
    let (phone, pdk) = (keys::kem_id(&phone.instance), roster.phones[0].ring.clone());
    let blob = message::encode(&account, unlock::Unlock { phone, pdk });
    put(&home.cloud, &paths.unlock(phone), &blob);
    assert_eq!(reason(unlock_kept(&mut home)), "sealed-open");
}

/// E2 and E3 of the ADK: anybody encrypts a new key to the IK (or, by the literal text, to the ASK),
/// and an ADK under it; the phone takes both.
#[test]
fn a_phone_takes_the_providers_adk() {
    let mut ring = ring();
    let mine = OaepSecret::generate(&mut ring.world.rng).unwrap();
    let new_key = SecretBytes::new([3; 32]);
    let ik = ring.phones["phone"].0.ik.public();
    let blob = account::wrap(&mut ring.world, &ik, new_key.as_bytes()).unwrap();
    put(&ring.world.cloud, &place::new_key("phone"), &blob);
    let pkcs8 = mine.to_pkcs8();
    let blob = cose::seal(&new_key, &[], pkcs8, &mut ring.world.rng).unwrap();
    put(&ring.world.cloud, "account/adk", &blob);
    let taken = account::new_key(&ring.world, &ring.phones["phone"].0).unwrap();
    let adk = cose::unseal(&taken, &[], &get(&ring.world.cloud, "account/adk")).unwrap();
    let adk = OaepSecret::from_pkcs8(&adk).unwrap();
    assert_eq!(adk.public().modulus(), mine.public().modulus());

    let mut literal = Ring::new(World::new(1).unwrap(), Reading::Literal).unwrap();
    let root = account::root(&literal.world).unwrap();
    let ask = OaepPublic::from_modulus(root.modulus()).unwrap();
    let blob = ask
        .seal(new_key.as_bytes(), &mut literal.world.rng)
        .unwrap();
    put(&literal.world.cloud, place::NEW_KEY, &blob);
    let blob = cose::seal(&new_key, &[], pkcs8, &mut literal.world.rng).unwrap();
    put(&literal.world.cloud, "account/adk", &blob);
    // Recovery stops before it where the new key is looked for under the PDK first.
    let second = literal.enroll("second");
    let opened = OaepSecret::from_pkcs8(
        &account::unlock(&literal.world, &literal.phones["phone"].0)
            .unwrap()
            .to_pkcs8()
            .unwrap(),
    );
    let served = get(&literal.world.cloud, place::NEW_KEY);
    let taken = opened
        .unwrap()
        .open(&served, &mut literal.world.rng)
        .unwrap();
    assert_eq!(
        **taken, [3; 32],
        "the new key that the text has the ASK decrypt"
    );
    assert_eq!(reason(second), "sealed-open");
}

/// E5 and gap 3.2.2: nobody remembers what was shown.
#[test]
fn a_clip_is_shown_as_new_again() {
    for reading in [Reading::Consistent, Reading::Literal] {
        let mut ring = Ring::new(World::new(1).unwrap(), reading).unwrap();
        ring.pair("door", &[STREAM]).unwrap();
        let clip = ring.record("door", STREAM, b"once", 1_000).unwrap();
        for path in ring
            .world
            .cloud
            .list(&format!("clips/{STREAM}/{clip:010}"))
            .unwrap()
        {
            let again = path.replace(&format!("{clip:010}"), &format!("{:010}", clip + 1));
            let bytes = get(&ring.world.cloud, &path);
            put(&ring.world.cloud, &again, &bytes);
        }
        let shown = ring.view(Who::Phone("phone"), STREAM, clip + 1).unwrap();
        assert_eq!(shown, b"once", "shown as the next event");
    }

    let mut home = home();
    let clip = home.record("door", STREAM, b"once").unwrap();
    let (paths, video) = (home.paths(), n(STREAM));
    let manifest = get(&home.cloud, &paths.manifest(&video, clip));
    put(&home.cloud, &paths.manifest(&video, clip + 1), &manifest);
    assert_eq!(
        reason(home.view_as_phone("phone", STREAM, clip + 1)),
        "wrong-sequence"
    );
}

/// E14: a signed key says nothing of what it is for, so that it serves for another stream, as a
/// phone's, after its epoch, or for another window.
#[test]
fn a_key_of_one_stream_serves_as_anothers() {
    let mut paper = paper();
    paper.pair("porch", &["porch"]).unwrap();
    paper.share(&[STREAM], "bob", Term::UntilRevoked).unwrap();
    let announced = get(&paper.world.cloud, &paper::current(STREAM));
    put(&paper.world.cloud, &paper::current("porch"), &announced);
    let clip = paper.record("porch", "porch", b"other", 1_000).unwrap();
    let read = paper.view(Who::Member("bob"), "porch", clip).unwrap();
    assert_eq!(read, b"other", "a stream that was never shared");
    // The same certificate as a phone's.
    let keys: Vec<(ByteVec, Option<Window>)> = cbor::decode(&announced).unwrap();
    put(&paper.world.cloud, &place::instance("bobs"), &keys[0].0);
    paper.revoke(&[STREAM], "bob").unwrap();
    let clip = paper.record("door", STREAM, b"revoked", 1_000).unwrap();
    let read = paper.view(Who::Member("bob"), STREAM, clip).unwrap();
    assert_eq!(
        read, b"revoked",
        "wrapped for as if for a phone of the owner"
    );

    let mut home = home();
    home.pair("phone", "porch", &["porch"]).unwrap();
    home.share("phone", &[STREAM], &["bob"], Term::UntilRevoked)
        .unwrap();
    let paths = home.paths();
    let video = get(&home.cloud, &paths.announcement(&n(STREAM), 2));
    put(&home.cloud, &paths.announcement(&n("porch"), 2), &video);
    let synced = home.sync_camera("porch").unwrap();
    assert_eq!(synced.refused[0].1.reason(), "wrong-camera");
}

/// E14 for windows: the window beside a key is nobody's word.
#[test]
fn a_window_that_has_passed_serves_on() {
    let mut paper = paper();
    let now = paper.world.now();
    let short = Window {
        from: now,
        until: now + 2_000,
    };
    paper.share(&[STREAM], "bob", Term::Window(short)).unwrap();
    let mut keys = announced(&paper);
    keys[0].1 = Some(Window {
        until: now + 3_600_000,
        ..short
    });
    put(
        &paper.world.cloud,
        &paper::current(STREAM),
        &cbor::encode(&keys),
    );
    paper.world.clock.advance(60_000);
    let clip = paper.record("door", STREAM, b"after", 1_000).unwrap();
    let read = paper.view(Who::Member("bob"), STREAM, clip).unwrap();
    assert_eq!(read, b"after");

    let mut home = home();
    let from = home.now();
    home.share(
        "phone",
        &[STREAM],
        &["bob"],
        Term::Window(window(from, 2_000)),
    )
    .unwrap();
    home.sync_camera("door").unwrap();
    home.clock.advance(60_000);
    let clip = home.record("door", STREAM, b"after").unwrap();
    home.sync_member("bob").unwrap();
    assert_eq!(
        reason(home.view_as_member("bob", STREAM, clip)),
        "no-envelope"
    );
}

/// The session key of a link's clip, which is in its index.
fn session_key(home: &Home, link: &link::Link) -> SecretBytes<16> {
    type Object = (String, u8, Bytes<32>, (Bytes<16>, roster::Wrapped));
    type Clip = (ByteVec, Bytes<16>, Bytes<16>);
    let account = home.id();
    let object = get(&home.cloud, &Paths(account).link(&link.id));
    let (.., (id, index)): Object = cbor::decode(&object).unwrap();
    let text = link.to_text();
    let secret = data_encoding::BASE32_NOPAD.decode(text.split('#').nth(1).unwrap().as_bytes());
    let secret = KemSecret::from_bytes(secret.unwrap().as_slice().try_into().unwrap()).unwrap();
    let info = message::context("link", &account, id);
    let plain = hpke_open(&secret, &index.enc.0, &info, &[], &index.ciphertext).unwrap();
    let plain: (u64, ByteVec, Vec<ByteVec>, Vec<Clip>) = cbor::decode(&plain).unwrap();
    SecretBytes::new(plain.3[0].1.0)
}

/// What a link does not promise (SPEC, "What is not promised"): whoever has its text, and another clip,
/// makes another index, and the others are shown that clip. It is a genuine one.
#[test]
fn whoever_has_a_links_text_makes_another_index() {
    let mut home = home();
    home.share("phone", &[STREAM], &["bob"], Term::UntilRevoked)
        .unwrap();
    home.sync_camera("door").unwrap();
    let (first, second) = (
        home.record("door", STREAM, b"first").unwrap(),
        home.record("door", STREAM, b"second").unwrap(),
    );
    let (video, until) = (n(STREAM), home.now() + 60_000);
    let make = |home: &mut Home, clip| {
        home.sync_phone("phone").unwrap();
        home.act("phone", |owner, env| {
            owner.make_link(&video, &[clip], until, env)
        })
        .unwrap()
    };
    let (link, other) = (make(&mut home, first), make(&mut home, second));
    // The holder of both texts opens the second one's clip, and seals it again for the first.
    let (account, text) = (home.id(), link.to_text());
    let paths = Paths(account);
    let (mut shown, mut seen) = (Vec::new(), Vec::new());
    link::read(&home.cloud, &other.to_text(), home.now(), &mut shown).unwrap();
    let manifest = get(&home.cloud, &paths.manifest(&video, second));
    let announcement = get(&home.cloud, &paths.announcement(&video, 2));
    let source = link::Source {
        manifest,
        key: session_key(&home, &other),
        plaintext: shown.clone().into(),
    };
    let root = get(&home.cloud, &paths.root());
    let made = link::make(
        &link,
        until,
        root,
        vec![announcement],
        vec![source],
        &mut home.rng,
    )
    .unwrap();
    put(&home.cloud, &paths.link(&link.id), &made.index);
    put(&home.cloud, &paths.link_body(&link.id, 0), &made.bodies[0]);
    link::read(&home.cloud, &text, home.now(), &mut seen).unwrap();
    assert_eq!((&*shown, &*seen), (&b"second"[..], &b"second"[..]));
}

/// E5: whoever knows the public IK makes a clip that the owner is shown.
#[test]
fn the_provider_makes_a_clip() {
    let forged = b"nobody was at the door";
    let forge = |world: &mut World| {
        let ik = instance(world);
        envelope::record(world, STREAM, forged, (0, 1), &[Recipient::Ecc(ik)]).unwrap()
    };
    for reading in [Reading::Consistent, Reading::Literal] {
        let mut ring = Ring::new(World::new(1).unwrap(), reading).unwrap();
        let clip = forge(&mut ring.world);
        let shown = ring.view(Who::Phone("phone"), STREAM, clip).unwrap();
        assert_eq!(shown, forged, "shown as the camera's");
    }
    let mut paper = paper();
    let clip = forge(&mut paper.world);
    for _ in 0..2 {
        let shown = paper.view(Who::Phone("phone"), STREAM, clip).unwrap();
        assert_eq!(shown, forged, "shown as the camera's, and again");
    }

    let mut home = home();
    let recorded = home.record_only("door", STREAM, b"genuine", 1_000).unwrap();
    let (account, camera) = (home.id(), &home.cameras[&n("door")]);
    let genuine = clip::open(
        &account,
        &camera.verifying_key(),
        &n(STREAM),
        &recorded.manifest,
    );
    let mine = SigningKey::generate(&mut home.rng).unwrap();
    let forged = clip::sign(&mine, &account, genuine.unwrap().body).unwrap();
    let paths = Paths(account);
    put(&home.cloud, &paths.body(&recorded.clip), &recorded.body);
    let place = paths.manifest(&n(STREAM), recorded.sequence);
    put(&home.cloud, &place, &forged);
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
    put(&paper.world.cloud, &place, mine.public().as_bytes());
    paper.share(&[STREAM], "bob", Term::UntilRevoked).unwrap();
    let clip = paper.record("door", STREAM, b"private", 1_000).unwrap();
    let grants = paper.world.cloud.list(&paper::grants("bob")).unwrap();
    let grant = account::unwrap(&mine, &get(&paper.world.cloud, &grants[0])).unwrap();
    let secret = <&[u8; 32]>::try_from(&grant[grant.len() - 32..]).unwrap();
    let secret = KemSecret::from_bytes(secret).unwrap();
    let read = envelope::open(&mut paper.world, STREAM, clip, &[Secret::Ecc(&secret)]);
    assert_eq!(read.unwrap(), b"private", "the provider reads");

    let mut home = home();
    let account = home.id();
    let bob = KemSecret::generate(&mut home.rng).unwrap();
    let shown = safety_number(&account, &bob.public());
    let swapped = Card::new(n("bob"), mine.public());
    let verified = VerifiedMember::by_comparison(&account, swapped, &shown);
    assert_eq!(reason(verified), "safety-number");
}

/// E15: anybody encrypts a key of its own to Bob, who takes it for Alice's and sees what they like.
#[test]
fn anybody_makes_a_grant() {
    let mut paper = paper();
    paper.register("bob").unwrap();
    let mine = KemSecret::generate(&mut paper.world.rng).unwrap();
    let bob = get(&paper.world.cloud, &paper::directory("bob"));
    let bob = KemPublic::from_bytes(&bob).unwrap();
    let grant = paper::grant(&mut paper.world, &bob, [0; 16], &mine).unwrap();
    let place = format!("{}/0", paper::grants("bob"));
    put(&paper.world.cloud, &place, &grant);
    let to = [Recipient::Ecc(mine.public())];
    let clip = envelope::record(&mut paper.world, STREAM, b"forged", (0, 1), &to).unwrap();
    let shown = paper.view(Who::Member("bob"), STREAM, clip).unwrap();
    assert_eq!(shown, b"forged", "shown as Alice's");
    // The same message again is accepted again.
    let place = format!("{}/1", paper::grants("bob"));
    put(&paper.world.cloud, &place, &grant);
    let (_, steps) = action::observe(|| paper.view(Who::Member("bob"), STREAM, clip));
    let accepted = steps.iter().filter(|step| step.rule == "B_receive");
    assert_eq!(accepted.count(), 2);

    // An introduction that another root signed is refused, so there is no key to look with.
    let mut home = home();
    home.meet("bob").unwrap();
    let mut other = other_home();
    other
        .members
        .insert(n("bob"), home.members.remove(&n("bob")).unwrap());
    other
        .share("phone", &[STREAM], &["bob"], Term::UntilRevoked)
        .unwrap();
    let bob = other.members.remove(&n("bob")).unwrap();
    let (from, to) = (other.paths(), home.paths());
    let key = keys::kem_id(&bob.card().key);
    home.members.insert(n("bob"), bob);
    let forged = get(&other.cloud, &from.introduction(key, 1));
    put(&home.cloud, &to.introduction(key, 1), &forged);
    let news = home.sync_member("bob").unwrap();
    assert_eq!(news.introductions, 0);
    assert_eq!(news.refused[0].1.reason(), "invalid-signature");
}

/// E12 and E13: the cloud shows the camera the keys from before a revocation again.
#[test]
fn the_provider_takes_a_revocation_back() {
    let mut paper = paper();
    paper.share(&[STREAM], "bob", Term::UntilRevoked).unwrap();
    let before = get(&paper.world.cloud, &paper::current(STREAM));
    paper.revoke(&[STREAM], "bob").unwrap();
    let clip = paper.record("door", STREAM, b"one", 1_000).unwrap();
    assert_eq!(
        reason(paper.view(Who::Member("bob"), STREAM, clip)),
        "no-envelope"
    );
    put(&paper.world.cloud, &paper::current(STREAM), &before);
    let clip = paper.record("door", STREAM, b"two", 1_000).unwrap();
    let read = paper.view(Who::Member("bob"), STREAM, clip).unwrap();
    assert_eq!(
        read, b"two",
        "the revoked member reads on, and nobody notices"
    );

    let mut home = home();
    home.share("phone", &[STREAM], &["bob"], Term::UntilRevoked)
        .unwrap();
    home.sync_camera("door").unwrap();
    let paths = home.paths();
    let before = get(&home.cloud, &paths.announcement(&n(STREAM), 2));
    home.revoke("phone", &[STREAM], "bob").unwrap();
    let mut status = home.phones[&n("phone")].status(&home.cloud).unwrap();
    status.retain(|of| of.stream == n(STREAM));
    assert!(
        status.len() == 1 && status[0].acknowledged.is_none(),
        "while it is withheld, the owner is not told that it is in effect"
    );
    home.sync_camera("door").unwrap();
    let (camera, clock, _) = home.at_camera("door");
    let again = camera.accept(&before, clock);
    assert_eq!(reason(again), "announcement-rollback");
}
