//! Who holds which key, from the owner's records (SPEC section "The owner's records").

use super::enrolled::Phone;
use crate::announcement;
use crate::cloud::Cloud;
use crate::cose::Signed;
use crate::error::{AnnouncementError, ClipError, Result};
use crate::grant::{self, Holding};
use crate::keys::Name;
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
