//! A line that is misspelt, or states something else than comes of it, is refused, with its file and
//! line.

use super::stage::Stage;
use super::text::read;
use super::{STORIES, tests};

const ABOUT: &str = "\
story a
  A story.
  checks CLAIM-LEASE, SPEC#lease
  flags Valid
";

const CAMERA: &str = "
  let phone = phone with keys 7 and 6
  let door = camera with key 5 for x
  let one = announcement of x issued 1s
  let two = announcement of x after one issued 2s
  at 1s door pairs # it takes its offer
  at 2s door takes one -> acknowledges from clip 1 # epoch 1
";

const HOME: &str = "
  let alice = member with key 8
  given household 300
  given phone pairs door with key 5 for x
  given phone meets alice
  given door records x
  let all = the cloud
  cloud shows all # everything
  alice starts # a member
  alice compares the number of alice # the number
";

/// What the story is; a line at its end; what is said of it.
const WRONG: &str = r#"
    camera | at 3s door tkaes two -> no change # c | expected what a camera does, found `tkaes`
    camera | at 3s door takes tow -> no change # c | expected the name of an announcement, found `tow`
    camera | at 3s dor takes two -> no change # c | nobody is `dor`
    camera | at 3s door takes two -> acknowledged # c | expected `-> acknowledges from clip`, found `->`
    camera | at 3s door takes two -> refused not-frist # c | expected a reason of SPEC, found `not-frist`
    camera | at 3s door takes two -> no change at all # c | expected the end of the line, found `at`
    camera | at 3s door takes two -> no change | expected a comment
    camera | at 3x door takes two -> no change # c | expected a time, as `1h-1.5s`, found `3x`
    camera | at 3.0001s door takes two -> no change # c | expected a time, as `1h-1.5s`, found `3.0001s`
    camera | at -1s door takes two -> no change # c | expected a time after the start of the story
    camera | door takes two -> no change # c | expected `at TIME` or `wall TIME counter LENGTH`
    camera | at 3s door uploads -> 0 clips # c | expected no time with this step
    camera | from 2s door records x -> clip 1 under one for owner # c | expected two times
    camera | at 3s door ends x -> clip 1 of 2s..3s under one for phone, tdsk 60 # c | expected a key of this announcement, found `tdsk`
    camera | let one = announcement of x issued 1s | `one` is named twice
    camera | let three = announcement of x issued 1s but epcoh 3 | expected a change of an announcement, found `epcoh`
    camera | let three = four | expected something that can be named, found `four`
    camera | given phone rotates x | expected `given household SEED` before this
    camera | door writes "a to x # c | `"a to x` is not closed
    home   | given door obey | expected what a camera does in the household, found `obey`
    home   | given phone revoke x from alice | expected what an owner does, found `revoke`
    home   | given phone revokes x from bob | a step that must succeed was refused
    home   | cloud shows all without rosters/ # c | none of these objects is `rosters/`
    home   | cloud shows clip x 2 of all # c | expected one object, found 0
    home   | cloud shows roster/ of all at roster/00000009 # c | expected one object, found 2
    home   | cloud shows /root of all and everything # c | expected the name of objects, found `everything`
    home   | cloud shows manifest x 1 of all but bent # c | expected a way to alter an object, found `bent`
    home   | alice reads the cloud -> 1 introduktion # c | expected `introductions` or `keys`, found `introduktion`
    home   | phone lists the streams -> x 1 in efect # c | expected `announced`, found `in`
    camera | at 3s door takes two -> acknowledges from clip 2 # c | camera-accept: stated is
    camera | at 3s door takes two -> no change # c | camera-accept: stated is
    camera | at 3s door takes two -> refused not-first # c | camera-accept: stated is
    camera | at 3s door begins y # c | camera-begin: stated is
    camera | from 3s..4s door records x -> clip 1 under one for phone, owner # c | camera-finish: stated is
    home   | alice reads the cloud -> 1 key # c | member-sync: stated is
    home   | alice views x 1 -> shown # c | member-view: stated is
"#;

/// What is said of a file of one story that ends with these lines.
fn said(before: &str, lines: &str) -> String {
    let text = format!("{ABOUT}{before}{lines}");
    match tests(&[("it.story", &text)]) {
        Ok(file) => format!(
            "{} steps",
            file.tests
                .iter()
                .map(|t| t.exchanges(&file).len())
                .sum::<usize>()
        ),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_is_not_the_language_is_refused_with_file_and_line() {
    let (camera, home) = (said(CAMERA, ""), said(HOME, ""));
    assert_eq!((&*camera, &*home), ("2 steps", "3 steps"));
    for case in WRONG.lines().filter(|line| line.contains('|')) {
        let mut cells = case.split('|').map(str::trim);
        let mut cell = || cells.next().unwrap();
        let (before, line, expected) = (cell(), cell(), cell());
        let before = if before == "camera" { CAMERA } else { HOME };
        let said = said(before, &format!("  {line}\n"));
        let place = format!(
            "it.story:{}: ",
            ABOUT.lines().count() + before.lines().count() + 1
        );
        let why = said
            .strip_prefix(&place)
            .unwrap_or_else(|| panic!("{line}: {said}"));
        assert!(why.contains(expected), "{line}: {why}");
    }
}

#[test]
fn what_is_wrong_with_a_file_is_told_with_file_and_line() {
    for (text, expected) in [
        (
            "a line\n",
            "it.story:1: expected `story NAME`, `scene NAME`",
        ),
        (
            "  let a = roster\n",
            "it.story:1: expected `story NAME` or `scene NAME` before this",
        ),
        (
            "story a\n",
            "it.story:1: expected a line that says what it is about",
        ),
        (
            "story a\n  A.\n  flags Valid\n",
            "it.story:1: expected `checks …` and `flags …`",
        ),
        (
            "story a\n  A.\n  checks CLAIM-NONE\n",
            "it.story:3: `CLAIM-NONE` is no claim",
        ),
        (
            "story a\n  A.\n  checks SPEC#lease\n  flags Vaild\n",
            "it.story:4: `Vaild` has no note",
        ),
        (
            "story a\n  A.\n  only alice\n",
            "it.story:3: `alice` is none of an `each`",
        ),
        (
            "each who in bob, carol\nstory a\n  A.\n  only alice\n",
            "it.story:4: `alice` is none of an `each`",
        ),
        (
            "\neach who bob, carol\n",
            "it.story:2: expected `each WHO in A, B`",
        ),
        (
            "story a\n  A.\n  as b\n",
            "it.story:3: no scene `b` is above",
        ),
        (
            "scene b\nscene b\n",
            "it.story:2: the scene `b` is there twice",
        ),
    ] {
        let error = tests(&[("it.story", text)]).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text}: {error}");
    }
    let twice = format!("{ABOUT}{CAMERA}\n{ABOUT}{CAMERA}");
    let error = tests(&[("it.story", &twice)]).unwrap_err().to_string();
    assert_eq!(error, "it.story:13: there are two stories `a`");
}

/// Before each line of every story it is tried with its first word misspelt, and each refusal with another
/// reason. Neither may hold, nor change anything: the story goes on as it is told.
#[test]
fn every_line_of_every_story_counts() {
    let (mut lines, mut refusals) = (0, 0);
    for (file, text) in STORIES {
        for story in read(file, text).unwrap() {
            let mut stage = Stage::new().unwrap();
            for line in &story.lines {
                let mut other = line.clone();
                let mut must_fail = |text: String| {
                    other.text = text;
                    let played = stage.play(&other);
                    assert!(played.is_err(), "{}: {}", line.place, other.text);
                };
                must_fail(line.text.replacen(' ', "q ", 1));
                let refused = line.text.split_once(" -> refused ");
                if let Some((step, reason)) = refused
                    && !step.ends_with(" reads the cloud")
                {
                    let wrong = ["lease-key", "lease-stale"][usize::from(reason == "lease-key")];
                    must_fail(format!("{step} -> refused {wrong}"));
                    refusals += 1;
                }
                let played = stage.play(line);
                played.unwrap_or_else(|error| panic!("{}: {error}", line.place));
                lines += 1;
            }
        }
    }
    assert!(
        lines > 1_000 && refusals > 100,
        "{lines} lines, {refusals} refusals"
    );
}

/// Two phones, each in a view of its own, act on one state; each view goes on by itself.
#[test]
fn a_story_may_have_phones_in_forked_views() {
    let lines = "
  given phone enrolls second
  given door obeys
  let common = the cloud
  given phone rotates x as left
  given the cloud is set back to common
  given second shares x with alice as right
  cloud in first shows common and left # the view of one phone
  cloud in other shows common and right # the view of the other
  phone starts # one
  second starts # the other
  phone in first reads the cloud # it sees the rotation
  second in other reads the cloud # it sees the share
  phone in first lists the streams -> x 3 announced # epoch 3
  second in other lists the streams -> x 3 announced # another epoch 3
  phone in other reads the cloud -> refused announcement-fork # the views were joined
";
    assert_eq!(said(HOME, lines), "12 steps");
}
