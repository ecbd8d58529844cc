//! A story that is being played: who is in it, what its lines have named, and its steps so far.

use std::collections::BTreeMap;

use encryptediot::checkpoint::Checkpoint;
use encryptediot_shim::{Answer, Devices, dispatch};
use serde_json::{Map, Value, json};

use super::super::super::file::{self, Exchange, Step};
use super::super::super::{Error, Result};
use super::super::world::{WORDS, World};
use super::hand::Announced;
use super::house::House;
use super::objects::Objects;
use super::sentence::Sentence;
use super::text::Line;
use super::words::Words;

/// What has a name, by its name.
pub type Named<T> = BTreeMap<String, T>;

/// A phone: its private keys.
#[derive(Clone, Copy)]
pub struct Phone {
    /// The instance key.
    pub instance: [u8; 32],
    /// The lease key.
    pub lease: [u8; 32],
}

/// A camera: what it is made of.
#[derive(Clone)]
pub struct Camera {
    /// The byte that its private key has 32 times.
    pub key: u8,
    /// Its pairing offer, as text.
    pub offer: String,
    /// Its streams.
    pub streams: Vec<String>,
}

/// A story that is being played.
pub struct Stage {
    /// The account's keys.
    pub world: World,
    /// The household that objects come from, if the story has one.
    pub house: Option<House>,
    /// The phones.
    pub phones: Named<Phone>,
    /// The members' private keys.
    pub members: Named<[u8; 32]>,
    /// The cameras.
    pub cameras: Named<Camera>,
    /// Announcements.
    pub announcements: Named<Announced>,
    /// Signed messages, and payloads of a touch.
    pub messages: Named<Vec<u8>>,
    /// Objects of the cloud.
    pub objects: Named<Objects>,
    /// Checkpoints.
    pub checkpoints: Named<Checkpoint>,
    /// Passphrases.
    pub passphrases: Named<String>,
    /// What cameras store.
    pub memories: Named<Vec<u8>>,
    /// Bytes that inputs name, in hexadecimal.
    pub shared: Named<String>,
    /// The steps so far.
    pub steps: Vec<Step>,
    devices: Devices,
}

/// Is the next word the name of something of a kind?
pub fn is_called<T>(named: &Named<T>, words: &Words) -> bool {
    words.peek().is_some_and(|word| named.contains_key(word))
}

/// What has the name that comes next: an error if nothing of this kind has.
pub fn called<'a, T>(named: &'a Named<T>, words: &mut Words, kind: &str) -> Result<&'a T> {
    let found = words.peek().and_then(|name| named.get(name));
    let found = found.ok_or_else(|| words.expected(&format!("the name of {kind}")))?;
    words.word(kind)?;
    Ok(found)
}

/// Gives a name: an error if something of the kind has it.
pub fn name<T>(named: &mut Named<T>, name: &str, value: T) -> Result<()> {
    match named.insert(name.to_owned(), value) {
        None => Ok(()),
        Some(_) => Err(Error::Generate(format!("`{name}` is named twice"))),
    }
}

impl Stage {
    /// One with nobody on it.
    pub fn new() -> Result<Self> {
        Ok(Self {
            world: World::new()?,
            house: None,
            phones: Named::new(),
            members: Named::new(),
            cameras: Named::new(),
            announcements: Named::new(),
            messages: Named::new(),
            objects: Named::new(),
            checkpoints: Named::new(),
            passphrases: Named::from([("words".to_owned(), WORDS.to_owned())]),
            memories: Named::new(),
            shared: Named::new(),
            steps: Vec::new(),
            devices: Devices::default(),
        })
    }

