//! The owner at work: an enrolled phone with the account signing key (ASK) at hand for one act at
//! a time. Every act of the owner that others must believe is here.
//!
//! An act is first written down on the phone as a whole, then written to the cloud object by
//! object: whoever is interrupted goes on where it stopped ([`Phone::sync`]).

mod arrange;

use std::collections::{BTreeMap, BTreeSet};
use std::mem::take;
use std::panic::resume_unwind;
use std::thread;

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::action;
use crate::announcement::{self, Announcement, Kind, MAX_KEYS, StreamKey, Window};
use crate::cbor::Bytes;
use crate::clip::{self, OpenClip, Role};
use crate::cloud::{Cloud, Paths};
use crate::contact::{self, VerifiedMember};
use crate::cose::Key;
use crate::crypto::{self, KemPublic, KemSecret, RsaSigningKey, SecretBytes};
use crate::error::{
    AccountError, AnnouncementError, Error, GrantError, PairingError, Result, StoreError,
};
use crate::grant::{self, Holding, Member};
use crate::keys::{self, KeyId, Name, kem_id, verifying_id};
use crate::link::{self, Link, Source};
use crate::message::{self, Body, Time};
use crate::pairing::Reply;
use crate::passphrase::Passphrase;
use crate::past::{PastClip, PastShare};
use crate::phone::{InForce, Outgoing, Phone};
use crate::roster::{self, CameraEntry, PhoneKeys, Private, Wrapped};
use crate::statement;
use crate::vault::{self, Opened, Pdk, Ring, Work};
use crate::view;

/// How long shared keys may be used without a word from an owner's phone, unless the owner says
/// otherwise: seven days.
pub const DEFAULT_LEASE: Time = 7 * 24 * 60 * 60 * 1000;

/// How a phone keeps its state: called before anything of an act leaves the phone.
pub type Save<'a> = &'a dyn Fn(&Phone) -> Result<()>;

/// The world around an act of the owner.
pub struct Env<'a> {
    /// The cloud.
    pub cloud: &'a dyn Cloud,
    /// The time.
    pub now: Time,
    /// How the phone keeps its state.
    pub save: Save<'a>,
    /// Randomness.
    pub rng: &'a mut dyn CryptoRng,
}

// ---------------------------------------------------------------- creating and enrolling

/// Creates an account on its first phone (paper section 3.2.1). Nothing is in the cloud yet: show
/// the passphrase, keep the phone, then [`Phone::sync`].
///
/// # Errors
/// `work-out-of-range`, `crypto`.
pub fn create_account<R>(
    phone: Name,
    work: Work,
    now: Time,
    rng: &mut R,
) -> Result<(Phone, Passphrase)>
where
    R: CryptoRng + ?Sized,
{
    let ring = Ring::generate(rng);
    create_with_ring(phone, ring, work, now, rng)
}

fn create_with_ring<R>(
    name: Name,
    ring: Ring,
    work: Work,
    now: Time,
    rng: &mut R,
) -> Result<(Phone, Passphrase)>
where
    R: CryptoRng + ?Sized,
{
    let passphrase = Passphrase::generate(rng);
    let (pdk, signing_key) = slow_keys(&passphrase, work, rng)?;
    let opened = Opened {
        signing_key,
        ring,
        pdk,
    };
    let phone = create_account_of(name, opened, now, rng)?;
    Ok((phone, passphrase))
}

/// Creates an account as [`create_account`] does, of a signing key, a ring and a passphrase-derived
/// key that are there already: with ready-made ones, test vectors are the same bytes each time.
///
/// # Errors
/// `crypto`.
pub fn create_account_of<R>(name: Name, opened: Opened, now: Time, rng: &mut R) -> Result<Phone>
where
    R: CryptoRng + ?Sized,
{
    let Opened {
        signing_key,
        ring,
        pdk,
    } = opened;
    let mut phone = Phone::fresh(name, signing_key.public().clone(), ring, rng)?;
    let root = keys::encode_root(&phone.root);
    let vault = vault::seal(1, &pdk, &signing_key, &phone.ring, rng)?;
    let draft = roster::Draft {
        number: 1,
        previous: None,
        issued: now,
        phones: vec![(phone.name.clone(), phone.keys())],
        cameras: Vec::new(),
        private: Private::default(),
    };
    let roster = draft.message(&phone.account, &phone.ring, rng)?;
    let act = Act {
        root: Some(create(phone.paths().root(), root)),
        vault: Some(create(phone.paths().vault(1), vault)),
        roster: Some((phone.paths().roster(1), roster)),
        ..Act::default()
    };
    phone.outbox = act.sign(&phone, &signing_key, rng)?;
    phone.vault = 1;
    action::log("Enroll", || phone.account_facts(&signing_key, &phone.ring));
    Ok(phone)
}

/// The passphrase-derived key and a fresh account signing key. Both take their time and neither
/// needs the other: they are made side by side. Only one draws from `rng`, so the same seed gives
/// the same keys.
fn slow_keys<R>(passphrase: &Passphrase, work: Work, rng: &mut R) -> Result<(Pdk, RsaSigningKey)>
where
    R: CryptoRng + ?Sized,
{
    let salt = Pdk::salt(rng);
    let derive = || Pdk::derive_with_salt(passphrase, work, salt);
    thread::scope(|scope| {
        let aside = thread::Builder::new().spawn_scoped(scope, derive);
        let signing_key = RsaSigningKey::generate(rng);
        let pdk = match aside {
            Ok(aside) => aside.join().unwrap_or_else(|panic| resume_unwind(panic)),
            // This machine has no more threads.
            Err(_) => derive(),
        };
        Ok((pdk?, signing_key?))
    })
}

/// Enrolls a further phone with the passphrase alone (paper section 3.2.1), and lists it on every
/// stream. `checkpoint` is what another device of the account says over a trusted channel.
///
/// # Errors
/// `object-missing`, `vault-open`, `checkpoint-mismatch` and those of [`Phone::sync`].
pub fn enroll(
    name: Name,
    account: message::AccountId,
    passphrase: &Passphrase,
    checkpoint: Option<&crate::phone::Checkpoint>,
    env: &mut Env<'_>,
) -> Result<Phone> {
    let (mut phone, opened) = recover(name, account, passphrase, checkpoint, env.cloud, env.rng)?;
    action::log("Enroll_further", || {
        phone.account_facts(&opened.signing_key, &opened.ring)
    });
    let mut owner = Owner::new(&mut phone, opened);
    owner.list_this_phone(env)?;
    Ok(phone)
}

