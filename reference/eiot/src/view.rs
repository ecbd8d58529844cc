//! `eiot view`.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use encryptediot::clip::{Manifest, OpenClip};
use encryptediot::error::{ClipError, StoreError};
use encryptediot::keys::Name;
use encryptediot::message::AccountId;
use encryptediot::segment::SEGMENT;
use encryptediot::{Error, ErrorKind, view};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::context::{Context, Report, Traced};
use crate::failure::{Failure, Outcome};
use crate::signals::Stop;
use crate::sink::{Sink, Skipping};
use crate::times::{Length, show};
use crate::viewer::{Viewer, Who, is_closed, is_missing};

/// How many clips are opened while the device is locked.
const BATCH: usize = 16;

/// A gap up to this long is looked into clip by clip: a listing may lag behind.
const LOOK_INTO: u64 = 64;

/// How often the cloud is asked for new clips.
const POLL: Duration = Duration::from_millis(700);

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  eiot view --stream video -o film.ts
  eiot view --stream video --clip 7 --as alice -o clip.ts
  eiot view --stream video --follow -o - | ffplay -

Clips that are not for the viewer are passed over and reported. A clip that is missing or was
altered stops everything: no file is written, or the stream ends there, unless --keep-going says
otherwise; the exit code is 1 either way. A file appears when it is whole, readable by its owner
alone.")]
pub struct View {
    /// The stream
    #[arg(long)]
    stream: Name,
    /// These clips, by their numbers
    #[arg(long, value_delimiter = ',', value_name = "N,...")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    clip: Vec<u64>,
    /// This clip and all that follow; without it, all there are
    #[arg(long, value_name = "N", conflicts_with = "clip")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    from: Option<u64>,
    /// Go on with new clips as they come, from the last one there is unless --from is given
    #[arg(long, conflicts_with = "clip")]
    follow: bool,
    /// With --follow: stop after this long without a new clip
    #[arg(long, value_name = "TIME", requires = "follow")]
    idle: Option<Length>,
    /// Within the one --clip: start at this byte
    #[arg(long, value_name = "BYTE", requires = "clip")]
    seek: Option<u64>,
    /// Leave out what is missing or altered and go on
    #[arg(long)]
    keep_going: bool,
    /// The phone or member that views
    #[arg(long = "as", value_name = "NAME")]
    viewer: Option<Name>,
    /// The account: for members of several, and for an account that this one replaced
    #[arg(long, value_name = "ID")]
    account: Option<AccountId>,
    /// Where the decrypted bytes go: a file, or - for standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
}

pub fn run(context: &Context, args: View) -> Outcome<Report> {
    let to_stdout = args.output.as_os_str() == "-";
    if to_stdout && (context.global.json || std::io::stdout().is_terminal()) {
        return Err(Failure::usage(
            "decrypted video and a report or a terminal do not share standard output",
            "give -o FILE, or pipe it: eiot view ... | ffplay -",
        ));
    }
    if args.seek.is_some() && args.clip.len() > 1 {
        return Err(Failure::usage(
            "--seek is within one clip",
            "give one --clip",
        ));
    }
    let who = Who::choose(context, args.viewer.as_ref(), args.account)?;
    let (cloud, sink) = (context.cloud()?, Sink::open(&args.output)?);
    let mut viewing = Viewing {
        context,
        args: &args,
        who,
        cloud,
        sink,
        stop: Stop::on_signals()?,
        account: None,
        next: args.from.unwrap_or(1),
        clips: Vec::new(),
        gaps: Vec::new(),
        counts: Counts::default(),
        unseen: Vec::new(),
        away: None,
        bar: bar(),
    };
    let ended = viewing.run();
    viewing.bar.finish_and_clear();
    viewing.end(ended)
}

/// On a terminal, how much was decrypted.
fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {elapsed} {bytes}, {msg}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
    ProgressBar::new_spinner().with_style(style)
}

#[derive(Default)]
struct Counts {
    opened: u64,
    new: u64,
    again: u64,
    closed: u64,
    /// Refused for what is wrong with them, or missing.
    damaged: u64,
    bytes: u64,
}

/// A viewing under way.
struct Viewing<'a> {
    context: &'a Context,
    args: &'a View,
    who: Who,
    cloud: &'a Traced,
    sink: Sink,
    stop: Stop,
    account: Option<AccountId>,
    /// The clip that comes next.
    next: u64,
    /// What became of each clip; of the last thousand where it goes on and on.
    clips: Vec<Value>,
    /// Missing numbers: first and last.
    gaps: Vec<(u64, u64)>,
    counts: Counts,
    /// Manifests of clips in a file that has not its place yet: they count as seen once it has.
    unseen: Vec<(Value, Manifest)>,
    /// What was said of a store that is away.
    away: Option<String>,
    bar: ProgressBar,
}

