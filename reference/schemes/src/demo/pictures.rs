//! What a provider does with video that it may open: a picture of a clip, and how much moves in it.
//! `ffmpeg` decodes; the pictures are PPM files (P6).

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use encryptediot::crypto::sha256;

/// Width and height of a picture.
const PICTURE: (usize, usize) = (160, 90);
/// Width and height at which motion is looked for.
const COARSE: (usize, usize) = (32, 18);

/// Why there is no picture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPicture {
    /// The program is not here.
    #[error("{0} is not here")]
    NoProgram(String),
    /// The bytes are no video.
    #[error("no picture in these bytes: {0}")]
    NoVideo(String),
}

/// The hash of a clip, and whether its first picture or all of its coarse ones are wanted.
type Asked = (encryptediot::crypto::Hash, bool);

/// A decoder of video.
pub struct Pictures {
    program: String,
    /// Frames by what was asked: a decoder gives the same for the same bytes.
    known: RefCell<BTreeMap<Asked, Vec<u8>>>,
}

impl Pictures {
    /// With the program `ffmpeg`, or another that takes its arguments.
    pub fn new(program: impl Into<String>) -> Self {
        Self {
            program: program.into(),
            known: RefCell::default(),
        }
    }

    /// The first picture of a clip.
    ///
    /// # Errors
    /// [`NoPicture`].
    pub fn still(&self, video: &[u8]) -> Result<Vec<u8>, NoPicture> {
        Ok(ppm(PICTURE, &self.frames(video, true)?))
    }

    /// The first pictures of several clips, side by side.
    ///
    /// # Errors
    /// [`NoPicture`].
    pub fn side_by_side(&self, videos: &[Vec<u8>]) -> Result<Vec<u8>, NoPicture> {
        let (width, height) = PICTURE;
        let mut pictures = Vec::new();
        for video in videos {
            pictures.push(self.frames(video, true)?);
        }
        let rows = (0..height).flat_map(|row| {
            let line = row * width * 3..(row + 1) * width * 3;
            pictures
                .iter()
                .flat_map(move |p| p.get(line.clone()).unwrap_or_default())
                .copied()
        });
        let pixels: Vec<u8> = rows.collect();
        Ok(ppm((width * videos.len(), height), &pixels))
    }

    /// How much moves in a clip: the mean change of a coarse grey pixel from frame to frame, in
    /// thousandths of a step of 255.
    ///
    /// # Errors
    /// [`NoPicture`].
    pub fn motion(&self, video: &[u8]) -> Result<u64, NoPicture> {
        let pixels = COARSE.0 * COARSE.1;
        let frames = self.frames(video, false)?;
        let frames: Vec<&[u8]> = frames.chunks_exact(pixels).collect();
        let pairs = frames.windows(2).flat_map(|pair| match pair {
            [a, b] => a
                .iter()
                .zip(*b)
                .map(|(a, b)| u64::from(a.abs_diff(*b)))
                .collect(),
            _ => Vec::new(),
        });
        let changes: Vec<u64> = pairs.collect();
        Ok(changes.iter().sum::<u64>() * 1000 / (changes.len() as u64).max(1))
    }

    /// The first frame in colour, or all in coarse grey.
    fn frames(&self, video: &[u8], picture: bool) -> Result<Vec<u8>, NoPicture> {
        let asked = (sha256(video), picture);
        if let Some(known) = self.known.borrow().get(&asked) {
            return Ok(known.clone());
        }
        let ((width, height), format, bytes) = match picture {
            true => (PICTURE, "rgb24", 3),
            false => (COARSE, "gray", 1),
        };
        let no_video = |why: String| NoPicture::NoVideo(why);
        let mut file = tempfile::NamedTempFile::new().map_err(|e| no_video(e.to_string()))?;
        file.write_all(video).map_err(|e| no_video(e.to_string()))?;
        let mut command = Command::new(&self.program);
        command
            .args(["-nostdin", "-v", "error", "-i"])
            .arg(file.path());
        if picture {
            command.args(["-frames:v", "1"]);
        }
        let scale = format!("scale={width}:{height}");
        command.args(["-vf", &scale, "-f", "rawvideo", "-pix_fmt", format, "-"]);
        let output = command.stdin(Stdio::null()).output();
        let output = output.map_err(|_| NoPicture::NoProgram(self.program.clone()))?;
        let frame = width * height * bytes;
        if !output.status.success() || output.stdout.len() < frame {
            let stderr = String::from_utf8_lossy(&output.stderr);
            let stderr = stderr.lines().next().unwrap_or("the decoder gave nothing");
            return Err(NoPicture::NoVideo(stderr.to_owned()));
        }
        let mut known = self.known.borrow_mut();
        Ok(known.entry(asked).or_insert(output.stdout).clone())
    }
}

fn ppm((width, height): (usize, usize), pixels: &[u8]) -> Vec<u8> {
    let mut file = format!("P6\n{width} {height}\n255\n").into_bytes();
    file.extend_from_slice(pixels);
    file
}
