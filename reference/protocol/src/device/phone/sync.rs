//! What a phone writes to the cloud and reads from it; checkpoints.

use rand_core::CryptoRng;

use super::enrolled::Phone;
use crate::checkpoint::Checkpoint;
use crate::cloud::{Cloud, Paths, create_whole};
use crate::error::{AccountError, AnnouncementError, MessageError, Result, StoreError};
use crate::keys::{self, Name};
use crate::message::AccountId;
use crate::roster;
use crate::view;

impl Phone {
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

    /// Reads the new announcements of those streams that are on the roster, and the rosters again if one was made
    /// under a later one.
    pub(crate) fn follow_streams(&mut self, cloud: &dyn Cloud, streams: &[Name]) -> Result<()> {
        for stream in streams {
            if self.roster()?.camera_of(stream).is_none() {
                continue;
            }
            if !self.follow_stream(cloud, stream)? {
                // Another phone has published a roster since this one read them.
                self.follow_rosters(cloud)?;
                if self.roster()?.phone(&self.instance.public()).is_some() {
                    self.ring = roster::open_ring(&self.account, self.roster()?, &self.instance)?;
                }
                if !self.follow_stream(cloud, stream)? {
                    return Err(AnnouncementError::Fork.into());
                }
            }
        }
        Ok(())
    }

    /// Reads the new announcements of one stream. Says whether all of them were made under rosters that this
    /// phone has read.
    ///
    /// # Errors
    /// `fork` if one was made under another roster than this phone has read under that number; those of
    /// [`view::follow`].
    fn follow_stream(&mut self, cloud: &dyn Cloud, stream: &Name) -> Result<bool> {
        let (history, mut later) = (&self.history, false);
        let mut followed = self.streams.remove(stream);
        let result = view::follow(cloud, &self.pinned(), stream, &mut followed, |next| {
            let roster = &next.body.roster;
            if history.contains(roster) {
                return Ok(());
            }
            later = history
                .head()
                .is_none_or(|head| roster.number > head.number);
            Err(AnnouncementError::Fork.into())
        });
        if let Some(followed) = followed {
            self.streams.insert(stream.clone(), followed);
        }
        match result {
            Err(_) if later => Ok(false),
            result => result.map(|()| true),
        }
    }

    /// The objects that an act has made and that are not in the cloud yet: their paths. They are written before
    /// anything else that the phone does with the cloud.
    pub fn owed(&self) -> impl Iterator<Item = &str> {
        self.outbox.iter().map(|write| &*write.path)
    }

    /// Writes what is owed. A vault that was written is the latest that this phone has seen.
    pub(crate) fn flush(&mut self, cloud: &dyn Cloud) -> Result<()> {
        let paths = self.paths();
        for write in &self.outbox {
            if self.vault_is_overtaken(cloud, &write.path)? {
                self.outbox.clear();
                return Err(StoreError::Conflict.into());
            }
            let written = if write.replace {
                cloud.put(&write.path, &write.bytes)
            } else {
                create_whole(cloud, &write.path, &write.bytes)
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

    /// Whether this is the roster, still unwritten, of an act that has written a vault, and another phone has
    /// written a later one, which may lack the act's ring key.
    fn vault_is_overtaken(&self, cloud: &dyn Cloud, path: &str) -> Result<bool> {
        let (paths, own) = (self.paths(), self.paths().vault(self.vault));
        let roster = paths.roster(self.history.head().map_or(1, |head| head.number + 1));
        Ok(path == roster
            && self.outbox.iter().any(|write| write.path == own)
            && cloud.find(&paths.vault(self.vault + 1))?.is_some()
            && cloud.find(path)?.is_none())
    }

    pub(crate) fn follow_rosters(&mut self, cloud: &dyn Cloud) -> Result<()> {
        if let Some(head) = self.history.head() {
            let latest = cloud.find(&self.paths().roster(head.number))?;
            let latest = latest.ok_or(AccountError::RosterRollback)?;
            if roster::open(&self.root, &self.account, &latest)?.hash != head.hash {
                return Err(AccountError::RosterRollback.into());
            }
        }
        loop {
            let number = self.history.head().map_or(1, |head| head.number + 1);
            let Some(bytes) = cloud.find(&self.paths().roster(number))? else {
                return Ok(());
            };
            let next = roster::open(&self.root, &self.account, &bytes)?;
            self.history.follow(&next)?;
            self.roster = Some(next.roster);
        }
    }

    /// A checkpoint of what this phone has verified.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            roster: self.history.head(),
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
                self.history.contains(&head) && found.is_ok_and(|found| found.hash == head.hash)
            }
            None => true,
        };
        if !streams || !roster {
            return Err(AccountError::CheckpointMismatch.into());
        }
        Ok(())
    }
}
