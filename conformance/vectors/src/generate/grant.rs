//! What members are given, and the owner's records of it.

use encryptediot::cbor::Bytes;
use encryptediot::cose;
use encryptediot::crypto::{Aes128Gcm, KemSecret, SecretBytes, hkdf_expand, hpke_seal_export};
use encryptediot::grant::{self, Shard};
use encryptediot::message;
use encryptediot::past::PastShare;
use encryptediot_testkit::household::name;
use serde_json::{Value, json};

use super::super::Result;
use super::super::file::File;
use super::account::{other_ring, ring};
use super::announcement::others;
use super::builder::{Builder, but, hexed};
use super::forms::flip;
use super::item::{Item, NULL};
use super::messages::bad_points;
use super::world::{START, World, rng};

/// `introduction-open`.
pub fn introduction_open(world: &World) -> Result<File> {
    let mut b = Builder::new("introduction-open");
    let input = |statement: &[u8]| {
        json!({
            "root": hexed(world.root_bytes()), "member": hexed(*world.member.to_bytes()), "introduction": hexed(statement),
        })
    };
    let member = world.member.public();
    let (introduction, pairwise) = grant::introduce(&world.account, &member, 3, &mut rng(80))?;
    let leaf = world.encode(introduction.clone());
    let good = world.sign(leaf.clone())?;
    b.about(
        &[
            "SPEC#introductions",
            "CLAIM-GRANT-AGREEMENT",
            "CLAIM-GRANT-OWN",
        ],
        &["Valid"],
    );
    let expected = json!({ "hash": hexed(message::hash(&leaf).0), "number": 3, "pairwise": hexed(pairwise.as_bytes()) });
    b.accept_as(
        "good",
        "alice's introduction, number 3",
        input(&good),
        expected,
    );
    b.flag("Edge");
    for number in [1, 23, 24, (1 << 53) - 1] {
        let (introduction, pairwise) =
            grant::introduce(&world.account, &member, number, &mut rng(81))?;
        let leaf = world.encode(introduction);
        let expected = json!({ "hash": hexed(message::hash(&leaf).0), "number": number, "pairwise": hexed(pairwise.as_bytes()) });
        b.accept_as(
            &format!("number-{number}"),
            &format!("number {number}"),
            input(&world.sign(leaf)?),
            expected,
        );
    }
    b.flag("OtherRecipient");
    let strangers = but(
        &input(&good),
        json!({ "member": hexed(*world.stranger.to_bytes()) }),
    );
    b.reject(
        "other-member",
        "another member reads alice's introduction",
        strangers,
        "not-recipient",
    );
    let item = Item::parse(&leaf)?;
    let put = |place: usize, there: Item| world.sign(item.put(&[3, place], there).encode());
    let renamed = but(
        &input(&put(0, Item::bytes(world.stranger.public().as_bytes()))?),
        json!({ "member": hexed(*world.stranger.to_bytes()) }),
    );
    b.reject(
        "renamed",
        "alice's introduction with another member's key put in",
        renamed,
        "introduction-open",
    );
    b.flag("WrongContext");
    b.reject(
        "renumbered",
        "the number was changed",
        input(&put(1, Item::Uint(4))?),
        "introduction-open",
    );
    let foreign = World::other()?.account;
    let exporter = b"eiot/1 pairwise key";
    for (what, comment, context) in [
        (
            "account",
            "set up for another account",
            message::context("introduction", &foreign, 3u64),
        ),
        (
            "type",
            "set up as something else",
            message::context("unlock", &world.account, 3u64),
        ),
        ("empty", "set up without a context", Vec::new()),
    ] {
        let (enc, tag, _) = hpke_seal_export(&member, &context, &[], &[], exporter, &mut rng(82))?;
        let leaf = item
            .put(&[3, 2], Item::bytes(enc))
            .put(&[3, 3], Item::bytes(tag));
        b.reject(
            &format!("context.{what}"),
            comment,
            input(&world.sign(leaf.encode())?),
            "introduction-open",
        );
    }
    b.flag("InvalidKey");
    for (what, comment, point) in bad_points(&introduction.enc.0) {
        if point.len() == 65 {
            b.reject(
                &format!("enc-{what}"),
                comment,
                input(&put(2, Item::Bytes(point))?),
                "introduction-open",
            );
        }
    }
    b.flag("ModifiedCiphertext");
    let tag = introduction.confirmation.0;
    for (what, comment, tag) in [
        (
            "first-bit",
            "the confirmation's first byte is altered",
            flip(&tag, 0),
        ),
        (
            "last-bit",
            "the confirmation's last bit is flipped",
            flip(&tag, 15),
        ),
        ("zeros", "a confirmation of zeros", vec![0; 16]),
    ] {
        b.reject(
            &format!("confirmation-{what}"),
            comment,
            input(&put(3, Item::Bytes(tag))?),
            "introduction-open",
        );
    }
    let (other, _) = grant::introduce(&world.account, &member, 3, &mut rng(83))?;
    b.reject(
        "enc-other",
        "the encapsulated key of another introduction",
        input(&put(2, Item::bytes(other.enc.0))?),
        "introduction-open",
    );
    others(&mut b, world, "introduction", "announcement", input)?;
    b.finish()
}

