//! EncryptedIoT to the letter of sections 4 and 5: Ring's account without the ADK, (T)DSKs that the
//! ASK signs, session keys wrapped for the IKs and for them, and grants as the paper's model sends
//! them: a nonce and the key, encrypted to the public key that the provider's directory names.
//!
//! Kept so that its attacks can be shown (SPEC, errata E2 to E19). Where the text is silent it is
//! read in its favour: (T)DSKs are key pairs, and their private halves are backed up under the new
//! key.

use std::collections::{BTreeMap, BTreeSet};

use minicbor::bytes::ByteVec;

use super::account::{self, Phone};
use super::envelope::{self, Recipient, Secret};
use super::{Kind, Scheme, Who, World};
use encryptediot::action::{self, Rule, rule};
use encryptediot::announcement::Window;
use encryptediot::cbor::{self, Bytes};
use encryptediot::clock::ManualClock;
use encryptediot::cloud::Cloud;
use encryptediot::cose;
use encryptediot::crypto::{KemPublic, KemSecret, RsaPublic, RsaSigningKey, SecretBytes};
use encryptediot::error::{AccountError, ClipError, GrantError, LinkError, MessageError, Result};
use encryptediot::keys::kem_id;
use encryptediot::message::Time;
use encryptediot::owner::Term;
use encryptediot::passphrase::Passphrase;
use encryptediot::segment::{Sealer, SessionKey};

/// The rules of `paper.spthy` that are steps of the paper's scheme.
pub const RULES: [Rule; 5] = [
    rule(
        "Register_pk",
        "scheme::paper::Paper::register",
        &["X", "ltkX"],
    ),
    rule("Init_A", "scheme::paper::Paper::send", &["A", "B", "pkB"]),
    rule(
        "A_send",
        "scheme::paper::Paper::send",
        &["A", "B", "na", "TDSK", "pkB"],
    ),
    rule("Init_B", "scheme::paper::Paper::received", &["B", "A"]),
    rule(
        "B_receive",
        "scheme::paper::Paper::received",
        &["B", "A", "na", "TDSK"],
    ),
];

/// Where the provider's directory has a member's public key.
pub fn directory(member: &str) -> String {
    format!("directory/{member}")
}

/// Where the keys lie that a stream is wrapped for now.
pub fn current(stream: &str) -> String {
    format!("stream-keys/{stream}")
}

/// Where grants to a member lie.
pub fn grants(member: &str) -> String {
    format!("grants/{member}")
}

/// A (T)DSK as it is announced: certificate, and window of a TDSK.
type Announced = Vec<(ByteVec, Option<Window>)>;

/// For whom a stream is wrapped: key by window, none for a DSK.
type Plan = BTreeMap<Option<Window>, BTreeSet<String>>;

/// A household under the paper's scheme.
pub struct Paper {
    /// Store, clock, randomness.
    pub world: World,
    passphrase: Passphrase,
    phones: BTreeMap<String, Phone>,
    cameras: BTreeMap<String, (RsaPublic, Vec<String>)>,
    /// The members' key pairs.
    pub members: BTreeMap<String, KemSecret>,
    plans: BTreeMap<String, Plan>,
    /// Members with every stream, those to come as well.
    everything: BTreeSet<String>,
}

impl Paper {
    /// Enrolls the first phone.
    pub fn new(mut world: World) -> Result<Self> {
        let made = account::create(&mut world, "phone")?;
        Ok(Self {
            world,
            passphrase: made.passphrase,
            phones: BTreeMap::from([("phone".to_owned(), made.phone)]),
            cameras: BTreeMap::new(),
            members: BTreeMap::new(),
            plans: BTreeMap::new(),
            everything: BTreeSet::new(),
        })
    }

    /// A member makes its key pair and registers it with the provider's directory.
    ///
    /// # Errors
    /// `crypto`, `store-unavailable`.
    pub fn register(&mut self, member: &str) -> Result<()> {
        if !self.members.contains_key(member) {
            let key = KemSecret::generate(&mut self.world.rng)?;
            let public = key.public();
            action::log("Register_pk", || {
                let ltk = action::fresh("key", kem_id(&public));
                vec![("X", action::name(member)), ("ltkX", ltk)]
            });
            let place = directory(member);
            self.world.cloud.put(&place, public.as_bytes())?;
            self.members.insert(member.to_owned(), key);
        }
        Ok(())
    }

    fn ask(&self) -> Result<RsaSigningKey> {
        let mut phones = self.phones.values();
        let phone = phones.next().ok_or(AccountError::UnknownPhone)?;
        account::unlock(&self.world, phone)
    }

