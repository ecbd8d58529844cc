//! Clips and links: one case for each reason.

use super::*;

pub(super) fn no_announcement() -> Result<()> {
    let home = home();
    let offer = Offer::new(home.id(), home.now(), &mut rng(1));
    let (mut camera, _) = Unpaired::new(ns(&["z"])).pair(&offer, &home.clock, &mut rng(2))?;
    camera.begin(&n("z"), &home.clock, &mut rng(3)).map(drop)
}

pub(super) fn session_full() -> Result<()> {
    let mut home = home();
    let (camera, clock, rng) = home.at_camera("door");
    let mut session = camera.begin(&n("x"), clock, rng)?;
    session.write(&vec![0; usize::try_from(clip::MAX_SESSION).unwrap() + 1])
}

pub(super) fn wrong_stream() -> Result<()> {
    let mut home = shared();
    home.cloud.set(
        &home.paths().manifest(&n("y"), 1),
        home.cloud.bytes(&home.paths().manifest(&n("x"), 1)),
    );
    home.sync_phone("phone")?;
    view(&mut home, "y", 1)
}

pub(super) fn wrong_sequence() -> Result<()> {
    let mut home = shared();
    home.cloud.set(
        &home.paths().manifest(&n("x"), 2),
        home.cloud.bytes(&home.paths().manifest(&n("x"), 1)),
    );
    home.sync_phone("phone")?;
    view(&mut home, "x", 2)
}

pub(super) fn manifest_chain() -> Result<()> {
    let (mut a, b) = two_pasts();
    view(&mut a, "x", 1)?;
    let path = a.paths().manifest(&n("x"), 2);
    a.cloud.set(&path, b.cloud.bytes(&path));
    view(&mut a, "x", 2)
}

pub(super) fn manifest_fork() -> Result<()> {
    let (mut a, b) = two_pasts();
    view(&mut a, "x", 1)?;
    let path = a.paths().manifest(&n("x"), 1);
    a.cloud.set(&path, b.cloud.bytes(&path));
    view(&mut a, "x", 1)
}

pub(super) fn unknown_announcement() -> Result<()> {
    let (mut a, mut b) = forked();
    a.sync_camera("door")?;
    a.record("door", "x", b"clip")?;
    let path = a.paths().manifest(&n("x"), 1);
    b.cloud.set(&path, a.cloud.bytes(&path));
    view(&mut b, "x", 1)
}

pub(super) fn manifest_shape() -> Result<()> {
    let mut home = shared();
    forged_manifest(&mut home, |body| body.end = body.start - 1);
    view(&mut home, "x", 1)
}

pub(super) fn no_envelope() -> Result<()> {
    let mut home = home();
    home.record("door", "x", b"before")?;
    home.share("phone", &["x"], &["alice"], Term::UntilRevoked)?;
    home.sync_member("alice")?;
    home.view_as_member("alice", "x", 1).map(drop)
}

pub(super) fn envelope_open() -> Result<()> {
    let mut home = shared();
    forged_manifest(&mut home, |body| body.envelopes[0].sealed.0[0] ^= 1);
    view(&mut home, "x", 1)
}

/// Changes the body of clip 1 of `x`, and views it.
pub(super) fn body(change: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
    let mut home = shared();
    let path = home.cloud.under(&home.id(), "bodies").remove(0);
    home.cloud.change(&path, change);
    view(&mut home, "x", 1)
}

pub(super) fn segment_altered() -> Result<()> {
    body(|bytes| bytes[0] ^= 1)
}

pub(super) fn body_truncated() -> Result<()> {
    body(|bytes| bytes.truncate(bytes.len() - 1))
}

pub(super) fn body_trailing() -> Result<()> {
    body(|bytes| bytes.push(0))
}

pub(super) fn clip_missing() -> Result<()> {
    let (mut home, _) = two_pasts();
    view(&mut home, "x", 2)?;
    home.cloud.drop_object(&home.paths().manifest(&n("x"), 1));
    view(&mut home, "x", 1)
}

/// The owner signs a past share of a window in which its clip does not lie.
pub(super) fn outside_window() -> Result<()> {
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
    let alice = home.record_of("phone", "alice")?;
    let part = grant::part(&alice.pairwise, &hash, 0, &held[0].secret)?;
    let shard = grant::shards(&hash, 0, vec![part]).remove(0);
    write_shard(&home, &home.paths().shard(&hash, 0), shard);
    home.cloud
        .set(&home.paths().past_share(&hash), home.forge(leaf));
    home.sync_member("alice")?;
    home.view_as_member("alice", "x", 1).map(drop)
}

pub(super) fn no_such_clip() -> Result<()> {
    view(&mut shared(), "x", 2)
}

pub(super) fn link_malformed() -> Result<()> {
    Link::from_text("eiot:link:A#A").map(drop)
}

pub(super) fn link_open() -> Result<()> {
    let mut home = shared();
    home.sync_phone("phone")?;
    let until = home.now() + 1;
    let link = home.link("x", &[1], until)?;
    let mut object = home.cloud.bytes(&home.paths().link(&link.id));
    *object.last_mut().unwrap() ^= 1;
    link::open(&link, &object, home.now()).map(drop)
}

pub(super) fn link_expired() -> Result<()> {
    let mut home = shared();
    home.sync_phone("phone")?;
    let until = home.now() + 1;
    let link = home.link("x", &[1], until)?;
    let object = home.cloud.bytes(&home.paths().link(&link.id));
    link::open(&link, &object, until).map(drop)
}

/// A link that somebody else made in the account's name.
pub(super) fn foreign_link(home: &Home, root: Vec<u8>) -> Result<()> {
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

pub(super) fn link_root() -> Result<()> {
    let (home, other) = (shared(), other_home());
    foreign_link(&home, keys::encode_root(&other.root()))
}

pub(super) fn link_clip() -> Result<()> {
    let home = shared();
    foreign_link(&home, keys::encode_root(&home.root()))
}
