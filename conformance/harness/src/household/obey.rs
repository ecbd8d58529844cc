//! What cameras obey and record, and what phones and members are shown: each held against the ledger.

use encryptediot::Result;
use encryptediot::announcement::{Head, MAX_LEASE, Tenure};
use encryptediot::clip;
use encryptediot::cloud::{Cloud as _, Paths};
use encryptediot::correction;
use encryptediot::keys::{KeyId, Name, verifying_id};
use encryptediot::message::Hash;
use encryptediot::uplink::{self, Synced};
use encryptediot::view;
use encryptediot_testkit::n;

use super::house::{House, Obeyed, Recorded, device_of};
use super::op::{MEMBER, PHONES, STREAMS};
use super::play::nobody;

/// How long a session is.
const SESSION: u64 = 1_000;

impl House {
    /// A camera asks the cloud what to obey; what it obeyed is held against the ledger.
    pub(super) fn sync(&mut self, number: usize) -> Result<Synced> {
        let (seat, now) = (self.provider.seat(device_of(number)), self.now);
        let camera = self.cameras.get_mut(&number).ok_or_else(nobody)?;
        let before = camera.device.now(&camera.clock);
        let synced = uplink::sync(&mut camera.device, &seat, &camera.clock, &|_| Ok(()))?;
        self.corrected(number, before, &synced.corrected);
        for (stream, head) in &synced.accepted {
            self.obeyed(number, stream, head);
        }
        let camera = self.cameras.get_mut(&number).ok_or_else(nobody)?;
        let lease_time = camera.device.lease_time(&camera.clock);
        for stream in &synced.extended {
            let until = camera.device.lease_until(stream).unwrap_or_default();
            let left = until.saturating_sub(lease_time).min(MAX_LEASE);
            if let Some(last) = camera.obeyed.get_mut(stream).and_then(|all| all.last_mut()) {
                last.ends = last.ends.max(now + left);
            }
        }
        Ok(synced)
    }

    /// A camera has obeyed corrections of its clock: it is set back by as much as they say, and not behind the wall
    /// clock.
    fn corrected(&mut self, number: usize, before: u64, counts: &[u64]) {
        if counts.is_empty() {
            return;
        }
        let seat = self.provider.seat(device_of(number));
        let (root, account, wall) = (&self.root, &self.account, self.now);
        let Some(camera) = self.cameras.get_mut(&number) else {
            return;
        };
        let wall = wall.saturating_add_signed(camera.ahead);
        let back = counts.iter().filter_map(|count| {
            let path = Paths(*account).clock(camera.id(), *count);
            let bytes = seat.find(&path).ok()??;
            Some(correction::open(root, account, &bytes).ok()?.back)
        });
        let due = back.fold(before, |time, back| time.saturating_sub(back).max(wall));
        if camera.device.now(&camera.clock) != due {
            let what = "WINDOW: a camera obeyed the owner's correction, and its clock is not set back by it";
            self.wrong.insert(what.to_owned());
        }
        // The wall clock may be behind what the camera knew better.
        camera.right &= camera.ahead == 0;
    }