    /// Moves a stream to fresh keys, each signed by the ASK, backed up, and granted (section 4.4).
    fn rotate(&mut self, stream: &str) -> Result<()> {
        let ask = self.ask()?;
        let phone = self
            .phones
            .values()
            .next()
            .ok_or(AccountError::UnknownPhone)?;
        let new_key = account::new_key(&self.world, phone)?;
        let plan = self.plans.get(stream).cloned().unwrap_or_default();
        let mut announced = Announced::new();
        for (window, members) in plan.iter().filter(|(_, members)| !members.is_empty()) {
            let secret = KemSecret::generate(&mut self.world.rng)?;
            let public = secret.public();
            let certificate = account::certificate(&mut self.world, &ask, public.as_bytes())?;
            announced.push((certificate.into(), *window));
            let backup = cose::seal(&new_key, &[], &secret.to_bytes()[..], &mut self.world.rng)?;
            let number = self.world.cloud.list("backups")?.len();
            let path = format!("backups/{number:010}");
            self.world.cloud.put(&path, &backup)?;
            for member in members {
                self.send(member, &secret)?;
            }
        }
        let announced = cbor::encode(&announced);
        self.world.cloud.put(&current(stream), &announced)
    }

    /// A_send: a fresh nonce and the key, encrypted to the public key of Bob.
    fn send(&mut self, member: &str, secret: &KemSecret) -> Result<()> {
        let public = self.world.cloud.find(&directory(member))?;
        let public = public.ok_or(GrantError::UnknownMember)?;
        let public = KemPublic::from_bytes(&public).map_err(|_| MessageError::InvalidKey)?;
        let nonce = *SecretBytes::<16>::random(&mut self.world.rng).as_bytes();
        let parties = || vec![("A", action::name(OWNER)), ("B", action::name(member))];
        action::log("Init_A", || {
            let public = action::public("key", kem_id(&public));
            [parties(), vec![("pkB", public)]].concat()
        });
        action::log("A_send", || {
            let public = ("pkB", action::public("key", kem_id(&public)));
            [parties(), sent(&nonce, secret), vec![public]].concat()
        });
        let grant = grant(&mut self.world, &public, nonce, secret)?;
        let number = self.world.cloud.list(&grants(member))?.len();
        let path = format!("{}/{number:010}", grants(member));
        self.world.cloud.put(&path, &grant)
    }

    /// B_receive, for all that there is: what opens is believed.
    fn received(&self, member: &str) -> Result<Vec<KemSecret>> {
        let key = self.members.get(member).ok_or(GrantError::UnknownMember)?;
        let mut held = Vec::new();
        for path in self.world.cloud.list(&grants(member))? {
            let Ok(opened) = account::unwrap(key, &self.world.cloud.get(&path)?) else {
                continue;
            };
            let (nonce, secret): (Bytes<16>, Bytes<32>) = cbor::decode(&opened)?;
            let secret = KemSecret::from_bytes(&secret.0).map_err(|_| MessageError::InvalidKey)?;
            let parties = || vec![("B", action::name(member)), ("A", action::name(OWNER))];
            action::log("Init_B", parties);
            action::log("B_receive", || {
                [parties(), sent(&nonce.0, &secret)].concat()
            });
            held.push(secret);
        }
        Ok(held)
    }

    /// The private halves that a phone finds in the backup.
    fn backups(&self, phone: &Phone) -> Result<Vec<KemSecret>> {
        let new_key = account::new_key(&self.world, phone)?;
        let mut held = Vec::new();
        for path in self.world.cloud.list("backups")? {
            let opened = cose::unseal(&new_key, &[], &self.world.cloud.get(&path)?)?;
            let bytes = <&[u8; 32]>::try_from(&**opened).map_err(|_| AccountError::SealedOpen)?;
            held.push(KemSecret::from_bytes(bytes)?);
        }
        Ok(held)
    }

    /// The keys that a camera wraps a session for: what the cloud shows and the root has signed.
    fn recipients(
        &self,
        camera: &str,
        stream: &str,
        (start, end): (Time, Time),
    ) -> Result<Vec<Recipient>> {
        let (root, streams) = self.cameras.get(camera).ok_or(ClipError::NotRecording)?;
        if !streams.iter().any(|s| s == stream) {
            return Err(ClipError::NotRecording.into());
        }
        let instances = account::instances(&self.world, root)?;
        let mut recipients: Vec<_> = instances.into_iter().map(Recipient::Ecc).collect();
        if let Some(announced) = self.world.cloud.find(&current(stream))? {
            for (certificate, window) in cbor::decode::<Announced>(&announced)? {
                let key = account::verify_kem(root, &certificate)?;
                if window.is_none_or(|window| window.contains(start, end)) {
                    recipients.push(Recipient::Ecc(key));
                }
            }
        }
        Ok(recipients)
    }

    fn streams(&self) -> Vec<String> {
        let streams = self.cameras.values().flat_map(|(_, streams)| streams);
        streams.cloned().collect()
    }
}

/// The paper's Alice: the owner has no key pair that takes part in this.
pub const OWNER: &str = "owner";

/// What the paper's message carries, for the log.
fn sent(nonce: &[u8; 16], secret: &KemSecret) -> Vec<(&'static str, action::Value)> {
    vec![
        ("na", action::fresh("nonce", Bytes(*nonce))),
        ("TDSK", action::fresh("key", kem_id(&secret.public()))),
    ]
}

