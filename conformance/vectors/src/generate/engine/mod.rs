//! Makes files of vectors from files of cases: `cases/README.md` says how these are written.

mod crypto;
mod expression;
mod functions;
mod grammar;
mod objects;
pub mod obligations;
mod reader;
mod scope;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde_json::{Map, Value};

use super::super::file::{Break, File};
use super::super::{Error, Result, schema};
use super::builder::{Builder, Expected, hexed};
use super::item::{Item, NULL};
use super::world::World;
use expression::Expression;
use functions::Functions;
use reader::{CaseFile, Node, Outcome, read};
use scope::{Edit, Scope};

macro_rules! texts {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../cases/", $name, ".toml")))),*]
    };
}

/// The files of cases, by the operation whose they are.
const OPERATIONS: &[(&str, &str)] = texts![
    "key-id"
    "message-read"
    "sign1-open"
    "sealed-open"
    "statement-open"
    "root-make"
    "root-open"
    "passphrase-read"
    "pdk-derive"
    "vault-open"
    "roster-open"
    "roster-ring-open"
    "roster-private-open"
    "checkpoint-read"
    "unlock-open"
    "name-read"
    "pairing-offer-read"
    "pairing-reply-open"
    "contact-card-read"
    "safety-number"
    "safety-number-check"
    "proximity-text-read"
    "proximity-read"
    "announcement-open"
    "announcement-follow"
    "recipients"
    "acknowledgement-open"
    "answer-open"
    "acknowledgement-sign"
    "lease-open"
    "lease-sign"
    "clock-open"
    "introduction-open"
    "part-lookup"
    "part-open"
    "member-record-open"
    "backup-open"
    "past-share-open"
    "body-seal"
    "manifest-open"
    "envelope-open"
    "body-open"
    "link-read"
    "link-open"
    "link-body-open"
    "ring-certificate-open"
    "ring-wrapped-open"
    "ring-recover"
    "ring-recording-open"
    "paper-grant-open"
    "paper-keys-open"
];

/// What they share.
const SHARED: &[(&str, &str)] = texts![
    "world"
    "faults/bytes"
    "faults/es256"
    "faults/fields"
    "faults/forms"
    "faults/heads"
    "faults/in-text"
    "faults/link"
    "faults/message"
    "faults/modulus"
    "faults/more-forms"
    "faults/more-heads"
    "faults/oversized"
    "faults/pair"
    "faults/payloads"
    "faults/points"
    "faults/ranges"
    "faults/sealed"
    "faults/sealed-tags"
    "faults/sign1"
    "faults/statement"
    "faults/tags"
    "faults/texts"
    "faults/tree"
    "faults/wrapped"
    "faults/wrapped-points"
];

fn text(name: &str) -> Result<CaseFile> {
    let found = OPERATIONS
        .iter()
        .chain(SHARED)
        .find(|(other, _)| *other == name);
    let missing = || Error::Generate(format!("there is no file of cases `{name}`"));
    let (_, text) = found.ok_or_else(missing)?;
    read(&format!("cases/{name}.toml"), text)
}

/// The vectors of every operation, from its cases.
///
/// # Errors
/// If a key of the world is none; of each file, what is wrong with its cases, and every test of which
/// the reference says something else than the case states.
pub fn files(world: &World) -> Result<Vec<Result<File>>> {
    let functions = Functions::new(world)?;
    let made = |(name, _): &(&str, _)| make(&functions, name, text(name)?);
    Ok(OPERATIONS.iter().map(made).collect())
}

fn make(functions: &Functions<'_>, operation: &str, file: CaseFile) -> Result<File> {
    let origin = &file.root.origin;
    if file.root.cases.is_empty() {
        return Err(Error::Generate(format!("{origin}: no cases")));
    }
    let mut scope = Scope::new(functions);
    for (name, value) in functions.constants()? {
        scope.define(&[Edit::new(name, Expression::Value(value))]);
    }
    scope.define(&text("world")?.define);
    let mut maker = Maker {
        builder: Builder::of(
            file.scheme.as_deref().unwrap_or(schema::SCHEMES[0]),
            operation,
        ),
        input: &file.input,
        faults: BTreeMap::new(),
    };
    maker.load(&file.root)?;
    for name in &file.include {
        let faults = text(&format!("faults/{name}")).map_err(located(origin))?;
        maker.faults.insert(name.clone(), faults);
    }
    let mut shared = BTreeSet::new();
    for edit in maker.faults.values().flat_map(|faults| &faults.define) {
        if !shared.insert(&edit.name) {
            let what = format!("two files of faults define `{}`", edit.name);
            return Err(located(origin)(Error::Generate(what)));
        }
        scope.define(std::slice::from_ref(edit));
    }
    scope.define(&file.define);
    for share in &file.share {
        let shared = scope.evaluate(&share.value, None);
        let shared = shared.map_err(located(origin))?;
        maker.builder.share(&share.name, &functions::bytes(&shared));
    }
    maker.node(&file.root, &scope, &Context::default());
    maker.builder.finish()
}

