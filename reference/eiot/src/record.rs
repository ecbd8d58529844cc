//! `eiot record`: an endless input, cut into sessions, each sealed as it is read.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{ErrorKind as IoError, Read};
use std::os::fd::AsFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use clap::Args;
use encryptediot::camera::Session;
use encryptediot::error::{AnnouncementError, StoreError};
use encryptediot::keys::Name;
use encryptediot::{Error, ErrorKind};
use encryptediot_recording::{Cuts, Cutter, Piece};
use indicatif::{ProgressBar, ProgressStyle};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::json;

use crate::context::{Context, Report};
use crate::devices::{self, Kind};
use crate::failure::{During as _, Failure, Outcome, in_line};
use crate::recorder::{self, BodyFile, Recorder, Uploaded};
use crate::signals::Stop;
use crate::times::Length;
use crate::uploader::{Ask, News, Uploader};

/// How often a recording that waits looks whether it shall stop, and what time it is.
const LOOK: Duration = Duration::from_millis(100);

/// How long a session waits for the camera to be brought up to date, while the cloud answers.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  eiot record --camera front --stream video film.ts
  ffmpeg -i rtsp://192.0.2.7/live -c copy -mpegts_flags +pat_pmt_at_frames -f mpegts - \\
    | eiot record --camera front --stream video

The input is cut into sessions, each a clip of its own. An MPEG transport stream is cut at
keyframes, so that each clip plays by itself; anything else by length and time. Sessions that cannot
be uploaded wait on the camera (--home) and go up with the next 'eiot record' or 'eiot camera sync'. When
too much waits, the recording ends: nothing that was recorded is thrown away for what is new.
An input that is silent for the length of a session ends that session, not the recording. Ctrl-C ends
the recording with the session that is being recorded.")]
pub struct Record {
    /// Which of this machine's cameras; not needed if there is only one
    #[arg(long)]
    camera: Option<Name>,
    /// The stream to record; not needed if the camera has only one
    #[arg(long)]
    stream: Option<Name>,
    /// The length of a session
    #[arg(long, default_value = "4s", value_name = "TIME")]
    session: Length,
    /// The most bytes of a session whose input is no MPEG transport stream; at most 64 MiB. A session is
    /// written to the camera's directory as it is recorded and takes no memory
    #[arg(long, default_value_t = Cuts::default().plain, value_name = "BYTES")]
    session_bytes: usize,
    /// The most bytes that wait on the camera while the store is away; then the recording ends
    #[arg(long, default_value_t = 16 << 30, value_name = "BYTES")]
    spool_bytes: u64,
    /// What to record: a file, or - for standard input
    #[arg(default_value = "-")]
    input: PathBuf,
}

/// The input: it ends when the recording is asked to stop, and says when it is silent.
struct Input {
    from: File,
    stop: Stop,
    bar: ProgressBar,
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.stop.asked() {
            return Ok(0);
        }
        let wait = Timespec::try_from(LOOK).ok();
        let mut ready = [PollFd::new(&self.from, PollFlags::IN)];
        if poll(&mut ready, wait.as_ref())? == 0 {
            return Err(IoError::WouldBlock.into());
        }
        let count = self.from.read(buffer)?;
        self.bar.inc(count as u64);
        Ok(count)
    }
}

pub fn run(context: &Context, args: Record) -> Outcome<Report> {
    let name = devices::choose(context, Kind::Camera, args.camera.as_ref())?;
    let recorder = recorder::of(context, &name);
    let stream = stream(&recorder, args.stream).during(|| format!("reading camera {name}"))?;
    let (from, length) = open(&args.input)?;
    let stop = Stop::on_signals()?;
    let input = Input {
        from,
        stop: stop.clone(),
        bar: bar(length),
    };
    let cuts = Cuts {
        target: args.session.0,
        plain: args.session_bytes,
        ..Cuts::default()
    };
    let (ask, asked) = channel();
    let (tell, news) = channel();
    let uploader = Uploader {
        recorder: &recorder,
        stream: stream.clone(),
        store: context.global.store.clone(),
        asked,
        news: tell,
    };
    let mut recording = Recording {
        context,
        recorder: &recorder,
        stream: &stream,
        ask: Some(ask),
        news,
        stop,
        spool: args.spool_bytes,
        patient: true,
        clips: 0..0,
        count: 0,
        bytes: 0,
        said: BTreeSet::new(),
        bar: input.bar.clone(),
    };
    let (ended, uploaded) = std::thread::scope(|scope| {
        let thread = scope.spawn(move || uploader.run());
        let ended = recording.run(Cutter::new(input, cuts, &recorder.clock));
        recording.ask = None;
        let uploaded = thread.join().unwrap_or(Err(ErrorKind::Crypto.into()));
        (ended, uploaded)
    });
    recording.take_news();
    recording.bar.finish_and_clear();
    let report = recording.report(&name, uploaded)?;
    match ended {
        Ok(()) => Ok(report),
        Err(failure) => Err(failure.with(report.json)),
    }
}

