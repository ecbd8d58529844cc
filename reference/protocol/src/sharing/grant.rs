//! What a member is given: one introduction by public key, then its part of every announcement
//! under the pairwise key that the introduction set up (SPEC section "Sharing").

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;

use crate::action::{self, Value};
use crate::announcement::{Announcement, StreamKey};
use crate::cbor::{self, Bytes};
use crate::cose::{self, Key};
use crate::crypto::{self, Aes128Gcm, KemPublic, KemSecret, RsaPublic, SecretBytes};
use crate::error::{AccountError, ErrorKind, GrantError, MessageError, Result, StoreError};
use crate::keys::{KeyId, Name, kem_id};
use crate::message::{self, AccountId, Body, Hash};
use crate::statement;
use crate::vault::Ring;

// ---------------------------------------------------------------- introduction

/// The statement that sets up a pairwise key by public-key encryption.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Introduction {
    /// The member's key, as verified out of band.
    #[n(0)]
    pub member: KemPublic,
    /// The number under which the owner keeps the member, never used again.
    #[n(1)]
    pub number: u64,
    /// HPKE's encapsulated key.
    #[n(2)]
    pub enc: Bytes<65>,
    /// HPKE's ciphertext of the empty string: 16 bytes that confirm the key.
    #[n(3)]
    pub confirmation: Bytes<16>,
}

impl Body for Introduction {
    const TYPE: &'static str = "introduction";
}

/// The exporter context (RFC 9180 section 5.3) of the pairwise key.
const PAIRWISE: &[u8] = b"eiot/1 pairwise key";

/// The HPKE `info` of introduction `number`.
pub fn introduction_context(account: &AccountId, number: u64) -> Vec<u8> {
    message::context(Introduction::TYPE, account, number)
}

/// Makes an introduction and the pairwise key that it sets up.
///
/// # Errors
/// `crypto`.
pub fn introduce<R>(
    account: &AccountId,
    member: &KemPublic,
    number: u64,
    rng: &mut R,
) -> Result<(Introduction, Key)>
where
    R: CryptoRng + ?Sized,
{
    let info = introduction_context(account, number);
    let (enc, tag, pairwise) = crypto::hpke_seal_export(member, &info, &[], &[], PAIRWISE, rng)?;
    let confirmation = Bytes(tag.try_into().map_err(|_| ErrorKind::Crypto)?);
    Ok((
        Introduction {
            member: *member,
            number,
            enc: Bytes(enc),
            confirmation,
        },
        pairwise,
    ))
}

/// Verifies an introduction under the pinned root and opens it: the member's side.
///
/// # Errors
/// Those of [`statement::open`]; `not-recipient`; `introduction-open`.
pub fn open_introduction(
    root: &RsaPublic,
    account: &AccountId,
    member: &KemSecret,
    bytes: &[u8],
) -> Result<(Hash, u64, Key)> {
    let signed = statement::open::<Introduction>(root, account, bytes)?;
    let Introduction {
        member: recipient,
        number,
        enc,
        confirmation,
    } = signed.body;
    if recipient != member.public() {
        return Err(GrantError::NotRecipient.into());
    }
    let info = introduction_context(account, number);
    let opened = crypto::hpke_open_export(member, &enc.0, &info, &[], &confirmation.0, PAIRWISE);
    let (_, pairwise) = opened.map_err(|_| GrantError::IntroductionOpen)?;
    Ok((signed.hash, number, pairwise))
}

// ---------------------------------------------------------------- parts

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
        let mut seal = zeroize::Zeroizing::new([0; 16]);
        let expand = |label: &[u8], out: &mut [u8]| {
            crypto::hkdf_expand(pairwise.as_bytes(), &[label, &statement.0, &index], out)
        };
        expand(b"eiot/1 grant find", &mut find)?;
        expand(b"eiot/1 grant seal", &mut *seal)?;
        Ok(Self {
            find,
            seal: SecretBytes::new(*seal),
        })
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
    first.checked_shr(32 - u32::from(bits)).unwrap_or(0)
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
    (account, announcement): (&AccountId, &Announcement),
    statement: &Hash,
    (index, key): (u32, &StreamKey),
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
        Ok(Self { keys, shard })
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
        let sorted = parts.iter().zip(parts.iter().skip(1)).all(|(a, b)| a < b);
        if !rest.is_empty() || !sorted || shard.statement != *statement || shard.index != self.shard
        {
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

// ---------------------------------------------------------------- the owner's records

/// A member as the owner keeps it, sealed in the cloud.
#[derive(Clone)]
pub struct Member {
    /// The number in the introduction.
    pub number: u64,
    /// What the owner calls the member.
    pub name: Name,
    /// The member's verified key.
    pub key: KemPublic,
    /// The key that both derived at the introduction.
    pub pairwise: Key,
}

/// A record that lies in the cloud sealed under a key of the ring.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SealedMember {
    /// The member's number.
    #[n(0)]
    pub number: u64,
    /// The generation of the key that seals it.
    #[n(1)]
    pub generation: u64,
    /// Name, key and pairwise key, `COSE_Encrypt0`.
    #[n(2)]
    pub sealed: ByteVec,
}

impl Body for SealedMember {
    const TYPE: &'static str = "member";
}