/// find and seal, as SPEC has them.
fn derived(pairwise: &[u8; 32], statement: &[u8; 32], index: u32) -> Result<([u8; 8], [u8; 16])> {
    let (mut find, mut seal) = ([0; 8], [0; 16]);
    let index = index.to_be_bytes();
    hkdf_expand(
        pairwise,
        &[b"eiot/1 grant find", statement, &index],
        &mut find,
    )?;
    hkdf_expand(
        pairwise,
        &[b"eiot/1 grant seal", statement, &index],
        &mut seal,
    )?;
    Ok((find, seal))
}

/// `part-lookup`.
pub fn part_lookup(world: &World) -> Result<File> {
    let mut b = Builder::new("part-lookup");
    b.about(&["SPEC#parts", "CLAIM-GRANT-OWN"], &["Valid"]);
    let hash = world.announced_hash()?.0;
    for (what, comment, pairwise, statement, index, bits) in [
        ("good", "one object", [25; 32], hash, 1, 0),
        ("index-0", "the first key", [25; 32], hash, 0, 0),
        ("index-2", "the third key", [25; 32], hash, 2, 0),
        (
            "index-63",
            "the last key that there may be",
            [25; 32],
            hash,
            63,
            0,
        ),
        ("other-member", "another member", [26; 32], hash, 1, 0),
        (
            "other-statement",
            "another statement",
            [25; 32],
            [1; 32],
            1,
            0,
        ),
        ("bits-1", "two objects", [25; 32], hash, 1, 1),
        ("bits-3", "eight objects", [25; 32], hash, 1, 3),
        (
            "bits-8",
            "256 objects: the first byte",
            [25; 32],
            hash,
            1,
            8,
        ),
        ("bits-9", "512 objects", [25; 32], hash, 1, 9),
        ("bits-15", "2^15 objects", [25; 32], hash, 1, 15),
        (
            "bits-16",
            "2^16 objects: the first two bytes",
            [25; 32],
            hash,
            1,
            16,
        ),
        ("zeros", "a key of zeros", [0; 32], [0; 32], 0, 16),
        ("ones", "a key of ones", [255; 32], [255; 32], 63, 16),
    ] {
        let (find, seal) = derived(&pairwise, &statement, index)?;
        let start = u32::from(find[0]) << 8 | u32::from(find[1]);
        let expected =
            json!({ "find": hexed(find), "shard": start >> (16 - bits), "seal": hexed(seal) });
        let input = json!({ "pairwise": hexed(pairwise), "statement": hexed(statement), "index": index, "shard_bits": bits });
        b.accept_as(what, comment, input, expected);
    }
    b.finish()
}

