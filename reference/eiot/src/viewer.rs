//! Whoever views: a phone of the owner or a member.

use encryptediot::clip::{Manifest, OpenClip};
use encryptediot::cloud::Cloud;
use encryptediot::error::{ClipError, MessageError};
use encryptediot::keys::Name;
use encryptediot::message::AccountId;
use encryptediot::phone::Phone;
use encryptediot::{Error, Result};

use crate::context::Context;
use crate::devices::{self, Kind, MemberHere, PhoneHere, join};
use crate::failure::{During as _, Failure, Outcome};
use crate::random::SystemRandom;

/// Which device views, and which account's clips.
#[derive(Clone, Debug)]
pub struct Who {
    /// Phone or member.
    pub kind: Kind,
    /// The device's name on this machine.
    pub name: Name,
    /// The account, if it was named.
    pub account: Option<AccountId>,
}

impl Who {
    /// The device that was named, else the only phone, else the only member.
    pub fn choose(
        context: &Context,
        named: Option<&Name>,
        account: Option<AccountId>,
    ) -> Outcome<Self> {
        let phones = devices::list(context, Kind::Phone)?;
        let members = devices::list(context, Kind::Member)?;
        let (kind, name) = match named {
            Some(name) if phones.contains(name) && members.contains(name) => {
                return Err(Failure::usage(
                    format!("{name} is the name of a phone and of a member here"),
                    "keep one of them in another --home",
                ));
            }
            Some(name) if members.contains(name) => (Kind::Member, Some(name)),
            None if phones.is_empty() && !members.is_empty() => (Kind::Member, None),
            None if phones.len() > 1 => {
                let all = join(phones.iter().chain(&members));
                return Err(Failure::usage(
                    format!("several devices can view: {all}"),
                    "say which one with --as",
                ));
            }
            named => (Kind::Phone, named),
        };
        let name = devices::choose(context, kind, name)?;
        Ok(Self {
            kind,
            name,
            account,
        })
    }

    /// Opens the device; it is locked until the viewer is dropped.
    pub fn open(&self, context: &Context) -> Outcome<Viewer> {
        match self.kind {
            Kind::Member => self.open_member(context),
            _ => self.open_phone(context),
        }
    }

    fn open_phone(&self, context: &Context) -> Outcome<Viewer> {
        let mut here = PhoneHere::open(context, Some(&self.name))?;
        let current = *here.phone.account();
        let Some(account) = self.account.filter(|account| *account != current) else {
            return Ok(Viewer::Phone(Box::new(here)));
        };
        here.sync(context)?;
        let before = here
            .phone
            .predecessor(account, context.cloud()?, &mut SystemRandom)
            .during(|| format!("opening account {account}, which this one replaced"))?;
        Ok(Viewer::Predecessor(Box::new(before)))
    }

    fn open_member(&self, context: &Context) -> Outcome<Viewer> {
        let here = MemberHere::open(context, Some(&self.name))?;
        let pinned: Vec<AccountId> = here.member.accounts().copied().collect();
        let account = match (self.account, &*pinned) {
            (None, [only]) => *only,
            (Some(account), pinned) if pinned.contains(&account) => account,
            (Some(_), _) => return Err(MessageError::WrongAccount.into()),
            (None, []) => {
                return Err(Failure::usage(
                    format!("{} has pinned no account", self.name),
                    "'eiot member pin' or 'eiot member touch' first",
                ));
            }
            (None, _) => {
                return Err(Failure::usage(
                    format!("{} has pinned more than one account", self.name),
                    "give --account",
                ));
            }
        };
        Ok(Viewer::Member(Box::new(here), account))
    }
}

/// A device that views, locked.
pub enum Viewer {
    /// A phone of the owner.
    Phone(Box<PhoneHere>),
    /// A phone of the owner on the account that this one replaced; it remembers nothing.
    Predecessor(Box<Phone>),
    /// A member.
    Member(Box<MemberHere>, AccountId),
}

impl Viewer {
    /// The account whose clips these are.
    pub fn account(&self) -> AccountId {
        match self {
            Self::Phone(here) => *here.phone.account(),
            Self::Predecessor(phone) => *phone.account(),
            Self::Member(_, account) => *account,
        }
    }

    /// Reads what is new of a stream, and keeps it.
    pub fn sync(&mut self, context: &Context, cloud: &dyn Cloud, stream: &Name) -> Outcome<()> {
        match self {
            Self::Phone(here) => here.sync_streams(context, std::slice::from_ref(stream)),
            Self::Predecessor(_) => Ok(()),
            Self::Member(here, account) => {
                let news = here.member.sync_stream(cloud, account, stream)?;
                here.save()?;
                for (path, error) in news.refused {
                    context.note(format_args!("refused {path}: {error} [{}]", error.reason()));
                }
                Ok(())
            }
        }
    }

    /// Verifies a clip and opens its session key.
    pub fn open(&mut self, cloud: &dyn Cloud, stream: &Name, clip: u64) -> Result<OpenClip> {
        match self {
            Self::Phone(here) => here.phone.open(cloud, stream, clip),
            Self::Predecessor(phone) => phone.open(cloud, stream, clip),
            Self::Member(here, account) => here.member.open(cloud, account, stream, clip),
        }
    }

    /// Is this the first time that the clip is shown?
    pub fn show(&mut self, clip: &Manifest) -> bool {
        match self {
            Self::Phone(here) => here.phone.show(clip),
            Self::Predecessor(phone) => phone.show(clip),
            Self::Member(here, account) => here.member.show(account, clip),
        }
    }

    /// Keeps what the device has verified and shown.
    pub fn save(&self) -> Outcome<()> {
        match self {
            Self::Phone(here) => here.save(),
            Self::Predecessor(_) => Ok(()),
            Self::Member(here, _) => here.save(),
        }
    }
}

/// Is the clip whole, and only not for this viewer?
pub fn is_closed(error: &Error) -> bool {
    error.is(ClipError::NoEnvelope) || error.is(ClipError::OutsideWindow)
}

/// Is the clip not there?
pub fn is_missing(error: &Error) -> bool {
    error.is(ClipError::Missing) || error.is(ClipError::NoSuchClip)
}