/// The stream that was named, or the only one.
fn stream(recorder: &Recorder, named: Option<Name>) -> Outcome<Name> {
    let streams: Vec<Name> =
        recorder.locked(|camera, _| Ok(camera.streams().cloned().collect()))?;
    match (named, &*streams) {
        (Some(named), streams) if streams.contains(&named) => Ok(named),
        (None, [only]) => Ok(only.clone()),
        (Some(named), _) => Err(Box::<Failure>::from(AnnouncementError::UnknownStream)
            .because(format_args!("the camera has no stream {named}"))
            .advise(format!("the camera's streams: {}", devices::join(&streams)))),
        (None, _) => Err(Failure::usage(
            format!(
                "the camera has more than one stream: {}",
                devices::join(&streams)
            ),
            "give --stream",
        )),
    }
}

fn open(path: &std::path::Path) -> Outcome<(File, Option<u64>)> {
    let opened = match path.as_os_str() == "-" {
        true => std::io::stdin()
            .as_fd()
            .try_clone_to_owned()
            .map(File::from),
        // A pipe that has no writer yet is waited for by reading, which can be stopped.
        false => File::options()
            .read(true)
            .custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())
            .open(path),
    };
    let opened = opened.and_then(|file| {
        let about = file.metadata()?;
        Ok((file, about.is_file().then_some(about.len())))
    });
    opened.map_err(|error| {
        Box::<Failure>::from(StoreError::Input.because(error))
            .at(format!("opening {}", path.display()))
    })
}

/// On a terminal, how far the recording is.
fn bar(length: Option<u64>) -> ProgressBar {
    let (bar, template) = match length {
        Some(length) => (
            ProgressBar::new(length),
            "{bar:30} {bytes}/{total_bytes}, {eta} left, {msg}",
        ),
        None => (
            ProgressBar::new_spinner(),
            "{spinner} {elapsed} {bytes}, {binary_bytes_per_sec}, {msg}",
        ),
    };
    let style = ProgressStyle::with_template(template);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// A recording under way.
struct Recording<'a> {
    context: &'a Context,
    recorder: &'a Recorder,
    stream: &'a Name,
    ask: Option<Sender<Ask>>,
    news: Receiver<News>,
    stop: Stop,
    /// The most bytes that may wait.
    spool: u64,
    /// Is the cloud so quick that sessions wait for its word?
    patient: bool,
    /// From the first sequence number to the one after the last.
    clips: std::ops::Range<u64>,
    count: usize,
    bytes: u64,
    /// What was said once is not said again.
    said: BTreeSet<String>,
    bar: ProgressBar,
}

