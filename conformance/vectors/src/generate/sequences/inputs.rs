//! What steps ask: what is read from their words, and what else is given.

use encryptediot::{contact::safety_number, crypto::KemSecret, pairing::Offer};
use serde_json::{Value, json};

use super::super::super::{Error, Result};
use super::super::builder::hexed;
use super::super::world::{WORDS, World, rng, signing};
use super::house::counted;
use super::sentence::Sentence;
use super::stage::{Stage, called, is_called};
use super::words::Words;

/// The bytes of the shared piece of zeros that long inputs are made of.
const PIECE: usize = 1 << 16;

impl Stage {
    /// Reads a part of a line into what is asked.
    pub fn read(&mut self, field: &str, step: &mut Sentence, input: &mut Value) -> Result<()> {
        let words = &mut step.words;
        input[field] = match field {
            "objects" => {
                let objects = self.objects(words)?.0.into_iter();
                let object = |(path, bytes): (String, Vec<u8>)| json!({ "path": path, "bytes": hexed(bytes) });
                objects.map(object).collect()
            }
            "paths" => self.objects(words)?.0.into_keys().collect(),
            "path" | "stream" | "member" | "lost" | "camera" => words.word(field)?.into(),
            "streams" => words.list("a stream")?.into(),
            "sequence" => words.number::<u64>("the number of a clip")?.into(),
            "until" => words.time()?.into(),
            "bytes" => self.bytes(words)?,
            "clock" => hexed(self.correction(words)?),
            "lease" => hexed(self.lease(words)?),
            "announcement" if is_called(&self.messages, words) => {
                input["rosters"] = json!([]);
                hexed(called(&self.messages, words, "a message")?)
            }
            "announcement" => {
                let signed = hexed(&called(&self.announcements, words, "an announcement")?.signed);
                let mut rosters = Vec::new();
                if words.eat("with roster 3") {
                    rosters.push(hexed(self.world.roster_three(false)?.1));
                } else if words.eat("with another roster 3") {
                    rosters.push(hexed(self.world.roster_three(true)?.1));
                }
                input["rosters"] = rosters.into();
                signed
            }
            "payload" => hexed(called(&self.messages, words, "a payload")?),
            "passphrase" => called(&self.passphrases, words, "a passphrase")?
                .clone()
                .into(),
            "checkpoint" => self.checkpoint(words)?,
            "told" if words.eat("nothing") => "".into(),
            "told" => {
                words.need("the number of")?;
                let key = called(&self.members, words, "a member")?;
                let number = self.number(key)?;
                match words.eat("backwards") {
                    true => number.chars().rev().collect::<String>().into(),
                    false => number.into(),
                }
            }
            // What stands for several fields of an input, or has another name there.
            "offer" => return self.offer(step, input),
            "sharer" => return self.sharer(words, input),
            "agreed" => {
                input["checkpoint"] = match words.eat("and") {
                    true => self.checkpoint(words)?,
                    false => Value::Null,
                };
                return Ok(());
            }
            "offered" => {
                if words.eat("offered") {
                    let issued = words.time()?;
                    let offer = Offer::new(self.world.account, issued, &mut rng(issued));
                    input["offer"] = offer.to_text().into();
                }
                return Ok(());
            }
            "window" => {
                let (from, until) = words.span()?;
                (input["from"], input["until"]) = (from.into(), until.into());
                return Ok(());
            }
            "counted" => counted(words)?
                .into_iter()
                .map(|(stream, clips)| (stream.to_string(), clips.into()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            "evidence" => match words.eat("without evidence") {
                true => json!({ "none": {} }),
                false => json!({ "owners-word": {} }),
            },
            "camera-key" => {
                let key = signing(words.number("the byte of a key")?)?;
                input["key"] = hexed(key.verifying_key().as_bytes());
                return Ok(());
            }
            _ => return Err(Error::Generate(format!("no field {field}"))),
        };
        Ok(())
    }

    /// Gives something else to what is asked.
    pub fn give(&self, field: &str, step: &mut Sentence, input: &mut Value) -> Result<()> {
        match field {
            "device" => input["device"] = step.who.clone().into(),
            "store" => input["store"] = step.view.clone().into(),
            "clocks" => step.clocks(input)?,
            "now" => input["now"] = step.now()?.into(),
            "act" => {
                let now = step.now()?;
                input["act"] = json!({
                    "device": step.who, "store": step.view, "passphrase": WORDS, "now": now,
                });
            }
            "account" => input["account"] = hexed(self.world.account.0),
            "root" => input["root"] = hexed(self.world.root_bytes()),
            "key" => input["key"] = self.members.get(&step.who).map(hexed).into(),
            "keys" => {
                let phone = self.phones.get(&step.who);
                input["instance"] = phone.map(|phone| hexed(phone.instance)).into();
                input["lease"] = phone.map(|phone| hexed(phone.lease)).into();
            }
            // A phone that has seen vault 1, and the ring of every household.
            "ring" => (input["ring"], input["vault"]) = (json!([hexed([1; 32])]), 1.into()),
            _ => return Err(Error::Generate(format!("no field {field}"))),
        }
        Ok(())
    }

    /// `[as CAMERA] [with the root of another account]`
    fn offer(&mut self, step: &mut Sentence, input: &mut Value) -> Result<()> {
        if step.words.eat("as") {
            let camera = called(&self.cameras, &mut step.words, "a camera")?.clone();
            self.cameras.insert(step.who.clone(), camera);
        }
        let missing = || step.words.expected("`as CAMERA`");
        let camera = self.cameras.get(&step.who).ok_or_else(missing)?;
        let root = match step.words.eat("with the root of another account") {
            true => World::other()?.root_bytes(),
            false => self.world.root_bytes(),
        };
        (input["offer"], input["root"]) = (camera.offer.clone().into(), hexed(root));
        (input["key"], input["streams"]) = (hexed([camera.key; 32]), camera.streams.clone().into());
        Ok(())
    }

    /// `MEMBER [under the key of MEMBER] [by the number of MEMBER] [for TIME..TIME]`
    fn sharer(&self, words: &mut Words, input: &mut Value) -> Result<()> {
        let named = words.peek().unwrap_or_default().to_owned();
        let mut key = called(&self.members, words, "a member")?;
        let mut number = key;
        if words.eat("under the key of") {
            key = called(&self.members, words, "a member")?;
        }
        if words.eat("by the number of") {
            number = called(&self.members, words, "a member")?;
        }
        input["until"] = match words.eat("for") {
            true => {
                let (from, until) = words.span()?;
                json!({ "window": { "from": from, "until": until } })
            }
            false => json!({ "revoked": {} }),
        };
        input["member"] = named.into();
        input["key"] = hexed(KemSecret::from_bytes(key)?.public().as_bytes());
        input["told"] = self.number(number)?.into();
        Ok(())
    }

    /// The safety number of a member with this private key.
    fn number(&self, key: &[u8; 32]) -> Result<String> {
        let public = KemSecret::from_bytes(key)?.public();
        Ok(safety_number(&self.world.account, &public))
    }

    /// A checkpoint, as text.
    pub fn checkpoint(&self, words: &mut Words) -> Result<Value> {
        let checkpoint = called(&self.checkpoints, words, "a checkpoint")?.clone();
        Ok(checkpoint.to_text(&self.world.account).into())
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
}
