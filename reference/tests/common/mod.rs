//! What the tests share: a cloud whose objects can be read, copied and changed, and households
//! that start again from what their devices stored.
#![allow(dead_code, reason = "each test file uses a part of this")]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::OnceLock;

use encryptediot::announcement::Announcement;
use encryptediot::camera::{self, Paired};
use encryptediot::cbor::{self, Bytes};
use encryptediot::clip::{self, Manifest, Role};
use encryptediot::clock::ManualClock;
use encryptediot::cloud::{Cloud, Paths};
use encryptediot::cose;
use encryptediot::crypto::{KemPublic, KemSecret, RsaPublic, SecretBytes, SigningKey};
use encryptediot::error::{Error, Result, StoreError};
use encryptediot::grant::{self, Lookup, SealedMember, Shard};
use encryptediot::household::{Household, name, window};
use encryptediot::keys::{self, Name};
use encryptediot::link::Link;
use encryptediot::member::{self, Member, News};
use encryptediot::message::{self, AccountId, Time};
use encryptediot::owner::{Env, Meeting, Owner, Term};
use encryptediot::passphrase::Passphrase;
use encryptediot::past::PastShare;
use encryptediot::phone::{self, Phone};
use encryptediot::statement;
use encryptediot::vault::{self, Opened, Work};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

/// The name of the reason of a refusal.
pub fn reason<T>(result: Result<T>) -> &'static str {
    match result {
        Ok(_) => "nothing was refused",
        Err(error) => error.reason(),
    }
}

/// A name that is known to be one.
pub fn n(text: &str) -> Name {
    name(text).unwrap()
}

/// Names that are known to be such.
pub fn ns(texts: &[&str]) -> Vec<Name> {
    texts.iter().map(|text| n(text)).collect()
}

/// A generator from a seed.
pub fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

// ---------------------------------------------------------------- the cloud

/// Objects by path.
pub type Objects = BTreeMap<String, Vec<u8>>;

/// An honest cloud in memory. Clones are the same cloud. `boundaries.rs` compares it with
/// `ObjectCloud`.
#[derive(Clone, Default)]
pub struct Memory(Rc<Inside>);

#[derive(Default)]
struct Inside {
    objects: RefCell<Objects>,
    /// What lay at a path before it was written over.
    old: RefCell<Objects>,
    /// How many writes it takes before it fails, where that is limited.
    budget: Cell<Option<usize>>,
    /// How many writes it takes before it says of each that another was first.
    lie: Cell<Option<usize>>,
    writes: Cell<usize>,
    /// What was asked for, in order.
    asked: RefCell<Vec<String>>,
}

impl Memory {
    pub fn with(objects: Objects) -> Self {
        let memory = Self::default();
        memory.0.objects.replace(objects);
        memory
    }

    pub fn objects(&self) -> Objects {
        self.0.objects.borrow().clone()
    }

    pub fn restore(&self, objects: Objects) {
        self.0.objects.replace(objects);
    }

    /// Lets `writes` more writes through, then fails every one.
    pub fn fail_after(&self, writes: usize) {
        self.0.budget.set(Some(writes));
    }

    pub fn work_again(&self) {
        self.0.budget.set(None);
        self.0.lie.set(None);
    }

    /// Lets `writes` more writes through, then says `conflict` to every one, though there is none.
    pub fn lie_after(&self, writes: usize) {
        self.0.lie.set(Some(writes));
    }

    /// What lay there before the last write over it, by path.
    pub fn old_versions(&self) -> Objects {
        self.0.old.borrow().clone()
    }

    /// How many writes went through.
    pub fn writes(&self) -> usize {
        self.0.writes.get()
    }

    /// How often objects of a folder of an account have been asked for since the last call.
    pub fn asked(&self, account: &AccountId, folder: &str) -> usize {
        let prefix = format!("{account}/{folder}/");
        let asked = self.0.asked.take();
        asked
            .iter()
            .filter(|path| path.starts_with(&prefix))
            .count()
    }

    pub fn bytes(&self, path: &str) -> Vec<u8> {
        self.0.objects.borrow()[path].clone()
    }

    pub fn set(&self, path: &str, bytes: Vec<u8>) {
        self.0.objects.borrow_mut().insert(path.to_owned(), bytes);
    }

    pub fn drop_object(&self, path: &str) -> Vec<u8> {
        self.0.objects.borrow_mut().remove(path).unwrap()
    }