impl Recording<'_> {
    fn run(&mut self, mut cutter: Cutter<'_, Input>) -> Outcome<()> {
        let stream = self.stream;
        let during = || format!("recording {stream}");
        let (mut session, mut broken) = (None::<Session<BodyFile>>, None);
        loop {
            match cutter.next() {
                Ok(Some(Piece::Bytes(bytes))) => {
                    let open = match session.take() {
                        Some(open) => open,
                        None => self.begin().during(during)?,
                    };
                    session.insert(open).write(bytes).during(during)?;
                    self.bytes += bytes.len() as u64;
                }
                Ok(Some(Piece::End { .. })) => {
                    if let Some(session) = session.take() {
                        self.finish(session).during(during)?;
                    }
                }
                Ok(None) => break,
                // What was read until here is recorded; then the failure is told.
                Err(error) => broken = Some(error),
            }
        }
        match broken {
            None => Ok(()),
            Some(error) => Err(StoreError::Input.because(error).into()),
        }
    }

    /// Begins a session, after the camera was brought up to date if the cloud is at hand.
    fn begin(&mut self) -> Result<Session<BodyFile>, Error> {
        self.ask(Ask::Sync);
        let deadline = std::time::Instant::now() + PATIENCE;
        while self.patient && !self.stop.asked() {
            match self.news.recv_timeout(LOOK) {
                Ok(news) => {
                    let synced = matches!(news, News::Synced(_));
                    self.take(news);
                    if synced {
                        break;
                    }
                }
                Err(RecvTimeoutError::Timeout) if std::time::Instant::now() < deadline => {}
                Err(_) => self.patient = false,
            }
        }
        self.take_news();
        let waiting = self.recorder.waiting_bytes()?;
        if waiting >= self.spool {
            let text = format!(
                "{waiting} bytes of clips wait on the camera, and --spool-bytes allows {}; 'eiot camera sync' \
                uploads them",
                self.spool
            );
            return Err(StoreError::LocalState.because(std::io::Error::other(text)));
        }
        self.recorder.begin(self.stream)
    }

    fn finish(&mut self, session: Session<BodyFile>) -> Result<(), Error> {
        let recorded = self.recorder.finish(session)?;
        if self.count == 0 {
            self.clips.start = recorded.sequence;
        }
        self.clips.end = recorded.sequence + 1;
        self.count += 1;
        self.bar
            .set_message(format!("clip {} recorded", recorded.sequence));
        self.ask(Ask::Upload);
        self.take_news();
        Ok(())
    }

    fn ask(&self, what: Ask) {
        if let Some(ask) = &self.ask {
            // A thread that has ended is told of at the end.
            let _ = ask.send(what);
        }
    }

    /// Takes every message of the uploading thread that has arrived.
    fn take_news(&mut self) {
        while let Ok(news) = self.news.try_recv() {
            self.take(news);
        }
    }

    fn take(&mut self, news: News) {
        match news {
            News::Synced(Ok(synced)) => {
                let down = |error: &Error| error.is(StoreError::Unavailable);
                self.patient = !synced.refused.iter().any(|(_, error)| down(error));
                for (stream, head) in &synced.accepted {
                    let text = format!("{stream}: announcement {} is in force", head.epoch);
                    self.say(text);
                }
                for (path, error) in &synced.refused {
                    self.say(format!("refused {path}: {}", in_line(error)));
                }
            }
            News::Synced(Err(error)) => {
                self.patient = false;
                self.say(format!(
                    "not up to date, recording goes on: {}",
                    in_line(&error)
                ));
            }
            News::Failed(error) => {
                self.say(format!(
                    "not uploaded, kept on the camera: {}",
                    in_line(&error)
                ));
            }
            News::Uploaded(clip) => self.bar.set_message(format!("clip {clip} uploaded")),
        }
    }

    fn say(&mut self, text: String) {
        if self.said.len() < 1_000 && self.said.insert(text.clone()) {
            self.bar.suspend(|| self.context.note(text));
        }
    }

    fn report(&self, camera: &Name, uploaded: Result<Uploaded, Error>) -> Outcome<Report> {
        let during = || "uploading".to_owned();
        let (waiting, failure) = match uploaded {
            Ok(done) => (done.waiting, done.failure),
            Err(error) => (self.count, Some(error)),
        };
        let (first, last) = (self.clips.start, self.clips.end.saturating_sub(1));
        let json = json!({
            "camera": camera.as_str(), "stream": self.stream.as_str(), "bytes": self.bytes,
            "clips": self.count, "first": (self.count > 0).then_some(first),
            "last": (self.count > 0).then_some(last), "waiting": waiting,
        });
        if let Some(error) = failure
            && !error.is(StoreError::Unavailable)
        {
            return Err(error)
                .during(during)
                .map_err(|failure| failure.with(json));
        }
        let clips = match self.count {
            0 => "no clip".to_owned(),
            1 => format!("clip {first}"),
            _ => format!("clips {first} to {last}"),
        };
        let mut text = format!("{}: {clips}, {} bytes.", self.stream, self.bytes);
        if waiting > 0 {
            text.push_str(&format!(
                "\nNOT YET UPLOADED: {waiting} clips wait on camera {camera}; 'eiot camera sync' \
                sends them."
            ));
        }
        Ok(Report::new(json, text))
    }
}