/// What a further phone gets from the passphrase and the cloud before it lists itself.
pub fn recover<R>(
    name: Name,
    account: message::AccountId,
    passphrase: &Passphrase,
    checkpoint: Option<&crate::phone::Checkpoint>,
    cloud: &dyn Cloud,
    rng: &mut R,
) -> Result<(Phone, Opened)>
where
    R: CryptoRng + ?Sized,
{
    let paths = Paths(account);
    let root = keys::decode_root(&account, &cloud.get(&paths.root())?)?;
    let (number, bytes) = latest_vault(cloud, &paths, 0)?;
    let (_, opened) = vault::open(&account, passphrase, &bytes)?;
    let mut phone = Phone::fresh(name, root, opened.ring.clone(), rng)?;
    phone.vault = number;
    phone.follow_account(cloud)?;
    if let Some(checkpoint) = checkpoint {
        phone.check(cloud, checkpoint)?;
    }
    Ok((phone, opened))
}

/// The newest vault that the cloud shows, at least number `seen`.
fn latest_vault(cloud: &dyn Cloud, paths: &Paths, seen: u64) -> Result<(u64, Vec<u8>)> {
    let mut number = seen.max(1);
    let mut latest = match cloud.find(&paths.vault(number))? {
        Some(bytes) => bytes,
        None if seen == 0 => return Err(StoreError::Missing.into()),
        None => return Err(AccountError::VaultRollback.into()),
    };
    while let Some(next) = cloud.find(&paths.vault(number + 1))? {
        (number, latest) = (number + 1, next);
    }
    let vault: vault::Vault = message::decode(&paths.0, &latest)?;
    vault::check_place(&vault, number, seen)?;
    Ok((number, latest))
}

/// The PDK wrapped to one phone's instance key, where the owner chose that.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Unlock {
    /// The phone's instance key.
    #[n(0)]
    pub phone: KeyId,
    /// The PDK, its salt and its parameters.
    #[n(1)]
    pub pdk: Wrapped,
}

impl Body for Unlock {
    const TYPE: &'static str = "unlock";
}

/// Opens what [`Owner::keep_unlocked`] left for the phone with this instance key.
///
/// # Errors
/// Those of the message; `sealed-open`, also if it is another phone's.
pub fn open_unlock(account: &message::AccountId, instance: &KemSecret, blob: &[u8]) -> Result<Pdk> {
    let id = kem_id(&instance.public());
    let Unlock {
        phone,
        pdk: Wrapped { enc, ciphertext },
    } = message::decode(account, blob)?;
    if phone != id {
        return Err(AccountError::SealedOpen.into());
    }
    let info = message::context(Unlock::TYPE, account, id);
    let pdk = crypto::hpke_open(instance, &enc.0, &info, &[], &ciphertext)
        .map_err(|_| AccountError::SealedOpen)?;
    Pdk::from_bytes(&pdk)
}

impl Phone {
    /// What the model's rules of the account say: its secrets by what they are known by.
    fn account_facts(
        &self,
        signing_key: &RsaSigningKey,
        ring: &Ring,
    ) -> Vec<(&'static str, action::Value)> {
        let own = keys::account_id(signing_key.public());
        vec![
            ("U", action::name(self.account)),
            ("pw", action::fresh("passphrase", self.account)),
            ("salt", action::fresh("salt", self.account)),
            ("ask", action::fresh("root", own)),
            ("ik", action::fresh("key", kem_id(&self.instance.public()))),
            (
                "ring",
                action::fresh("ring", message::hash(&ring.to_bytes())),
            ),
        ]
    }

    /// Unlocks the account signing key with the passphrase. What is owed is written first, and the
    /// rosters are read; of the streams, an act then follows those that it touches.
    ///
    /// # Errors
    /// Those of [`Phone::sync`]; `vault-rollback`; `vault-open`; `root-mismatch`.
    pub fn unlock(&mut self, passphrase: &Passphrase, env: &Env<'_>) -> Result<Owner<'_>> {
        self.sync_account(env.cloud)?;
        let (number, bytes) = latest_vault(env.cloud, &self.paths(), self.vault)?;
        let (_, opened) = vault::open(&self.account, passphrase, &bytes)?;
        self.vault = number;
        Ok(Owner::new(self, opened))
    }

    /// Unlocks the account signing key with what [`Owner::keep_unlocked`] left. A convenience of
    /// the paper that makes one stolen phone the whole account; off unless the owner chose it.
    ///
    /// # Errors
    /// `no-unlock-blob`; otherwise as [`Phone::unlock`].
    pub fn unlock_kept(&mut self, env: &Env<'_>) -> Result<Owner<'_>> {
        self.sync_account(env.cloud)?;
        let id = kem_id(&self.instance.public());
        let blob = env
            .cloud
            .find(&self.paths().unlock(id))?
            .ok_or(AccountError::NoConvenience)?;
        let pdk = open_unlock(&self.account, &self.instance, &blob)?;
        let (number, bytes) = latest_vault(env.cloud, &self.paths(), self.vault)?;
        let (_, opened) = vault::open_kept(&self.account, pdk, &bytes)?;
        self.vault = number;
        Ok(Owner::new(self, opened))
    }
}

// ---------------------------------------------------------------- an act

/// Everything that one act writes.
#[derive(Default)]
struct Act {
    root: Option<Outgoing>,
    /// Objects named by their own hash: nobody else can have written them.
    named_by_hash: Vec<Outgoing>,
    vault: Option<Outgoing>,
    /// Statements to be signed: path and message.
    grants: Vec<(String, Vec<u8>)>,
    roster: Option<(String, Vec<u8>)>,
    members: Vec<(String, Vec<u8>)>,
    introductions: Vec<(String, Vec<u8>)>,
    announcements: Vec<(String, Vec<u8>)>,
    past_shares: Vec<(String, Vec<u8>)>,
    other: Vec<Outgoing>,
    /// Members who are new with this act.
    met: Members,
    /// The streams that it announces keys on.
    streams: Vec<Name>,
}

fn create(path: String, bytes: Vec<u8>) -> Outgoing {
    Outgoing {
        path,
        replace: false,
        bytes,
    }
}

impl Act {
    /// Signs all statements of the act with one signature and puts the writes in their order: what
    /// is found only through something later comes first; what two phones may race for comes
    /// before what depends on winning.
    fn sign<R>(self, phone: &Phone, key: &RsaSigningKey, rng: &mut R) -> Result<Vec<Outgoing>>
    where
        R: CryptoRng + ?Sized,
    {
        let groups = [
            self.grants,
            self.roster.into_iter().collect(),
            self.members,
            self.introductions,
            self.announcements,
            self.past_shares,
        ];
        let (paths, leaves): (Vec<_>, Vec<_>) = groups.into_iter().flatten().unzip();
        let signed = match leaves.is_empty() {
            true => Vec::new(),
            false => statement::sign_all(key, &phone.account, leaves, rng)?,
        };
        let signed = paths
            .into_iter()
            .zip(signed)
            .map(|(path, bytes)| create(path, bytes));
        let mut out: Vec<Outgoing> = self.root.into_iter().collect();
        out.extend(self.named_by_hash);
        out.extend(self.vault);
        out.extend(signed);
        out.extend(self.other);
        Ok(out)
    }
}

/// For whom a stream is to be wrapped, beside the owner: key by kind and window, to the members'
/// numbers.
type Plan = BTreeMap<(Kind, Option<Window>), BTreeSet<u64>>;

/// What is to become of a stream: at first what it is.
#[derive(Default)]
struct Next {
    plan: Plan,
    /// The owner's stream key in force, unless a fresh one is due.
    owner: Option<Holding>,
}

type Streams = BTreeMap<Name, Next>;

/// On what terms something is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    /// From now until it is revoked (DSK).
    UntilRevoked,
    /// As [`Term::UntilRevoked`], on every stream, those to come as well (paper section 4.3).
    AllStreams,
    /// For a window (TDSK).
    Window(Window),
}

/// How the owner meets a new member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meeting {
    /// The pairwise key is encrypted to the member's public key.
    Remote,
    /// The pairwise key goes from device to device by touch.
    Touch,
}

