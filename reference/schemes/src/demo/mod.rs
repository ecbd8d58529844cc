//! The demo, and the paper's figures as scenes: a household in one process records real video and
//! audio, and everyone tries to open it, the provider included. Time is simulated, the bytes and
//! the cryptography are real.
//!
//! [`run`] plays the demo in a directory; [`figures::FIGURES`] are the paper's figures.

use encryptediot_store::DirectoryCloud;
use std::path::{Path, PathBuf};

use encryptediot::error::StoreError;
use encryptediot::message::Time;
use encryptediot::vault::Work;
use encryptediot_recording::{Cuts, cut_all};
use encryptediot_testkit::household::Household;

mod attacks;
pub mod features;
pub mod figures;
mod files;
pub mod live;
pub mod matrix;
pub mod pictures;
pub mod policy;
mod report;
pub mod scene;
pub mod stage;
mod story;

pub use files::{CLOUD, Failure, Plays, default_directory};
pub use report::{Recording, Report, ViewedFile};

use stage::{Stage, Track};

/// The clip that is recorded as the stream `video`: picture and its own sound.
pub const SAMPLE: &[u8] = include_bytes!("../../../assets/sample.ts");

/// The sound that is recorded as the stream `audio`, by another device.
pub const AUDIO: &[u8] = include_bytes!("../../../assets/audio.ts");

/// The streams: a camera at the door, a microphone in the hall.
const STREAMS: [(&str, &str, &str, &[u8]); 2] = [
    ("door", VIDEO_STREAM, "sample.ts", SAMPLE),
    ("hall", AUDIO_STREAM, "audio.ts", AUDIO),
];
const VIDEO_STREAM: &str = "video";
const AUDIO_STREAM: &str = "audio";

/// How long a session is: a few seconds (paper table 1).
const SESSION: Time = 2_000;

/// When the demo begins: 2027-01-15T08:00:00Z.
const BEGIN: Time = 1_800_000_000_000;

/// How the demo is played. All its keys come from the seed: it is no place for anything secret.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where everything goes: new, empty, or a former demo's.
    pub directory: PathBuf,
    /// The same seed gives the same keys, clips and objects, byte for byte.
    pub seed: u64,
    /// The cost of the passphrase function.
    pub work: Work,
    /// The program that plays the files to check them.
    pub player: String,
}

impl Options {
    /// A demo in `directory` at full cost.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            seed: 1,
            work: Work::DEFAULT,
            player: "ffprobe".to_owned(),
        }
    }
}

/// Plays the demo. `progress` is called with each scene as it begins.
///
/// # Errors
/// [`Failure`] if it could not be played to its end. Outcomes other than expected are in
/// the report: see [`Report::held`].
pub fn run(options: &Options, progress: &mut dyn FnMut(&str)) -> Result<Report, Failure> {
    let directory = &options.directory;
    files::prepare(directory)?;
    progress("an account, a camera and a microphone");
    let cloud = Box::new(DirectoryCloud::create(&directory.join(CLOUD))?);
    let home = Household::new(cloud, options.seed, BEGIN, options.work, "owner")?;
    let stage = Stage::new(home);
    let mut demo = Demo {
        stage,
        files: Vec::new(),
        progress,
    };
    for (camera, stream, ..) in STREAMS {
        demo.stage.home.pair("owner", camera, &[stream])?;
    }
    story::play(&mut demo)?;
    attacks::play(&mut demo)?;
    story::end(&mut demo)?;
    let report = demo.report(options)?;
    let json = serde_json::to_vec_pretty(&report).map_err(|error| Failure::File {
        path: directory.join(REPORT),
        error: error.into(),
    })?;
    files::write(&directory.join(REPORT), &json)?;
    Ok(report)
}

/// The report as JSON, in the demo's directory.
const REPORT: &str = "report.json";

/// A demo that is being played.
struct Demo<'p> {
    stage: Stage,
    /// What viewers got: the file's name, the clips, the bytes, and what was recorded.
    files: Vec<Got>,
    progress: &'p mut dyn FnMut(&str),
}

struct Got {
    name: String,
    clips: String,
    bytes: Vec<u8>,
    truth: Vec<u8>,
}

impl Demo<'_> {
    fn scene(&mut self, title: &str) {
        (self.progress)(title);
        self.stage.scene(title);
    }

    /// Keeps what a viewer got in a file, and notes that in the last row.
    fn keep(
        &mut self,
        name: &str,
        stream: &str,
        clips: std::ops::RangeInclusive<u64>,
        got: Vec<u8>,
    ) {
        let all: Vec<u64> = clips.collect();
        let recorded = all.iter().filter_map(|clip| {
            let place = (stream.to_owned(), *clip);
            self.stage.truth.get(&place)
        });
        let truth = recorded.flatten().copied().collect();
        let clips = format!("{stream} {}", scene::spans(&all));
        self.stage.note(format!("-> {name}"));
        self.files.push(Got {
            name: name.to_owned(),
            clips,
            bytes: got,
            truth,
        });
    }

    /// Writes the files, reads them back, plays them, and draws up the report.
    fn report(self, options: &Options) -> Result<Report, Failure> {
        let Self {
            stage,
            files: kept,
            progress,
        } = self;
        progress("playing the decrypted files");
        let mut found = Vec::new();
        for Got {
            name,
            clips,
            bytes,
            truth,
        } in kept
        {
            let path = options.directory.join(&name);
            files::write(&path, &bytes)?;
            let stored = read_back(&path)?;
            let whole = STREAMS.iter().find(|(.., asset)| *asset == stored);
            found.push(ViewedFile {
                bytes: stored.len() as u64,
                clips,
                identical: stored == truth,
                whole: whole.map(|(_, _, name, _)| *name),
                plays: files::plays(&options.player, &path),
                name,
            });
        }
        let recorded = STREAMS.map(|(_, stream, source, _)| Recording {
            stream: stream.to_owned(),
            source,
            clips: stage.count(stream),
            bytes: stage.recorded_bytes(stream),
        });
        // The first file is a video; a player that found it sound will find a picture in it.
        let picture = found
            .first()
            .filter(|f| matches!(f.plays, Plays::Yes { .. }));
        let still = picture.and_then(|file| {
            let (from, to) = (options.directory.join(&file.name), "still.png");
            files::still(&from, &options.directory.join(to)).then(|| to.to_owned())
        });
        let report = Report {
            held: false,
            seed: options.seed,
            directory: options.directory.clone(),
            recorded: recorded.into(),
            scenes: stage.scenes,
            files: found,
            still,
            reasons: std::collections::BTreeMap::new(),
        };
        Ok(report.conclude())
    }
}

fn read_back(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::File {
        path: path.to_owned(),
        error,
    })
}

/// A session's bytes, and how long it is.
type Session = (Vec<u8>, Time);

/// A recording, cut into sessions.
fn film(bytes: &[u8]) -> Result<Vec<Session>, encryptediot::Error> {
    let cuts = Cuts {
        target: SESSION,
        ..Cuts::default()
    };
    let cut = cut_all(bytes, cuts).map_err(|_| StoreError::Input)?;
    let session = |(bytes, length): (_, Option<Time>)| (bytes, length.unwrap_or(SESSION));
    Ok(cut.into_iter().map(session).collect())
}

/// The sample and the audio, cut into sessions.
fn tracks() -> Result<Vec<Track>, encryptediot::Error> {
    let tracks = STREAMS.iter().map(|(camera, stream, _, bytes)| {
        Ok(Track {
            camera,
            stream,
            sessions: film(bytes)?,
        })
    });
    tracks.collect()
}

#[cfg(test)]
mod tests;
