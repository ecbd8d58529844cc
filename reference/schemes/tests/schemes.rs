//! What a provider that cheats achieves under the schemes that the paper describes, and what comes
//! of the same attempt under the repaired one. Each test names the erratum in SPEC.

use encryptediot::announcement::Window;
use encryptediot::cbor::{self, Bytes};
use encryptediot::cloud::{Cloud as _, Paths};
use encryptediot::contact::{Card, VerifiedMember, safety_number};
use encryptediot::cose;
use encryptediot::crypto::{
    KemPublic, KemSecret, RsaSigningKey, SecretBytes, SigningKey, hpke_open,
};
use encryptediot::owner::{self, Term};
use encryptediot::{Result, action, clip, unlock};
use encryptediot_schemes::oaep::{OaepPublic, OaepSecret};
use encryptediot_schemes::scheme::account::{self, place};
use encryptediot_schemes::scheme::envelope::{self, Recipient, Secret};
use encryptediot_schemes::scheme::paper::{self, Paper};
use encryptediot_schemes::scheme::repaired::Repaired;
use encryptediot_schemes::scheme::ring::{Reading, Ring};
use encryptediot_schemes::scheme::{Scheme, Who, World};
use encryptediot_testkit::household::{Household, name, window};
use minicbor::bytes::ByteVec;

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

