// Included by `ours.rs` for each backend, as `product`.

use std::collections::BTreeMap;
use std::fs::File;
use std::hint::black_box;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use anyhow::{Context as _, Result};
use product::clip::MAX_SESSION;
use product::cloud::{Cloud, Paths};
pub use product::crypto;
use product::keys::Name;
use product::segment::{SEALED_SEGMENT, SEGMENT};
use product::{uplink, view};
use recording::{Cuts, Cutter, Piece};
use store::DirectoryCloud;
use testkit::MemoryCloud;
use testkit::household::{Household, name};

/// A cloud in memory, which gives bodies out without copying them and counts what is read of them.
#[derive(Clone)]
pub struct Ram(Arc<Inside>);

struct Inside {
    objects: MemoryCloud,
    bodies: BTreeMap<String, Vec<u8>>,
    read: AtomicU64,
    requests: AtomicU64,
}

struct Counted<'a> {
    from: Cursor<&'a [u8]>,
    count: &'a AtomicU64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.count.fetch_add(count as u64, Relaxed);
        Ok(count)
    }
}

impl Cloud for Ram {
    fn find(&self, path: &str) -> product::Result<Option<Vec<u8>>> {
        self.0.objects.find(path)
    }

    fn read<'a>(&'a self, path: &str, from: u64) -> product::Result<Option<Box<dyn Read + 'a>>> {
        self.0.requests.fetch_add(1, Relaxed);
        let Some(body) = self.0.bodies.get(path) else {
            return Ok(None);
        };
        let rest = body.get(from as usize..).unwrap_or_default();
        Ok(Some(Box::new(Counted { from: Cursor::new(rest), count: &self.0.read })))
    }

    fn create(&self, path: &str, bytes: &[u8]) -> product::Result<()> {
        self.0.objects.create(path, bytes)
    }

    fn put(&self, path: &str, bytes: &[u8]) -> product::Result<()> {
        self.0.objects.put(path, bytes)
    }

    fn list(&self, prefix: &str) -> product::Result<Vec<String>> {
        self.0.objects.list(prefix)
    }

    fn delete(&self, path: &str) -> product::Result<()> {
        self.0.objects.delete(path)
    }
}

/// Bytes of a sealed segment.
#[allow(dead_code)] // asked of one backend
pub const SEALED: usize = SEALED_SEGMENT;

/// A household with one camera and one stream.
pub struct Home {
    household: Household,
    stream: Name,
    camera: Name,
}

/// Clips that were recorded: their numbers and their sealed bodies.
pub struct Clips {
    /// The household, whose cloud has the clips.
    home: Home,
    ram: Ram,
    numbers: Vec<u64>,
}

impl Home {
    /// With its cloud in memory.
    pub fn new() -> Result<Self> {
        let mut household = Household::in_memory(1)?;
        household.pair("phone", "door", &["video"])?;
        Ok(Self { household, stream: name("video")?, camera: name("door")? })
    }

    /// With its cloud in a directory.
    pub fn in_directory(path: &Path) -> Result<Self> {
        let mut home = Self::new()?;
        let cloud = DirectoryCloud::create(path)?;
        for object in home.household.cloud.list("")? {
            cloud.create(&object, &home.household.cloud.get(&object)?)?;
        }
        home.household.cloud = Box::new(cloud);
        Ok(home)
    }

    /// Records `plain` in sessions as long as they may be, fed as they would be read, into a sink that drops
    /// what it gets.
    pub fn record(&mut self, plain: &[u8]) -> Result<()> {
        let Household { cameras, clock, rng, .. } = &mut self.household;
        let camera = cameras.get_mut(&self.camera).context("the camera")?;
        for part in plain.chunks(MAX_SESSION as usize) {
            let mut session = camera.begin_into(&self.stream, std::io::sink(), clock, rng)?;
            for piece in part.chunks(SEGMENT) {
                session.write(piece)?;
            }
            let made = camera.finish(session, clock, rng)?;
            black_box(made.store(|_| Ok(()))?.manifest);
        }
        Ok(())
    }

