//! Announcements, acknowledgements, leases.

use encryptediot::acknowledgement::Acknowledgement;
use encryptediot::announcement::{Announcement, Kind, MAX_LEASE, StreamKey, Window};
use encryptediot::cbor::Bytes;
use encryptediot::cose;
use encryptediot::keys::kem_id;
use encryptediot::lease::{self, Lease};
use encryptediot::message;
use encryptediot::roster::PhoneKeys;
use encryptediot_testkit::household::name;
use serde_json::{Value, json};

use super::super::Result;
use super::super::file::File;
use super::builder::{Builder, but, hexed};
use super::forms::flip;
use super::world::{START, World, kem, signing, x};

/// A change of an announcement.
type Change<'a> = Box<dyn Fn(&mut Announcement) + 'a>;

fn tdsk(from: u64, until: u64, byte: u8) -> Result<StreamKey> {
    let window = Some(Window {
        from: START + from,
        until: START + until,
    });
    Ok(StreamKey {
        kind: Kind::Tdsk,
        window,
        public: kem(byte)?.public(),
    })
}

fn phones(count: u8) -> Result<Vec<PhoneKeys>> {
    let phone = |i: u8| {
        Ok(PhoneKeys {
            instance: kem(80 + i)?.public(),
            lease: signing(160 + i)?.verifying_key(),
        })
    };
    (0..count).map(phone).collect()
}

