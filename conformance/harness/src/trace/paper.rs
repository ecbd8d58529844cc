//! Random histories of the paper's scheme, for the paper's own model: an adversary who runs the store
//! and the directory, and reveals keys.
//!
//! Each member has a stream of its own. That one key is sent to several members, as the paper's scheme
//! does for a stream that several may view, is not in the paper's model: there each message has a fresh
//! key, and what the other members' keys give away is nobody's question.

use std::time::Instant;

use encryptediot::Result;
use encryptediot::action;
use encryptediot::cloud::Cloud;
use encryptediot::crypto::KemSecret;
use encryptediot::keys::kem_id;
use encryptediot::owner::Term;
use encryptediot_schemes::scheme::paper::{self, OWNER, Paper};
use encryptediot_schemes::scheme::{Scheme, Who, World};
use proptest::prelude::*;

use super::history::{Played, note, push};
use super::line::{Number, One, Optional};
use super::log::Log;
use crate::lines;

/// What happens in a history of the paper's scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// The owner shares a stream with a member.
    Share {
        member: u8,
        /// Which stream, if not the member's own.
        stream: Option<u8>,
    },
    /// The member reads the grants that lie there.
    Receive { member: u8 },
    /// The adversary puts a grant there that was sent before.
    Replay { grant: u8, member: u8 },
    /// The adversary makes a grant of a key of its own.
    Inject { member: u8 },
    /// The adversary removes a grant.
    Drop { grant: u8 },
    /// A member's private key is revealed.
    Reveal { member: u8 },
    /// The directory serves a key of the adversary as a member's.
    Substitute { member: u8 },
}

const MEMBERS: [&str; 3] = ["alice", "bob", "carol"];
const STREAMS: [&str; 3] = ["x", "y", "z"];

/// Random things that happen; with or without an honest directory.
pub fn op(honest_directory: bool) -> impl Strategy<Value = Op> {
    let (member, grant) = (0..3_u8, 0..16_u8);
    prop_oneof![
        4 => member.clone().prop_map(|member| Op::Share { member, stream: None }),
        4 => member.clone().prop_map(|member| Op::Receive { member }),
        2 => (grant.clone(), member.clone()).prop_map(|(grant, member)| Op::Replay { grant, member }),
        1 => member.clone().prop_map(|member| Op::Inject { member }),
        1 => grant.prop_map(|grant| Op::Drop { grant }),
        1 => member.clone().prop_map(|member| Op::Reveal { member }),
        1 => member.prop_map(move |member| match honest_directory {
            true => Op::Receive { member },
            false => Op::Substitute { member },
        }),
    ]
}

lines!(Op {
    "share" => Share { member: One(&MEMBERS), stream: Optional(One(&STREAMS)) },
    "receive" => Receive { member: One(&MEMBERS) },
    "replay" => Replay { grant: Number, member: One(&MEMBERS) },
    "inject" => Inject { member: One(&MEMBERS) },
    "drop" => Drop { grant: Number },
    "reveal" => Reveal { member: One(&MEMBERS) },
    "substitute" => Substitute { member: One(&MEMBERS) },
});

impl Op {
    /// Is it the adversary who does this?
    pub fn is_hostile(&self) -> bool {
        !matches!(self, Self::Share { .. } | Self::Receive { .. })
    }
}

/// Plays a history.
pub fn play(ops: &[Op], seed: u64) -> Result<Played> {
    let begin = Instant::now();
    let mut log = Log::default();
    let agent = |name: &str| action::Value::Name(name.to_owned());
    push(&mut log, "Register_pk", vec![("X", agent(OWNER))]);
    let (made, steps) = action::observe(|| {
        let mut scheme = Paper::new(World::new(seed)?)?;
        scheme.pair("door", &STREAMS)?;
        MEMBERS
            .iter()
            .try_for_each(|member| scheme.register(member))?;
        Ok::<_, encryptediot::Error>(scheme)
    });
    note(&mut log, &steps);
    let mut scheme = made?;
    for op in ops {
        let (said, steps) = action::observe(|| apply(&mut scheme, op));
        note(&mut log, &steps);
        if let Ok(Some((rule, values))) = said {
            push(&mut log, rule, values);
        }
    }
    let took = begin.elapsed();
    Ok(Played {
        log,
        took,
        ..Played::default()
    })
}

/// A rule of the model, and the values of its variables.
type Rule = Option<(&'static str, Vec<(&'static str, action::Value)>)>;

fn grants(scheme: &Paper) -> Result<Vec<String>> {
    scheme.world.cloud.list("grants")
}

/// Does one thing; returns what the model calls it if the adversary does it.
fn apply(scheme: &mut Paper, op: &Op) -> Result<Rule> {
    let member = |member: u8| MEMBERS[usize::from(member)];
    let key = |name: String, id| action::Value::Fresh(format!("{name}:{id}"));
    let agent = |name: &str| ("X", action::Value::Name(name.to_owned()));
    let next = |scheme: &Paper, member: &str| -> Result<String> {
        let number = scheme.world.cloud.list(&paper::grants(member))?.len();
        Ok(format!("{}/a{number:09}", paper::grants(member)))
    };
    match *op {
        Op::Share { member: to, stream } => {
            let stream = STREAMS[usize::from(stream.unwrap_or(to))];
            scheme.share(&[stream], member(to), Term::UntilRevoked)?;
        }
        Op::Receive { member: by } => {
            // There is no clip: it is the grants that are read.
            let _ = scheme.view(Who::Member(member(by)), "x", 1);
        }
        Op::Replay { grant, member: to } => {
            let all = grants(scheme)?;
            if let Some(path) = all.get(usize::from(grant) % all.len().max(1)) {
                let (bytes, place) = (scheme.world.cloud.get(path)?, next(scheme, member(to))?);
                scheme.world.cloud.put(&place, &bytes)?;
            }
        }
        Op::Inject { member: to } => {
            let own = KemSecret::generate(&mut scheme.world.rng)?;
            let Some(of) = scheme.members.get(member(to)).map(KemSecret::public) else {
                return Ok(None);
            };
            let bytes = paper::grant(&mut scheme.world, &of, [0; 16], &own)?;
            let place = next(scheme, member(to))?;
            scheme.world.cloud.put(&place, &bytes)?;
        }
        Op::Drop { grant } => {
            let all = grants(scheme)?;
            if let Some(path) = all.get(usize::from(grant) % all.len().max(1)) {
                scheme.world.cloud.delete(path)?;
            }
        }
        Op::Reveal { member: of } => {
            let id = scheme
                .members
                .get(member(of))
                .map(|key| kem_id(&key.public()));
            let Some(id) = id else { return Ok(None) };
            let ltk = ("ltkX", key("key".to_owned(), id));
            return Ok(Some(("Reveal_ltk", vec![agent(member(of)), ltk])));
        }
        Op::Substitute { member: of } => {
            let own = KemSecret::generate(&mut scheme.world.rng)?;
            let place = paper::directory(member(of));
            scheme.world.cloud.put(&place, own.public().as_bytes())?;
            let public = action::Value::Public(format!("key:{}", kem_id(&own.public())));
            let values = vec![agent(member(of)), ("pkX", public)];
            return Ok(Some(("Provider_serves_key", values)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest! {
        /// What was played can be written down and played again.
        #[test]
        fn a_line_says_all(op in op(false)) {
            prop_assert_eq!(op.to_string().parse(), Ok(op));
        }
    }
}
