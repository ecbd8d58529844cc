//! Recording and viewing a long stream: in memory, from file to file, and by programs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};

use crate::frame::cost::{self, Cost};
use crate::frame::plot::{Axis, Plot};
use crate::frame::record::{self, Bound, Unit};
use crate::frame::rounds::Rounds;
use crate::frame::{Bench, Section};
use crate::ours::{aws_lc, default};
use crate::peers;

/// The section.
pub const SECTION: Section = Section {
    name: "stream",
    title: "Recording and viewing",
    text: include_str!("../../text/stream.md"),
    run,
    plots,
};

const MEMORY: &str = "Memory against the length of a stream";

const MIB: u64 = 1 << 20;

/// What no program may hold, however long the stream, in MiB.
const MOST_MEMORY: f64 = 64.0;

fn run(bench: &mut Bench) -> Result<()> {
    let length = if bench.settings.quick {
        64 * MIB
    } else {
        256 * MIB
    };
    let row = format!("{} MiB", length / MIB);
    let folder = bench.settings.root.join("target/bench");
    fs::create_dir_all(&folder)?;
    let folder = tempfile::tempdir_in(&folder)?;
    let mut plain = vec![0; usize::try_from(length)?];
    ChaCha20Rng::seed_from_u64(1).fill_bytes(&mut plain);
    let input = folder.path().join("input");
    fs::write(&input, &plain)?;
    in_memory(bench, &row, &plain)?;
    first_byte(bench, &plain)?;
    drop(plain);
    files(bench, &row, length, &input, folder.path())?;
    programs(bench, &row, length, &input, folder.path())?;
    memory(bench)
}

fn in_memory(bench: &mut Bench, row: &str, plain: &[u8]) -> Result<()> {
    let unit = Unit::Bytes(plain.len() as u64);
    let (mut a, mut b) = (default::Calls::new()?, default::Home::new()?);
    let (mut c, mut d) = (aws_lc::Calls::new()?, aws_lc::Home::new()?);
    Rounds::new("Recording in memory", row, unit)
        .contender("calls, default", || a.record(plain))
        .contender("ours, default", || b.record(plain))
        .contender("calls, aws-lc", || c.record(plain))
        .contender("ours, aws-lc", || d.record(plain))
        .target("ours, default", "calls, default", Bound::AtMost(1.05))
        .target("ours, aws-lc", "calls, aws-lc", Bound::AtMost(1.05))
        .run(bench)?;
    let (mut b, mut d) = (b.into_clips(plain)?, d.into_clips(plain)?);
    let sealed = a.seal(plain)?;
    Rounds::new("Viewing in memory", row, unit)
        .contender("calls, default", || a.view(&sealed))
        .contender("ours, default", || b.view())
        .contender("calls, aws-lc", || c.view(&sealed))
        .contender("ours, aws-lc", || d.view())
        .target("ours, default", "calls, default", Bound::AtMost(1.05))
        .target("ours, aws-lc", "calls, aws-lc", Bound::AtMost(1.05))
        .run(bench)
}

/// What is read, and how long it takes, until the first bytes of a clip come out.
fn first_byte(bench: &mut Bench, plain: &[u8]) -> Result<()> {
    let most = usize::try_from(64 * MIB)?.min(plain.len());
    let mut clips = default::Home::new()?.into_clips(&plain[..most])?;
    let segment = default::SEALED;
    for (row, share) in [
        ("from the start", 0.0),
        ("from the middle", 0.5),
        ("from the end", 1.0),
    ] {
        let (bytes, requests) = clips.first_byte(share)?;
        let table = "Before the first byte of a view";
        let (bytes, requests) = (bytes as f64, requests as f64);
        let bound = Bound::AtMost(segment as f64 + 1.0);
        bench.figure(
            table,
            (row, share),
            "read of the body",
            (bytes, "bytes"),
            bound,
        );
        let bound = Bound::AtMost(1.0);
        bench.figure(
            table,
            (row, share),
            "requests for the body",
            (requests, ""),
            bound,
        );
    }
    let clips = std::cell::RefCell::new(clips);
    let at = |share| clips.borrow_mut().first_byte(share).map(drop);
    Rounds::new("First byte of a view", "64 MiB", Unit::Call)
        .budget(3)
        .contender("from the start", || at(0.0))
        .contender("from the middle", || at(0.5))
        .contender("from the end", || at(0.97))
        .target("from the middle", "from the start", Bound::AtMost(1.05))
        .target("from the end", "from the start", Bound::AtMost(1.05))
        .run(bench)
}

