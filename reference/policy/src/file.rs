//! What a policy says, and where in its file.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::refusal::Place;
use crate::feature::Feature;
use encryptediot::announcement::Window;
use encryptediot::keys::Name;
use encryptediot::message::Time;

/// Something that the file says, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed<T> {
    /// The parsed value.
    pub value: T,
    /// The line and column of the file.
    pub place: Place,
}

/// A policy: who is to see what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How long shared keys serve without a word from a phone.
    pub lease: Time,
    /// The member who is the provider.
    pub provider: Option<Placed<Name>>,
    /// By what members are known.
    pub members: BTreeMap<Name, Identity>,
    /// Who is given what.
    pub entries: Vec<Entry>,
    /// What a live view must not lag behind.
    pub live: Vec<LiveView>,
    /// Features that need nobody beside the owner; their streams must be there.
    pub quiet: Vec<Streams>,
    /// The phones that are lost.
    pub lost: Vec<Placed<Name>>,
    /// What becomes of the shares while a phone is named as lost.
    pub shares_after_loss: AfterLoss,
}

/// By what a member is known to the owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Where the file speaks of the member.
    pub place: Place,
    /// The member's card.
    pub card: Option<Placed<String>>,
    /// The safety number that the member read out.
    pub number: Option<Placed<String>>,
}

/// Streams, for members, for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The members.
    pub to: Vec<Placed<Name>>,
    /// The streams that the entry applies to.
    pub streams: Streams,
    /// From when until when; until revoked if there is none.
    pub window: Option<Placed<Window>>,
    /// The feature that needs it.
    pub feature: Option<Feature>,
    /// Where it begins.
    pub place: Place,
}

/// The streams that an entry applies to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Streams {
    /// All, those to come as well.
    All,
    /// These.
    Named(Vec<Placed<Name>>),
}

/// A live view: a viewer lags by one session, at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveView {
    /// Of which streams.
    pub streams: Streams,
    /// The longest delay that is accepted.
    pub delay: Option<Placed<Time>>,
}

/// What becomes of the shares while a phone is named as lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AfterLoss {
    /// Everyone gets fresh keys and keeps what the file says.
    #[default]
    Renew,
    /// Nobody but the owner sees anything until the name is taken out of the file.
    End,
}
