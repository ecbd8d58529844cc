// Included by `ours.rs` for each backend, as `product`: accounts that are shared, and their acts one at a time,
// each from the same state, so that it can be repeated.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result, ensure};
use product::cloud::Cloud;
use product::contact::VerifiedMember;
use product::crypto::{self, KemPublic, KemSecret, RsaSigningKey};
use product::error::StoreError;
use product::keys::Name;
use product::member::Member;
use product::owner::{self, Env, Meeting, Owner, Term};
use product::phone::Phone;
pub use product::vault::Work;
use product::view;
use testkit::household::{Household, name};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use crate::frame::cost::Clocks;
use crate::ours::{Spent, Traffic};

// ---------------------------------------------------------------- a store that counts

/// A store in memory that counts what is asked of it. What an act writes lies above what was there before, so
/// that a copy costs nothing.
#[derive(Clone, Default)]
pub struct Store(Arc<Objects>);

type Map = BTreeMap<String, Vec<u8>>;

#[derive(Default)]
struct Objects {
    below: Arc<Map>,
    above: Mutex<Map>,
    traffic: Mutex<Traffic>,
}

/// Names that S3 lists in one answer.
const PAGE: usize = 1_000;

impl Store {
    /// Another store with the same objects, which has counted nothing.
    fn copy(&self) -> Self {
        Self(Arc::new(Objects {
            below: Arc::clone(&self.0.below),
            ..Objects::default()
        }))
    }

    /// What lies above comes to lie below. The store is empty afterwards, the returned one takes its place.
    fn settle(&self) -> Self {
        let mut below = (*self.0.below).clone();
        below.append(&mut self.above());
        Self(Arc::new(Objects {
            below: Arc::new(below),
            ..Objects::default()
        }))
    }

    fn above(&self) -> MutexGuard<'_, Map> {
        self.0.above.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn traffic(&self) -> Traffic {
        *self.0.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget_traffic(&self) {
        *self.0.traffic.lock().unwrap_or_else(PoisonError::into_inner) = Traffic::default();
    }

    fn count(&self, requests: usize, up: usize, down: usize) {
        let mut traffic = self.0.traffic.lock().unwrap_or_else(PoisonError::into_inner);
        traffic.requests += requests as u64;
        traffic.up += up as u64;
        traffic.down += down as u64;
    }

    fn with<T>(&self, path: &str, found: impl FnOnce(&[u8]) -> T) -> Option<T> {
        let above = self.above();
        let object = above.get(path).or_else(|| self.0.below.get(path));
        object.map(|bytes| found(bytes))
    }
}

impl Cloud for Store {
    fn find(&self, path: &str) -> product::Result<Option<Vec<u8>>> {
        let found = self.with(path, <[u8]>::to_vec);
        self.count(1, 0, found.as_ref().map_or(0, Vec::len));
        Ok(found)
    }