/// `part-open`.
pub fn part_open(world: &World) -> Result<File> {
    let mut b = Builder::new("part-open");
    let hash = world.announced_hash()?;
    let input = |statement: &[u8]| {
        json!({
            "root": hexed(world.root_bytes()), "pairwise": hexed(world.pairwise().as_bytes()), "statement": hexed(hash.0),
            "index": 1, "shard_bits": 0, "public": hexed(world.dsk.public().as_bytes()), "grants": hexed(statement),
        })
    };
    let shard = world.grants()?;
    let good = world.state(shard.clone())?;
    let checks = ["SPEC#parts", "CLAIM-GRANT-AGREEMENT", "CLAIM-GRANT-OWN"];
    b.about(&checks, &["Valid"]);
    let private = |key: &KemSecret| json!({ "private": hexed(*key.to_bytes()) });
    b.accept_as(
        "good",
        "the DSK for alice",
        input(&good),
        private(&world.dsk),
    );
    let temporary = json!({ "index": 2, "public": hexed(world.tdsk.public().as_bytes()) });
    b.accept_as(
        "tdsk",
        "the TDSK for alice",
        but(&input(&good), temporary.clone()),
        private(&world.tdsk),
    );
    let other = json!({ "pairwise": hexed([26; 32]) });
    b.accept_as(
        "other-member",
        "the DSK for another member",
        but(&input(&good), other.clone()),
        private(&world.dsk),
    );
    b.about(&["SPEC#parts", "CLAIM-STREAM-ISOLATION"], &["Isolation"]);
    let nothing = json!({ "private": null });
    let both = but(&but(&input(&good), temporary), other);
    b.accept_as(
        "not-granted",
        "the TDSK for a member who has the DSK alone",
        both,
        nothing.clone(),
    );
    b.accept_as(
        "owner-key",
        "the owner's stream key, which nobody is given",
        but(
            &input(&good),
            json!({ "index": 0, "public": hexed(world.owner_key.public().as_bytes()) }),
        ),
        nothing.clone(),
    );
    b.accept_as(
        "stranger",
        "somebody who is no member",
        but(&input(&good), json!({ "pairwise": hexed([28; 32]) })),
        nothing.clone(),
    );
    let none = Shard {
        parts: Vec::new().into(),
        ..shard.clone()
    };
    b.accept_as(
        "empty",
        "no part in it",
        input(&world.state(none)?),
        nothing,
    );
    b.about(&checks, &["GrantedKey"]);
    b.reject(
        "other-key",
        "the owner announced another key",
        but(
            &input(&good),
            json!({ "public": hexed(world.stranger.public().as_bytes()) }),
        ),
        "grant-key",
    );
    let parts = |all: &[Vec<u8>]| Shard {
        parts: all.concat().into(),
        ..shard.clone()
    };
    let (find, seal) = derived(&[25; 32], &hash.0, 1)?;
    let sealed = |plain: &[u8], key: &[u8; 16]| -> Result<Vec<u8>> {
        Ok([&find[..], &Aes128Gcm::new(key).seal(&[0; 12], &[], plain)?].concat())
    };
    let one = |part: Vec<u8>| -> Result<Value> { Ok(input(&world.state(parts(&[part]))?)) };
    b.reject(
        "swapped-key",
        "another private key in alice's part",
        one(sealed(&*world.stranger.to_bytes(), &seal)?)?,
        "grant-key",
    );
    b.reject(
        "zero",
        "0 for a private key",
        one(sealed(&[0; 32], &seal)?)?,
        "grant-key",
    );
    b.reject(
        "greatest",
        "2^256 − 1 for a private key",
        one(sealed(&[255; 32], &seal)?)?,
        "grant-key",
    );
    b.flag("ModifiedCiphertext");
    let real = sealed(&*world.dsk.to_bytes(), &seal)?;
    b.reject(
        "part-first-bit",
        "the part's first sealed bit is flipped",
        one(flip(&real, 8))?,
        "grant-open",
    );
    b.reject(
        "part-last-bit",
        "the tag's last bit is flipped",
        one(flip(&real, 55))?,
        "grant-open",
    );
    b.reject(
        "other-seal",
        "sealed under another member's key",
        one(sealed(&*world.dsk.to_bytes(), &[9; 16])?)?,
        "grant-open",
    );
    b.reject(
        "zeros",
        "48 zeros after its first bytes",
        one([&find[..], &[0; 48]].concat())?,
        "grant-open",
    );
    b.flag("OutOfPlace");
    let elsewhere = Shard {
        statement: Bytes([1; 32]),
        ..shard.clone()
    };
    b.reject(
        "other-statement",
        "grants of another statement",
        input(&world.state(elsewhere)?),
        "shard-out-of-place",
    );
    let other_shard = Shard {
        index: 1,
        ..shard.clone()
    };
    b.reject(
        "other-shard",
        "another object's grants",
        input(&world.state(other_shard)?),
        "shard-out-of-place",
    );
    let all: Vec<Vec<u8>> = shard
        .parts
        .chunks(grant::PART_LEN)
        .map(<[u8]>::to_vec)
        .collect();
    let reversed: Vec<_> = all.iter().rev().cloned().collect();
    let doubled: Vec<_> = all
        .iter()
        .flat_map(|part| [part.clone(), part.clone()])
        .collect();
    for (what, comment, all) in [
        ("descending", "parts in descending order", reversed),
        ("twice", "each part is there twice", doubled),
        (
            "cut",
            "the last part lacks a byte",
            vec![super::forms::cut(&all.concat())],
        ),
        (
            "byte-more",
            "a byte after the last part",
            vec![all.concat(), vec![255]],
        ),
        ("half", "half a part", vec![all.concat()[..28].to_vec()]),
    ] {
        b.reject(
            what,
            comment,
            input(&world.state(parts(&all))?),
            "shard-out-of-place",
        );
    }
    b.reject(
        "bits",
        "it lies in another object than its first bits say",
        but(&input(&good), json!({ "shard_bits": 16 })),
        "shard-out-of-place",
    );
    others(&mut b, world, "grants", "member", input)?;
    b.finish()
}

