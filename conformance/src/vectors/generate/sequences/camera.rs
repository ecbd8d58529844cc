//! What cameras do in stories.

use encryptediot::phone::checkpoint_text;
use serde_json::{Value, json};

use super::super::super::Result;
use super::super::builder::hexed;
use super::super::world::World;
use super::sentence::Sentence;
use super::stage::{Stage, accept, called, name};
use super::words::Words;

/// The bytes of the shared piece of zeros that long inputs are made of.
const PIECE: usize = 1 << 16;

impl Stage {
    /// A step of a camera.
    pub fn camera(&mut self, mut step: Sentence) -> Result<()> {
        let verb = step.words.word("what a camera does")?;
        let device = json!({ "device": step.who });
        let (operation, input, stated) = match &*verb {
            "pairs" => {
                let input = self.pairing(&mut step)?;
                ("camera-new", input, step.plain()?)
            }
            "takes" if step.words.eat("lease of") => {
                let mut input = step.clocks(device)?;
                input["lease"] = hexed(self.lease(&mut step.words)?);
                ("camera-extend", input, step.plain()?)
            }
            "takes" => return self.takes(step),
            "begins" => {
                let mut input = step.clocks(device)?;
                input["stream"] = step.words.word("a stream")?.into();
                ("camera-begin", input, step.plain()?)
            }
            "ends" => {
                let mut input = step.clocks(device)?;
                input["stream"] = step.words.word("a stream")?.into();
                step.words.need("-> clip")?;
                let number = step.words.number("the number of a clip")?;
                step.words.need("of")?;
                let times = step.words.span()?;
                let output = self.clip(number, times, &mut step.words)?;
                ("camera-finish", input, accept(output))
            }
            "records" => return self.records(step),
            "writes" => {
                let bytes = self.bytes(&mut step.words)?;
                step.words.need("to")?;
                let stream = step.words.word("a stream")?;
                let input = json!({ "device": step.who, "stream": stream, "bytes": bytes });
                ("camera-write", input, step.plain()?)
            }
            "tells" => {
                let input = step.clocks(device)?;
                step.words.need("the time ->")?;
                let output = json!({ "time": step.words.time()? });
                ("camera-time", input, accept(output))
            }
            "restarts" => ("camera-restart", step.clocks(device)?, step.plain()?),
            "reads" => {
                let mut input = step.clocks(device)?;
                input["store"] = step.view.clone().into();
                step.words.need("the cloud")?;
                ("camera-sync", input, accept(synced(&mut step)?))
            }
            "uploads" => {
                let input = json!({ "device": step.who, "store": step.view });
                step.words.need("->")?;
                let output = json!({ "clips": step.words.number::<u64>("a number of clips")? });
                if !step.words.eat("clip") {
                    step.words.need("clips")?;
                }
                ("camera-upload", input, accept(output))
            }
            "hands" => {
                step.words.need("over its checkpoint ->")?;
                (
                    "camera-checkpoint",
                    device,
                    accept(self.checkpoint(&mut step.words)?),
                )
            }
            _ => return Err(step.unknown(&verb, "a camera")),
        };
        self.ask(step, operation, input, &stated)
    }

    /// `pairs [as CAMERA] [with the root of another account]`
    fn pairing(&mut self, step: &mut Sentence) -> Result<Value> {
        if step.words.eat("as") {
            let camera = called(&self.cameras, &mut step.words, "a camera")?.clone();
            name(&mut self.cameras, &step.who, camera)?;
        }
        let missing = || step.words.expected("`as CAMERA`");
        let camera = self.cameras.get(&step.who).ok_or_else(missing)?;
        let root = match step.words.eat("with the root of another account") {
            true => hexed(World::other()?.root_bytes()),
            false => self.root(),
        };
        step.clocks(json!({
            "device": step.who, "offer": camera.offer, "root": root,
            "key": hexed([camera.key; 32]), "streams": camera.streams,
        }))
    }

    /// `takes NAME -> no change`, `takes NAME -> acknowledges from clip NUMBER [at TIME]`
    fn takes(&mut self, mut step: Sentence) -> Result<()> {
        let mut input = step.clocks(json!({ "device": step.who }))?;
        let message = step.words.peek().and_then(|name| self.messages.get(name));
        if let Some(message) = message.cloned() {
            step.words.word("a message")?;
            input["announcement"] = hexed(message);
            let stated = step.plain()?;
            return self.ask(step, "camera-accept", input, &stated);
        }
        let announced = called(&self.announcements, &mut step.words, "an announcement")?;
        input["announcement"] = hexed(&announced.signed);
        let stated = step.or(|words| {
            if words.eat("-> no change") {
                return Ok(json!({ "acknowledgement": null }));
            }
            words.need("-> acknowledges from clip")?;
            let first = words.number("the number of a clip")?;
            let time = match words.eat("at") {
                true => words.time()?,
                false => input["wall"].as_u64().unwrap_or_default(),
            };
            let acknowledged = self.acknowledgement(announced, first, time);
            Ok(json!({ "acknowledgement": acknowledged }))
        })?;
        self.ask(step, "camera-accept", input, &stated)
    }

    /// `from TIME..TIME CAMERA records STREAM -> clip NUMBER under …`: a whole session, two steps.
    fn records(&mut self, mut step: Sentence) -> Result<()> {
        let (start, end) = step.session()?;
        let stream = step.words.word("a stream")?;
        step.words.need("-> clip")?;
        let number = step.words.number("the number of a clip")?;
        let output = self.clip(number, (start, end), &mut step.words)?;
        step.words.done()?;
        for (time, operation, comment, output) in [
            (start, "camera-begin", "a session", json!({})),
            (end, "camera-finish", &*step.comment, output),
        ] {
            let mut half = Sentence::at(time, &step.who, comment);
            let input = half.clocks(json!({ "device": step.who, "stream": stream }))?;
            self.ask(half, operation, input, &accept(output))?;
        }
        Ok(())
    }

    /// `"TEXT"`, `a zero` or `NUMBER MiB of zeros`: bytes, as they stand in an input.
    fn bytes(&mut self, words: &mut Words) -> Result<Value> {
        if words.eat("a zero") {
            return Ok(hexed([0]));
        }
        if words.peek().is_some_and(|word| word.starts_with('"')) {
            return Ok(hexed(words.quoted()?));
        }
        let mebibytes: usize = words.number("a text in quotation marks, or a number")?;
        words.need("MiB of zeros")?;
        let (pieces, zeros) = ((mebibytes << 20) / PIECE, hex::encode([0; PIECE]));
        self.shared.insert("zeros".to_owned(), zeros);
        Ok(json!({ "pieces": vec![json!({ "of": "zeros" }); pieces] }))
    }

    /// `NAME`: a checkpoint, as it is handed over.
    pub fn checkpoint(&self, words: &mut Words) -> Result<Value> {
        let checkpoint = called(&self.checkpoints, words, "a checkpoint")?.clone();
        Ok(json!({ "checkpoint": checkpoint_text(&self.world.account, checkpoint) }))
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