/// What is wrong, and where.
fn located(origin: &str) -> impl Fn(Error) -> Error {
    move |error| Error::Generate(format!("{origin}: {error}"))
}

/// What cases have from the groups that they are in.
#[derive(Clone, Default)]
struct Context {
    names: String,
    comments: String,
    checks: Vec<String>,
    flag: String,
    at: Option<String>,
    outcome: Option<Outcome>,
    released: Option<Rc<Expression>>,
    except: Vec<String>,
    of: Option<String>,
    whatever: Option<String>,
    breaks: Option<String>,
    /// The rule of what is called `message` below.
    rule: &'static str,
    /// Where the grammar has the field that it is of.
    field: String,
}

impl Context {
    /// That of a node in this one.
    fn of(&self, node: &Node) -> Self {
        let inside = |outer: &str, inner: &Option<String>| match (outer, inner) {
            ("", inner) => inner.clone().unwrap_or_default(),
            (outer, None) => outer.to_owned(),
            (outer, Some(inner)) => outer.replace("{}", inner),
        };
        let of = node.of.clone().or_else(|| self.of.clone());
        let at = node.at.as_ref().map(|at| renamed(of.as_deref(), at));
        Self {
            names: inside(&self.names, &node.name),
            comments: inside(&self.comments, &node.comment),
            checks: node.checks.clone().unwrap_or_else(|| self.checks.clone()),
            flag: node.flag.clone().unwrap_or_else(|| self.flag.clone()),
            at: at.or_else(|| self.at.clone()),
            outcome: node.outcome.clone().or_else(|| self.outcome.clone()),
            released: node.released.clone().or_else(|| self.released.clone()),
            except: [&self.except[..], &node.except].concat(),
            of,
            whatever: node.whatever.clone().or_else(|| self.whatever.clone()),
            breaks: node.breaks.clone().or_else(|| self.breaks.clone()),
            rule: self.rule,
            field: self.field.clone(),
        }
    }

    /// What of the grammar a case breaks.
    fn broken(&self) -> Vec<Break> {
        let Some(breaks) = &self.breaks else {
            return Vec::new();
        };
        let (place, kind) = breaks.split_once(' ').unwrap_or((&self.field, breaks));
        vec![(renamed(Some(self.rule), place), kind.to_owned())]
    }
}

/// A path that starts with `message`, with the definition that stands for it here.
fn renamed(of: Option<&str>, path: &str) -> String {
    match (of, path.strip_prefix("message")) {
        (Some(of), Some(rest)) if rest.is_empty() || rest.starts_with('.') => format!("{of}{rest}"),
        _ => path.to_owned(),
    }
}

struct Maker<'a> {
    builder: Builder,
    input: &'a [Edit],
    faults: BTreeMap<String, CaseFile>,
}

