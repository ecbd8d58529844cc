//! Why a message, an object or a request was refused.
//!
//! One enum per area of SPEC.md; each variant is one row of its table of reasons, and
//! [`Error::reason`] is the name in the first column. Where telling two causes apart would
//! help an attacker who chooses the input, they share one reason (SPEC section "Reasons").

use std::sync::Arc;

use crate::crypto::CryptoError;

/// Defines one area's reasons: variant, name in SPEC, and the sentence shown to people.
macro_rules! reasons {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $reason:literal : $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $(#[doc = concat!("`", $reason, "`: ", $text)] $variant,)+
        }

        impl $name {
            /// Every reason of this area, in the order of SPEC.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name of this reason in SPEC's table.
            pub const fn reason(self) -> &'static str {
                match self { $(Self::$variant => $reason,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self { $(Self::$variant => $text,)+ })
            }
        }

        impl std::error::Error for $name {}

        impl From<$name> for Error {
            fn from(reason: $name) -> Self {
                ErrorKind::from(reason).into()
            }
        }
    };
}

reasons! {
    /// The outer form of any message (SPEC section "Messages").
    MessageError {
        Malformed = "malformed": "the bytes do not follow the grammar of this message",
        NotDeterministic = "not-deterministic": "the CBOR is not deterministically encoded, or bytes follow it",
        WrongType = "wrong-type": "this is another type of message than the one expected here",
        UnknownVersion = "unknown-version": "this message is of a protocol version that is not implemented",
        WrongAccount = "wrong-account": "this message belongs to another account",
        InvalidKey = "invalid-key": "a key in this message is not a valid one (size, curve point or exponent)",
        InvalidSignature = "invalid-signature": "the signature does not verify under the key that must have made it",
        InvalidTreePath = "invalid-tree-path": "the statement is not under the signed tree head",
        TooLarge = "too-large": "the message is longer than any of this type may be",
    }
}

reasons! {
    /// Account secrets: passphrase, vault, roster (SPEC section "Account").
    AccountError {
        UnknownWord = "unknown-word": "a word of the passphrase is not in the word list",
        WordCount = "word-count": "the passphrase does not have ten words",
        WorkOutOfRange = "work-out-of-range": "the passphrase function's parameters are outside the permitted range",
        VaultOpen = "vault-open": "the vault does not open: wrong passphrase, or the vault was altered",
        RootMismatch = "root-mismatch": "the signing key is not the one of the pinned account root",
        SealedOpen = "sealed-open": "a sealed blob does not open: another key, another place, or altered",
        VaultRollback = "vault-rollback": "the cloud returned an older vault than this phone has seen, or than its roster",
        RosterRollback = "roster-rollback": "the cloud returned an older or forked roster than this phone has seen",
        RosterChain = "roster-chain": "the roster does not follow the one that this phone has seen",
        PhoneNotListed = "phone-not-listed": "this phone is not (or no longer) on the account's roster",
        UnknownPhone = "unknown-phone": "no such phone is on the roster",
        LastPhone = "last-phone": "the last phone of an account cannot be dropped",
        NotFresh = "not-fresh": "this phone has no evidence that its view of the account is recent, or is behind what a camera obeys",
        PhoneUnlocked = "phone-unlocked": "the lost phone was kept unlocked: it can reach the account's signing key, which this would not change",
        CheckpointMismatch = "checkpoint-mismatch": "the cloud's state is older than, or forked from, the checkpoint given over the trusted channel",
        NoConvenience = "no-unlock-blob": "this phone holds no passphrase-derived key: give the passphrase",
    }
}

reasons! {
    /// Pairing of a camera over the local channel (SPEC section "Pairing").
    PairingError {
        OfferMalformed = "offer-malformed": "the text is not a pairing offer",
        OfferExpired = "offer-expired": "the pairing offer is too old, or of a time that this clock has not reached",
        OfferUsed = "offer-used": "another camera was paired by this offer",
        ReplyOpen = "reply-open": "the camera's reply does not open under the pairing secret",
        StreamName = "stream-name": "a stream or device name must be 1 to 64 of a-z, 0-9, '-', '_', '.', and start with a letter or digit",
        StreamTaken = "stream-taken": "a stream of this name exists on this account",
    }
}

