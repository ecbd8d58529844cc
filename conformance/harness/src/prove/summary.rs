//! The summary that a prover prints at the end: of tamarin-prover 1.8 and later, and of its port.
//!
//! ```text
//! ==============================================================================
//! summary of summaries:
//!
//! analyzed: model.spthy
//!
//!   processing time: 0.14s
//!
//!   WARNING: 1 wellformedness check failed!
//!            The analysis results might be wrong!
//!
//!   lemma (all-traces): falsified - found trace (4 steps)
//!
//! ==============================================================================
//! ```
//!
//! Whatever does not look like this is not understood, and what is not understood is no verdict.

use super::manifest::Verdict;
use crate::spthy::Quantifier;

/// A summary of one file.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The file.
    pub analyzed: String,
    pub lemmas: Vec<Line>,
    /// Warnings, with what the prover says of them elsewhere.
    pub warnings: Vec<String>,
}

/// A lemma's line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its name, with the side in a `--diff` theory.
    pub name: String,
    /// All traces or one.
    pub quantifier: Quantifier,
    /// The verdict, or what stands there instead.
    pub status: Result<Verdict, String>,
    /// How many steps the proof has.
    pub steps: u64,
}

/// Why an output is no summary.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("the prover printed no summary")]
    None,
    #[error("the prover's summary is truncated")]
    Truncated,
    /// A line that is not understood.
    #[error("the prover's summary has a line that is not understood: `{0}`")]
    Line(String),
    /// It is of no file, or of several.
    #[error("the prover's summary is not of one file")]
    Files,
}

/// Reads what a prover printed.
///
/// # Errors
/// If it is no complete summary of one file.
pub fn read(output: &str) -> Result<Summary, Unreadable> {
    let is_rule = |line: &str| line.len() >= 70 && line.bytes().all(|b| b == b'=');
    let lines: Vec<&str> = output.lines().map(str::trim_end).collect();
    let title = lines.iter().rposition(|l| *l == "summary of summaries:");
    let title = title.ok_or(Unreadable::None)?;
    let rest = &lines[title + 1..];
    let end = rest.iter().position(|l| is_rule(l));
    let end = end.ok_or(Unreadable::Truncated)?;
    if rest[end + 1..].iter().any(|l| !l.is_empty()) {
        return Err(Unreadable::Line(
            rest[end + 1..].join(" ").trim().to_owned(),
        ));
    }
    let mut summary = Summary {
        analyzed: String::new(),
        lemmas: Vec::new(),
        warnings: Vec::new(),
    };
    let mut files = 0;
    for line in rest[..end].iter().map(|l| l.trim()) {
        if let Some(path) = line.strip_prefix("analyzed: ") {
            path.clone_into(&mut summary.analyzed);
            files += 1;
        } else if line.starts_with("WARNING") {
            summary.warnings.push(line.to_owned());
        } else if line.is_empty()
            || line == "The analysis results might be wrong!"
            || line.starts_with("processing time:")
            || line.starts_with("output:")
        {
            continue;
        } else {
            let lemma = lemma(line).ok_or_else(|| Unreadable::Line(line.to_owned()))?;
            summary.lemmas.push(lemma);
        }
    }
    if files != 1 {
        return Err(Unreadable::Files);
    }
    if !summary.warnings.is_empty() {
        summary.warnings.extend(failed_checks(&lines[..title]));
    }
    Ok(summary)
}

/// `name (all-traces): verified (4 steps)`, with `LHS :` before it or as `DiffLemma:` in `--diff`.
fn lemma(line: &str) -> Option<Line> {
    let (head, status) = line.rsplit_once("):").map_or_else(
        || {
            let (name, status) = line.strip_prefix("DiffLemma:")?.split_once(" : ")?;
            Some((name.trim(), status))
        },
        |(head, status)| Some((head, status)),
    )?;
    let (name, quantifier) = match head.rsplit_once(" (") {
        Some((name, "all-traces")) => (name, Quantifier::AllTraces),
        Some((name, "exists-trace")) => (name, Quantifier::ExistsTrace),
        Some(_) => return None,
        None => (head, Quantifier::Equivalence),
    };
    let name = ["LHS", "RHS"]
        .iter()
        .find_map(|side| {
            let name = name.strip_prefix(side)?.trim_start().strip_prefix(':')?;
            Some(format!("{} ({side})", name.trim()))
        })
        .unwrap_or_else(|| name.trim().to_owned());
    if name.contains([':', ' ']) && !name.ends_with(" (LHS)") && !name.ends_with(" (RHS)") {
        return None;
    }
    let (status, steps) = status.trim().rsplit_once(" (")?;
    let steps = steps.strip_suffix(" steps)")?.parse().ok()?;
    let status = match (status, quantifier) {
        ("verified", _) => Ok(Verdict::Verified),
        ("falsified - found trace", Quantifier::AllTraces | Quantifier::Equivalence)
        | ("falsified - no trace found", Quantifier::ExistsTrace) => Ok(Verdict::Falsified),
        (other, _) => Err(other.to_owned()),
    };
    Some(Line {
        name,
        quantifier,
        status,
        steps,
    })
}

