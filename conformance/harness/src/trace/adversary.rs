//! What the adversary does in a history, beside running the cloud: it reveals keys, acts with them, and makes
//! messages with keys of its own.

use encryptediot::action::{self, Value};
use encryptediot::camera::Paired;
use encryptediot::clip::Manifest;
use encryptediot::clock::ManualClock;
use encryptediot::cloud::{Cloud as _, Paths};
use encryptediot::contact::{self, VerifiedMember};
use encryptediot::crypto::sha256_concat;
use encryptediot::keys::{kem_id, verifying_id};
use encryptediot::owner::{self, Env, Meeting, Term};
use encryptediot::segment::{Opener, SEALED_SEGMENT, SessionKey};
use encryptediot::{Result, cbor};
use encryptediot_testkit::household::name;
use encryptediot_testkit::{Lie, keys};

use super::forge::{Objects, Truth};
use super::history::{Scene, push};
use super::op::{
    CAMERA, CAMERAS, MEMBER, MEMBERS, Make, PASSPHRASE, PHONES, SECRETS, STREAMS, THIEF,
};
use super::world::{BEGIN, root};

impl Scene {
    /// The model's `Link_public`: the text of a link that was made.
    pub(super) fn publish(&mut self, link: u8) -> Result<()> {
        let at = usize::from(link);
        let Some(steps) = self.made.get(at) else {
            return Ok(());
        };
        let made = steps.iter().filter(|step| step.rule == "Link");
        let public = made.map(|step| {
            let wanted = |(name, _): &&(&str, Value)| ["U", "clip", "tl"].contains(name);
            step.values.iter().filter(wanted).cloned().collect()
        });
        let public: Vec<Vec<_>> = public.collect();
        if self.published.insert(at) {
            for values in public {
                push(&mut self.log, "Link_public", values);
            }
        }
        Ok(())
    }

    /// The model's reveals. What the adversary then does with the keys is left to [`Self::forge`] and
    /// [`Self::usurp`], and to deduction.
    pub(super) fn reveal(&mut self, what: u8) -> Result<()> {
        let account = ("U", Value::Name(self.account.to_string()));
        let secret = |id: encryptediot::keys::KeyId| Value::Fresh(format!("key:{id}"));
        if usize::from(what) >= SECRETS.len() || !self.revealed.insert(what) {
            return Ok(());
        }
        match what {
            0..=2 => {
                let member = self.house.member(MEMBERS[usize::from(what)])?;
                let id = kem_id(&member.card().key);
                let values = vec![("M", Value::Name(id.to_string())), ("ltk", secret(id))];
                push(&mut self.log, "Reveal_member", values);
            }
            3..=4 => {
                let camera = self.house.camera(CAMERAS[usize::from(what - 3)].0)?;
                let id = verifying_id(&camera.verifying_key());
                let clock = ManualClock::at(BEGIN);
                let copy = Paired::from_state(camera.to_state(), &clock)?;
                self.stolen.insert(what - 3, copy);
                push(
                    &mut self.log,
                    "Reveal_camera",
                    vec![account, ("csk", secret(id))],
                );
            }
            5 => {
                let phone = self.house.phone(PHONES[0])?;
                let ik = kem_id(&phone.keys().instance);
                push(
                    &mut self.log,
                    "Reveal_ik",
                    vec![account, ("ik", secret(ik))],
                );
            }
            _ => push(&mut self.log, "Reveal_passphrase", vec![account]),
        }
        Ok(())
    }

    pub(super) fn lie(&mut self, who: usize, path: usize, how: u8, other: usize) {
        let paths = self.cloud.paths();
        let Some(path) = paths.get(path % paths.len().max(1)) else {
            return;
        };
        let kind = |path: &str| path.split('/').nth(1).map(str::to_owned);
        let instead = match how {
            0 => None,
            // What was written under a path of the same kind, lately more often than long ago.
            1..=3 => {
                let same = (0..self.cloud.writes()).filter_map(|at| self.cloud.write(at));
                let same: Vec<_> = same.filter(|(is, _)| kind(is) == kind(path)).collect();
                same.get(other % same.len().max(1))
                    .map(|(_, bytes)| bytes.clone())
            }
            4 => {
                let theirs = path.replace(&self.account.to_string(), self.other);
                self.elsewhere.get(&theirs).cloned()
            }
            _ => self.cloud.find(path).ok().flatten().map(|mut bytes| {
                let at = other % (8 * bytes.len()).max(1);
                if let Some(byte) = bytes.get_mut(at / 8) {
                    *byte ^= 1 << (at % 8);
                }
                bytes
            }),
        };
        self.cloud
            .lie(who, path, instead.map_or(Lie::Hidden, Lie::Bytes));
    }

    /// A thief records with the stolen camera's key, and everybody is shown that clip.
    pub(super) fn forge(&mut self, camera: u8) -> Result<()> {
        let bytes = [self.content(), vec![0xff]].concat();
        let Some(thief) = self.stolen.get_mut(&camera) else {
            return Ok(());
        };
        let stream = name(CAMERAS[usize::from(camera)].1[0])?;
        let clock = ManualClock::at(self.house.now());
        let (recorded, _) = action::observe(|| {
            let mut session = thief.begin(&stream, &clock, &mut self.house.rng)?;
            session.write(&bytes)?;
            clock.advance(1_000);
            let made = thief.finish(session, &clock, &mut self.house.rng)?;
            made.store(|_| Ok(()))
        });
        let recorded = recorded?;
        let paths = Paths(self.account);
        let objects = vec![
            (paths.body(&recorded.clip), recorded.body),
            (
                paths.manifest(&stream, recorded.sequence),
                recorded.manifest,
            ),
        ];
        self.spread(objects, (0..CAMERA).chain(MEMBER..THIEF));
        Ok(())
    }

