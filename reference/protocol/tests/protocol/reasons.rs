//! Every reason of SPEC is given by some use of the library, and by the use that is listed here.

mod announcements;
mod clips;
mod grants;
mod messages;
mod store;

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
use encryptediot::evidence::Evidence;
use encryptediot::grant::{self, Introduction, Shard};
use encryptediot::keys::{self, kem_id};
use encryptediot::lease::{self, Lease};
use encryptediot::link::{self, Link, Source};
use encryptediot::member::Member;
use encryptediot::message;
use encryptediot::owner::{self, Meeting, Term};
use encryptediot::pairing::{self, Offer};
use encryptediot::passphrase::Passphrase;
use encryptediot::past::{self, PastShare};
use encryptediot::roster;
use encryptediot::segment::SessionKey;
use encryptediot::statement::{self, SignedStatement};
use encryptediot::vault::{self, Ring, Vault, Work};
use encryptediot::view;
use encryptediot_testkit::household::{name, window};
use encryptediot_testkit::*;
use minicbor::bytes::ByteVec;
use zeroize::Zeroizing;

use self::announcements::*;
use self::clips::*;
use self::grants::*;
use self::messages::*;
use self::store::*;

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
    ("fork", roster_fork),
    ("not-fresh", not_fresh),
    ("phone-not-listed", phone_not_listed),
    ("unknown-phone", unknown_phone),
    ("last-phone", last_phone),
    ("phone-unlocked", phone_unlocked),
    ("checkpoint-mismatch", checkpoint_mismatch),
    ("no-unlock-blob", no_unlock_blob),
    ("offer-malformed", offer_malformed),
    ("offer-expired", offer_expired),
    ("offer-used", offer_used),
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
    ("announcement-tenure", announcements::announcement_tenure),
    ("camera-relieved", announcements::camera_relieved),
    ("lease-out-of-range", lease_out_of_range),
    ("lease-key", announcements::lease_key),
    ("lease-stale", lease_stale),
    ("lease-shorter", lease_shorter),
    ("ack-unknown", ack_unknown),
    ("issued-backwards", issued_backwards),
    ("clock-replayed", clock_replayed),
    ("clock-gap", clock_gap),
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
