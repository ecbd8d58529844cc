//! Action facts: what a step of the protocol says of itself, under the names of the rules of the
//! model (`tamarin/encryptediot.spthy`, `tamarin/paper.spthy`), so that a run can be held against the
//! model. Nothing is kept unless [`observe`] asks for it.
//!
//! Secrets are never in a log: a private half is named by its public half, a symmetric key by what
//! was made with it.

use std::cell::RefCell;

/// What stands for a variable of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Value {
    /// A public name: an account, a member, a stream, a kind of key.
    Name(String),
    /// A secret, or an identifier that was drawn at random, by a name of its own.
    Fresh(String),
    /// The public half of the secret of that name.
    Public(String),
    /// From, until: milliseconds since the epoch of Unix. The model gives windows names.
    Span(u64, u64),
}

impl Value {
    /// The private half of a public one.
    pub fn private(self) -> Self {
        match self {
            Self::Public(name) => Self::Fresh(name),
            other => other,
        }
    }
}

/// A step that was made: an instance of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The rule's name in the model.
    pub rule: &'static str,
    /// What its variables stand for. Those that follow from the state are left out.
    pub values: Vec<(&'static str, Value)>,
}

/// A rule of a model, and the step of this library that is an instance of it.
pub struct Rule {
    /// The rule's name.
    pub name: &'static str,
    /// The function that makes the step, by the end of its path.
    pub step: &'static str,
    /// The variables that the step says, in the order in which it does.
    pub variables: &'static [&'static str],
}

/// A rule, its step and its variables.
pub const fn rule(
    name: &'static str,
    step: &'static str,
    variables: &'static [&'static str],
) -> Rule {
    Rule {
        name,
        step,
        variables,
    }
}

/// The rules of `encryptediot.spthy` that are steps of this library. Those that are not (what the
/// adversary does: reveals, publishing a link) are made by whoever plays the adversary.
pub const RULES: [Rule; 19] = [
    rule("Member", "member::Member::generate", &["M", "ltk"]),
    rule("Phone_new", "phone::Phone::fresh", &["U", "ik"]),
    rule(
        "Enroll",
        "owner::create_account_of",
        &["U", "pw", "salt", "ask", "ik", "ring"],
    ),
    rule(
        "Enroll_further",
        "owner::enroll",
        &["U", "pw", "salt", "ask", "ik", "ring"],
    ),
    rule(
        "Unlock",
        "owner::Phone::unlock",
        &["U", "ik", "ask", "ring"],
    ),
    rule("Pair", "owner::Owner::add_camera", &["U", "csk", "ask"]),
    rule(
        "New_epoch",
        "owner::Owner::announce",
        &["U", "cam", "s", "e"],
    ),
    rule(
        "New_key",
        "owner::Owner::announce",
        &["U", "cam", "s", "e", "k", "w", "d"],
    ),
    rule(
        "Camera_accept",
        "camera::Paired::accept",
        &["U", "cam", "s", "e", "k", "w", "p"],
    ),
    rule(
        "Acknowledge",
        "phone::Phone::status",
        &["U", "cam", "s", "e"],
    ),
    rule(
        "Grant",
        "owner::Owner::grant",
        &["U", "M", "cam", "s", "e", "k", "w", "d", "r", "pkM"],
    ),
    rule(
        "Accept_grant",
        "member::Member::sync",
        &["U", "M", "cam", "s", "e", "k", "w", "d", "r"],
    ),
    rule(
        "Record",
        "camera::Paired::finish",
        &["U", "cam", "s", "e", "w", "pik", "sk", "clip", "n"],
    ),
    rule(
        "Envelope_DSK",
        "camera::Paired::finish",
        &["U", "cam", "s", "e", "n", "p"],
    ),
    rule(
        "Envelope_TDSK",
        "camera::Paired::finish",
        &["U", "cam", "s", "e", "n", "p"],
    ),
    rule(
        "View_owner",
        "phone::Phone::show",
        &["U", "cam", "s", "e", "w", "ik", "sk", "clip", "n"],
    ),
    rule(
        "View_backup",
        "phone::Phone::show",
        &["U", "cam", "s", "e", "w", "sk", "clip", "n", "d", "k", "wk"],
    ),
    rule(
        "View_member",
        "member::Member::show",
        &["U", "M", "cam", "s", "e", "w", "sk", "clip", "n"],
    ),
    rule(
        "Link",
        "owner::Owner::make_link",
        &["U", "cam", "s", "e", "clip", "tl", "k2"],
    ),
];