/// Is the store away, which may come back?
fn is_away(failure: &Failure) -> bool {
    let away = |error: &Error| error.is(StoreError::Unavailable);
    failure.error.as_ref().is_some_and(away)
}

/// A clip that is at hand, or why it is not.
type Found = (u64, Result<OpenClip, Error>);

impl Viewing<'_> {
    fn run(&mut self) -> Outcome<()> {
        let mut since = Instant::now();
        let idle = self.args.idle.map(|idle| Duration::from_millis(idle.0));
        loop {
            let mut viewed = Ok(());
            match self.todo() {
                Ok(todo) => {
                    for batch in todo.chunks(BATCH) {
                        viewed = self.batch(batch);
                        if viewed.is_err() {
                            break;
                        }
                        since = Instant::now();
                    }
                }
                Err(failure) => viewed = Err(failure),
            }
            let enough = idle.is_some_and(|idle| since.elapsed() >= idle);
            let over = !self.args.follow || enough || self.stop.asked();
            match viewed {
                Err(failure) if over || !is_away(&failure) => return Err(failure),
                Err(failure) => {
                    // A store that is away comes back; the clip that it broke off is taken again.
                    let text = format!("waiting for the store: {}", failure.message);
                    if self.away.replace(text.clone()).as_ref() != Some(&text) {
                        self.loud(text);
                    }
                }
                Ok(()) if over => return Ok(()),
                Ok(()) => self.away = None,
            }
            std::thread::sleep(POLL);
        }
    }

    /// Which clips there are to view now.
    fn todo(&mut self) -> Outcome<Vec<u64>> {
        let mut viewer = self.who.open(self.context)?;
        viewer.sync(self.context, self.cloud, &self.args.stream)?;
        let account = viewer.account();
        if !self.args.clip.is_empty() {
            self.account = Some(account);
            return Ok(self.args.clip.clone());
        }
        let mut listed = view::list(self.cloud, &account, &self.args.stream)?;
        if self.account.replace(account).is_none() && self.args.follow && self.args.from.is_none() {
            self.next = listed.last().copied().unwrap_or(1);
        }
        if listed.is_empty() && !self.args.follow {
            // Says why, if the viewer knows: nothing is shared, or clips were seen before.
            viewer
                .open(self.cloud, &self.args.stream, 1)
                .map_err(|error| {
                    Box::<Failure>::from(error)
                        .at(format!("looking for clips of {}", self.args.stream))
                })?;
        }
        // A cloud that withholds the newest clips cannot hide those that this viewer has seen.
        let mut beyond = listed.last().copied().unwrap_or(0).max(self.next - 1) + 1;
        while viewer
            .open(self.cloud, &self.args.stream, beyond)
            .is_err_and(|error| error.is(ClipError::Missing))
        {
            listed.push(beyond);
            beyond += 1;
        }
        listed.retain(|clip| *clip >= self.next);
        listed.sort_unstable();
        listed.dedup();
        Ok(listed)
    }

    /// Opens clips while the device is locked, decrypts them while it is not, and remembers what
    /// was shown.
    fn batch(&mut self, clips: &[u64]) -> Outcome<()> {
        let next = self.next;
        let mut found = self.find(clips)?;
        let unknown = |(_, clip): &Found| {
            clip.as_ref()
                .is_err_and(|error| error.is(ClipError::UnknownAnnouncement))
        };
        if found.iter().any(unknown) {
            // Announced after this viewer was brought up to date, and recorded under since.
            self.next = next;
            found = self.find(clips)?;
        }
        let (mut shown, mut ended) = (Vec::new(), Ok(()));
        for (clip, opened) in found {
            let this = clip;
            ended = match self.stop.asked() {
                true if self.args.follow => break,
                true => Err(Box::<Failure>::from(StoreError::Output).because("interrupted")),
                false => self.one(clip, opened, &mut shown),
            };
            if ended.is_err() {
                self.next = this;
                break;
            }
        }
        match self.sink {
            Sink::File(..) => self.unseen.extend(shown),
            Sink::Stream(_) => self.count_as_seen(shown)?,
        }
        ended
    }

    /// Remembers that these clips were shown.
    fn count_as_seen(&mut self, shown: Vec<(Value, Manifest)>) -> Outcome<()> {
        let mut viewer = self.who.open(self.context)?;
        for (mut line, manifest) in shown {
            let new = viewer.show(&manifest);
            let new = match viewer {
                Viewer::Predecessor(_) => Value::Null,
                _ if new => {
                    self.counts.new += 1;
                    json!(true)
                }
                _ => {
                    self.counts.again += 1;
                    json!(false)
                }
            };
            line["new"] = new;
            self.line(line);
        }
        viewer.save()
    }

    /// The file takes its place; then its clips were shown.
    fn place_file(&mut self) -> Outcome<()> {
        let nothing = Sink::Stream(Box::new(std::io::sink()));
        std::mem::replace(&mut self.sink, nothing).finish()?;
        let shown = std::mem::take(&mut self.unseen);
        self.count_as_seen(shown)
    }

    fn find(&mut self, clips: &[u64]) -> Outcome<Vec<Found>> {
        let mut viewer = self.who.open(self.context)?;
        viewer.sync(self.context, self.cloud, &self.args.stream)?;
        let mut found = Vec::new();
        for clip in clips {
            if self.args.clip.is_empty() {
                let (first, count) = (self.next, clip.saturating_sub(self.next));
                let opened = self.open(&mut viewer, *clip);
                // Only a clip that the camera signed proves that there were some before it.
                let genuine = match &opened {
                    Ok(_) => true,
                    Err(error) => is_closed(error),
                };
                if genuine && count <= LOOK_INTO {
                    for missing in first..*clip {
                        found.push((missing, self.open(&mut viewer, missing)));
                    }
                } else if genuine {
                    self.gap(first, *clip - 1)?;
                }
                found.push((*clip, opened));
                self.next = *clip + 1;
            } else {
                found.push((*clip, self.open(&mut viewer, *clip)));
            }
        }
        viewer.save()?;
        Ok(found)
    }

    fn open(&self, viewer: &mut Viewer, clip: u64) -> Result<OpenClip, Error> {
        viewer.open(self.cloud, &self.args.stream, clip)
    }

    fn one(
        &mut self,
        clip: u64,
        opened: Result<OpenClip, Error>,
        shown: &mut Vec<(Value, Manifest)>,
    ) -> Outcome<()> {
        let done = match opened {
            Ok(open) => self.read(&open).map(|bytes| (bytes, open)),
            Err(error) => Err(error.into()),
        };
        let failure = match done {
            Ok((bytes, open)) => {
                self.counts.opened += 1;
                self.counts.bytes += bytes;
                self.bar.set_position(self.counts.bytes);
                self.bar.set_message(format!("clip {clip}"));
                let (start, end) = (show(open.manifest.start), show(open.manifest.end));
                let line = json!({ "clip": clip, "bytes": bytes, "start": start, "end": end });
                shown.push((line, open.manifest));
                return Ok(());
            }
            Err(failure) => failure,
        };
        let Some(error) = &failure.error else {
            return Err(failure);
        };
        // It is taken again when the store is back.
        if self.args.follow && error.is(StoreError::Unavailable) {
            return Err(failure);
        }
        let reason = error.reason();
        self.line(json!({ "clip": clip, "refused": reason, "message": error.to_string() }));
        let asked_for = !self.args.clip.is_empty();
        self.counts.damaged += u64::from(!is_closed(error));
        if is_closed(error) && !asked_for {
            self.counts.closed += 1;
            return Ok(());
        }
        if error.is(StoreError::Output) || error.is(StoreError::Unavailable) {
            return Err(failure);
        }
        // The whole stream is closed to this viewer, not one clip.
        if matches!(
            error.kind(),
            ErrorKind::Grant(_) | ErrorKind::Announcement(_)
        ) {
            return Err(failure.at(format!("viewing {}", self.args.stream)));
        }
        if is_missing(error) && !asked_for {
            return self.gap(clip, clip);
        }
        match self.args.keep_going {
            true => {
                self.loud(format!("CLIP {clip} REFUSED: {error} [{reason}]"));
                Ok(())
            }
            false => Err(failure.at(format!("viewing clip {clip} of {}", self.args.stream))),
        }
    }

    /// The clips from `first` to `last` are missing.
    fn gap(&mut self, first: u64, last: u64) -> Outcome<()> {
        let stream = &self.args.stream;
        self.gaps.push((first, last));
        match self.args.keep_going {
            true => {
                self.loud(format!("CLIPS {first} TO {last} OF {stream} ARE MISSING"));
                Ok(())
            }
            false => Err(Box::<Failure>::from(ClipError::Missing)
                .because(format_args!("clips {first} to {last}"))
                .at(format!("viewing {stream}"))),
        }
    }

    /// Decrypts a clip. What a file got of a clip that turns out bad is taken back.
    fn read(&mut self, open: &OpenClip) -> Outcome<u64> {
        let Some(account) = self.account else {
            return Ok(0);
        };
        let place = self.sink.place()?;
        let seek = self.args.seek.unwrap_or(0).min(open.manifest.length);
        let first = (seek / SEGMENT as u64).min(open.segments().saturating_sub(1));
        let skipped = seek - first * SEGMENT as u64;
        let mut out = Skipping {
            out: &mut self.sink,
            left: usize::try_from(skipped).unwrap_or(usize::MAX),
            taken: 0,
        };
        let (follow, stop) = (self.args.follow, self.stop.clone());
        let idle = self.args.idle.map(|idle| Duration::from_millis(idle.0));
        let (mut taken, mut since) = (0, Instant::now());
        let read = loop {
            // A segment is written whole or not at all: what broke off goes on with the next one.
            let next = first + out.taken / SEGMENT as u64;
            let error = match view::read(self.cloud, &account, open, next, &mut out) {
                Err(error) if error.is(StoreError::Unavailable) => error,
                read => break read,
            };
            if out.taken > taken {
                (taken, since) = (out.taken, Instant::now());
            }
            let enough = idle.is_some_and(|idle| since.elapsed() >= idle);
            if !follow || enough || stop.asked() {
                break Err(error);
            }
            let text = format!("waiting for the store: {error}");
            if self.away.replace(text.clone()).as_ref() != Some(&text) {
                self.bar.suspend(|| self.context.note(text));
            }
            std::thread::sleep(POLL);
        };
        let bytes = out.taken;
        match read {
            Ok(_) => {
                self.sink.flush()?;
                Ok(bytes - skipped)
            }
            Err(error) => {
                self.sink.take_back(place)?;
                Err(error.into())
            }
        }
    }

    fn line(&mut self, line: Value) {
        if self.clips.len() == 1_000 {
            self.clips.remove(0);
        }
        self.clips.push(line);
    }

    fn loud(&self, text: String) {
        self.bar.suspend(|| self.context.note(text));
    }

    fn end(mut self, mut ended: Outcome<()>) -> Outcome<Report> {
        let streamed = matches!(self.sink, Sink::Stream(_));
        let placed = !streamed && ended.is_ok() && self.counts.opened > 0;
        if placed {
            ended = self.place_file();
        }
        let Counts {
            opened,
            new,
            again,
            closed,
            damaged,
            bytes,
        } = self.counts;
        self.clips.sort_by_key(|line| line["clip"].as_u64());
        let gaps: Vec<_> = self
            .gaps
            .iter()
            .map(|(a, b)| json!({ "from": a, "to": b }))
            .collect();
        let mut json = json!({
            "stream": self.args.stream.as_str(), "as": self.who.name.as_str(),
            "account": self.account.map(|account| account.to_string()),
            "opened": opened, "new": new, "again": again, "closed": closed, "bytes": bytes,
            "gaps": gaps, "clips": self.clips, "file": Value::Null,
        });
        ended.map_err(|failure| failure.with(json.clone()))?;
        if streamed || placed {
            json["file"] = json!(self.args.output);
        }
        if damaged > 0 || !self.gaps.is_empty() {
            return Err(Box::<Failure>::from(ClipError::Missing)
                .because(format_args!(
                    "{opened} clips are whole, {damaged} were refused, {} gaps",
                    self.gaps.len()
                ))
                .at(format!("viewing {}", self.args.stream))
                .with(json));
        }
        if opened == 0 && closed > 0 {
            return Err(Box::<Failure>::from(ClipError::NoEnvelope)
                .because(format_args!("none of {closed} clips"))
                .at(format!("viewing {} as {}", self.args.stream, self.who.name))
                .with(json));
        }
        let text = format!(
            "{}: {opened} clips, {bytes} bytes ({new} new, {again} seen before); {closed} are \
            not for {}.",
            self.args.stream, self.who.name
        );
        if self.args.output.as_os_str() == "-" {
            self.context.note(text);
            return Ok(Report::new(json, ""));
        }
        Ok(Report::new(json, text))
    }
}