    /// A camera has obeyed an announcement.
    fn obeyed(&mut self, number: usize, stream: &Name, head: &Head) {
        let House {
            cameras,
            ledger,
            wrong,
            noted,
            now,
            ..
        } = self;
        let Some(camera) = cameras.get_mut(&number) else {
            return;
        };
        let Some(announced) = ledger.announced.get(&head.hash) else {
            wrong.insert("CAMERA-KEYS: a camera obeyed what no phone announced".to_owned());
            return;
        };
        let before = camera.in_force(stream);
        if announced.camera != Some(camera.id()) {
            wrong.insert("CAMERA-REPLACED: a camera obeyed what names another one".to_owned());
        }
        // A camera that takes over begins with the first announcement that names it.
        let follows = match before {
            Some(before) => announced.previous == Some(before.head.hash),
            None => announced.since.epoch == announced.epoch,
        };
        if !follows {
            wrong.insert(
                "NO-ROLLBACK, NO-FORK: a camera obeyed what does not follow what it obeyed"
                    .to_owned(),
            );
        }
        let latest = camera.device.roster();
        let others = camera.obeyed.values().filter_map(|all| all.last());
        let mut rosters = others.filter_map(|other| ledger.announced.get(&other.head.hash));
        let in_one =
            |one: &Hash, other: &Hash| ledger.precedes(one, other) || ledger.precedes(other, one);
        if !latest.is_some_and(|latest| ledger.precedes(&announced.roster.hash, &latest.hash))
            || !rosters.all(|other| in_one(&other.roster.hash, &announced.roster.hash))
        {
            wrong.insert(
                "NO-FORK: a camera obeyed what was announced in two histories of rosters"
                    .to_owned(),
            );
        }
        if !ledger.passed_over(&head.hash).is_empty() {
            *noted.entry("a camera obeyed the loss of a phone that was kept unlocked, at a phone that was not shown it")
                .or_default() += 1;
        }
        let ends = now.saturating_add(announced.lease);
        let all = camera.obeyed.entry(stream.clone()).or_default();
        all.push(Obeyed { head: *head, ends });
    }

    /// A camera records a clip and uploads it.
    pub(super) fn record(&mut self, number: usize, stream: u8, across: bool) -> Result<()> {
        let stream = n(STREAMS[usize::from(stream)]);
        let bytes = (self.clips.len() as u64).to_le_bytes().to_vec();
        let start = self.now;
        let camera = self.cameras.get_mut(&number).ok_or_else(nobody)?;
        let (right, relieved) = (camera.right, camera.device.is_relieved(&stream));
        let mut session = camera.device.begin(&stream, &camera.clock, &mut self.rng)?;
        session.write(&bytes)?;
        self.pass(SESSION / 2);
        let mut changed = false;
        if across {
            // A provider that fails changes nothing.
            let synced = self.sync(number).unwrap_or_default();
            changed =
                !synced.corrected.is_empty() || synced.accepted.iter().any(|(of, _)| *of == stream);
        }
        self.pass(SESSION / 2);
        let House {
            cameras,
            rng,
            ledger,
            ..
        } = self;
        let camera = cameras.get_mut(&number).ok_or_else(nobody)?;
        let made = camera.device.finish(session, &camera.clock, rng)?;
        let recorded = made.store(|_| Ok(()))?;
        if relieved {
            let what = "CAMERA-REPLACED: a camera recorded that knew it had been relieved";
            self.wrong.insert(what.to_owned());
        }
        let signed = clip::open(
            &self.account,
            &camera.device.verifying_key(),
            &stream,
            &recorded.manifest,
        )?;
        let Obeyed { head, ends } = camera.in_force(&stream).ok_or_else(nobody)?;
        let announced = ledger.announced.get(&head.hash);
        let mut lost = announced.map(|one| one.lost.clone()).unwrap_or_default();
        lost.extend(&camera.told);
        self.clips.push(Recorded {
            stream,
            sequence: recorded.sequence,
            bytes,
            start,
            end: self.now,
            under: head.hash,
            served: ends,
            changed,
            right: right && camera.right,
            lost,
            manifest_hash: signed.hash,
            manifest: signed.body,
            by: camera.id(),
            copied: camera.copied,
        });
        self.log_recorded();
        let camera = self.cameras.get(&number).ok_or_else(nobody)?;
        uplink::upload(
            &camera.device,
            &self.provider.seat(device_of(number)),
            &recorded,
        )
    }