fn files(bench: &mut Bench, row: &str, length: u64, input: &Path, folder: &Path) -> Result<()> {
    let path = |name: &str| folder.join(name);
    let (mut a, mut c) = (default::Calls::new()?, aws_lc::Calls::new()?);
    let mut b = default::Home::in_directory(&path("cloud"))?;
    let mut d = aws_lc::Home::in_directory(&path("cloud-aws-lc"))?;
    let (bodies_b, bodies_d) = (b.bodies(&path("cloud"))?, d.bodies(&path("cloud-aws-lc"))?);
    let (spool, sealed, out) = (path("spool"), path("sealed"), path("out"));
    let (mut clips_b, mut clips_d) = (Vec::new(), Vec::new());
    // Everybody writes new files: what was there before goes first, outside of the measurement.
    Rounds::new("Recording from file to file", row, Unit::Bytes(length))
        .budget(12)
        .contender_on(
            "loop, default",
            || forget(&sealed),
            |()| a.record_file(input, &sealed),
        )
        .contender_on(
            "ours, default",
            || forget(&bodies_b),
            |()| {
                clips_b = b.record_file(input, &spool)?;
                Ok(())
            },
        )
        .contender_on(
            "loop, aws-lc",
            || forget(&sealed),
            |()| c.record_file(input, &sealed),
        )
        .contender_on(
            "ours, aws-lc",
            || forget(&bodies_d),
            |()| {
                clips_d = d.record_file(input, &spool)?;
                Ok(())
            },
        )
        .target("ours, default", "loop, default", Bound::AtMost(1.1))
        .target("ours, aws-lc", "loop, aws-lc", Bound::AtMost(1.1))
        .run(bench)?;
    b.sync()?;
    d.sync()?;
    Rounds::new("Viewing from file to file", row, Unit::Bytes(length))
        .budget(12)
        .contender_on(
            "loop, default",
            || forget(&out),
            |()| a.view_file(&sealed, &out),
        )
        .contender_on(
            "ours, default",
            || forget(&out),
            |()| b.view_file(&clips_b, &out),
        )
        .contender_on(
            "loop, aws-lc",
            || forget(&out),
            |()| c.view_file(&sealed, &out),
        )
        .contender_on(
            "ours, aws-lc",
            || forget(&out),
            |()| d.view_file(&clips_d, &out),
        )
        .target("ours, default", "loop, default", Bound::AtMost(1.1))
        .target("ours, aws-lc", "loop, aws-lc", Bound::AtMost(1.1))
        .run(bench)?;
    [path("cloud"), path("cloud-aws-lc"), sealed, out]
        .iter()
        .try_for_each(|path| forget(path))
}

/// Removes a file, or what is in a folder.
fn forget(path: &Path) -> Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            let path = entry?.path();
            match path.is_dir() {
                true => fs::remove_dir_all(path)?,
                false => fs::remove_file(path)?,
            }
        }
    } else if path.exists() {
        fs::remove_file(path)?;
    }
    Ok(())
}

/// An account with a phone and a camera, for the program eiot.
struct Scene {
    eiot: PathBuf,
    folder: PathBuf,
    passphrase: String,
}

impl Scene {
    fn new(eiot: &Path, folder: PathBuf) -> Result<Self> {
        if !eiot.is_file() {
            bail!("{} is not there: scripts/bench builds it", eiot.display());
        }
        fs::create_dir_all(&folder)?;
        let passphrase = String::new();
        let mut scene = Self {
            eiot: eiot.to_owned(),
            folder,
            passphrase,
        };
        let create = [
            "account",
            "create",
            "--phone",
            "anna",
            "--passphrase-to",
            "words",
        ];
        cost::of_program(&mut scene.command(create))?;
        scene.passphrase = fs::read_to_string(scene.folder.join("words"))?;
        let pair = ["camera", "pair", "door", "--streams", "video"];
        cost::of_program(&mut scene.command(pair))?;
        Ok(scene)
    }

