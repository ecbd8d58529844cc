//! A line that is a step, in so far as all of them are alike: when, who, in which view of the cloud,
//! what must come of it, and why.

use encryptediot::{message::Time, shim::Answer};
use serde_json::{Value, json};

use super::super::super::{Error, Result};
use super::super::world::START;
use super::stage::{accept, released};
use super::words::Words;
use crate::spec::SPEC;

/// When a step happens.
#[derive(Clone, Copy)]
enum When {
    /// At this time of the wall clock and of the counter.
    At(Time, Time),
    /// From one time until another.
    From(Time, Time),
}

/// A step, as a line states it.
pub struct Sentence {
    when: Option<When>,
    /// The device.
    pub who: String,
    /// The view of the cloud.
    pub view: String,
    /// What it does, and what must come of it.
    pub words: Words,
    /// The comment.
    pub comment: String,
}

impl Sentence {
    /// # Errors
    /// If there is no comment, or the words do not start as those of a step do.
    pub fn new(mut words: Words, comment: Option<&str>) -> Result<Self> {
        let when = if words.eat("at") {
            let time = words.time()?;
            Some(When::At(time, time.saturating_sub(START)))
        } else if words.eat("wall") {
            let wall = words.time()?;
            words.need("counter")?;
            Some(When::At(wall, words.length()?))
        } else if words.eat("from") {
            let (start, end) = words.span()?;
            Some(When::From(start, end))
        } else {
            None
        };
        let who = words.word("who does something")?;
        let view = match words.eat("in") {
            true => words.word("a view of the cloud")?,
            false => "cloud".to_owned(),
        };
        let missing = || Error::Generate("expected a comment, ` # …`, after a step".to_owned());
        let comment = comment.ok_or_else(missing)?.to_owned();
        Ok(Self {
            when,
            who,
            view,
            words,
            comment,
        })
    }

    /// A step at a time by both clocks, without words.
    pub fn at(time: Time, who: &str, comment: &str) -> Self {
        Self {
            when: Some(When::At(time, time.saturating_sub(START))),
            who: who.to_owned(),
            view: String::new(),
            words: Words::default(),
            comment: comment.to_owned(),
        }
    }

    /// Nobody of a kind does this.
    pub fn unknown(&self, verb: &str, who: &str) -> Error {
        Error::Generate(format!("expected what {who} does, found `{verb}`"))
    }

    /// Adds the clocks of a camera to what it is asked.
    ///
    /// # Errors
    /// If the line does not state them.
    pub fn clocks(&mut self, mut input: Value) -> Result<Value> {
        let Some(When::At(wall, counter)) = self.when.take() else {
            return Err(untimed("`at TIME` or `wall TIME counter LENGTH`"));
        };
        (input["wall"], input["monotonic"]) = (wall.into(), counter.into());
        Ok(input)
    }

    /// The time at which a phone acts.
    ///
    /// # Errors
    /// If the line does not state it.
    pub fn now(&mut self) -> Result<Time> {
        match self.when.take() {
            Some(When::At(wall, counter)) if wall == START + counter => Ok(wall),
            _ => Err(untimed("`at TIME`")),
        }
    }

    /// The start and the end of a session.
    ///
    /// # Errors
    /// If the line does not state them.
    pub fn session(&mut self) -> Result<(Time, Time)> {
        match self.when.take() {
            Some(When::From(start, end)) => Ok((start, end)),
            _ => Err(untimed("`from TIME..TIME`")),
        }
    }

    /// # Errors
    /// If there are words, or a time, that the step has no use for.
    pub fn done(&self) -> Result<()> {
        match self.when {
            None => self.words.done(),
            Some(_) => Err(Error::Generate(
                "expected no time with this step".to_owned(),
            )),
        }
    }

    /// The refusal that must come of the step, if one is stated.
    ///
    /// # Errors
    /// If SPEC has no such reason.
    pub fn refused(&mut self) -> Result<Option<Answer>> {
        if !self.words.eat("-> refused") {
            return Ok(None);
        }
        let reason = self.reason()?;
        let nothing = self.words.eat(", nothing shown");
        let output = nothing.then(|| released(b""));
        Ok(Some(Answer::Reject { reason, output }))
    }

    /// A reason of SPEC.
    ///
    /// # Errors
    /// If it is none.
    pub fn reason(&mut self) -> Result<String> {
        let expected = self.words.expected("a reason of SPEC");
        let reason = self.words.word("a reason of SPEC")?;
        let known = SPEC.reasons.iter().any(|(name, _)| *name == reason);
        known.then_some(reason).ok_or(expected)
    }

    /// A refusal, or success that says nothing.
    ///
    /// # Errors
    /// As [`Self::refused`].
    pub fn plain(&mut self) -> Result<Answer> {
        self.or(|_| Ok(json!({})))
    }

    /// A refusal, or success with this output.
    ///
    /// # Errors
    /// As [`Self::refused`], and those of `output`.
    pub fn or(&mut self, output: impl FnOnce(&mut Words) -> Result<Value>) -> Result<Answer> {
        match self.refused()? {
            Some(refused) => Ok(refused),
            None => Ok(accept(output(&mut self.words)?)),
        }
    }
}

fn untimed(what: &str) -> Error {
    Error::Generate(format!("expected {what} at the start of this step"))
}
