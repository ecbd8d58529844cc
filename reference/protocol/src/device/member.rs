//! A member: someone whom an owner shares with; the provider is one like any other (paper
//! section 4).

use std::collections::{BTreeMap, BTreeSet};

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;

use crate::action;
use crate::announcement::{self, Kind, Window};
use crate::clip::{self, Manifest, OpenClip, Role};
use crate::cloud::{Cloud, Paths};
use crate::contact::{self, Card};
use crate::cose::{Key, Signed};
use crate::crypto::{KemPublic, KemSecret, RsaPublic};
use crate::error::{AnnouncementError, ClipError, Error, GrantError, Result, StoreError};
use crate::grant::{self, Lookup, Shard};
use crate::keys::{self, KeyId, Name, kem_id};
use crate::message::{AccountId, Hash};
use crate::past::{self, PastClip};
use crate::statement;
use crate::view::{self, Followed, Pinned};

/// A member with nothing but its own key.
pub struct Member {
    name: Name,
    key: KemSecret,
    accounts: BTreeMap<AccountId, Membership>,
}

/// What a member has of one account.
struct Membership {
    root: Option<RsaPublic>,
    /// Pairwise keys by the owner's number for this member: the latest is used first.
    pairwise: BTreeMap<u64, Key>,
    introductions: BTreeSet<Hash>,
    streams: BTreeMap<Name, Shared>,
}

/// What a member has of one stream.
#[derive(Default)]
struct Shared {
    followed: Option<Followed>,
    grants: BTreeMap<(Hash, u32), Granted>,
    past: BTreeMap<Hash, past::PastShare>,
    /// By pairwise key: the epoch up to which it was tried.
    searched: BTreeMap<u64, u64>,
}

/// A private key that was granted, and what for.
#[derive(Clone)]
pub struct Granted {
    /// DSK or TDSK.
    pub kind: Kind,
    /// The TDSK's window.
    pub window: Option<Window>,
    secret: KemSecret,
}

/// What a synchronisation brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Introductions accepted.
    pub introductions: usize,
    /// Grants accepted.
    pub grants: usize,
    /// What was refused, and why: one bad object does not keep the others out.
    pub refused: Vec<(String, Error)>,
}

impl Member {
    /// A member with a fresh key.
    ///
    /// # Errors
    /// `crypto`.
    pub fn generate<R: CryptoRng + ?Sized>(name: Name, rng: &mut R) -> Result<Self> {
        let member = Self::with_key(name, KemSecret::generate(rng)?);
        action::log("Member", || {
            let id = kem_id(&member.key.public());
            vec![("M", action::name(id)), ("ltk", action::fresh("key", id))]
        });
        Ok(member)
    }

    /// A member with a key that it has already.
    pub fn with_key(name: Name, key: KemSecret) -> Self {
        Self {
            name,
            key,
            accounts: BTreeMap::new(),
        }
    }

    /// The card to give to owners.
    pub fn card(&self) -> Card {
        Card::new(self.name.clone(), self.key.public())
    }

    /// The accounts that this member has pinned.
    pub fn accounts(&self) -> impl Iterator<Item = &AccountId> {
        self.accounts.keys()
    }

    /// Pins an account after comparing safety numbers: `told` is what the owner read out.
    ///
    /// # Errors
    /// `safety-number`.
    pub fn pin(&mut self, account: AccountId, told: &str) -> Result<()> {
        contact::check_safety_number(&account, &self.key.public(), told)?;
        self.membership(account);
        Ok(())
    }

    /// Takes what the owner's phone handed over by touch: pins the account and keeps the pairwise
    /// key. Taking it twice changes nothing.
    ///
    /// # Errors
    /// `card-malformed`.
    pub fn touch(&mut self, payload: &[u8]) -> Result<AccountId> {
        let (account, number, pairwise) = contact::decode_proximity(payload)?;
        self.membership(account)
            .pairwise
            .entry(number)
            .or_insert(pairwise);
        Ok(account)
    }

