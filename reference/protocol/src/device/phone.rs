//! A phone of the owner: what it can do without the passphrase. With it, see [`crate::owner`].

use std::collections::BTreeMap;

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;

use crate::acknowledgement::{self, Acknowledgement};
use crate::action;
use crate::announcement::{self, Head};
use crate::checkpoint::Checkpoint;
use crate::clip::{self, Manifest, OpenClip, Role};
use crate::cloud::{Cloud, Paths};
use crate::cose::{Key, Signed};
use crate::crypto::{KemPublic, KemSecret, RsaPublic, SigningKey, VerifyingKey};
use crate::error::{
    AccountError, AnnouncementError, ClipError, Error, MessageError, Result, StoreError,
};
use crate::grant::{self, Holding};
use crate::keys::{self, Name, kem_id, verifying_id};
use crate::lease::{self, Lease};
use crate::message::{AccountId, Hash, Time};
use crate::past::{self, PastShare};
use crate::roster::{self, PhoneKeys, Roster};
use crate::segment::SessionKey;
use crate::vault::Ring;
use crate::view::{self, Followed, Pinned};

/// An enrolled phone.
///
/// It stores its own two private keys and the key ring. The account signing key and the
/// passphrase-derived key it does not store.
pub struct Phone {
    pub(crate) name: Name,
    pub(crate) account: AccountId,
    pub(crate) root: RsaPublic,
    pub(crate) instance: KemSecret,
    pub(crate) lease: SigningKey,
    pub(crate) ring: Ring,
    /// The latest vault that this phone has seen.
    pub(crate) vault: u64,
    pub(crate) roster: Option<(roster::Head, Roster)>,
    pub(crate) streams: BTreeMap<Name, Followed>,
    /// The members' records that were read and verified, by number: what lies under one never changes.
    pub(crate) records: BTreeMap<u64, grant::Member>,
    /// What this phone has decided and not yet written to the cloud, in the order of writing.
    pub(crate) outbox: Vec<Outgoing>,
}

/// A write to the cloud that is owed. A command that is killed leaves it, the next one pays it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Outgoing {
    #[n(0)]
    pub(crate) path: String,
    /// May it write over what is there?
    #[n(1)]
    pub(crate) replace: bool,
    #[cbor(n(2), with = "minicbor::bytes")]
    pub(crate) bytes: Vec<u8>,
}

/// The announcement in force on a stream, as the owner's backup completes it.
pub struct InForce {
    /// Is it from before a phone was lost? Then the act that dropped it stopped short of this stream,
    /// since another phone's announcement came first.
    pub predates_loss: bool,
    /// The private half and the holders of each key of the announcement, in its order.
    pub holdings: Vec<Holding>,
}

/// What the owner is told of a stream.
#[derive(Clone, Debug)]
pub struct StreamStatus {
    /// The stream.
    pub stream: Name,
    /// The latest announcement.
    pub head: Head,
    /// The camera's acknowledgement of it. Only with it is a revocation in effect.
    pub acknowledged: Option<Acknowledgement>,
    /// When shared keys lapse, as announced (extensions are the camera's to know).
    pub lease_until: Time,
}

impl Phone {
    /// The phone's name.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The account.
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// The phone's public keys.
    pub fn keys(&self) -> PhoneKeys {
        PhoneKeys {
            instance: self.instance.public(),
            lease: self.lease.verifying_key(),
        }
    }

    /// The roster, as this phone knows it.
    ///
    /// # Errors
    /// `phone-not-listed` before the first synchronisation.
    pub fn roster(&self) -> Result<&Roster> {
        let known = self.roster.as_ref().ok_or(AccountError::PhoneNotListed)?;
        Ok(&known.1)
    }

    /// The streams, as this phone knows them.
    pub fn streams(&self) -> impl Iterator<Item = (&Name, &Followed)> {
        self.streams.iter()
    }

    /// The announcements of a stream that this phone has verified.
    pub fn followed(&self, stream: &Name) -> Option<&Followed> {
        self.streams.get(stream)
    }

