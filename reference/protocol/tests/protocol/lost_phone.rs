//! A phone that was lost, in the hands of the provider.

use encryptediot::camera::Accepted;
use encryptediot::keys::kem_id;
use encryptediot::message;
use encryptediot::passphrase::Passphrase;
use encryptediot::unlock;
use encryptediot::vault::{self, Work};
use encryptediot_testkit::*;

/// A household whose tablet is kept unlocked, and what a thief has of it: the tablet, and the cloud
/// of then.
fn kept_unlocked() -> (Home, Vec<u8>, Home) {
    let mut home = home();
    home.enroll("tablet", None).unwrap();
    home.act("tablet", |owner, env| owner.keep_unlocked(env))
        .unwrap();
    let tablet = store_phone(home.phone("tablet").unwrap());
    let then = Saved::of(&home).load(1);
    (home, tablet, then)
}

/// A thief has the tablet and a copy of its `unlock` object and of the vault of then. After the loss,
/// with another passphrase, it opens the account's signing key all the same.
#[test]
fn a_new_passphrase_does_not_shut_out_a_phone_that_was_kept_unlocked() {
    let (mut home, tablet, then) = kept_unlocked();
    let words = Passphrase::generate(&mut rng(9));
    home.act("phone", |owner, env| {
        owner.lose_unlocked_phone(&n("tablet"), Some((&words, Work::LEAST)), env)
    })
    .unwrap();
    let id = home.id();
    let instance = loot(&tablet).instance;
    let path = then.paths().unlock(kem_id(&instance.public()));
    let pdk = unlock::open(&id, &instance, &then.cloud.bytes(&path)).unwrap();
    let vault = then.cloud.bytes(&then.paths().vault(1));
    let (_, opened) = vault::open_kept(&id, pdk, &vault).unwrap();
    // What it signs, the camera obeys.
    let path = home.cloud.under(&id, "announcements/x").pop().unwrap();
    let latest = home.cloud.bytes(&path);
    let latest = encryptediot::announcement::open(&home.root(), &id, &latest).unwrap();
    home.sync_camera("door").unwrap();
    let mut body = latest.body;
    (body.epoch, body.previous) = (body.epoch + 1, Some(latest.hash));
    let leaf = message::encode(&id, body);
    let forged =
        encryptediot::statement::sign_all(&opened.signing_key, &id, vec![leaf], &mut rng(8));
    let (door, clock, _) = home.at_camera("door");
    let accepted = door.accept(&forged.unwrap()[0], clock);
    assert!(matches!(accepted, Ok(Accepted::InForce(_))));
}

#[test]
fn a_phone_that_was_ever_kept_unlocked_is_not_dropped_as_if_that_were_enough() {
    let (mut home, _, _) = kept_unlocked();
    let words = Passphrase::generate(&mut rng(9));
    let id = kem_id(&home.phone("tablet").unwrap().keys().instance);
    let unlock = home.paths().unlock(id);
    let before = home.cloud.objects();
    for passphrase in [None, Some((&words, Work::LEAST))] {
        let lost = home.act("phone", |owner, env| {
            owner.lose_phone(&n("tablet"), passphrase, env)
        });
        assert_eq!(reason(lost), "phone-unlocked");
        assert_eq!(home.cloud.objects(), before, "nothing was written");
    }
    // The convenience was taken back, or the provider says that there never was any: the roster tells.
    home.cloud.drop_object(&unlock);
    assert_eq!(reason(home.lose("phone", "tablet")), "phone-unlocked");
    // Another phone is dropped as ever, and one whose owner knows.
    home.enroll("watch", None).unwrap();
    home.lose("phone", "watch").unwrap();
    assert_eq!(reason(home.lose("phone", "tablet")), "phone-unlocked");
    home.act("phone", |owner, env| {
        owner.lose_unlocked_phone(&n("tablet"), None, env)
    })
    .unwrap();
    assert_eq!(reason(home.sync_phone("tablet")), "phone-not-listed");
}

/// An account on whose roster it is not noted, since its phone was kept unlocked by an older program.
#[test]
fn an_unlock_object_alone_tells_as_well() {
    let mut home = home();
    home.enroll("tablet", None).unwrap();
    let keys = home.phone("tablet").unwrap().keys();
    let path = home.paths().unlock(kem_id(&keys.instance));
    home.cloud.set(&path, b"any".to_vec());
    assert_eq!(reason(home.lose("phone", "tablet")), "phone-unlocked");
}