    fn membership(&mut self, account: AccountId) -> &mut Membership {
        self.accounts.entry(account).or_insert_with(|| Membership {
            root: None,
            pairwise: BTreeMap::new(),
            introductions: BTreeSet::new(),
            streams: BTreeMap::new(),
        })
    }

    /// Reads what is new for this member in every account that it has pinned.
    ///
    /// # Errors
    /// `store-unavailable`. What the cloud returns is refused object by object, in [`News`].
    pub fn sync(&mut self, cloud: &dyn Cloud) -> Result<News> {
        let mut news = News::default();
        let key = &self.key;
        for (account, membership) in &mut self.accounts {
            membership.sync(account, key, cloud, None, &mut news)?;
        }
        Ok(news)
    }

    /// [`Member::sync`] without other accounts and streams than these.
    ///
    /// # Errors
    /// As [`Member::sync`].
    pub fn sync_stream(
        &mut self,
        cloud: &dyn Cloud,
        account: &AccountId,
        stream: &Name,
    ) -> Result<News> {
        let mut news = News::default();
        if let Some(membership) = self.accounts.get_mut(account) {
            membership.sync(account, &self.key, cloud, Some(stream), &mut news)?;
        }
        Ok(news)
    }

    /// The streams of `account` of which this member holds a key.
    pub fn streams(&self, account: &AccountId) -> Vec<Name> {
        let streams = self
            .accounts
            .get(account)
            .into_iter()
            .flat_map(|m| &m.streams);
        let held = streams.filter(|(_, s)| !s.grants.is_empty());
        held.map(|(name, _)| name.clone()).collect()
    }

    /// What this member was granted on a stream, oldest first.
    pub fn grants(&self, account: &AccountId, stream: &Name) -> Vec<Granted> {
        let shared = self
            .accounts
            .get(account)
            .and_then(|m| m.streams.get(stream));
        shared
            .into_iter()
            .flat_map(|s| s.grants.values().cloned())
            .collect()
    }

    /// Verifies clip `sequence` of a stream and opens its session key with whatever this member
    /// holds.
    ///
    /// # Errors
    /// `nothing-granted`, `no-envelope`, `envelope-open`, and those of [`Followed::manifest`].
    pub fn open(
        &mut self,
        cloud: &dyn Cloud,
        account: &AccountId,
        stream: &Name,
        sequence: u64,
    ) -> Result<OpenClip> {
        let membership = self
            .accounts
            .get_mut(account)
            .ok_or(GrantError::NothingGranted)?;
        let shared = membership
            .streams
            .get_mut(stream)
            .ok_or(GrantError::NothingGranted)?;
        shared.open(cloud, account, stream, sequence)
    }

    /// Is this the first time that the clip is shown?
    pub fn show(&mut self, account: &AccountId, clip: &Manifest) -> bool {
        let membership = self.accounts.get_mut(account);
        let shared = membership.and_then(|m| m.streams.get_mut(&clip.stream));
        let followed = shared.and_then(|s| s.followed.as_mut());
        let new = followed.is_some_and(|f| f.seen.show(clip.clip));
        if new {
            action::log("View_member", || {
                let mut values = clip.facts(account);
                values.push(("M", action::name(kem_id(&self.key.public()))));
                values
            });
        }
        new
    }
}

impl Membership {
    fn sync(
        &mut self,
        account: &AccountId,
        key: &KemSecret,
        cloud: &dyn Cloud,
        only: Option<&Name>,
        news: &mut News,
    ) -> Result<()> {
        let paths = Paths(*account);
        if self.root.is_none() {
            let root = cloud
                .get(&paths.root())
                .and_then(|b| keys::decode_root(account, &b));
            match root {
                Ok(root) => self.root = Some(root),
                Err(error) => {
                    news.refused.push((paths.root(), error));
                    return Ok(());
                }
            }
        }
        let Some(root) = self.root.clone() else {
            return Ok(());
        };
        let id = kem_id(&key.public());
        for path in cloud.list(&paths.introductions(id))? {
            let introduced = cloud
                .get(&path)
                .and_then(|bytes| self.introduce(&root, account, key, &path, &bytes));
            match introduced {
                Ok(new) => news.introductions += usize::from(new),
                Err(error) => news.refused.push((path, error)),
            }
        }
        let pinned = Pinned {
            root: &root,
            account,
        };
        let streams = match only {
            Some(stream) => BTreeSet::from([stream.clone()]),
            None => announced_streams(cloud, &paths)?,
        };
        for stream in streams {
            let shared = self.streams.entry(stream.clone()).or_default();
            if let Err(error) = shared.follow(cloud, &pinned, &stream, (id, &self.pairwise), news) {
                news.refused.push((paths.announcement(&stream, 0), error));
            }
        }
        for path in cloud.list(&paths.past_shares())? {
            if let Err(error) = self.past_share(cloud, &pinned, &path, news) {
                news.refused.push((path, error));
            }
        }
        Ok(())
    }

