//! What must come of steps, as their lines state it.

use encryptediot::crypto::sha256;
use encryptediot_shim::Answer;
use serde_json::{Value, json};

use super::super::super::Result;
use super::super::builder::hexed;
use super::house::plaintext;
use super::sentence::Sentence;
use super::stage::{Stage, accept};

/// What a viewer says of the bytes that it has shown.
pub fn released(bytes: &[u8]) -> Value {
    json!({ "released": bytes.len(), "sha256": hexed(sha256(bytes)) })
}

impl Stage {
    /// The answer to an operation with this input.
    pub fn stated(&self, operation: &str, step: &mut Sentence, input: &Value) -> Result<Answer> {
        let lists_refusals = matches!(operation, "camera-sync" | "member-sync");
        if !lists_refusals && let Some(refused) = step.refused()? {
            return Ok(refused);
        }
        let words = &mut step.words;
        let output = match operation {
            "camera-accept" if words.eat("-> no change") => {
                json!({ "acknowledgement": null, "relieved": false })
            }
            "camera-accept" if words.eat("-> relieved") => {
                json!({ "acknowledgement": null, "relieved": true })
            }
            "camera-accept" => {
                words.need("-> acknowledges from clip")?;
                let first = words.number("the number of a clip")?;
                let time = match words.eat("at") {
                    true => words.time()?,
                    false => input["wall"].as_u64().unwrap_or_default(),
                };
                let acknowledgement = self.acknowledgement(input, first, time)?;
                json!({ "acknowledgement": acknowledgement, "relieved": false })
            }
            "camera-finish" => {
                words.need("-> clip")?;
                let number = words.number("the number of a clip")?;
                words.need("of")?;
                let times = words.span()?;
                self.clip(number, times, words)?
            }
            "camera-time" => {
                words.need("->")?;
                json!({ "time": words.time()? })
            }
            "camera-upload" => {
                words.need("->")?;
                let clips: u64 = words.number("a number of clips")?;
                words.need(if clips == 1 { "clip" } else { "clips" })?;
                json!({ "clips": clips })
            }
            "camera-checkpoint" | "phone-checkpoint" => {
                words.need("->")?;
                json!({ "checkpoint": self.checkpoint(words)? })
            }
            "member-view" | "phone-view" => {
                words.need("-> shown")?;
                let stream = input["stream"].as_str().unwrap_or_default();
                let number = input["sequence"].as_u64().unwrap_or_default();
                let mut output = released(&plaintext(stream, number));
                output["new"] = (!words.eat("again")).into();
                output
            }
            "camera-sync" => synced(step)?,
            "member-sync" => news(step)?,
            "phone-status" => status(step)?,
            _ => json!({}),
        };
        Ok(accept(output))
    }
}

/// `[-> takes STREAM EPOCH, extends STREAM, refused REASON …]`
fn synced(step: &mut Sentence) -> Result<Value> {
    let (mut accepted, mut extended, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    let mut more = step.words.eat("->");
    while more {
        if step.words.eat("takes") {
            let stream = step.words.word("a stream")?;
            let epoch: u64 = step.words.number("an epoch")?;
            accepted.push(json!({ "stream": stream, "epoch": epoch }));
        } else if step.words.eat("extends") {
            extended.push(step.words.word("a stream")?);
        } else {
            step.words.need("refused")?;
            refused.push(step.reason()?);
        }
        more = step.words.eat(",");
    }
    Ok(json!({ "accepted": accepted, "extended": extended, "refused": refused }))
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

/// `-> STREAM EPOCH in effect, STREAM EPOCH announced …`
fn status(step: &mut Sentence) -> Result<Value> {
    let (mut streams, words) = (Vec::new(), &mut step.words);
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
