//! Ring's end-to-end encryption (section 3.2): the account of [`super::account`] with an account
//! data key (ADK) as backup, clips as in [`super::envelope`], and no key that could be shared.

use std::collections::BTreeMap;

use super::account::{self, Phone, place};
use super::envelope::{self, Recipient, Secret};
use super::{DATAGRAM, Delay, Kind, Scheme, Who, World};
use crate::oaep::{OaepPublic, OaepSecret};
use encryptediot::clock::ManualClock;
use encryptediot::cloud::Cloud;
use encryptediot::cose::{self, Key};
use encryptediot::crypto::{KemSecret, RsaPublic, RsaSigningKey};
use encryptediot::error::{AccountError, ClipError, LinkError, MessageError, Result};
use encryptediot::message::Time;
use encryptediot::owner::Term;
use encryptediot::passphrase::Passphrase;
use encryptediot::segment::SessionKey;

/// Section 3.2.1 contradicts itself about the new key (SPEC, erratum E1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The new key wraps the ADK, and the PDK opens the new key.
    Consistent,
    /// The new key wraps the ASK, and "the decrypted private portion of the ASK is used to decrypt
    /// the new key": a second phone gets nowhere.
    Literal,
}

/// What the new key wraps.
const BACKUP: &str = "account/adk";
/// The certified ADK.
const ADK: &str = "certificates/adk";

/// A household under Ring's end-to-end scheme.
pub struct Ring {
    /// Store, clock, randomness.
    pub world: World,
    reading: Reading,
    passphrase: Passphrase,
    /// The phones, each with the ADK that it holds.
    pub phones: BTreeMap<String, (Phone, OaepSecret)>,
    /// What each camera took for the root when it was paired, and its streams.
    pub cameras: BTreeMap<String, (RsaPublic, Vec<String>)>,
    members: BTreeMap<String, KemSecret>,
}

impl Ring {
    /// Enrolls the first phone.
    pub fn new(mut world: World, reading: Reading) -> Result<Self> {
        let made = account::create(&mut world, "phone")?;
        let adk = OaepSecret::generate(&mut world.rng)?;
        account::certify(&mut world, &made.ask, ADK, adk.public().modulus())?;
        let wrapped = match reading {
            Reading::Consistent => adk.to_pkcs8().to_vec().into(),
            Reading::Literal => made.ask.to_pkcs8()?,
        };
        let blob = cose::seal(&made.new_key, &[], &wrapped, &mut world.rng)?;
        world.cloud.put(BACKUP, &blob)?;
        let (passphrase, name) = (made.passphrase, made.phone.name.clone());
        Ok(Self {
            world,
            reading,
            passphrase,
            phones: BTreeMap::from([(name, (made.phone, adk))]),
            cameras: BTreeMap::new(),
            members: BTreeMap::new(),
        })
    }

    fn open_adk(&self, new_key: &Key) -> Result<OaepSecret> {
        let pkcs8 = cose::unseal(new_key, &[], &self.world.cloud.get(BACKUP)?)?;
        Ok(OaepSecret::from_pkcs8(&pkcs8).map_err(|_| AccountError::SealedOpen)?)
    }

    /// The new key, by the ASK, as the literal text has it.
    fn literal_new_key(&mut self, ask: &RsaSigningKey) -> Result<Key> {
        let key = OaepSecret::from_pkcs8(&ask.to_pkcs8()?)?;
        let blob = self.world.cloud.get(place::NEW_KEY)?;
        let opened = key.open(&blob, &mut self.world.rng);
        let opened = opened.map_err(|_| AccountError::SealedOpen)?;
        let bytes = <[u8; 32]>::try_from(&**opened).map_err(|_| AccountError::SealedOpen)?;
        Ok(Key::new(bytes))
    }

    /// The ASK as a phone unlocks it: the root that a camera is told.
    pub fn unlock(&self, phone: &str) -> Result<RsaSigningKey> {
        let (phone, _) = self.phones.get(phone).ok_or(AccountError::UnknownPhone)?;
        account::unlock(&self.world, phone)
    }
}

impl Scheme for Ring {
    fn kind(&self) -> Kind {
        Kind::RingE2ee
    }

    fn cloud(&self) -> &dyn Cloud {
        &self.world.cloud
    }

    fn clock(&self) -> &ManualClock {
        &self.world.clock
    }

    fn pair(&mut self, camera: &str, streams: &[&str]) -> Result<()> {
        let root = self.unlock("phone")?.public().clone();
        let streams = streams.iter().map(|s| (*s).to_owned()).collect();
        self.cameras.insert(camera.to_owned(), (root, streams));
        Ok(())
    }

