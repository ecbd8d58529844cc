//! The households of histories: the one that is attacked, and another account whose objects the adversary
//! may show in its place.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use encryptediot::clock::ManualClock;
use encryptediot::cloud::Cloud;
use encryptediot::crypto::RsaSigningKey;
use encryptediot::owner::{self, Term};
use encryptediot::passphrase::Passphrase;
use encryptediot::vault::{Opened, Pdk, Ring, Work};
use encryptediot::{Result, action};
use encryptediot_testkit::MemoryCloud;
use encryptediot_testkit::household::{Household, name};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::op::{CAMERAS, MEMBERS, PHONES, STREAMS};

/// When histories begin: at the start of a window.
pub(super) const BEGIN: u64 = 1_800_000_000_000;

/// An RSA key that is there already: making one takes longer than a history.
pub(super) fn root(hex: &str) -> Result<RsaSigningKey> {
    let digits: String = hex.split_whitespace().collect();
    let bytes = hex::decode(digits);
    Ok(RsaSigningKey::from_pkcs8(&bytes.unwrap_or_default())?)
}

fn household(cloud: Box<dyn Cloud>, key: RsaSigningKey, seed: u64) -> Result<Household> {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let passphrase = Passphrase::generate(&mut rng);
    let opened = Opened {
        signing_key: key,
        ring: Ring::generate(&mut rng),
        pdk: Pdk::derive(&passphrase, Work::LEAST, &mut rng)?,
    };
    let mut first = owner::create_account_of(name(PHONES[0])?, opened, BEGIN, &mut rng)?;
    first.sync(&*cloud)?;
    let phones = BTreeMap::from([(first.name().clone(), first)]);
    Ok(Household {
        cloud,
        clock: ManualClock::at(BEGIN),
        rng,
        passphrase,
        work: Work::LEAST,
        phones,
        cameras: BTreeMap::new(),
        members: BTreeMap::new(),
    })
}

/// A store in the adversary's hands, where every device may be shown another history.
pub(super) fn hostile() -> MemoryCloud {
    let cloud = MemoryCloud::default();
    cloud.fork();
    cloud
}

pub(super) fn furnished(cloud: &MemoryCloud, key: RsaSigningKey, seed: u64) -> Result<Household> {
    let mut house = household(Box::new(cloud.clone()), key, seed)?;
    for (camera, streams) in &CAMERAS[..2] {
        house.pair(PHONES[0], camera, streams)?;
    }
    for member in MEMBERS {
        house.meet(member)?;
    }
    Ok(house)
}

/// Another account, and the objects in its cloud by their paths.
type Elsewhere = (String, BTreeMap<String, Vec<u8>>);

static ELSEWHERE: OnceLock<Elsewhere> = OnceLock::new();

/// An account of other people, the same for every history.
pub(super) fn elsewhere() -> &'static Elsewhere {
    ELSEWHERE.get_or_init(|| other_account().unwrap_or_default())
}

fn other_account() -> Result<Elsewhere> {
    let cloud = hostile();
    let key = RsaSigningKey::generate(&mut ChaCha20Rng::seed_from_u64(1))?;
    let (made, _) = action::observe(|| {
        let mut house = furnished(&cloud, key, 1)?;
        house.share(PHONES[0], &STREAMS[..3], &MEMBERS[..1], Term::UntilRevoked)?;
        house.record(CAMERAS[0].0, STREAMS[0], b"elsewhere")?;
        house.account()
    });
    let objects = cloud.paths().into_iter();
    let objects = objects.filter_map(|path| Some((path.clone(), cloud.find(&path).ok()??)));
    Ok((made?.to_string(), objects.collect()))
}
