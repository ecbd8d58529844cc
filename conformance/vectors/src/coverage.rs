//! What the vectors cover: how many there are, which reasons and claims of SPEC they check. What is
//! not covered is an error, unless it is said here why no vector can show it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use super::file::{File, Verdict};
use super::generate::engine::obligations;
use super::{Error, Result};
use conformance_common::spec::SPEC;

/// Reasons that no vector has, and why.
const ELSEWHERE: &[(&str, &str)] = &[
    (
        "store-unavailable",
        "a store that fails: no bytes of another party cause it",
    ),
    ("local-state", "the device's own disk"),
    ("local-missing", "the device's own disk"),
    ("local-exists", "the device's own disk"),
    ("input", "the device's own disk"),
    ("output", "the device's own disk"),
];

/// How often something is there, and the first test that has it.
#[derive(Default)]
struct Seen {
    count: usize,
    first: String,
}

impl Seen {
    fn add(&mut self, id: &str) {
        self.count += 1;
        if self.count == 1 {
            id.clone_into(&mut self.first);
        }
    }
}

/// What was counted.
#[derive(Default)]
struct Counts<'a> {
    reasons: BTreeMap<&'a str, Seen>,
    checks: BTreeMap<&'a str, Seen>,
    flags: BTreeMap<&'a str, Seen>,
    breaks: BTreeMap<(&'a str, &'a str), Seen>,
}

impl<'a> Counts<'a> {
    fn of(files: &'a [File]) -> Self {
        let (mut all, owed) = (Self::default(), obligations::all());
        for file in files {
            for test in &file.tests {
                for check in &test.checks {
                    all.checks.entry(check).or_default().add(&test.id);
                }
                for (place, kind) in &test.breaks {
                    all.breaks.entry((place, kind)).or_default().add(&test.id);
                    // What is broken about a field is so about the rule that is its type.
                    let owed = owed.iter().find(|owed| owed.place == *place);
                    if let Some(rule) = owed.and_then(|owed| obligations::rule_of(owed.of)) {
                        all.breaks.entry((rule, kind)).or_default().add(&test.id);
                    }
                }
                for flag in &test.flags {
                    all.flags.entry(flag).or_default().add(&test.id);
                }
                for (_, exchange) in test.exchanges(file) {
                    // What a device refuses while it goes on with the rest, it lists.
                    let listed = exchange
                        .output
                        .as_ref()
                        .and_then(|o| o["refused"].as_array());
                    let listed = listed.into_iter().flatten().filter_map(Value::as_str);
                    for reason in exchange.reason.as_deref().into_iter().chain(listed) {
                        all.reasons.entry(reason).or_default().add(&test.id);
                    }
                }
            }
        }
        all
    }

    /// What SPEC has and no vector, and the other way round.
    fn gaps(&self) -> Vec<String> {
        let mut gaps = Vec::new();
        let elsewhere = |reason: &str| ELSEWHERE.iter().any(|(name, _)| *name == reason);
        for (reason, _) in &SPEC.reasons {
            match (self.reasons.contains_key(&**reason), elsewhere(reason)) {
                (false, false) => gaps.push(format!("no vector is refused for {reason}")),
                (true, true) => gaps.push(format!("{reason} is covered, and said not to be")),
                _ => {}
            }
        }
        for (claim, _) in &SPEC.claims {
            if !self.checks.contains_key(&**claim) {
                gaps.push(format!("no vector checks {claim}"));
            }
        }
        for owed in obligations::all() {
            let kinds = owed.kinds.iter();
            let open = kinds.filter(|kind| !self.breaks.contains_key(&(&*owed.place, **kind)));
            gaps.extend(
                open.map(|kind| format!("no vector breaks {} of {} alone", kind, owed.place)),
            );
        }
        let places: Vec<_> = obligations::all()
            .into_iter()
            .map(|owed| owed.place)
            .collect();
        let strange = self.breaks.iter().filter(|((place, _), _)| {
            !obligations::is_rule(place) && !places.iter().any(|is| is == place)
        });
        gaps.extend(
            strange
                .map(|((place, _), seen)| format!("{}: SPEC's grammar has no {place}", seen.first)),
        );
        let unknown = self.checks.iter().filter(|(check, _)| !SPEC.knows(check));
        gaps.extend(unknown.map(|(check, seen)| format!("{}: SPEC has no {check}", seen.first)));
        gaps
    }
}

/// How many tests of a file there are, and how many of its exchanges are accepted and rejected.
fn results(file: &File) -> (usize, usize, usize) {
    let exchanges = || file.tests.iter().flat_map(|test| test.exchanges(file));
    let accepted = exchanges()
        .filter(|(_, e)| e.result == Verdict::Accept)
        .count();
    (file.tests.len(), accepted, exchanges().count() - accepted)
}

/// The page that says what is covered.
///
/// # Errors
/// What is not covered, and what is named and not in SPEC.
pub fn page(files: &[File]) -> Result<String> {
    let counts = Counts::of(files);
    let gaps = counts.gaps();
    if !gaps.is_empty() {
        return Err(Error::Generate(gaps.join("\n")));
    }
    let mut out = String::from(HEAD);
    // Writing to a string does not fail.
    let _ = write(&mut out, files, &counts);
    Ok(out)
}

