//! From the account as it is to what the policy states: the steps, and doing them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::file::Policy;
use super::state::{Announced, Right, State};
use super::step::{Step, Why};
use super::wanted::Wanted;
use super::{Contacts, Error};
use crate::feature::Feature;
use encryptediot::announcement::Window;
use encryptediot::cloud::Cloud;
use encryptediot::error::StoreError;
use encryptediot::keys::Name;
use encryptediot::message::Time;
use encryptediot::owner::{Arrangement, Env, Owner};
use encryptediot::phone::Phone;

/// What leads from the account as it is to what the policy states.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The steps. Without any, the account is as the policy states.
    pub steps: Vec<Step>,
    /// The account as it is.
    pub state: State,
    /// The state that the file asks for.
    pub wanted: Wanted,
}

impl Plan {
    /// Plans, on a phone that is up to date. Needs no passphrase and writes nothing.
    ///
    /// # Errors
    /// [`Error::Refused`] if the policy cannot be met; those of [`State::read`] and of reading
    /// clips.
    pub fn of(
        policy: &Policy,
        contacts: &Contacts,
        phone: &mut Phone,
        cloud: &dyn Cloud,
        now: Time,
    ) -> Result<Self, Error> {
        let state = State::read(phone, cloud, now)?;
        let wanted = Wanted::of(policy, contacts, &state, phone, cloud)?;
        let steps = Vec::new();
        let mut plan = Self {
            steps,
            state,
            wanted,
        };
        let difference = Difference(&plan);
        plan.steps = difference.steps();
        Ok(plan)
    }

    /// Does the steps. All that concerns keys of streams is one act, with one announcement on each
    /// stream, so that nobody has too much or too little in between.
    ///
    /// Where a phone is dropped, that alone is done: what is left to do shows in a new plan.
    ///
    /// # Errors
    /// Those of [`Owner::lose_phone`], [`Owner::arrange`], [`Owner::share_past`] and
    /// [`Phone::extend_lease`].
    pub fn perform(&self, owner: &mut Owner<'_>, env: &mut Env<'_>) -> encryptediot::Result<()> {
        if self.drops_phones() {
            for step in &self.steps {
                if let Step::DropPhone { phone } = step {
                    owner.lose_phone(phone, None, env)?;
                }
            }
            return Ok(());
        }
        if let Some(arrangement) = self.arrangement() {
            owner.arrange(&arrangement, env)?;
        }
        self.renew_leases(owner.phone(), env.cloud)?;
        let mut past: BTreeMap<(&Name, Window), Vec<Name>> = BTreeMap::new();
        for step in &self.steps {
            if let Step::SharePast {
                stream,
                member,
                window,
                ..
            } = step
            {
                let members = past.entry((stream, *window)).or_default();
                members.push(member.clone());
            }
        }
        for ((stream, window), members) in past {
            owner.share_past(stream, &members, window, env)?;
        }
        Ok(())
    }

    /// Are leases extended and nothing else? Then [`Plan::renew_leases`] does it all.
    pub fn needs_no_passphrase(&self) -> bool {
        let renews = |step: &Step| matches!(step, Step::RenewLease { .. });
        self.steps.iter().all(renews)
    }

    /// Does those of the steps that extend leases. Needs no passphrase.
    ///
    /// # Errors
    /// Those of [`Phone::extend_lease`].
    pub fn renew_leases(&self, phone: &Phone, cloud: &dyn Cloud) -> encryptediot::Result<()> {
        for step in &self.steps {
            if let Step::RenewLease { stream, until, .. } = step {
                phone.extend_lease(cloud, stream, self.state.now, *until)?;
            }
        }
        Ok(())
    }

    /// Are phones dropped, and the rest left to a new plan?
    fn drops_phones(&self) -> bool {
        let drops = |step: &Step| matches!(step, Step::DropPhone { .. });
        self.steps.iter().any(drops)
    }

    /// The steps that [`Plan::perform`] does.
    fn performed(&self) -> impl Iterator<Item = &Step> {
        let only = self.drops_phones();
        let first = move |step: &&Step| !only || matches!(step, Step::DropPhone { .. });
        self.steps.iter().filter(first)
    }

