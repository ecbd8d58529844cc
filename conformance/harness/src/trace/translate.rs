//! A trace that the prover found in the paper's model, as a history of the paper's scheme.

use std::collections::BTreeMap;

use super::evaluate::Trace;
use super::paper::Op;
use super::term::{Id, Terms};

/// What happens in the trace, in its order. The one who shares is the owner; all others are members,
/// in the order in which they appear.
///
/// # Errors
/// What the scheme does not have: a second one who shares, or one whose key could be revealed.
pub fn history(trace: &Trace, terms: &Terms) -> Result<Vec<Op>, String> {
    let mut facts: Vec<(u32, &str, &[Id])> = trace
        .all()
        .filter(|(name, _)| ["Running", "Commit", "Reveal", "FalseKey"].contains(name))
        .map(|(name, at)| (at.time, name, &*at.args))
        .collect();
    facts.sort_unstable();
    let mut cast = Cast {
        terms,
        owner: None,
        members: Vec::new(),
    };
    let (mut ops, mut sent) = (Vec::new(), BTreeMap::new());
    let mut received: Vec<(Id, Id)> = Vec::new();
    for (_, name, args) in facts {
        match (name, args) {
            ("Running", [from, to, nonce, key]) => {
                cast.shares(*from)?;
                let member = cast.member(*to)?;
                sent.insert((*nonce, *key), (sent.len(), member));
                let stream = None;
                ops.push(Op::Share { member, stream });
            }
            ("Commit", [by, from, nonce, key]) => {
                cast.shares(*from)?;
                let member = cast.member(*by)?;
                match sent.get(&(*nonce, *key)) {
                    None => ops.push(Op::Inject { member }),
                    Some((grant, to)) => {
                        let again = received.contains(&(*nonce, *key));
                        if again || *to != member {
                            let grant = u8::try_from(*grant).map_err(|e| e.to_string())?;
                            ops.push(Op::Replay { grant, member });
                        }
                    }
                }
                received.push((*nonce, *key));
                ops.push(Op::Receive { member });
            }
            ("Reveal", [of]) => ops.push(Op::Reveal {
                member: cast.member(*of)?,
            }),
            ("FalseKey", [of, _]) => ops.push(Op::Substitute {
                member: cast.member(*of)?,
            }),
            _ => return Err(format!("{name} of {} terms", args.len())),
        }
    }
    Ok(ops)
}

struct Cast<'t> {
    terms: &'t Terms,
    owner: Option<Id>,
    members: Vec<Id>,
}

impl Cast<'_> {
    fn shares(&mut self, agent: Id) -> Result<(), String> {
        let owner = *self.owner.get_or_insert(agent);
        match owner == agent && !self.members.contains(&agent) {
            true => Ok(()),
            false => Err(format!("{} shares as well", self.terms.show(agent))),
        }
    }

    fn member(&mut self, agent: Id) -> Result<u8, String> {
        if self.owner == Some(agent) {
            return Err(format!(
                "{} shares, and is a member",
                self.terms.show(agent)
            ));
        }
        let known = self.members.iter().position(|member| *member == agent);
        let at = known.unwrap_or_else(|| {
            self.members.push(agent);
            self.members.len() - 1
        });
        let at = u8::try_from(at).ok().filter(|at| *at < 3);
        at.ok_or_else(|| "more than three members".to_owned())
    }
}
