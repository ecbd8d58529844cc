//! Reads a policy from TOML, and refuses what is wrong with it whatever the account is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use toml::Spanned;
use toml::value::Datetime;

use super::file::{AfterLoss, Entry, Identity, LiveView, Placed, Policy, Streams};
use super::refusal::{Place, Reason, Refusal, Refusals};
use crate::feature::{Feature, Party};
use crate::times::{Length, When};
use encryptediot::announcement::{MAX_LEASE, Window};
use encryptediot::keys::Name;
use encryptediot::message::Time;
use encryptediot::owner::DEFAULT_LEASE;

// ---------------------------------------------------------------- as TOML has it

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Document {
    lease: Option<Spanned<String>>,
    provider: Option<Spanned<String>>,
    #[serde(default)]
    members: BTreeMap<Spanned<String>, MemberTable>,
    #[serde(default)]
    share: Vec<Spanned<ShareTable>>,
    #[serde(default)]
    features: BTreeMap<Spanned<String>, FeatureTable>,
    #[serde(default)]
    lost_phones: LostTable,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MemberTable {
    card: Option<Spanned<String>>,
    number: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShareTable {
    to: Spanned<Vec<Spanned<String>>>,
    streams: Spanned<StreamList>,
    from: Option<Spanned<Datetime>>,
    until: Option<Spanned<Datetime>>,
    #[serde(rename = "for")]
    length: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FeatureTable {
    streams: Spanned<StreamList>,
    to: Option<Spanned<Vec<Spanned<String>>>>,
    delay: Option<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LostTable {
    names: Vec<Spanned<String>>,
    #[serde(default)]
    shares: AfterLoss,
}

/// `"all"`, or a list of names.
enum StreamList {
    All,
    Named(Vec<Spanned<String>>),
}

impl<'de> Deserialize<'de> for StreamList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Streams;
        impl<'de> Visitor<'de> for Streams {
            type Value = StreamList;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of streams, or \"all\"")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<StreamList, E> {
                match text {
                    "all" => Ok(StreamList::All),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<StreamList, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = seq.next_element()? {
                    names.push(name);
                }
                Ok(StreamList::Named(names))
            }
        }
        deserializer.deserialize_any(Streams)
    }
}

// ---------------------------------------------------------------- reading it

/// No policy is longer than this many bytes: whatever is wrong is looked up in the text for its line.
const LONGEST: usize = 64 << 10;

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// Everything that is wrong whatever the account is: `policy-syntax`, `window-empty`,
    /// `unknown-feature`, `not-in-scheme`, `lease-out-of-range`, `unverified-member`.
    pub fn parse(text: &str) -> Result<Self, Vec<Refusal>> {
        let mut reader = Reader {
            text,
            refusals: Refusals::default(),
        };
        if text.len() > LONGEST {
            let message = format!("the file has {} bytes", text.len());
            let advice = "a policy has 64 KiB at most";
            let place = Place { line: 1, column: 1 };
            reader.refusals.add(place, Reason::Syntax, message, advice);
            return Err(reader.refusals.or(()).err().unwrap_or_default());
        }
        let document: Document = match toml::from_str(text) {
            Ok(document) => document,
            Err(error) => {
                let place = reader.place(&error.span().unwrap_or_default());
                let advice = "see 'eiot policy --help' for what a policy may say";
                reader
                    .refusals
                    .add(place, Reason::Syntax, error.message(), advice);
                return Err(reader.refusals.or(()).err().unwrap_or_default());
            }
        };
        let policy = reader.policy(document);
        reader.refusals.or(policy)
    }
}

/// Reads the parts of a file and notes what is wrong.
struct Reader<'a> {
    text: &'a str,
    refusals: Refusals,
}