    /// The part of the roster that only the owner's phones can read.
    ///
    /// # Errors
    /// `phone-not-listed` before the first synchronisation; those of [`roster::open_private`].
    pub fn private(&self) -> Result<roster::Private> {
        roster::open_private(&self.account, self.roster()?, &self.ring)
    }

    pub(crate) fn pinned(&self) -> Pinned<'_> {
        Pinned {
            root: &self.root,
            account: &self.account,
        }
    }

    pub(crate) fn paths(&self) -> Paths {
        Paths(self.account)
    }

    /// Writes what is owed, then reads what is new: rosters, the key ring, announcements.
    ///
    /// # Errors
    /// `conflict` if another phone was first (then what was owed is dropped); those of the roster
    /// and of [`view::follow`]; `phone-not-listed` if this phone was dropped from the account.
    pub fn sync(&mut self, cloud: &dyn Cloud) -> Result<()> {
        self.sync_account(cloud)?;
        self.follow_every_stream(cloud)
    }

    /// [`Phone::sync`] without the announcements of other streams than these.
    ///
    /// # Errors
    /// As [`Phone::sync`].
    pub fn sync_streams(&mut self, cloud: &dyn Cloud, streams: &[Name]) -> Result<()> {
        self.sync_account(cloud)?;
        self.follow_streams(cloud, streams)
    }

    /// [`Phone::sync`] without the announcements.
    pub(crate) fn sync_account(&mut self, cloud: &dyn Cloud) -> Result<()> {
        self.flush(cloud)?;
        self.follow_rosters(cloud)?;
        self.ring = roster::open_ring(&self.account, self.roster()?, &self.instance)?;
        Ok(())
    }

    /// Follows the account before this phone is on its roster.
    pub(crate) fn follow_account(&mut self, cloud: &dyn Cloud) -> Result<()> {
        self.follow_rosters(cloud)?;
        self.follow_every_stream(cloud)
    }

    /// The account that this one replaced, for viewing its clips: its ring is on this one's.
    ///
    /// # Errors
    /// `wrong-account` if this account replaced no such one; those of [`Phone::sync`].
    pub fn predecessor<R>(&self, account: AccountId, cloud: &dyn Cloud, rng: &mut R) -> Result<Self>
    where
        R: CryptoRng + ?Sized,
    {
        let ring = self
            .ring
            .of_predecessor(&account)
            .ok_or(MessageError::WrongAccount)?;
        let root = keys::decode_root(&account, &cloud.get(&Paths(account).root())?)?;
        let mut phone = Self::fresh(self.name.clone(), root, ring, rng)?;
        phone.follow_account(cloud)?;
        Ok(phone)
    }

    /// Reads the new announcements of every stream on the roster.
    ///
    /// # Errors
    /// Those of [`view::follow`]; `phone-not-listed` before the first synchronisation.
    pub fn follow_every_stream(&mut self, cloud: &dyn Cloud) -> Result<()> {
        let streams: Vec<Name> = self.roster()?.streams().cloned().collect();
        self.follow_streams(cloud, &streams)
    }

    /// Reads the new announcements of those streams that are on the roster.
    pub(crate) fn follow_streams(&mut self, cloud: &dyn Cloud, streams: &[Name]) -> Result<()> {
        for stream in streams {
            if self.roster()?.camera_of(stream).is_none() {
                continue;
            }
            let mut followed = self.streams.remove(stream);
            let result = view::follow(cloud, &self.pinned(), stream, &mut followed, |_| Ok(()));
            if let Some(followed) = followed {
                self.streams.insert(stream.clone(), followed);
            }
            result?;
        }
        Ok(())
    }

    /// Writes what is owed. A vault that was written is the latest that this phone has seen.
    pub(crate) fn flush(&mut self, cloud: &dyn Cloud) -> Result<()> {
        let paths = self.paths();
        for write in &self.outbox {
            let written = if write.replace {
                cloud.put(&write.path, &write.bytes)
            } else {
                cloud.create(&write.path, &write.bytes)
            };
            // Who won the roster is alone with its numbers, and without the records and introductions
            // under them nobody could share any more: a cloud that refuses those is not believed.
            let raced = !paths.is_numbered_by_roster(&write.path);
            if raced && written == Err(StoreError::Conflict.into()) {
                self.outbox.clear();
                return written;
            }
            written?;
            if write.path == paths.vault(self.vault + 1) {
                self.vault += 1;
            }
        }
        self.outbox.clear();
        Ok(())
    }

    pub(crate) fn follow_rosters(&mut self, cloud: &dyn Cloud) -> Result<()> {
        if let Some((head, _)) = &self.roster {
            let latest = cloud.find(&self.paths().roster(head.number))?;
            let latest = latest.ok_or(AccountError::RosterRollback)?;
            if roster::open(&self.root, &self.account, &latest)?.hash != head.hash {
                return Err(AccountError::RosterRollback.into());
            }
        }
        loop {
            let head = self.roster.as_ref().map(|(head, _)| *head);
            let number = head.map_or(1, |head| head.number + 1);
            let Some(bytes) = cloud.find(&self.paths().roster(number))? else {
                return Ok(());
            };
            let next = roster::open(&self.root, &self.account, &bytes)?;
            let head = roster::follow(head, &next)?;
            self.roster = Some((head, next.roster));
        }
    }

    /// What is known of every stream, with the camera's acknowledgements.
    ///
    /// # Errors
    /// Those of [`acknowledgement::open`]; `ack-unknown` if the camera acknowledged
    /// an announcement that is not on this phone's chain: another phone's fork is in force.
    pub fn status(&self, cloud: &dyn Cloud) -> Result<Vec<StreamStatus>> {
        let mut all = Vec::new();
        for (stream, followed) in &self.streams {
            let path = self.paths().acknowledgement(stream, followed.head.epoch);
            let acknowledged = match cloud.find(&path)? {
                Some(bytes) => Some(self.acknowledgement(stream, followed, &bytes)?),
                None => None,
            };
            all.push(StreamStatus {
                stream: stream.clone(),
                head: followed.head,
                acknowledged,
                lease_until: followed.current.lease_until(),
            });
        }
        Ok(all)
    }

    /// The keys in force on a stream, as the owner's phones keep them.
    ///
    /// # Errors
    /// As [`Phone::shared_with`].
    pub fn in_force(&self, cloud: &dyn Cloud, stream: &Name) -> Result<InForce> {
        let followed = self
            .streams
            .get(stream)
            .ok_or(AnnouncementError::UnknownStream)?;
        let current = &followed.current;
        let bytes = cloud.get(&self.paths().backup(&current.backup))?;
        let (generation, holdings) =
            grant::open_backup(&self.account, &self.ring, stream, &current.backup, &bytes)?;
        grant::check_holdings(&holdings, current.keys.iter().map(|key| key.public))?;
        Ok(InForce {
            predates_loss: generation < self.ring.generation(),
            holdings,
        })
    }

    /// Until when the lease of a stream was extended beyond what is announced, if a phone of the
    /// account has done so and the cloud shows it.
    ///
    /// # Errors
    /// `unknown-stream`, `object-missing`, `store-unavailable`.
    pub fn lease_extended(&self, cloud: &dyn Cloud, stream: &Name) -> Result<Option<Time>> {
        let followed = self
            .streams
            .get(stream)
            .ok_or(AnnouncementError::UnknownStream)?;
        let mut latest = None;
        for path in cloud.list(&self.paths().leases(stream, &followed.head))? {
            // What is not a lease of ours the camera refuses as well.
            let Ok(lease) = lease::open(&self.account, &cloud.get(&path)?) else {
                continue;
            };
            let listed = followed.current.phones.iter().any(|p| p.lease == lease.key);
            if listed && lease.announcement == followed.head.hash && lease.camera == followed.camera
            {
                latest = latest.max(Some(lease.until));
            }
        }
        Ok(latest.filter(|until| *until > followed.current.lease_until()))
    }

    fn acknowledgement(
        &self,
        stream: &Name,
        followed: &Followed,
        bytes: &[u8],
    ) -> Result<Acknowledgement> {
        let ack = acknowledgement::open(&self.account, &followed.camera, stream, bytes)?;
        ack.check_head(&followed.head)?;
        action::log("Acknowledge", || {
            let Head { hash, .. } = &followed.head;
            announcement::place(&self.account, &followed.camera, stream, hash)
        });
        Ok(ack)
    }

    /// Extends the lease of a stream until `until`. Needs no passphrase.
    ///
    /// # Errors
    /// `unknown-stream`, `lease-out-of-range` if it is longer than a camera takes, `lease-shorter`
    /// if this phone has extended it further already, `crypto`, `store-unavailable`.
    pub fn extend_lease(
        &self,
        cloud: &dyn Cloud,
        stream: &Name,
        now: Time,
        until: Time,
    ) -> Result<()> {
        let followed = self
            .streams
            .get(stream)
            .ok_or(AnnouncementError::UnknownStream)?;
        if until <= now || until > now.saturating_add(announcement::MAX_LEASE) {
            return Err(AnnouncementError::Lease.into());
        }
        let key = self.lease.verifying_key();
        let lease = Lease {
            camera: followed.camera,
            stream: stream.clone(),
            announcement: followed.head.hash,
            key,
            until,
        };
        let path = self
            .paths()
            .lease(stream, &followed.head, verifying_id(&key));
        // This phone's earlier word lies at the same place, and may not have been taken yet.
        if let Some(earlier) = cloud.find(&path)?
            && let Ok(earlier) = lease::open(&self.account, &earlier)
            && (earlier.key, earlier.announcement) == (key, lease.announcement)
            && earlier.until > until
        {
            return Err(AnnouncementError::LeaseShorter.into());
        }
        let signed = lease::sign(&self.lease, &self.account, lease)?;
        cloud.put(&path, &signed)
    }

    /// Verifies clip `sequence` of a stream and opens its session key: with this phone's instance
    /// key or, for clips from before it was enrolled, with the owner's stream key.
    ///
    /// # Errors
    /// `unknown-stream`, `no-envelope`, `envelope-open`, and those of [`Followed::manifest`].
    pub fn open(&mut self, cloud: &dyn Cloud, stream: &Name, sequence: u64) -> Result<OpenClip> {
        let (manifest, key, _) = self.session_key(cloud, stream, sequence)?;
        Ok(OpenClip::new(&self.account, manifest.body, &key))
    }

    pub(crate) fn session_key(
        &mut self,
        cloud: &dyn Cloud,
        stream: &Name,
        sequence: u64,
    ) -> Result<(Signed<Manifest>, SessionKey, Vec<u8>)> {
        let account = self.account;
        let followed = self
            .streams
            .get_mut(stream)
            .ok_or(AnnouncementError::UnknownStream)?;
        let (manifest, bytes) = followed.manifest(cloud, &account, stream, sequence)?;
        let body = &manifest.body;
        let unwrap = |key| {
            let (of, clip) = (&body.announcement, &body.clip);
            clip::unwrap(&account, stream, of, clip, &body.envelopes, key)
        };
        let key = match unwrap((Role::Instance, &self.instance)) {
            Err(Error::Clip(ClipError::NoEnvelope)) => {
                let holdings = self.holdings(cloud, stream, &body.announcement)?;
                let owner = holdings.first().ok_or(ClipError::NoEnvelope)?;
                unwrap((Role::Owner, &owner.secret))?
            }
            other => other?,
        };
        Ok((manifest, key, bytes))
    }

    /// Is this the first time that the clip is shown?
    pub fn show(&mut self, clip: &Manifest) -> bool {
        let followed = self.streams.get_mut(&clip.stream);
        let new = followed.is_some_and(|followed| followed.seen.show(clip.clip));
        if new {
            let ik = kem_id(&self.instance.public());
            let own = clip.envelopes.iter().any(|e| e.recipient == ik);
            let rule = if own { "View_owner" } else { "View_backup" };
            action::log(rule, || {
                let mut values = clip.facts(&self.account);
                if own {
                    values.push(("ik", action::fresh("key", ik)));
                } else {
                    values.push(("d", action::fresh("owner-key", clip.announcement)));
                    values.push(("k", action::name("DSK")));
                    values.push(("wk", action::name("always")));
                }
                values
            });
        }
        new
    }

    /// The announcement of one epoch of a stream, as the cloud stores it, checked against what
    /// this phone has verified.
    ///
    /// # Errors
    /// `unknown-stream`, `unknown-announcement`, `object-missing`, `rollback`.
    pub fn announcement(
        &self,
        cloud: &dyn Cloud,
        stream: &Name,
        hash: &Hash,
    ) -> Result<(Signed<announcement::Announcement>, Vec<u8>)> {
        let followed = self
            .streams
            .get(stream)
            .ok_or(AnnouncementError::UnknownStream)?;
        let place = followed.known.iter().position(|known| known == hash);
        let epoch = place.ok_or(ClipError::UnknownAnnouncement)? as u64 + 1;
        let bytes = cloud.get(&self.paths().announcement(stream, epoch))?;
        let signed = announcement::open(&self.root, &self.account, &bytes)?;
        if signed.hash != *hash {
            return Err(AnnouncementError::Rollback.into());
        }
        Ok((signed, bytes))
    }

    /// The private halves of an announcement's keys and who holds them.
    pub(crate) fn holdings(
        &self,
        cloud: &dyn Cloud,
        stream: &Name,
        announcement: &Hash,
    ) -> Result<Vec<Holding>> {
        let (signed, _) = self.announcement(cloud, stream, announcement)?;
        let backup = signed.body.backup;
        let bytes = cloud.get(&self.paths().backup(&backup))?;
        let (_, holdings) = grant::open_backup(&self.account, &self.ring, stream, &backup, &bytes)?;
        let announced = signed.body.keys.iter().map(|key| key.public);
        grant::check_holdings(&holdings, announced)?;
        Ok(holdings)
    }

    /// Who may open what is recorded now on a stream: the keys of the latest announcement and the
    /// members' numbers.
    ///
    /// # Errors
    /// `unknown-stream`, `object-missing`, `sealed-open`, `grant-key`.
    pub fn shared_with(
        &self,
        cloud: &dyn Cloud,
        stream: &Name,
    ) -> Result<Vec<(announcement::StreamKey, Vec<u64>)>> {
        let followed = self
            .streams
            .get(stream)
            .ok_or(AnnouncementError::UnknownStream)?;
        let in_force = self.in_force(cloud, stream)?;
        let keys = followed.current.keys.iter().cloned();
        let members = in_force.holdings.into_iter().map(|holding| holding.members);
        Ok(keys.zip(members).collect())
    }

    /// The announcement of one epoch of a stream, and for each of its keys the members' numbers.
    ///
    /// # Errors
    /// As [`Phone::shared_with`]; `unknown-announcement` if there is no such epoch.
    pub fn shared_at(
        &self,
        cloud: &dyn Cloud,
        stream: &Name,
        epoch: u64,
    ) -> Result<(announcement::Announcement, Vec<Vec<u64>>)> {
        let followed = self
            .streams
            .get(stream)
            .ok_or(AnnouncementError::UnknownStream)?;
        let place = usize::try_from(epoch.wrapping_sub(1)).unwrap_or(usize::MAX);
        let hash = followed
            .known
            .get(place)
            .ok_or(ClipError::UnknownAnnouncement)?;
        let holdings = self.holdings(cloud, stream, hash)?;
        let (signed, _) = self.announcement(cloud, stream, hash)?;
        let members = holdings.into_iter().map(|holding| holding.members);
        Ok((signed.body, members.collect()))
    }

    /// The keys of the announcement with this hash, each with the numbers of the members who hold it.
    ///
    /// # Errors
    /// As [`Phone::shared_with`]; `unknown-announcement` if it is not on this phone's chain.
    pub fn holders(
        &self,
        cloud: &dyn Cloud,
        stream: &Name,
        announcement: &Hash,
    ) -> Result<Vec<(announcement::StreamKey, Vec<u64>)>> {
        let (signed, _) = self.announcement(cloud, stream, announcement)?;
        let holdings = self.holdings(cloud, stream, announcement)?;
        let members = holdings.into_iter().map(|holding| holding.members);
        Ok(signed.body.keys.into_iter().zip(members).collect())
    }

    /// The past shares of a stream, each with the numbers of the members who hold its key. An object
    /// that is no past share of this account is passed over, as members do.
    ///
    /// # Errors
    /// `object-missing`, `sealed-open`, `store-unavailable`.
    pub fn past_shares(
        &self,
        cloud: &dyn Cloud,
        stream: &Name,
    ) -> Result<Vec<(PastShare, Vec<u64>)>> {
        let mut shares = Vec::new();
        for path in cloud.list(&self.paths().past_shares())? {
            let Ok(share) = past::open(&self.root, &self.account, &cloud.get(&path)?) else {
                continue;
            };
            if share.body.stream == *stream {
                let backup = share.body.backup;
                let bytes = cloud.get(&self.paths().backup(&backup))?;
                let (_, held) =
                    grant::open_backup(&self.account, &self.ring, stream, &backup, &bytes)?;
                let numbers = held.into_iter().flat_map(|h| h.members).collect();
                shares.push((share.body, numbers));
            }
        }
        Ok(shares)
    }

    /// The verified manifest of clip `sequence` of a stream.
    ///
    /// # Errors
    /// `unknown-stream`; those of [`Followed::manifest`].
    pub fn manifest(
        &mut self,
        cloud: &dyn Cloud,
        stream: &Name,
        sequence: u64,
    ) -> Result<Signed<Manifest>> {
        let account = self.account;
        let followed = self
            .streams
            .get_mut(stream)
            .ok_or(AnnouncementError::UnknownStream)?;
        Ok(followed.manifest(cloud, &account, stream, sequence)?.0)
    }

    /// The owner's record of a member. Needs no passphrase: the ring opens it.
    ///
    /// # Errors
    /// `object-missing`, `sealed-open`.
    pub fn member(&self, cloud: &dyn Cloud, number: u64) -> Result<grant::Member> {
        if let Some(known) = self.records.get(&number) {
            return Ok(known.clone());
        }
        let bytes = cloud.get(&self.paths().member(number))?;
        grant::open_member(&self.root, &self.account, &self.ring, number, &bytes)
    }
}

