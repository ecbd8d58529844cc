//! A household to play scenes on: it remembers what was recorded, lets people try to open it, and
//! records the outcome.

use std::collections::BTreeMap;

use super::scene::{Outcome, Row, Scene, spans};
use crate::scheme::repaired;
use encryptediot::contact::VerifiedMember;
use encryptediot::error::{AccountError, Error, GrantError, Result};
use encryptediot::message::Time;
use encryptediot::owner::{Meeting, Term};
use encryptediot::uplink;
use encryptediot::view;
use encryptediot_testkit::household::{Household, name};

/// Who opens clips.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Viewer<'a> {
    /// A phone of the owner.
    Phone(&'a str),
    /// A member.
    Member(&'a str),
}

impl Viewer<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Phone(name) | Self::Member(name) => name,
        }
    }
}

/// A stream's recording, cut into sessions: their bytes and how long each is.
pub struct Track {
    /// The name of the camera that records it.
    pub camera: &'static str,
    /// The recorded stream's name.
    pub stream: &'static str,
    /// The sessions.
    pub sessions: Vec<(Vec<u8>, Time)>,
}

/// The household, what was recorded, and what has been tried.
pub struct Stage {
    /// The devices of the household, around one cloud.
    pub home: Household,
    /// What was recorded, by stream and clip number.
    pub truth: BTreeMap<(String, u64), Vec<u8>>,
    /// The scenes so far; the last one is being played.
    pub scenes: Vec<Scene>,
}

impl Stage {
    /// A stage on which nothing has happened.
    pub fn new(home: Household) -> Self {
        Self {
            home,
            truth: BTreeMap::new(),
            scenes: Vec::new(),
        }
    }

    /// Begins the next scene.
    pub fn scene(&mut self, title: impl Into<String>) {
        self.scenes.push(Scene::new(title));
    }

    /// Writes a try down.
    pub fn row(&mut self, who: &str, what: impl Into<String>, expected: Outcome, seen: Outcome) {
        self.push(Row {
            who: who.to_owned(),
            what: what.into(),
            expected,
            seen,
            note: String::new(),
        });
    }

    /// Adds a remark to the last try.
    pub fn note(&mut self, note: impl Into<String>) {
        let row = self.scenes.last_mut().and_then(|s| s.rows.last_mut());
        if let Some(row) = row {
            row.note = note.into();
        }
    }

    fn push(&mut self, row: Row) {
        if self.scenes.is_empty() {
            self.scene("");
        }
        if let Some(scene) = self.scenes.last_mut() {
            scene.rows.push(row);
        }
    }

    /// How many clips of `stream` were recorded.
    pub fn count(&self, stream: &str) -> u64 {
        self.truth.keys().filter(|(of, _)| of == stream).count() as u64
    }

    /// How many bytes of `stream` were recorded.
    pub fn recorded_bytes(&self, stream: &str) -> u64 {
        let of_stream = self.truth.iter().filter(|((of, _), _)| of == stream);
        of_stream.map(|(_, bytes)| bytes.len() as u64).sum()
    }

    /// Records one session and uploads it.
    pub fn record(&mut self, camera: &str, stream: &str, bytes: &[u8]) -> Result<u64> {
        let clip = self.home.record(camera, stream, bytes)?;
        self.truth.insert((stream.to_owned(), clip), bytes.to_vec());
        Ok(clip)
    }

    /// Records the sessions of all tracks at once, as devices side by side do: the clock goes from
    /// one session's end to the next.
    pub fn roll(&mut self, tracks: &[Track]) -> Result<()> {
        let start = self.home.now();
        let mut open = Vec::new();
        for track in tracks {
            let mut queue = track.sessions.iter();
            if let Some(first) = queue.next() {
                let session = self.begin(track, &first.0)?;
                open.push((start.saturating_add(first.1), track, queue, first, session));
            }
        }
        while let Some(place) = (0..open.len()).min_by_key(|place| open[*place].0) {
            let (end, track, mut queue, (bytes, _), session) = open.swap_remove(place);
            let wait = end.saturating_sub(self.home.now());
            self.home.clock.advance(wait);
            self.finish(track, bytes, session)?;
            if let Some(next) = queue.next() {
                let session = self.begin(track, &next.0)?;
                open.push((end.saturating_add(next.1), track, queue, next, session));
            }
        }
        Ok(())
    }

    fn begin(&mut self, track: &Track, bytes: &[u8]) -> Result<encryptediot::camera::Session> {
        let home = &mut self.home;
        let camera = home.cameras.get_mut(&name(track.camera)?);
        let camera = camera.ok_or(encryptediot::error::StoreError::LocalMissing)?;
        let mut session = camera.begin(&name(track.stream)?, &home.clock, &mut home.rng)?;
        session.write(bytes)?;
        Ok(session)
    }

    fn finish(
        &mut self,
        track: &Track,
        bytes: &[u8],
        session: encryptediot::camera::Session,
    ) -> Result<()> {
        let home = &mut self.home;
        let camera = home.cameras.get_mut(&name(track.camera)?);
        let camera = camera.ok_or(encryptediot::error::StoreError::LocalMissing)?;
        let made = camera.finish(session, &home.clock, &mut home.rng)?;
        let recorded = made.store(|_| Ok(()))?;
        uplink::upload(camera, &*home.cloud, &recorded)?;
        let place = (track.stream.to_owned(), recorded.sequence);
        self.truth.insert(place, bytes.to_vec());
        Ok(())
    }