/// `announcement-open`.
pub fn announcement_open(world: &World) -> Result<File> {
    let mut b = Builder::new("announcement-open");
    let input = |statement: &[u8]| json!({ "root": hexed(world.root_bytes()), "announcement": hexed(statement) });
    let with = |change: &dyn Fn(&mut Announcement)| -> Result<Value> {
        let mut body = world.announced()?;
        change(&mut body);
        Ok(input(&world.state(body)?))
    };
    let good = with(&|_| ())?;
    b.about(
        &["SPEC#announcements", "CLAIM-ROOT", "CLAIM-STREAM-KEYS"],
        &["Valid"],
    );
    b.accept("good", "owner's stream key, DSK, one TDSK", good);
    b.accept(
        "owner-alone",
        "nothing is shared",
        with(&|a| a.keys.truncate(1))?,
    );
    b.accept(
        "first",
        "epoch 1",
        with(&|a| (a.epoch, a.previous) = (1, None))?,
    );
    let second = tdsk(500, 2_000, 74)?;
    b.accept(
        "overlapping",
        "two windows that overlap",
        with(&|a| a.keys.push(second.clone()))?,
    );
    let many: Vec<StreamKey> = (0..62u8)
        .map(|i| tdsk(u64::from(i) + 1, 5_000, 90 + i))
        .collect::<Result<_>>()?;
    b.flag("Edge");
    let sixty_four = |a: &mut Announcement| {
        a.keys.truncate(2);
        a.keys.extend(many.iter().cloned());
    };
    b.accept("64-keys", "64 keys", with(&sixty_four)?);
    let all = phones(64)?;
    b.accept(
        "64-phones",
        "64 phones",
        with(&|a| a.phones.clone_from(&all))?,
    );
    b.accept(
        "lease-1",
        "a lease of one millisecond",
        with(&|a| a.lease = 1)?,
    );
    b.accept(
        "lease-31-days",
        "a lease of 31 days",
        with(&|a| a.lease = MAX_LEASE)?,
    );
    b.accept(
        "shard-bits-16",
        "2^16 objects",
        with(&|a| a.shard_bits = 16)?,
    );
    b.flag("LeaseBoundary");
    b.reject(
        "lease-0",
        "no lease",
        with(&|a| a.lease = 0)?,
        "lease-out-of-range",
    );
    b.reject(
        "lease-31-days-and-1",
        "one millisecond more than 31 days",
        with(&|a| a.lease = MAX_LEASE + 1)?,
        "lease-out-of-range",
    );
    b.reject(
        "lease-greatest",
        "2^64 − 1 milliseconds",
        with(&|a| a.lease = u64::MAX)?,
        "lease-out-of-range",
    );
    b.flag("KeySet");
    let (one_more, extra) = (phones(65)?, tdsk(100, 5_000, 75)?);
    let again = world.announced()?.keys;
    let [owner, dsk, temporary] = &again[..] else {
        return Err(super::super::Error::Generate("three keys".to_owned()));
    };
    let fresh = |kind, window: Option<Window>, byte: u8| -> Result<StreamKey> {
        Ok(StreamKey {
            kind,
            window,
            public: kem(byte)?.public(),
        })
    };
    let (owner_2, dsk_2) = (fresh(Kind::Owner, None, 76)?, fresh(Kind::Dsk, None, 77)?);
    let window = temporary.window;
    let earlier = tdsk(0, 500, 78)?;
    let same_window = StreamKey {
        public: kem(79)?.public(),
        ..temporary.clone()
    };
    let instance = world.instance.public();
    let reversed = Window {
        from: START + 1_000,
        until: START,
    };
    let nothing = Window {
        from: START,
        until: START,
    };
    let cases: Vec<(&str, &str, Change<'_>)> = vec![
        (
            "no-owner",
            "without the owner's stream key",
            Box::new(|a| {
                a.keys.remove(0);
            }),
        ),
        (
            "owner-second",
            "the DSK stands before the owner's stream key",
            Box::new(|a| a.keys.swap(0, 1)),
        ),
        (
            "owner-twice",
            "two owner's stream keys",
            Box::new(|a| a.keys.insert(1, owner_2.clone())),
        ),
        (
            "two-dsks",
            "two DSKs",
            Box::new(|a| a.keys.insert(2, dsk_2.clone())),
        ),
        (
            "tdsk-first",
            "a TDSK stands before the DSK",
            Box::new(|a| a.keys.swap(1, 2)),
        ),
        (
            "unsorted-windows",
            "windows do not ascend",
            Box::new(|a| a.keys.push(earlier.clone())),
        ),
        (
            "same-window",
            "the same window twice",
            Box::new(|a| a.keys.push(same_window.clone())),
        ),
        (
            "same-key",
            "a key twice, under two windows",
            Box::new(|a| {
                a.keys.push(StreamKey {
                    window: extra.window,
                    ..temporary.clone()
                });
            }),
        ),
        (
            "dsk-is-owner",
            "one key is owner's stream key and DSK",
            Box::new(|a| a.keys[1].public = owner.public),
        ),
        (
            "tdsk-is-dsk",
            "one key is DSK and TDSK",
            Box::new(|a| a.keys[2].public = dsk.public),
        ),
        (
            "dsk-is-instance",
            "a phone's IK is the DSK",
            Box::new(|a| a.keys[1].public = instance),
        ),
        (
            "instance-twice",
            "two phones have one IK",
            Box::new(|a| a.phones.push(a.phones[0].clone())),
        ),
        (
            "owner-window",
            "the owner's stream key has a window",
            Box::new(|a| a.keys[0].window = window),
        ),
        (
            "dsk-window",
            "the DSK has a window",
            Box::new(|a| a.keys[1].window = window),
        ),
        (
            "tdsk-no-window",
            "a TDSK has none",
            Box::new(|a| a.keys[2].window = None),
        ),
        (
            "window-reversed",
            "a window that ends before it begins",
            Box::new(|a| a.keys[2].window = Some(reversed)),
        ),
        (
            "window-empty",
            "a window that ends where it begins",
            Box::new(|a| a.keys[2].window = Some(nothing)),
        ),
        (
            "65-phones",
            "65 phones",
            Box::new(|a| a.phones.clone_from(&one_more)),
        ),
        (
            "65-keys",
            "65 keys",
            Box::new(|a| {
                sixty_four(a);
                if let Some(mut last) = a.keys.last().cloned() {
                    if let Some(window) = &mut last.window {
                        window.until += 1;
                    }
                    last.public = world.stranger.public();
                    a.keys.push(last);
                }
            }),
        ),
        (
            "shard-bits-17",
            "2^17 objects",
            Box::new(|a| a.shard_bits = 17),
        ),
        (
            "shard-bits-255",
            "2^255 objects",
            Box::new(|a| a.shard_bits = 255),
        ),
    ];
    for (name, comment, change) in &cases {
        b.reject(name, comment, with(&**change)?, "announcement-keys");
    }
    b.flag("Grammar");
    b.reject(
        "no-keys",
        "no key at all",
        with(&|a| a.keys.clear())?,
        "malformed",
    );
    b.reject(
        "no-phones",
        "no phone",
        with(&|a| a.phones.clear())?,
        "malformed",
    );
    others(&mut b, world, "announcement", "lease", input)?;
    b.finish()
}