    fn read<'a>(&'a self, path: &str, from: u64) -> product::Result<Option<Box<dyn Read + 'a>>> {
        let rest = |bytes: &[u8]| bytes.get(from as usize..).unwrap_or_default().to_vec();
        let found = self.with(path, rest);
        self.count(1, 0, found.as_ref().map_or(0, Vec::len));
        Ok(found.map(|bytes| Box::new(Cursor::new(bytes)) as Box<dyn Read>))
    }

    fn create(&self, path: &str, bytes: &[u8]) -> product::Result<()> {
        self.count(1, bytes.len(), 0);
        match self.with(path, |there| there == bytes) {
            Some(true) => Ok(()),
            Some(false) => Err(StoreError::Conflict.into()),
            None => {
                let mut above = self.above();
                above.insert(path.to_owned(), bytes.to_vec());
                Ok(())
            }
        }
    }

    fn put(&self, path: &str, bytes: &[u8]) -> product::Result<()> {
        self.count(1, bytes.len(), 0);
        let mut above = self.above();
        above.insert(path.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn list(&self, prefix: &str) -> product::Result<Vec<String>> {
        let start = if prefix.is_empty() {
            String::new()
        } else {
            format!("{prefix}/")
        };
        let inside = |map: &Map| {
            let range = map.range::<String, _>((Excluded(&start), Unbounded));
            let names = range.map(|(path, _)| path.clone());
            let names = names.take_while(|path| path.starts_with(&start));
            names.collect::<Vec<_>>()
        };
        let mut paths = inside(&self.0.below);
        paths.extend(inside(&self.above()));
        paths.sort_unstable();
        paths.dedup();
        let pages = paths.len().div_ceil(PAGE).max(1);
        self.count(pages, 0, paths.iter().map(String::len).sum());
        Ok(paths)
    }

    /// Nothing here deletes what an act before it has left.
    fn delete(&self, path: &str) -> product::Result<()> {
        self.count(1, 0, 0);
        self.above().remove(path);
        Ok(())
    }
}

// ---------------------------------------------------------------- an account

/// An account with a phone, and a store in memory.
pub struct Account {
    household: Household,
    store: Store,
    /// Makes every act's randomness another.
    seed: Cell<u64>,
}

/// The owner's phone.
const PHONE: &str = "phone";

/// Streams of a camera.
const STREAMS: usize = 10;

/// What an act costs, and what it asks of the store from here on.
fn measure<T>(
    store: &Store,
    act: impl FnOnce() -> product::Result<T>,
) -> Result<(T, Spent)> {
    store.forget_traffic();
    let clocks = Clocks::start()?;
    let result = act()?;
    let cost = clocks.stop()?;
    let traffic = store.traffic();
    Ok((result, Spent { cost, traffic }))
}

/// Names of which there are many.
pub fn names(what: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{what}{n}")).collect()
}

/// Names as the product has them.
pub fn parse(names: &[String]) -> product::Result<Vec<Name>> {
    names.iter().map(|n| name(n)).collect()
}

impl Account {
    /// With these streams, ten to a camera, and this work for its passphrase.
    pub fn new(streams: &[String], work: Work) -> Result<Self> {
        let store = Store::default();
        let cloud = Box::new(store.clone());
        let mut household = Household::new(cloud, 1, 1_800_000_000_000, work, PHONE)?;
        for (number, streams) in streams.chunks(STREAMS).enumerate() {
            let streams: Vec<&str> = streams.iter().map(String::as_str).collect();
            household.pair(PHONE, &format!("camera{number}"), &streams)?;
        }
        let seed = Cell::new(0);
        let mut account = Self {
            household,
            store,
            seed,
        };
        account.settle();
        Ok(account)
    }

    /// With its streams shared with all of the members, and rotated once since.
    pub fn shared(streams: &[String], members: &[String]) -> Result<Self> {
        let mut account = Self::new(streams, Work::LEAST)?;
        let verified = account.meet(members)?;
        account.build(|owner, env| {
            let streams = parse(streams)?;
            if !verified.is_empty() {
                owner.share(
                    &streams,
                    &verified,
                    Term::UntilRevoked,
                    Meeting::Remote,
                    env,
                )?;
            }
            owner.rotate(&streams, env)
        })?;
        Ok(account)
    }

    /// What has happened so far is what every act begins with.
    pub fn settle(&mut self) {
        self.store = self.store.settle();
        self.household.cloud = Box::new(self.store.clone());
    }

    /// Members who have compared safety numbers with the owner.
    pub fn meet(&mut self, names: &[String]) -> Result<Vec<VerifiedMember>> {
        let all = names.iter().map(|name| self.household.meet(name));
        Ok(all.collect::<Result<_, _>>()?)
    }

    /// Somebody whom the owner meets for the first time.
    pub fn stranger(&self) -> Result<VerifiedMember> {
        let stranger = Member::generate(name("stranger")?, &mut self.rng())?;
        Ok(VerifiedMember::by_proximity(stranger.card()))
    }

    /// Lets the owner do something that stays.
    pub fn build(
        &mut self,
        act: impl FnOnce(&mut Owner<'_>, &mut Env<'_>) -> product::Result<()>,
    ) -> Result<()> {
        self.household.act(PHONE, act)?;
        self.settle();
        Ok(())
    }

    fn phone(&self) -> Result<Phone> {
        let phone = self.household.phones.get(&name(PHONE)?);
        let state = phone.context("the phone")?.to_state();
        Ok(Phone::from_state(state)?)
    }

    fn rng(&self) -> ChaCha20Rng {
        self.seed.set(self.seed.get() + 1);
        ChaCha20Rng::seed_from_u64(self.seed.get())
    }

    /// Measures what is done with a copy of the phone and the store.
    fn with_phone(
        &self,
        act: impl FnOnce(&mut Phone, &mut Env<'_>) -> product::Result<()>,
    ) -> Result<Spent> {
        let (store, mut phone, mut rng) = (self.store.copy(), self.phone()?, self.rng());
        let mut env = self.env(&store, &mut rng);
        Ok(measure(&store, || act(&mut phone, &mut env))?.1)
    }

    /// Measures an act of the owner, whose phone is unlocked.
    fn with_owner(
        &self,
        act: impl FnOnce(&mut Owner<'_>, &mut Env<'_>) -> product::Result<()>,
    ) -> Result<Spent> {
        let (store, mut phone, mut rng) = (self.store.copy(), self.phone()?, self.rng());
        let mut env = self.env(&store, &mut rng);
        let mut owner = phone.unlock(&self.household.passphrase, &env)?;
        Ok(measure(&store, || act(&mut owner, &mut env))?.1)
    }

    fn env<'e>(&self, store: &'e Store, rng: &'e mut ChaCha20Rng) -> Env<'e> {
        Env {
            cloud: store,
            now: self.household.now(),
            save: &|_| Ok(()),
            rng,
        }
    }

    /// Shares streams with members.
    pub fn share(&self, streams: &[String], members: &[VerifiedMember]) -> Result<Spent> {
        let streams = parse(streams)?;
        self.with_owner(|owner, env| {
            let term = Term::UntilRevoked;
            let payloads = owner.share(&streams, members, term, Meeting::Remote, env);
            payloads.map(drop)
        })
    }

    /// Takes streams away from a member.
    pub fn revoke(&self, streams: &[String], member: &str) -> Result<Spent> {
        let (streams, member) = (parse(streams)?, name(member)?);
        self.with_owner(|owner, env| owner.revoke(&streams, &member, env))
    }

    /// Moves streams to fresh keys.
    pub fn rotate(&self, streams: &[String]) -> Result<Spent> {
        let streams = parse(streams)?;
        self.with_owner(|owner, env| owner.rotate(&streams, env))
    }

    /// Unlocks the phone with the passphrase.
    pub fn unlock(&self) -> Result<Spent> {
        let passphrase = &self.household.passphrase;
        self.with_phone(|phone, env| phone.unlock(passphrase, env).map(drop))
    }

    /// The phone looks for what is new, and there is nothing.
    pub fn sync(&self) -> Result<Spent> {
        self.with_phone(|phone, env| phone.sync(env.cloud))
    }

    /// The phone asks what is in force.
    pub fn status(&self) -> Result<Spent> {
        self.with_phone(|phone, env| phone.status(env.cloud).map(drop))
    }

    /// Lists a stream's clips. That takes so little that the processor's caches matter: it is measured the second
    /// time.
    pub fn list(&self, stream: &str) -> Result<Spent> {
        let (stream, account) = (name(stream)?, self.household.account()?);
        view::list(&self.store, &account, &stream)?;
        let store = self.store.copy();
        Ok(measure(&store, || view::list(&store, &account, &stream))?.1)
    }

    /// Opens a clip and reads its first segment.
    pub fn open(&self, stream: &str, sequence: u64) -> Result<Spent> {
        let stream = name(stream)?;
        self.with_phone(|phone, env| {
            let clip = phone.open(env.cloud, &stream, sequence)?;
            view::read(env.cloud, phone.account(), &clip, 0, &mut crate::ours::First::default()).map(drop)
        })
    }

    /// Enrolls a second phone.
    pub fn enroll(&self) -> Result<Spent> {
        let (account, passphrase) = (self.household.account()?, &self.household.passphrase);
        let second = name("second")?;
        self.with_phone(|_, env| owner::enroll(second, account, passphrase, None, env).map(drop))
    }

    /// Lets a member read what is new, for good.
    pub fn sync_member(&mut self, member: &str) -> Result<()> {
        let news = self.household.sync_member(member)?;
        ensure!(news.refused.is_empty(), "refused: {:?}", news.refused);
        self.settle();
        Ok(())
    }

    /// Measures a member that reads what is new; it must bring at least so many grants.
    pub fn member(&self, member: &str, least: usize) -> Result<Spent> {
        let member = self.household.members.get(&name(member)?);
        let mut member = Member::from_state(member.context("a member")?.to_state())?;
        let store = self.store.copy();
        let (news, spent) = measure(&store, || member.sync(&store))?;
        ensure!(news.refused.is_empty(), "refused: {:?}", news.refused);
        ensure!(news.grants >= least, "{} grants", news.grants);
        Ok(spent)
    }
}

// ---------------------------------------------------------------- an account that has been in use

/// How much there is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Clips, nearly all on one stream.
    pub clips: usize,
    pub streams: usize,
    /// Members, nearly all on that one stream.
    pub members: usize,
    /// Rotations of that stream.
    pub rotations: usize,
}

/// The stream that is the same whatever the size: [`FEW`] clips, members and rotations.
pub const SMALL: &str = "stream0";

/// The stream that grows with the size.
pub const LARGE: &str = "stream1";

/// Of everything that does not grow.
pub const FEW: usize = 10;

impl Size {
    /// An account of this size. All streams are shared with the same few members, and the large one with all of
    /// them. The large stream is rotated so many times, every other along with each tenth of them or so, the
    /// small one a few times. Clips of the large stream are recorded in between.
    pub fn build(self) -> Result<Account> {
        let (streams, members) = (names("stream", self.streams), names("member", self.members));
        let mut account = Account::new(&streams, Work::LEAST)?;
        let verified = account.meet(&members)?;
        let streams = parse(&streams)?;
        let (small, large) = (&streams[..1], &streams[1..2]);
        let others = &streams[1..];
        account.build(|owner, env| {
            let term = Term::UntilRevoked;
            owner.share(&streams, &verified[..FEW], term, Meeting::Remote, env)?;
            owner.share(large, &verified, term, Meeting::Remote, env)?;
            (0..FEW).try_for_each(|_| owner.rotate(small, env))
        })?;
        account.record(SMALL, FEW)?;
        let turns = self.rotations / FEW;
        for _ in 0..FEW {
            account.household.act(PHONE, |owner, env| {
                let streams = |turn| if turn % FEW == 0 { others } else { large };
                (0..turns).try_for_each(|turn| owner.rotate(streams(turn), env))
            })?;
            account.record(LARGE, self.clips / FEW)?;
        }
        account.settle();
        Ok(account)
    }
}

impl Account {
    fn record(&mut self, stream: &str, clips: usize) -> Result<()> {
        let cameras: Vec<Name> = self.household.cameras.keys().cloned().collect();
        for camera in cameras {
            self.household.sync_camera(camera.as_str())?;
        }
        for _ in 0..clips {
            self.household
                .record("camera0", stream, b"a clip of few bytes")?;
        }
        Ok(())
    }
}

// ---------------------------------------------------------------- the calls alone

/// The public-key calls of sharing, alone.
pub struct Bare {
    keys: Vec<KemPublic>,
    signer: RsaSigningKey,
    rng: ChaCha20Rng,
}

impl Bare {
    /// With so many recipients.
    pub fn new(recipients: usize) -> Result<Self> {
        let mut rng = ChaCha20Rng::seed_from_u64(3);
        let public = |rng: &mut ChaCha20Rng| KemSecret::generate(rng).map(|key| key.public());
        let keys = (0..recipients).map(|_| public(&mut rng));
        Ok(Self {
            keys: keys.collect::<Result<_, _>>()?,
            signer: RsaSigningKey::generate(&mut rng)?,
            rng,
        })
    }

    /// A seal of a 32-byte key to each of the first recipients.
    pub fn seals(&mut self, recipients: usize) -> Result<()> {
        for key in &self.keys[..recipients] {
            let sealed = crypto::hpke_seal(key, &[9; 60], &[], &[7; 32], &mut self.rng)?;
            std::hint::black_box(sealed);
        }
        Ok(())
    }

    /// A key pair.
    pub fn pair(&mut self) -> Result<()> {
        std::hint::black_box(KemSecret::generate(&mut self.rng)?.public());
        Ok(())
    }

    /// A signature of the account.
    pub fn sign(&mut self) -> Result<()> {
        std::hint::black_box(self.signer.sign(&mut self.rng, &[1; 100])?);
        Ok(())
    }

    /// The calls of sharing with so many: the seals, a key pair and a signature.
    pub fn share(&mut self, recipients: usize) -> Result<()> {
        self.seals(recipients)?;
        self.pair()?;
        self.sign()
    }
}
