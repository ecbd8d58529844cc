//! Members and grants: one case for each reason.

use super::*;

pub(super) fn card_malformed() -> Result<()> {
    Card::from_text("EIOT:CARD:A").map(drop)
}

pub(super) fn safety_number() -> Result<()> {
    let mut home = home();
    home.meet("alice")?;
    let (card, id) = (home.member("alice")?.card(), home.id());
    let mallory = Member::generate(n("alice"), &mut rng(1))?.card();
    let told = encryptediot::contact::safety_number(&id, &mallory.key);
    VerifiedMember::by_comparison(&id, card, &told).map(drop)
}

/// Puts `bytes` among the introductions of `member` and lets the member read them.
pub(super) fn introduce(home: &mut Home, member: &str, bytes: Vec<u8>) -> Result<()> {
    home.meet(member)?;
    let id = kem_id(&home.member(member)?.card().key);
    home.cloud.set(&home.paths().introduction(id, 99), bytes);
    first_refusal(home.sync_member(member))
}

pub(super) fn not_recipient() -> Result<()> {
    let mut home = shared();
    let path = home.cloud.under(&home.id(), "introductions").remove(0);
    let bytes = home.cloud.bytes(&path);
    introduce(&mut home, "bob", bytes)
}

pub(super) fn introduction_open() -> Result<()> {
    let mut home = home();
    home.meet("alice")?;
    let key = home.member("alice")?.card().key;
    let (mut introduction, _) = grant::introduce(&home.id(), &key, 99, &mut rng(1))?;
    introduction.confirmation.0[0] ^= 1;
    let bytes = home.forge(message::encode::<Introduction>(&home.id(), introduction));
    introduce(&mut home, "alice", bytes)
}

pub(super) fn introduction_replayed() -> Result<()> {
    let mut home = shared();
    let path = home.cloud.under(&home.id(), "introductions").remove(0);
    let bytes = home.cloud.bytes(&path);
    introduce(&mut home, "alice", bytes)
}

pub(super) fn grant_open() -> Result<()> {
    let mut home = shared();
    let (path, mut shard) = alices_shard(&home);
    let mut parts = shard.parts.to_vec();
    *parts.last_mut().unwrap() ^= 1;
    shard.parts = parts.into();
    write_shard(&home, &path, shard);
    first_refusal(home.sync_member("alice"))
}

pub(super) fn grant_key() -> Result<()> {
    let mut home = shared();
    let (path, mut shard) = alices_shard(&home);
    let alice = home.record_of("phone", "alice")?;
    let another = KemSecret::generate(&mut rng(1))?;
    let part = grant::part(&alice.pairwise, &shard.statement, 1, &another)?;
    shard.parts = part.to_vec().into();
    write_shard(&home, &path, shard);
    first_refusal(home.sync_member("alice"))
}

pub(super) fn grant_replayed() -> Result<()> {
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

pub(super) fn already_member() -> Result<()> {
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

pub(super) fn unknown_member() -> Result<()> {
    home().revoke("phone", &["x"], "alice")
}

pub(super) fn nothing_granted() -> Result<()> {
    shared().revoke("phone", &["y"], "alice")
}

pub(super) fn window_empty() -> Result<()> {
    let mut home = home();
    let past = window(home.now() - 2, 2);
    home.share("phone", &["x"], &["alice"], Term::Window(past))
        .map(drop)
}

pub(super) fn no_clips() -> Result<()> {
    let mut home = shared();
    let early = window(1, 2);
    home.act("phone", |owner, env| {
        owner.share_past(&n("x"), &ns(&["alice"]), early, env)
    })
    .map(drop)
}

pub(super) fn shard_out_of_place() -> Result<()> {
    let mut home = shared();
    let (path, mut shard) = alices_shard(&home);
    shard.index += 1;
    write_shard(&home, &path, shard);
    first_refusal(home.sync_member("alice"))
}