/// A statement of another account, type or key in the place of this one.
pub fn others(
    b: &mut Builder,
    world: &World,
    kind: &str,
    other: &str,
    input: impl Fn(&[u8]) -> Value,
) -> Result<()> {
    let foreign = World::other()?;
    let leaf = world.message(kind)?;
    b.flag("RootSwap");
    b.reject(
        "other-root",
        "signed by another account's key",
        input(&foreign.sign(leaf.clone())?),
        "invalid-signature",
    );
    b.reject(
        "forged",
        "signed by another account's key in this one's name",
        input(&foreign.sign_for(&world.account, leaf.clone())?),
        "invalid-signature",
    );
    b.flag("WrongAccount");
    b.reject(
        "signed-for-other",
        "signed by this account, about another",
        input(&world.sign(foreign.message(kind)?)?),
        "wrong-account",
    );
    b.flag("WrongType");
    b.reject(
        "other-type",
        "another type, signed by the account",
        input(&world.sign(world.message(other)?)?),
        "wrong-type",
    );
    b.flag("ForgedSignature");
    let good = world.sign(leaf.clone())?;
    let altered = flip(&good, good.len() - 1);
    b.reject(
        "last-bit",
        "the last bit of the signature is flipped",
        input(&altered),
        "invalid-signature",
    );
    b.flag("TreePath");
    let leaf_altered = match super::item::Item::parse(&good)? {
        item @ super::item::Item::Array(_) => item
            .put(&[0], super::item::Item::Bytes(flip(&leaf, leaf.len() - 1)))
            .encode(),
        _ => Vec::new(),
    };
    b.reject(
        "altered",
        "the last bit of the message is flipped",
        input(&leaf_altered),
        "invalid-tree-path",
    );
    b.flag("Grammar");
    b.reject(
        "unsigned",
        "the message without a signature",
        input(&leaf),
        "malformed",
    );
    Ok(())
}