    /// Records a file through the cutter and uploads it: what `eiot record` does, without its process, its
    /// state on disk and its disk's confirmation. Returns the clips' numbers.
    pub fn record_file(&mut self, input: &Path, spool: &Path) -> Result<Vec<u64>> {
        let Household { cameras, clock, rng, cloud, .. } = &mut self.household;
        let camera = cameras.get_mut(&self.camera).context("the camera")?;
        let mut cutter = Cutter::new(File::open(input)?, Cuts::default(), clock);
        let (mut session, mut numbers) = (None, Vec::new());
        while let Some(piece) = cutter.next()? {
            match piece {
                Piece::Bytes(bytes) => {
                    if session.is_none() {
                        let body = File::create(spool)?;
                        session = Some(camera.begin_into(&self.stream, body, clock, rng)?);
                    }
                    if let Some(session) = &mut session {
                        session.write(bytes)?;
                    }
                }
                Piece::End { .. } => {
                    let ended = session.take().context("a session")?;
                    let (recorded, _) = camera.finish(ended, clock, rng)?.take_body();
                    let recorded = recorded.store(|_| Ok(()))?;
                    let recorded = recorded.with_body(PathBuf::from(spool));
                    uplink::upload_file(camera, &**cloud, &recorded)?;
                    std::fs::remove_file(spool)?;
                    numbers.push(recorded.sequence);
                }
            }
        }
        Ok(numbers)
    }

    /// Brings the phone up to date.
    pub fn sync(&mut self) -> Result<()> {
        Ok(self.household.sync_phone("phone")?)
    }

    /// Views clips into a file.
    pub fn view_file(&mut self, numbers: &[u64], output: &Path) -> Result<()> {
        let Household { phones, cloud, .. } = &mut self.household;
        let phone = phones.values_mut().next().context("a phone")?;
        let mut out = File::create(output)?;
        let account = *phone.account();
        for number in numbers {
            let clip = phone.open(&**cloud, &self.stream, *number)?;
            view::read(&**cloud, &account, &clip, 0, &mut out)?;
        }
        Ok(())
    }

    /// The bodies' files, in a cloud that is a directory.
    pub fn bodies(&self, directory: &Path) -> Result<PathBuf> {
        Ok(directory.join(self.household.account()?.to_string()).join("bodies"))
    }

    /// Records `plain`, and has a cloud in memory that gives it out.
    pub fn into_clips(mut self, plain: &[u8]) -> Result<Clips> {
        let (mut bodies, mut numbers) = (BTreeMap::new(), Vec::new());
        let account = self.household.account()?;
        for part in plain.chunks(MAX_SESSION as usize) {
            let recorded = self.household.record_only("door", "video", part, 1_000)?;
            let paths = Paths(account);
            let place = paths.manifest(&recorded.stream, recorded.sequence);
            self.household.cloud.create(&place, &recorded.manifest)?;
            numbers.push(recorded.sequence);
            bodies.insert(paths.body(&recorded.clip), recorded.body);
        }
        let objects = MemoryCloud::default();
        for object in self.household.cloud.list("")? {
            objects.create(&object, &self.household.cloud.get(&object)?)?;
        }
        let (read, requests) = (AtomicU64::new(0), AtomicU64::new(0));
        let ram = Ram(Arc::new(Inside { objects, bodies, read, requests }));
        self.household.cloud = Box::new(ram.clone());
        self.household.sync_phone("phone")?;
        Ok(Clips { home: self, ram, numbers })
    }
}

impl Clips {
    /// Views all of them into a sink that drops what it gets.
    pub fn view(&mut self) -> Result<()> {
        let phone = self.home.household.phones.values_mut().next().context("a phone")?;
        let account = *phone.account();
        for number in &self.numbers {
            let clip = phone.open(&self.ram, &self.home.stream, *number)?;
            black_box(view::read(&self.ram, &account, &clip, 0, &mut std::io::sink())?);
        }
        Ok(())
    }

    /// Opens the first clip and reads until the first bytes come, from the segment at this share of its
    /// length. Returns the bytes of the body that were read before them, and the requests for it.
    pub fn first_byte(&mut self, share: f64) -> Result<(u64, u64)> {
        let phone = self.home.household.phones.values_mut().next().context("a phone")?;
        let account = *phone.account();
        let number = self.numbers.first().context("a clip")?;
        let clip = phone.open(&self.ram, &self.home.stream, *number)?;
        let first = ((clip.segments() - 1) as f64 * share) as u64;
        self.ram.0.read.store(0, Relaxed);
        self.ram.0.requests.store(0, Relaxed);
        let mut seen = crate::ours::First::default();
        // It ends with the second write, one segment later; what was read for that is taken off.
        let _ = view::read(&self.ram, &account, &clip, first, &mut seen);
        let last = first + 1 == clip.segments();
        let more = if last { 0 } else { SEALED_SEGMENT as u64 };
        Ok((self.ram.0.read.load(Relaxed) - more, self.ram.0.requests.load(Relaxed)))
    }
}