    /// Accepts an introduction, once. Returns whether it is new; one that was accepted lies in
    /// its own place for good, and nowhere else.
    fn introduce(
        &mut self,
        root: &RsaPublic,
        account: &AccountId,
        key: &KemSecret,
        path: &str,
        bytes: &[u8],
    ) -> Result<bool> {
        let (hash, number, pairwise) = grant::open_introduction(root, account, key, bytes)?;
        if self.introductions.insert(hash) {
            self.pairwise.insert(number, pairwise);
            return Ok(true);
        }
        if path != Paths(*account).introduction(kem_id(&key.public()), number) {
            return Err(GrantError::IntroductionReplayed.into());
        }
        Ok(false)
    }

    /// Accepts this member's part of a past share, once.
    fn past_share(
        &mut self,
        cloud: &dyn Cloud,
        pinned: &Pinned<'_>,
        path: &str,
        news: &mut News,
    ) -> Result<()> {
        let known = self
            .streams
            .values()
            .any(|s| s.past.keys().any(|h| path.ends_with(&h.to_string())));
        if known {
            return Ok(());
        }
        let Signed { hash, body } = past::open(pinned.root, pinned.account, &cloud.get(path)?)?;
        let place = Place {
            statement: &hash,
            index: 0,
            bits: body.shard_bits,
            public: &body.key,
        };
        for pairwise in self.pairwise.values().rev() {
            let Some(secret) = find_part(cloud, pinned, pairwise, &place)? else {
                continue;
            };
            let shared = self.streams.entry(body.stream.clone()).or_default();
            let granted = Granted {
                kind: Kind::Tdsk,
                window: Some(body.window),
                secret,
            };
            shared.accept(hash, 0, granted)?;
            shared.past.insert(hash, body);
            news.grants += 1;
            break;
        }
        Ok(())
    }
}

impl Shared {
    /// Follows the stream's announcements, then looks for this member's part of each under every
    /// pairwise key: an introduction may arrive after the announcements that it opens. What is
    /// refused or withheld is looked for again the next time, and does not keep out what follows.
    fn follow(
        &mut self,
        cloud: &dyn Cloud,
        pinned: &Pinned<'_>,
        stream: &Name,
        (member, pairwise): (KeyId, &BTreeMap<u64, Key>),
        news: &mut News,
    ) -> Result<()> {
        let followed = view::follow(cloud, pinned, stream, &mut self.followed, |_| Ok(()));
        for (number, key) in pairwise {
            let known = self.followed.as_ref().map_or(0, |f| f.known.len() as u64);
            let searched = self.searched.get(number).copied().unwrap_or(0);
            let mut gap = false;
            for epoch in searched + 1..=known {
                match self.search(cloud, pinned, stream, (member, key), epoch) {
                    Ok(count) => news.grants += count,
                    Err(error @ Error::Store(StoreError::Unavailable)) => return Err(error),
                    Err(error) => {
                        let path = Paths(*pinned.account).announcement(stream, epoch);
                        news.refused.push((path, error));
                        gap = true;
                    }
                }
                if !gap {
                    self.searched.insert(*number, epoch);
                }
            }
        }
        followed
    }

