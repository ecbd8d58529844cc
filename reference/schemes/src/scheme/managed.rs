//! The provider's default scheme (section 3.1): every transmission is encrypted to the provider's
//! servers, everything is stored encrypted under the provider's own key, and logins decide who is
//! served what.

use std::collections::{BTreeMap, BTreeSet};

use super::{DATAGRAM, Delay, Kind, Scheme, Who, World, account};
use encryptediot::clock::ManualClock;
use encryptediot::cloud::Cloud;
use encryptediot::cose::{self, Key};
use encryptediot::crypto::{KemSecret, SecretBytes};
use encryptediot::error::{ClipError, GrantError, LinkError, Result};
use encryptediot::message::Time;
use encryptediot::owner::Term;

/// A household whose provider holds the keys.
pub struct Managed {
    world: World,
    /// The private key of the servers' certificate.
    server: KemSecret,
    /// The key under which the provider stores.
    storage: Key,
    /// Whose login may see which stream.
    logins: BTreeMap<String, BTreeSet<String>>,
    phones: BTreeSet<String>,
    counts: BTreeMap<String, u64>,
    /// What somebody in the path has seen go by: stream, clip, transmission.
    wire: Vec<(String, u64, Vec<u8>)>,
}

impl Managed {
    /// A household with one phone.
    ///
    /// # Errors
    /// `crypto`.
    pub fn new(mut world: World) -> Result<Self> {
        Ok(Self {
            server: KemSecret::generate(&mut world.rng)?,
            storage: SecretBytes::random(&mut world.rng),
            logins: BTreeMap::new(),
            phones: BTreeSet::from(["phone".to_owned()]),
            counts: BTreeMap::new(),
            wire: Vec::new(),
            world,
        })
    }

    fn place(stream: &str, clip: u64) -> String {
        format!("stored/{stream}/{clip:010}")
    }

    /// The provider takes what a camera has sent, reads it and stores it.
    fn store(&mut self, stream: &str, clip: u64, transmission: &[u8]) -> Result<()> {
        let plain = account::unwrap(&self.server, transmission)?;
        let stored = cose::seal(&self.storage, &[], &plain, &mut self.world.rng)?;
        self.world.cloud.put(&Self::place(stream, clip), &stored)
    }

    /// The provider reads what it has stored.
    fn read(&self, stream: &str, clip: u64) -> Result<Vec<u8>> {
        let stored = self.world.cloud.find(&Self::place(stream, clip))?;
        let stored = stored.ok_or(ClipError::NoSuchClip)?;
        Ok(cose::unseal(&self.storage, &[], &stored)?.to_vec())
    }

    fn may(&self, who: Who<'_>, stream: &str) -> bool {
        match who {
            Who::Phone(phone) => self.phones.contains(phone),
            Who::Member(super::PROVIDER) => true,
            Who::Member(member) => self
                .logins
                .get(member)
                .is_some_and(|shared| shared.contains(stream)),
            Who::Impostor => false,
        }
    }

    /// The provider sends something to whoever has logged in, over a channel of their own.
    fn deliver(&mut self, plain: &[u8]) -> Result<Vec<u8>> {
        let browser = KemSecret::generate(&mut self.world.rng)?;
        let sent = account::wrap(&mut self.world, &browser.public(), plain)?;
        Ok(account::unwrap(&browser, &sent)?.to_vec())
    }
}

impl Scheme for Managed {
    fn kind(&self) -> Kind {
        Kind::ProviderManaged
    }

    fn cloud(&self) -> &dyn Cloud {
        &self.world.cloud
    }

    fn clock(&self) -> &ManualClock {
        &self.world.clock
    }

    fn pair(&mut self, _camera: &str, streams: &[&str]) -> Result<()> {
        for stream in streams {
            self.counts.insert((*stream).to_owned(), 0);
        }
        Ok(())
    }

    fn enroll(&mut self, phone: &str) -> Result<()> {
        self.phones.insert(phone.to_owned());
        Ok(())
    }

    fn share(&mut self, streams: &[&str], member: &str, _term: Term) -> Result<()> {
        let shared = self.logins.entry(member.to_owned()).or_default();
        for stream in streams {
            shared.insert((*stream).to_owned());
        }
        Ok(())
    }

    fn revoke(&mut self, streams: &[&str], member: &str) -> Result<()> {
        let shared = self
            .logins
            .get_mut(member)
            .ok_or(GrantError::UnknownMember)?;
        shared.retain(|stream| !streams.contains(&stream.as_str()));
        Ok(())
    }

    fn record(&mut self, _camera: &str, stream: &str, bytes: &[u8], length: Time) -> Result<u64> {
        let count = self.counts.get_mut(stream).ok_or(ClipError::NotRecording)?;
        *count += 1;
        let clip = *count;
        self.world.clock.advance(length);
        let transmission = account::wrap(&mut self.world, &self.server.public(), bytes)?;
        self.store(stream, clip, &transmission)?;
        self.wire.push((stream.to_owned(), clip, transmission));
        Ok(clip)
    }

    fn view(&mut self, who: Who<'_>, stream: &str, clip: u64) -> Result<Vec<u8>> {
        if who == Who::Impostor {
            // It has the servers' private key and what went by.
            let mut seen = self.wire.iter();
            let found = seen.find(|(s, n, _)| s == stream && *n == clip);
            let (_, _, transmission) = found.ok_or(ClipError::NoSuchClip)?;
            return Ok(account::unwrap(&self.server, transmission)?.to_vec());
        }
        if !self.may(who, stream) {
            return Err(GrantError::NothingGranted.into());
        }
        let plain = self.read(stream, clip)?;
        self.deliver(&plain)
    }

    /// The provider passes each datagram on as it comes.
    fn live(
        &mut self,
        camera: &str,
        stream: &str,
        bytes: &[u8],
        length: Time,
        viewers: &[Who<'_>],
    ) -> Result<(u64, Vec<Delay>)> {
        let first = bytes.get(..DATAGRAM.min(bytes.len())).unwrap_or_default();
        let datagrams = bytes.len().div_ceil(DATAGRAM).max(1) as u64;
        let waited = length / datagrams;
        let mut delays = Vec::new();
        for who in viewers {
            delays.push(match self.may(*who, stream) {
                true => self.deliver(first).map(|_| waited),
                false => Err(GrantError::NothingGranted.into()),
            });
        }
        Ok((self.record(camera, stream, bytes, length)?, delays))
    }

    fn link(&mut self, stream: &str, clip: u64, until: Time) -> Result<String> {
        let token = *SecretBytes::<16>::random(&mut self.world.rng).as_bytes();
        let token = encryptediot::cbor::Bytes(token).to_string();
        let entry = encryptediot::cbor::encode(&(stream.to_owned(), clip, until));
        let sealed = cose::seal(&self.storage, &[], &entry, &mut self.world.rng)?;
        self.world.cloud.put(&format!("links/{token}"), &sealed)?;
        Ok(token)
    }

    fn follow_link(&mut self, text: &str) -> Result<Vec<u8>> {
        let entry = self.world.cloud.find(&format!("links/{text}"))?;
        let entry = cose::unseal(&self.storage, &[], &entry.ok_or(LinkError::Text)?)?;
        let (stream, clip, until): (String, u64, Time) = encryptediot::cbor::decode(&entry)?;
        if self.world.now() >= until {
            return Err(LinkError::Expired.into());
        }
        let plain = self.read(&stream, clip)?;
        self.deliver(&plain)
    }
}
