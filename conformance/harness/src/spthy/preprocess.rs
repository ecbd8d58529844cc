//! Which part of a text is in force under a set of flags, by the provers' own rules.
//!
//! `#ifdef` does not nest in a block that is skipped: the Haskell prover skips to the next `#else`
//! or `#endif` whatever stands between, a comment included. A text for which that would make a
//! difference is refused here, so that what we read is what any prover reads.

use std::collections::BTreeSet;

use super::lex::{Kind, Token};

/// Where something is wrong, and what.
pub type Wrong = (usize, String);

/// The tokens in force, comments included, and directives gone.
pub fn in_force(
    source: &str,
    tokens: &[Token],
    flags: &BTreeSet<String>,
) -> Result<Vec<Token>, Wrong> {
    let mut reader = Reader {
        source,
        tokens,
        at: 0,
        flags: flags.clone(),
        kept: Vec::new(),
    };
    reader.items(0)?;
    Ok(reader.kept)
}

/// Every flag that some `#ifdef` asks for.
pub fn asked(source: &str, tokens: &[Token]) -> Result<BTreeSet<String>, Wrong> {
    let mut found = BTreeSet::new();
    for at in 0..tokens.len() {
        if is(source, &tokens[at], "#ifdef") {
            let mut reader = Reader {
                source,
                tokens,
                at: at + 1,
                flags: BTreeSet::new(),
                kept: Vec::new(),
            };
            reader.condition(&mut found)?;
        }
    }
    Ok(found)
}

fn is(source: &str, token: &Token, text: &str) -> bool {
    token.kind == Kind::Directive && token.text(source) == text
}

struct Reader<'t> {
    source: &'t str,
    tokens: &'t [Token],
    at: usize,
    flags: BTreeSet<String>,
    kept: Vec<Token>,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<&'t Token> {
        self.tokens.get(self.at)
    }

    fn wrong<T>(&self, what: impl Into<String>) -> Result<T, Wrong> {
        let place = self
            .peek()
            .map_or(self.source.len(), |token| token.span.start);
        Err((place, what.into()))
    }

    fn word(&mut self) -> Result<&'t str, Wrong> {
        match self.peek() {
            Some(token) if token.kind == Kind::Word => {
                self.at += 1;
                Ok(token.text(self.source))
            }
            _ => self.wrong("a flag's name is missing after the directive"),
        }
    }

    /// Items up to the `#else` or `#endif` that closes `depth`, or to the end.
    fn items(&mut self, depth: usize) -> Result<(), Wrong> {
        while let Some(token) = self.peek() {
            if token.kind != Kind::Directive {
                self.kept.push(token.clone());
                self.at += 1;
                continue;
            }
            match token.text(self.source) {
                "#ifdef" => {
                    self.at += 1;
                    self.block(depth)?;
                }
                "#define" => {
                    self.at += 1;
                    let flag = self.word()?.to_owned();
                    self.flags.insert(flag);
                }
                "#include" => {
                    return self.wrong("`#include` is not understood: write it in one file");
                }
                _ if depth > 0 => return Ok(()),
                other => return self.wrong(format!("`{other}` without an `#ifdef`")),
            }
        }
        match depth {
            0 => Ok(()),
            _ => self.wrong("an `#ifdef` without its `#endif`"),
        }
    }

    fn block(&mut self, depth: usize) -> Result<(), Wrong> {
        let holds = self.condition(&mut BTreeSet::new())?;
        if holds {
            self.items(depth + 1)?;
            if self.closes("#else") {
                self.at += 1;
                self.skip()?;
                if self.closes("#else") {
                    return self.wrong("a second `#else`");
                }
            }
        } else {
            self.skip()?;
            if self.closes("#else") {
                self.at += 1;
                self.items(depth + 1)?;
            }
        }
        match self.closes("#endif") {
            true => {
                self.at += 1;
                Ok(())
            }
            false => self.wrong("an `#ifdef` without its `#endif`"),
        }
    }

    fn closes(&self, with: &str) -> bool {
        self.peek().is_some_and(|t| is(self.source, t, with))
    }

    /// To the next `#else` or `#endif`.
    fn skip(&mut self) -> Result<(), Wrong> {
        while let Some(token) = self.peek() {
            let text = token.text(self.source);
            match token.kind {
                Kind::Directive if matches!(text, "#else" | "#endif") => return Ok(()),
                Kind::Directive if text == "#ifdef" => {
                    return self.wrong(
                        "an `#ifdef` within a block that these flags skip: provers do not nest \
                         there; write the blocks one after the other, with `&` and `not`",
                    );
                }
                Kind::Comment if text.contains("#else") || text.contains("#endif") => {
                    return self.wrong(
                        "a comment with `#else` or `#endif` within a block that these flags \
                         skip: provers take it for the directive; word it otherwise",
                    );
                }
                _ => self.at += 1,
            }
        }
        self.wrong("an `#ifdef` without its `#endif`")
    }

    /// `a & not b | c`: whether it holds; the flags named are added to `named`.
    fn condition(&mut self, named: &mut BTreeSet<String>) -> Result<bool, Wrong> {
        let mut any = false;
        loop {
            let mut all = true;
            loop {
                let not = matches!(self.text(), Some("not" | "¬"));
                if not {
                    self.at += 1;
                }
                let flag = self.word()?;
                named.insert(flag.to_owned());
                all &= self.flags.contains(flag) != not;
                match self.text() {
                    Some("&" | "∧") => self.at += 1,
                    _ => break,
                }
            }
            any |= all;
            match self.text() {
                Some("|" | "∨") => self.at += 1,
                _ => return Ok(any),
            }
        }
    }

    fn text(&self) -> Option<&'t str> {
        self.peek().map(|t| t.text(self.source))
    }
}

