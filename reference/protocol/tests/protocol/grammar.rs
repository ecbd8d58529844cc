//! SPEC's grammar against the messages of a real household.

use std::collections::BTreeSet;

use encryptediot::cbor;
use encryptediot::cloud::Paths;
use encryptediot::contact::{self, Card};
use encryptediot::cose;
use encryptediot::crypto::sha256;
use encryptediot::grant::{Backup, SealedMember};
use encryptediot::message::{self, Body};
use encryptediot::owner::{Meeting, Term};
use encryptediot::pairing::Offer;
use encryptediot::roster;
use encryptediot::statement::SignedStatement;
use encryptediot_testkit::household::{Household, name, window};
use encryptediot_testkit::{store_phone, theft};

const SPEC: &str = include_str!("../../../SPEC.md");

/// The CDDL blocks of SPEC, with `rule` in the first place, which is what is matched.
fn grammar(rule: &str) -> String {
    let blocks = SPEC.split("```cddl\n").skip(1);
    let blocks: String = blocks
        .filter_map(|block| block.split("```").next())
        .collect();
    format!("start = {rule}\n{blocks}")
}

fn check(rule: &str, bytes: &[u8]) {
    if let Err(error) = cddl::validate_cbor_from_slice(&grammar(rule), bytes, None) {
        panic!("{} bytes are not a {rule}: {error}", bytes.len());
    }
}

/// The rule for the object at `path`, from SPEC's table.
fn rule(path: &str) -> Option<&'static str> {
    let kind = path.split('/').nth(1)?;
    Some(match kind {
        "root" => "root",
        "vault" => "vault",
        "unlock" => "unlock",
        "grants" | "roster" | "members" | "introductions" | "announcements" | "past" | "clocks" => {
            "signed-statement"
        }
        "acknowledgements" | "leases" | "manifests" => "sign1",
        "backups" => "backup",
        "links" if path.ends_with("/index") => "link",
        "pairing" => "sealed",
        _ => return None,
    })
}

/// A household that has done everything once, so that its cloud holds every object there is.
fn full() -> Household {
    let mut home = Household::in_memory(9).unwrap();
    home.pair("phone", "door", &["x", "y"]).unwrap();
    home.share("phone", &["x"], &["alice"], Term::UntilRevoked)
        .unwrap();
    let soon = window(home.now(), 5_000);
    home.share("phone", &["x"], &["bob"], Term::Window(soon))
        .unwrap();
    let carol = home.meet("carol").unwrap();
    let share = |owner: &mut encryptediot::owner::Owner<'_>,
                 env: &mut encryptediot::owner::Env<'_>| {
        owner.keep_unlocked(env)?;
        owner.set_clock_back(&name("door")?, 1_000, env)?;
        owner.share(&[], &[carol], Term::AllStreams, Meeting::Touch, env)
    };
    home.act("phone", share).unwrap();
    home.sync_camera("door").unwrap();
    let start = home.now();
    home.record("door", "x", &[7; 70_000]).unwrap();
    home.record("door", "x", b"").unwrap();
    let (x, alice, now) = (name("x").unwrap(), name("alice").unwrap(), home.now());
    home.act("phone", |owner, env| {
        owner.share_past(&x, &[alice], window(start, 2_000), env)?;
        owner.make_link(&x, &[1, 2], now + 1_000, env)
    })
    .unwrap();
    let cloud = &*home.cloud;
    home.phones[&name("phone").unwrap()]
        .extend_lease(cloud, &x, now, now + 1_000_000_000)
        .unwrap();
    home
}

#[test]
fn every_object_in_the_cloud_follows_its_grammar() {
    let home = full();
    let account = home.account().unwrap();
    let mut seen = BTreeSet::new();
    for path in home.cloud.list(&account.to_string()).unwrap() {
        let bytes = home.cloud.get(&path).unwrap();
        let Some(rule) = rule(&path) else { continue };
        check(rule, &bytes);
        seen.insert(rule);
        match rule {
            "signed-statement" => {
                let statement: SignedStatement = cbor::decode(&bytes).unwrap();
                let kind = message_type(&statement.leaf);
                check(&kind, &statement.leaf);
                check("tree-head", &payload(&statement.head));
                seen.insert("tree-head");
                seen.insert(match &*kind {
                    "roster" => "roster",
                    "grants" => "grants",
                    "member" => "member",
                    "introduction" => "introduction",
                    "announcement" => "announcement",
                    "past-share" => "past-share",
                    "clock" => "clock",
                    other => panic!("a statement of type {other}"),
                });
            }
            "sign1" => check(&message_type(&payload(&bytes)), &payload(&bytes)),
            _ => {}
        }
    }
    assert_eq!(seen.len(), 15, "{seen:?}");
}