/// `announcement-follow`.
pub fn announcement_follow(world: &World) -> Result<File> {
    let mut b = Builder::new("announcement-follow");
    let head = |epoch: u64, byte: u8, issued: u64| json!({ "epoch": epoch, "hash": hexed([byte; 32]), "issued": issued });
    let with = |head: Value, change: &dyn Fn(&mut Announcement)| -> Result<Value> {
        let mut body = world.announced()?;
        change(&mut body);
        Ok(
            json!({ "root": hexed(world.root_bytes()), "head": head, "announcement": hexed(world.state(body)?) }),
        )
    };
    let hash = world.announced_hash()?;
    let first = |a: &mut Announcement| (a.epoch, a.previous) = (1, None);
    let own = json!({ "epoch": 2, "hash": hexed(hash.0), "issued": START });
    b.about(
        &[
            "SPEC#what-the-camera-checks",
            "CLAIM-NO-ROLLBACK",
            "CLAIM-NO-FORK",
        ],
        &["Valid"],
    );
    let expected = json!({ "same": false, "head": own });
    b.accept_as(
        "next",
        "epoch 2 after epoch 1",
        with(head(1, 12, START - 1), &|_| ())?,
        expected.clone(),
    );
    b.accept_as(
        "same",
        "the one in force",
        with(own.clone(), &|_| ())?,
        json!({ "same": true, "head": own }),
    );
    b.accept(
        "first",
        "epoch 1 where there is none",
        with(Value::Null, &first)?,
    );
    b.flag("Edge");
    b.accept_as(
        "issued-at-once",
        "issued in the same millisecond",
        with(head(1, 12, START), &|_| ())?,
        expected,
    );
    b.accept(
        "issued-later",
        "issued years later",
        with(head(1, 12, START - 1), &|a| a.issued += 100_000_000_000)?,
    );
    let great = (1 << 53) - 1;
    b.accept(
        "epoch-great",
        "epoch 2^53 − 1",
        with(head(great - 1, 12, START), &|a| a.epoch = great)?,
    );
    b.flag("Gap");
    b.reject(
        "not-first",
        "epoch 2 where there is none",
        with(Value::Null, &|_| ())?,
        "not-first",
    );
    b.reject(
        "first-0",
        "epoch 0 where there is none",
        with(Value::Null, &|a| (a.epoch, a.previous) = (0, None))?,
        "not-first",
    );
    b.reject(
        "first-previous",
        "epoch 1 with a predecessor",
        with(Value::Null, &|a| a.epoch = 1)?,
        "not-first",
    );
    b.reject(
        "gap",
        "epoch 3 after epoch 1",
        with(head(1, 12, START), &|a| a.epoch = 3)?,
        "epoch-gap",
    );
    b.reject(
        "gap-greatest",
        "epoch 2^64 − 1 after epoch 1",
        with(head(1, 12, START), &|a| a.epoch = u64::MAX)?,
        "epoch-gap",
    );
    b.flag("Rollback");
    b.reject(
        "rollback",
        "epoch 2 after epoch 3",
        with(head(3, 12, START), &|_| ())?,
        "announcement-rollback",
    );
    b.reject(
        "rollback-first",
        "epoch 1 after epoch 2",
        with(head(2, 12, START), &first)?,
        "announcement-rollback",
    );
    b.reject(
        "rollback-0",
        "epoch 0 after epoch 1",
        with(head(1, 12, START), &|a| a.epoch = 0)?,
        "announcement-rollback",
    );
    b.flag("Fork");
    b.reject(
        "fork",
        "another epoch 2 in force",
        with(head(2, 13, START), &|_| ())?,
        "announcement-fork",
    );
    b.reject(
        "other-previous",
        "it follows another epoch 1",
        with(head(1, 13, START), &|_| ())?,
        "announcement-fork",
    );
    b.reject(
        "no-previous",
        "epoch 2 without a predecessor",
        with(head(1, 12, START), &|a| a.previous = None)?,
        "announcement-fork",
    );
    b.reject(
        "first-again",
        "another epoch 1 in force",
        with(head(1, 12, START), &first)?,
        "announcement-fork",
    );
    b.flag("Clock");
    b.reject(
        "backwards",
        "issued a millisecond before its predecessor",
        with(head(1, 12, START + 1), &|_| ())?,
        "issued-backwards",
    );
    b.reject(
        "backwards-0",
        "issued in 1970",
        with(head(1, 12, START), &|a| a.issued = 0)?,
        "issued-backwards",
    );
    b.about(&["SPEC#what-the-camera-checks"], &["KeySet"]);
    b.reject(
        "form-first",
        "a rollback of a bad form: the form is checked first",
        with(head(3, 12, START), &|a| a.keys.swap(0, 1))?,
        "announcement-keys",
    );
    b.reject(
        "fork-before-time",
        "a fork that was issued before: the chain is checked first",
        with(head(1, 13, START + 1), &|_| ())?,
        "announcement-fork",
    );
    b.finish()
}

