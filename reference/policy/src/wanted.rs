//! What a policy states of an account: the file's entries, laid out by stream and member, and what
//! of them cannot be given.

use std::collections::{BTreeMap, BTreeSet};

use super::file::{AfterLoss, Entry, LiveView, Placed, Policy, Streams};
use super::refusal::{Place, Reason, Refusal, Refusals};
use super::state::{Clip, Right, State};
use super::{Contacts, Error};
use crate::feature::Feature;
use crate::times::{show, show_length};
use encryptediot::announcement::{MAX_KEYS, Window};
use encryptediot::cloud::Cloud;
use encryptediot::contact::{self, Card, VerifiedMember};
use encryptediot::keys::Name;
use encryptediot::message::Time;
use encryptediot::phone::Phone;

/// The state that a policy's file asks for: the rights of each member on each stream.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// By stream: who is to hold what from now on.
    pub streams: BTreeMap<Name, BTreeSet<Right>>,
    /// Who is to be given the streams to come as well.
    pub all_streams: BTreeSet<Name>,
    /// Clips that are there and that a member is given by a window and cannot open yet: how many,
    /// by stream, the least span that holds them, and member.
    pub past: BTreeMap<(Name, Window, Name), usize>,
    /// How long shared keys serve without a word from a phone.
    pub lease: Time,
    /// The provider, if it is a member.
    pub provider: Option<Name>,
    /// For which features a member needs a stream.
    pub features: BTreeMap<(Name, Name), BTreeSet<Feature>>,
    /// Everyone who is given something, with the verified key.
    pub people: BTreeMap<Name, VerifiedMember>,
    /// The phones that are to be off the account.
    pub lost: BTreeSet<Name>,
}

/// What an entry says of one member and one stream.
type Stated = BTreeMap<(Name, Name), Vec<(Option<Window>, Place)>>;

/// Looks up what the file says in the account's state.
struct Layout<'a> {
    policy: &'a Policy,
    state: &'a State,
    contacts: &'a Contacts,
    refusals: Refusals,
    wanted: Wanted,
}

impl Wanted {
    /// Lays out `policy` for the account of `phone`, whose `state` was just read.
    ///
    /// # Errors
    /// Everything for which the policy cannot be met; what reading clips may answer.
    pub fn of(
        policy: &Policy,
        contacts: &Contacts,
        state: &State,
        phone: &mut Phone,
        cloud: &dyn Cloud,
    ) -> Result<Self, Error> {
        let mut layout = Layout {
            policy,
            state,
            contacts,
            refusals: Refusals::default(),
            wanted: Self {
                lease: policy.lease,
                provider: policy.provider.as_ref().map(|p| p.value.clone()),
                ..Self::default()
            },
        };
        let stated = layout.entries();
        layout.contradictions(&stated);
        layout.rights(&stated);
        layout.past(&stated, phone, cloud)?;
        layout.delays(phone, cloud)?;
        layout.lost_phones();
        layout.refusals.or(layout.wanted).map_err(Error::Refused)
    }
}

