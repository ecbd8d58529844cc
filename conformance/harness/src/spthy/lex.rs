//! Tokens of a `.spthy` text, with their places. Comments are tokens too: lemmas are explained in
//! them.

use std::ops::Range;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A word: letters, digits, `_`, and `-` within `all-traces` and the like.
    Word,
    /// `'…'`.
    Name,
    /// `"`, the border of a formula.
    Quote,
    /// `#ifdef`, `#else`, `#endif`, `#define`, `#include`.
    Directive,
    /// `/* … */`, `// …`, `{* … *}`.
    Comment,
    /// Anything else.
    Sign,
}

#[derive(Clone, Debug)]
pub struct Token {
    pub kind: Kind,
    /// Where it stands.
    pub span: Range<usize>,
}

impl Token {
    pub fn text<'t>(&self, source: &'t str) -> &'t str {
        &source[self.span.clone()]
    }
}

const DIRECTIVES: [&str; 5] = ["#ifdef", "#else", "#endif", "#define", "#include"];
/// Longest first.
const SIGNS: [&str; 14] = [
    "<=>", "==>", "-->", "--[", "]->", "]-->", "<<", ">>", "=>", "&&", "||", "%+", "(+)", "..",
];
/// Words with a hyphen, which elsewhere is a sign of its own.
const HYPHENED: [&str; 11] = [
    "all-traces",
    "exists-trace",
    "asymmetric-encryption",
    "symmetric-encryption",
    "natural-numbers",
    "diffie-hellman",
    "bilinear-pairing",
    "revealing-signing",
    "locations-report",
    "dest-pairing",
    "reliable-channel",
];

/// Tamarin's comments nest, those of other readers do not.
const NESTED: &str =
    "a comment within a comment: what follows is a comment to some readers and in force to others";

/// Readers differ in which characters are white space and which are letters.
const FOREIGN: &str =
    "a character beyond ASCII outside of a comment and of a name: readers take it differently";

/// The connectives that may be written as they are; the last is in goals, which tactics name.
const CONNECTIVES: [char; 10] = ['∀', '∃', '∧', '∨', '¬', '⇒', '⇔', '⊥', '⊤', '∥'];

/// The tokens of a text.
///
/// # Errors
/// Where a comment, a name or an unknown character begins that does not end, with what it is; what readers take
/// differently.
pub fn tokens(source: &str) -> Result<Vec<Token>, (usize, &'static str)> {
    let mut found = Vec::new();
    let mut at = 0;
    let mut in_formula = false;
    while let Some(first) = source[at..].chars().next() {
        let rest = &source[at..];
        let (kind, length) = if first.is_ascii_whitespace() {
            at += 1;
            continue;
        } else if !first.is_ascii() && !CONNECTIVES.contains(&first) {
            return Err((at, FOREIGN));
        } else if rest.starts_with("/*") {
            let end = rest.find("*/").ok_or((at, "a comment that does not end"))?;
            if rest[2..end].contains("/*") {
                return Err((at, NESTED));
            }
            (Kind::Comment, end + 2)
        } else if rest.starts_with("//") {
            (Kind::Comment, rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("{*") {
            let end = rest.find("*}").ok_or((at, "a comment that does not end"))?;
            (Kind::Comment, end + 2)
        } else if first == '"' {
            in_formula = !in_formula;
            (Kind::Quote, 1)
        } else if first == '\'' {
            let end = rest[1..].find('\'');
            let end = end.filter(|end| !rest[..=*end].contains(['\n', '\r']));
            let end = end.ok_or((at, "a name in quotes that does not end in its line"))?;
            (Kind::Name, end + 2)
        } else if first == '#' && !in_formula && directive(rest).is_some() {
            (Kind::Directive, directive(rest).map_or(1, str::len))
        } else if let Some(word) = HYPHENED.iter().find(|w| rest.starts_with(**w)) {
            (Kind::Word, word.len())
        } else if first.is_ascii_alphanumeric() || first == '_' {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            (Kind::Word, end.unwrap_or(rest.len()))
        } else {
            let sign = SIGNS.iter().find(|s| rest.starts_with(**s));
            (Kind::Sign, sign.map_or(first.len_utf8(), |s| s.len()))
        };
        let span = at..at + length;
        found.push(Token { kind, span });
        at += length;
    }
    match in_formula {
        true => Err((source.len(), "a formula that does not end")),
        false => Ok(found),
    }
}

fn directive(rest: &str) -> Option<&'static str> {
    let is = |d: &&&str| {
        let after = rest.strip_prefix(**d).map(|r| r.chars().next());
        after.is_some_and(|c| !c.is_some_and(|c| c.is_alphanumeric() || c == '_'))
    };
    DIRECTIVES.iter().find(is).copied()
}

/// Tokens as one line that does not depend on layout, comments, or on which of two notations is
/// used for a connective.
pub fn normal<'t>(tokens: impl IntoIterator<Item = &'t Token>, source: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    for token in tokens.into_iter().filter(|t| t.kind != Kind::Comment) {
        words.push(match token.text(source) {
            "∀" => "All",
            "∃" => "Ex",
            "∧" => "&",
            "∨" => "|",
            "¬" => "not",
            "⇒" => "==>",
            "⇔" => "<=>",
            "⊥" => "F",
            "⊤" => "T",
            other => other,
        });
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_comments_and_notation_do_not_count() {
        let (one, two) = (
            "All x #i. A(x)@i /* c */ ==> (not Ex #j. K('a b')@j)",
            "∀ x  #i . A( x ) @ i\n⇒ // c\n(¬ ∃ #j. K('a b')@j)",
        );
        let of = |text: &str| normal(&tokens(text).unwrap(), text);
        assert_eq!(of(one), of(two));
        assert_ne!(of(one), of("All x #i. A(x)@i ==> (not Ex #j. K('ab')@j)"));
    }

    #[test]
    fn what_readers_take_differently_is_refused() {
        let hidden = "/* a /* b */ lemma l: \"F\" /* */ */";
        for text in [
            hidden,
            "lemma\u{a0}l",
            "rule\u{85}R",
            "\u{feff}theory",
            "rule Ré",
            "a\u{2028}b",
        ] {
            assert!(tokens(text).is_err(), "{text}");
        }
        for text in [
            "/* a // b */ x",
            "// a /* b\nx",
            "/* é \u{a0} */ x",
            "'é' x",
            "∀ x",
        ] {
            assert!(tokens(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_does_not_end_is_told() {
        for text in ["/* x", "'x", "\"x", "text{* x", "'x\ny'"] {
            assert!(tokens(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_temporal_variable_is_no_directive() {
        let text = "#ifdef A \"#else@i\" #elsewhere #endif";
        let kinds = tokens(text).unwrap();
        let found: Vec<&str> = kinds
            .iter()
            .filter(|t| t.kind == Kind::Directive)
            .map(|t| t.text(text))
            .collect();
        assert_eq!(found, ["#ifdef", "#endif"]);
    }
}
