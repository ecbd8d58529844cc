//! What the vectors are about: an account with fixed keys, and one good object of every kind.

use encryptediot::acknowledgement::Acknowledgement;
use encryptediot::announcement::{Announcement, Head, Kind, StreamKey, Window};
use encryptediot::cbor::Bytes;
use encryptediot::checkpoint::Checkpoint;
use encryptediot::clip::{self, Manifest, Role};
use encryptediot::cose;
use encryptediot::crypto::{
    self, KemPublic, KemSecret, RsaSigningKey, SecretBytes, SigningKey, hpke_seal,
};
use encryptediot::grant::{self, Holding, Member, Shard};
use encryptediot::keys::{self, Name, kem_id};
use encryptediot::lease::Lease;
use encryptediot::message::{self, AccountId, Body, Hash, Time};
use encryptediot::passphrase::Passphrase;
use encryptediot::past::{PastClip, PastShare};
use encryptediot::roster::{self, CameraEntry, PhoneKeys, Private, Wrapped};
use encryptediot::segment::{Sealer, SessionKey};
use encryptediot::statement::{self, TreeHead};
use encryptediot::unlock::Unlock;
use encryptediot::vault::{self, Pdk, Ring, Work};
use encryptediot_testkit::household::name;
use encryptediot_testkit::keys as ready;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::super::{Error, Result};
use super::item::Item;

/// When everything happens.
pub const START: Time = 1_800_000_000_000;

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
    /// The owner's stream key of `x`.
    pub owner_key: KemSecret,
    /// The DSK of `x`.
    pub dsk: KemSecret,
    /// A TDSK of `x`.
    pub tdsk: KemSecret,
    /// A key of somebody who has nothing to do with it.
    pub stranger: KemSecret,
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

