//! The schemes that the paper compares, behind one interface, with the same roles and the same kind
//! of store: the provider's default (section 3.1), Ring's end-to-end scheme (3.2), EncryptedIoT as
//! the paper writes it (4 and 5), and EncryptedIoT as SPEC repairs it.
//!
//! Only the last is meant to be used. The others are here to be compared with, and attacked.

pub mod account;
pub mod envelope;
pub mod managed;
pub mod paper;
pub mod repaired;
pub mod ring;

use encryptediot_testkit::MemoryCloud;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use serde::Serialize;

use encryptediot::clock::{Clock as _, ManualClock};
use encryptediot::cloud::Cloud;
use encryptediot::error::Result;
use encryptediot::message::Time;
use encryptediot::owner::Term;
use encryptediot::vault::Work;

/// The name under which the provider is shared with, where a scheme has sharing.
pub const PROVIDER: &str = "provider";

/// Bytes of live video that travel together: seven transport stream packets.
const DATAGRAM: usize = 7 * encryptediot_recording::PACKET;

/// The schemes that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The provider holds all keys (section 3.1).
    ProviderManaged,
    /// Ring's end-to-end encryption (section 3.2).
    RingE2ee,
    /// EncryptedIoT to the letter (sections 4 and 5).
    Paper,
    /// EncryptedIoT as SPEC has it.
    Repaired,
}

impl Kind {
    /// Every scheme, in the order of the paper.
    pub const ALL: [Self; 4] = [
        Self::ProviderManaged,
        Self::RingE2ee,
        Self::Paper,
        Self::Repaired,
    ];

    /// Its name on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ProviderManaged => "provider-managed",
            Self::RingE2ee => "ring-e2ee",
            Self::Paper => "paper",
            Self::Repaired => "repaired",
        }
    }

    /// A household under this scheme, with one phone called `phone`; all its randomness is from
    /// `seed`.
    ///
    /// # Errors
    /// `store-unavailable`, `crypto`.
    pub fn open(self, seed: u64) -> Result<Box<dyn Scheme>> {
        let world = World::new(seed)?;
        Ok(match self {
            Self::ProviderManaged => Box::new(managed::Managed::new(world)?),
            Self::RingE2ee => Box::new(ring::Ring::new(world, ring::Reading::Consistent)?),
            Self::Paper => Box::new(paper::Paper::new(world)?),
            Self::Repaired => Box::new(repaired::Repaired::new(seed)?),
        })
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == text);
        let all = || Self::ALL.map(Self::name).join(", ");
        found.ok_or_else(|| format!("no scheme of this name; there are {}", all()))
    }
}

/// Who tries to open a clip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who<'a> {
    /// A phone of the owner.
    Phone(&'a str),
    /// Somebody, or a device, that the owner may have shared with. The provider, and whoever
    /// breaks into it, is the member [`PROVIDER`].
    Member(&'a str),
    /// Whoever plays the provider: holds the private keys of its servers' certificates and sees all
    /// that is sent, but not what the provider keeps (section 3.1).
    Impostor,
}

/// How long a viewer of a live session waits for its first bytes.
pub type Delay = Result<Time>;

/// A household under some scheme. Devices are online: what the owner decides reaches them at once.
pub trait Scheme {
    /// The scheme that this household uses.
    fn kind(&self) -> Kind;

    /// The store, which the provider runs.
    fn cloud(&self) -> &dyn Cloud;

    /// The clock of all.
    fn clock(&self) -> &ManualClock;

    /// The time of day.
    fn now(&self) -> Time {
        self.clock().wall()
    }

    /// Adds a camera with its streams.
    fn pair(&mut self, camera: &str, streams: &[&str]) -> Result<()>;

    /// Adds a phone of the owner, by login or passphrase as the scheme has it.
    fn enroll(&mut self, phone: &str) -> Result<()>;

    /// Shares streams. In a scheme that has no keys for it, the provider lets `member` at the
    /// objects, and that is all.
    fn share(&mut self, streams: &[&str], member: &str, term: Term) -> Result<()>;

    /// Takes streams away from a member.
    fn revoke(&mut self, streams: &[&str], member: &str) -> Result<()>;

    /// Records one session of `length` milliseconds and uploads it; returns its number, from 1.
    fn record(&mut self, camera: &str, stream: &str, bytes: &[u8], length: Time) -> Result<u64>;

    /// What `who` gets of a clip.
    fn view(&mut self, who: Who<'_>, stream: &str, clip: u64) -> Result<Vec<u8>>;

    /// Records a session that `viewers` watch as it comes about; for each, what it waited. Unless a
    /// scheme has more to offer, they follow the store: a session is there when it is over.
    fn live(
        &mut self,
        camera: &str,
        stream: &str,
        bytes: &[u8],
        length: Time,
        viewers: &[Who<'_>],
    ) -> Result<(u64, Vec<Delay>)> {
        let start = self.now();
        let clip = self.record(camera, stream, bytes, length)?;
        let mut delays = Vec::new();
        for who in viewers {
            let seen = self.view(*who, stream, clip);
            let waited = self.now() - start;
            delays.push(seen.map(|_| waited));
        }
        Ok((clip, delays))
    }

    /// Makes a link to a clip; returns the text to hand on.
    fn link(&mut self, stream: &str, clip: u64, until: Time) -> Result<String>;

    /// What somebody gets who has nothing but a link's text.
    fn follow_link(&mut self, text: &str) -> Result<Vec<u8>>;
}

/// What the schemes other than [`repaired`] share: store, clock, randomness.
pub struct World {
    /// The provider's object store.
    pub cloud: MemoryCloud,
    /// The clock of all.
    pub clock: ManualClock,
    /// The randomness of all.
    pub rng: ChaCha20Rng,
    /// The cost of the passphrase function.
    pub work: Work,
}

/// When every household begins: 2027-01-15T08:00:00Z.
pub const BEGIN: Time = 1_800_000_000_000;

impl World {
    /// An empty store in memory; the least work for the passphrase.
    ///
    /// # Errors
    /// `store-unavailable`.
    pub fn new(seed: u64) -> Result<Self> {
        Ok(Self {
            cloud: MemoryCloud::default(),
            clock: ManualClock::at(BEGIN),
            rng: ChaCha20Rng::seed_from_u64(seed),
            work: Work::LEAST,
        })
    }

    /// The time of day.
    pub fn now(&self) -> Time {
        self.clock.wall()
    }
}
