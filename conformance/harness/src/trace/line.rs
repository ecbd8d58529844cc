//! Histories as text: a line for each thing that happens, its name and then its fields.

use std::fmt::Display;
use std::iter::Peekable;
use std::str::{FromStr, SplitWhitespace};

/// The words of a line that are still to be read.
pub struct Words<'l>(Peekable<SplitWhitespace<'l>>);

impl<'l> Words<'l> {
    /// The next word.
    ///
    /// # Errors
    /// If the line has no more.
    pub fn word(&mut self) -> Result<&'l str, String> {
        self.0.next().ok_or_else(|| "it ends too early".to_owned())
    }
}

/// What is written as words, one after the other. The macro `lines` implements it.
pub trait Line: Sized {
    fn read(words: &mut Words<'_>) -> Result<Self, String>;

    fn write(&self, words: &mut Vec<String>);
}

/// Reads a line, all of it.
///
/// # Errors
/// The line, and what of it is not understood.
pub fn read<L: Line>(line: &str) -> Result<L, String> {
    let mut words = Words(line.split_whitespace().peekable());
    let read = L::read(&mut words).map_err(|why| format!("`{line}`: {why}"))?;
    match words.0.next() {
        None => Ok(read),
        Some(more) => Err(format!("`{line}`: {more} is too much")),
    }
}

/// How a field of type `T` is written.
pub trait Field<T> {
    fn read(&self, words: &mut Words<'_>) -> Result<T, String>;

    fn write(&self, value: &T, words: &mut Vec<String>);
}

/// The number of one of these names.
pub struct One<'n>(pub &'n [&'n str]);

/// A set of these names, bit by bit: `x,z`.
pub struct Set<'n>(pub &'n [&'n str]);

pub struct Number;

/// A word that is there or not.
pub struct Flag(pub &'static str);

pub struct Word;

/// A word, or `nothing`.
pub struct OrNothing;

/// The last field, which may be left out.
pub struct Optional<F>(pub F);

/// A [`Line`] of its own.
pub struct Inner;

impl Field<u8> for One<'_> {
    fn read(&self, words: &mut Words<'_>) -> Result<u8, String> {
        index(self.0, words.word()?)
    }

    fn write(&self, value: &u8, words: &mut Vec<String>) {
        let name = self.0.get(usize::from(*value));
        words.push(name.copied().unwrap_or("nothing").to_owned());
    }
}

fn index(names: &[&str], word: &str) -> Result<u8, String> {
    let at = names.iter().position(|name| *name == word);
    let at = at.and_then(|at| u8::try_from(at).ok());
    at.ok_or_else(|| format!("{word} is none of {}", names.join(", ")))
}

impl Field<u8> for Set<'_> {
    fn read(&self, words: &mut Words<'_>) -> Result<u8, String> {
        let mut named = words.word()?.split(',');
        named.try_fold(0, |set, name| Ok(set | 1 << index(self.0, name)?))
    }

    fn write(&self, value: &u8, words: &mut Vec<String>) {
        let chosen = self.0.iter().enumerate();
        let chosen = chosen.filter(|(at, _)| value >> at & 1 == 1);
        let names: Vec<_> = chosen.map(|(_, name)| *name).collect();
        words.push(names.join(","));
    }
}

impl<N: FromStr + Display> Field<N> for Number {
    fn read(&self, words: &mut Words<'_>) -> Result<N, String> {
        let word = words.word()?;
        let number = word.parse();
        number.map_err(|_| format!("{word} is no number here"))
    }

    fn write(&self, value: &N, words: &mut Vec<String>) {
        words.push(value.to_string());
    }
}

impl Field<bool> for Flag {
    fn read(&self, words: &mut Words<'_>) -> Result<bool, String> {
        Ok(words.0.next_if_eq(&self.0).is_some())
    }

    fn write(&self, value: &bool, words: &mut Vec<String>) {
        words.extend(value.then(|| self.0.to_owned()));
    }
}

impl Field<String> for Word {
    fn read(&self, words: &mut Words<'_>) -> Result<String, String> {
        words.word().map(str::to_owned)
    }

    fn write(&self, value: &String, words: &mut Vec<String>) {
        words.push(value.clone());
    }
}

impl Field<Option<String>> for OrNothing {
    fn read(&self, words: &mut Words<'_>) -> Result<Option<String>, String> {
        let word = words.word()?;
        Ok((word != "nothing").then(|| word.to_owned()))
    }

    fn write(&self, value: &Option<String>, words: &mut Vec<String>) {
        words.push(value.clone().unwrap_or_else(|| "nothing".to_owned()));
    }
}

impl<T, F: Field<T>> Field<Option<T>> for Optional<F> {
    fn read(&self, words: &mut Words<'_>) -> Result<Option<T>, String> {
        let more = words.0.peek().is_some();
        more.then(|| self.0.read(words)).transpose()
    }

    fn write(&self, value: &Option<T>, words: &mut Vec<String>) {
        if let Some(value) = value {
            self.0.write(value, words);
        }
    }
}

impl<L: Line> Field<L> for Inner {
    fn read(&self, words: &mut Words<'_>) -> Result<L, String> {
        L::read(words)
    }

    fn write(&self, value: &L, words: &mut Vec<String>) {
        value.write(words);
    }
}

/// Implements [`Line`], `Display` and `FromStr` for an enum: for each variant its word, and
/// how each of its fields is written, in their order.
#[macro_export]
macro_rules! lines {
    ($op:ident { $($word:literal => $variant:ident $({ $($field:ident: $kind:expr),* })?,)* }) => {
        impl $crate::trace::line::Line for $op {
            fn read(words: &mut $crate::trace::line::Words<'_>) -> std::result::Result<Self, String> {
                Ok(match words.word()? {
                    $($word => Self::$variant $({
                        $($field: $crate::trace::line::Field::read(&$kind, words)?),*
                    })?,)*
                    other => return Err(format!("{other} is not understood")),
                })
            }

            fn write(&self, words: &mut Vec<String>) {
                match self {
                    $(Self::$variant $({ $($field),* })? => {
                        words.push($word.to_owned());
                        $($($crate::trace::line::Field::write(&$kind, $field, words);)*)?
                    })*
                }
            }
        }

        impl std::fmt::Display for $op {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut words = Vec::new();
                $crate::trace::line::Line::write(self, &mut words);
                f.write_str(&words.join(" "))
            }
        }

        impl std::str::FromStr for $op {
            type Err = String;

            fn from_str(line: &str) -> std::result::Result<Self, String> {
                $crate::trace::line::read(line)
            }
        }
    };
}