const HEAD: &str = "# What the vectors cover

Written by `conformance generate`, which fails where SPEC has a reason or a claim that no vector checks.

";

fn write(out: &mut String, files: &[File], counts: &Counts<'_>) -> std::fmt::Result {
    writeln!(
        out,
        "| scheme | operation | tests | accept | reject |\n|---|---|--:|--:|--:|"
    )?;
    let mut sum = [0; 3];
    for file in files {
        let (tests, accepted, rejected) = results(file);
        let (scheme, name) = (&file.scheme, file.path());
        writeln!(
            out,
            "| {scheme} | [`{}`]({name}) | {tests} | {accepted} | {rejected} |",
            file.operation
        )?;
        sum = [sum[0] + tests, sum[1] + accepted, sum[2] + rejected];
    }
    writeln!(out, "| | all | {} | {} | {} |\n", sum[0], sum[1], sum[2])?;
    writeln!(
        out,
        "Of a sequence, accept and reject count its steps.\n\n## Reasons\n"
    )?;
    writeln!(
        out,
        "| reason | tests and steps | the first of them |\n|---|--:|---|"
    )?;
    for (reason, _) in &SPEC.reasons {
        match counts.reasons.get(&**reason) {
            Some(seen) => writeln!(out, "| `{reason}` | {} | `{}` |", seen.count, seen.first)?,
            None => {
                let why = ELSEWHERE.iter().find(|(name, _)| name == reason);
                writeln!(
                    out,
                    "| `{reason}` | none | {} |",
                    why.map_or("", |(_, why)| why)
                )?;
            }
        }
    }
    writeln!(
        out,
        "\n## Claims\n\n| claim | tests | the first of them |\n|---|--:|---|"
    )?;
    for (claim, _) in &SPEC.claims {
        if let Some(seen) = counts.checks.get(&**claim) {
            writeln!(out, "| {claim} | {} | `{}` |", seen.count, seen.first)?;
        }
    }
    grammar(out, counts)?;
    writeln!(
        out,
        "\n## Flags\n\n| flag | tests | the first of them |\n|---|--:|---|"
    )?;
    for (flag, seen) in &counts.flags {
        writeln!(out, "| {flag} | {} | `{}` |", seen.count, seen.first)?;
    }
    Ok(())
}

/// For every field of the grammar, the vectors that break one thing about it alone.
fn grammar(out: &mut String, counts: &Counts<'_>) -> std::fmt::Result {
    writeln!(out, "{GRAMMAR}")?;
    for owed in obligations::all() {
        let cell = |kind: &&'static str| match counts.breaks.get(&(&*owed.place, *kind)) {
            Some(seen) if owed.kinds.contains(kind) => format!("`{}` ({})", seen.first, seen.count),
            _ => String::new(),
        };
        let cells: Vec<String> = obligations::KINDS.iter().map(cell).collect();
        let of: Vec<&str> = owed.of.split_whitespace().collect();
        let of = of.join(" ").replace('|', "\\|");
        writeln!(out, "| {} | `{of}` | {} |", owed.place, cells.join(" | "))?;
    }
    for (rule, why) in obligations::NOT_READ {
        writeln!(out, "| {rule} | {why} | | | | | | |")?;
    }
    Ok(())
}

const GRAMMAR: &str = "
## Grammar

Every rule and field of SPEC's grammar, and for each kind of rule about it the first vector (and how many there are)
that breaks it and nothing else: whatever seals, signs or hashes the bytes was computed over them as they are. A type:
another one stands there. A value: another length, size, name, point or number than may be. Null: null, undefined or
false where there is a value. Absent, more: the field is missing, or there twice. Encoding: right and not
deterministic. `*` is an item of a list.

| field | as it is | type | value | null | absent | more | encoding |
|---|---|---|---|---|---|---|---|";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_covered_is_told() {
        let gaps = Counts::of(&[]).gaps();
        assert!(gaps.contains(&"no vector checks CLAIM-ROOT".to_owned()));
        assert!(gaps.contains(&"no vector is refused for malformed".to_owned()));
        assert!(!gaps.iter().any(|gap| gap.contains("local-state")));
        assert!(page(&[]).is_err());
    }

    #[test]
    fn a_field_of_the_grammar_that_nothing_breaks_is_told() {
        let gap = "no vector breaks null of lease.until alone".to_owned();
        let mut counts = Counts::default();
        assert!(counts.gaps().contains(&gap));
        let breaks = counts.breaks.entry(("lease.until", "null"));
        breaks.or_default().add("message-read/lease.until.null");
        assert!(!counts.gaps().contains(&gap));
    }

    #[test]
    fn what_is_named_and_not_in_spec_is_told() {
        let mut counts = Counts::default();
        counts.checks.entry("CLAIM-NONE").or_default().add("a/b");
        assert!(
            counts
                .gaps()
                .contains(&"a/b: SPEC has no CLAIM-NONE".to_owned())
        );
        counts.reasons.entry("input").or_default().add("a/c");
        assert!(
            counts
                .gaps()
                .contains(&"input is covered, and said not to be".to_owned())
        );
    }
}
