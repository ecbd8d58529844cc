//! Links to clips.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::act::create;
use super::unlocked::{Env, Owner};
use crate::action;
use crate::clip::OpenClip;
use crate::cloud::{Cloud, Paths};
use crate::error::{GrantError, Result};
use crate::keys::{self, Name};
use crate::link::{self, Link, Source};
use crate::message::Time;
use crate::view;

impl Owner<'_> {
    /// Makes a link to clips of a stream: downloads, decrypts, re-encrypts, uploads.
    ///
    /// # Errors
    /// `window-empty` if `until` has passed, `no-clips`, those of viewing and of committing.
    pub fn make_link(
        &mut self,
        stream: &Name,
        sequences: &[u64],
        until: Time,
        env: &mut Env<'_>,
    ) -> Result<Link> {
        if until <= env.now {
            return Err(GrantError::Window.into());
        }
        if sequences.is_empty() {
            return Err(GrantError::NoClips.into());
        }
        let mut act = self.begin(env)?;
        self.phone
            .follow_streams(env.cloud, std::slice::from_ref(stream))?;
        let account = self.phone.account;
        let link = Link::generate(account, env.rng)?;
        let (mut sources, mut announced) = (Vec::new(), BTreeMap::new());
        for sequence in sequences {
            let (manifest, key, bytes) = self.phone.session_key(env.cloud, stream, *sequence)?;
            action::log("Link", || {
                let mut values = manifest.body.facts(&account);
                values.retain(|(name, _)| ["U", "cam", "s", "e", "clip"].contains(name));
                values.push(("tl", action::fresh("link", link.id)));
                let copy = format!("{}/{sequence}", link.id);
                values.push(("k2", action::fresh("copy", copy)));
                values
            });
            let of = manifest.body.announcement;
            let (_, statement) = self.phone.announcement(env.cloud, stream, &of)?;
            announced.insert(of, statement);
            let mut plaintext = Zeroizing::new(Vec::new());
            let clip = OpenClip::new(&account, manifest.body, &key);
            view::read(env.cloud, &account, &clip, 0, &mut *plaintext)?;
            sources.push(Source {
                manifest: bytes,
                key,
                plaintext,
            });
        }
        let root = keys::encode_root(&self.phone.root);
        let announced = announced.into_values().collect();
        let made = link::make(&link, until, root, announced, sources, env.rng)?;
        for (number, body) in made.bodies.into_iter().enumerate() {
            act.other
                .push(create(self.phone.paths().link_body(&link.id, number), body));
        }
        act.other
            .push(create(self.phone.paths().link(&link.id), made.index));
        self.commit(act, env)?;
        Ok(link)
    }
}

/// Removes a link's objects. Whoever copied them keeps them. Needs no key of the account, only
/// the right to delete.
///
/// # Errors
/// `store-unavailable`.
pub fn remove_link(cloud: &dyn Cloud, link: &Link) -> Result<()> {
    let folder = Paths(link.account).link_folder(&link.id);
    cloud
        .list(&folder)?
        .iter()
        .try_for_each(|path| cloud.delete(path))
}
