//! Cameras are offered, paired, replaced and copied, and what a phone goes by when it pairs one.

use std::collections::BTreeSet;

use encryptediot::Result;
use encryptediot::camera::Unpaired;
use encryptediot::clock::{Clock as _, ManualClock};
use encryptediot::error::AccountError;
use encryptediot::evidence::{Challenge, Evidence};
use encryptediot::owner::Counted;
use encryptediot::pairing::{OFFER_LIFE, Offer};
use encryptediot_testkit::{load_camera, n, ns, store_camera};

use super::house::{Camera, FORMER, HOUR, House, MINUTE, device_of};
use super::ledger::Intent;
use super::op::{CAMERAS, EVIDENCE};
use super::play::nobody;
use super::provider::Device;

/// How many clips of a camera's first stream count, less one; 0 where nothing is said.
pub(super) fn counted(number: usize, count: u8) -> Counted {
    let stream = n(CAMERAS[number].1[0]);
    let clips = u64::from(count).checked_sub(1);
    clips.map(|clips| (stream, clips)).into_iter().collect()
}

impl House {
    /// A phone shows an offer.
    pub(super) fn offer(&mut self, phone: Device) -> Result<()> {
        let now = self.clock_of(phone);
        let offer = Offer::new(self.account, now, &mut self.rng);
        let held = self.phones.get_mut(&phone).ok_or_else(nobody)?;
        held.offer = Some((offer, now));
        Ok(())
    }

    /// A camera answers a phone's last offer, and so many minutes later the phone takes its reply.
    pub(super) fn take(
        &mut self,
        phone: Device,
        number: usize,
        evidence: u8,
        minutes: i16,
    ) -> Result<()> {
        let mut new = (0..CAMERAS.len()).filter(|camera| !self.cameras.contains_key(camera));
        let number = new
            .clone()
            .find(|camera| *camera >= number)
            .or(new.next())
            .ok_or_else(nobody)?;
        self.pair(phone, number, None, evidence, minutes)
    }

    /// The same with the camera that is meant, which may take the place of another.
    pub(super) fn pair(
        &mut self,
        phone: Device,
        number: usize,
        counted: Option<&Counted>,
        evidence: u8,
        minutes: i16,
    ) -> Result<()> {
        let held = self.phones.get(&phone).ok_or_else(nobody)?;
        let (offer, made) = held.offer.clone().ok_or_else(nobody)?;
        // Whoever has a photograph of the offer has a clock that suits it; the owner's own camera has the true time.
        let now = self.now;
        let clock = ManualClock::at(now);
        if offer.check_age(now).is_err() {
            clock.set_wall(made);
        }
        let ahead = clock.wall().cast_signed() - now.cast_signed();
        let (name, streams) = CAMERAS[number];
        let (paired, reply) = Unpaired::new(ns(streams)).pair(&offer, &clock, &mut self.rng)?;
        let mut camera = Camera::new(paired, clock, ahead, BTreeSet::new());
        match u64::try_from(minutes) {
            Ok(minutes) => {
                self.pass(minutes * MINUTE);
                camera.clock.advance(minutes * MINUTE);
            }
            Err(_) => {
                let held = self.phones.get_mut(&phone).ok_or_else(nobody)?;
                held.ahead += i64::from(minutes) * MINUTE as i64;
            }
        }
        let taken = self.clock_of(phone);
        let (shown, told) = self.evidence(phone, evidence)?;
        let name = n(name);
        let done = self.act(phone, Intent::Nothing, |owner, env| {
            let shown = shown.as_ref();
            match counted {
                Some(counted) => {
                    owner.replace_camera(&name, counted.clone(), &offer, &reply, shown, env)
                }
                None => owner.add_camera(name.clone(), &offer, &reply, shown, env),
            }
        });
        let id = camera.id();
        let listed = self
            .ledger
            .rosters
            .values()
            .any(|roster| roster.cameras.contains(&id));
        if listed {
            if made.abs_diff(taken) > OFFER_LIFE {
                let minutes = made.abs_diff(taken) / MINUTE;
                self.wrong.insert(format!(
                    "PAIRING: a phone paired a camera {minutes} minutes from its offer by its own clock"
                ));
            }
            let held = self.phones.get_mut(&phone).ok_or_else(nobody)?;
            let paired = held.paired.entry(offer.id()).or_default();
            paired.insert(id);
            if paired.len() > 1 {
                self.wrong
                    .insert("PAIRING: a phone paired two cameras by one offer".to_owned());
            }
            camera.told = told;
            if let Some(former) = self.cameras.insert(number, camera) {
                self.put_aside(number, former);
            }
            self.sync(number)?;
        }
        done
    }

    /// Another camera has, or may take, the place of this one: gives it its number.
    fn put_aside(&mut self, place: usize, camera: Camera) -> usize {
        let last = self.cameras.keys().next_back().copied();
        let number = last.map_or(FORMER, |last| FORMER.max(last + 1));
        self.places.insert(number, place);
        self.cameras.insert(number, camera);
        number
    }

