//! Reads `.spthy` models without a prover. One lexer, one preprocessor and one reader of items serve
//! both the pins ([`Reading`]) and the trace oracle ([`theory`]).

mod error;
pub mod explain;
pub mod formula;
pub mod items;
pub mod lemma;
pub mod lex;
pub mod preprocess;
pub mod reading;
pub mod source;
pub mod theory;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use error::Error;
pub use lemma::Lemma;
pub use reading::Reading;
pub use source::Source;

/// Whether a lemma speaks of all traces, or says that there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quantifier {
    /// `all-traces`, the default.
    AllTraces,
    /// `exists-trace`.
    ExistsTrace,
    /// The equivalence of both sides in a `--diff` theory.
    Equivalence,
}

impl Quantifier {
    /// As provers write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::AllTraces => "all-traces",
            Self::ExistsTrace => "exists-trace",
            Self::Equivalence => "equivalence",
        }
    }
}

/// The first 128 bits of SHA-256, in hexadecimal.
pub fn hash<'t>(parts: impl IntoIterator<Item = &'t str>) -> String {
    let mut state = Sha256::new();
    for part in parts {
        state.update((part.len() as u64).to_le_bytes());
        state.update(part);
    }
    let digest = state.finalize();
    digest[..16].iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn read(text: &str, flags: &[&str]) -> Reading {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("t.spthy");
        std::fs::write(&path, text).unwrap();
        let flags = flags.iter().map(|f| (*f).to_owned()).collect();
        Source::read(&path).unwrap().under(&flags, false).unwrap()
    }

    const MODEL: &str = r#"theory T begin
        /* Header. More. */
        restriction Eq: "All x y #i. Eq(x,y)@i ==> x = y"
        rule R: [ Fr(~x) ] --[ _restrict( A('a') ), S(~x) ]-> [ Out(~x) ]

        /* Other. */

        /* CLAIM-ONE, CLAIM-TWO: Nobody learns x, i.e. it is secret. It is.
           ------
           More. */
        lemma one [reuse, hide_lemma=zero]:
          "All x #i. S(x)@i ==> not (Ex #j. K(x)@j)"
        // It can be done. (CLAIM-THREE)
        lemma two: exists-trace "Ex x #i. S(x)@i"
        #ifdef X
        lemma three [sources]: "T"
        #endif
        end"#;

    #[test]
    fn lemmas_are_read_with_what_explains_them() {
        let reading = read(MODEL, &[]);
        let [one, two] = reading.lemmas.as_slice() else {
            panic!("{:?}", reading.lemmas)
        };
        assert_eq!(one.sentence, "Nobody learns x, i.e. it is secret.");
        assert_eq!(one.claims, ["CLAIM-ONE", "CLAIM-TWO"]);
        assert_eq!(two.sentence, "It can be done.");
        assert_eq!(two.claims, ["CLAIM-THREE"]);
        assert_eq!(two.quantifier, Quantifier::ExistsTrace);
        assert!(one.reuse() && one.hides("zero"));
        assert_eq!(reading.restrictions, ["Eq", "in rule R"]);
        assert_eq!(reading.rests_on(two, &BTreeSet::new())[0].name, "one");
        let stripped = BTreeSet::from(["one".to_owned()]);
        assert!(reading.rests_on(two, &stripped).is_empty());
        let reading = read(MODEL, &["X"]);
        let rests: Vec<_> = reading.rests_on(&reading.lemmas[0], &stripped);
        assert_eq!(rests[0].name, "three");
    }

    #[test]
    fn what_changes_the_meaning_changes_a_hash_and_layout_does_not() {
        let (base, none) = (read(MODEL, &[]), BTreeSet::new());
        let other = read(&MODEL.replace("not (Ex", "not  /* x */ (Ex"), &[]);
        assert_eq!(base.lemmas[0].hash, other.lemmas[0].hash);
        let weaker = read(&MODEL.replace("==> not", "==> T | not"), &[]);
        assert_ne!(base.lemmas[0].hash, weaker.lemmas[0].hash);
        assert_eq!(base.restrictions_hash, weaker.restrictions_hash);
        // The second rests on the first.
        let key = |r: &Reading| r.key(&r.lemmas[1], &none);
        assert_ne!(key(&base), key(&weaker));
        for (from, to) in [("A('a')", "A('b')"), ("x = y", "y = x")] {
            let added = read(&MODEL.replace(from, to), &[]);
            assert_ne!(base.restrictions_hash, added.restrictions_hash);
            assert_eq!(base.lemmas[0].hash, added.lemmas[0].hash);
            assert_ne!(key(&base), key(&added));
        }
        let rule = read(&MODEL.replace("Out(~x)", "Out(h(~x))"), &[]);
        assert_eq!(base.restrictions_hash, rule.restrictions_hash);
        assert_ne!(key(&base), key(&rule));
        // A lemma after it, or one that it does not rest on, changes nothing.
        let less = read(
            &MODEL.replace("#ifdef X", "lemma four: \"F\" #ifdef X"),
            &[],
        );
        assert_eq!(key(&base), key(&less));
    }

    #[test]
    fn reuse_is_taken_away_and_proofs_are_put_in() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("t.spthy");
        std::fs::write(&path, MODEL).unwrap();
        let source = Source::read(&path).unwrap();
        let reading = source.under(&BTreeSet::new(), false).unwrap();
        let strip = BTreeSet::from(["one".to_owned()]);
        let proofs = BTreeMap::from([("two".to_owned(), "by sorry".to_owned())]);
        let text = source.prepared(&reading, &strip, &proofs);
        assert!(text.contains("lemma one [hide_lemma=zero]:"), "{text}");
        assert!(text.contains("S(x)@i\"\nby sorry\n"), "{text}");
    }

    #[test]
    fn sides_of_a_diff_theory_are_told_apart_and_includes_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("t.spthy");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Source::read(&path)?.under(&BTreeSet::new(), true)
        };
        let reading = read("theory T begin lemma i: \"T\"\nlemma j [left]: \"T\" end").unwrap();
        let names: Vec<_> = reading.lemmas.iter().map(|l| l.name.as_str()).collect();
        let all = ["i (LHS)", "i (RHS)", "j (LHS)", "Observational_equivalence"];
        assert_eq!(names, all);
        let refused = read("theory T begin\n#include \"i.spthy\"\nend").unwrap_err();
        assert!(
            refused.to_string().contains("t.spthy:2: `#include`"),
            "{refused}"
        );
    }

    fn theory(items: &str) -> std::result::Result<theory::Theory, String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("t.spthy");
        let text = format!("theory T begin builtins: hashing {items} end");
        std::fs::write(&path, text).unwrap();
        let source = Source::read(&path).map_err(|error| error.to_string())?;
        theory::Theory::read(&source, &BTreeSet::new())
    }

    /// Texts that would take a reader without limits for ever, or its whole stack.
    #[test]
    fn what_has_no_end_is_refused() {
        let lemma = |formula: &str| format!("lemma l: \"{formula}\"");
        let nested = |by: usize| lemma(&format!("{}T{}", "(".repeat(by), ")".repeat(by)));
        let many = |what: &str, by: usize| lemma(&format!("T{}", what.repeat(by)));
        let mut doubling = "macros: m0(x) = <x, x>".to_owned();
        for n in 1..40 {
            doubling += &format!(", m{n}(x) = m{}(m{}(x))", n - 1, n - 1);
        }
        for endless in [
            "rule R: [ A('a')[".to_owned(),
            nested(5_000),
            many(" ==> T", 5_000),
            many(" & T", 100_000),
            many(" <=> T", 40),
            lemma(&format!("{}T", "not ".repeat(5_000))),
            format!(
                "rule R: [ A({}'a'{}) ] --> [ ]",
                "<'a', ".repeat(5_000),
                ">".repeat(5_000)
            ),
            "macros: m(x) = x, m(x) = m(x) rule R: [ A(m('a')) ] --> [ ]".to_owned(),
            format!("{doubling} rule R: [ A(m39('a')) ] --> [ ]"),
            format!(
                "{} rule R: [ A(m39('a')) ] --> [ ]",
                doubling.replace("<x, x>", "h(x)")
            ),
            "#include #include \"x\"".to_owned(),
        ] {
            let refused = theory(&endless);
            assert!(refused.is_err(), "{}", &endless[..endless.len().min(80)]);
        }
        for finite in [nested(20), many(" & T", 500), many(" <=> T", 4)] {
            theory(&finite).unwrap();
        }
    }
}
