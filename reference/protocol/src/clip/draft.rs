//! How a camera makes a manifest: it wraps the session key, and signs.

use rand_core::CryptoRng;

use super::envelope::{recipients, wrap};
use super::manifest::{Manifest, sign};
use crate::action;
use crate::announcement::{Announcement, Kind};
use crate::crypto::SigningKey;
use crate::error::Result;
use crate::keys::{Name, kem_id};
use crate::message::{self, AccountId, Hash, Time};
use crate::segment::{ClipId, Sealed, SessionKey};

/// The camera's part of making a clip: wraps, hashes, signs.
pub(crate) struct Draft<'a> {
    pub account: &'a AccountId,
    pub camera: &'a SigningKey,
    pub stream: &'a Name,
    pub announcement: &'a Announcement,
    pub announcement_hash: Hash,
    /// Until when shared keys may be used, none for a session that they may not be used for.
    pub lease_until: Option<Time>,
    pub sequence: u64,
    pub previous: Option<Hash>,
    pub clip: ClipId,
    pub start: Time,
    pub end: Time,
}

impl Draft<'_> {
    /// The model wraps for one phone in the step of recording; envelopes for others are left out.
    fn log(&self, manifest: &Manifest) {
        let phones = &self.announcement.phones;
        let Some(first) = phones.first().map(|phone| kem_id(&phone.instance)) else {
            return;
        };
        action::log("Record", || {
            let mut values = manifest.facts(self.account);
            values.push(("pik", action::public("key", first)));
            values
        });
        for key in &self.announcement.keys {
            let id = kem_id(&key.public);
            if !manifest.envelopes.iter().any(|e| e.recipient == id) {
                continue;
            }
            let rule = match key.kind {
                Kind::Owner | Kind::Dsk => "Envelope_DSK",
                Kind::Tdsk => "Envelope_TDSK",
            };
            action::log(rule, || {
                let mut values = manifest.facts(self.account);
                values.retain(|(name, _)| ["U", "cam", "s", "e", "n"].contains(name));
                values.push(("p", key.fact(&self.announcement_hash)));
                values
            });
        }
    }

    /// Wraps `key` for everyone who is entitled and signs the manifest. Returns its hash and the
    /// `COSE_Sign1`.
    pub fn sign<W, R>(
        &self,
        key: &SessionKey,
        sealed: &Sealed<W>,
        rng: &mut R,
    ) -> Result<(Hash, Vec<u8>)>
    where
        R: CryptoRng + ?Sized,
    {
        let Self {
            account,
            stream,
            announcement_hash,
            clip,
            start,
            end,
            ..
        } = *self;
        let mut envelopes = Vec::new();
        for (role, public) in recipients(self.announcement, self.lease_until, start, end) {
            let envelope = wrap(
                account,
                stream,
                &announcement_hash,
                &clip,
                role,
                &public,
                key,
                rng,
            )?;
            envelopes.push(envelope);
        }
        let manifest = Manifest {
            camera: self.camera.verifying_key(),
            stream: stream.clone(),
            sequence: self.sequence,
            previous: self.previous,
            announcement: announcement_hash,
            clip,
            start,
            end,
            length: sealed.length,
            segments: sealed.hashes.clone(),
            envelopes,
        };
        let hash = message::hash(&message::encode(account, manifest.clone()));
        self.log(&manifest);
        Ok((hash, sign(self.camera, account, manifest)?))
    }
}
