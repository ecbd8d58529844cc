//! No bit of what is signed or sealed can be changed.

use encryptediot::cloud::Paths;
use encryptediot::error::Result;
use encryptediot::link::{self, Link};
use encryptediot_testkit::*;

/// Flips every bit of `bytes`, one at a time: all of them are refused.
fn every_bit_counts(what: &str, bytes: &[u8], read: impl Fn(&[u8]) -> Result<()>) {
    assert_eq!(read(bytes), Ok(()), "{what}");
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(read(&flipped).is_err(), "{what}: bit {bit} does not count");
    }
}

/// The first object of a type.
fn first(home: &Home, folder: &str) -> Vec<u8> {
    home.cloud.bytes(&home.cloud.under(&home.id(), folder)[0])
}

#[test]
fn every_bit_of_what_the_account_signs_counts() {
    use encryptediot::statement;

    let home = rich().saved.load(1);
    let (id, root) = (home.id(), home.root());
    every_bit_counts("announcement", &first(&home, "announcements"), |bytes| {
        encryptediot::announcement::open(&root, &id, bytes).map(drop)
    });
    every_bit_counts("roster", &first(&home, "roster"), |bytes| {
        encryptediot::roster::open(&root, &id, bytes).map(drop)
    });
    every_bit_counts("introduction", &first(&home, "introductions"), |bytes| {
        statement::open::<encryptediot::grant::Introduction>(&root, &id, bytes).map(drop)
    });
    every_bit_counts("grants", &first(&home, "grants"), |bytes| {
        statement::open::<encryptediot::grant::Shard>(&root, &id, bytes).map(drop)
    });
    let ring = home.opened().ring;
    every_bit_counts("member", &first(&home, "members"), |bytes| {
        encryptediot::grant::open_member(&root, &id, &ring, 1, bytes).map(drop)
    });
    every_bit_counts("root", &first_root(&home), |bytes| {
        encryptediot::keys::decode_root(&id, bytes).map(drop)
    });
}

fn first_root(home: &Home) -> Vec<u8> {
    home.cloud.bytes(&home.paths().root())
}

#[test]
fn every_bit_of_what_cameras_and_phones_sign_counts() {
    let home = rich().saved.load(1);
    let (id, x) = (home.id(), n("x"));
    let camera = home.cameras[&n("door")].verifying_key();
    every_bit_counts("manifest", &first(&home, "manifests/x"), |bytes| {
        encryptediot::clip::open(&id, &camera, &x, bytes).map(drop)
    });
    every_bit_counts(
        "acknowledgement",
        &first(&home, "acknowledgements/x"),
        |bytes| encryptediot::acknowledgement::open(&id, &camera, &x, bytes).map(drop),
    );
    // Under the key that a lease names itself: the camera checks that it lists that key.
    let lease = first(&home, "leases");
    let key = encryptediot::lease::open(&id, &lease).unwrap().key;
    every_bit_counts("lease", &lease, |bytes| {
        let lease = encryptediot::lease::open(&id, bytes)?;
        assert!(lease.key == key);
        Ok(())
    });
}

#[test]
fn every_bit_of_what_is_sealed_counts() {
    use encryptediot::vault::{self, Pdk, Work};

    let home = rich().saved.load(1);
    let (id, opened, mut rng) = (home.id(), home.opened(), rng(3));
    let pdk = Pdk::derive(&home.passphrase, Work::LEAST, &mut rng).unwrap();
    let bytes = vault::seal(3, &pdk, &opened.signing_key, &opened.ring, &mut rng).unwrap();
    every_bit_counts("vault", &bytes, |bytes| {
        let (number, _) = vault::open_kept(&id, pdk.clone(), bytes)?;
        assert_eq!(number, 3);
        Ok(())
    });
    let link = Link::from_text(&rich().link).unwrap();
    let object = &rich().saved.objects[&Paths(id).link(&link.id)];
    every_bit_counts("link", object, |bytes| {
        link::open(&link, bytes, START).map(drop)
    });
    let offer = encryptediot::pairing::Offer::new(id, START, &mut rng);
    let streams = ns(&["z"]);
    let camera = encryptediot::camera::Unpaired::new(streams);
    let (_, reply) = camera.pair(&offer, &home.clock, &mut rng).unwrap();
    every_bit_counts("pairing reply", &reply, |bytes| {
        encryptediot::pairing::open_reply(&offer, bytes).map(drop)
    });
}
