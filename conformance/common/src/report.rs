//! Reports as JSON and JUnit's XML, and where they go: the table for people to the standard output,
//! or to the standard error where the JSON takes the standard output (`-`).

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

pub use std::io::Error as SerializeError;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesStart, Event};
use serde::Serialize;

use super::outcome::{Counts, Outcome};
use super::store::{Unwritable, store};

/// A report as JSON: an object with its fields, `counts`, and the exit status where one is given.
/// `not_checked` names the third count.
pub fn json(
    report: &impl Serialize,
    counts: Counts,
    not_checked: &str,
    exit_code: Option<u8>,
) -> serde_json::Result<String> {
    let mut all = serde_json::to_value(report)?;
    if let Some(all) = all.as_object_mut() {
        let counts = serde_json::json!({
            "held": counts.held, "failed": counts.failed, not_checked: counts.not_checked
        });
        all.insert("counts".to_owned(), counts);
        if let Some(code) = exit_code {
            all.insert("exit_code".to_owned(), code.into());
        }
    }
    serde_json::to_string_pretty(&all)
}

/// A test case of JUnit.
pub struct Case<'c> {
    /// The class: what the case is of.
    pub class: &'c str,
    /// The name.
    pub name: &'c str,
    /// The outcome; "not checked" is "skipped" there.
    pub outcome: Outcome,
    /// How long it took, if that was measured.
    pub time: Option<Duration>,
}

/// JUnit's XML of one suite; `title` is of the whole report.
///
/// # Errors
/// None that is known: it is written into memory.
pub fn junit<'c>(
    title: &str,
    suite: &str,
    time: Option<Duration>,
    cases: impl IntoIterator<Item = Case<'c>>,
) -> Result<String, SerializeError> {
    let cases: Vec<Case<'c>> = cases.into_iter().collect();
    let counts: Counts = cases.iter().map(|case| &case.outcome).collect();
    let mut total = vec![
        ("tests", cases.len().to_string()),
        ("failures", counts.failed.to_string()),
        ("errors", "0".to_owned()),
    ];
    total.extend(time.map(|time| ("time", seconds(time))));
    let total = || total.iter().map(|(name, value)| (*name, value.as_str()));
    let (title, suite) = (&*xml_text(title), &*xml_text(suite));
    let named = |element, name| BytesStart::new(element).with_attributes([("name", name)]);
    let skipped = counts.not_checked.to_string();
    let report = named("testsuites", title).with_attributes(total());
    let suite = named("testsuite", suite).with_attributes(total());
    let suite = suite.with_attributes([("skipped", skipped.as_str())]);

    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 4);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    xml.write_event(Event::Start(report.borrow()))?;
    xml.write_event(Event::Start(suite.borrow()))?;
    for case in &cases {
        test_case(&mut xml, case)?;
    }
    xml.write_event(Event::End(suite.to_end()))?;
    xml.write_event(Event::End(report.to_end()))?;
    String::from_utf8(xml.into_inner()).map_err(SerializeError::other)
}

fn test_case(xml: &mut Writer<Vec<u8>>, case: &Case<'_>) -> Result<(), SerializeError> {
    let (name, class) = (xml_text(case.name), xml_text(case.class));
    let attributes = [("name", &*name), ("classname", &*class)];
    let mut test = BytesStart::new("testcase").with_attributes(attributes);
    if let Some(time) = case.time {
        test.push_attribute(("time", seconds(time).as_str()));
    }
    let (what, why) = match &case.outcome {
        Outcome::Held => return xml.write_event(Event::Empty(test)),
        Outcome::Failed(why) => ("failure", why),
        Outcome::NotChecked(why) => ("skipped", why),
    };
    let why = xml_text(why);
    xml.write_event(Event::Start(test.borrow()))?;
    let message = BytesStart::new(what).with_attributes([("message", why.as_str())]);
    xml.write_event(Event::Empty(message))?;
    xml.write_event(Event::End(test.to_end()))
}

/// A text without what cannot stand in XML, not even escaped (XML 1.0, production `Char`).
fn xml_text(text: &str) -> String {
    let allowed = |c: &char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.chars().filter(allowed).collect()
}

fn seconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64())
}

/// Why a report could not be delivered.
#[derive(Debug, thiserror::Error)]
pub enum Undelivered {
    /// A file could not be written.
    #[error(transparent)]
    File(#[from] Unwritable),
    /// The report could not be put into JSON.
    #[error("the report cannot be written: {0}")]
    Json(#[from] serde_json::Error),
    /// A text of the report could not stand in XML.
    #[error("the report cannot be written: {0}")]
    Xml(#[from] SerializeError),
}

/// Prints a table, and writes JSON and JUnit's XML to the files that are named, each whole or not at
/// all.
///
/// # Errors
/// If a file cannot be written, or a report cannot be made.
pub fn deliver(
    table: &str,
    json: (Option<&Path>, impl FnOnce() -> serde_json::Result<String>),
    junit: (
        Option<&Path>,
        impl FnOnce() -> Result<String, SerializeError>,
    ),
) -> Result<(), Undelivered> {
    if let (Some(path), xml) = junit {
        write(path, &xml()?)?;
    }
    deliver_json(table, json.0, json.1)
}

/// As [`deliver`], without JUnit's XML.
pub fn deliver_json(
    table: &str,
    path: Option<&Path>,
    json: impl FnOnce() -> serde_json::Result<String>,
) -> Result<(), Undelivered> {
    match path {
        Some(path) if path == Path::new("-") => {
            print(format_args!("{}\n", json()?));
            eprint!("{table}");
            return Ok(());
        }
        Some(path) => write(path, &json()?)?,
        None => {}
    }
    print(table);
    Ok(())
}

/// A text from outside as a terminal may have it: what would move its cursor, change its colours or the order of the
/// text is written as an escape.
pub fn printable(text: &str) -> String {
    let changes_order = |c: char| matches!(c, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut printable = String::new();
    for c in text.chars() {
        match c.is_control() || changes_order(c) {
            true => printable.extend(c.escape_default()),
            false => printable.push(c),
        }
    }
    printable
}

/// Prints to standard output. Where that cannot be written, or whoever reads it has gone, the program says so in
/// one line and ends with status 1: a result that nobody got is none.
pub fn print(text: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = write!(out, "{text}").and_then(|()| out.flush()) {
        eprintln!("conformance: standard output cannot be written: {error}");
        std::process::exit(1);
    }
}

fn write(path: &Path, text: &str) -> Result<(), Unwritable> {
    store(path, text.as_bytes()).map_err(|error| Unwritable {
        path: path.to_owned(),
        error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_stand_in_xml_is_left_out_everywhere() {
        let odd = "a\u{0}b\u{fffe}c\u{ffff}\u{1b}d\u{85}<&\"";
        assert_eq!(xml_text(odd), "abcd\u{85}<&\"");
        let case = Case {
            class: odd,
            name: odd,
            outcome: Outcome::Failed(odd.to_owned()),
            time: None,
        };
        let xml = junit(odd, odd, None, [case]).unwrap();
        assert!(!xml.contains(['\u{0}', '\u{fffe}', '\u{ffff}', '\u{1b}']));
        assert_eq!(xml.matches("abcd").count(), 5, "{xml}");
    }

    #[test]
    fn what_moves_a_cursor_or_turns_text_is_escaped() {
        let odd = "a\u{1b}[31m\u{9b}b\u{61c}\u{202e}é";
        assert_eq!(printable(odd), "a\\u{1b}[31m\\u{9b}b\\u{61c}\\u{202e}é");
    }
}
