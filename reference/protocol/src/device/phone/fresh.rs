//! How a phone learns that its view of the account is recent (SPEC section "Freshness").

use rand_core::CryptoRng;

use super::enrolled::Phone;
use crate::announcement::Kind;
use crate::cloud::Cloud;
use crate::error::{AccountError, AnnouncementError, Result};
use crate::evidence::{self, Answer, Challenge};
use crate::keys::{Name, verifying_id};
use crate::message;

impl Phone {
    /// Asks the account's cameras, by way of the cloud, what they obey.
    ///
    /// # Errors
    /// `store-unavailable`.
    pub fn ask<R>(&self, cloud: &dyn Cloud, rng: &mut R) -> Result<Challenge>
    where
        R: CryptoRng + ?Sized,
    {
        let challenge = Challenge::random(rng);
        let bytes = message::encode(&self.account, challenge);
        cloud.create(&self.paths().challenge(&challenge), &bytes)?;
        Ok(challenge)
    }

    /// An answer to a challenge that the cloud shows and a camera on the roster has signed: a camera that was
    /// retired may answer, too. What it says is still to be checked.
    ///
    /// # Errors
    /// `store-unavailable`; `phone-not-listed` before the first synchronisation.
    pub fn answer(&self, cloud: &dyn Cloud, challenge: &Challenge) -> Result<Option<Vec<u8>>> {
        for key in self.roster()?.cameras.iter().filter_map(|c| c.key.as_ref()) {
            let place = self.paths().answer(challenge, verifying_id(key));
            let signed = cloud.find(&place)?;
            if let Some(signed) = signed.filter(|s| self.open_answer(challenge, s).is_ok()) {
                return Ok(Some(signed));
            }
        }
        Ok(None)
    }

    fn open_answer(&self, challenge: &Challenge, signed: &[u8]) -> Result<Answer> {
        let cameras = &self.roster()?.cameras;
        let named = evidence::named_camera(&self.account, signed)?;
        if !cameras.iter().any(|camera| camera.key == Some(named)) {
            return Err(AnnouncementError::WrongCamera.into());
        }
        evidence::open(&self.account, &named, challenge, signed)
    }

    /// Removes a challenge and its answers from the cloud.
    ///
    /// # Errors
    /// `store-unavailable`.
    pub fn withdraw(&self, cloud: &dyn Cloud, challenge: &Challenge) -> Result<()> {
        cloud.delete(&self.paths().challenge(challenge))?;
        for path in cloud.list(&self.paths().answers(challenge))? {
            cloud.delete(&path)?;
        }
        Ok(())
    }

    /// Is this phone the only one, and no member given the streams to come? Then nothing that another phone
    /// did could be missing from its view of whom a new stream is for.
    ///
    /// # Errors
    /// As [`Phone::private`].
    pub fn needs_no_evidence(&self) -> Result<bool> {
        Ok(self.roster()?.phones.len() == 1 && self.private()?.all_streams.is_empty())
    }

    /// Does any member hold a key of the stream, as far as this phone knows? Another phone may have taken it away.
    pub fn is_shared(&self, stream: &Name) -> bool {
        let keys = self.streams.get(stream).map(|f| &f.current.keys);
        keys.is_some_and(|keys| keys.iter().any(|key| key.kind != Kind::Owner))
    }

    /// Is a camera's answer to this phone's challenge of the history that this phone has followed, and is the
    /// phone not behind it?
    ///
    /// # Errors
    /// Those of [`evidence::open`] under the key of one of the account's cameras, `wrong-camera` if it is
    /// none's; `not-fresh` if the camera obeys something that this phone has not seen; `fork` if it obeys
    /// something else.
    pub fn check_answer(&self, challenge: &Challenge, signed: &[u8]) -> Result<Answer> {
        let answer = self.open_answer(challenge, signed)?;
        let behind = || AccountError::NotFresh.into();
        if let Some(roster) = answer.roster {
            self.history.check(&roster)?;
            if !self.history.contains(&roster) {
                return Err(behind());
            }
        }
        for (stream, head) in &answer.streams {
            let followed = self.streams.get(stream).ok_or_else(behind)?;
            let place = usize::try_from(head.epoch.wrapping_sub(1)).unwrap_or(usize::MAX);
            match followed.known.get(place) {
                Some(known) if *known == head.hash => {}
                Some(_) => return Err(AnnouncementError::Fork.into()),
                None => return Err(behind()),
            }
        }
        Ok(answer)
    }
}