impl Maker<'_> {
    /// Reads the files of faults that a node and those in it refer to.
    fn load(&mut self, node: &Node) -> Result<()> {
        if let Some(name) = &node.faults
            && !self.faults.contains_key(name)
        {
            let file = text(&format!("faults/{name}")).map_err(located(&node.origin))?;
            self.load(&file.root)?;
            self.faults.insert(name.clone(), file);
        }
        node.cases.iter().try_for_each(|inner| self.load(inner))
    }

    /// Makes the tests of a node, once for each repetition.
    fn node(&mut self, node: &Node, scope: &Scope<'_>, outer: &Context) {
        let context = outer.of(node);
        let once = [Vec::new()];
        let each = if node.each.is_empty() {
            &once[..]
        } else {
            &node.each
        };
        for repetition in each {
            let made = self.repetition(node, repetition, scope, &context);
            if let Err(error) = made {
                let name = context.names.replace("{}", "…");
                self.builder
                    .wrong(&format!("{} ({name}): {error}", node.origin));
            }
        }
    }

    fn repetition(
        &mut self,
        node: &Node,
        repetition: &[Edit],
        scope: &Scope<'_>,
        context: &Context,
    ) -> Result<()> {
        let mut edits = [repetition, &node.set].concat();
        for edit in &mut edits {
            edit.name = renamed(context.of.as_deref(), &edit.name);
        }
        if let Some(value) = &node.value {
            let nowhere = || Error::Generate("a value, and no `at` to put it".to_owned());
            let at = context.at.as_ref().ok_or_else(nowhere)?;
            edits.push(Edit::new(at, value.clone()));
        }
        let scope = scope.with(&edits)?;
        if let Some(name) = &node.faults {
            let missing = || Error::Generate(format!("no faults `{name}`"));
            let root = self.faults.get(name).ok_or_else(missing)?.root.clone();
            let unknown = node.except.iter().find(|name| !names(&root).contains(name));
            if let Some(unknown) = unknown {
                return Err(Error::Generate(format!("`{name}` has no case `{unknown}`")));
            }
            let mut context = context.clone();
            let message = renamed(context.of.as_deref(), "message");
            if let Ok(whole) = scope.evaluate(&Expression::Name(message.clone()), None)
                && let Some((rule, _)) = grammar::rule_of(&message, &whole)
            {
                context.rule = rule;
            }
            self.node(&root, &scope, &context);
            return Ok(());
        }
        if let Some(message) = &node.fields {
            return self.fields(node, message, &scope, context);
        }
        if !node.cases.is_empty() {
            for inner in &node.cases {
                let name = inner.name.as_ref();
                if !name.is_some_and(|name| context.except.contains(name)) {
                    self.node(inner, &scope, context);
                }
            }
            return Ok(());
        }
        self.case(node, &scope, context)
    }

    /// For every field of a message, those groups of cases that are for its like.
    fn fields(
        &mut self,
        node: &Node,
        message: &str,
        scope: &Scope<'_>,
        context: &Context,
    ) -> Result<()> {
        let message = &renamed(context.of.as_deref(), message);
        let whole = scope.evaluate(&Expression::Name(message.to_owned()), None)?;
        for field in grammar::fields(message, &whole) {
            let mut context = context.of(&Node {
                name: Some(format!("{}.{{}}", field.name)),
                comment: Some(format!("{}: {{}}", field.name)),
                at: Some(below(message, &field.way)),
                ..Node::default()
            });
            context.field = field.place;
            let fits = |group: &&Node| group.when.iter().all(|word| field.is.contains(&&**word));
            for group in node.cases.iter().filter(fits) {
                // What is done to a field as one of several is done to all of them.
                match (
                    group.when.iter().any(|word| word == "field"),
                    field.way.split_last(),
                ) {
                    (true, Some((which, whole))) => {
                        let mut scope = scope.clone();
                        let which = Expression::Value(Item::Uint(*which as u64));
                        scope.define(&[Edit::new("which", which)]);
                        let mut context = context.clone();
                        context.at = Some(below(message, whole));
                        self.node(group, &scope, &context);
                    }
                    _ => self.node(group, scope, &context),
                }
            }
        }
        Ok(())
    }

    fn case(&mut self, node: &Node, scope: &Scope<'_>, context: &Context) -> Result<()> {
        let mut input = Map::new();
        for field in self.input {
            input.insert(
                field.name.clone(),
                json(&scope.evaluate(&field.value, None)?)?,
            );
        }
        let expected = match (&context.outcome, &context.released) {
            (None, _) => return Err(Error::Generate("neither accept nor reject".to_owned())),
            (Some(Outcome::Accept(None)), _) => Expected::Accept,
            (Some(Outcome::Accept(Some(output))), _) => {
                Expected::AcceptAs(json(&scope.evaluate(output, None)?)?)
            }
            (Some(Outcome::Reject(reason)), None) => {
                Expected::Reject(context.whatever.as_ref().unwrap_or(reason).clone())
            }
            (Some(Outcome::Reject(reason)), Some(released)) => {
                let released = json(&scope.evaluate(released, None)?)?;
                Expected::RejectAfter(reason.clone(), released)
            }
        };
        if context.comments.is_empty() || context.checks.is_empty() {
            return Err(Error::Generate("no comment, or no checks".to_owned()));
        }
        let (name, comment) = (
            scope.fill_in(&context.names)?,
            scope.fill_in(&context.comments)?,
        );
        let breaks = match &expected {
            Expected::Reject(_) => context.broken(),
            _ => Vec::new(),
        };
        self.builder.breaks = breaks;
        self.builder.case(
            &node.origin,
            (&name, &comment),
            (&context.checks, &context.flag),
            Value::Object(input),
            expected,
        );
        Ok(())
    }
}

/// The path to what lies in a definition.
fn below(definition: &str, way: &[usize]) -> String {
    let places = way.iter().map(usize::to_string);
    let parts: Vec<String> = std::iter::once(definition.to_owned())
        .chain(places)
        .collect();
    parts.join(".")
}

/// The names of a group's cases.
fn names(group: &Node) -> Vec<&String> {
    let inner = group.cases.iter().flat_map(names);
    group.name.iter().chain(inner).collect()
}

/// A value as it stands in an input or output: bytes in hexadecimal.
fn json(item: &Item) -> Result<Value> {
    let wrong = || Error::Generate(format!("no input or output has this: {item:?}"));
    let text = |text: &[u8]| String::from_utf8(text.to_vec()).map_err(|_| wrong());
    Ok(match item {
        Item::Uint(n) => (*n).into(),
        Item::Bytes(bytes) => hexed(bytes),
        Item::Text(bytes) => text(bytes)?.into(),
        Item::Array(items) => Value::Array(items.iter().map(json).collect::<Result<_>>()?),
        Item::Map(entries) => {
            let entry = |(key, value): &(Item, Item)| match key {
                Item::Text(key) => Ok((text(key)?, json(value)?)),
                _ => Err(wrong()),
            };
            Value::Object(entries.iter().map(entry).collect::<Result<_>>()?)
        }
        Item::Simple(20) => false.into(),
        Item::Simple(21) => true.into(),
        item if *item == NULL => Value::Null,
        _ => return Err(wrong()),
    })
}

#[cfg(test)]
mod tests;