impl Reader<'_> {
    fn place(&self, span: &Range<usize>) -> Place {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        Place {
            line: before.matches('\n').count() + 1,
            column: line.chars().count() + 1,
        }
    }

    fn refuse(
        &mut self,
        span: &Range<usize>,
        reason: Reason,
        message: impl Into<String>,
        advice: &str,
    ) {
        let place = self.place(span);
        self.refusals.add(place, reason, message, advice);
    }

    fn policy(&mut self, document: Document) -> Policy {
        let lease = document.lease.map(|text| self.lease(&text));
        let provider = document.provider.and_then(|name| self.name(&name));
        let mut members = BTreeMap::new();
        for (name, table) in document.members {
            if let Some(Placed { value, place }) = self.name(&name) {
                let (card, number) = (table.card, table.number);
                if let (Some(card), None) = (&card, &number) {
                    self.refuse(
                        &card.span(),
                        Reason::Unverified,
                        format!("the card of {value} may be anybody's"),
                        "add the number that the member read out: 'eiot member number'",
                    );
                }
                let text = |text: Spanned<String>| self.placed(text);
                let (card, number) = (card.map(text), number.map(text));
                members.insert(
                    value,
                    Identity {
                        place,
                        card,
                        number,
                    },
                );
            }
        }
        let mut policy = Policy {
            lease: lease.unwrap_or(DEFAULT_LEASE),
            provider,
            members,
            entries: Vec::new(),
            live: Vec::new(),
            quiet: Vec::new(),
            lost: Vec::new(),
            shares_after_loss: document.lost_phones.shares,
        };
        for table in document.share {
            let entry = self.share(table);
            policy.entries.extend(entry);
        }
        for (name, table) in document.features {
            self.feature(&name, table, &mut policy);
        }
        for name in &document.lost_phones.names {
            let name = self.name(name);
            policy.lost.extend(name);
        }
        policy
    }

    fn placed<T>(&self, spanned: Spanned<T>) -> Placed<T> {
        let place = self.place(&spanned.span());
        let value = spanned.into_inner();
        Placed { value, place }
    }

    fn name(&mut self, name: &Spanned<String>) -> Option<Placed<Name>> {
        match name.get_ref().parse() {
            Ok(value) => {
                let place = self.place(&name.span());
                Some(Placed { value, place })
            }
            Err(error) => {
                let message = format!("{:?} is no name", name.get_ref());
                let advice = encryptediot::error::PairingError::to_string(&error);
                self.refuse(&name.span(), Reason::Syntax, message, &advice);
                None
            }
        }
    }

    /// Names, at least one, each once.
    fn names(&mut self, names: &Spanned<Vec<Spanned<String>>>) -> Vec<Placed<Name>> {
        if names.get_ref().is_empty() {
            let advice = "name someone, or take the entry out";
            self.refuse(&names.span(), Reason::Syntax, "nobody is named", advice);
        }
        let mut seen = BTreeSet::new();
        let named = names.get_ref().iter().filter_map(|name| self.name(name));
        let named: Vec<_> = named.collect();
        let first = |name: &Placed<Name>| seen.insert(name.value.clone());
        named.into_iter().filter(first).collect()
    }

    fn streams(&mut self, streams: Spanned<StreamList>) -> Streams {
        let span = streams.span();
        match streams.into_inner() {
            StreamList::All => Streams::All,
            StreamList::Named(names) => {
                if names.is_empty() {
                    let advice = "name streams, or write \"all\"";
                    self.refuse(&span, Reason::Syntax, "no stream is named", advice);
                }
                Streams::Named(names.iter().filter_map(|name| self.name(name)).collect())
            }
        }
    }

    fn length(&mut self, text: &Spanned<String>) -> Option<Time> {
        match text.get_ref().parse::<Length>() {
            Ok(Length(length)) => Some(length),
            Err(message) => {
                let advice = "write a length of time such as 90s, 2h30m or 7d";
                self.refuse(&text.span(), Reason::Syntax, message, advice);
                None
            }
        }
    }

    fn lease(&mut self, text: &Spanned<String>) -> Time {
        let length = self.length(text);
        if length.is_some_and(|length| length > MAX_LEASE) {
            let message = format!("no camera takes a lease of {}", text.get_ref());
            let advice = "a lease is at most 31 days";
            self.refuse(&text.span(), Reason::Lease, message, advice);
        }
        length.unwrap_or(DEFAULT_LEASE)
    }

    fn time(&mut self, time: &Spanned<Datetime>) -> Option<Time> {
        let text = time.get_ref().to_string();
        match text.parse() {
            Ok(When::At(time)) => Some(time),
            _ => {
                let message = format!("{text} is no moment without its offset");
                let advice = "write date, time and offset: 2027-03-01T18:00:00Z";
                self.refuse(&time.span(), Reason::Syntax, message, advice);
                None
            }
        }
    }

    fn share(&mut self, table: Spanned<ShareTable>) -> Option<Entry> {
        let place = self.place(&table.span());
        let table = table.into_inner();
        let all = table.streams.span();
        let to = self.names(&table.to);
        let streams = self.streams(table.streams);
        let window = self.window(table.from, table.until, table.length)?;
        if let (Streams::All, Some(_)) = (&streams, &window) {
            self.refuse(
                &all,
                Reason::Scheme,
                "streams to come cannot be shared for a window",
                "name the streams, or take the window out",
            );
        }
        Some(Entry {
            to,
            streams,
            window,
            feature: None,
            place,
        })
    }

    /// The window that an entry names, if it names one; nothing if it names none properly.
    fn window(
        &mut self,
        from: Option<Spanned<Datetime>>,
        until: Option<Spanned<Datetime>>,
        length: Option<Spanned<String>>,
    ) -> Option<Option<Placed<Window>>> {
        let end = until.as_ref().map(Spanned::span);
        let end = end.or_else(|| length.as_ref().map(Spanned::span));
        let (from, end) = match (from, end) {
            (None, None) => return Some(None),
            (Some(from), Some(end)) => (from, end),
            (None, Some(end)) => {
                let message = "the window has no start";
                let advice = "add from = 2027-03-01T18:00:00Z: a file says the same whenever it \
                              is applied";
                self.refuse(&end, Reason::Syntax, message, advice);
                return None;
            }
            (Some(from), None) => {
                let advice = "add until = 2027-03-01T20:00:00Z or for = \"2h\"";
                let message = "the window has no end";
                self.refuse(&from.span(), Reason::Syntax, message, advice);
                return None;
            }
        };
        let start = self.time(&from);
        let until = match (until, length) {
            (Some(_), Some(length)) => {
                let message = "the window has two ends";
                let advice = "say until or for, not both";
                self.refuse(&length.span(), Reason::Syntax, message, advice);
                return None;
            }
            (Some(until), None) => self.time(&until)?,
            (None, Some(length)) => start?.saturating_add(self.length(&length)?),
            (None, None) => return None,
        };
        let window = Window {
            from: start?,
            until,
        };
        if window.from >= window.until {
            let message = "the window ends before it begins, or at once";
            let advice = "give it an end that is later than its start";
            self.refuse(&end, Reason::Window, message, advice);
            return None;
        }
        let place = self.place(&from.span());
        Some(Some(Placed {
            value: window,
            place,
        }))
    }

    fn feature(&mut self, name: &Spanned<String>, table: FeatureTable, policy: &mut Policy) {
        let feature: Feature = match name.get_ref().parse() {
            Ok(feature) => feature,
            Err(error) => {
                let message = format!("{:?}: no feature of this name", name.get_ref());
                let advice = crate::feature::UnknownFeature::to_string(&error);
                self.refuse(&name.span(), Reason::Feature, message, &advice);
                return;
            }
        };
        if let (Some(delay), true) = (&table.delay, feature != Feature::LiveView) {
            let message = format!("{feature} has no delay");
            let advice = "delay is said of live-view alone";
            self.refuse(&delay.span(), Reason::Syntax, message, advice);
        }
        if let (Some(to), false) = (&table.to, feature.party() == Party::Member) {
            let message = format!("{feature} is not for members to be named");
            let advice = "take 'to' out: a feature of the provider goes to the provider";
            self.refuse(&to.span(), Reason::Syntax, message, advice);
        }
        let streams = self.streams(table.streams);
        let place = self.place(&name.span());
        let to = match (feature.party(), &table.to, &policy.provider) {
            (Party::Nobody, ..) => {
                if feature == Feature::LiveView {
                    let delay = table
                        .delay
                        .and_then(|d| Some((self.place(&d.span()), self.length(&d)?)));
                    let delay = delay.map(|(place, value)| Placed { value, place });
                    policy.live.push(LiveView { streams, delay });
                } else {
                    policy.quiet.push(streams);
                }
                return;
            }
            (Party::Bearer, ..) => {
                let message = format!("{feature} is not for a policy to give");
                let advice = "a link is made of clips that are there: 'eiot link make'";
                self.refuse(&name.span(), Reason::Scheme, message, advice);
                return;
            }
            (Party::Member, Some(to), _) => self.names(to),
            (Party::Member, None, _) => {
                let message = format!("{feature} needs a member");
                let advice = "add to = [\"NAME\"]: whose device it is that sees the streams";
                self.refuse(&name.span(), Reason::Syntax, message, advice);
                return;
            }
            (Party::Provider, _, Some(provider)) => vec![provider.clone()],
            (Party::Provider, _, None) => {
                let message = format!("{feature} needs the provider as a member");
                let advice = "add provider = \"NAME\" and its card and number in [members.NAME]";
                self.refuse(&name.span(), Reason::Unverified, message, advice);
                return;
            }
        };
        policy.entries.push(Entry {
            to,
            streams,
            window: None,
            feature: Some(feature),
            place,
        });
    }
}
