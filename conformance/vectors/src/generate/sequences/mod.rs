//! Devices that remember: stories of an owner, members, cameras, and a provider that withholds, swaps,
//! rolls back and forks. They are told in `stories/`, in a language that `stories/README.md` describes;
//! here they are played on the reference, which must answer as they state.

mod forged;
mod hand;
mod house;
mod inputs;
mod objects;
mod outputs;
mod sentence;
mod stage;
mod steps;
#[cfg(test)]
mod tests;
mod text;
mod words;

use super::super::file::{Body, File, SEQUENCES, Test};
use super::super::{Error, Result};
use super::builder::{Builder, hoist};
use super::notes;
use super::world::World;
use stage::Stage;
use text::Story;

/// Bytes of more than this many hexadecimal digits stand once in the file.
const LONG: usize = 300;

/// The files of stories, in the order of their tests.
const STORIES: &[(&str, &str)] = &[
    ("stories/camera.story", include_str!("stories/camera.story")),
    ("stories/lease.story", include_str!("stories/lease.story")),
    ("stories/time.story", include_str!("stories/time.story")),
    ("stories/window.story", include_str!("stories/window.story")),
    ("stories/member.story", include_str!("stories/member.story")),
    (
        "stories/viewing.story",
        include_str!("stories/viewing.story"),
    ),
    ("stories/phone.story", include_str!("stories/phone.story")),
    ("stories/owner.story", include_str!("stories/owner.story")),
];

/// Every sequence.
///
/// # Errors
/// Of every story the first line that does not follow the grammar, or of which the reference says
/// something else than is stated.
pub fn sequences(_: &World) -> Result<File> {
    let mut file = tests(STORIES)?;
    hoist(&mut file, LONG);
    Ok(file)
}

/// The tests that these files of stories are.
fn tests(stories: &[(&str, &str)]) -> Result<File> {
    let mut file = Builder::new(SEQUENCES).finish()?;
    let mut wrong = Vec::new();
    for (name, text) in stories {
        for story in text::read(name, text)? {
            if let Err(error) = add(&mut file, story) {
                wrong.push(error.to_string());
            }
        }
    }
    file.number_of_tests = file.tests.len();
    match wrong.is_empty() {
        true => Ok(file),
        false => Err(Error::Generate(wrong.join("\n"))),
    }
}

/// Plays a story and adds its test.
fn add(file: &mut File, story: Story) -> Result<()> {
    let mut stage = Stage::new()?;
    for line in &story.lines {
        let played = stage.play(line);
        played.map_err(|error| line.place.error(error))?;
    }
    let id = format!("{SEQUENCES}/{}", story.name);
    if file.tests.iter().any(|test| test.id == id) {
        return Err(story
            .place
            .error(format!("there are two stories `{}`", story.name)));
    }
    for flag in &story.flags {
        let note = notes::note(flag).map(|note| (flag.clone(), note));
        file.notes.extend(note);
    }
    file.shared.extend(stage.shared);
    file.tests.push(Test {
        breaks: Vec::new(),
        id,
        comment: story.about,
        checks: story.checks,
        flags: story.flags,
        body: Body::Sequence { steps: stage.steps },
    });
    Ok(())
}
