//! Plays a history: what each thing does to the household, and what is then true.

use std::collections::BTreeSet;

use encryptediot::Result;
use encryptediot::announcement::{Kind, Window};
use encryptediot::camera::Unpaired;
use encryptediot::clock::{Clock as _, ManualClock};
use encryptediot::contact::{self, VerifiedMember};
use encryptediot::error::{AccountError, Error};
use encryptediot::evidence::{Challenge, Evidence};
use encryptediot::keys::{Name, member_id};
use encryptediot::owner::{self, Counted, Env, Meeting, Owner, Term};
use encryptediot::pairing::{OFFER_LIFE, Offer};
use encryptediot::passphrase::Passphrase;
use encryptediot::vault::Work;
use encryptediot_testkit::{load_camera, n, ns, store_camera, store_phone};

use super::house::{Camera, FORMER, HOUR, Held, House, MINUTE, device_of, with};
use super::ledger::Intent;
use super::op::{CAMERA, CAMERAS, EVIDENCE, FOLDERS, MEMBER, Op, PHONES, STREAMS, TERMS};
use super::provider::Device;

/// What a thing is refused with whose device is not there.
pub(super) fn nobody() -> Error {
    AccountError::UnknownPhone.into()
}

pub(super) fn camera_of(stream: u8) -> usize {
    let stream = STREAMS[usize::from(stream)];
    let of = CAMERAS.iter().position(|(_, of)| of.contains(&stream));
    of.unwrap_or_default()
}

/// How many clips of a camera's first stream count, less one; 0 where nothing is said.
fn counted(number: usize, count: u8) -> Counted {
    let stream = n(CAMERAS[number].1[0]);
    let clips = u64::from(count).checked_sub(1);
    clips.map(|clips| (stream, clips)).into_iter().collect()
}

impl House {
    /// The phone that is meant: this one, or the next that the owner has.
    pub(super) fn phone(&self, phone: u8) -> Result<Device> {
        let (have, meant) = (self.in_hand(), usize::from(phone));
        let next = have.iter().find(|device| **device >= meant);
        next.or(have.first()).copied().ok_or_else(nobody)
    }

    /// The camera that is meant, or another one that was paired.
    fn place(&self, camera: u8) -> Result<usize> {
        let meant = usize::from(camera);
        let there: Vec<usize> = self
            .cameras
            .range(..FORMER)
            .map(|(place, _)| *place)
            .collect();
        let other = there.get(meant % there.len().max(1));
        let place = there.iter().find(|place| **place == meant).or(other);
        place.copied().ok_or_else(nobody)
    }

    /// The stream that is meant, or another one that has a camera.
    fn stream(&self, stream: u8) -> u8 {
        let all = (0..STREAMS.len() as u8)
            .filter(|stream| self.cameras.contains_key(&camera_of(*stream)));
        let all: Vec<u8> = all.collect();
        match all.contains(&stream) {
            true => stream,
            false => all
                .get(usize::from(stream) % all.len().max(1))
                .copied()
                .unwrap_or(stream),
        }
    }

    /// The streams of a set that have a camera.
    fn streams_of(&self, set: u8) -> Vec<Name> {
        let chosen = (0..STREAMS.len() as u8).filter(|stream| set >> stream & 1 == 1);
        let there = chosen.filter(|stream| self.cameras.contains_key(&camera_of(*stream)));
        let named: Vec<Name> = there
            .map(|stream| n(STREAMS[usize::from(stream)]))
            .collect();
        match &*named {
            [] => vec![n(STREAMS[usize::from(self.stream(set))])],
            _ => named,
        }
    }

    /// Lets the owner act at a phone, and takes in what came of it.
    fn act<T>(
        &mut self,
        device: Device,
        intent: Intent,
        act: impl Fn(&mut Owner<'_>, &mut Env<'_>) -> Result<T>,
    ) -> Result<T> {
        let (seat, now) = (self.provider.seat(device), self.clock_of(device));
        self.settle(device)?;
        let House {
            phones,
            rng,
            passphrases,
            ..
        } = self;
        let held = phones.get_mut(&device).ok_or_else(nobody)?;
        let mut order: Vec<usize> = (0..passphrases.len()).rev().collect();
        order.sort_by_key(|number| *number != held.passphrase);
        let mut result = Err(nobody());
        // The owner has kept every sheet of words.
        for number in order {
            result = with(
                &mut held.device,
                &seat,
                now,
                rng,
                &passphrases[number],
                &act,
            );
            if !matches!(&result, Err(error) if error.is(AccountError::VaultOpen)) {
                held.passphrase = number;
                break;
            }
        }
        self.took(device, intent);
        result
    }