reasons! {
    /// Announcements, leases, acknowledgements and corrections of clocks (SPEC section "Announcements").
    AnnouncementError {
        WrongCamera = "wrong-camera": "the message names another camera",
        UnknownStream = "unknown-stream": "the message names a stream that this receiver does not have",
        NotFirst = "not-first": "a stream's first announcement must have epoch 1 and no predecessor, a camera's first one must be that which names it first",
        Rollback = "announcement-rollback": "the announcement's epoch is not later than the one in force",
        EpochGap = "epoch-gap": "the announcement skips an epoch: the ones between are missing",
        Chain = "announcement-fork": "the announcement does not name the one in force as its predecessor",
        Fork = "fork": "this was made under a roster that is not in this device's history: the cloud shows the account's devices different ones",
        Keys = "announcement-keys": "the set of keys is not one that may be announced",
        Tenure = "announcement-tenure": "what the announcement says of its camera's beginning is not possible, or not what was said before",
        Relieved = "camera-relieved": "the owner has retired or replaced this camera: it records this stream no more",
        Lease = "lease-out-of-range": "the lease is longer than permitted",
        LeaseKey = "lease-key": "the lease is signed by a key that the announcement in force does not list",
        LeaseStale = "lease-stale": "the lease is for another announcement than the one in force",
        LeaseShorter = "lease-shorter": "the lease does not extend the one in force",
        AckUnknown = "ack-unknown": "the acknowledgement names an announcement that this phone does not know",
        TimeBackwards = "issued-backwards": "the announcement was issued before its predecessor",
        ClockReplayed = "clock-replayed": "the camera has obeyed this correction of its clock, or a later one",
        ClockGap = "clock-gap": "the correction of the camera's clock skips one: the ones between are missing",
    }
}

reasons! {
    /// Members and what they are given (SPEC section "Sharing").
    GrantError {
        CardMalformed = "card-malformed": "the text is not a contact card or proximity payload",
        SafetyNumber = "safety-number": "the safety numbers differ: a key was exchanged on the way",
        NotRecipient = "not-recipient": "the introduction is for another member",
        IntroductionOpen = "introduction-open": "the introduction does not open under this member's key",
        IntroductionReplayed = "introduction-replayed": "this introduction was accepted before",
        GrantOpen = "grant-open": "the member's part does not open",
        GrantKey = "grant-key": "the private key received does not belong to the announced public key",
        GrantReplayed = "grant-replayed": "this grant was accepted before",
        AlreadyMember = "already-member": "a member of this name or key exists",
        UnknownMember = "unknown-member": "no such member",
        NothingGranted = "nothing-granted": "this member has no grant on this stream",
        Window = "window-empty": "the window is empty, or lies wholly in the past",
        NoClips = "no-clips": "no clip of this stream lies within the window",
        ShardRange = "shard-out-of-place": "a part of the grants is not where it belongs, or not in order",
    }
}

reasons! {
    /// Clips: manifest, envelopes, body (SPEC section "Clips").
    ClipError {
        NotRecording = "no-announcement": "the camera has no announcement for this stream and may not record it",
        SessionFull = "session-full": "the session has reached its greatest length",
        WrongStream = "wrong-stream": "the manifest is of another stream or camera",
        WrongSequence = "wrong-sequence": "the manifest does not carry the sequence number under which it was served",
        ManifestChain = "manifest-chain": "the manifest does not follow the one before it",
        ManifestFork = "manifest-fork": "the cloud returned another manifest than the one seen at this place",
        UnknownAnnouncement = "unknown-announcement": "the manifest names an announcement that this viewer has not verified",
        ManifestShape = "manifest-shape": "the manifest's lengths, times or segments do not agree",
        NoEnvelope = "no-envelope": "this viewer holds no key that the clip was wrapped for",
        EnvelopeOpen = "envelope-open": "the envelope does not open",
        Segment = "segment-altered": "a segment is not the one that the camera signed",
        Truncated = "body-truncated": "the body ends before the clip does",
        Trailing = "body-trailing": "the body goes on after the clip's end",
        Missing = "clip-missing": "a clip is withheld or lost: its sequence number was used, but the cloud does not return it",
        OutsideWindow = "outside-window": "the clip does not lie within the shared window",
        NoSuchClip = "no-such-clip": "the stream has no clip of this number",
    }
}

