//! What was found, for people, for machines (JSON), and for CI (JUnit).

use std::fmt::{self, Write as _};

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::check::{Finding, Outcome, Summary};

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
    let (held, failed, not_checked) = summary.counts();
    let time = summary.time.as_secs_f64();
    writeln!(
        out,
        "{not_checked} not checked, {failed} failed, {held} held, in {time:.1} s"
    )
}

/// Everything that was found, with the details that checks gave.
///
/// # Errors
/// None that is known: every part is plain data.
pub fn json(summary: &Summary) -> serde_json::Result<String> {
    let (held, failed, not_checked) = summary.counts();
    let counts = serde_json::json!({
        "held": held, "failed": failed, "not-checked": not_checked
    });
    let mut all = serde_json::to_value(summary)?;
    if let Some(all) = all.as_object_mut() {
        all.insert("counts".to_owned(), counts);
    }
    serde_json::to_string_pretty(&all)
}

/// JUnit's XML. What was not checked is "skipped" there.
///
/// # Errors
/// If a text cannot stand in XML.
pub fn junit(summary: &Summary) -> Result<String, quick_junit::SerializeError> {
    let mut suite = TestSuite::new("conformance");
    for finding in &summary.findings {
        let status = match &finding.outcome {
            Outcome::Held => TestCaseStatus::success(),
            Outcome::Failed(why) => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                status.set_message(why.as_str());
                status
            }
            Outcome::NotChecked(why) => {
                let mut status = TestCaseStatus::skipped();
                status.set_message(why.as_str());
                status
            }
        };
        let mut case = TestCase::new(finding.name.as_str(), status);
        case.set_classname("conformance").set_time(finding.time);
        suite.add_test_case(case);
    }
    suite.set_time(summary.time);
    let mut report = Report::new("EncryptedIoT");
    report.set_time(summary.time).add_test_suite(suite);
    report.to_string()
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