/// `member-record-open`.
pub fn member_open(world: &World) -> Result<File> {
    let mut b = Builder::new("member-record-open");
    let leaf = world.message("member")?;
    let good = world.sign(leaf.clone())?;
    let input = |record: &[u8]| json!({ "root": hexed(world.root_bytes()), "ring": ring(world), "number": 3, "record": hexed(record) });
    b.about(
        &["SPEC#the-owners-records", "CLAIM-GRANT-AGREEMENT"],
        &["Valid"],
    );
    let key = *world.member.public().as_bytes();
    let expected = json!({ "name": "alice", "key": hexed(key), "pairwise": hexed(world.pairwise().as_bytes()) });
    b.accept_as(
        "good",
        "the record of alice",
        input(&good),
        expected.clone(),
    );
    let item = Item::parse(&leaf)?;
    let ring_key = |generation| -> Result<SecretBytes<32>> {
        Ok(SecretBytes::new(*world.ring.key(generation)?.as_bytes()))
    };
    let plain = |there: Vec<Item>| Item::Array(there).encode();
    let fields = || {
        vec![
            Item::text("alice"),
            Item::bytes(key),
            Item::bytes(world.pairwise().as_bytes()),
        ]
    };
    let sealed =
        |generation: u64, kind: &str, place: (u64, u64), plain: &[u8]| -> Result<Vec<u8>> {
            let context = message::context(kind, &world.account, place);
            let sealed = cose::seal(&ring_key(generation)?, &context, plain, &mut rng(84))?;
            let leaf = item
                .put(&[3, 1], Item::Uint(generation))
                .put(&[3, 2], Item::bytes(sealed));
            world.sign(leaf.encode())
        };
    b.accept_as(
        "older-generation",
        "sealed under the ring's first key",
        input(&sealed(1, "member", (3, 1), &plain(fields()))?),
        expected,
    );
    b.flag("WrongKey");
    b.reject(
        "other-ring",
        "under another ring",
        but(&input(&good), json!({ "ring": other_ring() })),
        "sealed-open",
    );
    b.reject(
        "ring-too-short",
        "the ring lacks its generation",
        but(&input(&good), json!({ "ring": [hexed([1; 32])] })),
        "sealed-open",
    );
    let put = |place: usize, there: Item| world.sign(item.put(&[3, place], there).encode());
    b.reject(
        "generation-0",
        "generation 0, which no ring has",
        input(&put(1, Item::Uint(0))?),
        "sealed-open",
    );
    b.reject(
        "generation-greatest",
        "generation 2^64 − 1",
        input(&put(1, Item::Uint(u64::MAX))?),
        "sealed-open",
    );
    b.flag("WrongContext");
    b.reject(
        "place",
        "it lies under another number",
        but(&input(&good), json!({ "number": 4 })),
        "sealed-open",
    );
    let renumbered = but(&input(&put(0, Item::Uint(4))?), json!({ "number": 4 }));
    b.reject(
        "renumbered",
        "its number was changed, and it lies there",
        renumbered,
        "sealed-open",
    );
    for (what, comment, kind, place) in [
        ("type", "sealed as a backup", "backup", (3, 2)),
        ("number", "sealed for another number", "member", (4, 2)),
        (
            "generation",
            "sealed for another generation",
            "member",
            (3, 1),
        ),
    ] {
        b.reject(
            &format!("context.{what}"),
            comment,
            input(&sealed(2, kind, place, &plain(fields()))?),
            "sealed-open",
        );
    }
    b.flag("Grammar");
    let mut short = fields();
    short.pop();
    let mut long = fields();
    long.push(NULL);
    let with = |place: usize, there: Item| {
        let mut changed = fields();
        if let Some(field) = changed.get_mut(place) {
            *field = there;
        }
        plain(changed)
    };
    for (what, comment, plain) in [
        ("plain-empty", "nothing was sealed", Vec::new()),
        ("plain-less", "without the pairwise key", plain(short)),
        ("plain-more", "a field more", plain(long)),
        (
            "pairwise-31",
            "a pairwise key of 31 bytes",
            with(2, Item::bytes([1; 31])),
        ),
        (
            "name-path",
            "a name with a slash",
            with(0, Item::text("a/b")),
        ),
        ("name-empty", "an empty name", with(0, Item::text(""))),
    ] {
        b.reject(
            what,
            comment,
            input(&sealed(2, "member", (3, 2), &plain)?),
            "malformed",
        );
    }
    b.flag("InvalidKey");
    for (what, comment, point) in bad_points(&key) {
        let record = sealed(2, "member", (3, 2), &with(1, Item::Bytes(point)))?;
        b.reject(
            &format!("key-{what}"),
            comment,
            input(&record),
            "invalid-key",
        );
    }
    b.about(
        &["SPEC#the-owners-records", "CLAIM-LOST-PHONE"],
        &["ForgedSignature"],
    );
    others(&mut b, world, "member", "grants", input)?;
    b.finish()
}