#[cfg(test)]
mod tests {
    use super::super::lex;
    use super::*;

    fn under(source: &str, flags: &[&str]) -> Result<String, Wrong> {
        let tokens = lex::tokens(source).unwrap();
        let flags = flags.iter().map(|f| (*f).to_owned()).collect();
        in_force(source, &tokens, &flags).map(|kept| lex::normal(&kept, source))
    }

    #[test]
    fn blocks_follow_the_flags() {
        let source = "a #ifdef X & not Y | Z b #else c #endif d";
        for (flags, kept) in [
            (vec![], "a c d"),
            (vec!["X"], "a b d"),
            (vec!["X", "Y"], "a c d"),
            (vec!["Y", "Z"], "a b d"),
        ] {
            assert_eq!(under(source, &flags).unwrap(), kept, "{flags:?}");
        }
        assert_eq!(under("#define X #ifdef X a #endif", &[]).unwrap(), "a");
        let nested = "#ifdef X #ifdef Y a #else b #endif #else c #endif";
        assert_eq!(under(nested, &["X", "Y"]).unwrap(), "a");
        assert_eq!(under(nested, &["X"]).unwrap(), "b");
        assert!(under(nested, &[]).is_err());
        assert_eq!(
            under("#ifdef X #ifdef Y a #endif b #endif", &["X", "Y"]).unwrap(),
            "a b"
        );
        assert_eq!(under("#ifdef X #else a #endif b", &[]).unwrap(), "a b");
        assert_eq!(under("#ifdef X #else a #endif b", &["X"]).unwrap(), "b");
    }

    #[test]
    fn what_provers_would_read_otherwise_is_refused() {
        for (source, flags) in [
            ("#ifdef X #ifdef Y a #endif b #endif", vec![]),
            ("#ifdef X a #else #ifdef Y b #endif #endif", vec!["X"]),
            ("#ifdef X /* #endif */ a #endif", vec![]),
            ("#ifdef X a", vec!["X"]),
            ("#ifdef X a", vec![]),
            ("a #endif", vec![]),
            ("#ifdef X a #else b #else c #endif", vec!["X"]),
            ("#ifdef | a #endif", vec![]),
        ] {
            assert!(under(source, &flags).is_err(), "{source}");
        }
    }

    #[test]
    fn every_flag_that_is_asked_for_is_known() {
        let source = "#ifdef A & not B a #endif #ifdef C b #endif";
        let tokens = lex::tokens(source).unwrap();
        let asked = asked(source, &tokens).unwrap();
        assert_eq!(asked.into_iter().collect::<Vec<_>>(), ["A", "B", "C"]);
    }
}
