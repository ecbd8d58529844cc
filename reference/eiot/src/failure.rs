//! How a command fails: what was wrong, where, and what to do.

use std::error::Error as _;

use encryptediot::error::{
    AccountError, AnnouncementError, ClipError, GrantError, LinkError, MessageError, PairingError,
    StoreError,
};
use encryptediot::{Error, ErrorKind};
use serde_json::{Map, Value, json};

/// The result of a command or a part of one.
pub type Outcome<T> = Result<T, Box<Failure>>;

/// Why a command was refused or failed.
#[derive(Debug)]
pub struct Failure {
    /// The reason's name, as SPEC's table has it, or `usage`.
    pub reason: &'static str,
    /// What was wrong.
    pub message: String,
    /// What the command was doing.
    pub during: Option<String>,
    /// The object in the cloud that it is about.
    pub object: Option<String>,
    /// What to do about it.
    pub advice: Option<String>,
    /// What there is to report all the same.
    pub details: Map<String, Value>,
    /// Was the command itself not a proper one?
    pub usage: bool,
    /// The library's error, if it is one.
    pub error: Option<Error>,
}

impl Failure {
    /// The command line asks for something that cannot be: exit code 2.
    pub fn usage(message: impl Into<String>, advice: impl Into<String>) -> Box<Self> {
        Box::new(Self {
            reason: "usage",
            message: message.into(),
            during: None,
            object: None,
            advice: Some(advice.into()),
            details: Map::new(),
            usage: true,
            error: None,
        })
    }

    /// Something is refused for a reason that is not the protocol's.
    pub fn of(
        reason: &'static str,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) -> Box<Self> {
        let usage = false;
        Box::new(Self {
            reason,
            usage,
            ..*Self::usage(message, advice)
        })
    }

    /// Says what the command was doing, unless that was said closer to the failure.
    pub fn at(mut self: Box<Self>, during: impl Into<String>) -> Box<Self> {
        self.during.get_or_insert(during.into());
        self
    }

    /// Says what to do, in place of the general advice.
    pub fn advise(mut self: Box<Self>, advice: impl Into<String>) -> Box<Self> {
        self.advice = Some(advice.into());
        self
    }

    /// Adds to the message what the reason alone does not say.
    pub fn because(mut self: Box<Self>, more: impl std::fmt::Display) -> Box<Self> {
        self.message = format!("{}: {more}", self.message);
        self
    }

    /// Adds a report of what was done all the same.
    pub fn with(mut self: Box<Self>, details: Value) -> Box<Self> {
        if let Value::Object(details) = details {
            self.details.extend(details);
        }
        self
    }

    /// Is it about an object in the cloud?
    pub fn is_of_an_object(&self) -> bool {
        use AnnouncementError::{Lease, LeaseShorter, UnknownStream};
        match self.error.as_ref().map(Error::kind) {
            Some(ErrorKind::Message(_)) => true,
            Some(ErrorKind::Account(e)) => !matches!(
                e,
                AccountError::UnknownWord
                    | AccountError::WordCount
                    | AccountError::WorkOutOfRange
                    | AccountError::UnknownPhone
                    | AccountError::LastPhone
                    | AccountError::PhoneUnlocked
                    | AccountError::NoConvenience
                    | AccountError::CheckpointMismatch
            ),
            Some(ErrorKind::Announcement(e)) => !matches!(e, Lease | LeaseShorter | UnknownStream),
            Some(ErrorKind::Clip(e)) => !matches!(
                e,
                ClipError::NotRecording | ClipError::SessionFull | ClipError::NoSuchClip
            ),
            Some(ErrorKind::Pairing(e)) => e == PairingError::ReplyOpen,
            Some(ErrorKind::Link(e)) => e != LinkError::Text,
            Some(ErrorKind::Grant(e)) => matches!(
                e,
                GrantError::IntroductionOpen
                    | GrantError::GrantOpen
                    | GrantError::GrantKey
                    | GrantError::ShardRange
            ),
            Some(ErrorKind::Store(e)) => matches!(
                e,
                StoreError::Missing
                    | StoreError::Conflict
                    | StoreError::Unavailable
                    | StoreError::Path
            ),
            Some(ErrorKind::Crypto) | None => false,
        }
    }

