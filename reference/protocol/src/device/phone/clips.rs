//! How a phone opens clips.

use super::enrolled::Phone;
use crate::action;
use crate::clip::{self, Manifest, OpenClip, Role};
use crate::cloud::Cloud;
use crate::cose::Signed;
use crate::error::{AnnouncementError, ClipError, Result};
use crate::keys::{Name, kem_id};
use crate::segment::SessionKey;

impl Phone {
    /// Verifies clip `sequence` of a stream and opens its session key: with this phone's instance
    /// key or, for clips from before it was enrolled, with the owner's stream key.
    ///
    /// # Errors
    /// `unknown-stream`, `no-envelope`, `envelope-open`, and those of [`crate::view::Followed::manifest`].
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
        let unwrap = |role, secret| {
            let (of, clip) = (&body.announcement, &body.clip);
            clip::unwrap(&account, stream, of, clip, &body.envelopes, role, secret)
        };
        let key = match unwrap(Role::Instance, &self.instance) {
            Err(error) if error.is(ClipError::NoEnvelope) => {
                let holdings = self.holdings(cloud, stream, &body.announcement)?;
                let owner = holdings.first().ok_or(ClipError::NoEnvelope)?;
                unwrap(Role::Owner, &owner.secret)?
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

    /// The verified manifest of clip `sequence` of a stream.
    ///
    /// # Errors
    /// `unknown-stream`; those of [`crate::view::Followed::manifest`].
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
}