/// The stream `y`.
pub fn y() -> Result<Name> {
    Ok(name("y")?)
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
            owner_key: kem(9)?,
            dsk: kem(10)?,
            tdsk: kem(11)?,
            stranger: kem(12)?,
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

    /// Signs what is said to be a tree head.
    pub fn sign_head(&self, payload: Vec<u8>) -> Result<Vec<u8>> {
        let mut rng = rng_of(&payload);
        Ok(cose::sign_root(&self.root, payload, &mut rng)?)
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

    /// The announcement of epoch 2 on `x`: the owner's key, a DSK, a TDSK for the first second.
    pub fn announced(&self) -> Result<Announcement> {
        let key = |kind, window, key: &KemSecret| StreamKey {
            kind,
            window,
            public: key.public(),
        };
        let window = Window {
            from: START,
            until: START + 1_000,
        };
        Ok(Announcement {
            camera: self.camera.verifying_key(),
            stream: x()?,
            epoch: 2,
            previous: Some(Bytes([12; 32])),
            issued: START,
            lease: 604_800_000,
            phones: vec![self.phone_keys()],
            keys: vec![
                key(Kind::Owner, None, &self.owner_key),
                key(Kind::Dsk, None, &self.dsk),
                key(Kind::Tdsk, Some(window), &self.tdsk),
            ],
            backup: Bytes([13; 32]),
            shard_bits: 0,
        })
    }

    /// The hash of [`Self::announced`].
    pub fn announced_hash(&self) -> Result<Hash> {
        Ok(message::hash(&self.encode(self.announced()?)))
    }

    /// A PDK of the account's words, with the least work.
    pub fn pdk(&self) -> Result<Pdk> {
        Ok(Pdk::derive(
            &Passphrase::parse(WORDS)?,
            Work::LEAST,
            &mut rng(18),
        )?)
    }

    /// Vault 2.
    pub fn vault(&self) -> Result<Vec<u8>> {
        Ok(vault::seal(
            2,
            &self.pdk()?,
            &self.root,
            &self.ring,
            &mut rng(19),
        )?)
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
                key: self.camera.verifying_key(),
                streams: vec![x()?, name("y")?],
            }],
            private: Private {
                members: 3,
                all_streams: vec![2],
            },
        })
    }

    /// A roster's message.
    pub fn roster(&self, draft: roster::Draft) -> Result<Vec<u8>> {
        Ok(draft.message(&self.account, &self.ring, &mut rng(20))?)
    }

    /// The acknowledgement of [`Self::announced`].
    pub fn acknowledgement(&self) -> Result<Acknowledgement> {
        Ok(Acknowledgement {
            camera: self.camera.verifying_key(),
            stream: x()?,
            epoch: 2,
            announcement: self.announced_hash()?,
            first: 3,
            time: START + 1,
        })
    }

    /// A lease extension of [`Self::announced`].
    pub fn lease_body(&self) -> Result<Lease> {
        Ok(Lease {
            camera: self.camera.verifying_key(),
            stream: x()?,
            announcement: self.announced_hash()?,
            key: self.lease.verifying_key(),
            until: START + 2_000_000_000,
        })
    }

    /// Wraps a session key for `x` under [`Self::announced`].
    pub fn wrap(&self, role: Role, to: &KemPublic, key: &SessionKey) -> Result<clip::Envelope> {
        let hash = self.announced_hash()?;
        let (account, clip) = (&self.account, Bytes([15; 16]));
        let mut rng = rng(30 + role as u64);
        Ok(clip::wrap(
            account,
            &x()?,
            &hash,
            &clip,
            role,
            to,
            key,
            &mut rng,
        )?)
    }

    /// The session key of [`Self::recorded`].
    pub fn session_key(&self) -> SessionKey {
        SessionKey::new([16; 16])
    }

    /// A session on `x` with this plaintext, and its sealed body.
    pub fn recorded(&self, plaintext: &[u8]) -> Result<(Manifest, Vec<u8>)> {
        let (clip, key) = (Bytes([15; 16]), self.session_key());
        let context = clip::segment_context(&self.account, &clip);
        let mut sealer = Sealer::new(&key, context, Vec::new());
        sealer.write(plaintext)?;
        let sealed = sealer.finish()?;
        let envelopes = vec![
            self.wrap(Role::Instance, &self.instance.public(), &key)?,
            self.wrap(Role::Owner, &self.owner_key.public(), &key)?,
            self.wrap(Role::Dsk, &self.dsk.public(), &key)?,
            self.wrap(Role::Tdsk, &self.tdsk.public(), &key)?,
        ];
        let manifest = Manifest {
            camera: self.camera.verifying_key(),
            stream: x()?,
            sequence: 3,
            previous: Some(Bytes([17; 32])),
            announcement: self.announced_hash()?,
            clip,
            start: START,
            end: START + 1_000,
            length: sealed.length,
            segments: sealed.hashes,
            envelopes,
        };
        Ok((manifest, sealed.body))
    }

    /// Signs a manifest.
    pub fn manifest(&self, manifest: Manifest) -> Result<Vec<u8>> {
        Ok(clip::sign(&self.camera, &self.account, manifest)?)
    }

    /// A past share of one clip.
    pub fn past_share(&self) -> Result<PastShare> {
        let (manifest, _) = self.recorded(b"clip")?;
        let hash = message::hash(&self.encode(manifest.clone()));
        let (to, clip, role) = (self.tdsk.public(), manifest.clip, Role::Past);
        let (account, key) = (&self.account, self.session_key());
        let envelope = clip::wrap(account, &x()?, &hash, &clip, role, &to, &key, &mut rng(28))?;
        Ok(PastShare {
            camera: self.camera.verifying_key(),
            stream: x()?,
            issued: START,
            window: Window {
                from: START,
                until: START + 2_000,
            },
            key: to,
            clips: vec![PastClip {
                sequence: 3,
                manifest: hash,
                envelope,
            }],
            backup: Bytes([29; 32]),
            shard_bits: 0,
        })
    }

    /// The pairwise key of `alice` that [`Self::grants`] and [`Self::member_record`] have.
    pub fn pairwise(&self) -> SecretBytes<32> {
        SecretBytes::new([25; 32])
    }

    /// The grants of [`Self::announced`]: the DSK and the TDSK for `alice`, the DSK for two others.
    pub fn grants(&self) -> Result<Shard> {
        let hash = self.announced_hash()?;
        let part = |byte: u8, index, key: &KemSecret| -> Result<_> {
            Ok(grant::part(
                &SecretBytes::new([byte; 32]),
                &hash,
                index,
                key,
            )?)
        };
        let parts = vec![
            part(25, 1, &self.dsk)?,
            part(25, 2, &self.tdsk)?,
            part(26, 1, &self.dsk)?,
            part(27, 1, &self.dsk)?,
        ];
        let shard = grant::shards(&hash, 0, parts).into_iter().next();
        shard.ok_or_else(|| Error::Generate("no shard".to_owned()))
    }

    /// The owner's record of `alice`.
    pub fn member_record(&self) -> Result<Vec<u8>> {
        let member = Member {
            number: 3,
            name: name("alice")?,
            key: self.member.public(),
            pairwise: self.pairwise(),
        };
        Ok(grant::seal_member(
            &self.account,
            &self.ring,
            &member,
            &mut rng(26),
        )?)
    }

    /// The backup of the keys of [`Self::announced`], with its hash.
    pub fn backup(&self) -> Result<(Hash, Vec<u8>)> {
        let held = |secret: &KemSecret, members: &[u64]| Holding {
            secret: secret.clone(),
            members: members.to_vec(),
        };
        let held = [
            held(&self.owner_key, &[]),
            held(&self.dsk, &[1, 3]),
            held(&self.tdsk, &[3]),
        ];
        Ok(grant::seal_backup(
            &self.account,
            &self.ring,
            &x()?,
            &held,
            &mut rng(27),
        )?)
    }

    /// What is sealed in `unlock`, in this phone's context.
    pub fn unlock(&self, plain: &[u8]) -> Result<Unlock> {
        let (key, id) = (self.instance.public(), kem_id(&self.instance.public()));
        let info = message::context("unlock", &self.account, id);
        let (enc, ciphertext) = hpke_seal(&key, &info, &[], plain, &mut rng(23))?;
        let (enc, ciphertext) = (Bytes(enc), ciphertext.into());
        Ok(Unlock {
            phone: id,
            pdk: Wrapped { enc, ciphertext },
        })
    }

    /// `unlock-plain`.
    pub fn unlock_plain(&self) -> Item {
        let work = [10, 8, 1, 1_000].map(Item::Uint).to_vec();
        Item::Array(vec![
            Item::bytes([33; 16]),
            Item::Array(work),
            Item::bytes([34; 32]),
        ])
    }

    /// A phone's checkpoint.
    pub fn checkpoint(&self) -> Result<Checkpoint> {
        let head = |epoch, byte| Head {
            epoch,
            hash: Bytes([byte; 32]),
            issued: START,
        };
        Ok(Checkpoint {
            roster: Some(roster::Head {
                number: 2,
                hash: Bytes([35; 32]),
            }),
            streams: vec![(x()?, head(2, 36)), (name("y")?, head(1, 37))],
        })
    }

    /// A good message of every type that `message-read` reads, by its type.
    pub fn messages(&self) -> Result<Vec<(&'static str, Vec<u8>)>> {
        let head = TreeHead {
            root: Bytes([38; 32]),
            size: 300,
        };
        let mut rng = rng(22);
        let (introduction, _) =
            grant::introduce(&self.account, &self.member.public(), 3, &mut rng)?;
        let unlock = self.unlock(&self.unlock_plain().encode())?;
        let (manifest, _) = self.recorded(b"clip")?;
        Ok(vec![
            ("tree-head", self.encode(head)),
            ("vault", self.vault()?),
            ("unlock", self.encode(unlock)),
            ("roster", self.roster(self.roster_draft()?)?),
            ("member", self.member_record()?),
            ("backup", self.backup()?.1),
            ("introduction", self.encode(introduction)),
            ("announcement", self.encode(self.announced()?)),
            ("acknowledgement", self.encode(self.acknowledgement()?)),
            ("lease", self.encode(self.lease_body()?)),
            ("grants", self.encode(self.grants()?)),
            ("manifest", self.encode(manifest)),
            ("past-share", self.encode(self.past_share()?)),
            ("checkpoint", self.encode(self.checkpoint()?)),
        ])
    }

    /// The good message of a type.
    pub fn message(&self, kind: &str) -> Result<Vec<u8>> {
        let all = self.messages()?.into_iter();
        let mut found = all
            .filter(|(name, _)| *name == kind)
            .map(|(_, bytes)| bytes);
        let missing = || Error::Generate(format!("no message of type {kind}"));
        found.next().ok_or_else(missing)
    }
}