/// The calls of `crypto` that recording takes, and nothing else: each segment sealed in place and hashed, and
/// a signature for each session.
pub struct Calls {
    aead: crypto::Aes128Gcm,
    signer: crypto::SigningKey,
    /// Over [`SIGNED`].
    signature: [u8; 64],
    buffer: Vec<u8>,
}

const SIGNED: &[u8] = &[3; 4096];
const AAD: [u8; 60] = [9; 60];
const NONCE: [u8; 12] = [1; 12];

impl Calls {
    /// Keys that are always the same.
    pub fn new() -> Result<Self> {
        let signer = crypto::SigningKey::from_bytes(&[5; 32])?;
        Ok(Self {
            aead: crypto::Aes128Gcm::new(&[7; 16]),
            signature: signer.sign(SIGNED)?,
            signer,
            buffer: vec![0; SEALED_SEGMENT],
        })
    }

    /// Of a stream in memory.
    pub fn record(&mut self, plain: &[u8]) -> Result<()> {
        for part in plain.chunks(MAX_SESSION as usize) {
            let mut hashes = Vec::new();
            for segment in part.chunks(SEGMENT) {
                let sealed = &mut self.buffer[..segment.len() + crypto::TAG_LEN];
                let (body, tag) = sealed.split_at_mut(segment.len());
                body.copy_from_slice(segment);
                tag.copy_from_slice(&self.aead.seal_in_place(&NONCE, &AAD, body)?);
                hashes.push(crypto::sha256(sealed));
            }
            black_box(self.signer.sign(&hashes.concat())?);
        }
        Ok(())
    }

    /// The calls of viewing: a signature verified for each session, each segment hashed and opened in place.
    /// The bodies are those that [`Self::seal`] made.
    pub fn view(&mut self, sealed: &[Vec<u8>]) -> Result<()> {
        for body in sealed {
            for segment in body.chunks(SEALED_SEGMENT) {
                let buffer = &mut self.buffer[..segment.len()];
                buffer.copy_from_slice(segment);
                black_box(crypto::sha256(buffer));
                black_box(self.aead.open_in_place(&NONCE, &AAD, buffer)?.len());
            }
            self.signer.verifying_key().verify(SIGNED, &self.signature)?;
        }
        Ok(())
    }

    /// Sessions of a stream, sealed.
    pub fn seal(&mut self, plain: &[u8]) -> Result<Vec<Vec<u8>>> {
        let mut all = Vec::new();
        for part in plain.chunks(MAX_SESSION as usize) {
            let mut body = Vec::new();
            for segment in part.chunks(SEGMENT) {
                body.extend(self.aead.seal(&NONCE, &AAD, segment)?);
            }
            all.push(body);
        }
        Ok(all)
    }

    /// A loop from file to file that seals and hashes each segment, and signs at the end.
    pub fn record_file(&mut self, input: &Path, output: &Path) -> Result<()> {
        let (mut input, mut output) = (File::open(input)?, File::create(output)?);
        let mut hashes = Vec::new();
        loop {
            let length = fill(&mut input, &mut self.buffer[..SEGMENT])?;
            if length == 0 {
                break;
            }
            let sealed = &mut self.buffer[..length + crypto::TAG_LEN];
            let (body, tag) = sealed.split_at_mut(length);
            tag.copy_from_slice(&self.aead.seal_in_place(&NONCE, &AAD, body)?);
            hashes.push(crypto::sha256(sealed));
            output.write_all(sealed)?;
        }
        black_box(self.signer.sign(&hashes.concat())?);
        Ok(())
    }

    /// A loop from file to file that hashes and opens each segment.
    pub fn view_file(&mut self, input: &Path, output: &Path) -> Result<()> {
        let (mut input, mut output) = (File::open(input)?, File::create(output)?);
        self.signer.verifying_key().verify(SIGNED, &self.signature)?;
        loop {
            let length = fill(&mut input, &mut self.buffer)?;
            if length == 0 {
                break;
            }
            let sealed = &mut self.buffer[..length];
            black_box(crypto::sha256(sealed));
            output.write_all(self.aead.open_in_place(&NONCE, &AAD, sealed)?)?;
        }
        Ok(())
    }
}

fn fill(from: &mut File, buffer: &mut [u8]) -> Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}
