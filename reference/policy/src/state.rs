//! The account as it is: what a phone knows of streams, members, leases and clips. Reading it needs
//! no passphrase and writes nothing.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use encryptediot::announcement::{Kind, Window};
use encryptediot::cloud::Cloud;
use encryptediot::crypto::KemPublic;
use encryptediot::error::Result;
use encryptediot::keys::{MemberId, Name, kem_id};
use encryptediot::message::{AccountId, Time};
use encryptediot::past::PastShare;
use encryptediot::phone::Phone;
use encryptediot::view;

/// What a member has on a stream: until revoked, or for a window.
pub type Right = (Name, Option<Window>);

/// The account, as one phone sees it.
#[derive(Clone, Debug)]
pub struct State {
    /// The account's identifier.
    pub account: AccountId,
    /// The phone that sees it so.
    pub phone: Name,
    /// The time of looking.
    pub now: Time,
    /// The account's phones.
    pub phones: BTreeSet<Name>,
    /// Every member who was ever introduced, with the verified key.
    pub members: BTreeMap<Name, KemPublic>,
    /// The members who are given the streams to come as well.
    pub all_streams: BTreeSet<Name>,
    /// The account's streams, by name.
    pub streams: BTreeMap<Name, Stream>,
    names: BTreeMap<MemberId, Name>,
}

/// A stream of the account.
#[derive(Clone, Debug)]
pub struct Stream {
    /// Its camera.
    pub camera: Name,
    /// What is announced; nothing if its pairing was cut short.
    pub announced: Option<Announced>,
}

/// The latest announcement of a stream.
#[derive(Clone, Debug)]
pub struct Announced {
    /// Its epoch.
    pub epoch: u64,
    /// When it was made.
    pub issued: Time,
    /// How long its lease is.
    pub lease: Time,
    /// When its shared keys lapse, with what phones have added to it.
    pub lease_until: Time,
    /// Who holds what, windows that have passed among it.
    pub rights: BTreeSet<Right>,
    /// Was it made before a phone was lost?
    pub predates_loss: bool,
    /// Does it list other phones than the account has?
    pub other_phones: bool,
}

/// A clip, and who was given what opens it.
#[derive(Clone, Debug)]
pub struct Clip {
    /// The clip's sequence number in its stream.
    pub sequence: u64,
    /// When its session began.
    pub start: Time,
    /// When its session ended.
    pub end: Time,
    /// The members who can open it.
    pub readers: BTreeSet<Name>,
}

impl State {
    /// Reads the state of the account from a phone that is up to date.
    ///
    /// # Errors
    /// `phone-not-listed`, `object-missing`, `sealed-open`, `grant-key`, `store-unavailable`.
    pub fn read(phone: &Phone, cloud: &dyn Cloud, now: Time) -> Result<Self> {
        let roster = phone.roster()?;
        let private = phone.private()?;
        let (mut members, mut names) = (BTreeMap::new(), BTreeMap::new());
        for (id, member) in phone.members(cloud)? {
            names.insert(id, member.name.clone());
            members.insert(member.name, member.key);
        }
        let all_streams = private.all_streams.iter();
        let all_streams = all_streams.filter_map(|id| names.get(id).cloned());
        let mut state = Self {
            account: *phone.account(),
            phone: phone.name().clone(),
            now,
            phones: roster.phones.iter().map(|p| p.name.clone()).collect(),
            members,
            all_streams: all_streams.collect(),
            streams: BTreeMap::new(),
            names,
        };
        for camera in &roster.cameras {
            for stream in &camera.streams {
                let announced = state.announced(phone, cloud, stream)?;
                let camera = camera.name.clone();
                let entry = Stream { camera, announced };
                state.streams.insert(stream.clone(), entry);
            }
        }
        Ok(state)
    }