/// `backup-open`.
pub fn backup_open(world: &World) -> Result<File> {
    let mut b = Builder::new("backup-open");
    let (hash, good) = world.backup()?;
    let keys = [&world.owner_key, &world.dsk, &world.tdsk];
    let announced: Value = keys
        .iter()
        .map(|key| hexed(key.public().as_bytes()))
        .collect();
    let input = |hash: [u8; 32], backup: &[u8]| {
        json!({
            "account": hexed(world.account.0), "ring": ring(world), "stream": "x", "hash": hexed(hash),
            "announced": announced, "backup": hexed(backup),
        })
    };
    // What is wrong is not the hash, unless it is said.
    let own = |backup: &[u8]| input(message::hash(backup).0, backup);
    b.about(
        &["SPEC#the-owners-records", "CLAIM-SECOND-PHONE"],
        &["Valid"],
    );
    let holding = |key: &KemSecret, members: &[u64]| json!({ "private": hexed(*key.to_bytes()), "members": members });
    let expected = json!({ "holdings": [
        holding(&world.owner_key, &[]), holding(&world.dsk, &[1, 3]), holding(&world.tdsk, &[3]),
    ] });
    b.accept_as(
        "good",
        "three keys and their holders",
        input(hash.0, &good),
        expected,
    );
    b.flag("Swapped");
    b.reject(
        "other-hash",
        "the statement names another backup",
        input([1; 32], &good),
        "object-path",
    );
    let altered = flip(&good, good.len() - 1);
    b.reject(
        "altered",
        "its last bit is flipped",
        input(hash.0, &altered),
        "object-path",
    );
    b.reject("empty", "no bytes", input(hash.0, &[]), "object-path");
    b.flag("ModifiedCiphertext");
    b.reject(
        "altered-named",
        "its last bit is flipped, and that is what the statement names",
        own(&altered),
        "sealed-open",
    );
    b.flag("WrongKey");
    b.reject(
        "other-ring",
        "under another ring",
        but(&input(hash.0, &good), json!({ "ring": other_ring() })),
        "sealed-open",
    );
    b.reject(
        "ring-too-short",
        "the ring lacks its generation",
        but(&input(hash.0, &good), json!({ "ring": [hexed([1; 32])] })),
        "sealed-open",
    );
    b.flag("WrongStream");
    b.reject(
        "other-stream",
        "it is asked for another stream",
        but(&input(hash.0, &good), json!({ "stream": "y" })),
        "sealed-open",
    );
    let item = Item::parse(&good)?;
    let renamed = item.put(&[3, 1], Item::text("y")).encode();
    b.reject(
        "renamed",
        "its stream was changed",
        but(&own(&renamed), json!({ "stream": "y" })),
        "sealed-open",
    );
    b.flag("WrongAccount");
    let foreign = item
        .put(&[2], Item::bytes(World::other()?.account.0))
        .encode();
    b.reject(
        "other-account",
        "another account's",
        own(&foreign),
        "wrong-account",
    );
    b.flag("GrantedKey");
    let mut fewer = announced.clone();
    if let Value::Array(keys) = &mut fewer {
        keys.pop();
    }
    b.reject(
        "fewer-announced",
        "a key more than the statement has",
        but(&input(hash.0, &good), json!({ "announced": fewer })),
        "grant-key",
    );
    let mut swapped = announced.clone();
    if let Value::Array(keys) = &mut swapped {
        keys.swap(1, 2);
    }
    b.reject(
        "order",
        "keys in another order",
        but(&input(hash.0, &good), json!({ "announced": swapped })),
        "grant-key",
    );
    let mut more = announced.clone();
    if let Value::Array(keys) = &mut more {
        keys.push(hexed(world.stranger.public().as_bytes()));
    }
    b.reject(
        "more-announced",
        "a key less than the statement has",
        but(&input(hash.0, &good), json!({ "announced": more })),
        "grant-key",
    );
    let sealed = |kind: &str, plain: &[u8]| -> Result<Vec<u8>> {
        let context = message::context(kind, &world.account, (2u64, name("x")?));
        let key = SecretBytes::new(*world.ring.key(2)?.as_bytes());
        let sealed = cose::seal(&key, &context, plain, &mut rng(85))?;
        Ok(item.put(&[3, 2], Item::bytes(sealed)).encode())
    };
    b.flag("WrongContext");
    let one = Item::Array(vec![
        Item::bytes(*world.owner_key.to_bytes()),
        Item::Array(Vec::new()),
    ]);
    b.reject(
        "context.type",
        "sealed as a member's record",
        own(&sealed("member", &Item::Array(vec![one]).encode())?),
        "sealed-open",
    );
    b.flag("Grammar");
    b.reject(
        "plain-empty",
        "nothing was sealed",
        own(&sealed("backup", &[])?),
        "malformed",
    );
    b.reject(
        "plain-none",
        "an empty list of keys",
        own(&sealed("backup", &Item::Array(Vec::new()).encode())?),
        "malformed",
    );
    b.flag("InvalidKey");
    for (what, comment, scalar) in [
        ("zero", "0 for a private key", [0; 32]),
        ("greatest", "2^256 − 1 for a private key", [255; 32]),
    ] {
        let holding = Item::Array(vec![Item::bytes(scalar), Item::Array(Vec::new())]);
        b.reject(
            what,
            comment,
            own(&sealed("backup", &Item::Array(vec![holding]).encode())?),
            "invalid-key",
        );
    }
    b.finish()
}

