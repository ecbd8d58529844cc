//! Every reason of SPEC is given by some use of the library, and by the use that is listed here.

use std::collections::BTreeSet;

use encryptediot::announcement::{self, Announcement, Window};
use encryptediot::camera::Unpaired;
use encryptediot::cbor::{self, Bytes};
use encryptediot::clip::{self, Manifest};
use encryptediot::cloud::Cloud;
use encryptediot::contact::{Card, VerifiedMember};
use encryptediot::cose;
use encryptediot::crypto::{self, KemSecret, SigningKey};
use encryptediot::error::Result;
use encryptediot::grant::{self, Introduction, Shard};
use encryptediot::keys::{self, kem_id};
use encryptediot::lease::{self, Lease};
use encryptediot::link::{self, Link, Source};
use encryptediot::member::Member;
use encryptediot::message;
use encryptediot::owner::{self, Meeting, Term};
use encryptediot::pairing::{self, Offer, Reply};
use encryptediot::passphrase::Passphrase;
use encryptediot::past::{self, PastShare};
use encryptediot::roster;
use encryptediot::segment::SessionKey;
use encryptediot::statement::{self, SignedStatement};
use encryptediot::vault::{self, Ring, Vault, Work};
use encryptediot::view;
use encryptediot_store::ObjectCloud;
use encryptediot_testkit::household::{name, window};
use encryptediot_testkit::*;
use minicbor::bytes::ByteVec;
use zeroize::Zeroizing;

