//! Objects of the cloud: parts of what lies there, put together, altered and moved.

use std::collections::BTreeMap;

use encryptediot::{
    announcement::open,
    clip::Manifest,
    cose::unverified_payload,
    crypto::KemSecret,
    keys::kem_id,
    message::{self, AccountId},
};

use super::super::super::{Error, Result};
use super::super::forms::{cut, flip};
use super::stage::{Stage, called, is_called};
use super::words::Words;

/// Objects by path.
#[derive(Clone, Debug, Default)]
pub struct Objects(pub BTreeMap<String, Vec<u8>>);

impl Objects {
    /// One object.
    pub fn one(path: String, bytes: Vec<u8>) -> Self {
        Self(BTreeMap::from([(path, bytes)]))
    }

    /// These, and others over them.
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// Those whose path has this in it, or has not.
    fn with(&self, part: &str, has: bool) -> Self {
        let kept = self.0.iter().filter(|(path, _)| path.contains(part) == has);
        Self(
            kept.map(|(path, bytes)| (path.clone(), bytes.clone()))
                .collect(),
        )
    }

    /// Those whose path has this in it.
    pub fn only(&self, part: &str) -> Self {
        self.with(part, true)
    }

    /// The path and the bytes of the only one.
    pub fn only_one(self) -> Result<(String, Vec<u8>)> {
        let count = self.0.len();
        let mut all = self.0.into_iter();
        match (all.next(), all.next()) {
            (Some(object), None) => Ok(object),
            _ => Err(Error::Generate(format!(
                "expected one object, found {count}"
            ))),
        }
    }

    /// A part of the path of a clip's body, which its manifest names.
    fn body(&self, account: &AccountId, stream: &str, number: u64) -> Result<String> {
        let (_, signed) = self.only(&manifest(stream, number)).only_one()?;
        let payload = unverified_payload(&signed)?;
        let manifest: Manifest = message::decode(account, &payload)?;
        Ok(format!("bodies/{}", manifest.clip))
    }
}

/// The path of a clip's manifest, from the account on.
pub fn manifest(stream: &str, number: u64) -> String {
    format!("manifests/{stream}/{number:012}")
}

impl Stage {
    /// `TERM and TERM …`
    pub fn objects(&self, words: &mut Words) -> Result<Objects> {
        let mut all = self.term(words)?;
        while words.eat("and") {
            all = all.and(self.term(words)?);
        }
        Ok(all)
    }

    /// `MESSAGE at PLACE`, `ANNOUNCEMENT at PLACE`, or `[PART of] OBJECTS [without PART] [but …] [at PLACE]`
    fn term(&self, words: &mut Words) -> Result<Objects> {
        if is_called(&self.messages, words) {
            let message = called(&self.messages, words, "a message")?.clone();
            words.need("at")?;
            let place = self.place(words, &Objects::default())?;
            return Ok(Objects::one(place, message));
        }
        if is_called(&self.announcements, words) {
            let signed = called(&self.announcements, words, "an announcement")?
                .signed
                .clone();
            words.need("at")?;
            let place = self.place(words, &Objects::default())?;
            return Ok(Objects::one(place, signed));
        }
        let part = self.part(words)?;
        if part.is_some() {
            words.need("of")?;
        }
        let whole = called(&self.objects, words, "objects")?;
        let mut kept = match part {
            Some(part) => self.those(whole, &part)?,
            None => whole.clone(),
        };
        while words.eat("without") {
            let part = self.part(words)?;
            let part = part.ok_or_else(|| words.expected("a part of a path"))?;
            for path in self.those(whole, &part)?.0.keys() {
                kept.0.remove(path);
            }
        }
        if words.eat("but") {
            let (path, bytes) = kept.only_one()?;
            kept = Objects::one(path, self.spoilt(&bytes, words)?);
        }
        if words.eat("at") {
            let (_, bytes) = kept.only_one()?;
            kept = Objects::one(self.place(words, whole)?, bytes);
        }
        Ok(kept)
    }

    /// `clip STREAM NUMBER`, `manifest STREAM NUMBER`, `body STREAM NUMBER` or a part of a path.
    fn part(&self, words: &mut Words) -> Result<Option<Part>> {
        let kind = match words.peek() {
            Some("clip" | "manifest" | "body") => words.word("a part of a clip")?,
            Some(word) if word.contains('/') => {
                return Ok(Some(Part::Path(self.named(&words.word("a path")?)?)));
            }
            _ => return Ok(None),
        };
        let stream = words.word("a stream")?;
        let number = words.number("the number of a clip")?;
        Ok(Some(Part::Clip(kind, stream, number)))
    }

    /// Those of the objects that a part means: one at least.
    fn those(&self, whole: &Objects, part: &Part) -> Result<Objects> {
        let found = match part {
            Part::Path(part) => whole.only(part),
            Part::Clip(kind, stream, number) => {
                let manifest = whole.only(&manifest(stream, *number));
                let body = || whole.body(&self.world.account, stream, *number);
                match &**kind {
                    "manifest" => manifest,
                    "body" => whole.only(&body()?),
                    _ => manifest.and(whole.only(&body()?)),
                }
            }
        };
        let missing = match part {
            _ if !found.0.is_empty() => return Ok(found),
            Part::Path(path) => path.clone(),
            Part::Clip(kind, stream, number) => format!("{kind} {stream} {number}"),
        };
        Err(Error::Generate(format!(
            "none of these objects is `{missing}`"
        )))
    }

    /// A path, whole: that of a part of a clip among these objects, or one as it is written.
    fn place(&self, words: &mut Words, among: &Objects) -> Result<String> {
        match self.part(words)?.ok_or_else(|| words.expected("a place"))? {
            Part::Path(path) => Ok(format!("{}/{path}", self.world.account)),
            clip => Ok(self.those(among, &clip)?.only_one()?.0),
        }
    }

    /// A path with `{MEMBER}` for the short name of a member's key.
    fn named(&self, path: &str) -> Result<String> {
        let mut path = path.to_owned();
        for (member, key) in &self.members {
            let id = kem_id(&KemSecret::from_bytes(key)?.public());
            path = path.replace(&format!("{{{member}}}"), &id.to_string());
        }
        match path.contains('{') {
            false => Ok(path),
            true => Err(Error::Generate(format!(
                "there is no such member: `{path}`"
            ))),
        }
    }

    /// Bytes, altered in one of the ways that there are.
    fn spoilt(&self, bytes: &[u8], words: &mut Words) -> Result<Vec<u8>> {
        if words.eat("cut by a byte") {
            Ok(cut(bytes))
        } else if words.eat("empty") {
            Ok(Vec::new())
        } else if words.eat("with a byte more") {
            Ok([bytes, &[0]].concat())
        } else if words.eat("twice in a row") {
            Ok([bytes, bytes].concat())
        } else if words.eat("with its first byte altered") {
            Ok(flip(bytes, 0))
        } else if words.eat("with its last byte altered") {
            Ok(flip(bytes, bytes.len().saturating_sub(1)))
        } else if words.eat("issued a millisecond later") {
            let mut body = open(self.world.root.public(), &self.world.account, bytes)?.body;
            body.issued += 1;
            self.world.state(body)
        } else {
            Err(words.expected("a way to alter an object"))
        }
    }
}

/// What a part of a path means.
enum Part {
    /// Every path that has this in it.
    Path(String),
    /// A clip's `manifest`, `body` or both, by stream and number.
    Clip(String, String, u64),
}