    fn command<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = cost::quiet(&self.eiot);
        command
            .current_dir(&self.folder)
            .env_clear()
            .env("EIOT_WORK", "least");
        command
            .env("EIOT_PASSPHRASE", &self.passphrase)
            .args(arguments);
        command
    }

    fn record(&self, input: &Path) -> Command {
        let mut command = self.command(["record", "--camera", "door", "--stream", "video"]);
        command.arg(input);
        command
    }

    /// The bodies in its store.
    fn bodies(&self) -> Result<PathBuf> {
        let mut accounts = fs::read_dir(self.folder.join("eiot-store"))?;
        let account = accounts.next().context("an account in the store")??;
        Ok(account.path().join("bodies"))
    }

    /// Forgets what was recorded, as a store would that keeps nothing.
    fn forget(&self) -> Result<()> {
        forget(&self.bodies()?)
    }
}

fn programs(bench: &mut Bench, row: &str, length: u64, input: &Path, folder: &Path) -> Result<()> {
    let settings = bench.settings.clone();
    let ours = Scene::new(&settings.eiot, folder.join("eiot"))?;
    let fast = Scene::new(&settings.eiot_aws_lc, folder.join("eiot-aws-lc"))?;
    let path = |name: &str| folder.join(name);
    let (key, sealed, go, out) = (path("key"), path("age"), path("go"), path("out"));
    let recipient = peers::age_key(&key)?;
    let text = |path: &Path| path.display().to_string();
    let go_age = cost::of_program(cost::quiet("age").arg("--version")).is_ok();
    let age = |arguments: [&str; 4], out: &Path| {
        forget(out)?;
        let mut command = cost::quiet(std::env::current_exe()?);
        command.args(arguments).arg(out);
        Ok(command)
    };
    let mut rounds = Rounds::new("Recording by programs", row, Unit::Bytes(length))
        .budget(20)
        .program("eiot record", || ours.forget().map(|()| ours.record(input)))
        .program("eiot record, aws-lc", || {
            fast.forget().map(|()| fast.record(input))
        })
        .program("age", || {
            age(["as-age", "encrypt", &recipient, &text(input)], &sealed)
        })
        .program("cp", || {
            forget(&out)?;
            let mut command = cost::quiet("cp");
            command.args([input, &out]);
            Ok(command)
        })
        .target("eiot record", "age", Bound::AtMost(1.1))
        .target("eiot record, aws-lc", "age", Bound::AtMost(0.8));
    if go_age {
        rounds = rounds
            .program("age, in Go", || {
                forget(&go)?;
                let mut command = cost::quiet("age");
                command.args(["-r", &recipient, "-o", &text(&go), &text(input)]);
                Ok(command)
            })
            .target("eiot record", "age, in Go", Bound::None)
            .target("eiot record, aws-lc", "age, in Go", Bound::None);
    } else {
        bench.note("`age` in Go is not on PATH and was not measured.");
    }
    rounds.run(bench)?;
    forget(&out)?;

    // One recording each that stays, to be viewed.
    let clips = |scene: &Scene| -> Result<String> {
        scene.forget()?;
        let output = scene
            .record(input)
            .arg("--json")
            .stdout(Stdio::piped())
            .output()?;
        let json: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        let number = |name: &str| json[name].as_u64().context("the number of a clip");
        let all: Vec<String> = (number("first")?..=number("last")?)
            .map(|clip| clip.to_string())
            .collect();
        Ok(all.join(","))
    };
    let (clips_ours, clips_fast) = (clips(&ours)?, clips(&fast)?);
    let view = |scene: &Scene, clips: &str| -> Result<Command> {
        forget(&out)?;
        let mut command = scene.command(["view", "--stream", "video", "--clip", clips, "-o"]);
        command.arg(&out);
        Ok(command)
    };
    let mut rounds = Rounds::new("Viewing by programs", row, Unit::Bytes(length))
        .budget(20)
        .program("eiot view", || view(&ours, &clips_ours))
        .program("eiot view, aws-lc", || view(&fast, &clips_fast))
        .program("age", || {
            age(["as-age", "decrypt", &text(&key), &text(&sealed)], &out)
        })
        .target("eiot view", "age", Bound::AtMost(1.1))
        .target("eiot view, aws-lc", "age", Bound::AtMost(0.8));
    if go_age {
        rounds = rounds
            .program("age, in Go", || {
                forget(&out)?;
                let mut command = cost::quiet("age");
                command.args(["-d", "-i", &text(&key), "-o", &text(&out), &text(&go)]);
                Ok(command)
            })
            .target("eiot view", "age, in Go", Bound::None)
            .target("eiot view, aws-lc", "age, in Go", Bound::None);
    }
    rounds.run(bench)?;
    // The last to write the output was one of several: that all write the same is a test's business, that
    // this run was no race of broken programs is ours.
    cost::of_program(&mut view(&ours, &clips_ours)?)?;
    if fs::read(&out)? != fs::read(input)? {
        bail!("what was viewed is not what was recorded");
    }

    // Short sessions, whose fixed cost counts: ten seconds of video in three clips.
    let film = settings.root.join("reference/assets/sample.ts");
    Rounds::new("Ten seconds of video, three clips", "sample.ts", Unit::Call)
        .budget(6)
        .program("eiot record", || ours.forget().map(|()| ours.record(&film)))
        .program("eiot record, aws-lc", || {
            fast.forget().map(|()| fast.record(&film))
        })
        .run(bench)
}

