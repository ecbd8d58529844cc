//! What every command works with: the options that all share, the cloud, the time.

use std::cell::{Cell, OnceCell};
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use encryptediot::clock::{Clock as _, SystemClock};
use encryptediot::cloud::Cloud;
use encryptediot::error::{ClipError, ErrorKind, StoreError};
use encryptediot::message::Time;
use encryptediot::vault::Work;
use encryptediot::{Error, Result};
use encryptediot_store::DirectoryCloud;
use serde_json::Value;

use crate::failure::{Failure, Outcome, cause};

/// Options that every command takes.
#[derive(clap::Args, Clone, Debug)]
pub struct Global {
    /// The cloud: a directory, or s3://BUCKET where eiot was built with the feature `s3`
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "EIOT_STORE",
        default_value = "./eiot-store",
        help_heading = "Everywhere"
    )]
    pub store: String,

    /// The devices of this machine: phones, cameras, members, with their private keys
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "EIOT_HOME",
        default_value = "./eiot-home",
        help_heading = "Everywhere"
    )]
    pub home: PathBuf,

    /// Print one JSON object on standard output, for errors too
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub json: bool,

    /// Read the ten words from FILE; else they come from EIOT_PASSPHRASE, else from a prompt
    #[arg(long, global = true, value_name = "FILE", help_heading = "Everywhere")]
    pub passphrase_file: Option<PathBuf>,

    /// For tests: the cost of the passphrase function, `default` or `least`
    #[arg(
        long,
        global = true,
        hide = true,
        env = "EIOT_WORK",
        default_value = "default"
    )]
    pub work: WorkArg,
}

/// The cost of the passphrase function in new vaults.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkArg {
    /// What SPEC says.
    Default,
    /// The least that is taken. For tests alone.
    Least,
}

/// What a command has to say at its end.
pub struct Report {
    /// For programs.
    pub json: Value,
    /// For people.
    pub text: String,
}

impl Report {
    /// Nothing more: all was printed already.
    pub fn printed() -> Self {
        Self::new(Value::Null, "")
    }

    /// A report in both forms.
    pub fn new(json: Value, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { json, text }
    }
}

/// What a command works with.
pub struct Context {
    /// The options.
    pub global: Global,
    /// The time.
    pub clock: SystemClock,
    cloud: OnceCell<Traced>,
    spoken: Cell<bool>,
}

impl Context {
    /// The world of one command.
    pub fn new(global: Global) -> Self {
        Self {
            global,
            clock: SystemClock::start(),
            cloud: OnceCell::new(),
            spoken: Cell::new(false),
        }
    }

    /// The time of day.
    pub fn now(&self) -> Time {
        self.clock.wall()
    }

    /// The cost of the passphrase function in new vaults.
    pub fn work(&self) -> Work {
        match self.global.work {
            WorkArg::Default => Work::DEFAULT,
            WorkArg::Least => Work::LEAST,
        }
    }

    /// The cloud, which must be there.
    pub fn cloud(&self) -> Outcome<&Traced> {
        if let Some(cloud) = self.cloud.get() {
            return Ok(cloud);
        }
        let cloud = open_cloud(&self.global.store, false)?;
        Ok(self.cloud.get_or_init(|| cloud))
    }

    /// Makes the store if it is a directory that is not there yet.
    pub fn make_cloud(&self) -> Outcome<&Traced> {
        let cloud = open_cloud(&self.global.store, true)?;
        Ok(self.cloud.get_or_init(|| cloud))
    }

    /// The object in the cloud that an error is about.
    fn object_of(&self, failure: &Failure) -> Option<String> {
        self.cloud.get()?.object_of(failure.error.as_ref()?)
    }

    /// Says something to people while the command goes on.
    pub fn note(&self, text: impl std::fmt::Display) {
        tell(text);
    }

    /// Prints a report on standard output. With `--json` there is one object and no second: what
    /// is to be said after it goes to standard error. What was printed already is no report.
    ///
    /// # Errors
    /// `output` if it cannot be written, or whoever reads it has gone.
    pub fn say(&self, report: &Report) -> Outcome<()> {
        if report.json.is_null() {
            return Ok(());
        }
        let mut out: Box<dyn std::io::Write> = match self.global.json && self.spoken.replace(true) {
            true => Box::new(std::io::stderr()),
            false => Box::new(std::io::stdout()),
        };
        let text = match self.global.json {
            true => format!("{}\n", report.json),
            false if report.text.is_empty() => String::new(),
            false => format!("{}\n", report.text.trim_end()),
        };
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        written.map_err(|error| {
            Box::<Failure>::from(StoreError::Output.because(error)).at("writing the report")
        })
    }

    /// Prints a failure.
    pub fn fail(&self, mut failure: Failure) {
        if failure.object.is_none() && failure.is_of_an_object() {
            failure.object = self
                .object_of(&failure)
                .map(|object| format!("{} in {}", object, self.global.store));
        }
        if self.global.json {
            if let Err(unsaid) = self.say(&Report::new(failure.to_json(), "")) {
                tell(unsaid.to_text());
            }
        } else {
            tell(failure.to_text());
        }
    }
}