type Case = (&'static str, fn() -> Result<()>);

/// A household whose member alice has `x`, with one clip on it.
fn shared() -> Home {
    let mut home = home();
    home.share("phone", &["x"], &["alice"], Term::UntilRevoked)
        .unwrap();
    home.sync_camera("door").unwrap();
    home.record("door", "x", b"clip").unwrap();
    home
}

/// Offers the camera `door` an announcement of `epoch` on `x`.
fn accept(home: &mut Home, bytes: &[u8]) -> Result<()> {
    let (camera, clock, _) = home.at_camera("door");
    camera.accept(bytes, clock).map(drop)
}

/// The latest announcement on `x`, changed by the owner.
fn forged_announcement(home: &Home, change: impl FnOnce(&mut Announcement)) -> Vec<u8> {
    let latest = home
        .cloud
        .under(&home.id(), "announcements/x")
        .pop()
        .unwrap();
    let signed = announcement::open(&home.root(), &home.id(), &home.cloud.bytes(&latest)).unwrap();
    let mut body = signed.body;
    (body.epoch, body.previous) = (body.epoch + 1, Some(signed.hash));
    change(&mut body);
    home.forge(message::encode(&home.id(), body))
}

/// Puts a manifest that the camera signed, but should not have, in place of clip 1 of `x`.
fn forged_manifest(home: &mut Home, change: impl FnOnce(&mut Manifest)) {
    let key = camera_key(home.camera("door").unwrap());
    let (path, id) = (home.paths().manifest(&n("x"), 1), home.id());
    let signed = clip::open(&id, &key.verifying_key(), &n("x"), &home.cloud.bytes(&path)).unwrap();
    let mut body = signed.body;
    change(&mut body);
    home.cloud.set(&path, clip::sign(&key, &id, body).unwrap());
}

/// Two households that were one, each with a rotation that the other does not know.
fn forked() -> (Home, Home) {
    let one = home();
    let (mut a, mut b) = (Saved::of(&one).load(21), Saved::of(&one).load(22));
    a.rotate("phone", &["x"]).unwrap();
    b.rotate("phone", &["x"]).unwrap();
    (a, b)
}

/// Two histories of one camera.
fn two_pasts() -> (Home, Home) {
    let one = home();
    let (mut a, mut b) = (Saved::of(&one).load(21), Saved::of(&one).load(22));
    for home in [&mut a, &mut b] {
        home.record("door", "x", b"first").unwrap();
        home.record("door", "x", b"second").unwrap();
    }
    (a, b)
}

/// The lease of `x` until `until`, as the phone writes it.
fn lease(home: &mut Home, until: u64) -> Result<Vec<u8>> {
    let (now, cloud) = (home.now(), home.cloud.clone());
    home.phone("phone")?
        .extend_lease(&cloud, &n("x"), now, until)?;
    Ok(cloud.bytes(&cloud.under(&home.id(), "leases/x").pop().unwrap()))
}

fn extend(home: &mut Home, bytes: &[u8]) -> Result<()> {
    let (camera, clock, _) = home.at_camera("door");
    camera.extend(bytes, clock)
}

fn view(home: &mut Home, stream: &str, sequence: u64) -> Result<()> {
    home.view_as_phone("phone", stream, sequence).map(drop)
}

/// Alice's shard of the latest announcement on `x`: its path, and what it says.
fn alices_shard(home: &Home) -> (String, Shard) {
    let path = home.cloud.list(&format!("{}/grants", home.id())).unwrap();
    let shard = |path: &String| read_shard(home, &home.cloud.bytes(path));
    let path = path
        .into_iter()
        .rfind(|path| !shard(path).parts.is_empty())
        .unwrap();
    let shard = shard(&path);
    (path, shard)
}

fn read_shard(home: &Home, bytes: &[u8]) -> Shard {
    statement::open::<Shard>(&home.root(), &home.id(), bytes)
        .unwrap()
        .body
}

fn write_shard(home: &Home, path: &str, shard: Shard) {
    home.cloud
        .set(path, home.forge(message::encode(&home.id(), shard)));
}

fn malformed() -> Result<()> {
    accept(&mut home(), b"\xff")
}

fn not_deterministic() -> Result<()> {
    let home = home();
    let path = home.paths().vault(1);
    home.cloud.change(&path, |bytes| bytes.push(0));
    vault::open(&home.id(), &home.passphrase, &home.cloud.bytes(&path)).map(drop)
}

fn wrong_type() -> Result<()> {
    let home = rich().saved.load(1);
    let unlock = home.cloud.under(&home.id(), "unlock").remove(0);
    vault::open(&home.id(), &home.passphrase, &home.cloud.bytes(&unlock)).map(drop)
}

fn unknown_version() -> Result<()> {
    let home = home();
    let path = home.paths().vault(1);
    home.cloud.change(&path, |bytes| {
        assert_eq!(&bytes[..8], b"\x84\x65vault\x01");
        bytes[7] = 2;
    });
    vault::open(&home.id(), &home.passphrase, &home.cloud.bytes(&path)).map(drop)
}

fn wrong_account() -> Result<()> {
    let foreign = other_home();
    let mut home = home();
    home.cloud.set(
        &home.paths().vault(1),
        foreign.cloud.bytes(&foreign.paths().vault(1)),
    );
    home.rotate("phone", &["x"])
}

fn invalid_key() -> Result<()> {
    let home = home();
    let path = home.paths().root();
    // The last byte of the modulus: an even one.
    home.cloud.change(&path, |bytes| bytes[262] &= 0xfe);
    keys::decode_root(&home.id(), &home.cloud.bytes(&path)).map(drop)
}

fn invalid_signature() -> Result<()> {
    let mut home = home();
    home.rotate("phone", &["x"])?;
    let path = home.paths().announcement(&n("x"), 2);
    home.cloud
        .change(&path, |bytes| *bytes.last_mut().unwrap() ^= 1);
    camera_refusal(home.sync_camera("door"))
}

fn invalid_tree_path() -> Result<()> {
    let mut home = home();
    home.rotate("phone", &["x", "y"])?;
    let path = home.paths().announcement(&n("x"), 2);
    home.cloud.change(&path, |bytes| {
        let mut statement: SignedStatement = cbor::decode(bytes).unwrap();
        statement.index ^= 1;
        *bytes = cbor::encode(&statement);
    });
    camera_refusal(home.sync_camera("door"))
}

fn too_large() -> Result<()> {
    let mut home = home();
    home.cloud.set(
        &home.paths().announcement(&n("x"), 2),
        vec![0; message::MAX_MESSAGE + 1],
    );
    camera_refusal(home.sync_camera("door"))
}

fn unknown_word() -> Result<()> {
    Passphrase::parse(
        &["camera"; 9]
            .join(" ")
            .replacen("camera", "camera doorbell", 1),
    )
    .map(drop)
}

fn word_count() -> Result<()> {
    Passphrase::parse(&["camera"; 11].join(" ")).map(drop)
}

fn work_out_of_range() -> Result<()> {
    let work = Work {
        log_n: 9,
        ..Work::LEAST
    };
    owner::create_account(name("phone")?, work, 0, &mut rng(1)).map(drop)
}

fn vault_open() -> Result<()> {
    let mut home = home();
    home.passphrase = Passphrase::generate(&mut rng(5));
    home.rotate("phone", &["x"])
}

/// Whoever knows the passphrase seals another account's key where this account's is expected.
fn root_mismatch() -> Result<()> {
    let home = home();
    let (account, salt, work) = (Bytes([9; 32]), Bytes([8; 16]), Work::LEAST);
    let cost = crypto::Work {
        log_n: work.log_n,
        r: work.r,
        p: work.p,
        iterations: work.iterations,
    };
    let words = home.passphrase.words().as_bytes();
    let pdk = crypto::passphrase_derived_key(words, &salt.0, &cost)?;
    let part = |kind, plain: &[u8]| {
        let place = message::context(kind, &account, (1_u64, salt, work));
        cose::seal(&pdk, &place, plain, &mut rng(1)).map(ByteVec::from)
    };
    let opened = home.opened();
    let signing_key = part("vault-signing-key", &opened.signing_key.to_pkcs8()?)?;
    let ring = part("vault-ring", &opened.ring.to_bytes())?;
    let vault = Vault {
        number: 1,
        salt,
        work,
        signing_key,
        ring,
    };
    vault::open(
        &account,
        &home.passphrase,
        &message::encode(&account, vault),
    )
    .map(drop)
}

fn sealed_open() -> Result<()> {
    let mut home = home();
    let (id, ring) = (home.id(), Ring::generate(&mut rng(99)));
    roster::open_private(&id, home.phone("phone")?.roster()?, &ring).map(drop)
}

fn vault_rollback() -> Result<()> {
    let mut home = home();
    let next = Passphrase::generate(&mut rng(5));
    home.act("phone", |owner, env| {
        owner.change_passphrase(&next, Work::LEAST, env)
    })?;
    home.cloud.drop_object(&home.paths().vault(2));
    home.rotate("phone", &["x"])
}

fn roster_rollback() -> Result<()> {
    let mut home = home();
    home.cloud.drop_object(&home.paths().roster(2));
    home.sync_phone("phone")
}

fn roster_chain() -> Result<()> {
    let mut home = home();
    home.cloud.set(
        &home.paths().roster(3),
        home.cloud.bytes(&home.paths().roster(2)),
    );
    home.sync_phone("phone")
}

fn phone_not_listed() -> Result<()> {
    let mut home = home();
    home.enroll("tablet", None)?;
    home.lose("phone", "tablet")?;
    home.sync_phone("tablet")
}

fn unknown_phone() -> Result<()> {
    home().lose("phone", "nobody")
}

fn last_phone() -> Result<()> {
    home().lose("phone", "phone")
}

fn checkpoint_mismatch() -> Result<()> {
    let mut home = home();
    let before = home.cloud.objects();
    home.rotate("phone", &["x"])?;
    let checkpoint = home.phone("phone")?.checkpoint();
    home.cloud.restore(before);
    home.enroll("tablet", Some(&checkpoint))
}

fn no_unlock_blob() -> Result<()> {
    let mut home = home();
    let (cloud, now, mut rng) = (home.cloud.clone(), home.now(), rng(1));
    let env = owner::Env {
        cloud: &cloud,
        now,
        save: &|_| Ok(()),
        rng: &mut rng,
    };
    home.phone("phone")?.unlock_kept(&env).map(drop)
}

fn offer_malformed() -> Result<()> {
    Offer::from_text("EIOT:PAIR:A").map(drop)
}

fn offer_expired() -> Result<()> {
    let home = home();
    let offer = Offer::new(home.id(), home.now() - pairing::OFFER_LIFE - 1, &mut rng(1));
    Unpaired::new(ns(&["z"]))
        .pair(&offer, &home.clock, &mut rng(2))
        .map(drop)
}

fn reply_open() -> Result<()> {
    let home = home();
    let offer = |seed| Offer::new(home.id(), home.now(), &mut rng(seed));
    let (_, reply) = Unpaired::new(ns(&["z"])).pair(&offer(1), &home.clock, &mut rng(2))?;
    pairing::open_reply(&offer(3), &reply).map(drop)
}

fn stream_name() -> Result<()> {
    name("../etc").map(drop)
}

fn stream_taken() -> Result<()> {
    home().pair("phone", "garden", &["x"])
}

fn wrong_camera() -> Result<()> {
    let mut home = home();
    home.pair("phone", "garden", &["z"])?;
    let foreign = home.cloud.bytes(&home.paths().announcement(&n("z"), 1));
    accept(&mut home, &foreign)
}

fn unknown_stream() -> Result<()> {
    home().record("door", "z", b"").map(drop)
}

/// The provider withholds the first announcement from a new camera.
fn not_first() -> Result<()> {
    let mut home = home();
    let offer = Offer::new(home.id(), home.now(), &mut rng(1));
    let (mut camera, _) = Unpaired::new(ns(&["z"])).pair(&offer, &home.clock, &mut rng(2))?;
    let reply = Reply {
        camera: camera.verifying_key(),
        streams: ns(&["z"]),
    };
    home.act("phone", |owner, env| {
        owner.add_camera(name("garden")?, &reply, env)
    })?;
    home.rotate("phone", &["z"])?;
    camera.take_root(&home.cloud.bytes(&home.paths().root()))?;
    let second = home.cloud.bytes(&home.paths().announcement(&n("z"), 2));
    camera.accept(&second, &home.clock).map(drop)
}

fn announcement_rollback() -> Result<()> {
    let mut home = shared();
    let first = home.cloud.bytes(&home.paths().announcement(&n("x"), 1));
    accept(&mut home, &first)
}

fn epoch_gap() -> Result<()> {
    let mut home = home();
    home.rotate("phone", &["x"])?;
    home.rotate("phone", &["x"])?;
    home.cloud
        .drop_object(&home.paths().announcement(&n("x"), 2));
    let third = home.cloud.bytes(&home.paths().announcement(&n("x"), 3));
    accept(&mut home, &third)
}

fn announcement_fork() -> Result<()> {
    let (mut a, b) = forked();
    a.sync_camera("door")?;
    accept(&mut a, &b.cloud.bytes(&b.paths().announcement(&n("x"), 2)))
}

fn announcement_keys() -> Result<()> {
    let mut home = home();
    let bytes = forged_announcement(&home, |body| body.keys.push(body.keys[0].clone()));
    accept(&mut home, &bytes)
}

fn lease_out_of_range() -> Result<()> {
    let mut home = home();
    let until = home.now() + announcement::MAX_LEASE + 1;
    lease(&mut home, until).map(drop)
}

/// A key that is on no roster signs a lease.
fn lease_key() -> Result<()> {
    let mut home = home();
    let key = SigningKey::generate(&mut rng(1))?;
    let (id, until) = (home.id(), home.now() + 8 * 24 * 3_600_000);
    let camera = home.camera("door")?;
    let lease = Lease {
        camera: camera.verifying_key(),
        stream: n("x"),
        announcement: camera.head(&n("x")).unwrap().hash,
        key: key.verifying_key(),
        until,
    };
    let bytes = lease::sign(&key, &id, lease)?;
    extend(&mut home, &bytes)
}

fn lease_stale() -> Result<()> {
    let mut home = home();
    let until = home.now() + 8 * 24 * 3_600_000;
    let bytes = lease(&mut home, until)?;
    home.rotate("phone", &["x"])?;
    home.sync_camera("door")?;
    extend(&mut home, &bytes)
}

fn lease_shorter() -> Result<()> {
    let mut home = home();
    let until = home.now() + 8 * 24 * 3_600_000;
    let bytes = lease(&mut home, until)?;
    extend(&mut home, &bytes)?;
    extend(&mut home, &bytes)
}

fn ack_unknown() -> Result<()> {
    let (mut a, mut b) = forked();
    a.sync_camera("door")?;
    let path = a.paths().acknowledgement(&n("x"), 2);
    b.cloud.set(&path, a.cloud.bytes(&path));
    let cloud = b.cloud.clone();
    b.phone("phone")?.status(&cloud).map(drop)
}

fn issued_backwards() -> Result<()> {
    let mut home = home();
    let bytes = forged_announcement(&home, |body| body.issued -= 1);
    accept(&mut home, &bytes)
}

fn card_malformed() -> Result<()> {
    Card::from_text("EIOT:CARD:A").map(drop)
}

fn safety_number() -> Result<()> {
    let mut home = home();
    home.meet("alice")?;
    let (card, id) = (home.member("alice")?.card(), home.id());
    let mallory = Member::generate(n("alice"), &mut rng(1))?.card();
    let told = encryptediot::contact::safety_number(&id, &mallory.key);
    VerifiedMember::by_comparison(&id, card, &told).map(drop)
}

/// Puts `bytes` among the introductions of `member` and lets the member read them.
fn introduce(home: &mut Home, member: &str, bytes: Vec<u8>) -> Result<()> {
    home.meet(member)?;
    let id = kem_id(&home.member(member)?.card().key);
    home.cloud.set(&home.paths().introduction(id, 99), bytes);
    first_refusal(home.sync_member(member))
}

fn not_recipient() -> Result<()> {
    let mut home = shared();
    let path = home.cloud.under(&home.id(), "introductions").remove(0);
    let bytes = home.cloud.bytes(&path);
    introduce(&mut home, "bob", bytes)
}

fn introduction_open() -> Result<()> {
    let mut home = home();
    home.meet("alice")?;
    let key = home.member("alice")?.card().key;
    let (mut introduction, _) = grant::introduce(&home.id(), &key, 99, &mut rng(1))?;
    introduction.confirmation.0[0] ^= 1;
    let bytes = home.forge(message::encode::<Introduction>(&home.id(), introduction));
    introduce(&mut home, "alice", bytes)
}

fn introduction_replayed() -> Result<()> {
    let mut home = shared();
    let path = home.cloud.under(&home.id(), "introductions").remove(0);
    let bytes = home.cloud.bytes(&path);
    introduce(&mut home, "alice", bytes)
}

fn grant_open() -> Result<()> {
    let mut home = shared();
    let (path, mut shard) = alices_shard(&home);
    let mut parts = shard.parts.to_vec();
    *parts.last_mut().unwrap() ^= 1;
    shard.parts = parts.into();
    write_shard(&home, &path, shard);
    first_refusal(home.sync_member("alice"))
}

fn grant_key() -> Result<()> {
    let mut home = shared();
    let (path, mut shard) = alices_shard(&home);
    let alice = home.act("phone", |owner, env| Ok(owner.all_members(env)?.remove(0)))?;
    let another = KemSecret::generate(&mut rng(1))?;
    let part = grant::part(&alice.pairwise, &shard.statement, 1, &another)?;
    shard.parts = part.to_vec().into();
    write_shard(&home, &path, shard);
    first_refusal(home.sync_member("alice"))
}

fn grant_replayed() -> Result<()> {
    let mut home = shared();
    let past = window(START, 3_600_000);
    home.act("phone", |owner, env| {
        owner.share_past(&n("x"), &ns(&["alice"]), past, env)
    })?;
    home.sync_member("alice")?;
    let share = home
        .cloud
        .bytes(&home.cloud.under(&home.id(), "past").remove(0));
    home.cloud
        .set(&home.paths().past_share(&Bytes([0; 32])), share);
    first_refusal(home.sync_member("alice"))
}

fn already_member() -> Result<()> {
    let mut home = shared();
    let mallory = Member::generate(n("alice"), &mut rng(1))?.card();
    let mallory = VerifiedMember::by_proximity(mallory);
    home.act("phone", |owner, env| {
        owner.share(
            &ns(&["x"]),
            &[mallory],
            Term::UntilRevoked,
            Meeting::Remote,
            env,
        )
    })
    .map(drop)
}

fn unknown_member() -> Result<()> {
    home().revoke("phone", &["x"], "alice")
}

fn nothing_granted() -> Result<()> {
    shared().revoke("phone", &["y"], "alice")
}

fn window_empty() -> Result<()> {
    let mut home = home();
    let past = window(home.now() - 2, 2);
    home.share("phone", &["x"], &["alice"], Term::Window(past))
        .map(drop)
}

fn no_clips() -> Result<()> {
    let mut home = shared();
    let early = window(1, 2);
    home.act("phone", |owner, env| {
        owner.share_past(&n("x"), &ns(&["alice"]), early, env)
    })
    .map(drop)
}

fn shard_out_of_place() -> Result<()> {
    let mut home = shared();
    let (path, mut shard) = alices_shard(&home);
    shard.index += 1;
    write_shard(&home, &path, shard);
    first_refusal(home.sync_member("alice"))
}

fn no_announcement() -> Result<()> {
    let home = home();
    let offer = Offer::new(home.id(), home.now(), &mut rng(1));
    let (mut camera, _) = Unpaired::new(ns(&["z"])).pair(&offer, &home.clock, &mut rng(2))?;
    camera.begin(&n("z"), &home.clock, &mut rng(3)).map(drop)
}

fn session_full() -> Result<()> {
    let mut home = home();
    let (camera, clock, rng) = home.at_camera("door");
    let mut session = camera.begin(&n("x"), clock, rng)?;
    session.write(&vec![0; usize::try_from(clip::MAX_SESSION).unwrap() + 1])
}

fn wrong_stream() -> Result<()> {
    let mut home = shared();
    home.cloud.set(
        &home.paths().manifest(&n("y"), 1),
        home.cloud.bytes(&home.paths().manifest(&n("x"), 1)),
    );
    home.sync_phone("phone")?;
    view(&mut home, "y", 1)
}

fn wrong_sequence() -> Result<()> {
    let mut home = shared();
    home.cloud.set(
        &home.paths().manifest(&n("x"), 2),
        home.cloud.bytes(&home.paths().manifest(&n("x"), 1)),
    );
    home.sync_phone("phone")?;
    view(&mut home, "x", 2)
}

fn manifest_chain() -> Result<()> {
    let (mut a, b) = two_pasts();
    view(&mut a, "x", 1)?;
    let path = a.paths().manifest(&n("x"), 2);
    a.cloud.set(&path, b.cloud.bytes(&path));
    view(&mut a, "x", 2)
}

fn manifest_fork() -> Result<()> {
    let (mut a, b) = two_pasts();
    view(&mut a, "x", 1)?;
    let path = a.paths().manifest(&n("x"), 1);
    a.cloud.set(&path, b.cloud.bytes(&path));
    view(&mut a, "x", 1)
}

fn unknown_announcement() -> Result<()> {
    let (mut a, mut b) = forked();
    a.sync_camera("door")?;
    a.record("door", "x", b"clip")?;
    let path = a.paths().manifest(&n("x"), 1);
    b.cloud.set(&path, a.cloud.bytes(&path));
    view(&mut b, "x", 1)
}

fn manifest_shape() -> Result<()> {
    let mut home = shared();
    forged_manifest(&mut home, |body| body.end = body.start - 1);
    view(&mut home, "x", 1)
}

fn no_envelope() -> Result<()> {
    let mut home = home();
    home.record("door", "x", b"before")?;
    home.share("phone", &["x"], &["alice"], Term::UntilRevoked)?;
    home.sync_member("alice")?;
    home.view_as_member("alice", "x", 1).map(drop)
}

fn envelope_open() -> Result<()> {
    let mut home = shared();
    forged_manifest(&mut home, |body| body.envelopes[0].sealed.0[0] ^= 1);
    view(&mut home, "x", 1)
}

/// Changes the body of clip 1 of `x`, and views it.
fn body(change: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
    let mut home = shared();
    let path = home.cloud.under(&home.id(), "bodies").remove(0);
    home.cloud.change(&path, change);
    view(&mut home, "x", 1)
}

fn segment_altered() -> Result<()> {
    body(|bytes| bytes[0] ^= 1)
}

fn body_truncated() -> Result<()> {
    body(|bytes| bytes.truncate(bytes.len() - 1))
}

fn body_trailing() -> Result<()> {
    body(|bytes| bytes.push(0))
}

fn clip_missing() -> Result<()> {
    let (mut home, _) = two_pasts();
    view(&mut home, "x", 2)?;
    home.cloud.drop_object(&home.paths().manifest(&n("x"), 1));
    view(&mut home, "x", 1)
}

/// The owner signs a past share of a window in which its clip does not lie.
fn outside_window() -> Result<()> {
    let mut home = home();
    home.record("door", "x", b"clip")?;
    home.share("phone", &["y"], &["alice"], Term::UntilRevoked)?;
    let whole = window(START, 3_600_000);
    home.act("phone", |owner, env| {
        owner.share_past(&n("x"), &ns(&["alice"]), whole, env)
    })?;
    let path = home.cloud.under(&home.id(), "past").remove(0);
    let share = past::open(&home.root(), &home.id(), &home.cloud.drop_object(&path))?.body;
    let backup = home.cloud.bytes(&home.paths().backup(&share.backup));
    let (_, held) = grant::open_backup(
        &home.id(),
        &home.opened().ring,
        &n("x"),
        &share.backup,
        &backup,
    )?;
    let window = Window {
        from: whole.from + 1,
        ..share.window
    };
    let leaf = message::encode(&home.id(), PastShare { window, ..share });
    let hash = message::hash(&leaf);
    let alice = home.act("phone", |owner, env| Ok(owner.all_members(env)?.remove(0)))?;
    let part = grant::part(&alice.pairwise, &hash, 0, &held[0].secret)?;
    let shard = grant::shards(&hash, 0, vec![part]).remove(0);
    write_shard(&home, &home.paths().shard(&hash, 0), shard);
    home.cloud
        .set(&home.paths().past_share(&hash), home.forge(leaf));
    home.sync_member("alice")?;
    home.view_as_member("alice", "x", 1).map(drop)
}

fn no_such_clip() -> Result<()> {
    view(&mut shared(), "x", 2)
}

fn link_malformed() -> Result<()> {
    Link::from_text("eiot:link:A#A").map(drop)
}

fn link_open() -> Result<()> {
    let mut home = shared();
    home.sync_phone("phone")?;
    let until = home.now() + 1;
    let link = home.link("x", &[1], until)?;
    let mut object = home.cloud.bytes(&home.paths().link(&link.id));
    *object.last_mut().unwrap() ^= 1;
    link::open(&link, &object, home.now()).map(drop)
}

fn link_expired() -> Result<()> {
    let mut home = shared();
    home.sync_phone("phone")?;
    let until = home.now() + 1;
    let link = home.link("x", &[1], until)?;
    let object = home.cloud.bytes(&home.paths().link(&link.id));
    link::open(&link, &object, until).map(drop)
}

/// A link that somebody else made in the account's name.
fn foreign_link(home: &Home, root: Vec<u8>) -> Result<()> {
    let link = Link::generate(home.id(), &mut rng(1))?;
    let source = Source {
        manifest: home.cloud.bytes(&home.paths().manifest(&n("x"), 1)),
        key: SessionKey::new([0; 16]),
        plaintext: Zeroizing::new(b"clip".to_vec()),
    };
    // A statement of the account, which announces nothing.
    let statements = vec![home.cloud.bytes(&home.paths().roster(1))];
    let made = link::make(&link, u64::MAX, root, statements, vec![source], &mut rng(2))?;
    link::open(&link, &made.index, 0).map(drop)
}

fn link_root() -> Result<()> {
    let (home, other) = (shared(), other_home());
    foreign_link(&home, keys::encode_root(&other.root()))
}

fn link_clip() -> Result<()> {
    let home = shared();
    foreign_link(&home, keys::encode_root(&home.root()))
}

fn object_missing() -> Result<()> {
    let mut home = home();
    home.cloud.drop_object(&home.paths().root());
    home.enroll("tablet", None)
}

fn conflict() -> Result<()> {
    let mut home = home();
    home.enroll("tablet", None)?;
    // Between the moment at which `phone` reads and that at which it writes, `tablet` writes.
    let saved = Saved::of(&home);
    let ahead = std::cell::RefCell::new(saved.load(5));
    let cloud = home.cloud.clone();
    let tablet_first = |_: &encryptediot::phone::Phone| {
        let mut ahead = ahead.borrow_mut();
        ahead.rotate("tablet", &["x"])?;
        cloud.restore(ahead.cloud.objects());
        Ok(())
    };
    home.act_saving("phone", &tablet_first, |owner, env| {
        owner.rotate(&ns(&["x"]), env)
    })
}

fn store_unavailable() -> Result<()> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "no directory").unwrap();
    ObjectCloud::directory(&file).map(drop)
}

