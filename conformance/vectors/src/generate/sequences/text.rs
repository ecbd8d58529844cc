//! The text of stories: its blocks, with every scene put in where it is played.

use std::collections::BTreeMap;
use std::fmt;

use super::super::super::{Error, Result};
use crate::generate::notes;
use conformance_common::spec::SPEC;

/// A line of a file.
#[derive(Clone, Debug)]
pub struct Place {
    file: String,
    number: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.number)
    }
}

impl Place {
    /// Something is wrong here.
    pub fn error(&self, why: impl fmt::Display) -> Error {
        Error::Generate(format!("{self}: {why}"))
    }
}

/// An indented line.
#[derive(Clone, Debug)]
pub struct Line {
    /// Where it is.
    pub place: Place,
    /// What it says, without its comment.
    pub text: String,
    /// What follows its `#`.
    pub comment: Option<String>,
}

/// A story: a test to be.
#[derive(Debug)]
pub struct Story {
    /// The line that names it.
    pub place: Place,
    /// Its name, in the id of its test.
    pub name: String,
    /// What is special about it.
    pub about: String,
    /// The claims and sections of SPEC that it checks.
    pub checks: Vec<String>,
    /// What it looks for: names of notes.
    pub flags: Vec<String>,
    /// What happens in it, scenes put in.
    pub lines: Vec<Line>,
}

/// A line `story NAME` or `scene NAME`, and the lines under it.
struct Block {
    place: Place,
    is_story: bool,
    name: String,
    lines: Vec<Line>,
}

/// The stories of a file, in their order; of a file with `each WHO in A, B` all of them with A in
/// place of `{WHO}`, then all of them with B. An error is that of the first line that is none of a block,
/// or stands wrongly in it.
pub fn read(file: &str, text: &str) -> Result<Vec<Story>> {
    let each = (1..)
        .zip(text.lines())
        .find(|(_, line)| line.starts_with("each"));
    let Some((number, each)) = each else {
        return read_as(file, text, "", &[]);
    };
    let wrong = || {
        let file = file.to_owned();
        Place { file, number }.error("expected `each WHO in A, B`")
    };
    let (who, values) = each.split_once(" in ").ok_or_else(wrong)?;
    let (who, values) = (who.trim_start_matches("each "), list(values));
    let mut stories = Vec::new();
    for value in &values {
        let text = text.replace(&format!("{{{who}}}"), value);
        stories.append(&mut read_as(file, &text, value, &values)?);
    }
    Ok(stories)
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(|item| item.trim().to_owned()).collect()
}

fn blocks(file: &str, text: &str) -> Result<Vec<Block>> {
    let mut blocks: Vec<Block> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let file = file.to_owned();
        let place = Place { file, number };
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') || line.starts_with("each ") {
            continue;
        }
        if line.starts_with(' ') {
            let (text, comment) = match trimmed.split_once(" # ") {
                Some((text, comment)) => (text.trim_end(), Some(comment.trim().to_owned())),
                None => (trimmed, None),
            };
            let text = text.to_owned();
            let Some(block) = blocks.last_mut() else {
                return Err(place.error("expected `story NAME` or `scene NAME` before this"));
            };
            block.lines.push(Line {
                place,
                text,
                comment,
            });
            continue;
        }
        let (is_story, name) = match line.split_once(' ') {
            Some(("story", name)) => (true, name),
            Some(("scene", name)) => (false, name),
            _ => {
                let expected = "expected `story NAME`, `scene NAME` or an indented line";
                return Err(place.error(format!("{expected}, found `{line}`")));
            }
        };
        let (name, lines) = (name.trim().to_owned(), Vec::new());
        blocks.push(Block {
            place,
            is_story,
            name,
            lines,
        });
    }
    Ok(blocks)
}

/// The stories of a file that is told for `who`, one of the values of its `each`.
fn read_as(file: &str, text: &str, who: &str, values: &[String]) -> Result<Vec<Story>> {
    let mut scenes: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    let mut stories = Vec::new();
    for block in blocks(file, text)? {
        let mut lines = Vec::new();
        for line in block.lines {
            match line.text.strip_prefix("as ") {
                None => lines.push(line),
                Some(scene) => match scenes.get(scene) {
                    Some(scene) => lines.extend(scene.iter().cloned()),
                    None => return Err(line.place.error(format!("no scene `{scene}` is above"))),
                },
            }
        }
        if block.is_story {
            let (story, only) = story(block.place, block.name, lines, values)?;
            let is_told = only.is_empty() || only.iter().any(|value| value == who);
            stories.extend(is_told.then_some(story));
        } else if scenes.insert(block.name.clone(), lines).is_some() {
            let why = format!("the scene `{}` is there twice", block.name);
            return Err(block.place.error(why));
        }
    }
    Ok(stories)
}

/// A story from its lines, and the values of `each` that it is for, if not for all.
fn story(
    place: Place,
    name: String,
    lines: Vec<Line>,
    values: &[String],
) -> Result<(Story, Vec<String>)> {
    let mut lines = lines.into_iter().peekable();
    let about = lines.next().map(|line| line.text);
    let about = about.ok_or_else(|| place.error("expected a line that says what it is about"))?;
    let (mut checks, mut flags, mut only) = (Vec::new(), Vec::new(), Vec::new());
    while let Some(line) = lines.peek() {
        let (first, rest) = line.text.split_once(' ').unwrap_or_default();
        let (all, known, why): (_, fn(&String, &[String]) -> bool, _) = match first {
            "checks" => (
                &mut checks,
                |item, _| SPEC.knows(item),
                "is no claim and no section of SPEC",
            ),
            "flags" => (
                &mut flags,
                |item, _| notes::note(item).is_some(),
                "has no note",
            ),
            "only" => (
                &mut only,
                |item, values| values.contains(item),
                "is none of an `each`",
            ),
            _ => break,
        };
        *all = list(rest);
        if let Some(unknown) = all.iter().find(|item| !known(item, values)) {
            return Err(line.place.error(format!("`{unknown}` {why}")));
        }
        lines.next();
    }
    if checks.is_empty() || flags.is_empty() {
        return Err(place.error("expected `checks …` and `flags …` before what happens"));
    }
    let lines = lines.collect();
    let story = Story {
        place,
        name,
        about,
        checks,
        flags,
        lines,
    };
    Ok((story, only))
}
