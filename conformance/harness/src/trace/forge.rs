//! What the adversary makes with keys of its own, in the form that the protocol has: signatures are
//! under its keys, all else is as it would have to be.

use encryptediot::acknowledgement::Acknowledgement;
use encryptediot::announcement::{Announcement, Kind, StreamKey, open};
use encryptediot::cbor::{self, Bytes};
use encryptediot::clip::{self, Manifest, Role};
use encryptediot::cloud::{Cloud, Paths};
use encryptediot::contact::Card;
use encryptediot::cose::{self, Signed};
use encryptediot::crypto::{
    KemPublic, KemSecret, RsaPublic, RsaSigningKey, SecretBytes, SigningKey, hpke_seal,
};
use encryptediot::error::StoreError;
use encryptediot::keys::{Name, kem_id};
use encryptediot::message::{self, AccountId, Hash, Time};
use encryptediot::roster::{PhoneKeys, Wrapped};
use encryptediot::segment::{Sealer, SessionKey};
use encryptediot::unlock::Unlock;
use encryptediot::vault::{Ring, Vault, Work};
use encryptediot::{Result, grant, statement};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng};

/// Objects of the store, by their paths.
pub type Objects = Vec<(String, Vec<u8>)>;

/// The account that is lied about, as it really is.
pub struct Truth<'t> {
    /// The store.
    pub cloud: &'t dyn Cloud,
    pub account: AccountId,
    pub root: &'t RsaPublic,
    /// The time.
    pub now: Time,
}

/// An adversary with keys of its own.
pub struct Forger {
    root: RsaSigningKey,
    camera: SigningKey,
    phone: KemSecret,
    lease: SigningKey,
    owner: KemSecret,
    dsk: KemSecret,
    rng: ChaCha20Rng,
}

impl Forger {
    /// An adversary who signs with `root` where the account would.
    ///
    /// # Errors
    /// `crypto`.
    pub fn new(root: RsaSigningKey, seed: u64) -> Result<Self> {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        Ok(Self {
            root,
            camera: SigningKey::generate(&mut rng)?,
            phone: KemSecret::generate(&mut rng)?,
            lease: SigningKey::generate(&mut rng)?,
            owner: KemSecret::generate(&mut rng)?,
            dsk: KemSecret::generate(&mut rng)?,
            rng,
        })
    }

    /// A member's card with a key of the adversary.
    pub fn card(&self, name: Name) -> Card {
        Card::new(name, self.dsk.public())
    }

    /// The newest announcement of a stream.
    fn newest(truth: &Truth<'_>, stream: &Name) -> Result<Signed<Announcement>> {
        let paths = Paths(truth.account);
        let mut newest = None;
        for epoch in 1.. {
            let Some(bytes) = truth.cloud.find(&paths.announcement(stream, epoch))? else {
                break;
            };
            newest = Some(open(truth.root, &truth.account, &bytes)?);
        }
        newest.ok_or_else(|| StoreError::Missing.into())
    }

    /// The next announcement of a stream, for a phone and a DSK of the adversary; an introduction of
    /// `member`, and its part of that DSK.
    ///
    /// # Errors
    /// `object-missing` if the stream has no announcement yet.
    pub fn announcement(
        &mut self,
        truth: &Truth<'_>,
        stream: &Name,
        member: Option<KemPublic>,
    ) -> Result<Objects> {
        let Signed { hash, body } = Self::newest(truth, stream)?;
        let (account, paths) = (&truth.account, Paths(truth.account));
        let key = |kind, key: &KemSecret| StreamKey {
            kind,
            window: None,
            public: key.public(),
        };
        let next = Announcement {
            epoch: body.epoch + 1,
            previous: Some(hash),
            phones: vec![PhoneKeys {
                instance: self.phone.public(),
                lease: self.lease.verifying_key(),
            }],
            keys: vec![key(Kind::Owner, &self.owner), key(Kind::Dsk, &self.dsk)],
            backup: Bytes([0; 32]),
            shard_bits: 0,
            ..body
        };
        let mut places = vec![paths.announcement(stream, next.epoch)];
        let mut leaves = vec![message::encode(account, next)];
        let mut parts = Vec::new();
        if let Some(member) = member {
            let number = u64::from(self.rng.next_u32()) + 1_000;
            let (introduction, pairwise) =
                grant::introduce(account, &member, number, &mut self.rng)?;
            places.push(paths.introduction(kem_id(&member), number));
            leaves.push(message::encode(account, introduction));
            let hash = message::hash(&leaves[0]);
            parts.push(grant::part(&pairwise, &hash, 1, &self.dsk)?);
        }
        let hash: Hash = message::hash(&leaves[0]);
        for shard in grant::shards(&hash, 0, parts) {
            places.push(paths.shard(&hash, shard.index));
            leaves.push(message::encode(account, shard));
        }
        let signed = statement::sign_all(&self.root, account, leaves, &mut self.rng)?;
        Ok(places.into_iter().zip(signed).collect())
    }