    /// Plays a line.
    pub fn play(&mut self, line: &Line) -> Result<()> {
        let mut words = Words::new(&line.text)?;
        if words.eat("let") {
            self.name(&mut words)?;
            return words.done();
        }
        if words.eat("given") {
            return self.given(words);
        }
        let step = Sentence::new(words, line.comment.as_deref())?;
        let who = &*step.who;
        let kind = if who == "cloud" {
            "cloud"
        } else if self.phones.contains_key(who) {
            "phone"
        } else if self.members.contains_key(who) {
            "member"
        } else if self.cameras.contains_key(who) || step.words.peek() == Some("pairs") {
            "camera"
        } else {
            let why = format!("expected `let`, `given` or what somebody does; nobody is `{who}`");
            return Err(Error::Generate(why));
        };
        self.step(kind, step)
    }

    /// `let NAME = …`
    fn name(&mut self, words: &mut Words) -> Result<()> {
        let new = words.word("a name")?;
        words.need("=")?;
        let byte = "the byte of a key";
        if words.eat("phone with keys") {
            let instance = [words.number(byte)?; 32];
            words.need("and")?;
            let lease = [words.number(byte)?; 32];
            name(&mut self.phones, &new, Phone { instance, lease })
        } else if words.eat("member with key") {
            let key: u8 = words.number(byte)?;
            name(&mut self.members, &new, [key; 32])
        } else if words.eat("camera with key") {
            let camera = self.offered(words)?;
            name(&mut self.cameras, &new, camera)
        } else if words.eat("announcement of") {
            let made = self.announce(words)?;
            name(&mut self.announcements, &new, made)
        } else if words.eat("announcement") {
            let read = self.announced(words)?;
            name(&mut self.announcements, &new, read)
        } else if is_called(&self.announcements, words) {
            let changed = self.changed(words)?;
            name(&mut self.announcements, &new, changed)
        } else if words.eat("roster") {
            let roster = self.world.roster(self.world.roster_draft()?)?;
            name(&mut self.messages, &new, self.world.sign(roster)?)
        } else if words.eat("introduction of") {
            let forged = self.forged_introduction(words)?;
            name(&mut self.messages, &new, forged)
        } else if words.eat("the cloud") {
            let everything = self.house()?.everything()?;
            name(&mut self.objects, &new, everything)
        } else if words.eat("past share of") {
            let narrowed = self.narrowed(words)?;
            name(&mut self.objects, &new, narrowed)
        } else if words.eat("checkpoint of") {
            let reached = self.reached(words)?;
            name(&mut self.checkpoints, &new, reached)
        } else if is_called(&self.checkpoints, words) {
            let altered = self.altered(words)?;
            name(&mut self.checkpoints, &new, altered)
        } else if words.eat("passphrase") {
            name(&mut self.passphrases, &new, words.quoted()?)
        } else if words.eat("memory of") {
            let camera = words.word("a camera")?;
            let stored = self.house()?.stored(&camera)?;
            name(&mut self.memories, &new, stored)
        } else {
            Err(words.expected("something that can be named"))
        }
    }

    /// Adds a step: the reference is asked, and must answer as the story states.
    pub fn ask(
        &mut self,
        step: Sentence,
        operation: &str,
        input: Value,
        stated: &Answer,
    ) -> Result<()> {
        step.done()?;
        let resolved = file::resolve(&self.shared, &input)?;
        let answer = dispatch(operation, resolved, &mut self.devices);
        let mut compared = answer.clone();
        if let Answer::Accept { intermediate, .. } = &mut compared {
            intermediate.clear();
        }
        let wrong = || {
            let [stated, given] = [stated, &compared].map(|answer| json!(answer));
            let why = format!("{operation}: stated is {stated}, the reference says {given}");
            Error::Generate(why)
        };
        if compared != *stated {
            return Err(wrong());
        }
        let exchange = Exchange::new(input, answer).ok_or_else(wrong)?;
        self.steps.push(Step {
            comment: step.comment,
            operation: operation.to_owned(),
            exchange,
        });
        Ok(())
    }
}

/// An answer that accepts.
pub fn accept(output: Value) -> Answer {
    Answer::Accept {
        output,
        intermediate: Map::new(),
    }
}