/// What anybody can make who knows a member's public key: this is all that a grant is.
///
/// # Errors
/// `crypto`.
pub fn grant(
    world: &mut World,
    to: &KemPublic,
    nonce: [u8; 16],
    secret: &KemSecret,
) -> Result<Vec<u8>> {
    let plain = cbor::encode(&(Bytes(nonce), Bytes(*secret.to_bytes())));
    account::wrap(world, to, &plain)
}

impl Scheme for Paper {
    fn kind(&self) -> Kind {
        Kind::Paper
    }

    fn cloud(&self) -> &dyn Cloud {
        &self.world.cloud
    }

    fn clock(&self) -> &ManualClock {
        &self.world.clock
    }

    fn pair(&mut self, camera: &str, streams: &[&str]) -> Result<()> {
        let root = self.ask()?.public().clone();
        let names: Vec<String> = streams.iter().map(|s| (*s).to_owned()).collect();
        self.cameras.insert(camera.to_owned(), (root, names));
        if !self.everything.is_empty() {
            for stream in streams {
                let plan = self.plans.entry((*stream).to_owned()).or_default();
                plan.entry(None)
                    .or_default()
                    .extend(self.everything.clone());
                self.rotate(stream)?;
            }
        }
        Ok(())
    }

    fn enroll(&mut self, phone: &str) -> Result<()> {
        let (made, _) = account::recover(&mut self.world, &self.passphrase, phone)?;
        self.phones.insert(phone.to_owned(), made);
        Ok(())
    }

    fn share(&mut self, streams: &[&str], member: &str, term: Term) -> Result<()> {
        self.register(member)?;
        let mut named: Vec<String> = streams.iter().map(|s| (*s).to_owned()).collect();
        let window = match term {
            Term::Window(window) => Some(window),
            Term::UntilRevoked => None,
            Term::AllStreams => {
                self.everything.insert(member.to_owned());
                named = self.streams();
                None
            }
        };
        for stream in named {
            let plan = self.plans.entry(stream.clone()).or_default();
            plan.entry(window).or_default().insert(member.to_owned());
            self.rotate(&stream)?;
        }
        Ok(())
    }

    fn revoke(&mut self, streams: &[&str], member: &str) -> Result<()> {
        self.everything.remove(member);
        for stream in streams {
            if let Some(plan) = self.plans.get_mut(*stream) {
                plan.values_mut().for_each(|members| {
                    members.remove(member);
                });
                self.rotate(stream)?;
            }
        }
        Ok(())
    }

    fn record(&mut self, camera: &str, stream: &str, bytes: &[u8], length: Time) -> Result<u64> {
        let start = self.world.now();
        let times = (start, start + length);
        let recipients = self.recipients(camera, stream, times)?;
        self.world.clock.advance(length);
        envelope::record(&mut self.world, stream, bytes, times, &recipients)
    }

    fn view(&mut self, who: Who<'_>, stream: &str, clip: u64) -> Result<Vec<u8>> {
        match who {
            Who::Phone(phone) => {
                let phone = self.phones.get(phone).ok_or(AccountError::UnknownPhone)?;
                let backups = self.backups(phone)?;
                let mut secrets = vec![Secret::Ecc(&phone.ik)];
                secrets.extend(backups.iter().map(Secret::Ecc));
                envelope::open(&mut self.world, stream, clip, &secrets)
            }
            Who::Member(member) if self.members.contains_key(member) => {
                let held = self.received(member)?;
                let secrets: Vec<_> = held.iter().map(Secret::Ecc).collect();
                envelope::open(&mut self.world, stream, clip, &secrets)
            }
            Who::Member(_) | Who::Impostor => envelope::open(&mut self.world, stream, clip, &[]),
        }
    }

    /// "Download the encrypted video, unencrypt it and re-encrypt it with a new TDSK" (table 1). The
    /// key goes into the text; the paper does not say where it goes (SPEC, erratum E19).
    fn link(&mut self, stream: &str, clip: u64, _until: Time) -> Result<String> {
        let plain = self.view(Who::Phone("phone"), stream, clip)?;
        let key = SessionKey::random(&mut self.world.rng);
        let mut sealer = Sealer::new(&key, Vec::new(), Vec::new());
        sealer.write(&plain)?;
        let sealed = sealer.finish()?;
        let id = self.world.cloud.list("links")?.len();
        let path = format!("links/{id:010}");
        self.world.cloud.put(&path, &sealed.body)?;
        let key = Bytes(*key.as_bytes());
        Ok(format!("{path}#{}#{key}", sealed.length))
    }

    fn follow_link(&mut self, text: &str) -> Result<Vec<u8>> {
        let mut parts = text.split('#');
        let (Some(path), Some(length), Some(key)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(LinkError::Text.into());
        };
        let key: Bytes<16> = key.parse().map_err(|_| LinkError::Text)?;
        let length = length.parse().map_err(|_| LinkError::Text)?;
        let body = self.world.cloud.get(path)?;
        envelope::decrypt(&SessionKey::new(key.0), length, &body)
    }
}