impl Layout<'_> {
    fn entries(&mut self) -> Stated {
        let mut stated = Stated::new();
        for entry in &self.policy.entries {
            let streams = self.streams(&entry.streams);
            for Placed { value: name, place } in &entry.to {
                self.person(name, *place);
                if matches!(entry.streams, Streams::All) {
                    self.wanted.all_streams.insert(name.clone());
                }
                for stream in &streams {
                    self.add_term(&mut stated, entry, name, stream);
                }
            }
        }
        for streams in &self.policy.quiet {
            self.streams(streams);
        }
        stated
    }

    fn add_term(&mut self, stated: &mut Stated, entry: &Entry, name: &Name, stream: &Name) {
        let key = (name.clone(), stream.clone());
        let window = entry.window.as_ref();
        let place = window.map_or(entry.place, |w| w.place);
        let term = (window.map(|w| w.value), place);
        stated.entry(key.clone()).or_default().push(term);
        if let Some(feature) = entry.feature {
            let features = self.wanted.features.entry(key).or_default();
            features.insert(feature);
        }
    }

    /// The streams that are meant, of those that there are.
    fn streams(&mut self, streams: &Streams) -> BTreeSet<Name> {
        let there = &self.state.streams;
        let Streams::Named(named) = streams else {
            return there.keys().cloned().collect();
        };
        let mut found = BTreeSet::new();
        for Placed { value, place } in named {
            if there.contains_key(value) {
                found.insert(value.clone());
                continue;
            }
            let names: Vec<&str> = there.keys().map(Name::as_str).collect();
            let advice = match names.is_empty() {
                true => "pair a camera first: 'eiot camera pair'".to_owned(),
                false => format!(
                    "its streams: {}; 'eiot camera pair' adds some",
                    names.join(", ")
                ),
            };
            let message = format!("the account has no stream {value}");
            self.refusals.add(*place, Reason::Stream, message, advice);
        }
        found
    }

    /// Finds the verified key of whoever is given something.
    fn person(&mut self, name: &Name, place: Place) {
        if self.wanted.people.contains_key(name) {
            return;
        }
        match self.verified(name, place) {
            Ok(member) => {
                self.wanted.people.insert(name.clone(), member);
            }
            Err(refusal) => self.refusals.push(refusal),
        }
    }

    /// By the file's card and number, by the account's record, or by this phone's contacts; they
    /// must agree.
    fn verified(&self, name: &Name, place: Place) -> Result<VerifiedMember, Refusal> {
        let identity = self.policy.members.get(name);
        let recorded = self.state.members.get(name);
        let known = recorded.or_else(|| self.contacts.get(name).map(VerifiedMember::key));
        let known = known.map(|key| Card::new(name.clone(), *key));
        let written = match identity.and_then(|identity| identity.card.as_ref()) {
            None => None,
            Some(Placed { value, place }) => {
                let card = Card::from_text(value).map_err(|_| Refusal {
                    place: *place,
                    reason: Reason::Syntax,
                    message: format!("this is no card of {name}"),
                    advice: "copy what 'eiot member card' prints, all of it".to_owned(),
                })?;
                if known.as_ref().is_some_and(|known| known.key != card.key) {
                    return Err(Refusal {
                        place: *place,
                        reason: Reason::OtherKey,
                        message: format!("the owner knows {name} by another key than this card's"),
                        advice: "compare the card again, or let the new member go by another name"
                            .to_owned(),
                    });
                }
                Some(Card::new(name.clone(), card.key))
            }
        };
        let card = written.or(known).ok_or_else(|| Refusal {
            place,
            reason: Reason::Unverified,
            message: format!("there is no verified key of {name}"),
            advice: format!(
                "compare safety numbers and add card and number in [members.{name}], or share \
                something by hand first: 'eiot share'"
            ),
        })?;
        // What is on record, or met here, was verified when it came there.
        let own = contact::safety_number(&self.state.account, &card.key);
        let read_out = identity.and_then(|identity| identity.number.as_ref());
        let number = read_out.map_or(&own, |read_out| &read_out.value);
        VerifiedMember::by_comparison(&self.state.account, card, number).map_err(|_| Refusal {
            place: read_out.map_or(place, |read_out| read_out.place),
            reason: Reason::SafetyNumber,
            message: format!("this is not the safety number with {name}"),
            advice: "do not go on: read the numbers to each other again, from 'eiot member \
                number' on their side and 'eiot account number' on yours"
                .to_owned(),
        })
    }

    /// Until revoked and for a window, or two windows that overlap: one of the two is not meant.
    fn contradictions(&mut self, stated: &Stated) {
        for ((name, stream), terms) in stated {
            for (number, (later, place)) in terms.iter().enumerate() {
                let differs = |(earlier, _): &&(Option<Window>, Place)| match (earlier, later) {
                    (None, None) => false,
                    (Some(a), Some(b)) => a.from < b.until && b.from < a.until,
                    _ => true,
                };
                if let Some((earlier, before)) = terms.iter().take(number).find(differs) {
                    let message = format!(
                        "{name} is given {stream} {}, and {} by {before}",
                        term(*later),
                        term(*earlier)
                    );
                    let advice = "keep the one that is meant";
                    self.refusals
                        .add(*place, Reason::Contradiction, message, advice);
                }
            }
        }
    }

    /// What is to be announced: windows that have passed are not.
    fn rights(&mut self, stated: &Stated) {
        for ((name, stream), terms) in stated {
            let rights = self.wanted.streams.entry(stream.clone()).or_default();
            for (window, place) in terms {
                if window.is_none_or(|w| w.until > self.state.now) {
                    rights.insert((name.clone(), *window));
                }
                let keys: BTreeSet<_> = rights.iter().map(|(_, window)| window).collect();
                // The owner's stream key is one of them.
                if keys.len() >= MAX_KEYS {
                    let message = format!("{stream} has more windows than an announcement holds");
                    let advice = format!("at most {} at a time: join some", MAX_KEYS - 1);
                    self.refusals.add(*place, Reason::Keys, message, advice);
                }
            }
        }
    }

    /// What windows say of clips that are there already.
    fn past(&mut self, stated: &Stated, phone: &mut Phone, cloud: &dyn Cloud) -> Result<(), Error> {
        let now = self.state.now;
        let begun = |window: &Window| window.from < now;
        let mut since: BTreeMap<&Name, Time> = BTreeMap::new();
        for ((_, stream), terms) in stated {
            for window in terms.iter().filter_map(|(w, _)| *w).filter(begun) {
                let earliest = since.entry(stream).or_insert(window.from);
                *earliest = window.from.min(*earliest);
            }
        }
        let mut clips: BTreeMap<&Name, Vec<Clip>> = BTreeMap::new();
        for (stream, since) in since {
            clips.insert(stream, self.state.clips(phone, cloud, stream, since)?);
        }
        for ((name, stream), terms) in stated {
            for (window, place) in terms {
                let Some(window) = window.filter(begun) else {
                    continue;
                };
                let inside = clips.get(stream).into_iter().flatten();
                let inside = inside.filter(|clip| window.contains(clip.start, clip.end));
                let (closed, open): (Vec<_>, Vec<_>) =
                    inside.partition(|clip| !clip.readers.contains(name));
                let nothing = closed.is_empty() && open.is_empty();
                // Clips ascend, and so do their times.
                if let [first, ..] = &*closed
                    && let [.., last] = &*closed
                {
                    let span = Window {
                        from: first.start,
                        until: last.end.max(first.start + 1),
                    };
                    let key = (stream.clone(), span, name.clone());
                    self.wanted.past.insert(key, closed.len());
                }
                let right = (name.clone(), Some(window));
                if nothing
                    && window.until <= now
                    && !self.state.was_given(phone, cloud, stream, &right)?
                {
                    let message = format!(
                        "nothing of {stream} was recorded {}, and nothing can be now",
                        term(Some(window))
                    );
                    let advice = "take the entry out, or give it a window to come";
                    self.refusals.add(*place, Reason::NoClips, message, advice);
                }
            }
        }
        Ok(())
    }

    /// A live view shows a session once it has ended: no sooner than sessions are long.
    fn delays(&mut self, phone: &mut Phone, cloud: &dyn Cloud) -> Result<(), Error> {
        for LiveView { streams, delay } in &self.policy.live {
            let streams = self.streams(streams);
            let Some(Placed { value, place }) = delay else {
                continue;
            };
            for stream in streams {
                let last = self.state.last_session(phone, cloud, &stream)?;
                if let Some(session) = last.filter(|session| session > value) {
                    let message = format!(
                        "a live view of {stream} lags by a session, {} in the last clip, and \
                        cannot lag by {} at most",
                        show_length(session),
                        show_length(*value)
                    );
                    let advice = format!(
                        "accept delay = {:?}, or record shorter sessions: 'eiot record --session'",
                        show_length(session)
                    );
                    self.refusals.add(*place, Reason::Scheme, message, advice);
                }
            }
        }
        Ok(())
    }

    fn lost_phones(&mut self) {
        for Placed { value, place } in &self.policy.lost {
            if *value == self.state.phone {
                let message = format!("{value} is the phone that acts");
                let advice = "apply the policy on another phone: 'eiot phone enroll', then --as";
                self.refusals
                    .add(*place, Reason::ThisPhone, message, advice);
            }
            self.wanted.lost.insert(value.clone());
        }
        if !self.wanted.lost.is_empty() && self.policy.shares_after_loss == AfterLoss::End {
            self.wanted.streams.clear();
            self.wanted.all_streams.clear();
            self.wanted.past.clear();
        }
    }
}

/// On what terms, in words.
pub(super) fn term(window: Option<Window>) -> String {
    match window {
        Some(w) => format!("from {} until {}", show(w.from), show(w.until)),
        None => "until revoked".to_owned(),
    }
}
