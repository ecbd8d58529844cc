//! Definitions, and what follows from them: a case changes some, and whatever depends on them is
//! computed anew.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::super::super::{Error, Result};
use super::super::item::Item;
use super::expression::{Expression, mentions};
use super::functions::Functions;
use super::grammar;

/// A definition, or a change of one: of all of its value, or of a field in it.
#[derive(Clone, Debug)]
pub struct Edit {
    /// The definition.
    pub name: String,
    /// The field; empty for all of it.
    pub path: Vec<String>,
    /// The new value, in which `it` is the old one.
    pub value: Rc<Expression>,
}

impl Edit {
    /// A change of what `path` names: a definition, or after a dot a field in it.
    pub fn new(path: &str, value: impl Into<Rc<Expression>>) -> Self {
        let mut path = path.split('.').map(str::to_owned);
        Self {
            name: path.next().unwrap_or_default(),
            path: path.collect(),
            value: value.into(),
        }
    }
}

/// Definitions with changes on top of each.
#[derive(Clone)]
pub struct Scope<'a> {
    functions: &'a Functions<'a>,
    edits: BTreeMap<String, Vec<Edit>>,
    known: RefCell<BTreeMap<String, Item>>,
    busy: RefCell<Vec<String>>,
}

impl<'a> Scope<'a> {
    /// Nothing is defined.
    pub fn new(functions: &'a Functions<'a>) -> Self {
        Self {
            functions,
            edits: BTreeMap::new(),
            known: RefCell::default(),
            busy: RefCell::default(),
        }
    }

    /// Defines anew.
    pub fn define(&mut self, edits: &[Edit]) {
        for edit in edits {
            self.edits.insert(edit.name.clone(), vec![edit.clone()]);
        }
        self.known = RefCell::default();
    }

    /// The same with some definitions changed.
    ///
    /// # Errors
    /// If one of them is not there.
    pub fn with(&self, edits: &[Edit]) -> Result<Self> {
        let mut changed = self.clone();
        changed.known = RefCell::default();
        for edit in edits {
            let there = changed.edits.get_mut(&edit.name);
            let unknown = || Error::Generate(format!("nothing is defined as `{}`", edit.name));
            there.ok_or_else(unknown)?.push(edit.clone());
        }
        Ok(changed)
    }

    /// The same for the other account.
    fn elsewhere(&self) -> Result<Self> {
        let other = |name| Edit::new(name, Expression::Name(format!("other-{name}")));
        self.with(&["account", "ask", "modulus"].map(other))
    }

    /// The value of a definition.
    fn value(&self, name: &str) -> Result<Item> {
        if let Some(known) = self.known.borrow().get(name) {
            return Ok(known.clone());
        }
        let edits = self.edits.get(name);
        let unknown = || Error::Generate(format!("nothing is defined as `{name}`"));
        let edits = edits.ok_or_else(unknown)?;
        if self.busy.borrow().iter().any(|other| other == name) {
            return Err(Error::Generate(format!("`{name}` depends on itself")));
        }
        self.busy.borrow_mut().push(name.to_owned());
        let value = self.edited(edits);
        self.busy.borrow_mut().pop();
        let value = value?;
        self.known
            .borrow_mut()
            .insert(name.to_owned(), value.clone());
        Ok(value)
    }

    /// What a definition and its changes come to.
    fn edited(&self, edits: &[Edit]) -> Result<Item> {
        let Some((last, before)) = edits.split_last() else {
            return Err(Error::Generate("there is no old value".to_owned()));
        };
        if last.path.is_empty() {
            let it = match mentions(&last.value, "it") {
                true => Some(self.edited(before)?),
                false => None,
            };
            return self.evaluate(&last.value, it.as_ref());
        }
        let whole = self.edited(before)?;
        let way = grammar::way(grammar::type_of(&last.name, &whole), &whole, &last.path)?;
        let value = self.evaluate(&last.value, whole.at(&way))?;
        Ok(whole.put(&way, value))
    }

