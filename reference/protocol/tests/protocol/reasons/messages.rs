//! Messages and account: one case for each reason.

use super::*;

pub(super) fn malformed() -> Result<()> {
    accept(&mut home(), b"\xff")
}

pub(super) fn not_deterministic() -> Result<()> {
    let home = home();
    let path = home.paths().vault(1);
    home.cloud.change(&path, |bytes| bytes.push(0));
    vault::open(&home.id(), &home.passphrase, &home.cloud.bytes(&path)).map(drop)
}

pub(super) fn wrong_type() -> Result<()> {
    let home = rich().saved.load(1);
    let unlock = home.cloud.under(&home.id(), "unlock").remove(0);
    vault::open(&home.id(), &home.passphrase, &home.cloud.bytes(&unlock)).map(drop)
}

pub(super) fn unknown_version() -> Result<()> {
    let home = home();
    let path = home.paths().vault(1);
    home.cloud.change(&path, |bytes| {
        assert_eq!(&bytes[..8], b"\x84\x65vault\x01");
        bytes[7] = 2;
    });
    vault::open(&home.id(), &home.passphrase, &home.cloud.bytes(&path)).map(drop)
}

pub(super) fn wrong_account() -> Result<()> {
    let foreign = other_home();
    let mut home = home();
    home.cloud.set(
        &home.paths().vault(1),
        foreign.cloud.bytes(&foreign.paths().vault(1)),
    );
    home.rotate("phone", &["x"])
}

pub(super) fn invalid_key() -> Result<()> {
    let home = home();
    let path = home.paths().root();
    // The last byte of the modulus: an even one.
    home.cloud.change(&path, |bytes| bytes[262] &= 0xfe);
    keys::decode_root(&home.id(), &home.cloud.bytes(&path)).map(drop)
}

pub(super) fn invalid_signature() -> Result<()> {
    let mut home = home();
    home.rotate("phone", &["x"])?;
    let path = home.paths().announcement(&n("x"), 2);
    home.cloud
        .change(&path, |bytes| *bytes.last_mut().unwrap() ^= 1);
    camera_refusal(home.sync_camera("door"))
}

pub(super) fn invalid_tree_path() -> Result<()> {
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

pub(super) fn too_large() -> Result<()> {
    let mut home = home();
    home.cloud.set(
        &home.paths().announcement(&n("x"), 2),
        vec![0; message::MAX_MESSAGE + 1],
    );
    camera_refusal(home.sync_camera("door"))
}

pub(super) fn unknown_word() -> Result<()> {
    Passphrase::parse(
        &["camera"; 9]
            .join(" ")
            .replacen("camera", "camera doorbell", 1),
    )
    .map(drop)
}

pub(super) fn word_count() -> Result<()> {
    Passphrase::parse(&["camera"; 11].join(" ")).map(drop)
}

pub(super) fn work_out_of_range() -> Result<()> {
    let work = Work {
        log_n: 9,
        ..Work::LEAST
    };
    owner::create_account(name("phone")?, work, 0, &mut rng(1)).map(drop)
}

pub(super) fn vault_open() -> Result<()> {
    let mut home = home();
    home.passphrase = Passphrase::generate(&mut rng(5));
    home.rotate("phone", &["x"])
}

/// Whoever knows the passphrase seals another account's key where this account's is expected.
pub(super) fn root_mismatch() -> Result<()> {
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

pub(super) fn sealed_open() -> Result<()> {
    let mut home = home();
    let (id, ring) = (home.id(), Ring::generate(&mut rng(99)));
    roster::open_private(&id, home.phone("phone")?.roster()?, &ring).map(drop)
}

pub(super) fn vault_rollback() -> Result<()> {
    let mut home = home();
    let next = Passphrase::generate(&mut rng(5));
    home.act("phone", |owner, env| {
        owner.change_passphrase(&next, Work::LEAST, env)
    })?;
    home.cloud.drop_object(&home.paths().vault(2));
    home.rotate("phone", &["x"])
}

pub(super) fn roster_rollback() -> Result<()> {
    let mut home = home();
    home.cloud.drop_object(&home.paths().roster(2));
    home.sync_phone("phone")
}

pub(super) fn roster_chain() -> Result<()> {
    let mut home = home();
    home.cloud.set(
        &home.paths().roster(3),
        home.cloud.bytes(&home.paths().roster(2)),
    );
    home.sync_phone("phone")
}

pub(super) fn phone_not_listed() -> Result<()> {
    let mut home = home();
    home.enroll("tablet", None)?;
    home.lose("phone", "tablet")?;
    home.sync_phone("tablet")
}

pub(super) fn unknown_phone() -> Result<()> {
    home().lose("phone", "nobody")
}

pub(super) fn last_phone() -> Result<()> {
    home().lose("phone", "phone")
}

pub(super) fn phone_unlocked() -> Result<()> {
    let mut home = home();
    home.enroll("tablet", None)?;
    home.act("tablet", |owner, env| owner.keep_unlocked(env))?;
    home.lose("phone", "tablet")
}

pub(super) fn checkpoint_mismatch() -> Result<()> {
    let mut home = home();
    let before = home.cloud.objects();
    home.rotate("phone", &["x"])?;
    let checkpoint = home.phone("phone")?.checkpoint();
    home.cloud.restore(before);
    home.enroll("tablet", Some(&checkpoint))
}

pub(super) fn no_unlock_blob() -> Result<()> {
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