/// `recipients`.
pub fn recipients(world: &World) -> Result<File> {
    let mut b = Builder::new("recipients");
    let body = world.announced()?;
    let statement = hexed(world.state(body)?);
    let at = |start: u64, end: u64| {
        json!({
            "root": hexed(world.root_bytes()), "announcement": statement,
            "lease_until": START + 604_800_000, "start": START + start, "end": START + end,
        })
    };
    let to = |role: &str, key: &encryptediot::crypto::KemSecret| json!({ "role": role, "id": hexed(kem_id(&key.public()).0) });
    let (phone, owner) = (
        to("instance", &world.instance),
        to("owner", &world.owner_key),
    );
    let (dsk, temporary) = (to("dsk", &world.dsk), to("tdsk", &world.tdsk));
    let all = json!({ "recipients": [phone, owner, dsk, temporary] });
    let lasting = json!({ "recipients": [phone, owner, dsk] });
    let alone = json!({ "recipients": [phone, owner] });
    b.about(
        &[
            "SPEC#what-the-camera-does",
            "CLAIM-WINDOW",
            "CLAIM-STREAM-ISOLATION",
        ],
        &["Window"],
    );
    for (name, comment, start, end, expected) in [
        ("within", "within the window", 100, 900, &all),
        ("whole", "the window as a whole", 0, 1_000, &all),
        ("moment", "a moment within it", 500, 500, &all),
        ("at-from", "a moment at its start", 0, 0, &all),
        (
            "at-until",
            "a moment at its end: it ends no later",
            1_000,
            1_000,
            &all,
        ),
        (
            "ends-one-after",
            "ends one millisecond after it",
            0,
            1_001,
            &lasting,
        ),
        ("spans-end", "spans its end", 900, 2_000, &lasting),
        ("after", "after it", 2_000, 3_000, &lasting),
        (
            "one-after",
            "starts one millisecond after it",
            1_001,
            1_002,
            &lasting,
        ),
    ] {
        b.accept_as(
            &format!("window.{name}"),
            comment,
            at(start, end),
            expected.clone(),
        );
    }
    let early = |start: u64, end: u64| {
        but(
            &at(0, 0),
            json!({ "start": START - start, "end": START + end }),
        )
    };
    b.accept_as(
        "window.starts-one-before",
        "starts one millisecond before it",
        early(1, 500),
        lasting.clone(),
    );
    b.accept_as(
        "window.spans-start",
        "spans its start",
        early(500, 500),
        lasting.clone(),
    );
    b.accept_as(
        "window.spans-all",
        "spans all of it",
        early(500, 1_500),
        lasting.clone(),
    );
    b.about(
        &["SPEC#lease", "CLAIM-LEASE", "CLAIM-REVOCATION"],
        &["LeaseBoundary"],
    );
    let lease = |until: u64, start: u64, end: u64| {
        but(&at(start, end), json!({ "lease_until": START + until }))
    };
    for (name, comment, until, start, end, expected) in [
        (
            "one-before",
            "the session ends a millisecond before the lease",
            501,
            100,
            500,
            &all,
        ),
        ("at", "it ends with the lease", 500, 100, 500, &all),
        (
            "one-after",
            "it ends a millisecond after the lease",
            499,
            100,
            500,
            &alone,
        ),
        (
            "long-after",
            "it ends a second after the lease",
            500,
            100,
            1_500,
            &alone,
        ),
        (
            "starts-after",
            "it starts after the lease",
            99,
            100,
            500,
            &alone,
        ),
    ] {
        b.accept_as(
            &format!("lease.{name}"),
            comment,
            lease(until, start, end),
            expected.clone(),
        );
    }
    b.accept_as(
        "lease.over",
        "the lease ended before the announcement was made",
        but(&at(0, 100), json!({ "lease_until": START - 1 })),
        alone.clone(),
    );
    b.accept_as(
        "lease.at-0",
        "the lease ended in 1970",
        but(&at(0, 100), json!({ "lease_until": 0 })),
        alone.clone(),
    );
    b.accept_as(
        "lease.and-window",
        "lease and window are over",
        lease(0, 2_000, 3_000),
        alone,
    );
    b.about(
        &["SPEC#what-the-camera-does", "CLAIM-LOST-PHONE"],
        &["Isolation"],
    );
    let mut two = world.announced()?;
    two.phones.push(phones(1)?.remove(0));
    let input = but(
        &at(0, 100),
        json!({ "announcement": hexed(world.state(two)?) }),
    );
    let second = to("instance", &kem(80)?);
    b.accept_as(
        "two-phones",
        "every phone, in their order",
        input,
        json!({ "recipients": [phone, second, owner, dsk, temporary] }),
    );
    b.finish()
}

