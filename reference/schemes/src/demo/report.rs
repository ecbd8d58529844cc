//! What the demo shows: the table for people, and the same as JSON.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use super::files::Plays;
use super::scene::Scene;

/// A file that a viewer got.
#[derive(Clone, Debug, Serialize)]
pub struct ViewedFile {
    /// Its name in the demo's directory.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Of which clips it is made.
    pub clips: String,
    /// Is it, as it lies on the disk, byte for byte what was recorded?
    pub identical: bool,
    /// The asset that it is the whole of, if it is.
    pub whole: Option<&'static str>,
    /// Does it play?
    pub plays: Plays,
}

/// What was recorded of one stream.
#[derive(Clone, Debug, Serialize)]
pub struct Recording {
    /// The stream's name.
    pub stream: String,
    /// The file that was recorded, again and again.
    pub source: &'static str,
    /// How many clips.
    pub clips: u64,
    /// How many bytes.
    pub bytes: u64,
}

/// A whole demo.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Was every outcome the one expected, and did every file that was played play?
    pub held: bool,
    /// The seed.
    pub seed: u64,
    /// Where everything is.
    pub directory: PathBuf,
    /// What was recorded.
    pub recorded: Vec<Recording>,
    /// What was tried.
    pub scenes: Vec<Scene>,
    /// What viewers got.
    pub files: Vec<ViewedFile>,
    /// A picture out of one of the files, where it could be made.
    pub still: Option<String>,
    /// What each reason means that stands in the scenes.
    pub reasons: BTreeMap<&'static str, String>,
}

impl Report {
    /// Outcomes other than expected, in words.
    pub fn failures(&self) -> Vec<String> {
        let mut failures: Vec<String> = self.scenes.iter().flat_map(Scene::failures).collect();
        for file in &self.files {
            if !file.identical {
                failures.push(format!("{} is not what was recorded", file.name));
            }
            if let Plays::No { why } = &file.plays {
                failures.push(format!("{} does not play: {why}", file.name));
            }
        }
        if self.scenes.is_empty() || self.files.is_empty() {
            failures.push("nothing was tried".to_owned());
        }
        failures
    }

    /// Why the files were not played, if they were not.
    pub fn not_played(&self) -> Option<&str> {
        self.files.iter().find_map(|file| match &file.plays {
            Plays::NotChecked { why } => Some(why.as_str()),
            _ => None,
        })
    }

    /// Draws the conclusions from scenes and files.
    pub(super) fn conclude(mut self) -> Self {
        let rows = self.scenes.iter().flat_map(|scene| &scene.rows);
        let reasons = rows.filter_map(|row| row.seen.reason());
        self.reasons = reasons.map(|r| (r.reason(), r.to_string())).collect();
        self.held = self.failures().is_empty();
        self
    }

    /// One line while all is well; each file that is not, or that nobody played, has its own.
    fn write_files(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, directory) = (self.files.len(), self.directory.display());
        writeln!(f, "{count} decrypted files in {directory}")?;
        let identical = self.files.iter().filter(|file| file.identical).count();
        writeln!(f, "  {identical} are byte-identical to what was recorded")?;
        for whole in ["sample.ts", "audio.ts"] {
            let same = self.files.iter().filter(|file| file.whole == Some(whole));
            let names: Vec<&str> = same.map(|file| file.name.as_str()).collect();
            if !names.is_empty() {
                writeln!(f, "  the whole of {whole}: {}", names.join(", "))?;
            }
        }
        let (mut played, mut not_played) = (0, BTreeMap::<&str, usize>::new());
        for file in &self.files {
            match &file.plays {
                Plays::Yes { .. } => played += 1,
                Plays::NotChecked { why } => *not_played.entry(why).or_default() += 1,
                Plays::No { why } => writeln!(f, "  {} DOES NOT PLAY: {why}", file.name)?,
            }
        }
        writeln!(f, "  {played} play, every frame of them")?;
        for (why, count) in not_played {
            writeln!(f, "  {count} not checked for playing: {why}")?;
        }
        if let Some(still) = &self.still {
            writeln!(f, "  {still} is a picture from {}", self.pictured())?;
        }
        Ok(())
    }

    /// The file of which there is a picture.
    fn pictured(&self) -> &str {
        self.files.first().map_or("", |file| file.name.as_str())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let recorded = self.recorded.iter().map(|r| {
            let (kilobytes, source) = (r.bytes / 1000, r.source);
            format!(
                "{} clips of {} ({kilobytes} kB) from {source}",
                r.clips, r.stream
            )
        });
        writeln!(f, "Recorded {}", recorded.collect::<Vec<_>>().join(", "))?;
        for scene in &self.scenes {
            write!(f, "{scene}")?;
        }
        self.write_files(f)?;
        writeln!(f, "What the reasons mean")?;
        for (reason, text) in &self.reasons {
            writeln!(f, "  {reason:<22} {text}")?;
        }
        let failures = self.failures();
        if failures.is_empty() {
            return write!(f, "Everything came out as it must (seed {}).", self.seed);
        }
        write!(f, "{} came out otherwise than it must:", failures.len())?;
        failures
            .iter()
            .try_for_each(|failure| write!(f, "\n  {failure}"))
    }
}