pub use arrange::Arrangement;

/// What sharing gives the owner to hand over by touch: the member's name and the payload.
pub type TouchPayloads = Vec<(Name, Vec<u8>)>;

/// A phone with the account signing key at hand. It forgets the key when dropped.
pub struct Owner<'a> {
    phone: &'a mut Phone,
    opened: Opened,
}

/// The members that an act deals with, by number.
type Members = BTreeMap<u64, Member>;

impl<'a> Owner<'a> {
    fn new(phone: &'a mut Phone, opened: Opened) -> Self {
        action::log("Unlock", || {
            let mut values = phone.account_facts(&opened.signing_key, &opened.ring);
            values.retain(|(name, _)| !["pw", "salt"].contains(name));
            values
        });
        Self { phone, opened }
    }
}

impl Owner<'_> {
    /// The phone.
    pub fn phone(&mut self) -> &mut Phone {
        self.phone
    }

    /// Writes the act down on the phone, then to the cloud, then reads it back. While an earlier
    /// act is owed to a cloud that failed, there is no other: it would not know of that one.
    fn commit(&mut self, mut act: Act, env: &mut Env<'_>) -> Result<()> {
        if !self.phone.outbox.is_empty() {
            return Err(StoreError::Unavailable.into());
        }
        let sealed = u64::from(act.vault.is_some());
        let (met, streams) = (take(&mut act.met), take(&mut act.streams));
        self.phone.outbox = act.sign(self.phone, &self.opened.signing_key, env.rng)?;
        (env.save)(self.phone)?;
        let result = self.phone.sync_streams(env.cloud, &streams);
        if result.is_ok() {
            self.phone.vault += sealed;
            self.phone.records.extend(met);
        }
        (env.save)(self.phone)?;
        result
    }

    /// The latest roster as the draft of the next one.
    fn next_roster(&self, now: Time) -> Result<roster::Draft> {
        let (head, last) = self
            .phone
            .roster
            .as_ref()
            .ok_or(AccountError::PhoneNotListed)?;
        let entry = |phone: &roster::PhoneEntry| (phone.name.clone(), phone.keys.clone());
        Ok(roster::Draft {
            number: head.number + 1,
            previous: Some(head.hash),
            issued: now.max(last.issued),
            phones: last.phones.iter().map(entry).collect(),
            cameras: last.cameras.clone(),
            private: self.private()?,
        })
    }

    fn private(&self) -> Result<Private> {
        roster::open_private(&self.phone.account, self.phone.roster()?, &self.phone.ring)
    }

    fn add_roster(&self, act: &mut Act, draft: roster::Draft, env: &mut Env<'_>) -> Result<()> {
        let path = self.phone.paths().roster(draft.number);
        act.roster = Some((
            path,
            draft.message(&self.phone.account, &self.phone.ring, env.rng)?,
        ));
        Ok(())
    }

    /// What is in force on `streams`, which are followed first, without windows that have passed. Of
    /// a stream that another phone has paired and not yet announced: what every new stream begins with.
    fn streams(&mut self, streams: &[Name], env: &Env<'_>) -> Result<Streams> {
        self.phone.follow_streams(env.cloud, streams)?;
        let mut all = Streams::new();
        for stream in streams {
            let Some(followed) = self.phone.streams.get(stream) else {
                let members = self.private()?.all_streams.into_iter().collect();
                let plan = Plan::from([((Kind::Dsk, None), members)]);
                all.insert(stream.clone(), Next { plan, owner: None });
                continue;
            };
            let InForce {
                predates_loss,
                holdings,
            } = self.phone.in_force(env.cloud, stream)?;
            let mut next = Next::default();
            for (key, holding) in followed.current.keys.iter().zip(holdings) {
                let passed = key.window.is_some_and(|window| window.until <= env.now);
                if key.kind == Kind::Owner {
                    next.owner = (!predates_loss).then_some(holding);
                } else if !passed {
                    let members = holding.members.into_iter().collect();
                    next.plan.insert((key.kind, key.window), members);
                }
            }
            if predates_loss {
                renumber(&mut next.plan, &self.latest_numbers(env)?);
            }
            all.insert(stream.clone(), next);
        }
        Ok(all)
    }

    /// The number of each member's latest introduction, by the number of every one.
    fn latest_numbers(&mut self, env: &Env<'_>) -> Result<BTreeMap<u64, u64>> {
        self.read_every_record(env)?;
        let all = self.phone.records.values();
        let latest: BTreeMap<_, _> = all.map(|m| ((&m.name, m.key), m.number)).collect();
        let all = self.phone.records.values();
        Ok(all.map(|m| (m.number, latest[&(&m.name, m.key)])).collect())
    }

    /// Reads the records of `numbers` that this phone does not have yet.
    fn read_records(&mut self, numbers: impl Iterator<Item = u64>, env: &Env<'_>) -> Result<()> {
        for number in numbers {
            if !self.phone.records.contains_key(&number) {
                let member = self.phone.member(env.cloud, number)?;
                self.phone.records.insert(number, member);
            }
        }
        Ok(())
    }

    fn read_every_record(&mut self, env: &Env<'_>) -> Result<()> {
        let members = self.private()?.members;
        self.read_records(1..=members, env)
    }

    /// Every member that was ever introduced, by number.
    ///
    /// # Errors
    /// `object-missing`, `sealed-open`.
    pub fn all_members(&mut self, env: &Env<'_>) -> Result<Vec<Member>> {
        self.read_every_record(env)?;
        Ok(self.phone.records.values().cloned().collect())
    }

    /// The latest record of the member called `name`, once every record has been read.
    fn find(&self, name: &Name) -> Option<&Member> {
        let mut latest_first = self.phone.records.values().rev();
        latest_first.find(|member| member.name == *name)
    }

    /// Adds the next announcement of a stream to an act: fresh keys for `plan`, wrapped for the
    /// members that it names (paper section 4.4).
    fn announce(&self, act: &mut Act, next: NextAnnouncement<'_>, env: &mut Env<'_>) -> Result<()> {
        let NextAnnouncement { stream, phones, .. } = next;
        let account = &self.phone.account;
        let followed = self.phone.streams.get(stream);
        let owner = match next.owner {
            Some(kept) => kept,
            None => Holding {
                secret: KemSecret::generate(env.rng)?,
                members: Vec::new(),
            },
        };
        let mut holdings = vec![owner];
        let mut kinds = vec![(Kind::Owner, None)];
        for (key, numbers) in next.plan.iter().filter(|(_, numbers)| !numbers.is_empty()) {
            let members = numbers.iter().copied().collect();
            holdings.push(Holding {
                secret: KemSecret::generate(env.rng)?,
                members,
            });
            kinds.push(*key);
        }
        if holdings.len() > MAX_KEYS {
            return Err(AnnouncementError::Keys.into());
        }
        let keys = kinds
            .iter()
            .zip(&holdings)
            .map(|((kind, window), holding)| StreamKey {
                kind: *kind,
                window: *window,
                public: holding.secret.public(),
            });
        let (backup, bytes) = grant::seal_backup(account, next.ring, stream, &holdings, env.rng)?;
        act.named_by_hash
            .push(create(self.phone.paths().backup(&backup), bytes));
        let parts = holdings.iter().map(|holding| holding.members.len()).sum();
        let shard_bits = grant::shard_bits(parts);
        let announcement = Announcement {
            camera: next.camera,
            stream: stream.clone(),
            epoch: followed.map_or(1, |f| f.head.epoch + 1),
            previous: followed.map(|f| f.head.hash),
            issued: followed.map_or(env.now, |f| env.now.max(f.head.issued)),
            lease: next.lease,
            phones: phones.to_vec(),
            keys: keys.collect(),
            backup,
            shard_bits,
        };
        let path = self.phone.paths().announcement(stream, announcement.epoch);
        let leaf = message::encode(account, announcement.clone());
        let hash = message::hash(&leaf);
        self.log(&announcement, &hash, &holdings, &act.met);
        self.grant(act, &hash, shard_bits, &holdings)?;
        act.announcements.push((path, leaf));
        act.streams.push(stream.clone());
        Ok(())
    }

    /// Notes an epoch of a stream, its keys, and who is granted each.
    fn log(
        &self,
        announcement: &Announcement,
        hash: &message::Hash,
        holdings: &[Holding],
        met: &Members,
    ) {
        let account = &self.phone.account;
        action::log("New_epoch", || announcement.facts(account, hash));
        for (index, (key, holding)) in (0_u32..).zip(announcement.keys.iter().zip(holdings)) {
            action::log("New_key", || {
                let mut values = announcement.facts(account, hash);
                values.extend(key.place());
                values.push(("d", key.fact(hash).private()));
                values
            });
            for member in holding
                .members
                .iter()
                .filter_map(|n| self.record_of(*n, met))
            {
                let of = (account, announcement);
                let id = kem_id(&member.key);
                action::log("Grant", || {
                    let mut values = grant::facts(of, hash, (index, key), id);
                    values.push(("pkM", action::public("key", id)));
                    values
                });
            }
        }
    }

    /// The record of a member who is new with an act, or was before.
    fn record_of<'a>(&'a self, number: u64, met: &'a Members) -> Option<&'a Member> {
        met.get(&number).or_else(|| self.phone.records.get(&number))
    }

    /// Adds every member's part of a statement's keys to an act.
    fn grant(
        &self,
        act: &mut Act,
        statement: &message::Hash,
        shard_bits: u8,
        holdings: &[Holding],
    ) -> Result<()> {
        let mut parts = Vec::new();
        for (index, holding) in (0_u32..).zip(holdings) {
            for number in &holding.members {
                let member = self.record_of(*number, &act.met);
                let member = member.ok_or(GrantError::UnknownMember)?;
                parts.push(grant::part(
                    &member.pairwise,
                    statement,
                    index,
                    &holding.secret,
                )?);
            }
        }
        for shard in grant::shards(statement, shard_bits, parts) {
            let path = self.phone.paths().shard(statement, shard.index);
            act.grants
                .push((path, message::encode(&self.phone.account, shard)));
        }
        Ok(())
    }

    /// Announces new keys on streams, for the phones on the roster and those whom each is to have.
    fn announce_all(
        &mut self,
        act: &mut Act,
        streams: Streams,
        lease: Option<Time>,
        env: &mut Env<'_>,
    ) -> Result<()> {
        let phones = self.phone.roster()?.phone_keys();
        self.announce_to(act, streams, &phones, lease, env)
    }

    fn announce_to(
        &mut self,
        act: &mut Act,
        streams: Streams,
        phones: &[PhoneKeys],
        lease: Option<Time>,
        env: &mut Env<'_>,
    ) -> Result<()> {
        for (stream, Next { plan, owner }) in streams {
            let needed = plan.values().flatten().copied();
            self.read_records(needed.filter(|n| !act.met.contains_key(n)), env)?;
            let next = NextAnnouncement {
                stream: &stream,
                camera: self.phone.camera_of(&stream)?,
                plan: &plan,
                owner,
                phones,
                ring: &self.phone.ring,
                lease: lease.unwrap_or_else(|| self.lease_of(&stream)),
            };
            self.announce(act, next, env)?;
        }
        Ok(())
    }

    fn lease_of(&self, stream: &Name) -> Time {
        self.phone
            .streams
            .get(stream)
            .map_or(DEFAULT_LEASE, |f| f.current.lease)
    }

    fn every_stream(&self) -> Result<Vec<Name>> {
        Ok(self.phone.roster()?.streams().cloned().collect())
    }

    // ------------------------------------------------------------ phones

    /// Lists this phone, which has just recovered the account's keys, on roster and streams.
    fn list_this_phone(&mut self, env: &mut Env<'_>) -> Result<()> {
        let (name, keys) = (self.phone.name.clone(), self.phone.keys());
        let mut draft = self.next_roster(env.now)?;
        if draft.phones.iter().any(|(other, _)| *other == name) {
            return Err(StoreError::LocalExists.into());
        }
        draft.phones.push((name, keys));
        self.republish(draft, None, env)
    }

    /// Drops a lost phone (SPEC section "Loss"): a fresh key on the ring, fresh pairwise keys by
    /// public key for every member, fresh keys on every stream. With `passphrase`, the vault is
    /// sealed under that one from now on: needed where the lost phone may have held the old one.
    ///
    /// Where another phone's announcement came first on some stream (`conflict`), that stream is
    /// not done: the same command, run again, does it, although the phone is off the roster.
    ///
    /// # Errors
    /// `unknown-phone`, `last-phone`, and those of committing.
    pub fn lose_phone(
        &mut self,
        lost: &Name,
        passphrase: Option<(&Passphrase, Work)>,
        env: &mut Env<'_>,
    ) -> Result<()> {
        let mut draft = self.next_roster(env.now)?;
        let before = draft.phones.len();
        draft.phones.retain(|(name, _)| name != lost);
        let mut unfinished = || {
            self.phone.follow_every_stream(env.cloud)?;
            let mut streams = self.phone.streams.keys();
            streams.try_fold(false, |any, stream| {
                Ok::<_, Error>(any | self.phone.in_force(env.cloud, stream)?.predates_loss)
            })
        };
        if draft.phones.len() == before && !unfinished()? {
            return Err(AccountError::UnknownPhone.into());
        }
        if draft.phones.is_empty() || *lost == self.phone.name {
            return Err(AccountError::LastPhone.into());
        }
        let mut ring = self.phone.ring.clone();
        ring.keys.push(SecretBytes::random(env.rng));
        if let Some((passphrase, work)) = passphrase {
            self.opened.pdk = Pdk::derive(passphrase, work, env.rng)?;
        }
        self.republish(draft, Some(ring), env)
    }

    /// Publishes a roster and, for its phones, a new announcement on every stream. With `ring`,
    /// everything that the old ring opens is replaced.
    fn republish(
        &mut self,
        mut draft: roster::Draft,
        ring: Option<Ring>,
        env: &mut Env<'_>,
    ) -> Result<()> {
        let mut act = Act::default();
        let mut streams = self.streams(&self.every_stream()?, env)?;
        if let Some(ring) = ring {
            // Also those who have nothing now: they may be given something later.
            let members = self.all_members(env)?;
            let number = self.phone.vault + 1;
            let Opened {
                pdk, signing_key, ..
            } = &self.opened;
            let vault = vault::seal(number, pdk, signing_key, &ring, env.rng)?;
            act.vault = Some(create(self.phone.paths().vault(number), vault));
            let numbers =
                self.introduce_again(&mut act, &mut draft.private, &ring, members, env)?;
            for next in streams.values_mut() {
                renumber(&mut next.plan, &numbers);
                next.owner = None;
            }
            self.phone.ring = ring.clone();
            self.opened.ring = ring;
        }
        let phones: Vec<PhoneKeys> = draft.phones.iter().map(|(_, keys)| keys.clone()).collect();
        self.announce_to(&mut act, streams, &phones, None, env)?;
        self.add_roster(&mut act, draft, env)?;
        self.commit(act, env)
    }

    /// Gives every member a new number and a new pairwise key, by public key; one for all the
    /// numbers that the member has had.
    fn introduce_again(
        &self,
        act: &mut Act,
        private: &mut Private,
        ring: &Ring,
        members: Vec<Member>,
        env: &mut Env<'_>,
    ) -> Result<BTreeMap<u64, u64>> {
        let (mut numbers, mut done) = (BTreeMap::new(), BTreeMap::new());
        for Member {
            number: old,
            name,
            key,
            ..
        } in members
        {
            let number = match done.get(&(name.clone(), key)) {
                Some(number) => *number,
                None => {
                    let new = self.introduce(act, private, ring, name.clone(), &key, env)?;
                    done.insert((name, key), new);
                    new
                }
            };
            numbers.insert(old, number);
        }
        private.all_streams = private
            .all_streams
            .iter()
            .filter_map(|n| numbers.get(n))
            .copied()
            .collect();
        private.all_streams.sort_unstable();
        private.all_streams.dedup();
        Ok(numbers)
    }

    /// Adds a member's introduction by public key, and the owner's record of it, to an act.
    fn introduce(
        &self,
        act: &mut Act,
        private: &mut Private,
        ring: &Ring,
        name: Name,
        key: &KemPublic,
        env: &mut Env<'_>,
    ) -> Result<u64> {
        let (account, paths) = (&self.phone.account, self.phone.paths());
        private.members += 1;
        let number = private.members;
        let (introduction, pairwise) = grant::introduce(account, key, number, env.rng)?;
        let path = paths.introduction(kem_id(key), number);
        act.introductions
            .push((path, message::encode(account, introduction)));
        let member = Member {
            number,
            name,
            key: *key,
            pairwise,
        };
        self.record(act, ring, member, env)?;
        Ok(number)
    }

    fn record(&self, act: &mut Act, ring: &Ring, member: Member, env: &mut Env<'_>) -> Result<()> {
        let bytes = grant::seal_member(&self.phone.account, ring, &member, env.rng)?;
        act.members
            .push((self.phone.paths().member(member.number), bytes));
        act.met.insert(member.number, member);
        Ok(())
    }

    /// Seals the vault under a new passphrase. What the old passphrase and the old vaults open,
    /// they still open (SPEC section "Loss").
    ///
    /// # Errors
    /// `work-out-of-range`, `conflict`, and those of committing.
    pub fn change_passphrase(
        &mut self,
        passphrase: &Passphrase,
        work: Work,
        env: &mut Env<'_>,
    ) -> Result<()> {
        let number = self.phone.vault + 1;
        let pdk = Pdk::derive(passphrase, work, env.rng)?;
        let Opened {
            signing_key, ring, ..
        } = &self.opened;
        let vault = vault::seal(number, &pdk, signing_key, ring, env.rng)?;
        let act = Act {
            vault: Some(create(self.phone.paths().vault(number), vault)),
            ..Act::default()
        };
        self.opened.pdk = pdk;
        self.commit(act, env)
    }

    /// Leaves the passphrase-derived key in the cloud, wrapped to this phone's instance key (paper
    /// section 3.2.1). Whoever has this phone then has the account.
    ///
    /// # Errors
    /// `crypto`, and those of committing.
    pub fn keep_unlocked(&mut self, env: &mut Env<'_>) -> Result<()> {
        let instance = self.phone.instance.public();
        let id = kem_id(&instance);
        let info = message::context(Unlock::TYPE, &self.phone.account, id);
        let (enc, ciphertext) =
            crypto::hpke_seal(&instance, &info, &[], &self.opened.pdk.to_bytes(), env.rng)?;
        let pdk = Wrapped {
            enc: Bytes(enc),
            ciphertext: ciphertext.into(),
        };
        let bytes = message::encode(&self.phone.account, Unlock { phone: id, pdk });
        let path = self.phone.paths().unlock(id);
        let mut act = Act::default();
        act.other.push(Outgoing {
            path,
            replace: true,
            bytes,
        });
        self.commit(act, env)
    }

    /// Starts a new account in place of this one, for when the account signing key may be known to
    /// others. Its ring opens the old account's clips; cameras are paired and members verified
    /// again by hand, since no key of the old account can vouch for the new one.
    ///
    /// # Errors
    /// As [`create_account`].
    pub fn replace_root(&self, work: Work, env: &mut Env<'_>) -> Result<(Phone, Passphrase)> {
        let mut ring = Ring::generate(env.rng);
        ring.predecessors = self.phone.ring.predecessors.clone();
        ring.predecessors
            .push((self.phone.account, self.phone.ring.keys.clone()));
        create_with_ring(self.phone.name.clone(), ring, work, env.now, env.rng)
    }

    // ------------------------------------------------------------ cameras

    /// Puts a paired camera on the roster and announces the first keys of its streams, with those
    /// members who are given every stream.
    ///
    /// # Errors
    /// `stream-taken`, and those of committing.
    pub fn add_camera(&mut self, name: Name, reply: &Reply, env: &mut Env<'_>) -> Result<()> {
        let mut draft = self.next_roster(env.now)?;
        let camera = CameraEntry {
            name,
            key: reply.camera,
            streams: reply.streams.clone(),
        };
        if draft.cameras.contains(&camera) {
            // An act that got as far as the roster: what is not announced yet is.
            let mut streams = camera.streams;
            self.phone.follow_streams(env.cloud, &streams)?;
            streams.retain(|stream| !self.phone.streams.contains_key(stream));
            return match &*streams {
                [] => Ok(()),
                streams => self.rotate(streams, env),
            };
        }
        let taken = |stream| draft.cameras.iter().any(|c| c.streams.contains(stream));
        let again = (1..)
            .zip(&camera.streams)
            .any(|(i, s)| camera.streams[i..].contains(s));
        if again
            || camera.streams.iter().any(taken)
            || draft.cameras.iter().any(|c| c.name == camera.name)
        {
            return Err(PairingError::StreamTaken.into());
        }
        action::log("Pair", || {
            let csk = action::fresh("key", verifying_id(&camera.key));
            let ask = action::fresh("root", self.phone.account);
            let account = action::name(self.phone.account);
            vec![("U", account), ("csk", csk), ("ask", ask)]
        });
        let all: BTreeSet<u64> = draft.private.all_streams.iter().copied().collect();
        self.read_records(all.iter().copied(), env)?;
        let plan = Plan::from([((Kind::Dsk, None), all)]);
        let phones = self.phone.roster()?.phone_keys();
        let mut act = Act::default();
        for stream in &camera.streams {
            let next = NextAnnouncement {
                stream,
                camera: camera.key,
                plan: &plan,
                owner: None,
                phones: &phones,
                ring: &self.phone.ring,
                lease: DEFAULT_LEASE,
            };
            self.announce(&mut act, next, env)?;
        }
        draft.cameras.push(camera);
        self.add_roster(&mut act, draft, env)?;
        self.commit(act, env)
    }

    // ------------------------------------------------------------ sharing

    /// Shares `streams` with `members`, all in one act: one signature, one public-key operation
    /// for each member who is new. Every stream moves to fresh keys (paper section 4.4).
    ///
    /// With [`Meeting::Touch`], what to hand to each new member comes back.
    ///
    /// # Errors
    /// `already-member` if another key goes by that name, `window-empty`, and those of committing.
    pub fn share(
        &mut self,
        streams: &[Name],
        members: &[VerifiedMember],
        term: Term,
        meeting: Meeting,
        env: &mut Env<'_>,
    ) -> Result<TouchPayloads> {
        if let Term::Window(window) = term
            && (window.from >= window.until || window.until <= env.now)
        {
            return Err(GrantError::Window.into());
        }
        let mut act = Act::default();
        let (mut draft, mut payloads) = (self.next_roster(env.now)?, TouchPayloads::new());
        let before = draft.private.clone();
        self.read_every_record(env)?;
        let mut known = self.latest_by_name();
        let mut numbers = BTreeSet::new();
        for verified in members {
            let (name, key) = (verified.name(), verified.key());
            let number = match known.get(name) {
                Some((number, recorded)) if recorded == key => *number,
                Some(_) => return Err(GrantError::AlreadyMember.into()),
                None => self.meet(
                    &mut act,
                    &mut draft.private,
                    verified,
                    meeting,
                    &mut payloads,
                    env,
                )?,
            };
            known.insert(name.clone(), (number, *key));
            numbers.insert(number);
        }
        if term == Term::AllStreams {
            draft.private.all_streams.extend(&numbers);
            draft.private.all_streams.sort_unstable();
            draft.private.all_streams.dedup();
        }
        let streams = match term {
            Term::AllStreams => self.every_stream()?,
            _ => streams.to_vec(),
        };
        let key = match term {
            Term::Window(window) => (Kind::Tdsk, Some(window)),
            _ => (Kind::Dsk, None),
        };
        let mut streams = self.streams(&streams, env)?;
        for next in streams.values_mut() {
            next.plan.entry(key).or_default().extend(&numbers);
        }
        self.announce_all(&mut act, streams, None, env)?;
        if draft.private != before {
            self.add_roster(&mut act, draft, env)?;
        }
        self.commit(act, env)?;
        Ok(payloads)
    }

    fn meet(
        &self,
        act: &mut Act,
        private: &mut Private,
        verified: &VerifiedMember,
        meeting: Meeting,
        payloads: &mut TouchPayloads,
        env: &mut Env<'_>,
    ) -> Result<u64> {
        let (name, key) = (verified.name().clone(), *verified.key());
        if meeting == Meeting::Remote {
            return self.introduce(act, private, &self.phone.ring, name, &key, env);
        }
        private.members += 1;
        let pairwise = Key::random(env.rng);
        let member = Member {
            number: private.members,
            name,
            key,
            pairwise,
        };
        let payload =
            contact::encode_proximity(&self.phone.account, member.number, &member.pairwise);
        payloads.push((member.name.clone(), payload));
        self.record(act, &self.phone.ring, member, env)?;
        Ok(private.members)
    }

    /// Moves `streams` to fresh keys for the same members.
    ///
    /// # Errors
    /// Those of committing.
    pub fn rotate(&mut self, streams: &[Name], env: &mut Env<'_>) -> Result<()> {
        let mut act = Act::default();
        let streams = self.streams(streams, env)?;
        self.announce_all(&mut act, streams, None, env)?;
        self.commit(act, env)
    }

    /// Takes `streams` away from a member. In effect once each camera has acknowledged
    /// ([`Phone::status`]), and at the latest when the lease ends.
    ///
    /// A member with every stream keeps those that are not named, and gets none to come.
    ///
    /// # Errors
    /// `unknown-member`, `nothing-granted` if none of the streams is shared with the member, and
    /// those of committing.
    pub fn revoke(&mut self, streams: &[Name], name: &Name, env: &mut Env<'_>) -> Result<()> {
        let gone = self.numbers_of(name, env)?;
        let mut shared = self.streams(streams, env)?;
        shared.retain(|_, next| next.plan.values().any(|held| !held.is_disjoint(&gone)));
        if shared.is_empty() {
            return Err(GrantError::NothingGranted.into());
        }
        for held in shared.values_mut().flat_map(|next| next.plan.values_mut()) {
            held.retain(|number| !gone.contains(number));
        }
        let mut act = Act::default();
        self.announce_all(&mut act, shared, None, env)?;
        let mut draft = self.next_roster(env.now)?;
        if draft.private.all_streams.iter().any(|n| gone.contains(n)) {
            draft.private.all_streams.retain(|n| !gone.contains(n));
            self.add_roster(&mut act, draft, env)?;
        }
        self.commit(act, env)
    }

    /// Moves the end of every window that a member has on `stream`.
    ///
    /// # Errors
    /// `unknown-member`, `nothing-granted` if the member has no window there, `window-empty`, and
    /// those of committing.
    pub fn extend_window(
        &mut self,
        stream: &Name,
        name: &Name,
        until: Time,
        env: &mut Env<'_>,
    ) -> Result<()> {
        let numbers = self.numbers_of(name, env)?;
        let mut streams = self.streams(std::slice::from_ref(stream), env)?;
        let plan = &mut streams.entry(stream.clone()).or_default().plan;
        let held: Vec<Window> = plan
            .iter()
            .filter(|(_, holders)| !holders.is_disjoint(&numbers))
            .filter_map(|((_, window), _)| *window)
            .collect();
        if held.is_empty() {
            return Err(GrantError::NothingGranted.into());
        }
        if until <= env.now || held.iter().any(|window| until <= window.from) {
            return Err(GrantError::Window.into());
        }
        for Window {
            from,
            until: before,
        } in held
        {
            let key = |until| (Kind::Tdsk, Some(Window { from, until }));
            let holders = plan.entry(key(before)).or_default();
            let moved: BTreeSet<u64> = holders.intersection(&numbers).copied().collect();
            holders.retain(|n| !numbers.contains(n));
            plan.entry(key(until)).or_default().extend(moved);
        }
        let mut act = Act::default();
        self.announce_all(&mut act, streams, None, env)?;
        self.commit(act, env)
    }

    /// Sets how long shared keys of `streams` may be used without a word from a phone.
    ///
    /// # Errors
    /// `lease-out-of-range`, and those of committing.
    pub fn set_lease(&mut self, streams: &[Name], lease: Time, env: &mut Env<'_>) -> Result<()> {
        if lease == 0 || lease > announcement::MAX_LEASE {
            return Err(AnnouncementError::Lease.into());
        }
        let mut act = Act::default();
        let streams = self.streams(streams, env)?;
        self.announce_all(&mut act, streams, Some(lease), env)?;
        self.commit(act, env)
    }

    /// The latest number and the key of every member who was introduced.
    fn latest_by_name(&self) -> BTreeMap<Name, (u64, KemPublic)> {
        let all = self.phone.records.values();
        all.map(|m| (m.name.clone(), (m.number, m.key))).collect()
    }

    fn numbers_of(&mut self, name: &Name, env: &Env<'_>) -> Result<BTreeSet<u64>> {
        self.read_every_record(env)?;
        let all = self.phone.records.values();
        let numbers: BTreeSet<u64> = all.filter(|m| m.name == *name).map(|m| m.number).collect();
        if numbers.is_empty() {
            return Err(GrantError::UnknownMember.into());
        }
        Ok(numbers)
    }

    // ------------------------------------------------------------ past windows and links

    /// Shares the clips of a window that has passed with members who have been introduced: their
    /// session keys are wrapped for a fresh TDSK, the video stays as it is.
    ///
    /// Returns how many clips were shared.
    ///
    /// # Errors
    /// `unknown-member`, `window-empty`, `no-clips`, those of opening a clip and of committing.
    pub fn share_past(
        &mut self,
        stream: &Name,
        names: &[Name],
        window: Window,
        env: &mut Env<'_>,
    ) -> Result<usize> {
        if window.from >= window.until {
            return Err(GrantError::Window.into());
        }
        let account = self.phone.account;
        self.phone
            .follow_streams(env.cloud, std::slice::from_ref(stream))?;
        self.read_every_record(env)?;
        let mut members = BTreeSet::new();
        for name in names {
            let member = self.find(name).ok_or(GrantError::UnknownMember)?;
            members.insert(member.number);
        }
        let secret = KemSecret::generate(env.rng)?;
        let key = secret.public();
        let mut clips = Vec::new();
        for sequence in view::list(env.cloud, &account, stream)? {
            let (manifest, session, _) = self.phone.session_key(env.cloud, stream, sequence)?;
            let (hash, body) = (manifest.hash, manifest.body);
            if window.contains(body.start, body.end) {
                let (of, role) = (&hash, Role::Past);
                let envelope = clip::wrap(
                    &account, stream, of, &body.clip, role, &key, &session, env.rng,
                )?;
                clips.push(PastClip {
                    sequence,
                    manifest: hash,
                    envelope,
                });
            }
        }
        if clips.is_empty() {
            return Err(GrantError::NoClips.into());
        }
        let count = clips.len();
        let holdings = [Holding {
            secret,
            members: members.iter().copied().collect(),
        }];
        let mut act = Act::default();
        let (backup, bytes) =
            grant::seal_backup(&account, &self.phone.ring, stream, &holdings, env.rng)?;
        act.named_by_hash
            .push(create(self.phone.paths().backup(&backup), bytes));
        let (camera, stream) = (self.phone.camera_of(stream)?, stream.clone());
        let shard_bits = grant::shard_bits(members.len());
        let issued = env.now;
        let share = PastShare {
            camera,
            stream,
            issued,
            window,
            key,
            clips,
            backup,
            shard_bits,
        };
        let leaf = message::encode(&account, share);
        let hash = message::hash(&leaf);
        self.grant(&mut act, &hash, shard_bits, &holdings)?;
        act.past_shares
            .push((self.phone.paths().past_share(&hash), leaf));
        self.commit(act, env)?;
        Ok(count)
    }

    /// Makes a link to clips of a stream: downloads, decrypts, re-encrypts, uploads.
    ///
    /// # Errors
    /// `window-empty` if `until` has passed, `no-clips`, those of viewing and of committing.
    pub fn make_link(
        &mut self,
        stream: &Name,
        sequences: &[u64],
        until: Time,
        env: &mut Env<'_>,
    ) -> Result<Link> {
        if until <= env.now {
            return Err(GrantError::Window.into());
        }
        if sequences.is_empty() {
            return Err(GrantError::NoClips.into());
        }
        self.phone
            .follow_streams(env.cloud, std::slice::from_ref(stream))?;
        let account = self.phone.account;
        let link = Link::generate(account, env.rng)?;
        let (mut sources, mut announced) = (Vec::new(), BTreeMap::new());
        for sequence in sequences {
            let (manifest, key, bytes) = self.phone.session_key(env.cloud, stream, *sequence)?;
            action::log("Link", || {
                let mut values = manifest.body.facts(&account);
                values.retain(|(name, _)| ["U", "cam", "s", "e", "clip"].contains(name));
                values.push(("tl", action::fresh("link", link.id)));
                let copy = format!("{}/{sequence}", link.id);
                values.push(("k2", action::fresh("copy", copy)));
                values
            });
            let of = manifest.body.announcement;
            let (_, statement) = self.phone.announcement(env.cloud, stream, &of)?;
            announced.insert(of, statement);
            let mut plaintext = Zeroizing::new(Vec::new());
            let clip = OpenClip::new(&account, manifest.body, &key);
            view::read(env.cloud, &account, &clip, 0, &mut *plaintext)?;
            sources.push(Source {
                manifest: bytes,
                key,
                plaintext,
            });
        }
        let root = keys::encode_root(&self.phone.root);
        let announced = announced.into_values().collect();
        let made = link::make(&link, until, root, announced, sources, env.rng)?;
        let mut act = Act::default();
        for (number, body) in made.bodies.into_iter().enumerate() {
            act.other
                .push(create(self.phone.paths().link_body(&link.id, number), body));
        }
        act.other
            .push(create(self.phone.paths().link(&link.id), made.index));
        self.commit(act, env)?;
        Ok(link)
    }
}

/// What the next announcement of a stream is made of.
struct NextAnnouncement<'a> {
    stream: &'a Name,
    camera: crypto::VerifyingKey,
    plan: &'a Plan,
    /// The owner's stream key; a fresh one if there is none.
    owner: Option<Holding>,
    phones: &'a [PhoneKeys],
    ring: &'a Ring,
    lease: Time,
}

fn renumber(plan: &mut Plan, numbers: &BTreeMap<u64, u64>) {
    for holders in plan.values_mut() {
        *holders = holders
            .iter()
            .filter_map(|n| numbers.get(n))
            .copied()
            .collect();
    }
}

/// Removes a link's objects. Whoever copied them keeps them. Needs no key of the account, only
/// the right to delete.
///
/// # Errors
/// `store-unavailable`.
pub fn remove_link(cloud: &dyn Cloud, link: &Link) -> Result<()> {
    let folder = Paths(link.account).link_folder(&link.id);
    cloud
        .list(&folder)?
        .iter()
        .try_for_each(|path| cloud.delete(path))
}