/// The topics of failed checks, which stand in the theory that is printed before the summary.
fn failed_checks(lines: &[&str]) -> Vec<String> {
    let begin = "WARNING: the following wellformedness checks failed!";
    let Some(at) = lines.iter().rposition(|l| l.trim() == begin) else {
        return Vec::new();
    };
    let block = lines[at + 1..].iter().take_while(|l| !l.starts_with("*/"));
    let kept = block.map(|l| l.trim()).filter(|l| {
        let border = l.chars().all(|c| matches!(c, '=' | '-' | '_'));
        !l.is_empty() && !border
    });
    kept.take(12).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str =
        "==============================================================================";

    fn of(lines: &str) -> Result<Summary, Unreadable> {
        read(&format!(
            "theory x\n{RULE}\nsummary of summaries:\n\nanalyzed: a.spthy\n\n{lines}\n\n{RULE}\n"
        ))
    }

    #[test]
    fn every_line_that_provers_print_is_understood() {
        let summary = of(
            "  output:          b.spthy\n  processing time: 0.14s\n  \n  one (all-traces): verified (5 steps)\n  \
             two (exists-trace): falsified - no trace found (2 steps)\n  \
             three (all-traces): falsified - found trace (3 steps)\n  \
             four (all-traces): analysis incomplete (1 steps)\n  \
             RHS :  five (all-traces): verified (9 steps)\n  \
             DiffLemma:  Observational_equivalence : falsified - found trace (7 steps)",
        )
        .unwrap();
        let got: Vec<_> = summary
            .lemmas
            .iter()
            .map(|l| (l.name.as_str(), l.status.clone(), l.steps))
            .collect();
        assert_eq!(
            got,
            [
                ("one", Ok(Verdict::Verified), 5),
                ("two", Ok(Verdict::Falsified), 2),
                ("three", Ok(Verdict::Falsified), 3),
                ("four", Err("analysis incomplete".to_owned()), 1),
                ("five (RHS)", Ok(Verdict::Verified), 9),
                ("Observational_equivalence", Ok(Verdict::Falsified), 7),
            ]
        );
        assert_eq!(summary.analyzed, "a.spthy");
    }

    #[test]
    fn what_is_not_understood_is_no_verdict() {
        for status in [
            "analysis undetermined",
            "proof has been invalidated",
            "verified?",
            "falsified - no trace found",
            "analysis cannot be finished (reducible operators in subterms)",
        ] {
            let summary = of(&format!("  one (all-traces): {status} (1 steps)")).unwrap();
            assert_eq!(summary.lemmas[0].status, Err(status.to_owned()));
        }
        for line in [
            "  one: verified",
            "  one (all-traces): verified",
            "  one (some): verified (1 steps)",
            "  nonsense",
        ] {
            assert!(matches!(of(line), Err(Unreadable::Line(_))), "{line}");
        }
    }

    #[test]
    fn a_summary_is_whole_and_of_one_file() {
        assert_eq!(read("nothing"), Err(Unreadable::None));
        let cut = format!(
            "{RULE}\nsummary of summaries:\n\nanalyzed: a\n\n  one (all-traces): verified (1 steps)\n"
        );
        assert_eq!(read(&cut), Err(Unreadable::Truncated));
        assert_eq!(of("analyzed: b.spthy"), Err(Unreadable::Files));
        assert!(read(&format!("{cut}\n{RULE}\nmore")).is_err());
    }

    #[test]
    fn a_warning_is_kept_with_what_it_is_about() {
        let text = format!(
            "/*\nWARNING: the following wellformedness checks failed!\n\nDerivation Checks\n=====\n\n  \
             Derivation checks timed out.\n*/\n{RULE}\nsummary of summaries:\n\nanalyzed: a\n\n  \
             WARNING: 1 wellformedness check failed!\n           The analysis results might be wrong!\n\n  \
             one (all-traces): verified (1 steps)\n\n{RULE}\n"
        );
        let warnings = read(&text).unwrap().warnings;
        assert_eq!(
            warnings[1..],
            ["Derivation Checks", "Derivation checks timed out."]
        );
    }
}