reasons! {
    /// Links (SPEC section "Links").
    LinkError {
        Text = "link-malformed": "the text is not a link",
        Open = "link-open": "the link's index does not open: another link, or altered",
        Expired = "link-expired": "the link's time has passed",
        Root = "link-root": "the link's root key is not the one of the account it names",
        Clip = "link-clip": "the link's clip is not one that the account's camera signed",
    }
}

reasons! {
    /// The object store and this device's own files (SPEC section "Store").
    StoreError {
        Missing = "object-missing": "the cloud does not return an object that must be there",
        Conflict = "conflict": "another device wrote this object first; run the command again",
        Unavailable = "store-unavailable": "the object store failed",
        Path = "object-path": "an object is not at the place that its content names",
        LocalState = "local-state": "this device's state cannot be read or written",
        LocalMissing = "local-missing": "this device does not exist here; create it first",
        LocalExists = "local-exists": "a device of this name exists here already",
        Input = "input": "the input cannot be read",
        Output = "output": "the output cannot be written",
    }
}

impl StoreError {
    /// This reason with its cause: the error of the operating system, or of the object store's client.
    pub fn because(self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error {
            kind: self.into(),
            cause: Some(Arc::from(cause.into())),
        }
    }
}

/// Any reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
pub enum ErrorKind {
    /// The outer form of a message.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// Account secrets.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// Pairing.
    #[error(transparent)]
    Pairing(#[from] PairingError),
    /// Announcements, leases, acknowledgements.
    #[error(transparent)]
    Announcement(#[from] AnnouncementError),
    /// Members and grants.
    #[error(transparent)]
    Grant(#[from] GrantError),
    /// Clips.
    #[error(transparent)]
    Clip(#[from] ClipError),
    /// Links.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// Store and local files.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A local primitive failed although its input was well formed (no randomness, no memory).
    #[error("a cryptographic operation failed on this device")]
    Crypto,
}

impl ErrorKind {
    /// The name of the reason in SPEC's table.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Message(e) => e.reason(),
            Self::Account(e) => e.reason(),
            Self::Pairing(e) => e.reason(),
            Self::Announcement(e) => e.reason(),
            Self::Grant(e) => e.reason(),
            Self::Clip(e) => e.reason(),
            Self::Link(e) => e.reason(),
            Self::Store(e) => e.reason(),
            Self::Crypto => "crypto",
        }
    }

    /// Every row of SPEC's tables of reasons, in their order.
    pub fn all() -> impl Iterator<Item = Self> {
        let message = MessageError::ALL.iter().map(|e| Self::from(*e));
        message
            .chain(AccountError::ALL.iter().map(|e| Self::from(*e)))
            .chain(PairingError::ALL.iter().map(|e| Self::from(*e)))
            .chain(AnnouncementError::ALL.iter().map(|e| Self::from(*e)))
            .chain(GrantError::ALL.iter().map(|e| Self::from(*e)))
            .chain(ClipError::ALL.iter().map(|e| Self::from(*e)))
            .chain(LinkError::ALL.iter().map(|e| Self::from(*e)))
            .chain(StoreError::ALL.iter().map(|e| Self::from(*e)))
    }
}

/// A refusal: the reason, and its cause where that lies outside the protocol (a full disk, a host
/// name that does not resolve). Two errors of one reason are equal, whatever their causes.
#[derive(Clone, Debug)]
pub struct Error {
    kind: ErrorKind,
    cause: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// The reason as a value.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The name of the reason in SPEC's table.
    pub const fn reason(&self) -> &'static str {
        self.kind.reason()
    }

    /// Whether this is the reason.
    pub fn is(&self, reason: impl Into<ErrorKind>) -> bool {
        self.kind == reason.into()
    }
}

impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Eq for Error {}

/// The sentence of the reason; the cause is [`std::error::Error::source`].
impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.kind.fmt(f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let cause = self.cause.as_deref()?;
        Some(cause)
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self { kind, cause: None }
    }
}

/// A primitive that fails on what this device made itself; where the input is another's, the
/// caller names the reason instead.
impl From<CryptoError> for Error {
    fn from(_: CryptoError) -> Self {
        ErrorKind::Crypto.into()
    }
}

/// A result whose error is a row of SPEC's table of reasons.
pub type Result<T> = std::result::Result<T, Error>;