/// `past-share-open`.
pub fn past_share_open(world: &World) -> Result<File> {
    let mut b = Builder::new("past-share-open");
    let input =
        |share: &[u8]| json!({ "root": hexed(world.root_bytes()), "past_share": hexed(share) });
    let with = |change: &dyn Fn(&mut PastShare)| -> Result<Value> {
        let mut share = world.past_share()?;
        change(&mut share);
        Ok(input(&world.state(share)?))
    };
    let good = world.past_share()?;
    let leaf = world.encode(good.clone());
    b.about(&["SPEC#past-windows", "CLAIM-PAST-WINDOW"], &["Valid"]);
    let expected = json!({
        "hash": hexed(message::hash(&leaf).0), "camera": hexed(world.camera.verifying_key().as_bytes()), "stream": "x",
        "window": { "from": START, "until": START + 2_000 }, "key": hexed(world.tdsk.public().as_bytes()),
        "clips": [{ "sequence": 3, "manifest": hexed(good.clips[0].manifest.0) }],
    });
    b.accept_as("good", "one clip", with(&|_| ())?, expected);
    let next = |share: &mut PastShare, sequence: u64| {
        if let Some(mut clip) = share.clips.first().cloned() {
            clip.sequence = sequence;
            share.clips.push(clip);
        }
    };
    b.accept("two", "two clips", with(&|s| next(s, 4))?);
    b.accept(
        "gap",
        "two clips, and some between that are not shared",
        with(&|s| next(s, 9))?,
    );
    b.flag("Edge");
    b.accept(
        "shard-bits-16",
        "2^16 objects",
        with(&|s| s.shard_bits = 16)?,
    );
    b.accept(
        "window-1",
        "a window of one millisecond",
        with(&|s| s.window.until = START + 1)?,
    );
    b.flag("KeySet");
    b.reject(
        "window-empty",
        "a window that ends where it begins",
        with(&|s| s.window.until = START)?,
        "announcement-keys",
    );
    b.reject(
        "window-reversed",
        "a window that ends before it begins",
        with(&|s| s.window.until = 0)?,
        "announcement-keys",
    );
    b.reject(
        "clip-twice",
        "a clip is there twice",
        with(&|s| next(s, 3))?,
        "announcement-keys",
    );
    b.reject(
        "descending",
        "clips descend",
        with(&|s| next(s, 2))?,
        "announcement-keys",
    );
    b.reject(
        "shard-bits-17",
        "2^17 objects",
        with(&|s| s.shard_bits = 17)?,
        "announcement-keys",
    );
    b.flag("Grammar");
    b.reject(
        "no-clips",
        "no clip",
        with(&|s| s.clips.clear())?,
        "malformed",
    );
    others(&mut b, world, "past-share", "announcement", input)?;
    b.finish()
}