    pub fn change(&self, path: &str, change: impl FnOnce(&mut Vec<u8>)) {
        change(self.0.objects.borrow_mut().get_mut(path).unwrap());
    }

    /// The paths under a folder of an account.
    pub fn under(&self, account: &AccountId, folder: &str) -> Vec<String> {
        self.list(&format!("{account}/{folder}")).unwrap()
    }

    fn there(&self, path: &str) -> Option<Vec<u8>> {
        self.0.objects.borrow().get(path).cloned()
    }

    fn spend(&self) -> Result<()> {
        let budget = self.0.budget.get();
        if budget == Some(0) {
            return Err(StoreError::Unavailable.into());
        }
        self.0.budget.set(budget.map(|left| left - 1));
        self.0.writes.set(self.0.writes.get() + 1);
        Ok(())
    }
}

impl Cloud for Memory {
    fn find(&self, path: &str) -> Result<Option<Vec<u8>>> {
        self.0.asked.borrow_mut().push(path.to_owned());
        Ok(self.there(path))
    }

    fn create(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let lie = self.0.lie.get();
        if lie == Some(0) {
            return Err(StoreError::Conflict.into());
        }
        self.0.lie.set(lie.map(|left| left - 1));
        if self.there(path).is_some_and(|there| there != bytes) {
            return Err(StoreError::Conflict.into());
        }
        self.put(path, bytes)
    }

    fn put(&self, path: &str, bytes: &[u8]) -> Result<()> {
        self.spend()?;
        if let Some(old) = self.there(path).filter(|old| old != bytes) {
            self.0.old.borrow_mut().insert(path.to_owned(), old);
        }
        self.set(path, bytes.to_vec());
        Ok(())
    }

    fn list(&self, prefix: &str) -> Result<Vec<String>> {
        let prefix = format!("{prefix}/");
        let objects = self.0.objects.borrow();
        Ok(objects
            .keys()
            .filter(|p| p.starts_with(&prefix))
            .cloned()
            .collect())
    }

    fn delete(&self, path: &str) -> Result<()> {
        self.spend()?;
        self.0.objects.borrow_mut().remove(path);
        Ok(())
    }
}

/// The bytes of a range, fewer where the object ends.
pub fn cut(bytes: &[u8], range: std::ops::Range<u64>) -> Vec<u8> {
    let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
    let (start, end) = (place(range.start), place(range.end));
    bytes[start..end.max(start)].to_vec()
}

// ---------------------------------------------------------------- devices that were stored

pub fn store_phone(phone: &Phone) -> Vec<u8> {
    cbor::encode(&phone.to_state())
}

pub fn load_phone(bytes: &[u8]) -> Phone {
    Phone::from_state(cbor::decode::<phone::State>(bytes).unwrap()).unwrap()
}

pub fn store_camera(camera: &Paired) -> Vec<u8> {
    cbor::encode(&camera.to_state())
}

pub fn load_camera(bytes: &[u8], clock: &ManualClock) -> Paired {
    Paired::from_state(cbor::decode::<camera::State>(bytes).unwrap(), clock).unwrap()
}

pub fn store_member(member: &Member) -> Vec<u8> {
    cbor::encode(&member.to_state())
}

pub fn load_member(bytes: &[u8]) -> Member {
    Member::from_state(cbor::decode::<member::State>(bytes).unwrap()).unwrap()
}

/// The camera's signing key, from what the camera stores.
pub fn camera_key(camera: &Paired) -> SigningKey {
    let stored = store_camera(camera);
    let mut decoder = minicbor::Decoder::new(&stored);
    decoder.array().unwrap();
    decoder.bytes().unwrap();
    SigningKey::from_bytes(decoder.bytes().unwrap().try_into().unwrap()).unwrap()
}

/// A household as its devices stored it, with its cloud.
#[derive(Clone)]
pub struct Saved {
    pub objects: Objects,
    pub phones: Vec<(Name, Vec<u8>)>,
    pub cameras: Vec<(Name, Vec<u8>)>,
    pub members: Vec<(Name, Vec<u8>)>,
    passphrase: String,
    now: Time,
}

impl Saved {
    pub fn of(home: &Home) -> Self {
        Self {
            objects: home.cloud.objects(),
            phones: home
                .phones
                .iter()
                .map(|(n, p)| (n.clone(), store_phone(p)))
                .collect(),
            cameras: home
                .cameras
                .iter()
                .map(|(n, c)| (n.clone(), store_camera(c)))
                .collect(),
            members: home
                .members
                .iter()
                .map(|(n, m)| (n.clone(), store_member(m)))
                .collect(),
            passphrase: home.passphrase.words().to_owned(),
            now: home.now(),
        }
    }