    /// The one JSON object that stands for the failure.
    pub fn to_json(&self) -> Value {
        let mut all = self.details.clone();
        all.insert("error".into(), json!(self.reason));
        all.insert("message".into(), json!(self.message));
        all.insert("cause".into(), json!(self.error.as_ref().and_then(cause)));
        all.insert("while".into(), json!(self.during));
        all.insert("object".into(), json!(self.object));
        all.insert("advice".into(), json!(self.advice));
        Value::Object(all)
    }

    /// The failure for people.
    pub fn to_text(&self) -> String {
        let mut text = format!("eiot: {} [{}]", self.message, self.reason);
        let lines = [
            ("cause", &self.error.as_ref().and_then(cause)),
            ("while", &self.during),
            ("object", &self.object),
            ("try", &self.advice),
        ];
        for (what, line) in lines {
            if let Some(line) = line {
                text.push_str(&format!("\n  {what}: {line}"));
            }
        }
        text
    }
}

/// What the operating system or the store's client said, with what each part of it wraps and does
/// not repeat.
pub fn cause(error: &Error) -> Option<String> {
    let mut next = error.source();
    let mut text = next?.to_string();
    while let Some(inner) = next.and_then(std::error::Error::source) {
        let more = inner.to_string();
        if !text.contains(&more) {
            text.push_str(&format!(": {more}"));
        }
        next = Some(inner);
    }
    Some(text)
}

/// An error in a line of its own, with its reason and cause.
pub fn in_line(error: &Error) -> String {
    let text = format!("{error} [{}]", error.reason());
    match cause(error) {
        Some(cause) => format!("{text}: {cause}"),
        None => text,
    }
}

impl From<Error> for Box<Failure> {
    fn from(error: Error) -> Self {
        Box::new(Failure {
            reason: error.reason(),
            message: error.to_string(),
            during: None,
            object: None,
            advice: advice(error.kind()).map(str::to_owned),
            details: Map::new(),
            usage: false,
            error: Some(error),
        })
    }
}

macro_rules! from_area {
    ($($area:ty),+) => {
        $(impl From<$area> for Box<Failure> {
            fn from(error: $area) -> Self {
                Error::from(error).into()
            }
        })+
    };
}

from_area!(
    AccountError,
    AnnouncementError,
    ClipError,
    GrantError,
    LinkError,
    MessageError,
    PairingError,
    StoreError
);

/// Says what the command was doing when it failed.
pub trait During<T> {
    /// Adds what it was doing.
    fn during(self, what: impl FnOnce() -> String) -> Outcome<T>;
}

impl<T, E: Into<Box<Failure>>> During<T> for Result<T, E> {
    fn during(self, what: impl FnOnce() -> String) -> Outcome<T> {
        self.map_err(|error| error.into().at(what()))
    }
}

