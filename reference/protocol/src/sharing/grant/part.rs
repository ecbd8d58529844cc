//! Parts: a stream key's private half for one member, under the pairwise key (SPEC section "Parts").

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::action::{self, Value};
use crate::announcement::{Announcement, StreamKey};
use crate::cose::Key;
use crate::crypto::{self, Aes128Gcm, KemPublic, KemSecret, SecretBytes};
use crate::error::{GrantError, Result};
use crate::keys::{KeyId, kem_id};
use crate::message::{AccountId, Body, Hash};

/// Length of a member's part: 8 bytes by which it is found, the sealed private key, the tag.
pub const PART_LEN: usize = 8 + 32 + 16;

/// The parts of one announcement whose finding bytes start with the same `shard_bits` bits.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Shard {
    /// The announcement or past share whose keys are granted.
    #[n(0)]
    pub statement: Hash,
    /// Which shard: the first `shard_bits` bits of every finding value in it.
    #[n(1)]
    pub index: u32,
    /// Parts of 56 bytes, ascending by their first 8 bytes.
    #[n(2)]
    pub parts: ByteVec,
}

impl Body for Shard {
    const TYPE: &'static str = "grants";
}

/// What is derived from a pairwise key for key `index` of one statement.
struct PartKeys {
    find: [u8; 8],
    seal: SecretBytes<16>,
}

impl PartKeys {
    /// HKDF-Expand with the pairwise key: the statement's hash in the input means that no two
    /// announcements, not even two of the same epoch by two phones, share a key, so that the
    /// nonce may be zero.
    fn derive(pairwise: &Key, statement: &Hash, index: u32) -> Result<Self> {
        let index = index.to_be_bytes();
        let mut find = [0; 8];
        let mut seal = SecretBytes::zero();
        let expand = |label: &[u8], out: &mut [u8]| {
            crypto::hkdf_expand(pairwise.as_bytes(), &[label, &statement.0, &index], out)
        };
        expand(b"eiot/1 grant find", &mut find)?;
        expand(b"eiot/1 grant seal", seal.as_mut_bytes())?;
        Ok(Self { find, seal })
    }

    fn cipher(&self) -> Aes128Gcm {
        Aes128Gcm::new(self.seal.as_bytes())
    }
}

const ZERO_NONCE: [u8; crypto::NONCE_LEN] = [0; crypto::NONCE_LEN];

/// One member's part: the private half of key `index` of `statement`.
///
/// # Errors
/// `crypto`.
pub fn part(
    pairwise: &Key,
    statement: &Hash,
    index: u32,
    secret: &KemSecret,
) -> Result<[u8; PART_LEN]> {
    let keys = PartKeys::derive(pairwise, statement, index)?;
    let mut out = [0; PART_LEN];
    let (find, sealed) = out.split_at_mut(8);
    let (body, tag) = sealed.split_at_mut(32);
    find.copy_from_slice(&keys.find);
    body.copy_from_slice(&*secret.to_bytes());
    tag.copy_from_slice(&keys.cipher().seal_in_place(&ZERO_NONCE, &[], body)?);
    Ok(out)
}

/// Parts in a shard, at most, if they fall evenly: what a statement adds to each part is then under
/// three bytes, and a member reads under 30 KB.
const SHARD: usize = 512;

/// How many bits choose the shard when there are `parts` parts.
pub fn shard_bits(parts: usize) -> u8 {
    let shards = parts.div_ceil(SHARD).next_power_of_two();
    u8::try_from(shards.trailing_zeros()).unwrap_or(16).min(16)
}

fn shard_of(find: &[u8], bits: u8) -> u32 {
    let first = find
        .iter()
        .take(4)
        .fold(0_u32, |value, byte| value << 8 | u32::from(*byte));
    first
        .checked_shr(32_u32.saturating_sub(u32::from(bits)))
        .unwrap_or(0)
}

/// Sorts the parts into `2^bits` shards; every shard is made, also an empty one.
pub fn shards(statement: &Hash, bits: u8, mut parts: Vec<[u8; PART_LEN]>) -> Vec<Shard> {
    parts.sort_unstable();
    let mut rest = &*parts;
    let of = |index| {
        let inside = rest.partition_point(|part| shard_of(&part[..8], bits) <= index);
        let (inside, after) = rest.split_at(inside);
        rest = after;
        Shard {
            statement: *statement,
            index,
            parts: inside.concat().into(),
        }
    };
    (0..1 << bits).map(of).collect()
}

/// What the model's rules of granting say of a member's part of key `index` of an announcement.
pub(crate) fn facts(
    account: &AccountId,
    announcement: &Announcement,
    statement: &Hash,
    index: u32,
    key: &StreamKey,
    member: KeyId,
) -> Vec<(&'static str, Value)> {
    let mut values = announcement.facts(account, statement);
    values.extend(key.place());
    values.push(("M", action::name(member)));
    values.push(("d", action::fresh("key", kem_id(&key.public))));
    let part = format!("{statement}/{index}/{member}");
    values.push(("r", action::fresh("grant", part)));
    values
}

/// Where a member looks for its part, and how it opens it.
pub struct Lookup {
    keys: PartKeys,
    bits: u8,
    /// The shard in which the part must be.
    pub shard: u32,
}

impl Lookup {
    /// The lookup of key `index` of `statement`, which has `2^bits` shards.
    ///
    /// # Errors
    /// `crypto`.
    pub fn new(pairwise: &Key, statement: &Hash, index: u32, bits: u8) -> Result<Self> {
        let keys = PartKeys::derive(pairwise, statement, index)?;
        let shard = shard_of(&keys.find, bits);
        Ok(Self { keys, bits, shard })
    }

    /// The part's first eight bytes, and the key that seals the rest: for test vectors.
    pub fn derived(&self) -> ([u8; 8], &SecretBytes<16>) {
        (self.keys.find, &self.keys.seal)
    }

    /// Finds the part by its first eight bytes and opens it. `None`: not granted.
    ///
    /// # Errors
    /// `shard-out-of-place`; `grant-open`; `grant-key` if what it holds is not the private half of
    /// `public`, which the statement's signature vouches for.
    pub fn open(
        &self,
        statement: &Hash,
        public: &KemPublic,
        shard: &Shard,
    ) -> Result<Option<KemSecret>> {
        let (parts, rest) = shard.parts.as_chunks::<PART_LEN>();
        // By what finds them: of two parts that are found alike, neither is anybody's.
        let ascending = |(a, b): (&[u8; PART_LEN], &[u8; PART_LEN])| a[..8] < b[..8];
        let sorted = parts.iter().zip(parts.iter().skip(1)).all(ascending);
        let here = parts
            .iter()
            .all(|part| shard_of(part, self.bits) == self.shard);
        let meant = shard.statement == *statement && shard.index == self.shard;
        if !rest.is_empty() || !sorted || !here || !meant {
            return Err(GrantError::ShardRange.into());
        }
        let Ok(found) = parts.binary_search_by(|part| part[..8].cmp(&self.keys.find)) else {
            return Ok(None);
        };
        let sealed = &parts[found][8..];
        let plain = self.keys.cipher().open(&ZERO_NONCE, &[], sealed);
        let plain = plain.map_err(|_| GrantError::GrantOpen)?;
        let scalar = <&[u8; 32]>::try_from(&**plain).map_err(|_| GrantError::GrantOpen)?;
        let secret = KemSecret::from_bytes(scalar).map_err(|_| GrantError::GrantKey)?;
        if secret.public() != *public {
            return Err(GrantError::GrantKey.into());
        }
        Ok(Some(secret))
    }
}