    pub fn passphrase(&self) -> Passphrase {
        Passphrase::parse(&self.passphrase).unwrap()
    }

    /// Every device starts again; randomness goes on from another seed.
    pub fn load(&self, seed: u64) -> Home {
        let cloud = Memory::with(self.objects.clone());
        let clock = ManualClock::at(self.now);
        let cameras = self
            .cameras
            .iter()
            .map(|(n, c)| (n.clone(), load_camera(c, &clock)));
        Home {
            household: Household {
                cloud: Box::new(cloud.clone()),
                rng: rng(seed),
                passphrase: self.passphrase(),
                work: Work::LEAST,
                phones: self
                    .phones
                    .iter()
                    .map(|(n, p)| (n.clone(), load_phone(p)))
                    .collect(),
                cameras: cameras.collect(),
                members: self
                    .members
                    .iter()
                    .map(|(n, m)| (n.clone(), load_member(m)))
                    .collect(),
                clock,
            },
            cloud,
        }
    }
}

/// A household whose cloud is in the test's hands.
pub struct Home {
    household: Household,
    pub cloud: Memory,
}

impl std::ops::Deref for Home {
    type Target = Household;

    fn deref(&self) -> &Household {
        &self.household
    }
}

impl std::ops::DerefMut for Home {
    fn deref_mut(&mut self) -> &mut Household {
        &mut self.household
    }
}

/// The time at which households begin.
pub const START: Time = 1_800_000_000_000;

/// A household of one phone, `phone`.
fn alone(seed: u64) -> Saved {
    let cloud = Memory::default();
    let household =
        Household::new(Box::new(cloud.clone()), seed, START, Work::LEAST, "phone").unwrap();
    Saved::of(&Home { household, cloud })
}

/// A household of the phone `phone` and the camera `door` with the streams `x` and `y`.
pub fn home() -> Home {
    static SAVED: OnceLock<Saved> = OnceLock::new();
    let saved = SAVED.get_or_init(|| {
        let mut home = alone(1).load(2);
        home.pair("phone", "door", &["x", "y"]).unwrap();
        Saved::of(&home)
    });
    saved.load(3)
}

/// A household of another account, likewise.
pub fn other_home() -> Home {
    static SAVED: OnceLock<Saved> = OnceLock::new();
    let saved = SAVED.get_or_init(|| {
        let mut home = alone(11).load(12);
        home.pair("phone", "door", &["x", "y"]).unwrap();
        Saved::of(&home)
    });
    saved.load(13)
}

/// A household with something of every kind, and what each clip of it holds.
pub struct Rich {
    pub saved: Saved,
    /// The devices as they were before most of it happened; members who have read nothing yet.
    pub early: Saved,
    /// What lay in the cloud before it was written over.
    pub old: Objects,
    pub clips: BTreeMap<(Name, u64), Vec<u8>>,
    pub link: String,
}

