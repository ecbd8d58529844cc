//! The paper's table 1 as scenarios: each feature is played under each scheme with real video, and
//! its outcome is measured. What table 1 says of it stands beside it, and decides nothing.
//!
//! Every scenario has the same course: one session of two cameras before the feature is turned on,
//! two while it is on, one after it was turned off. Then everyone who is not the owner tries to open
//! every clip: that is what the feature costs in exposure.

use std::collections::BTreeMap;

use super::matrix::{Cell, Exposure, Matrix, Row};
use super::pictures::{NoPicture, Pictures};
use super::{AUDIO, SAMPLE, SESSION, Session, film};
use crate::scheme::{Kind, PROVIDER, Scheme, Who};
use encryptediot::error::Error;
use encryptediot::message::Time;
use encryptediot::owner::Term;
use encryptediot_policy::feature::{Extent, Feature, Party};

/// The streams: the door's camera, and the garden's.
const DOOR: &str = "door-video";
const GARDEN: &str = "garden-video";
pub(super) const STREAMS: [(&str, &str); 2] = [("door", DOOR), ("garden", GARDEN)];

/// Plays features under schemes.
///
/// # Errors
/// What no scenario expects: a scheme that cannot record, or whose owner is shut out.
pub fn run(
    features: &[Feature],
    schemes: &[Kind],
    seed: u64,
    pictures: &Pictures,
    progress: &mut dyn FnMut(&str),
) -> Result<Matrix, Error> {
    let mut rows = Vec::new();
    for feature in features {
        let mut cells = Vec::new();
        for kind in schemes {
            progress(&format!("{feature}, {kind}"));
            cells.push(play(*feature, kind.open(seed)?, pictures)?);
        }
        let paper = feature.promised();
        rows.push(Row {
            feature: *feature,
            paper,
            cells,
        });
    }
    Ok(Matrix { rows })
}

/// Plays one feature under a scheme.
pub fn play(feature: Feature, scheme: Box<dyn Scheme>, pictures: &Pictures) -> Result<Cell, Error> {
    let mut play = Play {
        start: scheme.now(),
        scheme,
        pictures,
        film: film(SAMPLE)?,
        truth: BTreeMap::new(),
        texts: Vec::new(),
    };
    for (camera, stream) in STREAMS {
        play.scheme.pair(camera, &[stream])?;
    }
    play.scheme.enroll("second-phone")?;
    play.roll()?;
    play.turn(feature, true)?;
    let came = play.feature(feature)?;
    play.turn(feature, false)?;
    play.roll()?;
    let exposure = play.exposure(feature)?;
    let scheme = play.scheme.kind();
    let refused = |seen: String| (Some(Extent::Unavailable), seen, None);
    let (extent, seen, waited) = match came {
        Ok(came) => (Some(came.extent), came.seen, came.waited),
        Err(Not::Refused(error)) => refused(error.reason().to_owned()),
        Err(Not::Differs) => refused("other bytes came out than were recorded".to_owned()),
        Err(Not::Run(why)) => (None, why.to_string(), None),
    };
    Ok(Cell {
        scheme,
        extent,
        seen,
        waited,
        exposure,
    })
}

/// A feature that works.
struct Came {
    extent: Extent,
    seen: String,
    waited: Option<Time>,
}

/// Why one does not.
enum Not {
    Refused(Error),
    Differs,
    Run(NoPicture),
}

impl From<Error> for Not {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<NoPicture> for Not {
    fn from(why: NoPicture) -> Self {
        Self::Run(why)
    }
}

type Played = Result<Came, Not>;

struct Play<'p> {
    scheme: Box<dyn Scheme>,
    pictures: &'p Pictures,
    film: Vec<Session>,
    /// What was recorded, and when.
    truth: BTreeMap<(&'static str, u64), (Vec<u8>, Time, Time)>,
    /// Links that were made.
    texts: Vec<String>,
    start: Time,
}

/// The one to whom a feature's clips are opened.
fn party(feature: Feature) -> Option<&'static str> {
    match feature.party() {
        Party::Nobody | Party::Bearer => None,
        Party::Provider => Some(PROVIDER),
        Party::Member => Some(match feature {
            Feature::Website => "browser",
            Feature::ThirdPartyDevices => "tv",
            _ => "alice",
        }),
    }
}