/// A stream through a pipe into a store that forgets it.
fn memory(bench: &mut Bench) -> Result<()> {
    let mut lengths = vec![64 * MIB, 256 * MIB, 1024 * MIB];
    if !bench.settings.quick {
        lengths.push(4 * 1024 * MIB);
    }
    if bench.settings.long {
        lengths.extend([16 * 1024 * MIB, 100 * 1024 * MIB]);
    }
    // In memory where there is a file system there: the disk's speed is not the matter.
    let shared = Path::new("/dev/shm");
    let folder = match shared.is_dir() {
        true => tempfile::tempdir_in(shared)?,
        false => tempfile::tempdir_in(bench.settings.root.join("target/bench"))?,
    };
    let scene = Scene::new(&bench.settings.eiot.clone(), folder.path().join("eiot"))?;
    for length in lengths {
        let row = match length / MIB {
            mib if mib < 1024 => format!("{mib} MiB"),
            mib => format!("{} GiB", mib / 1024),
        };
        bench.progress(&format!("{MEMORY}: {row}"));
        let cost = piped(&scene, length).with_context(|| format!("a stream of {row}"))?;
        let gib = length as f64 / (1024 * MIB) as f64;
        let memory = cost.memory.context("the memory of a program")? as f64 / MIB as f64;
        let bound = Bound::AtMost(MOST_MEMORY);
        bench.figure(
            MEMORY,
            (&row, gib),
            "eiot record, at most",
            (memory, "MiB"),
            bound,
        );
        let each = cost.cpu / gib;
        bench.figure(
            MEMORY,
            (&row, gib),
            "processor time a GiB",
            (each, "s"),
            Bound::None,
        );
    }
    Ok(())
}

fn piped(scene: &Scene, length: u64) -> Result<Cost> {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                // Bodies that are being made may go between the listing and the removal.
                let _ = scene.forget();
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let mut source = Command::new("head");
        let source = source.args(["-c", &length.to_string(), "/dev/zero"]);
        let cost = source
            .stdout(Stdio::piped())
            .spawn()
            .context("starting head")
            .and_then(|mut source| {
                let output = source.stdout.take().context("the output of head")?;
                let cost = cost::of_program(scene.record(Path::new("-")).stdin(output));
                source.wait()?;
                cost
            });
        done.store(true, Ordering::Relaxed);
        cost
    })
}

fn plots(recorded: &record::Section) -> Vec<Plot> {
    let of = |name: &str| {
        let figures = recorded.figures.iter();
        let figures = figures.filter(|figure| figure.table == MEMORY && figure.name == name);
        figures
            .map(|figure| (figure.x, figure.value))
            .collect::<Vec<_>>()
    };
    let points = of("eiot record, at most");
    let most = points.iter().map(|(x, _)| (*x, MOST_MEMORY)).collect();
    vec![Plot {
        file: "memory",
        title: "Memory of eiot record against the length of the stream".to_owned(),
        x: Axis::logarithmic("GiB, through a pipe"),
        y: Axis::linear("MiB"),
        lines: vec![
            ("eiot record".to_owned(), points),
            ("at most".to_owned(), most),
        ],
    }]
}
