//! Programs in process groups of their own: within limits, and gone with all their children.

use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System};

/// A process that leads a group of its own. Dropping this value kills the group; so does the end of this program,
/// however it ends.
pub struct Group {
    /// The process.
    pub child: Child,
    guard: Child,
}

/// What the guard runs: it reads which group, waits for the end of its input, which this program holds open, and
/// kills the group.
const GUARD: &str = "read -r id && { read -r _; kill -9 -\"$id\"; }";

impl Group {
    /// Starts a program.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(command: &mut Command) -> std::io::Result<Self> {
        let mut guard = Command::new("sh");
        guard.args(["-c", GUARD]);
        guard.stdin(Stdio::piped()).stdout(Stdio::null());
        // In a group of its own: what stops this program by its terminal must not stop the guard.
        let mut guard = guard.stderr(Stdio::null()).process_group(0).spawn()?;
        let started = command.process_group(0).spawn();
        let mut group = match started {
            Ok(child) => Self { child, guard },
            Err(error) => {
                let _ = guard.kill();
                let _ = guard.wait();
                return Err(error);
            }
        };
        let id = format!("{}\n", group.child.id());
        if let Some(input) = &mut group.guard.stdin {
            input.write_all(id.as_bytes())?;
        }
        Ok(group)
    }
}

/// Kills the group that a process leads.
fn end(child: &mut Child) {
    if let Ok(id) = i32::try_from(child.id()) {
        // The group is gone already where nothing was left behind.
        let _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
    }
    let _ = child.wait();
}

impl Drop for Group {
    fn drop(&mut self) {
        end(&mut self.child);
        // Not before: until here this program may be killed.
        let _ = self.guard.kill();
        let _ = self.guard.wait();
    }
}

/// What a program may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Time.
    pub time: Duration,
    /// Memory of it and its children, in MiB.
    pub memory: u64,
    /// Standard output and standard error, each, in bytes.
    pub output: u64,
}

impl Limits {
    /// For a program that has little to do: a minute, 4 GiB, 64 MiB of output.
    pub const SHORT: Self = Self {
        time: Duration::from_secs(60),
        memory: 4096,
        output: 64 << 20,
    };
}

/// The output of a program that ended by itself.
pub struct Ended {
    /// Standard output.
    pub output: Vec<u8>,
    /// Standard error.
    pub errors: Vec<u8>,
    /// Its exit code.
    pub code: i32,
    /// How long it ran.
    pub time: Duration,
}

/// Why a program did not end by itself.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Cut {
    /// It could not be started, or not be watched.
    #[error("it could not be started: {0}")]
    NotStarted(String),
    /// It took longer than this many seconds.
    #[error("it was stopped after {0:.0} s")]
    Time(f64),
    /// It took more memory than this many MiB.
    #[error("it was stopped when it took more than {0} MiB")]
    Memory(u64),
    /// It printed more than this many bytes.
    #[error("it was stopped when it had printed more than {0} bytes")]
    Output(u64),
    /// It was killed by this signal.
    #[error("it was killed by signal {0}")]
    Killed(i32),
    /// The harness was asked to stop.
    #[error("interrupted")]
    Interrupted,
}