    /// The streams as they are after the steps; nothing if no step is about keys.
    fn arrangement(&self) -> Option<Arrangement> {
        let mut streams: BTreeMap<Name, BTreeSet<Right>> = BTreeMap::new();
        for (name, stream) in &self.state.streams {
            if self.steps.iter().any(|step| step.announces(name)) {
                let rights = stream.announced.as_ref().map(|a| a.rights.clone());
                streams.insert(name.clone(), rights.unwrap_or_default());
            }
        }
        let mut all_streams = self.state.all_streams.clone();
        let mut given = BTreeSet::new();
        for step in &self.steps {
            let here = step.stream().and_then(|stream| streams.get_mut(stream));
            match (step, here) {
                (
                    Step::AllStreams {
                        member,
                        on,
                        streams: more,
                        ..
                    },
                    _,
                ) => {
                    match on {
                        true => all_streams.insert(member.clone()),
                        false => all_streams.remove(member),
                    };
                    for stream in more {
                        let rights = streams.entry(stream.clone()).or_default();
                        rights.insert((member.clone(), None));
                    }
                    given.insert(member);
                }
                (Step::Grant { member, window, .. }, Some(rights)) => {
                    rights.insert((member.clone(), *window));
                    given.insert(member);
                }
                (Step::Revoke { member, window, .. }, Some(rights)) => {
                    rights.remove(&(member.clone(), *window));
                }
                (
                    Step::MoveWindow {
                        member, was, until, ..
                    },
                    Some(rights),
                ) => {
                    let (from, until) = (was.from, *until);
                    rights.remove(&(member.clone(), Some(*was)));
                    rights.insert((member.clone(), Some(Window { from, until })));
                }
                (Step::EndWindow { member, window, .. }, Some(rights)) => {
                    rights.remove(&(member.clone(), Some(*window)));
                }
                (Step::SharePast { member, .. }, _) => {
                    given.insert(member);
                }
                _ => {}
            }
        }
        let new = |name: &&Name| !self.state.members.contains_key(*name);
        let meet = given.into_iter().filter(new);
        let meet: Vec<_> = meet
            .filter_map(|name| self.wanted.people.get(name).cloned())
            .collect();
        let nothing =
            streams.is_empty() && meet.is_empty() && all_streams == self.state.all_streams;
        (!nothing).then_some(Arrangement {
            streams,
            all_streams,
            lease: self.wanted.lease,
            meet,
        })
    }
}

/// Brings the account to what the policy states, and says what was done. Whatever was interrupted
/// is planned anew from what is there: applying again leads to the same end, and once it is
/// reached, writes nothing.
///
/// # Errors
/// [`Error::Refused`] if the policy cannot be met, then nothing was written; those of
/// [`Plan::perform`]; `conflict` if others keep changing the account.
pub fn apply(
    policy: &Policy,
    contacts: &Contacts,
    owner: &mut Owner<'_>,
    env: &mut Env<'_>,
) -> Result<Vec<Step>, Error> {
    /// Phones first, then all the rest, then what was recorded in the meantime.
    const ROUNDS: usize = 4;
    let mut done = Vec::new();
    for _ in 0..ROUNDS {
        owner.phone().follow_every_stream(env.cloud)?;
        let plan = Plan::of(policy, contacts, owner.phone(), env.cloud, env.now)?;
        if plan.steps.is_empty() {
            return Ok(done);
        }
        plan.perform(owner, env)?;
        done.extend(plan.performed().cloned());
    }
    Err(encryptediot::Error::from(StoreError::Conflict).into())
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.steps.is_empty() {
            return write!(f, "The account is as the policy states: nothing to do.");
        }
        for (number, step) in (1..).zip(&self.steps) {
            writeln!(f, "{number:>3}. {:<15} {}", step.kind(), step.describe())?;
            for effect in step.effects(&self.state) {
                writeln!(f, "     {}", effect.describe())?;
            }
        }
        Ok(())
    }
}

// ---------------------------------------------------------------- the difference

/// What differs between the account as it is and as it is to be.
struct Difference<'a>(&'a Plan);

