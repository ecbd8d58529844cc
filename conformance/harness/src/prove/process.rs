//! A prover's process: within its time and memory, and gone with all its children when it ends.

use std::io::{Read as _, Seek as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System};

/// What a process may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Time.
    pub time: Duration,
    /// Memory of it and its children, in MiB.
    pub memory: u64,
}

/// What a process printed before it ended by itself.
pub struct Printed {
    /// Standard output.
    pub output: String,
    /// Standard error.
    pub errors: String,
    /// Its exit code.
    pub code: i32,
    /// How long it ran.
    pub time: Duration,
}

/// Why a process has nothing to say.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Cut {
    /// It could not be started.
    #[error("the prover could not be started: {0}")]
    NotStarted(String),
    /// It took too long.
    #[error("the prover was stopped after {0:.0} s without a verdict; `--timeout` gives it longer")]
    Time(f64),
    /// It took too much memory.
    #[error("the prover was stopped when it took more than {0} MiB; `--memory` gives it more")]
    Memory(u64),
    /// Somebody else ended it.
    #[error("the prover was killed by signal {0}")]
    Killed(i32),
    /// The gate was asked to stop.
    #[error("interrupted")]
    Interrupted,
}

/// Runs a command to its end.
///
/// # Errors
/// Why it did not come to its end by itself.
pub fn run(mut command: Command, limits: Limits, stop: &AtomicBool) -> Result<Printed, Cut> {
    let failed = |error: std::io::Error| Cut::NotStarted(error.to_string());
    // Files, not pipes: a prover that prints much must not wait for us.
    let mut output = tempfile::tempfile().map_err(failed)?;
    let mut errors = tempfile::tempfile().map_err(failed)?;
    command
        .stdin(Stdio::null())
        .stdout(output.try_clone().map_err(failed)?)
        .stderr(errors.try_clone().map_err(failed)?)
        .process_group(0);
    let begin = Instant::now();
    let mut group = Group(command.spawn().map_err(failed)?);
    let mut system = System::new();
    let (mut pause, mut looked) = (Duration::from_millis(5), begin);
    let status = loop {
        if let Some(status) = group.0.try_wait().map_err(failed)? {
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
            if memory(&mut system, group.0.id()) > limits.memory {
                return Err(Cut::Memory(limits.memory));
            }
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    };
    let time = begin.elapsed();
    let text = |file: &mut std::fs::File| -> std::io::Result<String> {
        let mut bytes = Vec::new();
        file.rewind()?;
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    match (status.code(), status.signal()) {
        (Some(code), _) => Ok(Printed {
            output: text(&mut output).map_err(failed)?,
            errors: text(&mut errors).map_err(failed)?,
            code,
            time,
        }),
        // A signal to the whole session, as by Ctrl-C, may reach the prover before us.
        (None, _) if stop.load(Ordering::Relaxed) => Err(Cut::Interrupted),
        (None, signal) => Err(Cut::Killed(signal.unwrap_or(0))),
    }
}

/// A child that leads a group of its own, which ends with this value.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        if let Ok(id) = i32::try_from(self.0.id()) {
            // The group is gone already where nothing was left behind.
            let _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
        }
        let _ = self.0.wait();
    }
}

/// What a process and its descendants take, in MiB.
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
    };

    fn shell(script: &str, limits: Limits) -> Result<Printed, Cut> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        run(command, limits, &AtomicBool::new(false))
    }

    #[test]
    fn what_it_printed_and_how_it_ended_is_told() {
        let printed = shell("echo out; echo err >&2; exit 3", LIMITS).unwrap();
        assert_eq!(
            (printed.output.as_str(), printed.errors.as_str()),
            ("out\n", "err\n")
        );
        assert_eq!(printed.code, 3);
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
        let mut command = Command::new("sleep");
        command.arg("30");
        let cut = run(command, LIMITS, &AtomicBool::new(true));
        assert_eq!(cut.err(), Some(Cut::Interrupted));
        std::thread::sleep(Duration::from_millis(1200));
        assert!(!late.exists(), "a child outlived its group");
    }
}