    fn spread(&mut self, objects: Objects, to: impl Iterator<Item = usize> + Clone) {
        for (path, bytes) in objects {
            for who in to.clone() {
                self.cloud.lie(who, &path, Lie::Bytes(bytes.clone()));
            }
        }
    }

    pub(super) fn make(&mut self, make: Make) -> Result<()> {
        let (root, cloud) = (root(keys::ACCOUNT)?, self.cloud.clone());
        cloud.serves(THIEF);
        let truth = Truth {
            cloud: &cloud,
            account: self.account,
            root: root.public(),
            now: self.now(),
        };
        let named = |stream: u8| name(STREAMS[usize::from(stream)]);
        // It is shown to those who read such things; who writes them would notice at once.
        match make {
            Make::Announcement { stream, member } => {
                let member = match member {
                    Some(at) => Some(self.house.member(MEMBERS[usize::from(at)])?.card().key),
                    None => None,
                };
                let made = self.forger.announcement(&truth, &named(stream)?, member)?;
                self.spread(made, CAMERA..THIEF);
            }
            Make::Clip { stream } => {
                let (bytes, number) = ([self.content(), vec![0xee]].concat(), usize::from(stream));
                let next = self.clips[number] + 1;
                let made = self.forger.clip(&truth, &named(stream)?, next, &bytes)?;
                self.clips[number] = next;
                self.spread(made, (0..CAMERA).chain(MEMBER..THIEF));
            }
            Make::Acknowledgement { stream } => {
                let made = self.forger.acknowledgement(&truth, &named(stream)?)?;
                self.spread(made, 0..CAMERA);
            }
            Make::Vault => {
                let phone = self.house.phone(PHONES[0])?.keys().instance;
                let made = self.forger.vault(&truth, &phone)?;
                self.spread(made, 0..1);
            }
        }
        Ok(())
    }

    /// The owner compares safety numbers with a member whose card was replaced on the way.
    pub(super) fn swap(&mut self, member: u8, streams: u8) -> Result<()> {
        let member = MEMBERS[usize::from(member)];
        let own = self.house.member(member)?.card();
        let read_out = contact::safety_number(&self.account, &own.key);
        let card = self.forger.card(name(member)?);
        let verified = VerifiedMember::by_comparison(&self.account, card, &read_out)?;
        let names = Self::names(streams)?;
        self.cloud.serves(0);
        self.house.act(PHONES[0], |owner, env| {
            let term = Term::UntilRevoked;
            owner.share(&names, &[verified], term, Meeting::Remote, env)
        })?;
        Ok(())
    }

    /// Were session keys made from what a stolen camera stores, its clips open. The model's
    /// `Reveal_camera_sessions`.
    pub(super) fn plunder(&mut self, camera: u8) -> Result<()> {
        let Some(thief) = self.stolen.get(&camera) else {
            return Ok(());
        };
        // Account and signing key lead what a camera stores, each with two bytes before it.
        let stored = cbor::encode(&thief.to_state());
        let secret = stored.get(37..69).unwrap_or_default();
        let id = thief.verifying_key();
        let paths = Paths(self.account);
        self.cloud.serves(THIEF);
        for path in self.cloud.paths() {
            let Some((_, stream)) = path.split_once("/manifests/") else {
                continue;
            };
            let stream = name(stream.split('/').next().unwrap_or_default())?;
            let bytes = self.cloud.get(&path)?;
            let Ok(signed) = encryptediot::clip::open(&self.account, &id, &stream, &bytes) else {
                continue;
            };
            let manifest: Manifest = signed.body;
            let hash = sha256_concat(&[secret, &manifest.clip.0]);
            let key: [u8; 16] = std::array::from_fn(|at| hash[at]);
            let context = encryptediot::clip::segment_context(&self.account, &manifest.clip);
            let opener = Opener::new(&SessionKey::new(key), context, manifest.length);
            let body = self.cloud.get(&paths.body(&manifest.clip))?;
            let mut first = body[..body.len().min(SEALED_SEGMENT)].to_vec();
            if opener.open(0, &mut first).is_ok() {
                let says = |value| ("sk", value);
                let session = says(Value::Fresh(format!("session:{}", manifest.clip)));
                push(&mut self.log, "Reveal_camera_sessions", vec![session]);
            }
        }
        Ok(())
    }

    /// A thief who has the passphrase enrolls a phone and moves streams to keys of its own.
    pub(super) fn usurp(&mut self, streams: u8) -> Result<()> {
        if !self.revealed.contains(&PASSPHRASE) {
            return Ok(());
        }
        self.cloud.serves(THIEF);
        let now = self.house.now();
        let (account, rng) = (self.account, &mut self.house.rng);
        let cloud = self.cloud.clone();
        let (done, _) = action::observe(|| {
            let mut env = Env {
                cloud: &cloud,
                now,
                save: &|_| Ok(()),
                rng,
            };
            if self.usurper.is_none() {
                let phone = owner::enroll(
                    name("mallory")?,
                    account,
                    &self.house.passphrase,
                    None,
                    &mut env,
                )?;
                self.usurper = Some(phone);
            }
            let names = Self::names(streams)?;
            match &mut self.usurper {
                Some(phone) => phone
                    .unlock(&self.house.passphrase, &env)?
                    .rotate(&names, &mut env),
                None => Ok(()),
            }
        });
        done
    }
}
