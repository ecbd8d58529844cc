//! Reads case files: TOML in which everything is checked as far as it can be without computing, and
//! whatever is wrong is refused with its line.

use std::rc::Rc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::super::{Error, Result};
use super::super::item::Item;
use super::super::notes;
use super::expression::{Expression, parse};
use super::grammar::WORDS;
use super::obligations::KINDS;
use super::scope::Edit;
use conformance_common::spec::SPEC;

/// What must come of a case.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It is accepted, with this output if one is stated.
    Accept(Option<Rc<Expression>>),
    /// It is refused for a reason.
    Reject(String),
}

/// A case, or a group of cases that have something in common.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// Its file and line.
    pub origin: String,
    /// A case's name; a group's has `{}` where those of its cases go.
    pub name: Option<String>,
    /// Likewise the comment.
    pub comment: Option<String>,
    /// Claims and sections of SPEC.
    pub checks: Option<Vec<String>>,
    /// What it looks for.
    pub flag: Option<String>,
    /// Definitions that are changed.
    pub set: Vec<Edit>,
    /// What `value` of each case is put at.
    pub at: Option<String>,
    /// The value.
    pub value: Option<Rc<Expression>>,
    /// What must come of it.
    pub outcome: Option<Outcome>,
    /// How much is released before it is refused.
    pub released: Option<Rc<Expression>>,
    /// Definitions for each repetition.
    pub each: Vec<Vec<Edit>>,
    /// The file of faults whose cases these are.
    pub faults: Option<String>,
    /// Names of those cases that are left out.
    pub except: Vec<String>,
    /// The message of whose every field it is, as far as `when` of the groups in it says.
    pub fields: Option<String>,
    /// What the cases below call `message`, if it is not that.
    pub of: Option<String>,
    /// The one reason for which all that is refused below is refused.
    pub whatever: Option<String>,
    /// What of the grammar these cases break: a kind of rule, of the field that they are of, or a field and
    /// a kind of rule.
    pub breaks: Option<String>,
    /// Words that a field must be described by.
    pub when: Vec<String>,
    /// The cases of a group.
    pub cases: Vec<Node>,
}

/// A file of cases.
#[derive(Debug, Default)]
pub struct CaseFile {
    /// The scheme; none for this protocol.
    pub scheme: Option<String>,
    /// Files of faults whose definitions hold here.
    pub include: Vec<String>,
    /// Definitions.
    pub define: Vec<Edit>,
    /// Bytes that tests share, by name.
    pub share: Vec<Edit>,
    /// The fields of the input.
    pub input: Vec<Edit>,
    /// Its cases.
    pub root: Node,
}

/// Reads a file.
///
/// # Errors
/// What is wrong, and in which line.
pub fn read(path: &str, text: &str) -> Result<CaseFile> {
    let source = Source { path, text };
    let table = DeTable::parse(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        source.wrong(start, error.message())
    })?;
    let mut file = CaseFile::default();
    let (mut columns, mut cases) = (None, None);
    file.root.origin = path.to_owned();
    for (key, value) in table.get_ref() {
        match &**key.get_ref() {
            "scheme" => file.scheme = Some(source.string(value)?),
            "include" => file.include = source.strings(value)?,
            "define" => file.define = source.edits(value)?,
            "share" => file.share = source.edits(value)?,
            "input" => file.input = source.edits(value)?,
            "columns" => columns = Some(source.strings(value)?),
            "cases" => cases = Some(value),
            name => source.field(&mut file.root, name, value)?,
        }
    }
    if let Some(cases) = cases {
        file.root.cases = source.cases(cases, columns.as_deref())?;
    }
    Ok(file)
}

/// The columns of a table of cases that names none.
const COLUMNS: [&str; 3] = ["name", "comment", "value"];

type Value<'a> = Spanned<DeValue<'a>>;

struct Source<'a> {
    path: &'a str,
    text: &'a str,
}