impl Phone {
    /// A checkpoint of what this phone has verified.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            roster: self.roster.as_ref().map(|(head, _)| *head),
            streams: self
                .streams
                .iter()
                .map(|(name, f)| (name.clone(), f.head))
                .collect(),
        }
    }

    /// Does the cloud show this phone at least what another device has seen? Numbers and hashes are
    /// compared: a hash says all the rest.
    ///
    /// # Errors
    /// `checkpoint-mismatch`.
    pub fn check(&self, cloud: &dyn Cloud, checkpoint: &Checkpoint) -> Result<()> {
        let streams = checkpoint.streams.iter().all(|(name, head)| {
            let place = usize::try_from(head.epoch.wrapping_sub(1)).unwrap_or(usize::MAX);
            self.streams.get(name).and_then(|f| f.known.get(place)) == Some(&head.hash)
        });
        let roster = match checkpoint.roster {
            Some(head) => {
                let bytes = cloud
                    .find(&self.paths().roster(head.number))?
                    .unwrap_or_default();
                let found = roster::open(&self.root, &self.account, &bytes);
                let known = self.roster.as_ref().map_or(0, |(known, _)| known.number);
                known >= head.number && found.is_ok_and(|found| found.hash == head.hash)
            }
            None => true,
        };
        if !streams || !roster {
            return Err(AccountError::CheckpointMismatch.into());
        }
        Ok(())
    }
}

