//! EncryptedIoT as SPEC has it: the reference itself, behind the schemes' interface.

use super::{BEGIN, Kind, Scheme, Who};
use encryptediot::clock::ManualClock;
use encryptediot::cloud::Cloud;
use encryptediot::contact;
use encryptediot::error::{Error, Result, StoreError};
use encryptediot::keys::Name;
use encryptediot::link;
use encryptediot::member::Member;
use encryptediot::message::Time;
use encryptediot::owner::Term;
use encryptediot::uplink;
use encryptediot::vault::Work;
use encryptediot::view;
use encryptediot_testkit::MemoryCloud;
use encryptediot_testkit::household::{Household, name};

/// A household under the repaired scheme.
pub struct Repaired {
    /// The devices of the household, around one cloud.
    pub home: Household,
}

impl Repaired {
    /// A household with one phone.
    pub fn new(seed: u64) -> Result<Self> {
        let cloud = Box::new(MemoryCloud::default());
        let home = Household::new(cloud, seed, BEGIN, Work::LEAST, "phone")?;
        Ok(Self { home })
    }

    fn sync(&mut self) -> Result<()> {
        sync_cameras(&mut self.home)
    }
}

/// Lets every camera fetch what it is to obey.
///
/// # Errors
/// The first refusal: in an honest cloud there is none.
pub fn sync_cameras(home: &mut Household) -> Result<()> {
    let cameras: Vec<_> = home.cameras.keys().cloned().collect();
    let refused = |camera: &Name| Ok(home.sync_camera(camera.as_str())?.refused);
    first_refusal(cameras.iter().map(refused))
}

/// Lets every member read what is new.
///
/// # Errors
/// The first refusal: in an honest cloud there is none.
pub fn sync_members(home: &mut Household) -> Result<()> {
    let members: Vec<_> = home.members.keys().cloned().collect();
    let refused = |member: &Name| Ok(home.sync_member(member.as_str())?.refused);
    first_refusal(members.iter().map(refused))
}

fn first_refusal(devices: impl Iterator<Item = Result<Vec<(String, Error)>>>) -> Result<()> {
    for refused in devices {
        if let Some((_, error)) = refused?.into_iter().next() {
            return Err(error);
        }
    }
    Ok(())
}

impl Scheme for Repaired {
    fn kind(&self) -> Kind {
        Kind::Repaired
    }

    fn cloud(&self) -> &dyn Cloud {
        &*self.home.cloud
    }

    fn clock(&self) -> &ManualClock {
        &self.home.clock
    }

    fn pair(&mut self, camera: &str, streams: &[&str]) -> Result<()> {
        self.home.pair("phone", camera, streams)
    }

    fn enroll(&mut self, phone: &str) -> Result<()> {
        let checkpoint = self.home.phone("phone")?.checkpoint();
        self.home.enroll(phone, Some(&checkpoint))?;
        self.sync()
    }

    fn share(&mut self, streams: &[&str], member: &str, term: Term) -> Result<()> {
        self.home.share("phone", streams, &[member], term)?;
        self.sync()
    }

    fn revoke(&mut self, streams: &[&str], member: &str) -> Result<()> {
        self.home.revoke("phone", streams, member)?;
        self.sync()
    }

    fn record(&mut self, camera: &str, stream: &str, bytes: &[u8], length: Time) -> Result<u64> {
        let recorded = self.home.record_only(camera, stream, bytes, length)?;
        let sequence = recorded.sequence;
        let camera = self.home.cameras.get(&name(camera)?);
        let camera = camera.ok_or(StoreError::LocalMissing)?;
        uplink::upload(camera, &*self.home.cloud, &recorded)?;
        Ok(sequence)
    }

    fn view(&mut self, who: Who<'_>, stream: &str, clip: u64) -> Result<Vec<u8>> {
        match who {
            Who::Phone(phone) => {
                self.home.sync_phone(phone)?;
                self.home.view_as_phone(phone, stream, clip)
            }
            Who::Member(member) => {
                if self.home.members.contains_key(&name(member)?) {
                    self.home.sync_member(member)?;
                }
                self.home.view_as_member(member, stream, clip)
            }
            Who::Impostor => {
                // It reads everything there is, with a member key that it has made itself.
                let account = self.home.account()?;
                let mut impostor = Member::generate(name("impostor")?, &mut self.home.rng)?;
                let number = contact::safety_number(&account, &impostor.card().key);
                impostor.pin(account, &number)?;
                impostor.sync(&*self.home.cloud)?;
                let clip = impostor.open(&*self.home.cloud, &account, &name(stream)?, clip)?;
                let mut out = Vec::new();
                view::read(&*self.home.cloud, &account, &clip, 0, &mut out)?;
                Ok(out)
            }
        }
    }

    fn link(&mut self, stream: &str, clip: u64, until: Time) -> Result<String> {
        let stream = name(stream)?;
        let link = self.home.act("phone", |owner, env| {
            owner.make_link(&stream, &[clip], until, env)
        })?;
        Ok(link.to_text())
    }

    fn follow_link(&mut self, text: &str) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        link::read(&*self.home.cloud, text, self.home.now(), &mut out)?;
        Ok(out)
    }
}