/// What comes of unlocking without the passphrase.
fn unlock_kept(home: &mut Household) -> Result<()> {
    let (now, name) = (home.now(), name("phone")?);
    let phone = home.phones.get_mut(&name).unwrap();
    let env = owner::Env {
        cloud: &*home.cloud,
        now,
        save: &|_| Ok(()),
        rng: &mut home.rng,
    };
    phone.unlock_kept(&env).map(drop)
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

/// The provider serves the phone a PDK and an ASK of its own.
fn replace_root(world: &mut World) -> RsaSigningKey {
    let mine = RsaSigningKey::generate(&mut world.rng).unwrap();
    let pdk = SecretBytes::new([1; 32]);
    let ik = world.cloud.get(&place::instance("phone")).unwrap();
    let ik = account::verify_kem(&account::root(world).unwrap(), &ik).unwrap();
    let blob = account::wrap(world, &ik, pdk.as_bytes()).unwrap();
    world.cloud.put(&place::pdk("phone"), &blob).unwrap();
    let pkcs8 = mine.to_pkcs8().unwrap();
    let blob = cose::seal(&pdk, &[], &pkcs8, &mut world.rng).unwrap();
    world.cloud.put(place::ASK, &blob).unwrap();
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

    let (mut home, other) = (repaired(), Household::in_memory(2).unwrap());
    let theirs = other.cloud.get(&Paths(other.account().unwrap()).vault(1));
    let vault = Paths(home.account().unwrap()).vault(1);
    home.cloud.put(&vault, &theirs.unwrap()).unwrap();
    assert_eq!(reason(home.act("phone", |_, _| Ok(()))), "wrong-account");
}

/// E2, of the paper's scheme: whatever the owner does next, it does with the provider's ASK.
#[test]
fn the_provider_replaces_the_papers_root() {
    let mut paper = paper();
    let mine = replace_root(&mut paper.world);
    // What the owner's stream keys are backed up under is the provider's as well.
    let ik = paper.world.cloud.get(&place::instance("phone")).unwrap();
    let ik = account::verify_kem(&account::root(&paper.world).unwrap(), &ik).unwrap();
    let blob = account::wrap(&mut paper.world, &ik, &[2; 32]).unwrap();
    paper
        .world
        .cloud
        .put(&place::new_key("phone"), &blob)
        .unwrap();
    paper.share(&[STREAM], "bob", Term::UntilRevoked).unwrap();
    let announced = paper.world.cloud.get(&paper::current(STREAM)).unwrap();
    let keys: Vec<(ByteVec, Option<Window>)> = cbor::decode(&announced).unwrap();
    assert!(account::verify_kem(mine.public(), &keys[0].0).is_ok());
    let backup = paper.world.cloud.list("backups").unwrap().remove(0);
    let backup = paper.world.cloud.get(&backup).unwrap();
    let dsk = cose::unseal(&SecretBytes::new([2; 32]), &[], &backup).unwrap();
    assert_eq!(dsk.len(), 32, "the provider opens the backup");
    paper.pair("garden", &["garden"]).unwrap();

    // Of the repaired scheme this is a history in `conformance/pairs.toml` (NO_PIN).
    let mut home = repaired();
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

    let mut home = repaired();
    assert_eq!(reason(unlock_kept(&mut home)), "no-unlock-blob");
}

/// E3 in the model is one blob that is taken for another. In bytes, a key of 32 and a key in PKCS #8
/// cannot be confused; the PDK and the new key, both of 32 bytes and both under the IK, can.
#[test]
fn one_blob_is_taken_for_another() {
    let ring = ring();
    let (phone, _) = &ring.phones["phone"];
    let pdk = ring.world.cloud.get(&place::pdk("phone")).unwrap();
    ring.world
        .cloud
        .put(&place::new_key("phone"), &pdk)
        .unwrap();
    let new_key = account::new_key(&ring.world, phone).unwrap();
    let ask = ring.world.cloud.get(place::ASK).unwrap();
    let opened = cose::unseal(&new_key, &[], &ask).unwrap();
    let adk = OaepSecret::from_pkcs8(&opened).unwrap();
    let root = account::root(&ring.world).unwrap();
    assert_eq!(
        adk.public().modulus(),
        root.modulus(),
        "the ASK serves as the ADK"
    );

    // The ring's wrapping to the IK and the unlock object have contexts of their own.
    let mut home = repaired();
    home.act("phone", |owner, env| owner.keep_unlocked(env))
        .unwrap();
    let (account, phone) = (
        home.account().unwrap(),
        home.phones[&name("phone").unwrap()].keys(),
    );
    let paths = Paths(account);
    let roster = home.cloud.get(&paths.roster(2)).unwrap();
    let root = encryptediot::keys::decode_root(&account, &home.cloud.get(&paths.root()).unwrap());
    let roster = encryptediot::roster::open(&root.unwrap(), &account, &roster)
        .unwrap()
        .roster;
    let (phone, pdk) = (
        encryptediot::keys::kem_id(&phone.instance),
        roster.phones[0].ring.clone(),
    );
    let blob = encryptediot::message::encode(&account, unlock::Unlock { phone, pdk });
    home.cloud.put(&paths.unlock(phone), &blob).unwrap();
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
    ring.world
        .cloud
        .put(&place::new_key("phone"), &blob)
        .unwrap();
    let pkcs8 = mine.to_pkcs8();
    let blob = cose::seal(&new_key, &[], pkcs8, &mut ring.world.rng).unwrap();
    ring.world.cloud.put("account/adk", &blob).unwrap();
    let taken = account::new_key(&ring.world, &ring.phones["phone"].0).unwrap();
    let adk = cose::unseal(&taken, &[], &ring.world.cloud.get("account/adk").unwrap()).unwrap();
    let adk = OaepSecret::from_pkcs8(&adk).unwrap();
    assert_eq!(adk.public().modulus(), mine.public().modulus());

    let mut literal = Ring::new(World::new(1).unwrap(), Reading::Literal).unwrap();
    let root = account::root(&literal.world).unwrap();
    let ask = OaepPublic::from_modulus(root.modulus()).unwrap();
    let blob = ask
        .seal(new_key.as_bytes(), &mut literal.world.rng)
        .unwrap();
    literal.world.cloud.put(place::NEW_KEY, &blob).unwrap();
    let blob = cose::seal(&new_key, &[], pkcs8, &mut literal.world.rng).unwrap();
    literal.world.cloud.put("account/adk", &blob).unwrap();
    // Recovery stops before it where the new key is looked for under the PDK first.
    let second = literal.enroll("second");
    let opened = OaepSecret::from_pkcs8(
        &account::unlock(&literal.world, &literal.phones["phone"].0)
            .unwrap()
            .to_pkcs8()
            .unwrap(),
    );
    let served = literal.world.cloud.get(place::NEW_KEY).unwrap();
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
            let bytes = ring.world.cloud.get(&path).unwrap();
            ring.world.cloud.put(&again, &bytes).unwrap();
        }
        let shown = ring.view(Who::Phone("phone"), STREAM, clip + 1).unwrap();
        assert_eq!(shown, b"once", "shown as the next event");
    }

    let mut home = repaired();
    let clip = home.record("door", STREAM, b"once").unwrap();
    let (paths, video) = (Paths(home.account().unwrap()), name(STREAM).unwrap());
    let manifest = home.cloud.get(&paths.manifest(&video, clip)).unwrap();
    home.cloud
        .put(&paths.manifest(&video, clip + 1), &manifest)
        .unwrap();
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
    let announced = paper.world.cloud.get(&paper::current(STREAM)).unwrap();
    paper
        .world
        .cloud
        .put(&paper::current("porch"), &announced)
        .unwrap();
    let clip = paper.record("porch", "porch", b"other", 1_000).unwrap();
    let read = paper.view(Who::Member("bob"), "porch", clip).unwrap();
    assert_eq!(read, b"other", "a stream that was never shared");
    // The same certificate as a phone's.
    let keys: Vec<(ByteVec, Option<Window>)> = cbor::decode(&announced).unwrap();
    paper
        .world
        .cloud
        .put(&place::instance("bobs"), &keys[0].0)
        .unwrap();
    paper.revoke(&[STREAM], "bob").unwrap();
    let clip = paper.record("door", STREAM, b"revoked", 1_000).unwrap();
    let read = paper.view(Who::Member("bob"), STREAM, clip).unwrap();
    assert_eq!(
        read, b"revoked",
        "wrapped for as if for a phone of the owner"
    );

    let mut home = repaired();
    home.pair("phone", "porch", &["porch"]).unwrap();
    home.share("phone", &[STREAM], &["bob"], Term::UntilRevoked)
        .unwrap();
    let paths = Paths(home.account().unwrap());
    let video = home
        .cloud
        .get(&paths.announcement(&name(STREAM).unwrap(), 2))
        .unwrap();
    home.cloud
        .put(&paths.announcement(&name("porch").unwrap(), 2), &video)
        .unwrap();
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
    let announced = paper.world.cloud.get(&paper::current(STREAM)).unwrap();
    let mut keys: Vec<(ByteVec, Option<Window>)> = cbor::decode(&announced).unwrap();
    keys[0].1 = Some(Window {
        until: now + 3_600_000,
        ..short
    });
    paper
        .world
        .cloud
        .put(&paper::current(STREAM), &cbor::encode(&keys))
        .unwrap();
    paper.world.clock.advance(60_000);
    let clip = paper.record("door", STREAM, b"after", 1_000).unwrap();
    let read = paper.view(Who::Member("bob"), STREAM, clip).unwrap();
    assert_eq!(read, b"after");

    let mut home = repaired();
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
fn session_key(home: &Household, link: &encryptediot::link::Link) -> SecretBytes<16> {
    type Object = (
        String,
        u8,
        Bytes<32>,
        (Bytes<16>, encryptediot::roster::Wrapped),
    );
    type Clip = (ByteVec, Bytes<16>, Bytes<16>);
    let account = home.account().unwrap();
    let object = home.cloud.get(&Paths(account).link(&link.id)).unwrap();
    let (.., (id, index)): Object = cbor::decode(&object).unwrap();
    let text = link.to_text();
    let secret = data_encoding::BASE32_NOPAD.decode(text.split('#').nth(1).unwrap().as_bytes());
    let secret = KemSecret::from_bytes(secret.unwrap().as_slice().try_into().unwrap()).unwrap();
    let info = encryptediot::message::context("link", &account, id);
    let plain = hpke_open(&secret, &index.enc.0, &info, &[], &index.ciphertext).unwrap();
    let plain: (u64, ByteVec, Vec<ByteVec>, Vec<Clip>) = cbor::decode(&plain).unwrap();
    SecretBytes::new(plain.3[0].1.0)
}