// ---------------------------------------------------------------- what a phone stores

/// A phone on its own disk.
#[derive(Encode, Decode)]
#[cbor(array)]
pub struct State {
    #[n(0)]
    name: Name,
    #[n(1)]
    account: AccountId,
    #[n(2)]
    root: ByteVec,
    #[n(3)]
    instance: KemSecret,
    #[n(4)]
    lease: SigningKey,
    #[cbor(n(5), with = "embedded_ring")]
    ring: Ring,
    #[n(6)]
    vault: u64,
    #[n(7)]
    rosters: Vec<(roster::Head, Roster)>,
    #[n(8)]
    streams: BTreeMap<Name, Followed>,
    #[n(9)]
    outbox: Vec<Outgoing>,
    #[n(10)]
    records: BTreeMap<u64, Record>,
}

/// The ring in the phone's state: a byte string that holds its encoding.
mod embedded_ring {
    use minicbor::decode::Error as DecodeError;
    use minicbor::encode::{Error as EncodeError, Write};
    use minicbor::{Decoder, Encoder};

    use crate::vault::Ring;

    pub fn encode<C, W: Write>(
        ring: &Ring,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        e.bytes(&ring.to_bytes())?.ok()
    }

    pub fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<Ring, DecodeError> {
        Ring::from_bytes(d.bytes()?).map_err(|_| DecodeError::message("not a ring"))
    }
}

