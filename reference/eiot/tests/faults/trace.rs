//! What a process does to files, from strace's log; and processes that strace kills or lets fail at one of the calls.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

/// The calls that change files, and those that make a change last.
const CALLS: &str = "write,pwrite64,writev,open,creat,openat,rename,renameat,renameat2,link,linkat,unlink,unlinkat,\
    mkdir,mkdirat,rmdir,fsync,fdatasync,ftruncate,copy_file_range,sendfile,symlink,symlinkat";

/// A change of a file or folder. Paths are relative to the place where the program runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    Make(PathBuf),
    Empty(PathBuf),
    Append(PathBuf, Vec<u8>),
    Folder(PathBuf),
    Rename(PathBuf, PathBuf),
    Link(PathBuf, PathBuf),
    Remove(PathBuf),
    Sync(PathBuf),
}

/// A change, and how strace finds it again: by the call and the how-manieth it is in its thread.
#[derive(Clone, Debug)]
pub struct Call {
    pub op: Op,
    pub name: String,
    pub nth: usize,
}

/// What is done at one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The process is killed before the call.
    Kill,
    /// The call fails with this error.
    Fails(&'static str),
    /// So do all later calls of its name.
    FailsFrom(&'static str),
}

/// Is there an strace that may trace?
pub fn works() -> bool {
    let probe = Command::new("strace")
        .args(["-qq", "-e", "trace=none", "true"])
        .output();
    probe.is_ok_and(|output| output.status.success())
}

fn under_strace(program: &Command, options: &[&str]) -> Command {
    let mut traced = Command::new("strace");
    traced.args(["-f", "-qq", "-e", &format!("trace={CALLS}")]);
    traced
        .args(options)
        .arg(program.get_program())
        .args(program.get_args());
    if let Some(folder) = program.get_current_dir() {
        traced.current_dir(folder);
    }
    traced.env_clear();
    traced.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    let set = program
        .get_envs()
        .filter_map(|(name, value)| Some((name, value?)));
    traced.envs(set).stdin(Stdio::null());
    traced
}

/// The program, writing down its calls into `log`.
pub fn logged(program: &Command, log: &Path) -> Command {
    let log = log.to_str().unwrap();
    under_strace(
        program,
        &["--seccomp-bpf", "-y", "-xx", "-s", "9000000", "-o", log],
    )
}

/// The program, with a fault at a call; the log says whether it came to that.
pub fn faulty(program: &Command, call: &Call, fault: Fault, log: &Path) -> Command {
    let (what, from) = match fault {
        Fault::Kill => ("signal=KILL".to_owned(), ""),
        Fault::Fails(error) => (format!("error={error}"), ""),
        Fault::FailsFrom(error) => (format!("error={error}"), "+"),
    };
    let inject = format!("inject={}:{what}:when={}{from}", call.name, call.nth);
    let log = log.to_str().unwrap();
    under_strace(program, &["-o", log, "-e", &inject])
}

/// Did a fault happen?
pub fn happened(log: &str) -> bool {
    log.contains("(INJECTED)") || log.contains("killed by SIGKILL")
}

/// Reads a log: the changes within `place`, in order. What cannot be read is no trace to judge by, and panics.
pub fn read(log: &str, place: &Path) -> Vec<Call> {
    let (mut calls, mut counts) = (Vec::new(), BTreeMap::<(&str, &str), usize>::new());
    let mut unfinished: BTreeMap<&str, (String, usize)> = BTreeMap::new();
    for line in log.lines() {
        let (thread, text) = line.split_once(' ').unwrap();
        let text = text.trim_start();
        let (text, nth) = if let Some(rest) = text.strip_prefix("<... ") {
            let (begun, nth) = unfinished.remove(thread).unwrap();
            (begun + rest.split_once(" resumed>").unwrap().1, nth)
        } else if text.starts_with("+++") || text.starts_with("---") {
            continue;
        } else {
            let name = text.split_once('(').unwrap().0;
            let count = counts.entry((thread, name)).or_default();
            *count += 1;
            match text.strip_suffix(" <unfinished ...>") {
                Some(begun) => {
                    unfinished.insert(thread, (begun.to_owned(), *count));
                    continue;
                }
                None => (text.to_owned(), *count),
            }
        };
        let (name, rest) = text.split_once('(').unwrap();
        let (arguments, result) = rest.rsplit_once(" = ").unwrap();
        if result.starts_with('-') || result.starts_with('?') {
            continue;
        }
        let arguments = arguments.trim_end().strip_suffix(')').unwrap();
        let name = name.to_owned();
        let op = operation(
            &name,
            &arguments.split(", ").collect::<Vec<_>>(),
            result,
            place,
        );
        calls.extend(op.map(|op| Call { op, name, nth }));
    }
    calls
}

fn operation(name: &str, args: &[&str], result: &str, place: &Path) -> Option<Op> {
    let own = |path: PathBuf| Some(path.strip_prefix(place).ok()?.to_owned());
    let held = |at: usize| own(descriptor(args[at])?);
    let named = |at: usize| own(clean(&place.join(text(args[at]))));
    let within = |folder: usize| {
        own(clean(
            &descriptor(args[folder])?.join(text(args[folder + 1])),
        ))
    };
    match name {
        "open" | "openat" | "creat" => {
            let (path, flags) = match name {
                "openat" => (within(0)?, args[2]),
                "open" => (named(0)?, args[1]),
                _ => (named(0)?, "O_CREAT|O_TRUNC"),
            };
            match (flags.contains("O_CREAT"), flags.contains("O_TRUNC")) {
                (false, false) => None,
                (true, false) => Some(Op::Make(path)),
                (_, true) => Some(Op::Empty(path)),
            }
        }
        "write" => {
            let path = held(0)?;
            let mut bytes = unescape(text_bytes(args[1]));
            bytes.truncate(result.parse().unwrap());
            Some(Op::Append(path, bytes))
        }
        "rename" => Some(Op::Rename(named(0)?, named(1)?)),
        "renameat" | "renameat2" => Some(Op::Rename(within(0)?, within(2)?)),
        "link" => Some(Op::Link(named(0)?, named(1)?)),
        "linkat" => Some(Op::Link(within(0)?, within(2)?)),
        "unlink" | "rmdir" => Some(Op::Remove(named(0)?)),
        "unlinkat" => Some(Op::Remove(within(0)?)),
        "mkdir" => Some(Op::Folder(named(0)?)),
        "mkdirat" => Some(Op::Folder(within(0)?)),
        "fsync" | "fdatasync" => Some(Op::Sync(held(0)?)),
        "ftruncate" if args[1] == "0" => Some(Op::Empty(held(0)?)),
        _ => {
            let touched = (0..args.len()).any(|at| held(at).is_some());
            assert!(
                !touched,
                "a call that the model of the disk lacks: {name}{args:?}"
            );
            None
        }
    }
}

/// The path that `-y` gives with a descriptor.
fn descriptor(argument: &str) -> Option<PathBuf> {
    let path = argument.split_once('<')?.1.split_once('>')?.0;
    Some(PathBuf::from(String::from_utf8(unescape(path)).unwrap()))
}

fn text_bytes(argument: &str) -> &str {
    let inside = argument
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    inside.unwrap_or_else(|| panic!("no whole text: {}", &argument[..argument.len().min(40)]))
}

fn text(argument: &str) -> PathBuf {
    PathBuf::from(String::from_utf8(unescape(text_bytes(argument))).unwrap())
}

/// `-xx` writes every byte as `\x` and two digits.
fn unescape(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(4)
        .map(|byte| u8::from_str_radix(std::str::from_utf8(&byte[2..]).unwrap(), 16).unwrap())
        .collect()
}

fn clean(path: &Path) -> PathBuf {
    path.components()
        .filter(|part| *part != Component::CurDir)
        .collect()
}