fn payload(signed: &[u8]) -> Vec<u8> {
    let sign1: coset::CoseSign1 = coset::TaggedCborSerializable::from_tagged_slice(signed).unwrap();
    sign1.payload.unwrap()
}

fn message_type(message: &[u8]) -> String {
    let mut decoder = minicbor::Decoder::new(message);
    decoder.array().unwrap();
    decoder.str().unwrap().to_owned()
}

#[test]
fn what_is_sealed_follows_its_grammar() {
    let home = full();
    let phone = &home.phones[&name("phone").unwrap()];
    let account = *phone.account();
    let ring = &theft::loot(&store_phone(phone)).ring;
    check("ring", &ring.to_bytes());
    let private = roster::open_private(&account, phone.roster().unwrap(), ring).unwrap();
    check("roster-private", &cbor::encode(&private));
    let unseal = |kind: &str, generation, place: Vec<u8>, sealed: &[u8]| {
        let key = ring.key(generation).unwrap();
        check("context", &place);
        cose::unseal(key, &place, sealed).unwrap_or_else(|_| panic!("{kind} does not open"))
    };
    for number in 1..=private.members {
        let bytes = home.cloud.get(&Paths(account).member(number)).unwrap();
        let statement: SignedStatement = cbor::decode(&bytes).unwrap();
        let m: SealedMember = message::decode(&account, &statement.leaf).unwrap();
        let place = message::context(SealedMember::TYPE, &account, (number, m.generation));
        check(
            "member-plain",
            &unseal("member", m.generation, place, &m.sealed),
        );
    }
    let backup = phone.followed(&name("x").unwrap()).unwrap().current.backup;
    let bytes = home.cloud.get(&Paths(account).backup(&backup)).unwrap();
    let b: Backup = message::decode(&account, &bytes).unwrap();
    let place = message::context(Backup::TYPE, &account, (b.generation, b.stream.clone()));
    check(
        "backup-plain",
        &unseal("backup", b.generation, place, &b.sealed),
    );
}

#[test]
fn what_goes_from_device_to_device_follows_its_grammar() {
    let mut home = full();
    let account = home.account().unwrap();
    let text = |prefix: &str, text: String| {
        let text = text.strip_prefix(prefix).unwrap().to_owned();
        data_encoding::BASE32_NOPAD.decode(text.as_bytes()).unwrap()
    };
    let offer = Offer::new(account, home.now(), &mut home.rng);
    check(
        "pairing-offer",
        &text(encryptediot::pairing::OFFER_PREFIX, offer.to_text()),
    );
    assert_eq!(
        offer.to_text().len(),
        161,
        "the documentation of `to_text` states the length"
    );
    let card: Card = home.member("alice").unwrap().card();
    check("contact-card", &text(contact::CARD_PREFIX, card.to_text()));
    let pairwise = encryptediot::crypto::SecretBytes::new([1; 32]);
    check(
        "proximity",
        &contact::encode_proximity(&account, 3, &pairwise),
    );
    for checkpoint in [
        home.phone("phone").unwrap().checkpoint(),
        home.camera("door").unwrap().checkpoint(),
    ] {
        let checkpoint = checkpoint.to_text(&account);
        check(
            "checkpoint",
            &text(encryptediot::checkpoint::CHECKPOINT_PREFIX, checkpoint),
        );
    }
}

#[test]
#[should_panic(expected = "are not a vault")]
fn the_check_can_fail() {
    let home = full();
    let account = home.account().unwrap();
    let path = format!("{account}/vault/00000001");
    let mut bytes = home.cloud.get(&path).unwrap();
    let place = bytes.len() - 1;
    bytes.truncate(place);
    bytes.push(sha256(b"")[0]);
    bytes[1] ^= 1;
    check("vault", &bytes);
}
