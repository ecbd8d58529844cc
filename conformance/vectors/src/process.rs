//! A program under test that is a process of its own, asked by JSON lines.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use encryptediot_shim::Answer;
use encryptediot_shim::protocol::{HELLO, Hello, Request, hello};
use serde_json::Value;

use super::program::{Fault, Program};
use conformance_common::process::Group;
use conformance_common::report::printable;

/// No answer is longer than this many bytes: the longest of the reference has a quarter of a mebibyte, and a tree of
/// values takes thirty times the bytes that it is read from.
const LONGEST: u64 = 4 << 20;

/// Longer lines of a program's standard error are shown in pieces of so many bytes.
const LINE: u64 = 4096;

/// A program that is started when it is asked, and again after each fault.
pub struct Process {
    command: String,
    timeout: Duration,
    running: Option<Running>,
}

struct Running {
    group: Group,
    requests: SyncSender<Vec<u8>>,
    lines: Receiver<std::io::Result<Vec<u8>>>,
    asked: u64,
}

impl Process {
    /// A program by its command line, as a shell reads it, and the time that it has for an answer.
    pub fn new(command: impl Into<String>, timeout: Duration) -> Self {
        let (command, running) = (command.into(), None);
        Self {
            command,
            timeout,
            running,
        }
    }

    /// Starts it and hears its hello.
    fn start(&mut self) -> Result<Hello, Fault> {
        let mut running = Running::start(&self.command)?;
        let answer = running.ask(HELLO, hello(), self.timeout)?;
        let Answer::Accept { output, .. } = answer else {
            let said = serde_json::to_string(&answer).unwrap_or_default();
            return Err(Fault::Garbage(format!("to hello: {said}")));
        };
        let hello = serde_json::from_value(output);
        let hello = hello.map_err(|why| Fault::Garbage(format!("to hello: {why}")))?;
        self.running = Some(running);
        Ok(hello)
    }
}

impl Program for Process {
    fn hello(&mut self) -> Result<Hello, Fault> {
        self.start()
    }

    fn ask(&mut self, operation: &str, input: Value) -> Result<Answer, Fault> {
        if self.running.is_none() {
            self.start()?;
        }
        let Some(running) = &mut self.running else {
            return Err(Fault::NotStarted("it is not there".to_owned()));
        };
        let answer = running.ask(operation, input, self.timeout);
        if answer.is_err() {
            self.running = None;
        }
        answer
    }
}

impl Running {
    fn start(command: &str) -> Result<Self, Fault> {
        let failed = |why: std::io::Error| Fault::NotStarted(why.to_string());
        // A shell that stands between would keep the program's output open after it has closed it. A text that is
        // more than a program and its arguments needs the shell.
        let text = match command.contains(|c| ";&|<>()=`$\n".contains(c)) {
            true => command.to_owned(),
            false => format!("exec {command}"),
        };
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &text])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut group = Group::start(&mut shell).map_err(failed)?;
        if let Some(errors) = group.child.stderr.take() {
            std::thread::spawn(move || hand_on(errors));
        }
        let pipes = (group.child.stdin.take(), group.child.stdout.take());
        let (Some(mut input), Some(output)) = pipes else {
            return Err(Fault::NotStarted("it has no pipes".to_owned()));
        };
        // One line may wait: a program that says more than it is asked for is held up, not stored.
        let (send, lines) = sync_channel(1);
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            loop {
                let mut line = Vec::new();
                let read = output.by_ref().take(LONGEST).read_until(b'\n', &mut line);
                let ended = !matches!(read, Ok(1..));
                if send.send(read.map(|_| line)).is_err() || ended {
                    return;
                }
            }
        });
        // A program that does not read must not hold the runner up.
        let (requests, lines_to_write) = sync_channel::<Vec<u8>>(1);
        std::thread::spawn(move || {
            for line in lines_to_write {
                if input.write_all(&line).and_then(|()| input.flush()).is_err() {
                    return;
                }
            }
        });
        Ok(Self {
            group,
            requests,
            lines,
            asked: 0,
        })
    }

    fn ask(&mut self, operation: &str, input: Value, time: Duration) -> Result<Answer, Fault> {
        let (id, operation) = (self.asked, operation.to_owned());
        self.asked += 1;
        let request = Request {
            id,
            operation,
            input,
        };
        let mut line = serde_json::to_vec(&request).unwrap_or_default();
        line.push(b'\n');
        // A program that ended takes nothing: what it said, and how it ended, is heard below.
        let _ = self.requests.try_send(line);
        let said = match self.lines.recv_timeout(time) {
            Ok(Ok(said)) if !said.is_empty() => said,
            Err(RecvTimeoutError::Timeout) => return Err(Fault::Hang(time)),
            _ => return Err(Fault::Ended(self.status())),
        };
        read(id, &said)
    }

    fn status(&mut self) -> String {
        // Its output is closed: it is about to end, or never does.
        for _ in 0..50 {
            match self.group.child.try_wait() {
                Ok(Some(status)) => return format!(" ({status})"),
                _ => std::thread::sleep(Duration::from_millis(10)),
            }
        }
        " (it closed its output)".to_owned()
    }
}

/// Shows what a program writes to its standard error, line by line, as [`printable`] has it.
fn hand_on(errors: impl std::io::Read) {
    let mut errors = BufReader::new(errors);
    loop {
        let mut line = Vec::new();
        match errors.by_ref().take(LINE).read_until(b'\n', &mut line) {
            Ok(1..) => {
                let text = String::from_utf8_lossy(&line);
                let _ = writeln!(std::io::stderr(), "{}", printable(text.trim_end()));
            }
            _ => return,
        }
    }
}

/// A number that was written with a fraction of zero.
fn whole(number: f64) -> Option<u64> {
    let written = format!("{number:.0}");
    written.parse().ok().filter(|_| number.fract() == 0.0)
}

/// Reads an answer to request `id`.
///
/// # Errors
/// If it is none, or one to another request.
pub fn read(id: u64, said: &[u8]) -> Result<Answer, Fault> {
    let garbage = || {
        let mut text = String::from_utf8_lossy(said).trim_end().to_owned();
        if text.len() > 200 {
            text = text.chars().take(200).chain(['…']).collect();
        }
        Fault::Garbage(text)
    };
    let mut answer: Value = serde_json::from_slice(said).map_err(|_| garbage())?;
    let answered = answer.as_object_mut().and_then(|a| a.remove("id"));
    let number = |id: Value| id.as_u64().or_else(|| whole(id.as_f64()?));
    let answered = answered.and_then(number).ok_or_else(garbage)?;
    if answered != id {
        let asked = id;
        return Err(Fault::OutOfOrder { asked, answered });
    }
    serde_json::from_value(answer).map_err(|_| garbage())
}