fn object_path() -> Result<()> {
    let mut home = home();
    home.rotate("phone", &["x"])?;
    let backups = home.cloud.under(&home.id(), "backups");
    for path in &backups {
        home.cloud.set(path, home.cloud.bytes(&backups[0]));
    }
    home.rotate("phone", &["x", "y"])
}

fn device() -> (tempfile::TempDir, encryptediot_store::Home) {
    let directory = tempfile::tempdir().unwrap();
    let home = encryptediot_store::Home::open(&directory.path().join("device")).unwrap();
    (directory, home)
}

fn local_state() -> Result<()> {
    let (_directory, device) = device();
    device.save("phone", &1_u64)?;
    device.load::<encryptediot::phone::State>("phone").map(drop)
}

fn local_missing() -> Result<()> {
    let (_directory, device) = device();
    device.load::<encryptediot::phone::State>("phone").map(drop)
}

fn local_exists() -> Result<()> {
    home().enroll("phone", None)
}

fn output() -> Result<()> {
    let mut home = shared();
    home.sync_phone("phone")?;
    let (cloud, id) = (home.cloud.clone(), home.id());
    let clip = home.phone("phone")?.open(&cloud, &n("x"), 1)?;
    let mut full: &mut [u8] = &mut [0; 3];
    view::read(&cloud, &id, &clip, 0, &mut full).map(drop)
}