/// A lost phone knows a key of the ring. With it, it makes the provider a member's record that
/// holds a pairwise key of its own: the owner must not grant anything under that.
#[test]
fn a_lost_phone_makes_no_member_records() {
    use encryptediot::cbor;
    use encryptediot::crypto::SecretBytes;
    use encryptediot::grant::{self, Member};
    use encryptediot::message;
    use encryptediot::statement::SignedStatement;

    let mut home = rich().saved.load(1);
    home.sync_phone("tablet").unwrap();
    let thief = loot(&store_phone(home.phone("tablet").unwrap()));
    home.lose("phone", "tablet").unwrap();
    let id = home.id();
    for path in home.cloud.under(&id, "members") {
        let genuine = home.cloud.bytes(&path);
        let number = path.rsplit('/').next().unwrap().parse().unwrap();
        let forged = Member {
            number,
            generation: 1,
            name: n("alice"),
            key: home.members[&n("alice")].card().key,
            pairwise: SecretBytes::new([66; 32]),
        };
        let forged = grant::seal_member(&id, &thief.ring, &forged, &mut rng(4)).unwrap();
        // As it is, and in place of the message in the genuine statement.
        let mut statement: SignedStatement = cbor::decode(&genuine).unwrap();
        statement.leaf = forged.clone().into();
        for bytes in [forged, cbor::encode(&statement)] {
            home.cloud.set(&path, bytes);
            // Refused, unless it is a number that stands for nobody any more.
            let _ = home.rotate("phone", &["x", "y", "z"]);
            let pairwise = SecretBytes::new([66; 32]);
            for path in home.cloud.under(&id, "announcements") {
                let statement: SignedStatement = cbor::decode(&home.cloud.bytes(&path)).unwrap();
                let hash = message::hash(&statement.leaf);
                for index in 0..4 {
                    let lookup = grant::Lookup::new(&pairwise, &hash, index, 0).unwrap();
                    let shard = home.cloud.bytes(&home.paths().shard(&hash, lookup.shard));
                    let shard: SignedStatement = cbor::decode(&shard).unwrap();
                    let shard = message::decode(&id, &shard.leaf).unwrap();
                    let public = thief_public();
                    let found = lookup.open(&hash, &public, &shard);
                    assert!(matches!(found, Ok(None)), "{path}: a part for the thief");
                }
            }
        }
        home.cloud.set(&path, genuine);
    }
    home.rotate("phone", &["x", "y", "z"]).unwrap();
}

fn thief_public() -> encryptediot::crypto::KemPublic {
    encryptediot::crypto::KemSecret::from_bytes(&[66; 32])
        .unwrap()
        .public()
}

/// A member who has nothing when a phone is lost is given something later: the lost phone, which
/// knows the member's pairwise key of then, opens none of it.
#[test]
fn a_lost_phone_opens_nothing_that_is_shared_anew_with_an_old_member() {
    use encryptediot::owner::Term;
    use encryptediot_testkit::household::window;

    let mut home = home();
    home.enroll("tablet", None).unwrap();
    home.share("phone", &["y"], &["alice"], Term::UntilRevoked)
        .unwrap();
    home.share("phone", &["y"], &["bob"], Term::UntilRevoked)
        .unwrap();
    home.revoke("phone", &["y"], "alice").unwrap();
    home.sync_phone("tablet").unwrap();
    let thief = store_phone(home.phone("tablet").unwrap());
    home.lose("phone", "tablet").unwrap();
    home.sync_camera("door").unwrap();
    let start = home.now();
    let past = home.record("door", "x", b"past").unwrap();
    home.share("phone", &["x"], &["alice", "bob"], Term::UntilRevoked)
        .unwrap();
    let both = ns(&["alice", "bob"]);
    home.act("phone", |owner, env| {
        owner.share_past(&n("x"), &both, window(start, 1_000), env)
    })
    .unwrap();
    home.sync_camera("door").unwrap();
    let later = home.record("door", "x", b"later").unwrap();
    let keys = loot(&thief).keys(&home.cloud);
    for clip in [past, later] {
        for member in ["alice", "bob"] {
            assert_eq!(home.sync_member(member).unwrap().refused, []);
            assert!(
                home.view_as_member(member, "x", clip).is_ok(),
                "{member}, {clip}"
            );
        }
        assert!(!opens(&keys, &home.cloud, &n("x"), clip), "{clip}");
    }
}

#[test]
fn a_phone_that_is_not_shown_that_another_was_kept_unlocked_drops_it_in_vain() {
    let mut home = home();
    home.enroll("tablet", None).unwrap();
    home.sync_phone("phone").unwrap();
    home.sync_camera("door").unwrap();
    let mut stale = Saved::of(&home).load(71);
    home.act("tablet", |owner, env| owner.keep_unlocked(env))
        .unwrap();
    home.sync_camera("door").unwrap();
    // The provider shows the phone the account from before, and the camera what the phone makes of it.
    stale.lose("phone", "tablet").unwrap();
    for stream in ["x", "y"] {
        let epoch = stale
            .phone("phone")
            .unwrap()
            .followed(&n(stream))
            .unwrap()
            .head
            .epoch;
        let bytes = stale
            .cloud
            .bytes(&stale.paths().announcement(&n(stream), epoch));
        let (door, clock, _) = home.at_camera("door");
        assert_eq!(reason(door.accept(&bytes, clock)), "announcement-fork");
    }
}