/// A macro of `encryptediot.spthy`, and what of SPEC's structures its arguments are.
pub struct Message {
    /// The macro's name.
    pub name: &'static str,
    /// Its arguments in their order: what each is, `structure.field`, or why it is none.
    pub arguments: &'static [(&'static str, &'static str)],
}

const fn message(
    name: &'static str,
    arguments: &'static [(&'static str, &'static str)],
) -> Message {
    Message { name, arguments }
}

/// `[type, 1, account, body]`: the account is in every message, and in the context of what is sealed.
const ACCOUNT: &str = "account-id";

/// The messages of the model, which are macros, and SPEC's structures.
pub const MESSAGES: [Message; 15] = [
    message(
        "vault_signing_key",
        &[("U", ACCOUNT), ("ask", "vault.signing-key")],
    ),
    message("vault_ring", &[("U", ACCOUNT), ("ring", "vault.ring")]),
    message("unlock", &[("U", ACCOUNT), ("pdk", "unlock.pdk")]),
    message(
        "phone_entry",
        &[("U", ACCOUNT), ("p", "phone-keys.instance")],
    ),
    message("camera_entry", &[("U", ACCOUNT), ("p", "camera-entry.key")]),
    message(
        "announcement",
        &[
            ("U", ACCOUNT),
            ("c", "announcement.camera"),
            ("s", "announcement.stream"),
            ("e", "announcement.epoch"),
            ("k", "stream-key.kind"),
            ("w", "stream-key.window"),
            ("p", "stream-key.public"),
        ],
    ),
    message(
        "backup",
        &[
            ("U", ACCOUNT),
            (
                "c",
                "through the announcement, which names the backup's hash",
            ),
            ("s", "backup.stream"),
            (
                "e",
                "through the announcement, which names the backup's hash",
            ),
            ("k", "through the announcement, in whose order the keys are"),
            ("w", "through the announcement, in whose order the keys are"),
            ("d", "backup.sealed"),
        ],
    ),
    message(
        "acknowledgement",
        &[
            ("c", "acknowledgement.camera"),
            ("s", "acknowledgement.stream"),
            ("e", "acknowledgement.announcement"),
        ],
    ),
    message(
        "grant",
        &[
            ("U", ACCOUNT),
            ("M", "introduction.member"),
            ("c", "through the announcement, which is the statement"),
            ("s", "through the announcement, which is the statement"),
            ("e", "grants.statement"),
            (
                "k",
                "through the announcement, whose key it is by its index",
            ),
            (
                "w",
                "through the announcement, whose key it is by its index",
            ),
            ("r", "introduction.number"),
            (
                "p",
                "through the announcement, whose key it is by its index",
            ),
        ],
    ),
    message(
        "part",
        &[("d", "grants.parts"), ("sig", "signed-statement.head")],
    ),
    message(
        "manifest",
        &[
            ("U", ACCOUNT),
            ("c", "manifest.camera"),
            ("s", "manifest.stream"),
            ("e", "manifest.announcement"),
            ("w", "manifest.start"),
            ("n", "manifest.clip"),
            ("x", "manifest.segments"),
        ],
    ),
    message("segment", &[("clip", "the plaintext of a body's segments")]),
    message(
        "envelope",
        &[("n", "manifest.clip"), ("sk", "envelope.sealed")],
    ),
    message(
        "link_segment",
        &[("clip", "the plaintext of a link's segments")],
    ),
    message("link", &[("k2", "link-plain.clips")]),
];

