//! A line of a story, word by word. What is not as it is read is an error that says what was expected and
//! what was found.

use super::super::super::{Error, Result};
use super::super::world::START;

/// The words of a line, and how many of them have been read. A comma is a word; a text in quotation
/// marks is one, and keeps the first of them.
#[derive(Debug, Default)]
pub struct Words {
    words: Vec<String>,
    next: usize,
}

impl Words {
    /// The words of a line; an error if a quotation mark is not closed.
    pub fn new(text: &str) -> Result<Self> {
        let (mut words, mut rest) = (Vec::new(), text.trim_start());
        while let Some(first) = rest.chars().next() {
            let end = match first {
                '"' => match rest.get(1..).and_then(|quoted| quoted.find('"')) {
                    Some(end) => end + 1,
                    None => return Err(Error::Generate(format!("`{rest}` is not closed"))),
                },
                ',' => 1,
                _ => rest.find([' ', ',']).unwrap_or(rest.len()),
            };
            let (word, after) = rest.split_at(end);
            words.push(word.to_owned());
            rest = after.strip_prefix('"').unwrap_or(after).trim_start();
        }
        Ok(Self { words, next: 0 })
    }

    /// The next word.
    pub fn peek(&self) -> Option<&str> {
        self.words.get(self.next).map(String::as_str)
    }

    /// Are these the next words?
    pub fn are_next(&self, phrase: &str) -> bool {
        let next = self.words.iter().skip(self.next).map(String::as_str);
        next.take(phrase.split(' ').count()).eq(phrase.split(' '))
    }

    /// Reads these words if they are the next ones.
    pub fn eat(&mut self, phrase: &str) -> bool {
        let are = self.are_next(phrase);
        if are {
            self.next += phrase.split(' ').count();
        }
        are
    }

    /// Something else is expected here.
    pub fn expected(&self, what: &str) -> Error {
        let found = match self.peek() {
            Some(word) => format!("`{word}`"),
            None => "the end of the line".to_owned(),
        };
        Error::Generate(format!("expected {what}, found {found}"))
    }

    /// Reads these words.
    pub fn need(&mut self, phrase: &str) -> Result<()> {
        match self.eat(phrase) {
            true => Ok(()),
            false => Err(self.expected(&format!("`{phrase}`"))),
        }
    }

    /// Every word has been read.
    pub fn done(&self) -> Result<()> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.expected("the end of the line")),
        }
    }

    /// What the next word is read as.
    fn read<T>(&mut self, what: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T> {
        let found = self.peek().and_then(read);
        let found = found.ok_or_else(|| self.expected(what))?;
        self.next += 1;
        Ok(found)
    }

    /// A word that is no text.
    pub fn word(&mut self, what: &str) -> Result<String> {
        let plain = |word: &str| !word.starts_with([',', '"', '-']);
        self.read(what, |word| plain(word).then(|| word.to_owned()))
    }

    /// Words with commas between them.
    pub fn list(&mut self, what: &str) -> Result<Vec<String>> {
        let mut all = vec![self.word(what)?];
        while self.eat(",") {
            all.push(self.word(what)?);
        }
        Ok(all)
    }

    /// A text in quotation marks.
    pub fn quoted(&mut self) -> Result<String> {
        let text = |word: &str| word.strip_prefix('"').map(str::to_owned);
        self.read("a text in quotation marks", text)
    }

    /// A number.
    pub fn number<T: std::str::FromStr>(&mut self, what: &str) -> Result<T> {
        self.read(what, |word| word.parse().ok())
    }

    /// A length of time in milliseconds: `1.5s`, `31d+1ms`.
    pub fn length(&mut self) -> Result<u64> {
        let read = |word: &str| u64::try_from(length(word)?).ok();
        self.read("a length of time, as `1h-1.5s`", read)
    }

    /// A time: so long after the start of the story, or after 1970.
    pub fn time(&mut self) -> Result<u64> {
        self.read("a time, as `1h-1.5s`", time)
    }

    /// Two times with two dots between them.
    pub fn span(&mut self) -> Result<(u64, u64)> {
        self.read("two times, as `1s..1.5s`", span)
    }
}

fn span(text: &str) -> Option<(u64, u64)> {
    let (from, until) = text.split_once("..")?;
    Some((time(from)?, time(until)?))
}

fn time(text: &str) -> Option<u64> {
    match text.strip_prefix("1970") {
        Some("") => Some(0),
        Some(after) => u64::try_from(length(after)?).ok(),
        None => START.checked_add_signed(length(text)?),
    }
}

/// Numbers with units, added and taken away; in milliseconds.
fn length(text: &str) -> Option<i64> {
    let signs = text.char_indices().skip(1);
    let sign = signs.filter(|(_, c)| matches!(c, '+' | '-')).last();
    let (before, last) = text.split_at(sign.map_or(0, |(place, _)| place));
    let before = match before {
        "" => 0,
        before => length(before)?,
    };
    match last.strip_prefix('-') {
        Some(last) => before.checked_sub(term(last)?),
        None => before.checked_add(term(last.strip_prefix('+').unwrap_or(last))?),
    }
}

/// A number and its unit, a whole number of milliseconds: `1.5s`.
fn term(text: &str) -> Option<i64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let unit: i64 = match text.get(digits.len()..)? {
        "ms" => 1,
        "s" => 1_000,
        "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let parts = 10_i64.checked_pow(u32::try_from(part.len()).ok()?)?;
    let part = i64::from(part.parse::<u32>().ok()?).checked_mul(unit)?;
    let whole = i64::from(whole.parse::<u32>().ok()?).checked_mul(unit)?;
    (part % parts == 0).then_some(whole + part / parts)
}