    /// Lets every camera fetch what it is to obey.
    ///
    /// # Errors
    /// The first refusal: in an honest cloud there is none.
    pub fn sync_cameras(&mut self) -> Result<()> {
        repaired::sync_cameras(&mut self.home)
    }

    /// Lets every member read what is new.
    ///
    /// # Errors
    /// The first refusal: in an honest cloud there is none.
    pub fn sync_members(&mut self) -> Result<()> {
        repaired::sync_members(&mut self.home)
    }

    /// Cameras, then members.
    pub fn sync(&mut self) -> Result<()> {
        self.sync_cameras()?;
        self.sync_members()
    }

    /// Shares streams with a new member by touch. Returns how many bytes the phone handed over.
    pub fn share_by_touch(
        &mut self,
        phone: &str,
        streams: &[&str],
        member: &str,
        term: Term,
    ) -> Result<usize> {
        let streams = streams
            .iter()
            .map(|s| name(s))
            .collect::<Result<Vec<_>>>()?;
        let fresh = encryptediot::member::Member::generate(name(member)?, &mut self.home.rng)?;
        let card = fresh.card();
        self.home.members.insert(name(member)?, fresh);
        let payloads = self.home.act(phone, |owner, env| {
            let member = VerifiedMember::by_proximity(card);
            owner.share(&streams, &[member], term, Meeting::Touch, env)
        })?;
        let payload = &payloads.first().ok_or(GrantError::UnknownMember)?.payload;
        self.home.member(member)?.touch(payload)?;
        Ok(payload.len())
    }

    /// Lets a viewer try to open clips of a stream, and records the outcome. Returns the
    /// bytes that came out.
    pub fn tries(
        &mut self,
        viewer: Viewer<'_>,
        stream: &str,
        clips: impl IntoIterator<Item = u64>,
        expected: Outcome,
    ) -> Vec<u8> {
        let (mut all, mut runs) = (Vec::new(), Vec::<(Vec<u64>, Outcome)>::new());
        for clip in clips {
            let (bytes, result) = self.attempt(viewer, stream, clip);
            let truth = self.truth.get(&(stream.to_owned(), clip));
            let seen = Outcome::of(&result, &bytes, truth.map(Vec::as_slice));
            all.extend(bytes);
            match runs.last_mut() {
                Some((clips, last)) if *last == seen => clips.push(clip),
                _ => runs.push((vec![clip], seen)),
            }
        }
        if runs.is_empty() {
            runs.push((Vec::new(), Outcome::says("nothing was tried")));
        }
        for (clips, seen) in runs {
            let what = format!("{stream} {}", spans(&clips));
            self.row(viewer.name(), what, expected.clone(), seen);
        }
        all
    }

    /// What a viewer gets of a clip: the bytes that came out, and how it ended.
    pub fn attempt(
        &mut self,
        viewer: Viewer<'_>,
        stream: &str,
        clip: u64,
    ) -> (Vec<u8>, Result<()>) {
        let mut out = Vec::new();
        let result = self.open(viewer, stream, clip, &mut out);
        (out, result)
    }

    fn open(
        &mut self,
        viewer: Viewer<'_>,
        stream: &str,
        sequence: u64,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let (account, stream) = (self.home.account()?, name(stream)?);
        let home = &mut self.home;
        let clip = match viewer {
            Viewer::Phone(phone) => {
                let phone = home.phones.get_mut(&name(phone)?);
                let phone = phone.ok_or(AccountError::UnknownPhone)?;
                phone.open(&*home.cloud, &stream, sequence)?
            }
            Viewer::Member(member) => {
                let member = home.members.get_mut(&name(member)?);
                let member = member.ok_or(GrantError::UnknownMember)?;
                member.open(&*home.cloud, &account, &stream, sequence)?
            }
        };
        view::read(&*home.cloud, &account, &clip, 0, out)?;
        Ok(())
    }

    /// For how many keys a clip is wrapped, the owner's included.
    pub fn envelopes(&mut self, phone: &str, stream: &str, clip: u64) -> Result<Vec<String>> {
        let home = &mut self.home;
        let phone = home.phones.get_mut(&name(phone)?);
        let phone = phone.ok_or(AccountError::UnknownPhone)?;
        let clip = phone.open(&*home.cloud, &name(stream)?, clip)?;
        let envelopes = clip.manifest.envelopes.iter();
        Ok(envelopes.map(|e| e.recipient.to_string()).collect())
    }

    /// What the owner's phone says of a revocation on `stream`: it is in effect only once the
    /// camera has acknowledged the announcement.
    pub fn revocation(&mut self, phone: &str, stream: &str) -> Result<Option<u64>> {
        let stream = name(stream)?;
        let home = &mut self.home;
        let phone = home.phones.get(&name(phone)?);
        let phone = phone.ok_or(AccountError::UnknownPhone)?;
        let all = phone.status(&*home.cloud)?;
        let found = all.into_iter().find(|status| status.stream == stream);
        let status = found.ok_or(Error::from(
            encryptediot::error::AnnouncementError::UnknownStream,
        ))?;
        Ok(status.acknowledged.map(|ack| ack.first))
    }
}