    /// Accepts what `pairwise` opens of the announcement of `epoch`. Returns how many keys it did.
    fn search(
        &mut self,
        cloud: &dyn Cloud,
        pinned: &Pinned<'_>,
        stream: &Name,
        (member, pairwise): (KeyId, &Key),
        epoch: u64,
    ) -> Result<usize> {
        let paths = Paths(*pinned.account);
        let bytes = cloud.get(&paths.announcement(stream, epoch))?;
        let Signed { hash, body } = announcement::open(pinned.root, pinned.account, &bytes)?;
        if !self
            .followed
            .as_ref()
            .is_some_and(|f| f.known.contains(&hash))
        {
            return Err(AnnouncementError::Chain.into());
        }
        let mut found = Vec::new();
        for (index, key) in (0_u32..)
            .zip(&body.keys)
            .filter(|(_, key)| key.kind != Kind::Owner)
        {
            if self.grants.contains_key(&(hash, index)) {
                continue;
            }
            let place = Place {
                statement: &hash,
                index,
                bits: body.shard_bits,
                public: &key.public,
            };
            if let Some(secret) = find_part(cloud, pinned, pairwise, &place)? {
                let facts = grant::facts((pinned.account, &body), &hash, (index, key), member);
                let granted = Granted {
                    kind: key.kind,
                    window: key.window,
                    secret,
                };
                found.push((index, granted, facts));
            }
        }
        let count = found.len();
        for (index, granted, facts) in found {
            self.accept(hash, index, granted)?;
            action::log("Accept_grant", || facts);
        }
        Ok(count)
    }

    /// Each grant is accepted once.
    fn accept(&mut self, statement: Hash, index: u32, granted: Granted) -> Result<()> {
        if self.grants.contains_key(&(statement, index)) {
            return Err(GrantError::GrantReplayed.into());
        }
        self.grants.insert((statement, index), granted);
        Ok(())
    }

    fn open(
        &mut self,
        cloud: &dyn Cloud,
        account: &AccountId,
        stream: &Name,
        sequence: u64,
    ) -> Result<OpenClip> {
        if self.grants.is_empty() {
            return Err(GrantError::NothingGranted.into());
        }
        let followed = self.followed.as_mut().ok_or(GrantError::NothingGranted)?;
        let (manifest, _) = followed.manifest(cloud, account, stream, sequence)?;
        let Signed {
            hash,
            body: manifest,
        } = manifest;
        let here = self
            .grants
            .iter()
            .filter(|((of, _), _)| *of == manifest.announcement);
        let mut refused = ClipError::NoEnvelope;
        for (_, granted) in here {
            let key = (Role::from(granted.kind), &granted.secret);
            let (of, clip) = (&manifest.announcement, &manifest.clip);
            match clip::unwrap(account, stream, of, clip, &manifest.envelopes, key) {
                Ok(key) => return Ok(OpenClip::new(account, manifest, &key)),
                Err(Error::Clip(ClipError::EnvelopeOpen)) => refused = ClipError::EnvelopeOpen,
                Err(_) => {}
            }
        }
        for (statement, share) in &self.past {
            let listed = share
                .clips
                .iter()
                .find(|c| c.sequence == sequence && c.manifest == hash);
            let granted = self.grants.get(&(*statement, 0));
            if let (Some(PastClip { envelope, .. }), Some(granted)) = (listed, granted) {
                if !share.window.contains(manifest.start, manifest.end) {
                    return Err(ClipError::OutsideWindow.into());
                }
                let envelopes = std::slice::from_ref(envelope);
                let key = (Role::Past, &granted.secret);
                let key = clip::unwrap(account, stream, &hash, &manifest.clip, envelopes, key)?;
                return Ok(OpenClip::new(account, manifest, &key));
            }
        }
        Err(refused.into())
    }
}

/// The streams that the cloud lists announcements of.
fn announced_streams(cloud: &dyn Cloud, paths: &Paths) -> Result<BTreeSet<Name>> {
    let folders = cloud.folders(&paths.announcements())?;
    Ok(folders
        .iter()
        .filter_map(|name| name.parse().ok())
        .collect())
}

/// Where a member's part of one key is.
struct Place<'a> {
    statement: &'a Hash,
    index: u32,
    bits: u8,
    public: &'a KemPublic,
}

