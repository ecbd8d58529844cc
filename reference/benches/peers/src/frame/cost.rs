//! What a piece of work costs: processor time, which other people's load on the machine hardly changes, and
//! the time on the wall.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use nix::time::{ClockId, clock_gettime};
use wait4::Wait4 as _;

/// What something cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// Processor time of all threads, user and system, in seconds.
    pub cpu: f64,
    /// Time that passed, in seconds.
    pub wall: f64,
    /// The most memory that a program held, in bytes; of programs alone.
    pub memory: Option<u64>,
}

impl Cost {
    /// Adds time that was spent besides.
    pub fn add(&mut self, more: Self) {
        self.cpu += more.cpu;
        self.wall += more.wall;
    }
}

/// Both clocks, running.
pub struct Clocks {
    cpu: Duration,
    wall: Instant,
}

impl Clocks {
    /// Starts the clocks of this process.
    pub fn start() -> Result<Self> {
        Ok(Self {
            cpu: process_time()?,
            wall: Instant::now(),
        })
    }

    /// What was spent since.
    pub fn stop(self) -> Result<Cost> {
        let cpu = process_time()?.saturating_sub(self.cpu);
        Ok(Cost {
            cpu: cpu.as_secs_f64(),
            wall: self.wall.elapsed().as_secs_f64(),
            memory: None,
        })
    }
}

fn process_time() -> Result<Duration> {
    let time = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).context("reading the CPU clock")?;
    Ok(Duration::from(time))
}

/// Runs a program to its end and takes its processor time and memory from `wait4`. Its standard output is
/// dropped unless the command says otherwise.
///
/// # Errors
/// If it does not start, or ends with another status than 0; the error has what it said.
pub fn of_program(command: &mut Command) -> Result<Cost> {
    let stderr = tempfile::tempfile()?;
    command.stderr(stderr.try_clone()?);
    let name = command.get_program().to_string_lossy().into_owned();
    // What a program held counts from what we held at most: from here on that is what we hold now.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let wall = Instant::now();
    let mut child = command
        .spawn()
        .with_context(|| format!("starting {name}"))?;
    let ended = child.wait4()?;
    let wall = wall.elapsed().as_secs_f64();
    if !ended.status.success() {
        let mut text = String::new();
        std::io::Seek::rewind(&mut &stderr)?;
        std::io::Read::read_to_string(&mut &stderr, &mut text)?;
        bail!("{name}: {}: {}", ended.status, text.trim());
    }
    Ok(Cost {
        cpu: (ended.rusage.utime + ended.rusage.stime).as_secs_f64(),
        wall,
        memory: Some(ended.rusage.maxrss),
    })
}

/// A command without input or output.
pub fn quiet(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}