    fn enroll(&mut self, phone: &str) -> Result<()> {
        let (made, new_key) = account::recover(&mut self.world, &self.passphrase, phone)?;
        let new_key = match self.reading {
            Reading::Consistent => new_key,
            Reading::Literal => {
                let ask = account::unlock(&self.world, &made)?;
                self.literal_new_key(&ask)?
            }
        };
        let adk = self.open_adk(&new_key)?;
        self.phones.insert(phone.to_owned(), (made, adk));
        Ok(())
    }

    /// The member has an account with the provider, and a key of its own; the scheme has no message
    /// that would give it one of the owner's.
    fn share(&mut self, _streams: &[&str], member: &str, _term: Term) -> Result<()> {
        let key = KemSecret::generate(&mut self.world.rng)?;
        self.members.insert(member.to_owned(), key);
        Ok(())
    }

    fn revoke(&mut self, _streams: &[&str], member: &str) -> Result<()> {
        self.members.remove(member);
        Ok(())
    }

    fn record(&mut self, camera: &str, stream: &str, bytes: &[u8], length: Time) -> Result<u64> {
        let (root, streams) = self.cameras.get(camera).ok_or(ClipError::NotRecording)?;
        if !streams.iter().any(|s| s == stream) {
            return Err(ClipError::NotRecording.into());
        }
        let instances = account::instances(&self.world, root)?;
        let mut recipients: Vec<_> = instances.into_iter().map(Recipient::Ecc).collect();
        let adk = account::verify(root, &self.world.cloud.get(ADK)?)?;
        let adk = <&[u8; 256]>::try_from(&*adk).map_err(|_| MessageError::InvalidKey)?;
        let adk = OaepPublic::from_modulus(adk).map_err(|_| MessageError::InvalidKey)?;
        recipients.push(Recipient::Rsa(Box::new(adk)));
        let start = self.world.now();
        self.world.clock.advance(length);
        envelope::record(
            &mut self.world,
            stream,
            bytes,
            (start, start + length),
            &recipients,
        )
    }

    fn view(&mut self, who: Who<'_>, stream: &str, clip: u64) -> Result<Vec<u8>> {
        let world = &mut self.world;
        match who {
            Who::Phone(phone) => {
                let (phone, adk) = self.phones.get(phone).ok_or(AccountError::UnknownPhone)?;
                let secrets = [Secret::Ecc(&phone.ik), Secret::Rsa(adk)];
                envelope::open(world, stream, clip, &secrets)
            }
            Who::Member(member) => {
                let key = self.members.get(member).map(Secret::Ecc);
                envelope::open(world, stream, clip, key.as_slice())
            }
            Who::Impostor => envelope::open(world, stream, clip, &[]),
        }
    }

    /// Live video goes to one phone: the session's key is encrypted to the IK of the one that asked
    /// first. Section 3.2.3 says that several are not served; how live video is encrypted it does
    /// not say, this is the nearest to 3.2.2.
    fn live(
        &mut self,
        camera: &str,
        stream: &str,
        bytes: &[u8],
        length: Time,
        viewers: &[Who<'_>],
    ) -> Result<(u64, Vec<Delay>)> {
        let datagrams = bytes.len().div_ceil(DATAGRAM).max(1) as u64;
        let waited = length / datagrams;
        let asked = viewers.first().copied();
        let key = match asked {
            Some(Who::Phone(phone)) => self.phones.get(phone).map(|(phone, _)| phone.ik.public()),
            _ => None,
        };
        let mut delays = Vec::new();
        if let Some(key) = key {
            let session = SessionKey::random(&mut self.world.rng);
            let wrapped = account::wrap(&mut self.world, &key, session.as_bytes())?;
            for who in viewers {
                let opened = match who {
                    Who::Phone(phone) => match self.phones.get(*phone) {
                        Some((phone, _)) => account::unwrap(&phone.ik, &wrapped).map(drop),
                        None => Err(AccountError::UnknownPhone.into()),
                    },
                    _ => Err(ClipError::NoEnvelope.into()),
                };
                delays.push(opened.map(|()| waited));
            }
        }
        Ok((self.record(camera, stream, bytes, length)?, delays))
    }

    /// The provider gives out where the objects lie; there is no key to go with it.
    fn link(&mut self, stream: &str, clip: u64, _until: Time) -> Result<String> {
        Ok(format!("{stream}/{clip}"))
    }

    fn follow_link(&mut self, text: &str) -> Result<Vec<u8>> {
        let (stream, clip) = text.split_once('/').ok_or(LinkError::Text)?;
        let clip = clip.parse().map_err(|_| LinkError::Text)?;
        envelope::open(&mut self.world, stream, clip, &[])
    }
}
