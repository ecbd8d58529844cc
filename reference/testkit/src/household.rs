//! A whole household in one process: phones, cameras and members around one cloud, with a clock
//! that is set and randomness from a seed. The demo and the conformance harness play on it; the
//! devices themselves know nothing of it.

use std::collections::BTreeMap;

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use encryptediot::announcement::Window;
use encryptediot::camera::{Paired, Recorded, Unpaired};
use encryptediot::checkpoint::Checkpoint;
use encryptediot::clock::ManualClock;
use encryptediot::cloud::Cloud;
use encryptediot::contact::{self, VerifiedMember};
use encryptediot::error::{AccountError, GrantError, Result, StoreError};
use encryptediot::evidence::{Challenge, Evidence};
use encryptediot::grant;
use encryptediot::keys::Name;
use encryptediot::member::{Member, News};
use encryptediot::message::{AccountId, Time};
use encryptediot::owner::{self, Env, Meeting, Owner, Term, TouchPayload};
use encryptediot::pairing::Offer;
use encryptediot::passphrase::Passphrase;
use encryptediot::phone::Phone;
use encryptediot::uplink::{self, Synced};
use encryptediot::vault::Work;
use encryptediot::view;

use crate::cloud::MemoryCloud;

/// The devices and people of one household.
pub struct Household {
    /// The cloud.
    pub cloud: Box<dyn Cloud>,
    /// The clock of every device.
    pub clock: ManualClock,
    /// The randomness of every device.
    pub rng: ChaCha20Rng,
    /// The account's passphrase.
    pub passphrase: Passphrase,
    /// The cost of the passphrase function.
    pub work: Work,
    /// The owner's phones.
    pub phones: BTreeMap<Name, Phone>,
    /// The cameras.
    pub cameras: BTreeMap<Name, Paired>,
    /// The members, the provider among them if it is one.
    pub members: BTreeMap<Name, Member>,
}

/// Reads a name that is known to be one.
///
/// # Errors
/// `stream-name`.
pub fn name(text: &str) -> Result<Name> {
    Ok(text.parse()?)
}

impl Household {
    /// A household with one phone and a fresh account in `cloud`; the same seed gives the same
    /// household, byte for byte.
    ///
    /// # Errors
    /// Those of [`owner::create_account`] and [`Phone::sync`].
    pub fn new(
        cloud: Box<dyn Cloud>,
        seed: u64,
        wall: Time,
        work: Work,
        phone: &str,
    ) -> Result<Self> {
        let (clock, mut rng) = (ManualClock::at(wall), ChaCha20Rng::seed_from_u64(seed));
        let (mut first, passphrase) = owner::create_account(name(phone)?, work, wall, &mut rng)?;
        first.sync(&*cloud)?;
        let phones = BTreeMap::from([(first.name().clone(), first)]);
        let (cameras, members) = (BTreeMap::new(), BTreeMap::new());
        Ok(Self {
            cloud,
            clock,
            rng,
            passphrase,
            work,
            phones,
            cameras,
            members,
        })
    }

    /// A household in memory, with the least work for the passphrase: for tests.
    ///
    /// # Errors
    /// As [`Household::new`].
    pub fn in_memory(seed: u64) -> Result<Self> {
        let cloud = Box::new(MemoryCloud::default());
        Self::new(cloud, seed, 1_800_000_000_000, Work::LEAST, "phone")
    }

    /// The time of day.
    pub fn now(&self) -> Time {
        use encryptediot::clock::Clock as _;
        self.clock.wall()
    }

    /// A phone.
    ///
    /// # Errors
    /// `unknown-phone`.
    pub fn phone(&mut self, phone: &str) -> Result<&mut Phone> {
        let phone = self.phones.get_mut(&name(phone)?);
        phone.ok_or_else(|| AccountError::UnknownPhone.into())
    }

    /// A camera.
    ///
    /// # Errors
    /// `local-missing`.
    pub fn camera(&mut self, camera: &str) -> Result<&mut Paired> {
        let camera = self.cameras.get_mut(&name(camera)?);
        camera.ok_or_else(|| StoreError::LocalMissing.into())
    }

    /// A member.
    ///
    /// # Errors
    /// `unknown-member`.
    pub fn member(&mut self, member: &str) -> Result<&mut Member> {
        let member = self.members.get_mut(&name(member)?);
        member.ok_or_else(|| GrantError::UnknownMember.into())
    }

    /// The account.
    ///
    /// # Errors
    /// `unknown-phone` if no phone is left.
    pub fn account(&self) -> Result<AccountId> {
        let phone = self
            .phones
            .values()
            .next()
            .ok_or(AccountError::UnknownPhone)?;
        Ok(*phone.account())
    }

