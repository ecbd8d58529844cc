//! The main job's report: the table for people, JSON, and JUnit's XML.

use std::fmt::{self, Write as _};

use crate::check::{Counts, Finding, Outcome, Summary};
use conformance_common::report;

/// The table for people. What was not checked stands first, then what failed, then what held.
pub fn table(summary: &Summary) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write_table(&mut out, summary);
    out
}

fn write_table(out: &mut String, summary: &Summary) -> fmt::Result {
    let rank = |finding: &&Finding| match finding.outcome {
        Outcome::NotChecked(_) => 0,
        Outcome::Failed(_) => 1,
        Outcome::Held => 2,
    };
    let mut findings: Vec<&Finding> = summary.findings.iter().collect();
    findings.sort_by_key(rank);
    writeln!(out, "Checks")?;
    for finding in findings {
        let (verdict, text) = match &finding.outcome {
            Outcome::NotChecked(why) => ("not checked", why),
            Outcome::Failed(why) => ("FAILED", why),
            Outcome::Held => ("held", &finding.shows),
        };
        let (name, time) = (&finding.name, finding.time.as_secs_f64());
        writeln!(out, "  {verdict:<12} {name:<10} {time:>6.2} s  {text}")?;
    }
    let Counts {
        held,
        failed,
        not_checked,
    } = summary.counts();
    let time = summary.time.as_secs_f64();
    writeln!(
        out,
        "{not_checked} not checked, {failed} failed, {held} held, in {time:.1} s"
    )
}

/// Everything that was found, with the details that checks gave.
pub fn json(summary: &Summary) -> serde_json::Result<String> {
    report::json(summary, summary.counts(), "not-checked", None)
}

/// As JUnit's XML.
pub fn junit(summary: &Summary) -> Result<String, report::SerializeError> {
    let cases = summary.findings.iter().map(|finding| report::Case {
        class: "conformance",
        name: &finding.name,
        outcome: finding.outcome.clone(),
        time: Some(finding.time),
    });
    report::junit("EncryptedIoT", "conformance", Some(summary.time), cases)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Check, Context, run};

    fn summary() -> Summary {
        let checks = [
            Check::new("one", "one is so", |c| {
                c.show("text", &[1, 2]);
                Outcome::Held
            }),
            Check::new("two", "two is so", |_| {
                Outcome::Failed("<two> & more".into())
            }),
            Check::new("three", "three is so", |_| {
                Outcome::NotChecked("no way".into())
            }),
        ];
        run(&checks, &Context::new(1, "unused".into(), &|_| ()))
    }

    #[test]
    fn what_was_not_checked_stands_first_and_what_held_last() {
        let table = table(&summary());
        let places = ["no way", "<two>", "one is so"].map(|text| table.find(text).unwrap());
        assert!(places.is_sorted(), "{table}");
        assert!(table.contains("1 not checked, 1 failed, 1 held"));
        assert!(!table.contains("three is so"));
    }

    #[test]
    fn json_and_junit_tell_the_same() {
        let summary = summary();
        let json: serde_json::Value = serde_json::from_str(&json(&summary).unwrap()).unwrap();
        let outcomes = ["held", "failed", "not-checked"];
        for (finding, outcome) in json["findings"].as_array().unwrap().iter().zip(outcomes) {
            assert_eq!(finding["outcome"], outcome);
        }
        assert_eq!(json["findings"][0]["detail"][1], 2);
        assert_eq!(json["findings"][2]["why"], "no way");
        assert_eq!(json["counts"]["not-checked"], 1);
        let junit = junit(&summary).unwrap();
        for part in [
            "tests=\"3\"",
            "failures=\"1\"",
            "<skipped",
            "&lt;two&gt; &amp; more",
        ] {
            assert!(junit.contains(part), "{junit}");
        }
    }
}