    pub(super) fn status(&mut self, phone: u8) -> Result<()> {
        let device = self.phone(phone)?;
        let seat = self.provider.seat(device);
        self.settle(device)?;
        let House {
            phones,
            cameras,
            ledger,
            wrong,
            noted,
            ..
        } = self;
        let held = phones.get_mut(&device).ok_or_else(nobody)?;
        held.device.sync(&seat)?;
        let own = held.device.checkpoint().roster;
        for status in held.device.status(&seat)? {
            let Some(ack) = status.acknowledged else {
                continue;
            };
            let announced = ledger.announced.get(&status.head.hash);
            let named = announced.and_then(|announced| announced.camera);
            let obeyed = cameras
                .values()
                .filter(|camera| Some(camera.id()) == named)
                .filter_map(|camera| camera.obeyed.get(&status.stream));
            let mut obeyed = obeyed.flatten().map(|obeyed| obeyed.head.hash);
            if ack.announcement != status.head.hash || !obeyed.any(|hash| hash == status.head.hash)
            {
                wrong.insert(
                    "REVOCATION: a phone was shown that a camera obeys what it does not".to_owned(),
                );
            }
            let Some(own) = own else { continue };
            let one = ledger.precedes(&ack.roster.hash, &own.hash)
                || ledger.precedes(&own.hash, &ack.roster.hash);
            if !one && ack.roster.number <= own.number {
                wrong.insert("NO-FORK: a phone took the acknowledgement of a camera that follows other rosters".to_owned());
            } else if !one {
                *noted.entry("a phone took the acknowledgement of a camera that is further, in another history")
                    .or_default() += 1;
            }
        }
        Ok(())
    }

    pub(super) fn view(&mut self, viewer: usize, stream: u8, clip: u64) -> Result<()> {
        let stream = n(STREAMS[usize::from(stream)]);
        let of: Vec<_> = self
            .clips
            .iter()
            .filter(|clip| clip.stream == stream)
            .collect();
        let sequence = 1 + clip % (of.len() as u64).max(1);
        let (account, mut out) = (self.account, Vec::new());
        let (open, seat, at) = match viewer.checked_sub(PHONES.len()) {
            None => {
                let device = self.phone(viewer.try_into().unwrap_or_default())?;
                let seat = self.provider.seat(device);
                let held = self.phones.get_mut(&device).ok_or_else(nobody)?;
                let open = held.device.open(&seat, &stream, sequence)?;
                (open, seat, held.device.followed(&stream).map(followed))
            }
            Some(member) => {
                let seat = self.provider.seat(MEMBER + member);
                let member = &mut self.members[member];
                let open = member.open(&seat, &account, &stream, sequence)?;
                (open, seat, member.followed(&account, &stream).map(followed))
            }
        };
        view::read(&seat, &account, &open, 0, &mut out)?;
        let mut of = self.clips.iter().filter(|clip| clip.stream == stream);
        let recorded = of.find(|clip| clip.sequence == sequence && clip.bytes == out);
        let Some(recorded) = recorded else {
            let what = "CLIP-ORIGIN: what was shown is not what the camera recorded";
            self.wrong.insert(what.to_owned());
            return Ok(());
        };
        let shown = (recorded.by.to_string(), recorded.manifest_hash);
        if !at.is_some_and(|at| self.counts(recorded, at)) {
            let what = "CAMERA-REPLACED: what was shown is by a camera whose clips do not count";
            self.wrong.insert(what.to_owned());
        } else if recorded.copied {
            *self
                .noted
                .entry("a clip of a copied key was shown, of a camera not yet replaced or whose clips were counted")
                .or_default() += 1;
        }
        if let Some((head, _, _)) = at {
            self.log_viewed(viewer, &stream, sequence, head.hash, shown);
        }
        Ok(())
    }

    /// Whether a clip is one of the camera that records now, or of those before it that lead to the last one which
    /// the owner has counted.
    fn counts(&self, clip: &Recorded, (_, since, camera): Followed) -> bool {
        if clip.sequence > since.clips {
            return Some(clip.by) == camera;
        }
        let mut at = since.last;
        while let Some(hash) = at {
            if hash == clip.manifest_hash {
                return true;
            }
            let earlier = self.clips.iter().find(|clip| clip.manifest_hash == hash);
            at = earlier.and_then(|earlier| earlier.manifest.previous);
        }
        false
    }
}

/// The latest announcement that a viewer has followed, since when its camera records, and which one that is.
type Followed = (Head, Tenure, Option<KeyId>);

fn followed(followed: &view::Followed) -> Followed {
    let camera = followed.camera().as_ref().map(verifying_id);
    (followed.head, followed.current.since, camera)
}
