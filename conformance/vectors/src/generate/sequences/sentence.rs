//! A line that is a step, in so far as all of them are alike: when, who, in which view of the cloud,
//! what must come of it, and why.

use encryptediot::message::Time;
use encryptediot_shim::Answer;
use serde_json::Value;

use super::super::super::{Error, Result};
use super::super::world::START;
use super::outputs::released;
use super::words::Words;
use conformance_common::spec::SPEC;

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
    /// `[at TIME | wall TIME counter LENGTH | from TIME..TIME] WHO [in VIEW] …`, and a comment.
    pub fn new(mut words: Words, comment: Option<&str>) -> Result<Self> {
        let when = if words.eat("at") {
            let time = started(words.time()?)?;
            Some(When::At(time, time - START))
        } else if words.eat("wall") {
            let wall = words.time()?;
            words.need("counter")?;
            Some(When::At(wall, words.length()?))
        } else if words.eat("from") {
            let (start, end) = words.span()?;
            Some(When::From(started(start)?, started(end)?))
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

    /// Adds the clocks of a camera to what it is asked.
    pub fn clocks(&mut self, input: &mut Value) -> Result<()> {
        let Some(When::At(wall, counter)) = self.when.take() else {
            return Err(untimed("`at TIME` or `wall TIME counter LENGTH`"));
        };
        (input["wall"], input["monotonic"]) = (wall.into(), counter.into());
        Ok(())
    }

    /// The time at which a phone acts.
    pub fn now(&mut self) -> Result<Time> {
        match self.when.take() {
            Some(When::At(wall, counter)) if wall == START + counter => Ok(wall),
            _ => Err(untimed("`at TIME`")),
        }
    }

    /// The start and the end of a session.
    pub fn session(&mut self) -> Result<(Time, Time)> {
        match self.when.take() {
            Some(When::From(start, end)) => Ok((start, end)),
            _ => Err(untimed("`from TIME..TIME`")),
        }
    }

    /// Every word, and the time, has been read.
    pub fn done(&self) -> Result<()> {
        match self.when {
            None => self.words.done(),
            Some(_) => Err(Error::Generate(
                "expected no time with this step".to_owned(),
            )),
        }
    }

    /// The refusal that must come of the step, if one is stated.
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
    pub fn reason(&mut self) -> Result<String> {
        let expected = self.words.expected("a reason of SPEC");
        let reason = self.words.word("a reason of SPEC")?;
        let known = SPEC.reasons.iter().any(|(name, _)| *name == reason);
        known.then_some(reason).ok_or(expected)
    }
}

/// A time by both clocks: the counter started with the story.
fn started(time: Time) -> Result<Time> {
    let before = || Error::Generate("expected a time after the start of the story".to_owned());
    (time >= START).then_some(time).ok_or_else(before)
}

fn untimed(what: &str) -> Error {
    Error::Generate(format!("expected {what} at the start of this step"))
}