    /// Takes in what a phone wrote in an act that was meant so.
    fn took(&mut self, device: Device, intent: Intent) {
        let mut written = self.provider.written();
        written.retain(|written| written.by == device);
        self.ledger.take(&self.account, &written, &intent);
        self.log_act(&written, &intent);
        if let Some(held) = self.phones.get_mut(&device) {
            held.owed = match held.device.owed().next() {
                Some(_) => intent,
                None => Intent::Nothing,
            };
        }
    }

    /// Lets a phone write what an earlier act left.
    pub(super) fn settle(&mut self, device: Device) -> Result<()> {
        let seat = self.provider.seat(device);
        let held = self.phones.get_mut(&device).ok_or_else(nobody)?;
        if held.device.owed().next().is_none() {
            return Ok(());
        }
        let (result, owed) = (held.device.sync(&seat), std::mem::take(&mut held.owed));
        self.took(device, owed);
        result
    }

    /// The owner and a member compare safety numbers.
    fn met(&self, member: u8) -> Result<VerifiedMember> {
        let card = self.members[usize::from(member)].card();
        let number = contact::safety_number(&self.account, &card.key);
        VerifiedMember::by_comparison(&self.account, card, &number)
    }

    /// Plays one thing. What is refused changes nothing that matters.
    ///
    /// # Errors
    /// Why it was refused.
    pub fn play(&mut self, op: &Op) -> Result<()> {
        match *op {
            Op::Share {
                phone,
                member,
                streams,
                term,
                touch,
            } => {
                let streams = self.streams_of(streams);
                self.share(phone, member, &streams, term, touch)
            }
            Op::Rotate { phone, streams } => {
                let (phone, streams) = (self.phone(phone)?, self.streams_of(streams));
                self.act(phone, Intent::Nothing, |owner, env| {
                    owner.rotate(&streams, env)
                })
            }
            Op::Revoke {
                phone,
                member,
                streams,
            } => {
                let (phone, streams) = (self.phone(phone)?, self.streams_of(streams));
                let card = self.members[usize::from(member)].card();
                let intent = Intent::Revoke {
                    member: member_id(&card.key),
                };
                self.act(phone, intent, |owner, env| {
                    owner.revoke(&streams, &card.name, env)
                })
            }
            Op::Term {
                phone,
                streams,
                hours,
            } => {
                let (phone, streams) = (self.phone(phone)?, self.streams_of(streams));
                let lease = u64::from(hours) * HOUR;
                self.act(phone, Intent::Nothing, |owner, env| {
                    owner.set_lease(&streams, lease, env)
                })
            }
            Op::Extend {
                phone,
                stream,
                hours,
            } => self.extend(phone.into(), self.stream(stream), hours),
            Op::Enroll { phone } => self.enroll(phone.into()),
            Op::Lose {
                phone,
                lost,
                word,
                passphrase,
            } => self.lose(phone, lost, word, passphrase),
            Op::Keep { phone } => {
                let phone = self.phone(phone)?;
                self.act(phone, Intent::Keep { phone }, |owner, env| {
                    owner.keep_unlocked(env)
                })
            }
            Op::Passphrase { phone } => {
                let phone = self.phone(phone)?;
                let words = self.new_passphrase();
                self.act(phone, Intent::Nothing, |owner, env| {
                    owner.change_passphrase(&words, Work::LEAST, env)
                })
            }
            Op::Pair {
                phone,
                camera,
                evidence,
                minutes,
            } => {
                let phone = self.phone(phone)?;
                self.offer(phone)?;
                self.take(phone, camera.into(), evidence, minutes)
            }
            Op::Reuse {
                phone,
                camera,
                evidence,
            } => {
                let phone = self.phone(phone)?;
                self.take(phone, camera.into(), evidence, 0)
            }
            Op::Replace {
                phone,
                camera,
                evidence,
                count,
                unaware,
            } => {
                let (phone, number) = (self.phone(phone)?, self.place(camera)?);
                let counted = counted(number, count);
                self.offer(phone)?;
                self.pair(phone, number, Some(&counted), evidence, 0)?;
                if let Some(former) = self.former(number, false).filter(|_| unaware) {
                    self.provider.freeze(device_of(former), 0);
                }
                Ok(())
            }
            Op::Retire {
                phone,
                camera,
                count,
            } => {
                let (phone, number) = (self.phone(phone)?, self.place(camera)?);
                if self
                    .cameras
                    .get(&number)
                    .is_none_or(|camera| camera.retired)
                {
                    return Err(nobody());
                }
                let (name, counted) = (n(CAMERAS[number].0), counted(number, count));
                self.act(phone, Intent::Nothing, |owner, env| {
                    owner.retire_camera(&name, counted.clone(), env)
                })?;
                let camera = self.cameras.get_mut(&number).ok_or_else(nobody)?;
                camera.retired = true;
                Ok(())
            }
            Op::Former { stream, copy, asks } => {
                let stream = self.stream(stream);
                let number = self.former(camera_of(stream), copy).ok_or_else(nobody)?;
                if asks {
                    self.sync(number)?;
                }
                self.record(number, stream, false)
            }
            Op::Copy { camera } => {
                let place = self.place(camera)?;
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
            Op::Correct {
                phone,
                camera,
                hours,
            } => self.correct(phone, camera.into(), hours),
            Op::Past {
                phone,
                member,
                stream,
                hours,
            } => {
                let phone = self.phone(phone)?;
                let card = self.members[usize::from(member)].card();
                let stream = n(STREAMS[usize::from(self.stream(stream))]);
                let window = Window {
                    from: self.now - u64::from(hours) * HOUR,
                    until: self.now + HOUR,
                };
                let intent = Intent::Past {
                    member: member_id(&card.key),
                };
                let names = [card.name];
                self.act(phone, intent, |owner, env| {
                    owner.share_past(&stream, &names, window, env).map(drop)
                })
            }
            Op::Sync { camera } => {
                let meant = usize::from(camera);
                let other = meant % self.cameras.len().max(1);
                let there = self.cameras.contains_key(&meant);
                let other = self.cameras.keys().nth(other).copied().unwrap_or(meant);
                self.sync(if there { meant } else { other }).map(drop)
            }
            Op::Record { stream } => {
                let stream = self.stream(stream);
                self.record(camera_of(stream), stream, false)
            }
            Op::Across { stream } => {
                let stream = self.stream(stream);
                self.record(camera_of(stream), stream, true)
            }
            Op::Status { phone } => self.status(phone),
            Op::Follow { member } => {
                let member = usize::from(member);
                let seat = self.provider.seat(MEMBER + member);
                let news = self.members[member].sync(&seat)?;
                news.refused
                    .into_iter()
                    .next()
                    .map_or(Ok(()), |(_, why)| Err(why))
            }
            Op::View {
                viewer,
                stream,
                clip,
            } => self.view(viewer.into(), self.stream(stream), clip.into()),
            Op::Restart { device } => {
                self.restart(device.into());
                Ok(())
            }
            Op::Pass { minutes } => {
                self.pass(u64::from(minutes) * MINUTE);
                Ok(())
            }
            Op::Freeze { who, back } => {
                self.provider.freeze(who.into(), back.into());
                Ok(())
            }
            Op::Thaw { who } => {
                self.provider.thaw(who.into());
                Ok(())
            }
            Op::Lend { who, folder, of } => {
                self.provider
                    .lend(who.into(), &self.folder(folder), of.into());
                Ok(())
            }
            Op::Hide { who, folder } => {
                self.provider.hide(who.into(), &self.folder(folder));
                Ok(())
            }
            Op::Except { who, path, version } => {
                self.provider
                    .except(who.into(), path.into(), version.into());
                Ok(())
            }
            Op::Clock { who, hours } => {
                self.set_clock(who.into(), i64::from(hours) * HOUR as i64);
                Ok(())
            }
        }
    }

    fn folder(&self, folder: u8) -> String {
        match FOLDERS[usize::from(folder)] {
            "all" => format!("{}/", self.account),
            folder => format!("{}/{folder}/", self.account),
        }
    }

    fn set_clock(&mut self, device: Device, ahead: i64) {
        let now = self.now;
        if let Some(held) = self.phones.get_mut(&device) {
            held.ahead = ahead;
        } else if let Some(camera) = self.cameras.get_mut(&device.wrapping_sub(CAMERA)) {
            camera.ahead = ahead;
            camera.right &= ahead <= 0;
            camera.clock.set_wall(now.saturating_add_signed(ahead));
        }
    }

    fn new_passphrase(&mut self) -> Passphrase {
        let words = Passphrase::generate(&mut self.rng);
        self.passphrases.extend(Passphrase::parse(words.words()));
        words
    }

    fn share(
        &mut self,
        phone: u8,
        member: u8,
        streams: &[Name],
        term: u8,
        touch: bool,
    ) -> Result<()> {
        let (phone, verified) = (self.phone(phone)?, self.met(member)?);
        let window = |from: u64, length: u64| Window {
            from: self.now + from,
            until: self.now + from + length,
        };
        let term = match TERMS[usize::from(term)] {
            "always" => Term::UntilRevoked,
            "every-stream" => Term::AllStreams,
            "now" => Term::Window(window(0, HOUR)),
            "soon" => Term::Window(window(HOUR, HOUR)),
            _ => Term::Window(window(24 * HOUR, 24 * HOUR)),
        };
        let intent = Intent::Share {
            member: member_id(verified.key()),
            streams: (term != Term::AllStreams).then(|| streams.iter().cloned().collect()),
            of: match term {
                Term::Window(window) => (Kind::Tdsk, Some(window)),
                _ => (Kind::Dsk, None),
            },
        };
        let meeting = if touch {
            Meeting::Touch
        } else {
            Meeting::Remote
        };
        let members = [verified];
        let handed = self.act(phone, intent, |owner, env| {
            owner.share(streams, &members, term, meeting, env)
        })?;
        for touch in handed {
            self.members[usize::from(member)].touch(&touch.payload)?;
        }
        Ok(())
    }

    fn extend(&mut self, phone: Device, stream: u8, hours: u16) -> Result<()> {
        let camera = self.cameras.get(&camera_of(stream));
        if camera.is_none_or(|camera| camera.retired) {
            return Err(nobody());
        }
        let (seat, now) = (self.provider.seat(phone), self.clock_of(phone));
        let stream = n(STREAMS[usize::from(stream)]);
        let held = self.phones.get(&phone).ok_or_else(nobody)?;
        let until = now + u64::from(hours) * HOUR;
        held.device.extend_lease(&seat, &stream, now, until)
    }

    fn enroll(&mut self, phone: Device) -> Result<()> {
        if self.phones.contains_key(&phone) {
            return Err(nobody());
        }
        let seat = self.provider.seat(phone);
        let mut result = Err(nobody());
        for (number, words) in self.passphrases.iter().enumerate().rev() {
            let mut env = Env {
                cloud: &seat,
                now: self.now,
                save: &|_| Ok(()),
                rng: &mut self.rng,
            };
            result = owner::enroll(n(PHONES[phone]), self.account, words, None, &mut env)
                .map(|device| Held::new(device, number));
            if !matches!(&result, Err(error) if error.is(AccountError::VaultOpen)) {
                break;
            }
        }
        let held = result.map(|held| self.phones.insert(phone, held)).map(drop);
        self.took(phone, Intent::Nothing);
        held
    }

    fn lose(&mut self, phone: u8, lost: u8, word: bool, passphrase: bool) -> Result<()> {
        let lost = usize::from(lost);
        let stolen = self.phones.get(&lost).ok_or_else(nobody)?;
        let stored = store_phone(&stolen.device);
        let mut others = self.in_hand();
        others.retain(|other| *other != lost);
        let meant = usize::from(phone);
        let by = others
            .iter()
            .find(|other| **other >= meant)
            .or(others.first());
        let by = *by.ok_or_else(nobody)?;
        self.stolen.entry(lost).or_insert(stored);
        let words = passphrase.then(|| self.new_passphrase());
        let words = words.as_ref().map(|words| (words, Work::LEAST));
        let name = n(PHONES[lost]);
        self.act(by, Intent::Lose { lost, word }, |owner, env| match word {
            true => owner.lose_unlocked_phone(&name, words, env),
            false => owner.lose_phone(&name, words, env),
        })
    }

    /// A phone shows an offer.
    fn offer(&mut self, phone: Device) -> Result<()> {
        let now = self.clock_of(phone);
        let offer = Offer::new(self.account, now, &mut self.rng);
        let held = self.phones.get_mut(&phone).ok_or_else(nobody)?;
        held.offer = Some((offer, now));
        Ok(())
    }

    /// A camera answers a phone's last offer, and so many minutes later the phone takes its reply.
    fn take(&mut self, phone: Device, number: usize, evidence: u8, minutes: i16) -> Result<()> {
        let mut new = (0..CAMERAS.len()).filter(|camera| !self.cameras.contains_key(camera));
        let number = new
            .clone()
            .find(|camera| *camera >= number)
            .or(new.next())
            .ok_or_else(nobody)?;
        self.pair(phone, number, None, evidence, minutes)
    }

    /// The same with the camera that is meant, which may take the place of another.
    fn pair(
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
    fn former(&self, place: usize, copy: bool) -> Option<usize> {
        let of = self.places.iter().filter(|(_, of)| **of == place);
        let mut numbers = of.map(|(number, _)| *number);
        numbers.rfind(|number| self.cameras.get(number).is_some_and(|c| c.copied == copy))
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
    fn correct(&mut self, phone: u8, number: usize, hours: u16) -> Result<()> {
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
