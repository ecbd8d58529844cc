//! What a thief of a device's stored state can open, with everything that the cloud holds.

use encryptediot::announcement::Announcement;
use encryptediot::cbor::{self, Bytes};
use encryptediot::clip::{self, Manifest, Role};
use encryptediot::cloud::Paths;
use encryptediot::cose;
use encryptediot::crypto::{KemPublic, KemSecret, SecretBytes, SigningKey};
use encryptediot::grant::{self, Lookup, SealedMember, Shard};
use encryptediot::keys::Name;
use encryptediot::message::{self, AccountId};
use encryptediot::past::PastShare;
use encryptediot::statement;
use encryptediot::vault;

use crate::cloud::{MemoryCloud, Objects};

/// A phone's two private keys and its ring, from what it stores.
pub struct Loot {
    /// The private half of its instance key.
    pub instance: KemSecret,
    /// Its key ring.
    pub ring: vault::Ring,
}

/// A phone's keys, from its stored state; panics if that is not one.
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
    pub fn keys(self, cloud: &MemoryCloud) -> Vec<KemSecret> {
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
pub fn member_keys(stored: &[u8], cloud: &MemoryCloud) -> Vec<KemSecret> {
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

/// Every private key that pairwise keys open in the whole cloud.
pub fn granted(pairwise: &[SecretBytes<32>], cloud: &MemoryCloud) -> Vec<KemSecret> {
    Everything(cloud.objects()).granted(pairwise)
}

/// Does one of `keys` open clip `sequence`, in any role, from the camera's envelopes or a past
/// share's? Nothing is checked that only honest devices check.
pub fn opens(keys: &[KemSecret], cloud: &MemoryCloud, stream: &Name, sequence: u64) -> bool {
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
            clip::unwrap(&id, stream, statement, &manifest.clip, envelopes, role, key)
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
