//! What a member has of one account, and how it takes more.

use std::collections::{BTreeMap, BTreeSet};

use crate::action;
use crate::announcement::{self, Kind, Window};
use crate::clip::{self, OpenClip, Role};
use crate::cloud::{Cloud, Paths};
use crate::cose::{Key, Signed};
use crate::crypto::{KemPublic, KemSecret, RsaPublic};
use crate::error::{AnnouncementError, ClipError, Error, GrantError, Result, StoreError};
use crate::grant::{self, Lookup, Shard};
use crate::keys::{self, KeyId, Name, kem_id};
use crate::message::{AccountId, Hash};
use crate::past::{self, PastClip};
use crate::statement;
use crate::view::{self, Followed, Pinned};

/// What a member has of one account.
pub(super) struct Membership {
    pub(super) root: Option<RsaPublic>,
    /// Pairwise keys by the owner's number for this member: the latest is used first.
    pub(super) pairwise: BTreeMap<u64, Key>,
    pub(super) introductions: BTreeSet<Hash>,
    pub(super) streams: BTreeMap<Name, Shared>,
}

/// What a member has of one stream.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) followed: Option<Followed>,
    pub(super) grants: BTreeMap<(Hash, u32), Granted>,
    pub(super) past: BTreeMap<Hash, past::PastShare>,
    /// By pairwise key: the epoch up to which it was tried.
    pub(super) searched: BTreeMap<u64, u64>,
}

/// A private key that was granted, and what for.
#[derive(Clone)]
pub struct Granted {
    /// DSK or TDSK.
    pub kind: Kind,
    /// The TDSK's window.
    pub window: Option<Window>,
    pub(super) secret: KemSecret,
}

/// The result of a member's synchronisation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Introductions accepted.
    pub introductions: usize,
    /// Grants accepted.
    pub grants: usize,
    /// Objects that were refused: path and reason. One bad object does not keep the others out.
    pub refused: Vec<(String, Error)>,
}

impl Membership {
    pub(super) fn sync(
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
            if let Err(error) = shared.follow(cloud, &pinned, &stream, id, &self.pairwise, news) {
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
    pub(super) fn introduce(
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
    pub(super) fn past_share(
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
    pub(super) fn follow(
        &mut self,
        cloud: &dyn Cloud,
        pinned: &Pinned<'_>,
        stream: &Name,
        member: KeyId,
        pairwise: &BTreeMap<u64, Key>,
        news: &mut News,
    ) -> Result<()> {
        let followed = view::follow(cloud, pinned, stream, &mut self.followed, |_| Ok(()));
        for (number, key) in pairwise {
            let known = self.followed.as_ref().map_or(0, |f| f.known.len() as u64);
            let searched = self.searched.get(number).copied().unwrap_or(0);
            let mut gap = false;
            for epoch in searched + 1..=known {
                match self.search(cloud, pinned, stream, member, key, epoch) {
                    Ok(count) => news.grants += count,
                    Err(error) if error.is(StoreError::Unavailable) => return Err(error),
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
    pub(super) fn search(
        &mut self,
        cloud: &dyn Cloud,
        pinned: &Pinned<'_>,
        stream: &Name,
        member: KeyId,
        pairwise: &Key,
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
                let facts = grant::facts(pinned.account, &body, &hash, index, key, member);
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
    pub(super) fn accept(&mut self, statement: Hash, index: u32, granted: Granted) -> Result<()> {
        if self.grants.contains_key(&(statement, index)) {
            return Err(GrantError::GrantReplayed.into());
        }
        self.grants.insert((statement, index), granted);
        Ok(())
    }

    pub(super) fn open(
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
            let (role, secret) = (Role::from(granted.kind), &granted.secret);
            let (of, clip) = (&manifest.announcement, &manifest.clip);
            match clip::unwrap(account, stream, of, clip, &manifest.envelopes, role, secret) {
                Ok(key) => return Ok(OpenClip::new(account, manifest, &key)),
                Err(error) if error.is(ClipError::EnvelopeOpen) => {
                    refused = ClipError::EnvelopeOpen;
                }
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
                let (role, secret) = (Role::Past, &granted.secret);
                let clip = &manifest.clip;
                let key = clip::unwrap(account, stream, &hash, clip, envelopes, role, secret)?;
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