/// What a link does not promise (SPEC, "What is not promised"): whoever has its text, and another clip,
/// makes another index, and the others are shown that clip. It is a genuine one.
#[test]
fn whoever_has_a_links_text_makes_another_index() {
    let mut home = repaired();
    home.share("phone", &[STREAM], &["bob"], Term::UntilRevoked)
        .unwrap();
    home.sync_camera("door").unwrap();
    let (first, second) = (
        home.record("door", STREAM, b"first").unwrap(),
        home.record("door", STREAM, b"second").unwrap(),
    );
    let (video, until) = (name(STREAM).unwrap(), home.now() + 60_000);
    let make = |home: &mut Household, clip| {
        home.sync_phone("phone").unwrap();
        home.act("phone", |owner, env| {
            owner.make_link(&video, &[clip], until, env)
        })
        .unwrap()
    };
    let (link, other) = (make(&mut home, first), make(&mut home, second));
    // The holder of both texts opens the second one's clip, and seals it again for the first.
    let (account, text) = (home.account().unwrap(), link.to_text());
    let paths = Paths(account);
    let (mut shown, mut seen) = (Vec::new(), Vec::new());
    encryptediot::link::read(&*home.cloud, &other.to_text(), home.now(), &mut shown).unwrap();
    let manifest = home.cloud.get(&paths.manifest(&video, second)).unwrap();
    let announcement = home.cloud.get(&paths.announcement(&video, 2)).unwrap();
    let source = encryptediot::link::Source {
        manifest,
        key: session_key(&home, &other),
        plaintext: shown.clone().into(),
    };
    let root = home.cloud.get(&paths.root()).unwrap();
    let made = encryptediot::link::make(
        &link,
        until,
        root,
        vec![announcement],
        vec![source],
        &mut home.rng,
    )
    .unwrap();
    home.cloud.put(&paths.link(&link.id), &made.index).unwrap();
    home.cloud
        .put(&paths.link_body(&link.id, 0), &made.bodies[0])
        .unwrap();
    encryptediot::link::read(&*home.cloud, &text, home.now(), &mut seen).unwrap();
    assert_eq!((&*shown, &*seen), (&b"second"[..], &b"second"[..]));
}

/// E5: whoever knows the public IK makes a clip that the owner is shown.
#[test]
fn the_provider_makes_a_clip() {
    let forged = b"nobody was at the door";
    let forge = |world: &mut World| {
        let ik = world.cloud.get(&place::instance("phone")).unwrap();
        let ik = account::verify_kem(&account::root(world).unwrap(), &ik).unwrap();
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
    // The same message again is accepted again.
    let place = format!("{}/1", paper::grants("bob"));
    paper.world.cloud.put(&place, &grant).unwrap();
    let (_, steps) = action::observe(|| paper.view(Who::Member("bob"), STREAM, clip));
    let accepted = steps.iter().filter(|step| step.rule == "B_receive");
    assert_eq!(accepted.count(), 2);

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