    fn announced(
        &self,
        phone: &Phone,
        cloud: &dyn Cloud,
        stream: &Name,
    ) -> Result<Option<Announced>> {
        let Some(followed) = phone.followed(stream) else {
            return Ok(None);
        };
        let mut rights = BTreeSet::new();
        let (head, current) = (followed.head, &followed.current);
        let in_force = phone.in_force(cloud, stream)?;
        for (key, holding) in current.keys.iter().zip(&in_force.holdings) {
            if key.kind != Kind::Owner {
                rights.extend(self.names(&holding.members).map(|name| (name, key.window)));
            }
        }
        let extended = phone.lease_extended(cloud, stream, self.now)?;
        let announced = phone.lease_announced(cloud, stream, self.now)?;
        Ok(Some(Announced {
            epoch: head.epoch,
            issued: head.issued,
            lease: current.lease,
            lease_until: extended.unwrap_or(announced),
            rights,
            predates_loss: in_force.predates_loss,
            other_phones: current.phones != phone.roster()?.phone_keys(),
        }))
    }

    fn names<'a>(&'a self, members: &'a [MemberId]) -> impl Iterator<Item = Name> + 'a {
        members.iter().filter_map(|id| self.names.get(id).cloned())
    }

    /// The clips of a stream that ended at `since` or later, ascending, with who can open them.
    ///
    /// # Errors
    /// Those of [`view::Followed::manifest`] and of the owner's records.
    pub fn clips(
        &self,
        phone: &mut Phone,
        cloud: &dyn Cloud,
        stream: &Name,
        since: Time,
    ) -> Result<Vec<Clip>> {
        let past = phone.past_shares(cloud, stream)?;
        let mut announced = BTreeMap::new();
        let mut clips = Vec::new();
        // A camera's time only moves forward: what comes before one that is too old is older.
        for sequence in view::list(cloud, &self.account, stream)?.into_iter().rev() {
            let manifest = phone.manifest(cloud, stream, sequence)?;
            let (hash, body) = (manifest.hash, manifest.body);
            if body.end < since {
                break;
            }
            let held = match announced.entry(body.announcement) {
                Entry::Occupied(held) => held.into_mut(),
                Entry::Vacant(vacant) => {
                    let holders = phone.holders(cloud, stream, &body.announcement)?;
                    let holders = holders.into_iter();
                    let by_id = holders.map(|(key, members)| (kem_id(&key.public), members));
                    vacant.insert(by_id.collect::<Vec<_>>())
                }
            };
            let wrapped = |id| body.envelopes.iter().any(|e| e.recipient == id);
            let by_camera = held.iter().filter(|(id, _)| wrapped(*id)).map(|(_, n)| n);
            let listed = |share: &PastShare| share.clips.iter().any(|c| c.manifest == hash);
            let later = past.iter().filter(|(s, _)| listed(s)).map(|(_, n)| n);
            let readers = by_camera.chain(later).flat_map(|n| self.names(n)).collect();
            clips.push(Clip {
                sequence,
                start: body.start,
                end: body.end,
                readers,
            });
        }
        clips.reverse();
        Ok(clips)
    }

    /// How long the last session of a stream took, if there is one.
    ///
    /// # Errors
    /// Those of [`view::Followed::manifest`].
    pub fn last_session(
        &self,
        phone: &mut Phone,
        cloud: &dyn Cloud,
        stream: &Name,
    ) -> Result<Option<Time>> {
        let last = view::list(cloud, &self.account, stream)?.pop();
        let (Some(sequence), Some(_)) = (last, phone.followed(stream)) else {
            return Ok(None);
        };
        let manifest = phone.manifest(cloud, stream, sequence)?;
        Ok(Some(manifest.body.end - manifest.body.start))
    }

    /// Was a window ever announced for a member?
    ///
    /// # Errors
    /// Those of [`Phone::shared_at`].
    pub fn was_given(
        &self,
        phone: &Phone,
        cloud: &dyn Cloud,
        stream: &Name,
        right: &Right,
    ) -> Result<bool> {
        let epochs = phone.followed(stream).map_or(0, |f| f.head.epoch);
        for epoch in (1..=epochs).rev() {
            let (announced, members) = phone.shared_at(cloud, stream, epoch)?;
            for (key, members) in announced.keys.iter().zip(&members) {
                let window = key.kind == Kind::Tdsk && key.window == right.1;
                if window && self.names(members).any(|name| name == right.0) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}