impl Source<'_> {
    fn origin(&self, start: usize) -> String {
        let before = self.text.get(..start).unwrap_or_default();
        format!("{}:{}", self.path, before.matches('\n').count() + 1)
    }

    fn wrong(&self, start: usize, what: &str) -> Error {
        Error::Generate(format!("{}: {what}", self.origin(start)))
    }

    fn not<T>(&self, value: &Value<'_>, what: &str) -> Result<T> {
        let found = value.get_ref().type_str();
        Err(self.wrong(value.span().start, &format!("{found} in place of {what}")))
    }

    fn string(&self, value: &Value<'_>) -> Result<String> {
        match value.get_ref().as_str() {
            Some(text) => Ok(text.to_owned()),
            None => self.not(value, "a string"),
        }
    }

    fn strings(&self, value: &Value<'_>) -> Result<Vec<String>> {
        match value.get_ref() {
            DeValue::Array(items) => items.iter().map(|item| self.string(item)).collect(),
            _ => self.not(value, "an array of strings"),
        }
    }

    /// A string is an expression; numbers, booleans and arrays stand for themselves.
    fn expression(&self, value: &Value<'_>) -> Result<Expression> {
        let start = value.span().start;
        match value.get_ref() {
            DeValue::String(text) => {
                parse(text).map_err(|error| self.wrong(start, &error.to_string()))
            }
            DeValue::Integer(number) => {
                let digits = number.as_str().replace('_', "");
                parse(&digits).map_err(|error| self.wrong(start, &error.to_string()))
            }
            DeValue::Boolean(is) => Ok(Expression::Value(Item::Simple(20 + u8::from(*is)))),
            DeValue::Array(items) => {
                let items = items.iter().map(|item| self.expression(item));
                Ok(Expression::List(items.collect::<Result<_>>()?))
            }
            _ => self.not(value, "an expression"),
        }
    }

    /// Tables within a table name fields: `announcement.keys.2`.
    fn edits(&self, value: &Value<'_>) -> Result<Vec<Edit>> {
        let DeValue::Table(table) = value.get_ref() else {
            return self.not(value, "a table");
        };
        let mut edits = Vec::new();
        for (key, value) in table {
            let path = vec![key.get_ref().to_string()];
            self.collect(path, value, &mut edits)?;
        }
        Ok(edits)
    }

    fn collect(&self, path: Vec<String>, value: &Value<'_>, edits: &mut Vec<Edit>) -> Result<()> {
        if let DeValue::Table(table) = value.get_ref() {
            for (key, value) in table {
                let path = [&path[..], &[key.get_ref().to_string()]].concat();
                self.collect(path, value, edits)?;
            }
            return Ok(());
        }
        edits.push(Edit::new(&path.join("."), self.expression(value)?));
        Ok(())
    }

    /// Lists of the same length: a repetition for each place in them.
    fn each(&self, value: &Value<'_>) -> Result<Vec<Vec<Edit>>> {
        let DeValue::Table(table) = value.get_ref() else {
            return self.not(value, "a table of arrays");
        };
        let mut each: Vec<Vec<Edit>> = Vec::new();
        for (number, (name, list)) in table.iter().enumerate() {
            let DeValue::Array(items) = list.get_ref() else {
                return self.not(list, "an array");
            };
            if number == 0 {
                each = vec![Vec::new(); items.len()];
            }
            if each.len() != items.len() {
                return Err(self.wrong(list.span().start, "arrays of several lengths"));
            }
            for (edits, item) in each.iter_mut().zip(items) {
                edits.push(Edit::new(name.get_ref(), self.expression(item)?));
            }
        }
        Ok(each)
    }

    /// Cases as tables with keys, or as arrays with columns.
    fn cases(&self, value: &Value<'_>, columns: Option<&[String]>) -> Result<Vec<Node>> {
        let DeValue::Array(rows) = value.get_ref() else {
            return self.not(value, "an array of cases");
        };
        let usual = COLUMNS.map(str::to_owned);
        rows.iter()
            .map(|row| self.case(row, columns.unwrap_or(&usual)))
            .collect()
    }

    fn case(&self, row: &Value<'_>, columns: &[String]) -> Result<Node> {
        let start = row.span().start;
        let mut node = Node {
            origin: self.origin(start),
            ..Node::default()
        };
        let (mut inner_columns, mut inner) = (None, None);
        match row.get_ref() {
            DeValue::Array(cells) if cells.len() > columns.len() => {
                return Err(self.wrong(start, "more cells than columns"));
            }
            DeValue::Array(cells) => {
                for (column, cell) in columns.iter().zip(cells) {
                    self.cell(&mut node, column, cell)?;
                }
            }
            DeValue::Table(table) => {
                for (key, value) in table {
                    match &**key.get_ref() {
                        "columns" => inner_columns = Some(self.strings(value)?),
                        "cases" => inner = Some(value),
                        name => self.field(&mut node, name, value)?,
                    }
                }
            }
            _ => return self.not(row, "a case"),
        }
        match inner {
            Some(inner) => node.cases = self.cases(inner, inner_columns.as_deref())?,
            None if node.name.is_none() && node.faults.is_none() => {
                return Err(self.wrong(start, "a case without a name"));
            }
            None => {}
        }
        Ok(node)
    }

    /// A column has the name of a field of a case, or of a definition that its cells change.
    fn cell(&self, node: &mut Node, column: &str, cell: &Value<'_>) -> Result<()> {
        match FIELDS.contains(&column) {
            true => self.field(node, column, cell),
            false => {
                node.set.push(Edit::new(column, self.expression(cell)?));
                Ok(())
            }
        }
    }

    fn field(&self, node: &mut Node, name: &str, value: &Value<'_>) -> Result<()> {
        let start = value.span().start;
        let known = |is: bool, what: &str, name: &str| match is {
            true => Ok(()),
            false => Err(self.wrong(start, &format!("there is no {what} `{name}`"))),
        };
        let reason = || -> Result<String> {
            let reason = self.string(value)?;
            let is = SPEC.reasons.iter().any(|(name, _)| *name == reason);
            known(is, "reason", &reason)?;
            Ok(reason)
        };
        match name {
            "name" => node.name = Some(self.string(value)?),
            "comment" => node.comment = Some(self.string(value)?),
            "checks" => {
                let checks = self.strings(value)?;
                for check in &checks {
                    known(SPEC.knows(check), "claim or section", check)?;
                }
                node.checks = Some(checks);
            }
            "flag" => {
                let flag = self.string(value)?;
                known(notes::note(&flag).is_some(), "flag", &flag)?;
                node.flag = Some(flag);
            }
            "set" => node.set.extend(self.edits(value)?),
            "at" => node.at = Some(self.string(value)?),
            "value" => node.value = Some(Rc::new(self.expression(value)?)),
            "accept" => {
                let any = value.get_ref().as_bool() == Some(true);
                let output = if any {
                    None
                } else {
                    Some(Rc::new(self.expression(value)?))
                };
                node.outcome = Some(Outcome::Accept(output));
            }
            "reject" => node.outcome = Some(Outcome::Reject(reason()?)),
            "whatever" => node.whatever = Some(reason()?),
            "of" => node.of = Some(self.string(value)?),
            "breaks" => {
                let breaks = self.string(value)?;
                let kind = breaks.split(' ').next_back().unwrap_or_default();
                known(KINDS.contains(&kind), "kind of rule", kind)?;
                node.breaks = Some(breaks);
            }
            "released" => node.released = Some(Rc::new(self.expression(value)?)),
            "for" => node.each = self.each(value)?,
            "faults" => node.faults = Some(self.string(value)?),
            "fields" => node.fields = Some(self.string(value)?),
            "when" => {
                let words = self.string(value)?;
                node.when = words.split(' ').map(str::to_owned).collect();
                for word in &node.when {
                    known(WORDS.contains(&&**word), "kind of field", word)?;
                }
            }
            "except" => node.except = self.strings(value)?,
            _ => known(false, "key", name)?,
        }
        Ok(())
    }
}

/// What a case may say of itself.
const FIELDS: [&str; 18] = [
    "name", "comment", "checks", "flag", "set", "at", "value", "accept", "reject", "released",
    "for", "faults", "except", "fields", "when", "of", "whatever", "breaks",
];