/// Builds a rich household on top of `home`: phones `phone` and `tablet`; cameras `door` (`x`,
/// `y`) and `garden` (`z`); the members `alice` (`x`), `bob` (a window on `x` and `y`, and one of
/// the past), `carol` (everything) and `dora` (`y`, by touch); a link; a vault of a second
/// passphrase; leases; the convenience.
pub fn enrich(mut home: Home) -> Rich {
    let mut clips = BTreeMap::new();
    let mut record = |home: &mut Home, camera: &str, stream: &str, length: usize| {
        let bytes: Vec<u8> = (0..length).map(|i| (i * 7 + clips.len()) as u8).collect();
        let sequence = home.record(camera, stream, &bytes).unwrap();
        clips.insert((n(stream), sequence), bytes);
    };
    record(&mut home, "door", "x", 10);
    record(&mut home, "door", "y", 11);
    home.enroll("tablet", None).unwrap();
    let mut early = Saved::of(&home);
    let now = home.now();
    home.share("phone", &[], &["carol"], Term::AllStreams)
        .unwrap();
    home.share("phone", &["x"], &["alice"], Term::UntilRevoked)
        .unwrap();
    home.share(
        "phone",
        &["x", "y"],
        &["bob"],
        Term::Window(window(now, 3_600_000)),
    )
    .unwrap();
    home.sync_camera("door").unwrap();
    home.pair("phone", "garden", &["z"]).unwrap();
    home.meet("dora").unwrap();
    let card = home.member("dora").unwrap().card();
    let dora = encryptediot::contact::VerifiedMember::by_proximity(card);
    let touch = home.act("phone", |owner, env| {
        owner.share(
            &ns(&["y"]),
            &[dora],
            Term::UntilRevoked,
            Meeting::Touch,
            env,
        )
    });
    let (_, payload) = touch.unwrap().remove(0);
    home.member("dora").unwrap().touch(&payload).unwrap();
    for camera in ["door", "garden"] {
        home.sync_camera(camera).unwrap();
    }
    record(&mut home, "door", "x", 2 * 65_536 + 5);
    record(&mut home, "door", "y", 12);
    record(&mut home, "garden", "z", 13);
    let past = window(START, 1_000);
    home.act("phone", |owner, env| {
        owner.share_past(&n("x"), &ns(&["bob"]), past, env)
    })
    .unwrap();
    let passphrase = Passphrase::generate(&mut home.rng);
    home.act("phone", |owner, env| {
        owner.change_passphrase(&passphrase, Work::LEAST, env)
    })
    .unwrap();
    home.passphrase = passphrase;
    for _ in 0..2 {
        home.act("phone", |owner, env| owner.keep_unlocked(env))
            .unwrap();
    }
    let until = home.now() + 3_600_000;
    let link = home
        .act("phone", |owner, env| {
            owner.make_link(&n("x"), &[1], until, env)
        })
        .unwrap();
    let now = home.now();
    let cloud = home.cloud.clone();
    home.sync_phone("tablet").unwrap();
    for (phone, days) in [("phone", 8), ("tablet", 9), ("tablet", 10)] {
        let until = now + days * 24 * 3_600_000;
        home.phone(phone)
            .unwrap()
            .extend_lease(&cloud, &n("x"), now, until)
            .unwrap();
    }
    home.sync_camera("door").unwrap();
    record(&mut home, "door", "x", 0);
    early.members = Saved::of(&home).members;
    for member in ["alice", "bob", "carol", "dora"] {
        assert_eq!(home.sync_member(member).unwrap().refused, []);
    }
    home.sync_phone("phone").unwrap();
    home.sync_phone("tablet").unwrap();
    Rich {
        saved: Saved::of(&home),
        early,
        old: home.cloud.old_versions(),
        clips,
        link: link.to_text(),
    }
}

/// The rich household, built once.
pub fn rich() -> &'static Rich {
    static RICH: OnceLock<Rich> = OnceLock::new();
    RICH.get_or_init(|| enrich(home()))
}

/// A rich household of another account.
pub fn other_rich() -> &'static Rich {
    static RICH: OnceLock<Rich> = OnceLock::new();
    RICH.get_or_init(|| enrich(other_home()))
}

// ---------------------------------------------------------------- shorthands

impl Home {
    pub fn id(&self) -> AccountId {
        self.account().unwrap()
    }

    pub fn paths(&self) -> Paths {
        Paths(self.id())
    }

    pub fn root(&self) -> RsaPublic {
        keys::decode_root(&self.id(), &self.cloud.bytes(&self.paths().root())).unwrap()
    }

    /// What the owner has in hand during an act: for statements that no honest phone makes.
    pub fn opened(&self) -> Opened {
        let latest = self.cloud.under(&self.id(), "vault").pop().unwrap();
        vault::open(&self.id(), &self.passphrase, &self.cloud.bytes(&latest))
            .unwrap()
            .1
    }

    /// Signs a message as the account, whatever it says.
    pub fn forge(&self, leaf: Vec<u8>) -> Vec<u8> {
        let key = self.opened().signing_key;
        let signed = statement::sign_all(&key, &self.id(), vec![leaf], &mut rng(77)).unwrap();
        signed.into_iter().next().unwrap()
    }

    pub fn link(&mut self, stream: &str, sequences: &[u64], until: Time) -> Result<Link> {
        self.act("phone", |owner, env| {
            owner.make_link(&n(stream), sequences, until, env)
        })
    }

    /// A camera with what it needs to record: a device has one clock.
    pub fn at_camera(&mut self, camera: &str) -> (&mut Paired, &ManualClock, &mut ChaCha20Rng) {
        let Household {
            cameras,
            clock,
            rng,
            ..
        } = &mut self.household;
        (cameras.get_mut(&n(camera)).unwrap(), clock, rng)
    }

