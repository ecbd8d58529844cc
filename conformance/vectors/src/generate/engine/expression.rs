//! The expressions of case files: CBOR's diagnostic notation (RFC 8949 section 8) with names, calls
//! and sums. `README.md` describes them.

use super::super::super::{Error, Result};
use super::super::item::{Item, NULL};

/// What an expression is made of.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// A literal.
    Value(Item),
    /// What a definition has, or `it`.
    Name(String),
    /// A field within a value: `announcement.keys.2.window`.
    Field(Box<Expression>, Vec<String>),
    /// An array.
    List(Vec<Expression>),
    /// A map, in the order of its entries.
    Map(Vec<(Expression, Expression)>),
    /// A tag: `18([…])`.
    Tag(u64, Box<Expression>),
    /// A function of values.
    Call(String, Vec<Expression>),
    /// A sum, difference, product, quotient or power of integers.
    Arithmetic(Box<Expression>, char, Box<Expression>),
}

/// Whether the expression refers to `name`.
pub fn mentions(expression: &Expression, name: &str) -> bool {
    let mentions = |inner: &Expression| mentions(inner, name);
    match expression {
        Expression::Value(_) => false,
        Expression::Name(other) => other == name,
        Expression::Field(inner, _) | Expression::Tag(_, inner) => mentions(inner),
        // In an item of `list`, `it` is another.
        Expression::Call(called, items) if called == "list" => items.first().is_some_and(mentions),
        Expression::List(items) | Expression::Call(_, items) => items.iter().any(mentions),
        Expression::Map(entries) => entries.iter().any(|(k, v)| mentions(k) || mentions(v)),
        Expression::Arithmetic(a, _, b) => mentions(a) || mentions(b),
    }
}