impl Difference<'_> {
    fn steps(&self) -> Vec<Step> {
        let Plan { state, wanted, .. } = self.0;
        let lost = wanted.lost.intersection(&state.phones).cloned();
        let mut steps: Vec<_> = lost.map(|phone| Step::DropPhone { phone }).collect();
        let dropping = !steps.is_empty();
        let mut all: BTreeMap<Name, BTreeSet<Name>> = BTreeMap::new();
        let mut rest = Vec::new();
        for (stream, there) in &state.streams {
            self.rights(stream, there.announced.as_ref(), &mut all, &mut rest);
            let why = match &there.announced {
                _ if dropping => None,
                None => Some(Why::NotAnnounced),
                Some(a) if a.predates_loss => Some(Why::PredatesLoss),
                Some(a) if a.other_phones => Some(Why::OtherPhones),
                Some(_) => None,
            };
            let stream = || stream.clone();
            rest.extend(why.map(|why| Step::Rotate {
                stream: stream(),
                why,
            }));
            if let Some(Announced { lease: was, .. }) = there.announced
                && was != wanted.lease
            {
                rest.push(Step::SetLease {
                    stream: stream(),
                    was,
                    lease: wanted.lease,
                });
            }
        }
        for member in wanted.all_streams.difference(&state.all_streams) {
            steps.push(Step::AllStreams {
                member: member.clone(),
                on: true,
                streams: all.remove(member).unwrap_or_default(),
                features: self.features(member, None),
            });
        }
        for member in state.all_streams.difference(&wanted.all_streams) {
            steps.push(Step::AllStreams {
                member: member.clone(),
                on: false,
                streams: BTreeSet::new(),
                features: None,
            });
        }
        steps.extend(rest);
        for ((stream, window, member), clips) in &wanted.past {
            steps.push(Step::SharePast {
                stream: stream.clone(),
                member: member.clone(),
                window: *window,
                clips: *clips,
            });
        }
        let renewals: Vec<_> = state.streams.keys().collect();
        let renewals = renewals.into_iter().filter_map(|s| self.renewal(s, &steps));
        let renewals: Vec<_> = renewals.collect();
        steps.extend(renewals);
        steps
    }

    /// The steps that change who holds what on a stream; what comes with being given every stream
    /// goes to `all`.
    fn rights(
        &self,
        stream: &Name,
        announced: Option<&Announced>,
        all: &mut BTreeMap<Name, BTreeSet<Name>>,
        steps: &mut Vec<Step>,
    ) {
        let Plan { state, wanted, .. } = self.0;
        let is = announced.map(|a| a.rights.clone()).unwrap_or_default();
        let none = BTreeSet::new();
        let is_to_be = wanted.streams.get(stream).unwrap_or(&none);
        let mut added: BTreeSet<&Right> = is_to_be.difference(&is).collect();
        for right in is.difference(is_to_be) {
            let (member, window) = right;
            let (stream, member) = (stream.clone(), member.clone());
            let moved = window.and_then(|was| {
                let moves = |(to, new): &Right| {
                    *to == member && new.is_some_and(|new| new.from == was.from)
                };
                let new = added.iter().copied().find(|right| moves(right))?;
                Some((was, new))
            });
            if let Some((was, new)) = moved {
                added.remove(new);
                let until = new.1.map_or(was.until, |new| new.until);
                steps.push(Step::MoveWindow {
                    stream,
                    member,
                    was,
                    until,
                });
                continue;
            }
            steps.push(match window {
                Some(window) if window.until <= state.now => Step::EndWindow {
                    stream,
                    member,
                    window: *window,
                },
                window => Step::Revoke {
                    provider: wanted.provider.as_ref() == Some(&member),
                    stream,
                    member,
                    window: *window,
                },
            });
        }
        for (member, window) in added {
            let every = wanted.all_streams.contains(member) && !state.all_streams.contains(member);
            if every && window.is_none() {
                all.entry(member.clone())
                    .or_default()
                    .insert(stream.clone());
                continue;
            }
            steps.push(Step::Grant {
                stream: stream.clone(),
                member: member.clone(),
                window: *window,
                features: self.features(member, Some(stream)),
            });
        }
    }

    /// The features for which the provider is given a stream, or all; nothing for others.
    fn features(&self, member: &Name, stream: Option<&Name>) -> Option<BTreeSet<Feature>> {
        let Wanted {
            provider, features, ..
        } = &self.0.wanted;
        if provider.as_ref() != Some(member) {
            return None;
        }
        let of = |((name, of), _): &(&(Name, Name), &BTreeSet<Feature>)| {
            name == member && stream.is_none_or(|stream| of == stream)
        };
        let named = features.iter().filter(of);
        Some(named.flat_map(|(_, features)| features).copied().collect())
    }

    /// A lease of which less than half is left is extended, unless the stream is announced anew.
    fn renewal(&self, stream: &Name, steps: &[Step]) -> Option<Step> {
        let Plan { state, wanted, .. } = self.0;
        let announced = state.streams.get(stream)?.announced.as_ref()?;
        let until = state.now.saturating_add(wanted.lease);
        let enough = announced.lease_until >= state.now.saturating_add(wanted.lease / 2);
        if enough || announced.rights.is_empty() || steps.iter().any(|s| s.announces(stream)) {
            return None;
        }
        Some(Step::RenewLease {
            stream: stream.clone(),
            was: announced.lease_until,
            until,
        })
    }
}
