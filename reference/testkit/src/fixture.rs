//! Households for tests that start again from what their devices stored: an ordinary one, and a rich
//! one with something of every kind.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use encryptediot::camera::{self, Paired};
use encryptediot::cbor;
use encryptediot::clock::ManualClock;
use encryptediot::cloud::Paths;
use encryptediot::crypto::{RsaPublic, SigningKey};
use encryptediot::error::Result;
use encryptediot::keys::{self, Name};
use encryptediot::link::Link;
use encryptediot::member::{self, Member};
use encryptediot::message::{AccountId, Time};
use encryptediot::owner::{Env, Meeting, Owner, Term};
use encryptediot::passphrase::Passphrase;
use encryptediot::phone::{self, Phone};
use encryptediot::statement;
use encryptediot::vault::{self, Opened, Work};
use rand_chacha::ChaCha20Rng;

use crate::cloud::{MemoryCloud, Objects};
use crate::household::{Household, window};
use crate::{n, ns, rng};

/// A phone's state, encoded as a program stores it.
pub fn store_phone(phone: &Phone) -> Vec<u8> {
    cbor::encode(&phone.to_state())
}

/// The phone of a stored state; panics if that is not one.
pub fn load_phone(bytes: &[u8]) -> Phone {
    Phone::from_state(cbor::decode::<phone::State>(bytes).unwrap()).unwrap()
}

/// A camera's state, encoded as a program stores it.
pub fn store_camera(camera: &Paired) -> Vec<u8> {
    cbor::encode(&camera.to_state())
}

/// The camera of a stored state, started at the clock's time; panics if that is not one.
pub fn load_camera(bytes: &[u8], clock: &ManualClock) -> Paired {
    Paired::from_state(cbor::decode::<camera::State>(bytes).unwrap(), clock).unwrap()
}

/// A member's state, encoded as a program stores it.
pub fn store_member(member: &Member) -> Vec<u8> {
    cbor::encode(&member.to_state())
}

/// The member of a stored state; panics if that is not one.
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
    /// The objects in the cloud.
    pub objects: Objects,
    /// The stored state of each phone, by name.
    pub phones: Vec<(Name, Vec<u8>)>,
    /// The stored state of each camera, by name.
    pub cameras: Vec<(Name, Vec<u8>)>,
    /// The stored state of each member, by name.
    pub members: Vec<(Name, Vec<u8>)>,
    passphrase: String,
    now: Time,
}

impl Saved {
    /// The household as it is.
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

    /// The account's passphrase.
    pub fn passphrase(&self) -> Passphrase {
        Passphrase::parse(&self.passphrase).unwrap()
    }

    /// Every device starts again; randomness goes on from another seed.
    pub fn load(&self, seed: u64) -> Home {
        let cloud = MemoryCloud::with(self.objects.clone());
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
    /// The cloud that every device of the household uses.
    pub cloud: MemoryCloud,
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
    let cloud = MemoryCloud::default();
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
    /// The household at the end.
    pub saved: Saved,
    /// The devices as they were before most of it happened; members who have read nothing yet.
    pub early: Saved,
    /// What lay in the cloud before it was written over.
    pub old: Objects,
    /// The recorded bytes of each clip, by stream and sequence number.
    pub clips: BTreeMap<(Name, u64), Vec<u8>>,
    /// A link to the first clip of `x`, as text.
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
    let touch = touch.unwrap().remove(0);
    home.member("dora").unwrap().touch(&touch.payload).unwrap();
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
/// A household as [`rich`]'s, of another account.
pub fn other_rich() -> &'static Rich {
    static RICH: OnceLock<Rich> = OnceLock::new();
    RICH.get_or_init(|| enrich(other_home()))
}

impl Home {
    /// The account's identifier; panics if there is no phone.
    pub fn id(&self) -> AccountId {
        self.account().unwrap()
    }

    /// The paths of the account's objects.
    pub fn paths(&self) -> Paths {
        Paths(self.id())
    }

    /// The account's root key, from the cloud.
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

    /// Makes a link to clips of a stream, as the phone `phone`.
    ///
    /// # Errors
    /// Those of [`Owner::make_link`].
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

    /// Rotates the keys of streams, as the owner at a phone.
    ///
    /// # Errors
    /// Those of [`Owner::rotate`].
    pub fn rotate(&mut self, phone: &str, streams: &[&str]) -> Result<()> {
        self.act(phone, |owner, env| owner.rotate(&ns(streams), env))
    }

    /// Drops a phone from the account, as the owner at another.
    ///
    /// # Errors
    /// Those of [`Owner::lose_phone`].
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