/// Seals a member's record under the ring's newest key. Gives the statement's message, to be signed:
/// whoever has a key of the ring, a lost phone say, must not make records.
///
/// # Errors
/// `crypto`.
pub fn seal_member<R>(account: &AccountId, ring: &Ring, m: &Member, rng: &mut R) -> Result<Vec<u8>>
where
    R: CryptoRng + ?Sized,
{
    let generation = ring.generation();
    let place = message::context(SealedMember::TYPE, account, (m.number, generation));
    let plain = (m.name.clone(), m.key, Bytes(*m.pairwise.as_bytes()));
    let plain = zeroize::Zeroizing::new(cbor::encode(&plain));
    let sealed = cose::seal(ring.key(generation)?, &place, &plain, rng)?.into();
    Ok(message::encode(
        account,
        SealedMember {
            number: m.number,
            generation,
            sealed,
        },
    ))
}

/// Verifies a member's record under the pinned root and opens it.
///
/// # Errors
/// Those of [`statement::open`]; `sealed-open`, also if it is another member's.
pub fn open_member(
    root: &RsaPublic,
    account: &AccountId,
    ring: &Ring,
    number: u64,
    bytes: &[u8],
) -> Result<Member> {
    let record = statement::open::<SealedMember>(root, account, bytes)?.body;
    if record.number != number {
        return Err(AccountError::SealedOpen.into());
    }
    let place = message::context(SealedMember::TYPE, account, (number, record.generation));
    let plain = cose::unseal(ring.key(record.generation)?, &place, &record.sealed)?;
    let (name, key, pairwise): (Name, KemPublic, Bytes<32>) = cbor::decode(&plain)?;
    Ok(Member {
        number,
        name,
        key,
        pairwise: SecretBytes::new(pairwise.0),
    })
}

/// The private halves of an announcement's or past share's keys and who holds them, sealed for the
/// owner's phones. The statement names its hash, so the cloud can withhold it, not replace it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Backup {
    /// The generation of the key that seals it.
    #[n(0)]
    pub generation: u64,
    /// The stream.
    #[n(1)]
    pub stream: Name,
    /// One [`Holding`] per key, in the statement's order, `COSE_Encrypt0`.
    #[n(2)]
    pub sealed: ByteVec,
}

impl Body for Backup {
    const TYPE: &'static str = "backup";
}

/// A stream key's private half and the numbers of the members who hold it.
#[derive(Clone)]
pub struct Holding {
    /// The private half.
    pub secret: KemSecret,
    /// The members' numbers, ascending; none for the owner's key.
    pub members: Vec<u64>,
}

/// Seals the backup. Returns the object and its hash.
///
/// # Errors
/// `crypto`.
pub fn seal_backup<R>(
    account: &AccountId,
    ring: &Ring,
    stream: &Name,
    holdings: &[Holding],
    rng: &mut R,
) -> Result<(Hash, Vec<u8>)>
where
    R: CryptoRng + ?Sized,
{
    let generation = ring.generation();
    let place = message::context(Backup::TYPE, account, (generation, stream.clone()));
    let plain = |h: &Holding| (Bytes(*h.secret.to_bytes()), h.members.clone());
    let plain: Vec<_> = holdings.iter().map(plain).collect();
    let plain = zeroize::Zeroizing::new(cbor::encode(&plain));
    let sealed = cose::seal(ring.key(generation)?, &place, &plain, rng)?.into();
    let bytes = message::encode(
        account,
        Backup {
            generation,
            stream: stream.clone(),
            sealed,
        },
    );
    Ok((message::hash(&bytes), bytes))
}

/// Are these the private halves of the statement's keys, in its order?
///
/// # Errors
/// `grant-key`.
pub fn check_holdings(
    holdings: &[Holding],
    announced: impl ExactSizeIterator<Item = KemPublic>,
) -> Result<()> {
    let count = announced.len();
    let agree = holdings
        .iter()
        .zip(announced)
        .all(|(holding, public)| holding.secret.public() == public);
    if holdings.len() != count || !agree {
        return Err(GrantError::GrantKey.into());
    }
    Ok(())
}

/// Opens the backup that a statement names. Returns the generation of the ring's key that seals it
/// as well.
///
/// # Errors
/// `object-path` if its hash is another; those of the message; `sealed-open`.
pub fn open_backup(
    account: &AccountId,
    ring: &Ring,
    stream: &Name,
    hash: &Hash,
    bytes: &[u8],
) -> Result<(u64, Vec<Holding>)> {
    if message::hash(bytes) != *hash {
        return Err(StoreError::Path.into());
    }
    let backup: Backup = message::decode(account, bytes)?;
    let place = message::context(Backup::TYPE, account, (backup.generation, stream.clone()));
    let plain = cose::unseal(ring.key(backup.generation)?, &place, &backup.sealed)?;
    let holdings: Vec<(Bytes<32>, Vec<u64>)> = cbor::decode(&plain)?;
    if holdings.is_empty() {
        return Err(MessageError::Malformed.into());
    }
    let holding = |(secret, members): (Bytes<32>, Vec<u64>)| {
        Ok(Holding {
            secret: KemSecret::from_bytes(&secret.0).map_err(|_| MessageError::InvalidKey)?,
            members,
        })
    };
    let holdings: Result<Vec<Holding>> = holdings.into_iter().map(holding).collect();
    Ok((backup.generation, holdings?))
}