    pub fn rotate(&mut self, phone: &str, streams: &[&str]) -> Result<()> {
        self.act(phone, |owner, env| owner.rotate(&ns(streams), env))
    }

    pub fn lose(&mut self, phone: &str, lost: &str) -> Result<()> {
        self.act(phone, |owner, env| owner.lose_phone(&n(lost), None, env))
    }

    /// As [`Household::act`], with `save` called as a device would store its state.
    pub fn act_saving<T>(
        &mut self,
        phone: &str,
        save: &dyn Fn(&Phone) -> Result<()>,
        act: impl FnOnce(&mut Owner<'_>, &mut Env<'_>) -> Result<T>,
    ) -> Result<T> {
        let now = self.now();
        let Household {
            phones,
            cloud,
            rng,
            passphrase,
            ..
        } = &mut self.household;
        let mut env = Env {
            cloud: &**cloud,
            now,
            save,
            rng,
        };
        let mut owner = phones
            .get_mut(&n(phone))
            .unwrap()
            .unlock(passphrase, &env)?;
        act(&mut owner, &mut env)
    }
}

/// The first thing that a synchronisation refused, as an error.
pub fn first_refusal(news: Result<News>) -> Result<()> {
    match news?.refused.first() {
        Some((_, error)) => Err(*error),
        None => Ok(()),
    }
}

/// Likewise for a camera.
pub fn camera_refusal(synced: Result<encryptediot::uplink::Synced>) -> Result<()> {
    match synced?.refused.first() {
        Some((_, error)) => Err(*error),
        None => Ok(()),
    }
}

/// Every reason by its name.
pub fn reasons() -> Vec<&'static str> {
    Error::all().map(|error| error.reason()).collect()
}

// ---------------------------------------------------------------- a thief

/// A phone's two private keys and its ring, from what it stores.
pub struct Loot {
    instance: KemSecret,
    pub ring: vault::Ring,
}

pub fn loot(stored: &[u8]) -> Loot {
    let mut decoder = minicbor::Decoder::new(stored);
    decoder.array().unwrap();
    for _ in 0..3 {
        decoder.skip().unwrap();
    }
    let instance = decoder.bytes().unwrap().try_into().unwrap();
    decoder.skip().unwrap();
    Loot {
        instance: KemSecret::from_bytes(instance).unwrap(),
        ring: vault::Ring::from_bytes(decoder.bytes().unwrap()).unwrap(),
    }
}

/// A phone's lease key, from what it stores.
pub fn lease_key(stored: &[u8]) -> SigningKey {
    let mut decoder = minicbor::Decoder::new(stored);
    decoder.array().unwrap();
    for _ in 0..4 {
        decoder.skip().unwrap();
    }
    SigningKey::from_bytes(decoder.bytes().unwrap().try_into().unwrap()).unwrap()
}

impl Loot {
    /// Every private key that follows from the loot and the whole cloud: the phone's own, those in
    /// the backups, and those that members' pairwise keys open.
    pub fn keys(self, cloud: &Memory) -> Vec<KemSecret> {
        let all = Everything(cloud.objects());
        let (id, mut keys) = (all.account(), vec![self.instance]);
        for bytes in all.of("backups") {
            let backup: grant::Backup = message::decode(&id, bytes).unwrap();
            let hash = message::hash(bytes);
            let held = grant::open_backup(&id, &self.ring, &backup.stream, &hash, bytes);
            let held = held.into_iter().flat_map(|(_, holdings)| holdings);
            keys.extend(held.map(|holding| holding.secret));
        }
        let pairwise = all.of("members").filter_map(|bytes| {
            let record: SealedMember = message::decode(&id, &leaf(bytes)).unwrap();
            let place = message::context("member", &id, (record.number, record.generation));
            let key = self.ring.key(record.generation).ok()?;
            let plain = cose::unseal(key, &place, &record.sealed).ok()?;
            let (_, _, pairwise): (Name, KemPublic, Bytes<32>) = cbor::decode(&plain).unwrap();
            Some(SecretBytes::new(pairwise.0))
        });
        let pairwise: Vec<_> = pairwise.collect();
        keys.extend(all.granted(&pairwise));
        keys
    }
}