    /// The next clip of a stream, for everybody for whom the camera would wrap it, without windows.
    pub fn clip(
        &mut self,
        truth: &Truth<'_>,
        stream: &Name,
        sequence: u64,
        bytes: &[u8],
    ) -> Result<Objects> {
        let Signed { hash, body } = Self::newest(truth, stream)?;
        let (account, paths) = (&truth.account, Paths(truth.account));
        let mut clip = [0; 16];
        self.rng.fill_bytes(&mut clip);
        let (clip, key) = (Bytes(clip), SessionKey::random(&mut self.rng));
        let context = clip::segment_context(account, &clip);
        let mut sealer = Sealer::new(&key, context, Vec::new());
        sealer.write(bytes)?;
        let sealed = sealer.finish()?;
        let phones = body
            .phones
            .iter()
            .map(|phone| (Role::Instance, phone.instance));
        let keys = body.keys.iter().filter(|key| key.window.is_none());
        let recipients = phones.chain(keys.map(|key| (Role::from(key.kind), key.public)));
        let envelopes = recipients.map(|(role, public)| {
            let rng = &mut self.rng;
            clip::wrap(account, stream, &hash, &clip, role, &public, &key, rng)
        });
        let envelopes = envelopes.collect::<Result<_>>()?;
        let before = match sequence {
            1 => None,
            _ => {
                let bytes = truth.cloud.get(&paths.manifest(stream, sequence - 1))?;
                Some(message::hash(&cose::unverified_payload(&bytes)?))
            }
        };
        let manifest = Manifest {
            camera: body.camera.unwrap_or(self.camera.verifying_key()),
            stream: stream.clone(),
            sequence,
            previous: before,
            announcement: hash,
            clip,
            start: truth.now,
            end: truth.now,
            length: sealed.length,
            segments: sealed.hashes,
            envelopes,
        };
        let signed = clip::sign(&self.camera, account, manifest)?;
        Ok(vec![
            (paths.body(&clip), sealed.body),
            (paths.manifest(stream, sequence), signed),
        ])
    }

    /// The acknowledgement of a stream's newest announcement.
    pub fn acknowledgement(&mut self, truth: &Truth<'_>, stream: &Name) -> Result<Objects> {
        let Signed { hash, body } = Self::newest(truth, stream)?;
        let ack = Acknowledgement {
            camera: body.camera.unwrap_or(self.camera.verifying_key()),
            stream: stream.clone(),
            epoch: body.epoch,
            announcement: hash,
            first: 1,
            time: truth.now,
            roster: body.roster,
        };
        let bytes = cose::sign(&self.camera, message::encode(&truth.account, ack))?;
        let path = Paths(truth.account).acknowledgement(stream, body.epoch);
        Ok(vec![(path, bytes)])
    }

    /// The next vault, with another signing key and ring under a PDK of the adversary, and that PDK
    /// under the phone's IK, which is public.
    ///
    /// # Errors
    /// `crypto`.
    pub fn vault(&mut self, truth: &Truth<'_>, phone: &KemPublic) -> Result<Objects> {
        let (account, paths) = (&truth.account, Paths(truth.account));
        let mut number = 1;
        while truth.cloud.find(&paths.vault(number))?.is_some() {
            number += 1;
        }
        let mut fill = [0; 32];
        self.rng.fill_bytes(&mut fill);
        let (salt, work) = (Bytes([7; 16]), Work::LEAST);
        let pdk = SecretBytes::new(fill);
        let mut part = |kind, plain: &[u8]| {
            let context = message::context(kind, account, (number, salt, work));
            cose::seal(&pdk, &context, plain, &mut self.rng)
        };
        let signing_key = part("vault-signing-key", &self.root.to_pkcs8()?)?.into();
        let ring = Ring::generate(&mut ChaCha20Rng::seed_from_u64(number));
        let ring = part("vault-ring", &ring.to_bytes())?.into();
        let vault = Vault {
            number,
            salt,
            work,
            signing_key,
            ring,
        };
        let id = kem_id(phone);
        let info = message::context("unlock", account, id);
        let plain = cbor::encode(&(salt, work, Bytes(fill)));
        let (enc, ciphertext) = hpke_seal(phone, &info, &[], &plain, &mut self.rng)?;
        let (enc, ciphertext) = (Bytes(enc), ciphertext.into());
        let pdk = Wrapped { enc, ciphertext };
        let unlock = Unlock { phone: id, pdk };
        Ok(vec![
            (paths.vault(number), message::encode(account, vault)),
            (paths.unlock(id), message::encode(account, unlock)),
        ])
    }
}
