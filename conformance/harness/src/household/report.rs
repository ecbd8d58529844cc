//! What a search found, in words.

use super::search::{Count, Outcome};

/// The outcome as text; `again` is how the same histories are asked for.
pub fn describe(outcome: &Outcome, again: &str) -> String {
    let o = outcome;
    let mut out = format!(
        "household, against what the owner meant\n  {} histories, {} steps, {} of them the adversary's; {} clips\n",
        o.histories, o.steps, o.hostile, o.clips,
    );
    let rate = o.steps as f64 / o.seconds.max(f64::MIN_POSITIVE);
    out += &format!(
        "  {:.2} s ({rate:.0} steps/s), {:.2} s of them in judging\n",
        o.seconds, o.judging
    );
    let thing = |(word, count): (&String, &Count)| {
        format!("{word} {}/{}", count.done, count.done + count.refused)
    };
    let things: Vec<_> = o.things.iter().map(thing).collect();
    out += &format!("  done, of those tried: {}\n", things.join(", "));
    let refused: Vec<_> = o
        .refused
        .iter()
        .map(|(why, count)| format!("{why} {count}"))
        .collect();
    out += &format!("  refused: {}\n", refused.join(", "));
    for (what, count) in &o.noted {
        out += &format!("  noted {count} times: {what}\n");
    }
    match &o.counterexample {
        None => out += "  refuted: nothing\n\n",
        Some(wrong) => {
            for what in &wrong.what {
                out += &format!("  REFUTED: {what}\n");
            }
            let number = wrong.number;
            out += &format!(
                "  by `conformance trace household {again} --history {number}`, at the shortest:\n"
            );
            for (at, line) in wrong.history.iter().enumerate() {
                out += &format!("  {:4}. {line}\n", at + 1);
            }
            out.push('\n');
        }
    }
    out
}