/// `acknowledgement-open`.
pub fn acknowledgement_open(world: &World) -> Result<File> {
    let mut b = Builder::new("acknowledgement-open");
    let hash = world.announced_hash()?;
    let head = |epoch: u64, hash: [u8; 32]| json!({ "epoch": epoch, "hash": hexed(hash), "issued": START });
    let camera = world.camera.verifying_key();
    let input = |ack: &[u8]| {
        json!({
            "account": hexed(world.account.0), "camera": hexed(camera.as_bytes()), "stream": "x",
            "head": head(2, hash.0), "acknowledgement": hexed(ack),
        })
    };
    let signed = |ack: Acknowledgement| -> Result<Vec<u8>> {
        Ok(cose::sign(&world.camera, world.encode(ack))?)
    };
    let good = signed(world.acknowledgement()?)?;
    b.about(&["SPEC#acknowledgement", "CLAIM-REVOCATION"], &["Valid"]);
    b.accept_as(
        "good",
        "the head of the phone's chain is in force from clip 3 on",
        input(&good),
        json!({ "first": 3, "time": START + 1 }),
    );
    let early = Acknowledgement {
        first: 1,
        time: 0,
        ..world.acknowledgement()?
    };
    b.flag("Edge");
    b.accept_as(
        "first-1",
        "from the first clip on, by a clock that was not set",
        input(&signed(early)?),
        json!({ "first": 1, "time": 0 }),
    );
    b.flag("Acknowledged");
    b.reject(
        "older",
        "it is of an older announcement",
        but(&input(&good), json!({ "head": head(3, [14; 32]) })),
        "ack-unknown",
    );
    b.reject(
        "newer",
        "it is of a newer one than the phone has",
        but(&input(&good), json!({ "head": head(1, [12; 32]) })),
        "ack-unknown",
    );
    b.about(&["SPEC#acknowledgement", "CLAIM-NO-FORK"], &["Fork"]);
    b.reject(
        "fork",
        "it is of another phone's announcement of this epoch",
        but(&input(&good), json!({ "head": head(2, [14; 32]) })),
        "ack-unknown",
    );
    let epoch = Acknowledgement {
        epoch: 3,
        ..world.acknowledgement()?
    };
    b.reject(
        "epoch-other",
        "the right hash with another epoch",
        input(&signed(epoch)?),
        "ack-unknown",
    );
    b.about(
        &["SPEC#acknowledgement", "CLAIM-REVOCATION"],
        &["WrongStream"],
    );
    let stream = Acknowledgement {
        stream: name("y")?,
        ..world.acknowledgement()?
    };
    b.reject(
        "other-stream",
        "it is of another stream",
        input(&signed(stream)?),
        "unknown-stream",
    );
    b.flag("WrongCamera");
    let other = signing(13)?;
    let theirs = Acknowledgement {
        camera: other.verifying_key(),
        ..world.acknowledgement()?
    };
    b.reject(
        "other-camera",
        "it names another camera",
        input(&signed(theirs.clone())?),
        "wrong-camera",
    );
    b.flag("ForgedSignature");
    b.reject(
        "signed-by-other",
        "another camera says it, and signs",
        input(&cose::sign(&other, world.encode(theirs))?),
        "invalid-signature",
    );
    b.reject(
        "forged",
        "another camera signs for this one",
        input(&cose::sign(&other, world.encode(world.acknowledgement()?))?),
        "invalid-signature",
    );
    b.reject(
        "by-lease-key",
        "the phone's lease key signs",
        input(&cose::sign(
            &world.lease,
            world.encode(world.acknowledgement()?),
        )?),
        "invalid-signature",
    );
    b.reject(
        "last-bit",
        "the last bit of the signature is flipped",
        input(&flip(&good, good.len() - 1)),
        "invalid-signature",
    );
    b.flag("WrongType");
    let lease = cose::sign(&world.camera, world.encode(world.lease_body()?))?;
    b.reject(
        "lease",
        "a lease, signed by the camera's key",
        input(&lease),
        "wrong-type",
    );
    b.flag("WrongAccount");
    let foreign = cose::sign(
        &world.camera,
        message::encode(&World::other()?.account, world.acknowledgement()?),
    )?;
    b.reject(
        "other-account",
        "it is of another account",
        input(&foreign),
        "wrong-account",
    );
    b.finish()
}

/// `acknowledgement-sign`.
pub fn acknowledgement_sign(world: &World) -> Result<File> {
    let mut b = Builder::new("acknowledgement-sign");
    b.about(&["SPEC#acknowledgement", "CLAIM-REVOCATION"], &["Valid"]);
    let hash = world.announced_hash()?;
    for (name, comment, epoch, first, time) in [
        ("good", "epoch 2, from clip 3 on", 2, 3, START + 1),
        ("first", "epoch 1, from clip 1 on", 1, 1, START),
        (
            "great",
            "numbers of eight bytes",
            (1 << 53) - 1,
            (1 << 53) - 1,
            (1 << 53) - 1,
        ),
    ] {
        let input = json!({
            "account": hexed(world.account.0), "camera": hexed(*world.camera.to_bytes()), "stream": "x",
            "epoch": epoch, "announcement": hexed(hash.0), "first": first, "time": time,
        });
        let ack = Acknowledgement {
            camera: world.camera.verifying_key(),
            stream: x()?,
            epoch,
            announcement: hash,
            first,
            time,
        };
        let signed = cose::sign(&world.camera, world.encode(ack))?;
        b.accept_as(name, comment, input, json!({ "signed": hexed(signed) }));
    }
    b.finish()
}