/// Runs a program to its end, without input. It is stopped when `stop` is set.
///
/// # Errors
/// Why it did not end by itself.
pub fn run(mut command: Command, limits: Limits, stop: &AtomicBool) -> Result<Ended, Cut> {
    let failed = |error: std::io::Error| Cut::NotStarted(error.to_string());
    // Files, not pipes: a program that prints much must not wait for us.
    let mut output = tempfile::tempfile().map_err(failed)?;
    let mut errors = tempfile::tempfile().map_err(failed)?;
    command
        .stdin(Stdio::null())
        .stdout(output.try_clone().map_err(failed)?)
        .stderr(errors.try_clone().map_err(failed)?);
    let begin = Instant::now();
    let mut group = Group::start(&mut command).map_err(failed)?;
    let mut system = System::new();
    let (mut pause, mut looked) = (Duration::from_millis(5), begin);
    let status = loop {
        if let Some(status) = group.child.try_wait().map_err(failed)? {
            break status;
        }
        if stop.load(Ordering::Relaxed) {
            return Err(Cut::Interrupted);
        }
        if begin.elapsed() > limits.time {
            return Err(Cut::Time(limits.time.as_secs_f64()));
        }
        if looked.elapsed() > Duration::from_millis(500) {
            looked = Instant::now();
            if memory(&mut system, group.child.id()) > limits.memory {
                return Err(Cut::Memory(limits.memory));
            }
        }
        for file in [&output, &errors] {
            if file.metadata().map_err(failed)?.len() > limits.output {
                return Err(Cut::Output(limits.output));
            }
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    };
    let time = begin.elapsed();
    // What it has left behind goes at once, while the group still has its number.
    drop(group);
    let bytes = |file: &mut std::fs::File| -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        file.rewind()?;
        file.take(limits.output).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    match (status.code(), status.signal()) {
        (Some(code), _) => Ok(Ended {
            output: bytes(&mut output).map_err(failed)?,
            errors: bytes(&mut errors).map_err(failed)?,
            code,
            time,
        }),
        // A signal to the whole session, as by Ctrl-C, may reach the program before us.
        (None, _) if stop.load(Ordering::Relaxed) => Err(Cut::Interrupted),
        (None, signal) => Err(Cut::Killed(signal.unwrap_or(0))),
    }
}

/// The memory of a process and its descendants, in MiB.
fn memory(system: &mut System, root: u32) -> u64 {
    let kind = ProcessRefreshKind::nothing().with_memory().without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
    let root = sysinfo::Pid::from_u32(root);
    let within = |mut id: sysinfo::Pid| {
        loop {
            match system.process(id) {
                _ if id == root => return true,
                Some(process) => match process.parent() {
                    Some(parent) => id = parent,
                    None => return false,
                },
                None => return false,
            }
        }
    };
    let all = system.processes().iter().filter(|(id, _)| within(**id));
    let bytes: u64 = all.map(|(_, process)| process.memory()).sum();
    bytes >> 20
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        time: Duration::from_secs(20),
        memory: 4096,
        output: 1 << 20,
    };

    fn shell(script: &str, limits: Limits) -> Result<Ended, Cut> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        run(command, limits, &AtomicBool::new(false))
    }

    #[test]
    fn what_it_printed_and_how_it_ended_is_told() {
        let ended = shell("echo out; echo err >&2; exit 3", LIMITS).unwrap();
        assert_eq!(
            (ended.output.as_slice(), ended.errors.as_slice()),
            (&b"out\n"[..], &b"err\n"[..])
        );
        assert_eq!(ended.code, 3);
        assert_eq!(shell("kill -9 $$", LIMITS).err(), Some(Cut::Killed(9)));
        let none = run(
            Command::new("no-such-program"),
            LIMITS,
            &AtomicBool::new(false),
        );
        assert!(matches!(none, Err(Cut::NotStarted(_))));
    }

    #[test]
    fn limits_and_interruption_end_it_with_its_children() {
        let directory = tempfile::tempdir().unwrap();
        let late = directory.path().join("late");
        let script = format!("(sleep 1; touch '{}') & sleep 30", late.display());
        let short = Limits {
            time: Duration::from_millis(200),
            ..LIMITS
        };
        assert!(matches!(shell(&script, short), Err(Cut::Time(_))));
        let little = Limits {
            memory: 0,
            ..LIMITS
        };
        assert_eq!(shell(&script, little).err(), Some(Cut::Memory(0)));
        let cut = shell(&format!("{script} & yes"), LIMITS);
        assert_eq!(cut.err(), Some(Cut::Output(LIMITS.output)));
        let mut command = Command::new("sleep");
        command.arg("30");
        let cut = run(command, LIMITS, &AtomicBool::new(true));
        assert_eq!(cut.err(), Some(Cut::Interrupted));
        std::thread::sleep(Duration::from_millis(1200));
        assert!(!late.exists(), "a child outlived its group");
    }
}
