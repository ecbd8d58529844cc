//! Windows that have passed.

use std::collections::BTreeSet;

use super::act::{Unsigned, create};
use super::unlocked::{Env, Owner};
use crate::announcement::Window;
use crate::clip::{self, Role};
use crate::crypto::KemSecret;
use crate::error::{ClipError, GrantError, Result};
use crate::grant::{self, Holding};
use crate::keys::Name;
use crate::message;
use crate::past::{PastClip, PastShare};
use crate::view;

impl Owner<'_> {
    /// Shares the clips of a window that has passed with members who have been introduced: their
    /// session keys are wrapped for a fresh TDSK, the video stays as it is.
    ///
    /// Returns how many clips were shared.
    ///
    /// # Errors
    /// `unknown-member`, `window-empty`, `no-clips`, those of opening a clip and of committing.
    pub fn share_past(
        &mut self,
        stream: &Name,
        names: &[Name],
        window: Window,
        env: &mut Env<'_>,
    ) -> Result<usize> {
        if window.from >= window.until {
            return Err(GrantError::Window.into());
        }
        let mut act = self.begin(env)?;
        let account = self.phone.account;
        self.phone
            .follow_streams(env.cloud, std::slice::from_ref(stream))?;
        self.read_every_record(&act, env)?;
        let mut members = BTreeSet::new();
        for name in names {
            members.insert(self.find(name)?);
        }
        let secret = KemSecret::generate(env.rng)?;
        let key = secret.public();
        let mut clips = Vec::new();
        for sequence in view::list(env.cloud, &account, stream)? {
            let opened = self.phone.session_key(env.cloud, stream, sequence);
            if matches!(&opened, Err(error) if error.is(ClipError::NoSuchClip)) {
                // A camera that was replaced has left it, and it does not count.
                continue;
            }
            let (manifest, session, _) = opened?;
            let (hash, body) = (manifest.hash, manifest.body);
            if window.contains(body.start, body.end) {
                let (of, role) = (&hash, Role::Past);
                let envelope = clip::wrap(
                    &account, stream, of, &body.clip, role, &key, &session, env.rng,
                )?;
                clips.push(PastClip {
                    sequence,
                    manifest: hash,
                    envelope,
                });
            }
        }
        if clips.is_empty() {
            return Err(GrantError::NoClips.into());
        }
        let count = clips.len();
        let holdings = [Holding {
            secret,
            members: members.iter().copied().collect(),
        }];
        let (backup, bytes) = grant::seal_backup(&account, &act.ring, stream, &holdings, env.rng)?;
        act.named_by_hash
            .push(create(self.phone.paths().backup(&backup), bytes));
        let stream = stream.clone();
        let shard_bits = grant::shard_bits(members.len());
        let issued = env.now;
        let share = PastShare {
            stream,
            issued,
            window,
            key,
            clips,
            backup,
            shard_bits,
            roster: self.roster_of(&act)?,
        };
        let leaf = message::encode(&account, share);
        let hash = message::hash(&leaf);
        self.grant(&mut act, &hash, shard_bits, &holdings)?;
        act.past_shares.push(Unsigned {
            path: self.phone.paths().past_share(&hash),
            message: leaf,
        });
        self.commit(act, env)?;
        Ok(count)
    }
}