/// `lease-open`.
pub fn lease_open(world: &World) -> Result<File> {
    let mut b = Builder::new("lease-open");
    let input = |lease: &[u8]| json!({ "account": hexed(world.account.0), "lease": hexed(lease) });
    let good = lease::sign(&world.lease, &world.account, world.lease_body()?)?;
    b.about(&["SPEC#lease", "CLAIM-LEASE"], &["Valid"]);
    let body = world.lease_body()?;
    let expected = json!({
        "camera": hexed(body.camera.as_bytes()), "stream": "x", "announcement": hexed(body.announcement.0),
        "key": hexed(body.key.as_bytes()), "until": body.until,
    });
    b.accept_as(
        "good",
        "a lease by an enrolled phone",
        input(&good),
        expected,
    );
    b.flag("ForgedSignature");
    let other = signing(13)?;
    let forged = cose::sign(&other, world.encode(world.lease_body()?))?;
    b.reject(
        "forged",
        "another key signs than the one that it names",
        input(&forged),
        "invalid-signature",
    );
    let by_camera = cose::sign(&world.camera, world.encode(world.lease_body()?))?;
    b.reject(
        "by-camera",
        "the camera signs",
        input(&by_camera),
        "invalid-signature",
    );
    b.reject(
        "last-bit",
        "the last bit of the signature is flipped",
        input(&flip(&good, good.len() - 1)),
        "invalid-signature",
    );
    let altered = Lease {
        until: body.until + 1,
        ..world.lease_body()?
    };
    let altered = super::item::Item::parse(&good)?
        .put(&[0, 2], super::item::Item::bytes(world.encode(altered)));
    b.reject(
        "altered",
        "the end was moved after it was signed",
        input(&altered.encode()),
        "invalid-signature",
    );
    b.flag("WrongType");
    let ack = cose::sign(&world.lease, world.encode(world.acknowledgement()?))?;
    b.reject(
        "acknowledgement",
        "an acknowledgement in its place",
        input(&ack),
        "wrong-type",
    );
    b.flag("WrongAccount");
    let foreign = lease::sign(&world.lease, &World::other()?.account, world.lease_body()?)?;
    b.reject(
        "other-account",
        "it is of another account",
        input(&foreign),
        "wrong-account",
    );
    b.flag("Edge");
    let own = Lease {
        key: other.verifying_key(),
        ..world.lease_body()?
    };
    let own = lease::sign(&other, &world.account, own)?;
    b.accept(
        "unlisted",
        "any key may sign what names it: whether it is listed, the camera checks",
        input(&own),
    );
    let other_announcement = Lease {
        announcement: Bytes([1; 32]),
        ..world.lease_body()?
    };
    b.accept(
        "other-announcement",
        "of any announcement, likewise",
        input(&lease::sign(
            &world.lease,
            &world.account,
            other_announcement,
        )?),
    );
    b.finish()
}

/// `lease-sign`.
pub fn lease_sign(world: &World) -> Result<File> {
    let mut b = Builder::new("lease-sign");
    b.about(&["SPEC#lease", "CLAIM-LEASE"], &["Valid"]);
    for (name, until) in [
        ("good", START + 2_000_000_000),
        ("zero", 0),
        ("great", (1 << 53) - 1),
    ] {
        let lease = Lease {
            until,
            ..world.lease_body()?
        };
        let input = json!({
            "account": hexed(world.account.0), "key": hexed(*world.lease.to_bytes()),
            "camera": hexed(lease.camera.as_bytes()), "stream": "x",
            "announcement": hexed(lease.announcement.0), "until": until,
        });
        let signed = lease::sign(&world.lease, &world.account, lease)?;
        b.accept_as(
            name,
            &format!("until {until}"),
            input,
            json!({ "signed": hexed(signed) }),
        );
    }
    b.finish()
}