/// Looks for a member's part under one of its pairwise keys.
fn find_part(
    cloud: &dyn Cloud,
    pinned: &Pinned<'_>,
    pairwise: &Key,
    place: &Place<'_>,
) -> Result<Option<KemSecret>> {
    let lookup = Lookup::new(pairwise, place.statement, place.index, place.bits)?;
    let shard = cloud.get(&Paths(*pinned.account).shard(place.statement, lookup.shard))?;
    let shard = statement::open::<Shard>(pinned.root, pinned.account, &shard)?.body;
    lookup.open(place.statement, place.public, &shard)
}

// ---------------------------------------------------------------- what a member stores

/// A member on its own disk.
#[derive(Encode, Decode)]
#[cbor(array)]
pub struct State {
    #[n(0)]
    name: Name,
    #[n(1)]
    key: KemSecret,
    #[n(2)]
    accounts: Vec<AccountState>,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct AccountState {
    #[n(0)]
    account: AccountId,
    #[n(1)]
    root: ByteVec,
    #[n(2)]
    pairwise: BTreeMap<u64, Key>,
    #[n(3)]
    introductions: BTreeSet<Hash>,
    #[n(4)]
    streams: Vec<StreamState>,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct StreamState {
    #[n(0)]
    name: Name,
    #[n(1)]
    followed: Option<Followed>,
    #[n(2)]
    grants: Vec<GrantState>,
    #[n(3)]
    past: BTreeMap<Hash, past::PastShare>,
    #[n(4)]
    searched: BTreeMap<u64, u64>,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct GrantState {
    #[n(0)]
    statement: Hash,
    #[n(1)]
    index: u32,
    #[n(2)]
    kind: Kind,
    #[n(3)]
    window: Option<Window>,
    #[n(4)]
    secret: KemSecret,
}

impl Member {
    /// What the member stores.
    pub fn to_state(&self) -> State {
        let account = |(account, m): (&AccountId, &Membership)| AccountState {
            account: *account,
            root: m
                .root
                .as_ref()
                .map(keys::encode_root)
                .unwrap_or_default()
                .into(),
            pairwise: m.pairwise.clone(),
            introductions: m.introductions.clone(),
            streams: m.streams.iter().map(stream_state).collect(),
        };
        State {
            name: self.name.clone(),
            key: self.key.clone(),
            accounts: self.accounts.iter().map(account).collect(),
        }
    }

    /// Starts again from what was stored.
    ///
    /// # Errors
    /// `invalid-key`, `malformed`, `wrong-account` if the file was altered.
    pub fn from_state(state: State) -> Result<Self> {
        let mut accounts = BTreeMap::new();
        for a in state.accounts {
            let root = match &**a.root {
                [] => None,
                bytes => Some(keys::decode_root(&a.account, bytes)?),
            };
            let pairwise = a.pairwise;
            let mut streams = BTreeMap::new();
            for s in a.streams {
                let (followed, past, searched) = (s.followed, s.past, s.searched);
                let mut grants = BTreeMap::new();
                for g in s.grants {
                    let granted = Granted {
                        kind: g.kind,
                        window: g.window,
                        secret: g.secret,
                    };
                    grants.insert((g.statement, g.index), granted);
                }
                streams.insert(
                    s.name,
                    Shared {
                        followed,
                        grants,
                        past,
                        searched,
                    },
                );
            }
            let introductions = a.introductions;
            accounts.insert(
                a.account,
                Membership {
                    root,
                    pairwise,
                    introductions,
                    streams,
                },
            );
        }
        Ok(Self {
            name: state.name,
            key: state.key,
            accounts,
        })
    }
}

fn stream_state((name, shared): (&Name, &Shared)) -> StreamState {
    let grant = |((statement, index), granted): (&(Hash, u32), &Granted)| GrantState {
        statement: *statement,
        index: *index,
        kind: granted.kind,
        window: granted.window,
        secret: granted.secret.clone(),
    };
    StreamState {
        name: name.clone(),
        followed: shared.followed.clone(),
        grants: shared.grants.iter().map(grant).collect(),
        past: shared.past.clone(),
        searched: shared.searched.clone(),
    }
}