/// What can be done about an error, where that is not plain from its text.
fn advice(kind: ErrorKind) -> Option<&'static str> {
    use AccountError as A;
    use AnnouncementError as N;
    use ClipError as C;
    use GrantError as G;
    use StoreError as S;
    Some(match kind {
        ErrorKind::Account(A::UnknownWord | A::WordCount) => {
            "type the ten words as they were shown at 'eiot account create'; four letters of \
            each do"
        }
        ErrorKind::Account(A::VaultOpen) => {
            "check the passphrase, and that --store is the account's"
        }
        ErrorKind::Account(A::PhoneNotListed) => {
            "another phone dropped this one; 'eiot phone enroll' with the passphrase lists it anew"
        }
        ErrorKind::Account(A::VaultRollback | A::RosterRollback | A::RosterChain) => {
            "the store was reset or is another one: check --store, and ask the provider"
        }
        ErrorKind::Account(A::NotFresh) => {
            "'eiot phone sync' with the store that the account's other devices use; what a camera of the \
            account obeys shows that the view is recent ('--ask', '--checkpoint')"
        }
        ErrorKind::Announcement(N::Fork) => {
            "the store shows the account's devices different histories: compare 'eiot phone checkpoint' of \
            each phone, enroll anew those that the cameras do not follow, and change the provider"
        }
        ErrorKind::Account(A::CheckpointMismatch) => {
            "do not trust this store until it shows what the other device has seen"
        }
        ErrorKind::Account(A::UnknownPhone) => "'eiot phone list' shows the account's phones",
        ErrorKind::Account(A::LastPhone) => "enroll another phone first and run the command there",
        ErrorKind::Account(A::PhoneUnlocked) => {
            "begin a new account: 'eiot account replace-root', then pair the cameras and share again; \
            to drop the phone all the same, add --although-unlocked"
        }
        ErrorKind::Pairing(PairingError::OfferExpired | PairingError::OfferUsed) => {
            "make a new one: 'eiot camera offer'"
        }
        ErrorKind::Announcement(N::ClockReplayed | N::ClockGap) => {
            "'eiot status' on the phone shows whether the camera's clock still differs; 'eiot camera \
            clock' there makes the next correction"
        }
        ErrorKind::Pairing(PairingError::ReplyOpen) => "pair again with a new offer",
        ErrorKind::Pairing(PairingError::StreamTaken) => {
            "choose other names for camera and streams"
        }
        ErrorKind::Announcement(N::UnknownStream) => "'eiot status' shows the account's streams",
        ErrorKind::Announcement(N::Rollback | N::Chain | N::EpochGap | N::AckUnknown) => {
            "the store shows another history than this device has seen: check --store, and ask \
            the provider"
        }
        ErrorKind::Announcement(N::Lease) => "a lease is at most 31 days",
        ErrorKind::Announcement(N::Keys) => {
            "a stream has at most 64 keys: let some windows pass first"
        }
        ErrorKind::Grant(G::SafetyNumber) => {
            "do not go on: read the numbers to each other again, from 'eiot member number' on \
            their side and 'eiot account number' on yours"
        }
        ErrorKind::Grant(G::AlreadyMember) => "let the new member go by another name",
        ErrorKind::Grant(G::UnknownMember) => "share something with that name first: 'eiot share'",
        ErrorKind::Grant(G::NothingGranted) => "'eiot status' shows who holds what",
        ErrorKind::Grant(G::Window) => {
            "give --until a later time; for clips of the past, add --past"
        }
        ErrorKind::Clip(C::NotRecording) => {
            "let the owner's phone add the camera ('eiot camera accept'), then 'eiot camera sync'"
        }
        ErrorKind::Clip(C::NoEnvelope) => {
            "the clip was not recorded for this viewer; the owner can share it: 'eiot share --past'"
        }
        ErrorKind::Clip(C::Missing) => {
            "if the camera was offline, 'eiot camera sync' on it uploads what it kept; else ask \
            the provider"
        }
        ErrorKind::Clip(C::Segment | C::Truncated | C::Trailing | C::ManifestFork) => {
            "the store's copy is not what the camera made: ask the provider for another copy"
        }
        ErrorKind::Link(LinkError::Expired) => "ask the owner for a new link",
        ErrorKind::Link(LinkError::Text) => {
            "give the whole link, in quotes: the part after # belongs to it"
        }
        ErrorKind::Store(S::Missing) => {
            "check --store and the account; the provider may withhold the object"
        }
        ErrorKind::Store(S::Conflict) => "run the command again",
        ErrorKind::Store(S::Unavailable) => {
            "check --store and the connection, then run the command again"
        }
        ErrorKind::Store(S::LocalState) => {
            "check the permissions of --home and the space on its disk"
        }
        ErrorKind::Store(S::LocalMissing) => "check --home; the 'list' commands show what is in it",
        _ => return None,
    })
}