/// Every private key that follows from what a member stores and the whole cloud.
pub fn member_keys(stored: &[u8], cloud: &Memory) -> Vec<KemSecret> {
    let mut decoder = minicbor::Decoder::new(stored);
    let secret = |bytes: &[u8]| SecretBytes::<32>::new(bytes.try_into().unwrap());
    decoder.array().unwrap();
    decoder.skip().unwrap();
    let own = KemSecret::from_bytes(secret(decoder.bytes().unwrap()).as_bytes()).unwrap();
    let mut pairwise = Vec::new();
    for _ in 0..decoder.array().unwrap().unwrap() {
        let fields = decoder.array().unwrap().unwrap();
        decoder.skip().unwrap();
        decoder.skip().unwrap();
        for _ in 0..decoder.map().unwrap().unwrap() {
            decoder.skip().unwrap();
            pairwise.push(secret(decoder.bytes().unwrap()));
        }
        for _ in 3..fields {
            decoder.skip().unwrap();
        }
    }
    let mut keys = Everything(cloud.objects()).granted(&pairwise);
    keys.push(own);
    keys
}

/// Does one of `keys` open clip `sequence`, in any role, from the camera's envelopes or a past
/// share's? Nothing is checked that only honest devices check.
pub fn opens(keys: &[KemSecret], cloud: &Memory, stream: &Name, sequence: u64) -> bool {
    let all = Everything(cloud.objects());
    let id = all.account();
    let manifest = &all.0[&Paths(id).manifest(stream, sequence)];
    let manifest = cose::unverified_payload(manifest).unwrap();
    let hash = message::hash(&manifest);
    let manifest: Manifest = message::decode(&id, &manifest).unwrap();
    let mut places = vec![(manifest.announcement, manifest.envelopes)];
    for bytes in all.of("past") {
        let share: PastShare = message::decode(&id, &leaf(bytes)).unwrap();
        let listed = share.clips.into_iter().filter(|clip| clip.manifest == hash);
        places.push((hash, listed.map(|clip| clip.envelope).collect()));
    }
    let roles = [
        Role::Owner,
        Role::Dsk,
        Role::Tdsk,
        Role::Instance,
        Role::Past,
    ];
    let open = |key: &KemSecret, role| {
        let mut opened = places.iter().map(|(statement, envelopes)| {
            clip::unwrap(
                &id,
                stream,
                statement,
                &manifest.clip,
                envelopes,
                (role, key),
            )
        });
        opened.any(|opened| opened.is_ok())
    };
    keys.iter()
        .any(|key| roles.iter().any(|role| open(key, *role)))
}

/// All objects of one account, read without a doubt.
struct Everything(Objects);

impl Everything {
    fn account(&self) -> AccountId {
        self.0
            .keys()
            .next()
            .unwrap()
            .split('/')
            .next()
            .unwrap()
            .parse()
            .unwrap()
    }

    fn of(&self, folder: &str) -> impl Iterator<Item = &Vec<u8>> {
        let folder = format!("{}/{folder}/", self.account());
        let inside = move |(path, _): &(&String, _)| path.starts_with(&folder);
        self.0.iter().filter(inside).map(|(_, bytes)| bytes)
    }

    /// What pairwise keys open.
    fn granted(&self, pairwise: &[SecretBytes<32>]) -> Vec<KemSecret> {
        let id = self.account();
        let mut statements = Vec::new();
        for bytes in self.of("announcements") {
            let leaf = leaf(bytes);
            let body: Announcement = message::decode(&id, &leaf).unwrap();
            let keys: Vec<_> = body.keys.iter().map(|key| key.public).collect();
            statements.push((message::hash(&leaf), keys, body.shard_bits));
        }
        for bytes in self.of("past") {
            let leaf = leaf(bytes);
            let body: PastShare = message::decode(&id, &leaf).unwrap();
            statements.push((message::hash(&leaf), vec![body.key], body.shard_bits));
        }
        let mut granted = Vec::new();
        for (hash, keys, bits) in &statements {
            for (index, public) in (0_u32..).zip(keys) {
                for pairwise in pairwise {
                    let lookup = Lookup::new(pairwise, hash, index, *bits).unwrap();
                    let shard = &self.0[&Paths(id).shard(hash, lookup.shard)];
                    let shard: Shard = message::decode(&id, &leaf(shard)).unwrap();
                    granted.extend(lookup.open(hash, public, &shard).ok().flatten());
                }
            }
        }
        granted
    }
}

/// The message in a statement, whoever signed it.
fn leaf(bytes: &[u8]) -> Vec<u8> {
    let statement: statement::SignedStatement = cbor::decode(bytes).unwrap();
    statement.leaf.to_vec()
}