    /// Lets one phone act with the passphrase.
    ///
    /// # Errors
    /// Those of [`Phone::unlock`] and of `act`.
    pub fn act<T>(
        &mut self,
        phone: &str,
        act: impl FnOnce(&mut Owner<'_>, &mut Env<'_>) -> Result<T>,
    ) -> Result<T> {
        let now = self.now();
        let phone = self
            .phones
            .get_mut(&name(phone)?)
            .ok_or(AccountError::UnknownPhone)?;
        let (cloud, rng) = (&*self.cloud, &mut self.rng);
        let mut env = Env {
            cloud,
            now,
            save: &|_| Ok(()),
            rng,
        };
        let mut owner = phone.unlock(&self.passphrase, &env)?;
        act(&mut owner, &mut env)
    }

    /// Lets a phone read what is new.
    ///
    /// # Errors
    /// Those of [`Phone::sync`].
    pub fn sync_phone(&mut self, phone: &str) -> Result<()> {
        let phone = self
            .phones
            .get_mut(&name(phone)?)
            .ok_or(AccountError::UnknownPhone)?;
        phone.sync(&*self.cloud)
    }

    /// Enrolls a further phone.
    ///
    /// # Errors
    /// Those of [`owner::enroll`].
    pub fn enroll(&mut self, phone: &str, checkpoint: Option<&Checkpoint>) -> Result<()> {
        let (account, now) = (self.account()?, self.now());
        let (cloud, rng) = (&*self.cloud, &mut self.rng);
        let mut env = Env {
            cloud,
            now,
            save: &|_| Ok(()),
            rng,
        };
        let phone = owner::enroll(
            name(phone)?,
            account,
            &self.passphrase,
            checkpoint,
            &mut env,
        )?;
        self.phones.insert(phone.name().clone(), phone);
        Ok(())
    }

    /// Pairs a camera, with the phone's screen and the camera's eye as the local channel, and lets
    /// it fetch its first announcements.
    ///
    /// # Errors
    /// Those of pairing and of [`Owner::add_camera`].
    pub fn pair(&mut self, phone: &str, camera: &str, streams: &[&str]) -> Result<()> {
        let streams = streams
            .iter()
            .map(|s| name(s))
            .collect::<Result<Vec<_>>>()?;
        let offer = Offer::new(self.account()?, self.now(), &mut self.rng);
        let seen = Offer::from_text(&offer.to_text())?;
        let (paired, reply) = Unpaired::new(streams).pair(&seen, &self.clock, &mut self.rng)?;
        let camera = name(camera)?;
        let evidence = self.evidence()?;
        self.act(phone, |owner, env| {
            owner.add_camera(camera.clone(), &offer, &reply, Some(&evidence), env)
        })?;
        self.cameras.insert(camera.clone(), paired);
        self.sync_camera(camera.as_str())?;
        Ok(())
    }

    /// What the first camera of the house answers to a challenge, or where there is none the owner's word.
    ///
    /// # Errors
    /// Those of [`Paired::answer`].
    pub fn evidence(&mut self) -> Result<Evidence> {
        let challenge = Challenge::random(&mut self.rng);
        Ok(match self.cameras.values_mut().next() {
            Some(camera) => Evidence::Answer {
                challenge,
                signed: camera.answer(&challenge, &self.clock)?,
            },
            None => Evidence::OwnersWord,
        })
    }

    /// Lets a camera fetch what it is to obey.
    ///
    /// # Errors
    /// Those of [`uplink::sync`].
    pub fn sync_camera(&mut self, camera: &str) -> Result<Synced> {
        let camera = self
            .cameras
            .get_mut(&name(camera)?)
            .ok_or(StoreError::LocalMissing)?;
        // Like everything here, the camera lives no longer than this process.
        uplink::sync(camera, &*self.cloud, &self.clock, &|_| Ok(()))
    }

    /// Records one session of `length` milliseconds without uploading it.
    ///
    /// # Errors
    /// Those of [`Paired::begin`] and [`Paired::finish`].
    pub fn record_only(
        &mut self,
        camera: &str,
        stream: &str,
        bytes: &[u8],
        length: Time,
    ) -> Result<Recorded> {
        let camera = self
            .cameras
            .get_mut(&name(camera)?)
            .ok_or(StoreError::LocalMissing)?;
        let mut session = camera.begin(&name(stream)?, &self.clock, &mut self.rng)?;
        session.write(bytes)?;
        self.clock.advance(length);
        // Like everything here, the camera lives no longer than this process.
        camera
            .finish(session, &self.clock, &mut self.rng)?
            .store(|_| Ok(()))
    }