/// What the owner calls a member, the member's key, the pairwise key.
type Record = (Name, KemPublic, Key);

impl Phone {
    /// What the phone stores.
    pub fn to_state(&self) -> State {
        let record = |(number, member): (&u64, &grant::Member)| {
            let record = (member.name.clone(), member.key, member.pairwise.clone());
            (*number, record)
        };
        State {
            name: self.name.clone(),
            account: self.account,
            root: keys::encode_root(&self.root).into(),
            instance: self.instance.clone(),
            lease: self.lease.clone(),
            ring: self.ring.clone(),
            vault: self.vault,
            rosters: self.roster.iter().cloned().collect(),
            streams: self.streams.clone(),
            outbox: self.outbox.clone(),
            records: self.records.iter().map(record).collect(),
        }
    }

    /// Starts again from what was stored.
    ///
    /// # Errors
    /// `invalid-key`, `malformed`, `wrong-account` if the file was altered.
    pub fn from_state(state: State) -> Result<Self> {
        let record = |(number, (name, key, pairwise)): (u64, Record)| {
            (
                number,
                grant::Member {
                    number,
                    name,
                    key,
                    pairwise,
                },
            )
        };
        Ok(Self {
            name: state.name,
            account: state.account,
            root: keys::decode_root(&state.account, &state.root)?,
            instance: state.instance,
            lease: state.lease,
            ring: state.ring,
            vault: state.vault,
            roster: state.rosters.into_iter().next(),
            streams: state.streams,
            outbox: state.outbox,
            records: state.records.into_iter().map(record).collect(),
        })
    }