    /// The value of an expression.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn evaluate(&self, expression: &Expression, it: Option<&Item>) -> Result<Item> {
        let all = |items: &[Expression]| -> Result<Vec<Item>> {
            items.iter().map(|item| self.evaluate(item, it)).collect()
        };
        match expression {
            Expression::Value(item) => Ok(item.clone()),
            Expression::Name(name) if name == "it" => {
                let none = || Error::Generate("`it` stands for nothing here".to_owned());
                it.cloned().ok_or_else(none)
            }
            Expression::Name(name) => self.value(name),
            Expression::Field(inner, path) => {
                let whole = self.evaluate(inner, it)?;
                let name = match &**inner {
                    Expression::Name(name) => name,
                    _ => "",
                };
                let way = grammar::way(grammar::type_of(name, &whole), &whole, path)?;
                let missing = || Error::Generate(format!("no field {path:?}"));
                whole.at(&way).cloned().ok_or_else(missing)
            }
            Expression::List(items) => Ok(Item::Array(all(items)?)),
            Expression::Map(entries) => {
                let both = |(key, value): &(Expression, Expression)| {
                    Ok((self.evaluate(key, it)?, self.evaluate(value, it)?))
                };
                Ok(Item::Map(entries.iter().map(both).collect::<Result<_>>()?))
            }
            Expression::Tag(tag, inner) => Ok(Item::Tag(*tag, Box::new(self.evaluate(inner, it)?))),
            Expression::Call(name, arguments) if name == "list" => {
                let [count, each] = &arguments[..] else {
                    return Err(Error::Generate("list(count, item)".to_owned()));
                };
                let over: Vec<Item> = match self.evaluate(count, it)? {
                    Item::Uint(count) => (0..count).map(Item::Uint).collect(),
                    Item::Array(items) => items,
                    _ => return Err(Error::Generate("neither number nor array".to_owned())),
                };
                let items = over.iter().map(|item| self.evaluate(each, Some(item)));
                Ok(Item::Array(items.collect::<Result<_>>()?))
            }
            Expression::Call(name, arguments) if name == "elsewhere" => {
                let [inner] = &arguments[..] else {
                    return Err(Error::Generate("elsewhere(value)".to_owned()));
                };
                self.elsewhere()?.evaluate(inner, it)
            }
            Expression::Call(name, arguments) => self.functions.call(name, &all(arguments)?),
            Expression::Arithmetic(..) => {
                let value = self.integer(expression, it)?;
                match (u64::try_from(value), u64::try_from(-1 - value)) {
                    (Ok(n), _) => Ok(Item::Uint(n)),
                    (_, Ok(n)) => Ok(Item::Nint(n)),
                    _ => Err(Error::Generate(format!("{value} has more than 64 bits"))),
                }
            }
        }
    }

    /// The value of a sum and the like, which may be greater on the way.
    fn integer(&self, expression: &Expression, it: Option<&Item>) -> Result<i128> {
        let Expression::Arithmetic(left, sign, right) = expression else {
            return match self.evaluate(expression, it)? {
                Item::Uint(n) => Ok(i128::from(n)),
                Item::Nint(n) => Ok(-1 - i128::from(n)),
                other => Err(Error::Generate(format!("no number: {other:?}"))),
            };
        };
        let (a, b) = (self.integer(left, it)?, self.integer(right, it)?);
        let value = match sign {
            '+' => a.checked_add(b),
            '-' => a.checked_sub(b),
            '*' => a.checked_mul(b),
            '/' => a.checked_div(b),
            _ => u32::try_from(b).ok().and_then(|b| a.checked_pow(b)),
        };
        value.ok_or_else(|| Error::Generate(format!("there is no {a} {sign} {b}")))
    }

    /// A text in which `{…}` stands for the text or number that an expression has.
    ///
    /// # Errors
    /// If what stands there is no expression, or of another type.
    pub fn fill_in(&self, text: &str) -> Result<String> {
        let mut parts = text.split('{');
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let open = || Error::Generate(format!("`{text}`: a brace is not closed"));
            let (inner, after) = part.split_once('}').ok_or_else(open)?;
            let value = self.evaluate(&super::expression::parse(inner)?, None)?;
            filled += &match value {
                Item::Text(text) => String::from_utf8_lossy(&text).into_owned(),
                Item::Uint(n) => n.to_string(),
                _ => return Err(Error::Generate(format!("{{{inner}}} is no text"))),
            };
            filled += after;
        }
        Ok(filled)
    }
}
