//! What the vectors are about: an account with fixed keys.

use encryptediot::cbor::Bytes;
use encryptediot::crypto::{self, KemSecret, RsaSigningKey, SecretBytes, SigningKey};
use encryptediot::keys::{self, Name, member_id};
use encryptediot::message::{self, AccountId, Body, Time};
use encryptediot::passphrase::Passphrase;
use encryptediot::roster::{self, CameraEntry, PhoneKeys, Private};
use encryptediot::statement;
use encryptediot::vault::{self, Pdk, Ring, Work};
use encryptediot_testkit::household::name;
use encryptediot_testkit::keys as ready;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::super::{Error, Result};

/// When everything happens.
pub const START: Time = 1_800_000_000_000;

/// The roster under which statements made by hand are made.
pub const ROSTER: roster::Head = roster::Head {
    number: 2,
    hash: Bytes([15; 32]),
};

/// The words of the account.
pub const WORDS: &str = "abandon ability able about above absent absorb abstract absurd abuse";

/// Reads hexadecimal in lines.
pub fn unhex(text: &str) -> Result<Vec<u8>> {
    let digits: String = text.split_whitespace().collect();
    hex::decode(digits).map_err(|error| Error::Generate(error.to_string()))
}

/// RSA keys that no account may have: what they are, and PKCS #8.
pub fn bad_rsa() -> Result<Vec<(&'static str, Vec<u8>)>> {
    Ok(vec![
        ("1024-bits", unhex(ready::BITS_1024)?),
        ("3072-bits", unhex(ready::BITS_3072)?),
        ("exponent-3", unhex(ready::EXPONENT_3)?),
    ])
}

/// A generator from a seed.
pub fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// A generator from what it is drawn for.
pub fn rng_of(what: &[u8]) -> ChaCha20Rng {
    ChaCha20Rng::from_seed(crypto::sha256(what))
}

/// An account and its keys.
pub struct World {
    /// The account signing key.
    pub root: RsaSigningKey,
    /// The account.
    pub account: AccountId,
    /// The key ring: two generations, and the ring of an account that was replaced.
    pub ring: Ring,
    /// The camera `door`.
    pub camera: SigningKey,
    /// The lease key of the phone `phone`.
    pub lease: SigningKey,
    /// Its instance key.
    pub instance: KemSecret,
    /// The member key of `alice`.
    pub member: KemSecret,
}

/// A private key whose 32 bytes are all the same.
pub fn kem(byte: u8) -> Result<KemSecret> {
    Ok(KemSecret::from_bytes(&[byte; 32])?)
}

/// Likewise for signing.
pub fn signing(byte: u8) -> Result<SigningKey> {
    Ok(SigningKey::from_bytes(&[byte; 32])?)
}

/// The stream `x`.
pub fn x() -> Result<Name> {
    Ok(name("x")?)
}

impl World {
    fn with_root(pkcs8: &str) -> Result<Self> {
        let root = RsaSigningKey::from_pkcs8(&unhex(pkcs8)?)?;
        Ok(Self {
            account: keys::account_id(root.public()),
            root,
            ring: Ring {
                keys: vec![SecretBytes::new([1; 32]), SecretBytes::new([2; 32])],
                predecessors: vec![(Bytes([3; 32]), vec![SecretBytes::new([4; 32])])],
            },
            camera: signing(5)?,
            lease: signing(6)?,
            instance: kem(7)?,
            member: kem(8)?,
        })
    }

    /// The account of the vectors.
    ///
    /// # Errors
    /// If the ready-made key is none.
    pub fn new() -> Result<Self> {
        Self::with_root(ready::ACCOUNT)
    }

    /// The same people with another account.
    ///
    /// # Errors
    /// If the ready-made key is none.
    pub fn other() -> Result<Self> {
        Self::with_root(ready::OTHER)
    }

    /// The root as it lies in the cloud.
    pub fn root_bytes(&self) -> Vec<u8> {
        keys::encode_root(self.root.public())
    }

    /// Signs messages with one signature. What is random in it is drawn for these messages alone.
    pub fn sign_all(&self, leaves: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>> {
        let mut rng = rng_of(&leaves.concat());
        Ok(statement::sign_all(
            &self.root,
            &self.account,
            leaves,
            &mut rng,
        )?)
    }

    /// Signs a message by itself.
    pub fn sign(&self, leaf: Vec<u8>) -> Result<Vec<u8>> {
        let signed = self.sign_all(vec![leaf])?.into_iter().next();
        signed.ok_or_else(|| Error::Generate("no statement".to_owned()))
    }

    /// Signs a message in another account's name.
    pub fn sign_for(&self, account: &AccountId, leaf: Vec<u8>) -> Result<Vec<u8>> {
        let mut rng = rng_of(&leaf);
        let signed = statement::sign_all(&self.root, account, vec![leaf], &mut rng)?;
        let signed = signed.into_iter().next();
        signed.ok_or_else(|| Error::Generate("no statement".to_owned()))
    }

    /// Signs what a body says.
    pub fn state<T: Body>(&self, body: T) -> Result<Vec<u8>> {
        self.sign(self.encode(body))
    }

    /// A body as a message.
    pub fn encode<T: Body>(&self, body: T) -> Vec<u8> {
        message::encode(&self.account, body)
    }

    /// The phone's public keys.
    pub fn phone_keys(&self) -> PhoneKeys {
        PhoneKeys {
            instance: self.instance.public(),
            lease: self.lease.verifying_key(),
        }
    }

    /// Vault 2, under a PDK of the account's words, with the least work.
    pub fn vault(&self) -> Result<Vec<u8>> {
        let pdk = Pdk::derive(&Passphrase::parse(WORDS)?, Work::LEAST, &mut rng(18))?;
        Ok(vault::seal(2, &pdk, &self.root, &self.ring, &mut rng(19))?)
    }

    /// The draft of roster 2.
    pub fn roster_draft(&self) -> Result<roster::Draft> {
        Ok(roster::Draft {
            number: 2,
            previous: Some(Bytes([19; 32])),
            issued: START,
            phones: vec![(name("phone")?, self.phone_keys())],
            cameras: vec![CameraEntry {
                name: name("door")?,
                key: Some(self.camera.verifying_key()),
                streams: vec![x()?, name("y")?],
            }],
            private: Private {
                members: 3,
                all_streams: vec![member_id(&self.member.public())],
                unlocked: Vec::new(),
            },
        })
    }

    /// Roster 3 after [`ROSTER`], or the one that another phone made after it: its place, and the statement.
    pub fn roster_three(&self, another: bool) -> Result<(roster::Head, Vec<u8>)> {
        let draft = roster::Draft {
            number: 3,
            previous: Some(ROSTER.hash),
            issued: START + u64::from(another),
            ..self.roster_draft()?
        };
        let leaf = self.roster(draft)?;
        let (number, hash) = (3, message::hash(&leaf));
        Ok((roster::Head { number, hash }, self.sign(leaf)?))
    }

    /// A roster's message.
    pub fn roster(&self, draft: roster::Draft) -> Result<Vec<u8>> {
        Ok(draft.message(&self.account, &self.ring, &mut rng(20))?)
    }
}
