//! Attacks that are written by hand: what they need is neither a history nor in a vector.
//!
//! Each is `Ok` if it succeeds, and otherwise the reason for which it does not, or nothing where
//! nothing is refused.

use encryptediot::announcement::{Announcement, Kind, open as announced};
use encryptediot::clip::{self, Manifest, Role};
use encryptediot::cloud::Paths;
use encryptediot::cose::{self, Signed};
use encryptediot::crypto::{KemSecret, RsaPublic, SecretBytes, SigningKey};
use encryptediot::error::ErrorKind;
use encryptediot::grant::{self, Lookup, PART_LEN, Shard};
use encryptediot::keys::{self, Name};
use encryptediot::message::{self, AccountId};
use encryptediot::owner::Term;
use encryptediot::pairing::{self, Offer};
use encryptediot::phone::Phone;
use encryptediot::vault::{self, Ring};
use encryptediot::{Result, cbor, past, roster, statement};
use encryptediot_testkit::household::{Household, name, window};
use encryptediot_testkit::{MemoryCloud, Objects};

/// The result of an attack.
pub type Outcome = std::result::Result<(), String>;

/// An attack, by its name.
pub type Program = (&'static str, fn() -> Outcome);

/// Every program.
pub const ALL: &[Program] = &[
    ("a_lost_phone_opens_later_clips", || {
        lost(|thief, house, clip| {
            let held = (Role::Instance, &thief.instance);
            house.unwrap(clip, held)
        })
    }),
    ("a_lost_phones_ring_opens_later_backups", || {
        lost(|thief, house, clip| {
            // Of whichever generation it is said to be.
            let mut ring = thief.ring.clone();
            ring.keys.extend(ring.keys.last().cloned());
            let holdings = house.backup(&ring, clip.epoch)?;
            house.unwrap(clip, (Role::Owner, &holdings[0]))
        })
    }),
    ("a_lost_phones_stream_key_opens_later_clips", || {
        lost(|thief, house, clip| {
            let holdings = house.backup(&thief.ring, clip.epoch - 1)?;
            house.unwrap(clip, (Role::Owner, &holdings[0]))
        })
    }),
    ("a_lost_phones_pairwise_keys_find_later_grants", || {
        lost(|thief, house, clip| {
            let Signed { hash, body } = house.announcement(clip.epoch)?;
            let record = house.home.cloud.get(&house.paths().member(1))?;
            let (root, account) = (&house.root, &house.account);
            let member = grant::open_member(root, account, &thief.ring, 1, &record)?;
            let lookup = Lookup::new(&member.pairwise, &hash, 1, body.shard_bits)?;
            let shard = house
                .home
                .cloud
                .get(&house.paths().shard(&hash, lookup.shard))?;
            let shard = statement::open::<Shard>(root, account, &shard)?.body;
            let found = lookup.open(&hash, &body.keys[1].public, &shard)?;
            house.unwrap(clip, (Role::Dsk, &found.ok_or(NOTHING)?))
        })
    }),
    (
        "a_lost_phone_reads_the_ring_of_a_phone_that_enrolls",
        || ring_of_a_hidden_loss(|shown| shown.enroll("desk", None)),
    ),
    ("a_lost_phone_reads_the_ring_of_another_loss", || {
        ring_of_a_hidden_loss(|shown| {
            let laptop = name("laptop")?;
            shown.act("phone", |owner, env| owner.lose_phone(&laptop, None, env))
        })
    }),
    ("a_camera_of_the_provider_is_paired", || {
        outcome(|| {
            let mut house = House::new()?;
            let offer = Offer::new(house.account, house.home.now(), &mut house.home.rng);
            let own = SigningKey::generate(&mut house.home.rng)?.verifying_key();
            let (camera, streams) = (own, vec![name("porch")?]);
            let reply = cbor::encode(&pairing::Reply { camera, streams });
            let place = message::context("pairing-reply", &house.account, offer.id());
            let known = SecretBytes::new([0; 32]);
            let sealed = cose::seal(&known, &place, &reply, &mut house.home.rng)?;
            pairing::open_reply(&offer, &sealed).map(drop)
        })
    }),
    ("a_past_share_lists_clips_outside_its_window", || {
        outcome(|| {
            let mut house = House::new()?;
            house.home.record("door", "video", b"before")?;
            house.home.clock.advance(10_000);
            let from = house.home.now();
            house.home.record("door", "video", b"within")?;
            let share = house.past_share("alice", from)?;
            (share.clips.len() > 1).then_some(()).ok_or(NOTHING.into())
        })
    }),
    ("a_past_shares_key_opens_another_share", || {
        outcome(|| {
            let mut house = House::new()?;
            let from = house.home.now();
            house.home.record("door", "video", b"one")?;
            let first = house.past_share("alice", from)?;
            house.home.clock.advance(10_000);
            let from = house.home.now();
            house.home.record("door", "video", b"two")?;
            let second = house.past_share("bob", from)?;
            (first.key == second.key)
                .then_some(())
                .ok_or(NOTHING.into())
        })
    }),
    ("a_members_parts_are_told_apart", || {
        outcome(|| {
            let mut house = House::new()?;
            house
                .home
                .act("phone", |owner, env| owner.rotate(&[name("video")?], env))?;
            let begins = |epoch| -> Result<Vec<Vec<u8>>> {
                let parts = house.parts(epoch)?;
                Ok(parts.iter().map(|part| part[..8].to_vec()).collect())
            };
            let (one, two) = (begins(2)?, begins(3)?);
            let same = one.iter().any(|begin| two.contains(begin));
            same.then_some(()).ok_or(NOTHING.into())
        })
    }),
    ("a_part_shows_its_key", || {
        outcome(|| {
            let house = House::new()?;
            let dsk = house.announcement(2)?.body.keys[1].public;
            let shown = house.parts(2)?.into_iter().any(|part| {
                let secret = part[8..40].try_into().ok();
                let secret = secret.and_then(|bytes| KemSecret::from_bytes(bytes).ok());
                secret.is_some_and(|secret| secret.public() == dsk)
            });
            shown.then_some(()).ok_or(NOTHING.into())
        })
    }),
    ("a_backup_shows_its_members", || {
        outcome(|| {
            let known = Ring {
                keys: vec![SecretBytes::new([0; 32])],
                predecessors: Vec::new(),
            };
            House::new()?.backup(&known, 2).map(drop)
        })
    }),
];

/// What an attack ends with that nobody refuses, and that finds nothing.
const NOTHING: ErrorKind = ErrorKind::Crypto;

fn outcome(attack: impl FnOnce() -> Result<()>) -> Outcome {
    attack().map_err(|error| match error.kind() {
        NOTHING => String::new(),
        other => other.reason().to_owned(),
    })
}

/// A household whose owner shares a stream with alice in its second epoch.
struct House {
    home: Household,
    account: AccountId,
    root: RsaPublic,
    video: Name,
}

/// A clip, and the epoch that it was recorded in.
struct Clip {
    manifest: Manifest,
    epoch: u64,
}

/// What was in a lost phone.
struct Thief {
    instance: KemSecret,
    ring: Ring,
}

/// The tablet is lost, and dropped; the provider shows the vault of now and otherwise what was there before to
/// phones that act then. Does it find the ring key of its loss in what they seal for it?
fn ring_of_a_hidden_loss(act: impl FnOnce(&mut Household) -> Result<()>) -> Outcome {
    outcome(|| {
        // Without members: their records, which the ring does not fit, are looked at as well.
        let mut home = Household::in_memory(7)?;
        home.pair("phone", "door", &["video"])?;
        let account = home.account()?;
        let root = keys::decode_root(&account, &home.cloud.get(&Paths(account).root())?)?;
        home.enroll("tablet", None)?;
        home.enroll("laptop", None)?;
        let phone = cbor::encode(&home.phone("phone")?.to_state());
        let instance = thief(&mut home, "tablet")?.instance;
        let mut shown = Objects::new();
        for path in home.cloud.list(&account.to_string())? {
            let bytes = home.cloud.get(&path)?;
            shown.insert(path, bytes);
        }
        let tablet = name("tablet")?;
        home.act("phone", |owner, env| owner.lose_phone(&tablet, None, env))?;
        let paths = Paths(account);
        let vault = home.cloud.get(&paths.vault(2))?;
        let (_, opened) = vault::open(&account, &home.passphrase, &vault)?;
        let key = opened.ring.keys.last().cloned();
        shown.insert(paths.vault(2), vault);
        home.cloud = Box::new(MemoryCloud::with(shown));
        let phone = Phone::from_state(cbor::decode(&phone)?)?;
        home.phones.insert(name("phone")?, phone);
        act(&mut home)?;
        for path in home.cloud.list(&format!("{account}/roster"))? {
            let listed = roster::open(&root, &account, &home.cloud.get(&path)?)?.roster;
            let ring = roster::open_ring(&account, &listed, &instance);
            if ring.is_ok_and(|ring| ring.keys.iter().any(|one| Some(one) == key.as_ref())) {
                return Ok(());
            }
        }
        Err(NOTHING.into())
    })
}

/// What a thief of a phone has.
fn thief(home: &mut Household, phone: &str) -> Result<Thief> {
    let state = cbor::encode(&home.phone(phone)?.to_state());
    assert_eq!(state[0], 0x8e, "an array of fourteen");
    // Name, account, root, IK, lease key, ring.
    let mut stored = minicbor::Decoder::new(&state[1..]);
    (0..3).for_each(|_| stored.skip().unwrap());
    let instance = stored.bytes().unwrap().try_into().unwrap();
    let instance = KemSecret::from_bytes(instance)?;
    stored.skip().unwrap();
    let ring = Ring::from_bytes(stored.bytes().unwrap())?;
    Ok(Thief { instance, ring })
}

/// A phone is lost, and dropped; then a clip is recorded.
fn lost(attack: impl FnOnce(&Thief, &House, &Clip) -> Result<()>) -> Outcome {
    outcome(|| {
        let mut house = House::new()?;
        house.home.enroll("tablet", None)?;
        let thief = thief(&mut house.home, "tablet")?;
        let tablet = name("tablet")?;
        house
            .home
            .act("phone", |owner, env| owner.lose_phone(&tablet, None, env))?;
        house.home.sync_camera("door")?;
        let sequence = house.home.record("door", "video", b"later")?;
        let bytes = house
            .home
            .cloud
            .get(&house.paths().manifest(&house.video, sequence))?;
        let epoch = house
            .home
            .camera("door")?
            .head(&name("video")?)
            .map(|head| head.epoch);
        let epoch = epoch.unwrap_or_default();
        let camera = house.announcement(epoch)?.body.camera;
        let camera = camera.ok_or(encryptediot::error::AnnouncementError::WrongCamera)?;
        let manifest = clip::open(&house.account, &camera, &house.video, &bytes)?.body;
        attack(&thief, &house, &Clip { manifest, epoch })
    })
}

impl House {
    fn new() -> Result<Self> {
        let mut home = Household::in_memory(7)?;
        home.pair("phone", "door", &["video"])?;
        home.meet("bob")?;
        home.share("phone", &["video"], &["alice"], Term::UntilRevoked)?;
        home.sync_camera("door")?;
        let account = home.account()?;
        let root = keys::decode_root(&account, &home.cloud.get(&Paths(account).root())?)?;
        let video = name("video")?;
        Ok(Self {
            home,
            account,
            root,
            video,
        })
    }

    fn paths(&self) -> Paths {
        Paths(self.account)
    }

    fn announcement(&self, epoch: u64) -> Result<Signed<Announcement>> {
        let bytes = self
            .home
            .cloud
            .get(&self.paths().announcement(&self.video, epoch))?;
        announced(&self.root, &self.account, &bytes)
    }

    /// The keys in a backup.
    fn backup(&self, ring: &Ring, epoch: u64) -> Result<Vec<KemSecret>> {
        let backup = self.announcement(epoch)?.body.backup;
        let bytes = self.home.cloud.get(&self.paths().backup(&backup))?;
        let (_, holdings) = grant::open_backup(&self.account, ring, &self.video, &backup, &bytes)?;
        Ok(holdings.into_iter().map(|holding| holding.secret).collect())
    }

    /// The members' parts of an announcement.
    fn parts(&self, epoch: u64) -> Result<Vec<[u8; PART_LEN]>> {
        let Signed { hash, body } = self.announcement(epoch)?;
        assert!(body.keys.iter().any(|key| key.kind == Kind::Dsk));
        let mut parts = Vec::new();
        for index in 0..1 << body.shard_bits {
            let bytes = self.home.cloud.get(&self.paths().shard(&hash, index))?;
            let shard = statement::open::<Shard>(&self.root, &self.account, &bytes)?.body;
            parts.extend_from_slice(shard.parts.as_chunks::<PART_LEN>().0);
        }
        assert!(!parts.is_empty());
        Ok(parts)
    }

    /// Opens the envelope of a clip.
    fn unwrap(&self, clip: &Clip, held: (Role, &KemSecret)) -> Result<()> {
        let (of, id) = (&clip.manifest.announcement, &clip.manifest.clip);
        let envelopes = &clip.manifest.envelopes;
        let (role, key) = held;
        clip::unwrap(&self.account, &self.video, of, id, envelopes, role, key).map(drop)
    }

    /// Shares a minute that has passed.
    fn past_share(&mut self, member: &str, from: u64) -> Result<past::PastShare> {
        let shared = |house: &Self| house.home.cloud.list(&house.paths().past_shares());
        let (before, video) = (shared(self)?, self.video.clone());
        let names = [name(member)?];
        if member != "alice" {
            let met = self.home.meet(member)?;
            self.home.act("phone", |owner, env| {
                let remote = encryptediot::owner::Meeting::Remote;
                let (streams, term) = ([video.clone()], Term::UntilRevoked);
                owner.share(&streams, &[met], term, remote, env)
            })?;
        }
        self.home.sync_phone("phone")?;
        let of = window(from, 60_000);
        self.home.act("phone", |owner, env| {
            owner.share_past(&video, &names, of, env)
        })?;
        let new = shared(self)?
            .into_iter()
            .find(|path| !before.contains(path));
        let bytes = self.home.cloud.get(&new.unwrap_or_default())?;
        Ok(past::open(&self.root, &self.account, &bytes)?.body)
    }
}