/// Says something on standard error. Whoever closed that does not want to hear of it.
pub fn tell(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Opens a store.
pub fn open_cloud(store: &str, make: bool) -> Outcome<Traced> {
    let opened = match store.strip_prefix("s3://") {
        Some(bucket) => open_s3(bucket),
        None if make => directory(DirectoryCloud::create(Path::new(store))),
        None => {
            let path = Path::new(store);
            if !path.is_dir() {
                return Err(Box::<Failure>::from(StoreError::Unavailable)
                    .because(format_args!("there is no directory {store}"))
                    .at("opening the store")
                    .advise(
                        "give --store DIR or set EIOT_STORE; 'eiot account create' makes a new one",
                    ));
            }
            directory(DirectoryCloud::open(path))
        }
    };
    opened
        .map(Traced::new)
        .map_err(|failure| failure.at(format!("opening the store {store}")))
}

fn directory(opened: Result<DirectoryCloud>) -> Outcome<Box<dyn Cloud>> {
    Ok(Box::new(opened?))
}

#[cfg(feature = "s3")]
fn open_s3(bucket: &str) -> Outcome<Box<dyn Cloud>> {
    Ok(Box::new(encryptediot_store::ObjectCloud::s3(bucket)?))
}

#[cfg(not(feature = "s3"))]
fn open_s3(_: &str) -> Outcome<Box<dyn Cloud>> {
    Err(Failure::usage(
        "this eiot was built without S3",
        "build it with 'cargo build --release --features s3'",
    ))
}

/// A cloud that remembers how it has answered, so that an error can name the object that it is about.
pub struct Traced {
    inner: Box<dyn Cloud>,
    answered: Mutex<Answered>,
}

/// The paths of the last answers of each kind.
#[derive(Default)]
struct Answered {
    found: Option<String>,
    missing: Option<String>,
    failed: Option<String>,
}

impl Traced {
    fn new(inner: Box<dyn Cloud>) -> Self {
        let answered = Mutex::default();
        Self { inner, answered }
    }

    /// The object that an error is about: what the cloud failed at, what it did not have, or what it gave last.
    pub fn object_of(&self, error: &Error) -> Option<String> {
        let answered = self.answered();
        let object = match error.kind() {
            ErrorKind::Store(StoreError::Missing) | ErrorKind::Clip(ClipError::Missing) => {
                &answered.missing
            }
            // One that breaks off while it is read was found.
            ErrorKind::Store(_) if answered.failed.is_some() => &answered.failed,
            _ => &answered.found,
        };
        object.clone()
    }

    fn answered(&self) -> MutexGuard<'_, Answered> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes whether the cloud did what it was asked.
    fn done<T>(&self, path: &str, done: Result<T>) -> Result<T> {
        if done.is_err() {
            self.answered().failed = Some(path.to_owned());
        }
        done
    }

    /// Notes whether it had the object.
    fn got<T>(&self, path: &str, got: Result<Option<T>>) -> Result<Option<T>> {
        let got = self.done(path, got)?;
        let mut answered = self.answered();
        match got {
            Some(_) => answered.found = Some(path.to_owned()),
            None => answered.missing = Some(path.to_owned()),
        }
        drop(answered);
        Ok(got)
    }
}

impl Cloud for Traced {
    fn find(&self, path: &str) -> Result<Option<Vec<u8>>> {
        self.got(path, self.inner.find(path))
    }

    fn read<'a>(&'a self, path: &str, from: u64) -> Result<Option<Box<dyn Read + 'a>>> {
        self.got(path, self.inner.read(path, from))
    }

    fn create(&self, path: &str, bytes: &[u8]) -> Result<()> {
        self.done(path, self.inner.create(path, bytes))
    }

    fn create_from(&self, path: &str, file: &Path) -> Result<()> {
        self.done(path, self.inner.create_from(path, file))
    }

    fn put(&self, path: &str, bytes: &[u8]) -> Result<()> {
        self.done(path, self.inner.put(path, bytes))
    }

    fn list(&self, prefix: &str) -> Result<Vec<String>> {
        self.done(prefix, self.inner.list(prefix))
    }

    fn folders(&self, prefix: &str) -> Result<Vec<String>> {
        self.done(prefix, self.inner.folders(prefix))
    }

    fn delete(&self, path: &str) -> Result<()> {
        self.done(path, self.inner.delete(path))
    }
}

/// What was refused of the cloud's answers, for programs.
pub fn refusals(refused: &[(String, Error)]) -> Vec<Value> {
    let one = |(path, error): &(String, Error)| {
        serde_json::json!({
            "object": path, "error": error.reason(), "message": error.to_string(),
            "cause": cause(error),
        })
    };
    refused.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_object_that_it_is_about_and_not_the_last_one() {
        let folder = tempfile::tempdir().unwrap();
        let inner = DirectoryCloud::create(folder.path()).unwrap();
        let cloud = Traced::new(Box::new(inner));
        cloud.create("f/found", b"x").unwrap();
        cloud.find("f/found").unwrap();
        cloud.create("f/found", b"y").unwrap_err();
        cloud.find("f/missing").unwrap();
        cloud.put("f/last", b"x").unwrap();
        cloud.list("f").unwrap();
        let object = |error: Error| cloud.object_of(&error);
        let is = |path: &str| Some(path.to_owned());
        assert_eq!(object(StoreError::Missing.into()), is("f/missing"));
        assert_eq!(object(ClipError::Missing.into()), is("f/missing"));
        assert_eq!(object(StoreError::Conflict.into()), is("f/found"));
        assert_eq!(object(ClipError::Segment.into()), is("f/found"));
    }
}