/// The fields of SPEC's structures that this model does not have, and where they are instead.
pub const NOT_IN_THE_MODEL: [(&str, &str); 50] = [
    ("vault.number", "account"),
    ("vault.salt", "kdf's argument, in clear"),
    ("vault.work", "the cost of guessing"),
    ("unlock.phone", "whose key it is sealed to"),
    ("phone-keys.lease", "epochs"),
    ("phone-entry.name", "a label"),
    ("phone-entry.keys", "phone-keys"),
    ("phone-entry.ring", "account"),
    ("camera-entry.name", "a label"),
    ("camera-entry.streams", "announcements name them"),
    ("roster.number", "account"),
    ("roster.previous", "account"),
    ("roster.issued", "orders nothing that the chain does not"),
    ("roster.generation", "account"),
    ("roster.phones", "phone-entry"),
    ("roster.cameras", "camera-entry"),
    (
        "roster.private",
        "what is sealed for the owner's phones alone",
    ),
    ("announcement.previous", "epochs"),
    ("announcement.issued", "epochs"),
    ("announcement.lease", "epochs"),
    ("announcement.phones", "phone-keys"),
    ("announcement.keys", "stream-key"),
    (
        "announcement.backup",
        "the backup is sealed; the hash hinders who withholds",
    ),
    ("announcement.shard-bits", "where parts lie"),
    ("announcement.since", "tenure"),
    ("tenure.epoch", "cameras"),
    ("tenure.last", "cameras"),
    ("tenure.clips", "cameras, as a place in a list"),
    ("announcement.roster", "rosters and losses"),
    ("acknowledgement.epoch", "epochs"),
    ("acknowledgement.first", "clips"),
    ("acknowledgement.time", "told to people"),
    ("acknowledgement.roster", "rosters and losses"),
    ("introduction.enc", "account"),
    ("introduction.confirmation", "account"),
    ("grants.index", "where parts lie"),
    ("backup.generation", "account"),
    ("signed-statement.leaf", "the message"),
    (
        "signed-statement.index",
        "the tree stands for one signature each",
    ),
    (
        "signed-statement.path",
        "the tree stands for one signature each",
    ),
    ("manifest.sequence", "clips"),
    ("manifest.previous", "clips"),
    ("manifest.end", "a clip lies in one window"),
    ("manifest.length", "clips"),
    ("envelope.enc", "one with what is sealed"),
    ("link-plain.until", "binds viewers, not the adversary"),
    ("link-plain.root", "shares"),
    ("link-plain.announcements", "shares"),
    (
        "manifest.envelopes",
        "to the adversary's advantage outside the signature",
    ),
    (
        "envelope.recipient",
        "a short name, which vouches for nothing",
    ),
];

thread_local! {
    static LOG: RefCell<Option<Vec<Step>>> = const { RefCell::new(None) };
}

/// Runs `act` and returns, beside its result, the steps that it made in this thread.
pub fn observe<T>(act: impl FnOnce() -> T) -> (T, Vec<Step>) {
    let before = LOG.with(|log| log.replace(Some(Vec::new())));
    let result = act();
    let steps = LOG.with(|log| log.replace(before)).unwrap_or_default();
    (result, steps)
}

/// Notes a step, if anybody observes.
pub fn log(rule: &'static str, values: impl FnOnce() -> Vec<(&'static str, Value)>) {
    LOG.with(|log| {
        if let Some(steps) = &mut *log.borrow_mut() {
            let values = values();
            steps.push(Step { rule, values });
        }
    });
}

/// A public name.
pub fn name(text: impl std::fmt::Display) -> Value {
    Value::Name(text.to_string())
}

/// A secret or identifier, by a name of its own.
pub fn fresh(kind: &str, id: impl std::fmt::Display) -> Value {
    Value::Fresh(format!("{kind}:{id}"))
}

/// The public half of the secret of that name.
pub fn public(kind: &str, id: impl std::fmt::Display) -> Value {
    Value::Public(format!("{kind}:{id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_observed_is_kept() {
        log("Member", || unreachable!("nobody observes"));
        let ((), steps) = observe(|| {
            let (_, inner) = observe(|| log("Inner", Vec::new));
            assert_eq!(inner.len(), 1);
            log("Member", || vec![("M", name("ada"))]);
        });
        assert_eq!(steps.len(), 1);
        assert_eq!(steps[0].values, [("M", Value::Name("ada".to_owned()))]);
    }
}