    /// The last that had a place before, or the last copy.
    pub(super) fn former(&self, place: usize, copy: bool) -> Option<usize> {
        let of = self.places.iter().filter(|(_, of)| **of == place);
        let mut numbers = of.map(|(number, _)| *number);
        numbers.rfind(|number| self.cameras.get(number).is_some_and(|c| c.copied == copy))
    }

    /// The adversary copies what a camera stores; the copy is shown nothing new.
    pub(super) fn copy(&mut self, place: usize) -> Result<()> {
        let camera = self.cameras.get(&place).ok_or_else(nobody)?;
        let clock = ManualClock::at(self.now.saturating_add_signed(camera.ahead));
        let device = load_camera(&store_camera(&camera.device), &clock);
        let mut copy = Camera::new(device, clock, camera.ahead, camera.told.clone());
        copy.obeyed.clone_from(&camera.obeyed);
        copy.copied = true;
        let number = self.put_aside(place, copy);
        self.provider.freeze(device_of(number), 0);
        Ok(())
    }

    /// What a phone goes by when it pairs a camera, and the phones that whatever stands behind it knows to be lost.
    /// Without evidence and without the owner's word every loss counts that a camera has obeyed.
    fn evidence(
        &mut self,
        phone: Device,
        kind: u8,
    ) -> Result<(Option<Evidence>, BTreeSet<Device>)> {
        let challenge = Challenge::random(&mut self.rng);
        // The household has one camera that lies nearest.
        let mut near = self.cameras.range_mut(..FORMER);
        let camera = near.find(|(_, camera)| !camera.retired);
        let camera = camera.map(|(_, camera)| camera);
        let obeyed = |camera: &Camera, house: &super::ledger::Ledger| -> BTreeSet<Device> {
            let heads = camera.obeyed.values().filter_map(|obeyed| obeyed.last());
            let lost = heads.filter_map(|obeyed| house.announced.get(&obeyed.head.hash));
            lost.flat_map(|announced| announced.lost.iter().copied())
                .collect()
        };
        Ok(match EVIDENCE[usize::from(kind)] {
            "answer" | "old-answer" => {
                let camera = camera.ok_or_else(nobody)?;
                let told = obeyed(camera, &self.ledger);
                let fresh = camera.device.answer(&challenge, &camera.clock)?;
                let earlier = camera.answer.replace(fresh.clone());
                let signed = match EVIDENCE[usize::from(kind)] {
                    "answer" => fresh,
                    _ => earlier.unwrap_or(fresh),
                };
                (Some(Evidence::Answer { challenge, signed }), told)
            }
            "cloud" => {
                let seat = self.provider.seat(phone);
                let held = self.phones.get(&phone).ok_or_else(nobody)?;
                let challenge = held.device.ask(&seat, &mut self.rng)?;
                let told = camera
                    .map(|camera| obeyed(camera, &self.ledger))
                    .unwrap_or_default();
                let mut near = self.cameras.range(..FORMER);
                let near = near.find(|(_, camera)| !camera.retired);
                if let Some(number) = near.map(|(number, _)| *number) {
                    self.sync(number)?;
                }
                let held = self.phones.get(&phone).ok_or_else(nobody)?;
                let signed = held.device.answer(&seat, &challenge)?;
                held.device.withdraw(&seat, &challenge)?;
                let signed = signed.ok_or(AccountError::NotFresh)?;
                (Some(Evidence::Answer { challenge, signed }), told)
            }
            "checkpoint" => {
                let mut others = self.in_hand();
                others.retain(|other| *other != phone);
                let other = others.first().and_then(|other| self.phones.get(other));
                let checkpoint = other.ok_or_else(nobody)?.device.checkpoint();
                let roster = checkpoint
                    .roster
                    .and_then(|r| self.ledger.rosters.get(&r.hash));
                let told = roster.map(|roster| roster.lost.clone()).unwrap_or_default();
                (Some(Evidence::Checkpoint(checkpoint)), told)
            }
            "word" => (Some(Evidence::OwnersWord), BTreeSet::new()),
            _ => {
                let cameras = self.cameras.values();
                let told = cameras
                    .flat_map(|camera| obeyed(camera, &self.ledger))
                    .collect();
                (None, told)
            }
        })
    }

    /// The owner sees that a camera is ahead, and sets it back.
    pub(super) fn correct(&mut self, phone: u8, number: usize, hours: u16) -> Result<()> {
        let (phone, now) = (self.phone(phone)?, self.now);
        let camera = self.cameras.get_mut(&number);
        let camera = camera.filter(|camera| !camera.retired).ok_or_else(nobody)?;
        let ahead = camera.device.now(&camera.clock).saturating_sub(now);
        let back = if hours == 0 {
            ahead
        } else {
            u64::from(hours) * HOUR
        };
        let name = n(CAMERAS[number].0);
        self.act(phone, Intent::Nothing, |owner, env| {
            owner.set_clock_back(&name, back, env)
        })
    }
}
