//! The demo's directory: the files that viewers got, and whether they play.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Serialize;

/// Marks a directory as a demo's: only such a one is ever written over.
const MARK: &str = ".eiot-demo";

/// Where the cloud's objects lie within the directory.
pub const CLOUD: &str = "cloud";

/// Why a demo did not run to its end.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Something of the protocol failed that had to work.
    #[error("{0} ({reason})", reason = .0.reason())]
    Protocol(#[from] encryptediot::Error),
    /// The directory holds other things.
    #[error("{} holds other things than a demo; give an empty or new directory", .0.display())]
    NotADemo(PathBuf),
    /// A file cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> Failure + '_ {
    |error| Failure::File {
        path: path.to_owned(),
        error,
    }
}

/// Where the demo goes unless told otherwise: `target/eiot-demo` where there is a `target`, else
/// `eiot-demo`.
pub fn default_directory() -> PathBuf {
    let target = Path::new("target");
    match target.is_dir() {
        true => target.join("eiot-demo"),
        false => PathBuf::from("eiot-demo"),
    }
}

/// Makes the directory ready: new, empty, or a former demo's, of which the files are removed.
///
/// # Errors
/// [`Failure::NotADemo`], [`Failure::File`].
pub fn prepare(directory: &Path) -> Result<(), Failure> {
    let mark = directory.join(MARK);
    std::fs::create_dir_all(directory).map_err(at(directory))?;
    let mut entries = std::fs::read_dir(directory).map_err(at(directory))?;
    if !mark.is_file() && entries.next().is_some() {
        return Err(Failure::NotADemo(directory.to_owned()));
    }
    std::fs::write(&mark, "").map_err(at(&mark))?;
    let cloud = directory.join(CLOUD);
    if cloud.is_dir() {
        std::fs::remove_dir_all(&cloud).map_err(at(&cloud))?;
    }
    for entry in std::fs::read_dir(directory).map_err(at(directory))? {
        let path = entry.map_err(at(directory))?.path();
        let ours = path
            .extension()
            .is_some_and(|e| e == "ts" || e == "png" || e == "json");
        if ours && path.is_file() {
            std::fs::remove_file(&path).map_err(at(&path))?;
        }
    }
    Ok(())
}

/// Writes a file of the demo.
///
/// # Errors
/// [`Failure::File`].
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes).map_err(at(path))
}

/// Whether a file plays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Plays {
    /// Every frame was decoded, without a complaint.
    Yes {
        /// Codecs and their frames.
        streams: Vec<String>,
    },
    /// It does not.
    No {
        /// What the player said.
        why: String,
    },
    /// Nobody looked.
    NotChecked {
        /// The reason, for people.
        why: String,
    },
}

/// Decodes a file with `player` (ffprobe): every frame of every stream.
pub fn plays(player: &str, file: &Path) -> Plays {
    let run = Command::new(player)
        .args(["-v", "error", "-count_frames", "-show_entries"])
        .args(["stream=codec_name,nb_read_frames", "-of", "csv=p=0", "--"])
        .arg(file)
        .output();
    let output = match run {
        Ok(output) => output,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let why = format!("{player} is not installed");
            return Plays::NotChecked { why };
        }
        Err(error) => {
            let why = format!("{player}: {error}");
            return Plays::NotChecked { why };
        }
    };
    let stderr = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() || !stderr.trim().is_empty() {
        let why = stderr.lines().next().unwrap_or("it failed").to_owned();
        return Plays::No { why };
    }
    let found = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut streams: Vec<String> = Vec::new();
    for line in found.lines().map(|line| line.trim_end_matches(',')) {
        let Some((codec, frames)) = line.split_once(',') else {
            continue;
        };
        if frames.parse::<u64>().is_ok_and(|frames| frames > 0) {
            let stream = format!("{codec} {frames} frames");
            if !streams.contains(&stream) {
                streams.push(stream);
            }
        } else {
            let why = format!("a stream ({codec}) without frames");
            return Plays::No { why };
        }
    }
    if streams.is_empty() {
        let why = "no stream was found in it".to_owned();
        return Plays::No { why };
    }
    Plays::Yes { streams }
}

/// Takes one picture out of a file, where ffmpeg is there. Returns whether there is one now.
pub fn still(file: &Path, picture: &Path) -> bool {
    let run = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-y", "-i"])
        .arg(file)
        .args(["-ss", "3", "-frames:v", "1"])
        .arg(picture)
        .output();
    run.is_ok_and(|output| output.status.success()) && picture.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_with_other_things_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let other = directory.path().join("thesis.ts");
        std::fs::write(&other, "mine").unwrap();
        assert!(matches!(
            prepare(directory.path()),
            Err(Failure::NotADemo(_))
        ));
        assert_eq!(std::fs::read(&other).unwrap(), b"mine");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_former_demo_is_cleared() {
        let directory = tempfile::tempdir().unwrap();
        let demo = directory.path().join("demo");
        prepare(&demo).unwrap();
        std::fs::create_dir_all(demo.join(CLOUD).join("x")).unwrap();
        std::fs::write(demo.join("owner.ts"), "old").unwrap();
        std::fs::write(demo.join("notes.txt"), "kept").unwrap();
        prepare(&demo).unwrap();
        assert!(!demo.join(CLOUD).exists() && !demo.join("owner.ts").exists());
        assert!(demo.join("notes.txt").exists());
    }

    #[test]
    fn without_a_player_nothing_is_said_to_play() {
        let verdict = plays("no-such-player-here", Path::new("x.ts"));
        assert!(matches!(verdict, Plays::NotChecked { .. }));
    }
}
