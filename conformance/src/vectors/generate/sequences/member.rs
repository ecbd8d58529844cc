//! What the cloud and members do in stories.

use encryptediot::{contact::safety_number, crypto::KemSecret, shim::Answer};
use serde_json::{Value, json};

use super::super::super::Result;
use super::super::builder::hexed;
use super::house::plaintext;
use super::sentence::Sentence;
use super::stage::{Stage, accept, called, released};
use super::words::Words;

impl Stage {
    /// A step of the cloud: objects appear, or disappear, or one is written once.
    pub fn cloud(&mut self, mut step: Sentence) -> Result<()> {
        let verb = step.words.word("what the cloud does")?;
        let (operation, input) = match &*verb {
            "shows" => {
                let objects = self.objects(&mut step.words)?.0.into_iter();
                let objects =
                    objects.map(|(path, bytes)| json!({ "path": path, "bytes": hexed(bytes) }));
                let objects: Vec<Value> = objects.collect();
                (
                    "store-put",
                    json!({ "store": step.view, "objects": objects }),
                )
            }
            "removes" => {
                let objects = self.objects(&mut step.words)?.0;
                let paths: Vec<String> = objects.into_keys().collect();
                (
                    "store-remove",
                    json!({ "store": step.view, "paths": paths }),
                )
            }
            "takes" => {
                let bytes = hexed(step.words.quoted()?);
                step.words.need("at")?;
                let path = step.words.word("a path")?;
                let input = json!({ "store": step.view, "path": path, "bytes": bytes });
                ("store-write", input)
            }
            _ => return Err(step.unknown(&verb, "the cloud")),
        };
        let stated = step.plain()?;
        self.ask(step, operation, input, &stated)
    }

    /// A step of a member.
    pub fn member(&mut self, mut step: Sentence) -> Result<()> {
        let verb = step.words.word("what a member does")?;
        let key = self.members.get(&step.who).copied().unwrap_or_default();
        let (operation, input, stated) = match &*verb {
            "starts" => {
                let input = json!({ "device": step.who, "key": hexed(key) });
                ("member-new", input, step.plain()?)
            }
            "compares" => {
                let told = match step.words.eat("nothing") {
                    true => String::new(),
                    false => self.number(&mut step.words)?,
                };
                let told = match step.words.eat("backwards") {
                    true => told.chars().rev().collect(),
                    false => told,
                };
                let input = json!({ "device": step.who, "account": self.account(), "told": told });
                ("member-pin", input, step.plain()?)
            }
            "is" => {
                step.words.need("touched with")?;
                let payload = hexed(called(&self.messages, &mut step.words, "a payload")?);
                let input = json!({ "device": step.who, "payload": payload });
                ("member-touch", input, step.plain()?)
            }
            "reads" => {
                step.words.need("the cloud")?;
                let input = json!({ "device": step.who, "store": step.view });
                ("member-sync", input, accept(news(&mut step)?))
            }
            "views" => {
                let (mut input, stated) = viewed(&mut step)?;
                input["account"] = self.account();
                ("member-view", input, stated)
            }
            "restarts" => (
                "member-restart",
                json!({ "device": step.who }),
                step.plain()?,
            ),
            _ => return Err(step.unknown(&verb, "a member")),
        };
        self.ask(step, operation, input, &stated)
    }

    /// `the number of MEMBER`: the safety number.
    pub fn number(&self, words: &mut Words) -> Result<String> {
        words.need("the number of")?;
        let key = KemSecret::from_bytes(called(&self.members, words, "a member")?)?;
        Ok(safety_number(&self.world.account, &key.public()))
    }
}

/// `views STREAM NUMBER -> …`: what is shown is what the household's cameras record.
pub fn viewed(step: &mut Sentence) -> Result<(Value, Answer)> {
    let stream = step.words.word("a stream")?;
    let sequence: u64 = step.words.number("the number of a clip")?;
    let stated = step.or(|words| {
        words.need("-> shown")?;
        let mut output = released(&plaintext(&stream, sequence));
        output["new"] = (!words.eat("again")).into();
        Ok(output)
    })?;
    let input = json!({
        "device": step.who, "store": step.view, "stream": stream, "sequence": sequence,
    });
    Ok((input, stated))
}

/// `[-> NUMBER introductions, NUMBER keys, refused REASON …]`
fn news(step: &mut Sentence) -> Result<Value> {
    let (mut introductions, mut keys, mut refused) = (0, 0, Vec::new());
    let mut more = step.words.eat("->");
    while more {
        if step.words.eat("refused") {
            refused.push(step.reason()?);
        } else {
            let count: u64 = step.words.number("a number, or `refused`")?;
            if step.words.eat("introductions") || step.words.eat("introduction") {
                introductions = count;
            } else if step.words.eat("keys") || step.words.eat("key") {
                keys = count;
            } else {
                return Err(step.words.expected("`introductions` or `keys`"));
            }
        }
        more = step.words.eat(",");
    }
    Ok(json!({ "introductions": introductions, "grants": keys, "refused": refused }))
}