/// `input` is given by the command line alone: it is tested there.
const ELSEWHERE: [&str; 1] = ["input"];

const CASES: &[Case] = &[
    ("malformed", malformed),
    ("not-deterministic", not_deterministic),
    ("wrong-type", wrong_type),
    ("unknown-version", unknown_version),
    ("wrong-account", wrong_account),
    ("invalid-key", invalid_key),
    ("invalid-signature", invalid_signature),
    ("invalid-tree-path", invalid_tree_path),
    ("too-large", too_large),
    ("unknown-word", unknown_word),
    ("word-count", word_count),
    ("work-out-of-range", work_out_of_range),
    ("vault-open", vault_open),
    ("root-mismatch", root_mismatch),
    ("sealed-open", sealed_open),
    ("vault-rollback", vault_rollback),
    ("roster-rollback", roster_rollback),
    ("roster-chain", roster_chain),
    ("phone-not-listed", phone_not_listed),
    ("unknown-phone", unknown_phone),
    ("last-phone", last_phone),
    ("checkpoint-mismatch", checkpoint_mismatch),
    ("no-unlock-blob", no_unlock_blob),
    ("offer-malformed", offer_malformed),
    ("offer-expired", offer_expired),
    ("reply-open", reply_open),
    ("stream-name", stream_name),
    ("stream-taken", stream_taken),
    ("wrong-camera", wrong_camera),
    ("unknown-stream", unknown_stream),
    ("not-first", not_first),
    ("announcement-rollback", announcement_rollback),
    ("epoch-gap", epoch_gap),
    ("announcement-fork", announcement_fork),
    ("announcement-keys", announcement_keys),
    ("lease-out-of-range", lease_out_of_range),
    ("lease-key", lease_key),
    ("lease-stale", lease_stale),
    ("lease-shorter", lease_shorter),
    ("ack-unknown", ack_unknown),
    ("issued-backwards", issued_backwards),
    ("card-malformed", card_malformed),
    ("safety-number", safety_number),
    ("not-recipient", not_recipient),
    ("introduction-open", introduction_open),
    ("introduction-replayed", introduction_replayed),
    ("grant-open", grant_open),
    ("grant-key", grant_key),
    ("grant-replayed", grant_replayed),
    ("already-member", already_member),
    ("unknown-member", unknown_member),
    ("nothing-granted", nothing_granted),
    ("window-empty", window_empty),
    ("no-clips", no_clips),
    ("shard-out-of-place", shard_out_of_place),
    ("no-announcement", no_announcement),
    ("session-full", session_full),
    ("wrong-stream", wrong_stream),
    ("wrong-sequence", wrong_sequence),
    ("manifest-chain", manifest_chain),
    ("manifest-fork", manifest_fork),
    ("unknown-announcement", unknown_announcement),
    ("manifest-shape", manifest_shape),
    ("no-envelope", no_envelope),
    ("envelope-open", envelope_open),
    ("segment-altered", segment_altered),
    ("body-truncated", body_truncated),
    ("body-trailing", body_trailing),
    ("clip-missing", clip_missing),
    ("outside-window", outside_window),
    ("no-such-clip", no_such_clip),
    ("link-malformed", link_malformed),
    ("link-open", link_open),
    ("link-expired", link_expired),
    ("link-root", link_root),
    ("link-clip", link_clip),
    ("object-missing", object_missing),
    ("conflict", conflict),
    ("store-unavailable", store_unavailable),
    ("object-path", object_path),
    ("local-state", local_state),
    ("local-missing", local_missing),
    ("local-exists", local_exists),
    ("output", output),
];

