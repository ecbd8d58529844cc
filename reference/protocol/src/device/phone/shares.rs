//! Who holds which key, from the owner's records (SPEC section "The owner's records").

use std::collections::BTreeMap;

use super::enrolled::Phone;
use crate::announcement;
use crate::cloud::Cloud;
use crate::cose::Signed;
use crate::error::{AnnouncementError, ClipError, Result};
use crate::grant::{self, Holding};
use crate::keys::{MemberId, Name, member_id};
use crate::message::Hash;
use crate::past::{self, PastShare};

/// The announcement in force on a stream, as the owner's backup completes it.
pub struct InForce {
    /// Is it from before a phone was lost? Then the act that dropped it stopped short of this stream,
    /// since another phone's announcement came first.
    pub predates_loss: bool,
    /// The private half and the holders of each key of the announcement, in its order.
    pub holdings: Vec<Holding>,
}

impl Phone {
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
    /// members who hold each.
    ///
    /// # Errors
    /// `unknown-stream`, `object-missing`, `sealed-open`, `grant-key`.
    pub fn shared_with(
        &self,
        cloud: &dyn Cloud,
        stream: &Name,
    ) -> Result<Vec<(announcement::StreamKey, Vec<MemberId>)>> {
        let followed = self
            .streams
            .get(stream)
            .ok_or(AnnouncementError::UnknownStream)?;
        let in_force = self.in_force(cloud, stream)?;
        let keys = followed.current.keys.iter().cloned();
        let members = in_force.holdings.into_iter().map(|holding| holding.members);
        Ok(keys.zip(members).collect())
    }

    /// The announcement of one epoch of a stream, and for each of its keys the members who hold each.
    ///
    /// # Errors
    /// As [`Phone::shared_with`]; `unknown-announcement` if there is no such epoch.
    pub fn shared_at(
        &self,
        cloud: &dyn Cloud,
        stream: &Name,
        epoch: u64,
    ) -> Result<(announcement::Announcement, Vec<Vec<MemberId>>)> {
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

    /// The keys of the announcement with this hash, each with the members who hold it.
    ///
    /// # Errors
    /// As [`Phone::shared_with`]; `unknown-announcement` if it is not on this phone's chain.
    pub fn holders(
        &self,
        cloud: &dyn Cloud,
        stream: &Name,
        announcement: &Hash,
    ) -> Result<Vec<(announcement::StreamKey, Vec<MemberId>)>> {
        let (signed, _) = self.announcement(cloud, stream, announcement)?;
        let holdings = self.holdings(cloud, stream, announcement)?;
        let members = holdings.into_iter().map(|holding| holding.members);
        Ok(signed.body.keys.into_iter().zip(members).collect())
    }

    /// The past shares of a stream, each with the members who hold its key. An object
    /// that is no past share of this account is passed over, as members do.
    ///
    /// # Errors
    /// `object-missing`, `sealed-open`, `store-unavailable`; `fork` if one was made under a roster of another
    /// history.
    pub fn past_shares(
        &self,
        cloud: &dyn Cloud,
        stream: &Name,
    ) -> Result<Vec<(PastShare, Vec<MemberId>)>> {
        let mut shares = Vec::new();
        for path in cloud.list(&self.paths().past_shares())? {
            let Ok(share) = past::open(&self.root, &self.account, &cloud.get(&path)?) else {
                continue;
            };
            if share.body.stream == *stream {
                self.history.check(&share.body.roster)?;
                let backup = share.body.backup;
                let bytes = cloud.get(&self.paths().backup(&backup))?;
                let (_, held) =
                    grant::open_backup(&self.account, &self.ring, stream, &backup, &bytes)?;
                let members = held.into_iter().flat_map(|h| h.members).collect();
                shares.push((share.body, members));
            }
        }
        Ok(shares)
    }

    /// The owner's latest record of every member that was ever introduced. Needs no passphrase: the ring
    /// opens them. Those that this phone has read are not fetched again.
    ///
    /// # Errors
    /// `object-missing`, `sealed-open`.
    pub fn members(&self, cloud: &dyn Cloud) -> Result<BTreeMap<MemberId, grant::Member>> {
        let mut members = self.records.clone();
        members.extend(self.new_members(cloud)?);
        Ok(members)
    }

    /// The records that this phone has not read yet.
    pub(crate) fn new_members(
        &self,
        cloud: &dyn Cloud,
    ) -> Result<BTreeMap<MemberId, grant::Member>> {
        let mut members = BTreeMap::new();
        for number in self.records_read + 1..=self.private()?.members {
            let bytes = cloud.get(&self.paths().member(number))?;
            let member = grant::open_member(&self.root, &self.account, &self.ring, number, &bytes)?;
            members.insert(member_id(&member.key), member);
        }
        Ok(members)
    }

    /// Keeps records that were read, or that this phone has made.
    pub(crate) fn take_records(&mut self, records: BTreeMap<MemberId, grant::Member>) {
        let latest = records.values().map(|member| member.number).max();
        self.records_read = self.records_read.max(latest.unwrap_or(0));
        self.records.extend(records);
    }
}
