//! What phones, and the owner with them, do in stories.

use encryptediot::{contact::safety_number, crypto::KemSecret};
use serde_json::{Value, json};

use super::super::super::Result;
use super::super::builder::hexed;
use super::super::world::{WORDS, signing};
use super::member::viewed;
use super::sentence::Sentence;
use super::stage::{Stage, accept, called};
use super::words::Words;

impl Stage {
    /// A step of a phone.
    pub fn phone(&mut self, mut step: Sentence) -> Result<()> {
        let verb = step.words.word("what a phone does")?;
        let (instance, lease) = self.phones.get(&step.who).copied().unwrap_or_default();
        let read = json!({ "device": step.who, "store": step.view });
        let (operation, input, stated) = match &*verb {
            "starts" => {
                let input = json!({
                    "device": step.who, "root": self.root(), "instance": hexed(instance),
                    "lease": hexed(lease), "ring": [hexed([1; 32])], "vault": 1,
                });
                ("phone-new", input, step.plain()?)
            }
            "recovers" => {
                step.words.need("with")?;
                let passphrase = called(&self.passphrases, &mut step.words, "a passphrase")?;
                let checkpoint = match step.words.eat("and") {
                    true => self.checkpoint(&mut step.words)?,
                    false => json!({ "checkpoint": null }),
                };
                let input = json!({
                    "device": step.who, "store": step.view, "account": self.account(),
                    "passphrase": passphrase, "checkpoint": checkpoint["checkpoint"],
                    "instance": hexed(instance), "lease": hexed(lease),
                });
                ("phone-recover", input, step.plain()?)
            }
            "reads" => {
                step.words.need("the cloud")?;
                ("phone-sync", read, step.plain()?)
            }
            "unlocks" if step.words.eat("by itself") => ("phone-unlock-kept", read, step.plain()?),
            "unlocks" => {
                step.words.need("with")?;
                let mut input = read;
                let passphrase = called(&self.passphrases, &mut step.words, "a passphrase")?;
                input["passphrase"] = passphrase.clone().into();
                ("phone-unlock", input, step.plain()?)
            }
            "lists" => {
                step.words.need("the streams")?;
                ("phone-status", read, step.or(status)?)
            }
            "extends" => {
                let mut input = read;
                input["now"] = step.now()?.into();
                input["stream"] = step.words.word("a stream")?.into();
                step.words.need("until")?;
                input["until"] = step.words.time()?.into();
                ("phone-extend", input, step.plain()?)
            }
            "hands" => {
                step.words.need("over its checkpoint ->")?;
                let input = json!({ "device": step.who });
                (
                    "phone-checkpoint",
                    input,
                    accept(self.checkpoint(&mut step.words)?),
                )
            }
            "compares" => {
                let mut input = read;
                let checkpoint = self.checkpoint(&mut step.words)?;
                input["checkpoint"] = checkpoint["checkpoint"].clone();
                ("phone-check", input, step.plain()?)
            }
            "views" => {
                let (input, stated) = viewed(&mut step)?;
                ("phone-view", input, stated)
            }
            "restarts" => (
                "phone-restart",
                json!({ "device": step.who }),
                step.plain()?,
            ),
            _ => return self.owner(&verb, step),
        };
        self.ask(step, operation, input, &stated)
    }

    /// An act of the owner with a phone.
    fn owner(&mut self, verb: &str, mut step: Sentence) -> Result<()> {
        let act = |step: &mut Sentence| -> Result<Value> {
            let now = step.now()?;
            let act = json!({
                "device": step.who, "store": step.view, "passphrase": WORDS, "now": now,
            });
            Ok(json!({ "act": act }))
        };
        let (operation, input) = match verb {
            "shares" if step.words.eat("the past of") => {
                let mut input = act(&mut step)?;
                input["stream"] = step.words.word("a stream")?.into();
                let (from, until) = step.words.span()?;
                (input["from"], input["until"]) = (from.into(), until.into());
                step.words.need("with")?;
                input["member"] = step.words.word("a member")?.into();
                ("owner-share-past", input)
            }
            "shares" => {
                let input = act(&mut step)?;
                ("owner-share", self.shared_with(input, &mut step.words)?)
            }
            "revokes" => {
                let mut input = act(&mut step)?;
                input["streams"] = step.words.list("a stream")?.into();
                step.words.need("from")?;
                input["member"] = step.words.word("a member")?.into();
                ("owner-revoke", input)
            }
            "loses" => {
                let mut input = act(&mut step)?;
                input["lost"] = step.words.word("a phone")?.into();
                ("owner-lose-phone", input)
            }
            "pairs" => {
                let mut input = act(&mut step)?;
                input["camera"] = step.words.word("a camera")?.into();
                step.words.need("with key")?;
                let key = signing(step.words.number("the byte of a key")?)?;
                input["key"] = hexed(key.verifying_key().as_bytes());
                step.words.need("for")?;
                input["streams"] = step.words.list("a stream")?.into();
                ("owner-pair", input)
            }
            _ => return Err(step.unknown(verb, "a phone")),
        };
        let stated = step.plain()?;
        self.ask(step, operation, input, &stated)
    }

    /// `STREAMS with MEMBER [under the key of MEMBER] [by the number of MEMBER] [for TIME..TIME]`
    fn shared_with(&self, mut input: Value, words: &mut Words) -> Result<Value> {
        input["streams"] = words.list("a stream")?.into();
        words.need("with")?;
        let mut key = words.peek().and_then(|name| self.members.get(name));
        let mut number = key;
        input["member"] = words.word("a member")?.into();
        if words.eat("under the key of") {
            key = Some(called(&self.members, words, "a member")?);
        }
        if words.eat("by the number of") {
            number = Some(called(&self.members, words, "a member")?);
        }
        input["until"] = match words.eat("for") {
            true => {
                let (from, until) = words.span()?;
                json!({ "window": { "from": from, "until": until } })
            }
            false => json!({ "revoked": {} }),
        };
        let public = |key: Option<&[u8; 32]>| -> Result<_> {
            let key = key.ok_or_else(|| words.expected("the name of a member before this"))?;
            Ok(KemSecret::from_bytes(key)?.public())
        };
        input["key"] = hexed(public(key)?.as_bytes());
        input["told"] = safety_number(&self.world.account, &public(number)?).into();
        Ok(input)
    }
}

/// `-> STREAM EPOCH in effect, STREAM EPOCH announced`
fn status(words: &mut Words) -> Result<Value> {
    let mut streams = Vec::new();
    words.need("->")?;
    loop {
        let stream = words.word("a stream")?;
        let epoch: u64 = words.number("an epoch")?;
        let in_effect = words.eat("in effect");
        if !in_effect {
            words.need("announced")?;
        }
        streams.push(json!({ "stream": stream, "epoch": epoch, "in_effect": in_effect }));
        if !words.eat(",") {
            return Ok(json!({ "streams": streams }));
        }
    }
}