#[test]
fn every_reason_is_given_by_its_case() {
    let wrong: Vec<_> = CASES
        .iter()
        .map(|(expected, case)| (*expected, reason(case())))
        .filter(|(expected, given)| expected != given)
        .collect();
    assert!(wrong.is_empty(), "expected and given: {wrong:?}");
}

#[test]
fn every_reason_has_a_case_and_every_case_a_reason() {
    let cases: Vec<_> = CASES
        .iter()
        .map(|(name, _)| *name)
        .chain(ELSEWHERE)
        .collect();
    let set: BTreeSet<_> = cases.iter().copied().collect();
    assert_eq!(set.len(), cases.len(), "a reason has two cases");
    assert_eq!(set, reasons().into_iter().collect());
}

/// The first column of the table in SPEC's section "Reasons".
fn reasons_of_spec(spec: &str) -> BTreeSet<String> {
    let (_, section) = spec
        .split_once("\n## Reasons\n")
        .expect("SPEC has a section \"Reasons\"");
    let section = section.split("\n## ").next().unwrap_or_default();
    let row = |line: &str| {
        let cell = line.strip_prefix("| `")?;
        Some(cell.split_once("` |")?.0.to_owned())
    };
    section.lines().filter_map(row).collect()
}

#[test]
fn spec_lists_exactly_the_reasons_that_there_are() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../SPEC.md");
    let spec = std::fs::read_to_string(path).expect("SPEC.md is beside the crate");
    let here = reasons()
        .into_iter()
        .map(str::to_owned)
        .collect::<BTreeSet<_>>();
    assert_eq!(reasons_of_spec(&spec), here);
}