/// Reads an expression.
///
/// # Errors
/// Where it is none.
pub fn parse(text: &str) -> Result<Expression> {
    let mut parser = Parser { text, at: 0 };
    let expression = parser.sum()?;
    match parser.peek() {
        None => Ok(expression),
        Some(_) => Err(parser.wrong("the end")),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn wrong(&self, expected: &str) -> Error {
        let (text, rest) = (self.text, self.rest());
        Error::Generate(format!("`{text}`: expected {expected} at `{rest}`"))
    }

    fn space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// The next character after white space.
    fn peek(&mut self) -> Option<char> {
        self.space();
        self.rest().chars().next()
    }

    /// Skips `token` if it comes next.
    fn skip(&mut self, token: &str) -> bool {
        self.space();
        let is = self.rest().starts_with(token);
        self.at += if is { token.len() } else { 0 };
        is
    }

    fn expect(&mut self, token: &str) -> Result<()> {
        match self.skip(token) {
            true => Ok(()),
            false => Err(self.wrong(&format!("`{token}`"))),
        }
    }

    fn while_some(&mut self, is: impl Fn(char) -> bool) -> String {
        let taken: String = self.rest().chars().take_while(|c| is(*c)).collect();
        self.at += taken.len();
        taken
    }

    /// Letters, digits and hyphens: a hyphen is a minus only with a space before it.
    fn word(&mut self) -> String {
        self.while_some(|c| c.is_ascii_alphanumeric() || c == '-')
    }

    fn sum(&mut self) -> Result<Expression> {
        self.operators(&['+', '-'], Self::product)
    }

    fn product(&mut self) -> Result<Expression> {
        self.operators(&['*', '/'], Self::power)
    }

    fn power(&mut self) -> Result<Expression> {
        self.operators(&['^'], Self::field)
    }

    /// Operands with one of these between them, from left to right.
    fn operators(
        &mut self,
        signs: &[char],
        operand: fn(&mut Self) -> Result<Expression>,
    ) -> Result<Expression> {
        let mut left = operand(self)?;
        while let Some(sign) = self.peek().filter(|sign| signs.contains(sign)) {
            self.at += 1;
            left = Expression::Arithmetic(Box::new(left), sign, Box::new(operand(self)?));
        }
        Ok(left)
    }

    fn field(&mut self) -> Result<Expression> {
        let whole = self.primary()?;
        let mut path = Vec::new();
        while self.rest().starts_with('.') {
            self.at += 1;
            path.push(self.word());
        }
        Ok(match path.is_empty() {
            true => whole,
            false => Expression::Field(Box::new(whole), path),
        })
    }

    fn primary(&mut self) -> Result<Expression> {
        match self.peek() {
            Some('(') => {
                self.at += 1;
                let inner = self.sum()?;
                self.expect(")").map(|()| inner)
            }
            Some('[') => {
                self.at += 1;
                Ok(Expression::List(self.listed("]")?))
            }
            Some('{') => {
                self.at += 1;
                self.map()
            }
            Some(quote @ ('\'' | '"')) => {
                let text = self.quoted(quote)?;
                Ok(Expression::Value(Item::text(&text)))
            }
            Some('-') => {
                self.at += 1;
                match self.number()?.checked_sub(1) {
                    Some(n) => Ok(Expression::Value(Item::Nint(n))),
                    None => Err(self.wrong("a number above 0")),
                }
            }
            Some('0'..='9') => {
                let number = self.number()?;
                if !self.rest().starts_with('(') {
                    return Ok(Expression::Value(Item::Uint(number)));
                }
                self.at += 1;
                let inner = self.sum()?;
                self.expect(")")?;
                Ok(Expression::Tag(number, Box::new(inner)))
            }
            Some(c) if c.is_ascii_alphabetic() => self.named(),
            _ => Err(self.wrong("a value")),
        }
    }

    fn named(&mut self) -> Result<Expression> {
        let name = self.word();
        if name == "h" && self.rest().starts_with('\'') {
            let digits: String = self.quoted('\'')?.split_whitespace().collect();
            let bytes = hex::decode(digits).map_err(|_| self.wrong("hexadecimal"))?;
            return Ok(Expression::Value(Item::Bytes(bytes)));
        }
        if self.rest().starts_with('(') {
            self.at += 1;
            return Ok(Expression::Call(name, self.listed(")")?));
        }
        Ok(match &*name {
            "null" => Expression::Value(NULL),
            "true" => Expression::Value(Item::Simple(21)),
            "false" => Expression::Value(Item::Simple(20)),
            _ => Expression::Name(name),
        })
    }

    fn number(&mut self) -> Result<u64> {
        let digits = self.while_some(|c| c.is_ascii_digit() || c == '_');
        let number = digits.replace('_', "").parse();
        number.map_err(|_| self.wrong("a number of 64 bits"))
    }

    fn quoted(&mut self, quote: char) -> Result<String> {
        self.at += 1;
        let text = self.while_some(|c| c != quote);
        match self.rest().starts_with(quote) {
            true => self.at += 1,
            false => return Err(self.wrong("the closing quote")),
        }
        Ok(text)
    }

    fn listed(&mut self, end: &str) -> Result<Vec<Expression>> {
        let mut items = Vec::new();
        while !self.skip(end) {
            if !items.is_empty() {
                self.expect(",")?;
            }
            items.push(self.sum()?);
        }
        Ok(items)
    }

    /// A key that is a word stands for its text.
    fn map(&mut self) -> Result<Expression> {
        let mut entries = Vec::new();
        while !self.skip("}") {
            if !entries.is_empty() {
                self.expect(",")?;
            }
            let key = match self.peek() {
                Some(c) if c.is_ascii_alphabetic() => {
                    let word = self.while_some(|c| c.is_ascii_alphanumeric() || c == '_');
                    Expression::Value(Item::text(&word))
                }
                _ => self.primary()?,
            };
            self.expect(":")?;
            entries.push((key, self.sum()?));
        }
        Ok(Expression::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_read() {
        let name = |name: &str| Expression::Name(name.to_owned());
        let number = |n| Expression::Value(Item::Uint(n));
        let sum = Expression::Arithmetic(Box::new(name("start")), '-', Box::new(number(1_000)));
        assert_eq!(parse("start - 1_000").unwrap(), sum);
        let call = Expression::Call(
            "flip".into(),
            vec![name("it"), Expression::Value(Item::Nint(0))],
        );
        assert_eq!(parse("flip(it, -1)").unwrap(), call);
        let field = Expression::Field(Box::new(name("grants")), vec!["shard-bits".into()]);
        assert_eq!(parse("grants.shard-bits").unwrap(), field);
        let tagged = Expression::Tag(18, Box::new(Expression::List(vec![number(1)])));
        assert_eq!(parse("18([1])").unwrap(), tagged);
        let map = Expression::Map(vec![(Expression::Value(Item::text("a")), number(1))]);
        assert_eq!(parse("{a: 1}").unwrap(), map);
        let power = parse("1 + 2 * 3^4").unwrap();
        assert_eq!(power, parse("1 + (2 * (3^4))").unwrap());
        assert!(mentions(&call, "it") && !mentions(&call, "flip"));
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for text in [
            "",
            "f(",
            "[1, ",
            "'a",
            "h'0'",
            "1 2",
            "-0",
            "a +",
            "18446744073709551616",
            "{1}",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