    /// Records one session of a second and uploads it. Returns its sequence number.
    ///
    /// # Errors
    /// Those of [`Household::record_only`] and [`uplink::upload`].
    pub fn record(&mut self, camera: &str, stream: &str, bytes: &[u8]) -> Result<u64> {
        let recorded = self.record_only(camera, stream, bytes, 1_000)?;
        let camera = self
            .cameras
            .get(&name(camera)?)
            .ok_or(StoreError::LocalMissing)?;
        uplink::upload(camera, &*self.cloud, &recorded)?;
        Ok(recorded.sequence)
    }

    /// Adds a member who has compared safety numbers with the owner.
    ///
    /// # Errors
    /// `safety-number`, `crypto`.
    pub fn meet(&mut self, member: &str) -> Result<VerifiedMember> {
        let account = self.account()?;
        let member = name(member)?;
        if !self.members.contains_key(&member) {
            let fresh = Member::generate(member.clone(), &mut self.rng)?;
            self.members.insert(member.clone(), fresh);
        }
        let member = self.member(member.as_str())?;
        let card = member.card();
        let number = contact::safety_number(&account, &card.key);
        member.pin(account, &number)?;
        VerifiedMember::by_comparison(&account, card, &number)
    }

    /// Shares streams with members, remotely.
    ///
    /// # Errors
    /// Those of [`Owner::share`].
    pub fn share(
        &mut self,
        phone: &str,
        streams: &[&str],
        members: &[&str],
        term: Term,
    ) -> Result<Vec<TouchPayload>> {
        let streams = streams
            .iter()
            .map(|s| name(s))
            .collect::<Result<Vec<_>>>()?;
        let members = members
            .iter()
            .map(|m| self.meet(m))
            .collect::<Result<Vec<_>>>()?;
        self.act(phone, |owner, env| {
            owner.share(&streams, &members, term, Meeting::Remote, env)
        })
    }

    /// Takes streams away from a member.
    ///
    /// # Errors
    /// Those of [`Owner::revoke`].
    pub fn revoke(&mut self, phone: &str, streams: &[&str], member: &str) -> Result<()> {
        let streams = streams
            .iter()
            .map(|s| name(s))
            .collect::<Result<Vec<_>>>()?;
        let member = name(member)?;
        self.act(phone, |owner, env| owner.revoke(&streams, &member, env))
    }

    /// Lets a member read what is new.
    ///
    /// # Errors
    /// Those of [`Member::sync`].
    pub fn sync_member(&mut self, member: &str) -> Result<News> {
        let member = self
            .members
            .get_mut(&name(member)?)
            .ok_or(GrantError::UnknownMember)?;
        member.sync(&*self.cloud)
    }

    /// A clip as a phone of the owner sees it.
    ///
    /// # Errors
    /// Those of [`Phone::open`] and [`view::read`].
    pub fn view_as_phone(&mut self, phone: &str, stream: &str, sequence: u64) -> Result<Vec<u8>> {
        let phone = self
            .phones
            .get_mut(&name(phone)?)
            .ok_or(AccountError::UnknownPhone)?;
        let clip = phone.open(&*self.cloud, &name(stream)?, sequence)?;
        let mut out = Vec::new();
        view::read(&*self.cloud, phone.account(), &clip, 0, &mut out)?;
        Ok(out)
    }

    /// A clip as a member sees it.
    ///
    /// # Errors
    /// Those of [`Member::open`] and [`view::read`].
    pub fn view_as_member(&mut self, member: &str, stream: &str, sequence: u64) -> Result<Vec<u8>> {
        let account = self.account()?;
        let member = self
            .members
            .get_mut(&name(member)?)
            .ok_or(GrantError::UnknownMember)?;
        let clip = member.open(&*self.cloud, &account, &name(stream)?, sequence)?;
        let mut out = Vec::new();
        view::read(&*self.cloud, &account, &clip, 0, &mut out)?;
        Ok(out)
    }

    /// The owner's record of a member, as a phone keeps it.
    ///
    /// # Errors
    /// `unknown-phone`, `unknown-member`; those of [`Phone::members`].
    pub fn record_of(&self, phone: &str, member: &str) -> Result<grant::Member> {
        let (phone, member) = (self.phones.get(&name(phone)?), name(member)?);
        let phone = phone.ok_or(AccountError::UnknownPhone)?;
        let mut all = phone.members(&*self.cloud)?.into_values();
        let found = all.find(|record| record.name == member);
        Ok(found.ok_or(GrantError::UnknownMember)?)
    }
}

/// The window from now for `length` milliseconds.
pub fn window(from: Time, length: Time) -> Window {
    Window {
        from,
        until: from.saturating_add(length),
    }
}