impl Play<'_> {
    /// One session of each camera. No two show the same.
    fn roll(&mut self) -> Result<(), Error> {
        for (camera, stream) in STREAMS {
            let (bytes, length) = self.next();
            let clip = self.scheme.record(camera, stream, &bytes, length)?;
            self.keep(stream, clip, bytes, length);
        }
        Ok(())
    }

    fn next(&self) -> (Vec<u8>, Time) {
        let sessions = self.film.len().max(1);
        let next = self.film.get(self.truth.len() % sessions);
        next.cloned().unwrap_or_default()
    }

    fn keep(&mut self, stream: &'static str, clip: u64, bytes: Vec<u8>, length: Time) {
        let end = self.scheme.now() - self.start;
        self.truth
            .insert((stream, clip), (bytes, end.saturating_sub(length), end));
    }

    fn turn(&mut self, feature: Feature, on: bool) -> Result<(), Error> {
        let streams: &[&str] = match feature {
            Feature::BirdsEyeView => &[DOOR, GARDEN],
            _ => &[DOOR],
        };
        match (party(feature), on) {
            (Some(member), true) => self.scheme.share(streams, member, Term::UntilRevoked),
            (Some(member), false) => self.scheme.revoke(streams, member),
            (None, _) => Ok(()),
        }
    }

    /// What `who` gets of a clip, which must be what was recorded.
    fn sees(&mut self, who: Who<'_>, stream: &'static str, clip: u64) -> Result<Vec<u8>, Not> {
        let got = self.scheme.view(who, stream, clip)?;
        match self.truth.get(&(stream, clip)) {
            Some((truth, ..)) if *truth == got => Ok(got),
            _ => Err(Not::Differs),
        }
    }

    fn recorded(&self, stream: &'static str, clip: u64) -> Vec<u8> {
        let found = self.truth.get(&(stream, clip));
        found.map(|(bytes, ..)| bytes.clone()).unwrap_or_default()
    }

    /// The feature at work, over clips 2 and 3.
    fn feature(&mut self, feature: Feature) -> Result<Played, Error> {
        if feature == Feature::LiveView {
            let came = self.live()?;
            return Ok(came);
        }
        self.roll()?;
        self.roll()?;
        Ok(match feature {
            Feature::SharedUsers | Feature::Website | Feature::ThirdPartyDevices => {
                self.member(party(feature).unwrap_or_default())
            }
            Feature::LiveView => Err(Not::Differs),
            Feature::CameraPreviews => self.previews(),
            Feature::LinkSharing => self.linked(),
            Feature::EventTimeline => self.timeline(),
            Feature::PreviewAlerts => self.alert(),
            Feature::ProviderDevices => self.provider_device(),
            Feature::QuickReplies => self.reply(),
            Feature::BirdsEyeView => self.birds_eye(),
        })
    }

    fn member(&mut self, member: &str) -> Played {
        for clip in 2..=3 {
            self.sees(Who::Member(member), DOOR, clip)?;
        }
        Ok(available("every clip since it was turned on"))
    }

    /// Two phones watch at once. What no live session gives, they look for in the store.
    fn live(&mut self) -> Result<Played, Error> {
        let phones = [Who::Phone("phone"), Who::Phone("second-phone")];
        // The longest wait, and how many sessions that is.
        let mut worst: Result<(Time, Time), Error> = Ok((0, 0));
        for _ in 2..=3 {
            let (bytes, length) = self.next();
            let (clip, delays) = self.scheme.live("door", DOOR, &bytes, length, &phones)?;
            self.keep(DOOR, clip, bytes, length);
            for delay in delays {
                let delay = delay.map(|waited| (waited / length.max(1), waited));
                worst = worst.and_then(|worst| Ok(worst.max(delay?)));
            }
            let (bytes, length) = self.next();
            let clip = self.scheme.record("garden", GARDEN, &bytes, length)?;
            self.keep(GARDEN, clip, bytes, length);
        }
        Ok(match worst {
            Ok((0, waited)) => Ok(Came {
                extent: Extent::Available,
                seen: format!("both phones see it after {waited} ms"),
                waited: Some(waited),
            }),
            Ok((sessions, waited)) => self.both_follow(&phones, sessions, waited),
            Err(_) => {
                let length = self.truth.get(&(DOOR, 3)).map(|(_, from, to)| to - from);
                self.both_follow(&phones, 1, length.unwrap_or(SESSION))
            }
        })
    }

    fn both_follow(&mut self, phones: &[Who<'_>], sessions: Time, waited: Time) -> Played {
        for who in phones {
            self.sees(*who, DOOR, 3)?;
        }
        Ok(Came {
            extent: Extent::Limited,
            seen: format!("from the store, {sessions} session late ({waited} ms)"),
            waited: Some(waited),
        })
    }

    /// The provider makes the dashboard's picture, or else a phone does, of the last session.
    fn previews(&mut self) -> Played {
        let truth = self.pictures.still(&self.recorded(DOOR, 3))?;
        let seen = match self.sees(Who::Member(PROVIDER), DOOR, 3) {
            Ok(video) => (available("made by the provider"), video),
            Err(_) => {
                let video = self.sees(Who::Phone("phone"), DOOR, 3)?;
                let (_, length) = self.film.get(3).cloned().unwrap_or_default();
                let came = Came {
                    extent: Extent::Limited,
                    seen: format!("made by a phone, 1 session late ({length} ms)"),
                    waited: Some(length),
                };
                (came, video)
            }
        };
        same(self.pictures.still(&seen.1)? == truth, seen.0)
    }

    fn linked(&mut self) -> Played {
        let until = self.scheme.now() + 60 * 60 * 1000;
        let before = self.stored()?;
        let text = self.scheme.link(DOOR, 2, until)?;
        let uploaded = self.stored()? - before;
        self.texts.push(text.clone());
        let got = self.scheme.follow_link(&text)?;
        let length = self.recorded(DOOR, 2).len() as u64;
        let came = match uploaded < length {
            true => available("of the clip as it lies there"),
            false => Came {
                extent: Extent::Limited,
                seen: format!("encrypted again: {length} bytes down, {uploaded} up"),
                waited: None,
            },
        };
        same(got == self.recorded(DOOR, 2), came)
    }

    /// Bytes in the store.
    fn stored(&self) -> Result<u64, Error> {
        let mut bytes = 0;
        for path in self.scheme.cloud().list("")? {
            bytes += self.scheme.cloud().get(&path)?.len() as u64;
        }
        Ok(bytes)
    }

    /// The provider scores every clip that it opens; the owner reads the list.
    fn timeline(&mut self) -> Played {
        let mut scores = Vec::new();
        for clip in 2..=3 {
            let video = self.sees(Who::Member(PROVIDER), DOOR, clip)?;
            scores.push((clip, self.pictures.motion(&video)?));
        }
        self.hand_over("provider/timeline", &encryptediot::cbor::encode(&scores))?;
        let read: Vec<(u64, u64)> =
            encryptediot::cbor::decode(&self.scheme.cloud().get("provider/timeline")?)?;
        let mut truth = Vec::new();
        for clip in 2..=3 {
            truth.push((clip, self.pictures.motion(&self.recorded(DOOR, clip))?));
        }
        let text: Vec<String> = read.iter().map(|(_, score)| score.to_string()).collect();
        let seen = format!("motion {} (thousandths)", text.join(" and "));
        same(read == truth, available(seen))
    }

    /// The provider sends a picture of the newest clip.
    fn alert(&mut self) -> Played {
        let video = self.sees(Who::Member(PROVIDER), DOOR, 3)?;
        let picture = self.pictures.still(&video)?;
        self.hand_over("provider/alert", &picture)?;
        let read = self
            .scheme
            .cloud()
            .get("provider/alert")
            .map_err(Not::from)?;
        let truth = self.pictures.still(&self.recorded(DOOR, 3))?;
        same(
            read == truth,
            available(format!("a picture of {} bytes", read.len())),
        )
    }

    /// The provider opens a clip and plays it on a screen that it sells.
    fn provider_device(&mut self) -> Played {
        let video = self.sees(Who::Member(PROVIDER), DOOR, 3)?;
        self.pictures.still(&video)?;
        Ok(available("opened by the provider, and it plays"))
    }

    /// A message that the owner has chosen is fetched by the doorbell. It is no recording.
    fn reply(&mut self) -> Played {
        self.hand_over("replies/door", AUDIO)?;
        let fetched = self.scheme.cloud().get("replies/door").map_err(Not::from)?;
        same(fetched == AUDIO, available("not encrypted, as without it"))
    }

    fn birds_eye(&mut self) -> Played {
        let mut videos = Vec::new();
        for stream in [DOOR, GARDEN] {
            videos.push(self.sees(Who::Member(PROVIDER), stream, 3)?);
        }
        let truth = [DOOR, GARDEN].map(|stream| self.recorded(stream, 3));
        let (seen, truth) = (
            self.pictures.side_by_side(&videos)?,
            self.pictures.side_by_side(&truth)?,
        );
        same(seen == truth, available("both cameras in one picture"))
    }

    fn hand_over(&self, path: &str, bytes: &[u8]) -> Result<(), Not> {
        Ok(self.scheme.cloud().put(path, bytes)?)
    }

    /// Everyone but the owner tries every clip.
    fn exposure(&mut self, feature: Feature) -> Result<Vec<Exposure>, Error> {
        let mut parties: Vec<(&str, Who<'_>)> = vec![
            ("provider", Who::Member(PROVIDER)),
            ("impostor", Who::Impostor),
        ];
        if let Some(member) = party(feature).filter(|member| *member != PROVIDER) {
            parties.push((member, Who::Member(member)));
        }
        let mut found = Vec::new();
        for (party, who) in parties {
            for (_, stream) in STREAMS {
                let mut clips = Vec::new();
                for clip in 1..=4 {
                    match self.sees(who, stream, clip) {
                        Ok(_) => clips.push(clip),
                        Err(Not::Refused(_)) => {}
                        Err(_) => clips.push(clip),
                    }
                }
                found.extend(self.span(party, stream, clips));
            }
        }
        let mut linked = Vec::new();
        for text in self.texts.clone() {
            if self.scheme.follow_link(&text).is_ok() {
                linked.push(2);
            }
        }
        found.extend(self.span("whoever has the link", DOOR, linked));
        Ok(found)
    }

    fn span(&self, party: &str, stream: &'static str, clips: Vec<u64>) -> Option<Exposure> {
        let time = |clip: &u64| self.truth.get(&(stream, *clip));
        let (_, from, _) = clips.first().and_then(time)?;
        let (_, _, until) = clips.last().and_then(time)?;
        Some(Exposure {
            party: party.to_owned(),
            stream: stream.to_owned(),
            from: *from,
            until: *until,
            clips,
        })
    }
}

fn available(seen: impl Into<String>) -> Came {
    Came {
        extent: Extent::Available,
        seen: seen.into(),
        waited: None,
    }
}

fn same(same: bool, came: Came) -> Played {
    match same {
        true => Ok(came),
        false => Err(Not::Differs),
    }
}

#[cfg(test)]
#[path = "features_tests.rs"]
mod tests;
