//! A phone that was lost, in the hands of the provider.

use encryptediot_testkit::*;

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