    pub(crate) fn fresh<R>(name: Name, root: RsaPublic, ring: Ring, rng: &mut R) -> Result<Self>
    where
        R: CryptoRng + ?Sized,
    {
        let (account, instance) = (keys::account_id(&root), KemSecret::generate(rng)?);
        action::log("Phone_new", || {
            let ik = action::fresh("key", kem_id(&instance.public()));
            vec![("U", action::name(account)), ("ik", ik)]
        });
        Ok(Self::new(
            name,
            root,
            ring,
            instance,
            SigningKey::generate(rng)?,
        ))
    }

    /// A phone that has read nothing yet, of ready-made keys: the pinned root, the ring, its instance
    /// key, its lease key.
    pub fn new(
        name: Name,
        root: RsaPublic,
        ring: Ring,
        instance: KemSecret,
        lease: SigningKey,
    ) -> Self {
        Self {
            name,
            account: keys::account_id(&root),
            root,
            instance,
            lease,
            ring,
            vault: 0,
            roster: None,
            streams: BTreeMap::new(),
            outbox: Vec::new(),
            records: BTreeMap::new(),
        }
    }

    /// The same phone, which has seen vault `number`.
    pub fn having_seen_vault(self, number: u64) -> Self {
        Self {
            vault: number,
            ..self
        }
    }

    /// The same phone with other keys of its own.
    pub fn with_keys(self, instance: KemSecret, lease: SigningKey) -> Self {
        Self {
            instance,
            lease,
            ..self
        }
    }

    /// The key of the camera that has `stream`, as the roster lists it.
    pub(crate) fn camera_of(&self, stream: &Name) -> Result<VerifyingKey> {
        let camera = self.roster()?.camera_of(stream);
        Ok(camera.ok_or(AnnouncementError::UnknownStream)?.key)
    }
}
