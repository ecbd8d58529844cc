//! Plays a history: what each thing does to the household, and what is then true.

use encryptediot::Result;
use encryptediot::announcement::{Kind, Window};
use encryptediot::contact::{self, VerifiedMember};
use encryptediot::error::{AccountError, Error};
use encryptediot::keys::{Name, member_id};
use encryptediot::owner::{self, Env, Meeting, Owner, Term};
use encryptediot::passphrase::Passphrase;
use encryptediot::vault::Work;
use encryptediot_testkit::{n, store_phone};

use super::house::{FORMER, HOUR, Held, House, MINUTE, device_of, with};
use super::ledger::Intent;
use super::op::{CAMERA, CAMERAS, FOLDERS, MEMBER, Op, PHONES, STREAMS, TERMS};
use super::pairing::counted;
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
    pub(super) fn act<T>(
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
            Op::Copy { camera } => self.copy(self.place(camera)?),
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
}
