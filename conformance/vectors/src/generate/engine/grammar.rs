//! Where SPEC's grammar has the fields that case files name.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::super::super::{Error, Result};
use super::super::item::{Item, Way};
use conformance_common::spec;

/// The rules of SPEC's `cddl` blocks, without comments.
static RULES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let blocks = spec::TEXT.split("```cddl\n").skip(1);
    let blocks = blocks.filter_map(|block| block.split("```").next());
    let mut rules: Vec<(String, String)> = Vec::new();
    for line in blocks.flat_map(str::lines) {
        let line = line.split(';').next().unwrap_or_default();
        match line.split_once('=') {
            Some((name, rule)) if !line.starts_with(' ') => {
                rules.push((name.trim().to_owned(), rule.trim().to_owned()));
            }
            _ => {
                if let Some((_, rule)) = rules.last_mut() {
                    rule.push_str(line);
                }
            }
        }
    }
    rules.into_iter().collect()
});

/// A type as the grammar writes it.
pub type Type = &'static str;

/// The rule of this name.
pub fn rule(name: &str) -> Option<Type> {
    RULES.get(name).map(|rule| rule.trim())
}

/// A type without its name, its tag and `null` beside it.
pub fn expand(kind: Type) -> Type {
    let kind = kind.strip_suffix(" / null").unwrap_or(kind).trim();
    match (rule(kind), kind.split_once('(')) {
        (Some(rule), _) => expand(rule),
        (_, Some((tag, inner))) if tag.starts_with("#6.") => inner,
        _ => kind,
    }
}

/// An array's type taken apart.
pub enum Array {
    /// Any number of items of a type: whether it may be none.
    List(Type, bool),
    /// Fields with their names.
    Fields(Vec<(&'static str, Type)>),
}

/// The type as an array's, if it is one.
pub fn array(kind: Type) -> Option<Array> {
    let inside = expand(kind).strip_prefix('[')?;
    let (mut depth, mut start, mut parts) = (0_usize, 0, Vec::new());
    for (at, c) in inside.char_indices() {
        match c {
            '[' | '{' | '(' => depth += 1,
            ']' if depth == 0 => {
                parts.push(inside.get(start..at)?.trim());
                break;
            }
            ']' | '}' | ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(inside.get(start..at)?.trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    if let [one] = parts[..]
        && let Some(of) = one.strip_prefix("* ").or(one.strip_prefix("+ "))
    {
        return Some(Array::List(of, one.starts_with('*')));
    }
    let named = |part: Type| match part.split_once(':') {
        Some((name, kind)) if !name.contains(['[', '{', '"']) => (name.trim(), kind.trim()),
        _ if part.starts_with('"') => ("type", part),
        _ if part.starts_with('[') => ("body", part),
        _ => (part, part),
    };
    Some(Array::Fields(parts.into_iter().map(named).collect()))
}

/// Where an array has a field, and the field's type. A message has the fields of its body, too.
fn step(kind: Type, name: &str) -> Option<(Way, Type)> {
    let fields = match array(kind)? {
        Array::List(of, _) => return Some((vec![name.parse().ok()?], of)),
        Array::Fields(fields) => fields,
    };
    let is = |(place, (field, _)): (usize, &(&str, Type))| {
        (*field == name || name.parse() == Ok(place)).then_some(place)
    };
    if let Some(place) = fields.iter().enumerate().find_map(is) {
        return Some((vec![place], fields.get(place)?.1));
    }
    let place = fields.iter().position(|(name, _)| *name == "body")?;
    let (way, kind) = step(fields.get(place)?.1, name)?;
    Some(([vec![place], way].concat(), kind))
}

/// The type of a definition's value: the rule of the definition's name, or of the message's type.
pub fn type_of(name: &str, value: &Item) -> Option<Type> {
    let message = match value.at(&[0]) {
        Some(Item::Text(kind)) => std::str::from_utf8(kind).ok(),
        _ => None,
    };
    rule(name).or_else(|| rule(message?))
}

/// The way to the field that `path` names, through arrays by SPEC's names or numbers, through maps
/// by keys, through tags as if they were not there.
///
/// # Errors
/// If there is none.
pub fn way(mut kind: Option<Type>, value: &Item, path: &[String]) -> Result<Way> {
    let mut way = Way::new();
    for name in path {
        let missing = || Error::Generate(format!("there is no field `{name}`"));
        if let Some(Item::Tag(..)) = value.at(&way) {
            way.push(0);
        }
        let here = value.at(&way).ok_or_else(missing)?;
        let known = kind.and_then(|kind| step(kind, name));
        match (here, known) {
            (Item::Map(entries), _) => {
                let is = |key: &Item| match key {
                    Item::Text(text) => text == name.as_bytes(),
                    Item::Uint(n) => name.parse() == Ok(*n),
                    Item::Nint(n) => name.parse() == Ok(-1 - i128::from(*n)),
                    _ => false,
                };
                let place = entries.iter().position(|(key, _)| is(key));
                way.push(place.ok_or_else(missing)?);
                kind = None;
            }
            (_, Some((steps, of))) => {
                way.extend(steps);
                kind = Some(of);
            }
            _ => {
                way.push(name.parse().map_err(|_| missing())?);
                kind = None;
            }
        }
        value.at(&way).ok_or_else(missing)?;
    }
    Ok(way)
}

/// A field of a message's body, or within one.
pub struct Field {
    /// Its name; within another field, that one's name and its place in it.
    pub name: String,
    /// The places that lead to it from the message, with dots between them.
    pub path: String,
    /// What it is, in the words that `when` of a group of cases has.
    pub is: Vec<&'static str>,
}

/// The body of a message and everything in it, from the outside in. Of a list, the first and the
/// last item are as good as those between.
pub fn fields(message: &Item) -> Vec<Field> {
    let mut found = Vec::new();
    if let Some(kind) = type_of("", message)
        && let Some((way, body)) = step(kind, "body")
    {
        collect(message, "body", &way, body, &mut found);
    }
    found
}

fn collect(message: &Item, name: &str, way: &Way, kind: Type, found: &mut Vec<Field>) {
    let Some(item) = message.at(way) else { return };
    found.push(Field {
        name: name.to_owned(),
        path: way
            .iter()
            .map(usize::to_string)
            .collect::<Vec<_>>()
            .join("."),
        is: words(item, kind),
    });
    let (Item::Array(items), Some(of)) = (item, array(kind)) else {
        return;
    };
    for place in 0..items.len() {
        let (field, inner) = match &of {
            Array::List(inner, _) if place == 0 || place + 1 == items.len() => (None, *inner),
            Array::List(..) => continue,
            Array::Fields(fields) => match fields.get(place) {
                Some((field, inner)) => (Some(*field), *inner),
                None => continue,
            },
        };
        let name = match (name, field) {
            ("body", Some(field)) => field.to_owned(),
            _ => format!("{name}.{place}"),
        };
        collect(message, &name, &[&way[..], &[place]].concat(), inner, found);
    }
}

/// The words that describe fields.
pub const WORDS: [&str; 16] = [
    "number",
    "no-number",
    "text",
    "bytes",
    "point",
    "sized",
    "free",
    "array",
    "list",
    "fixed",
    "may-be-empty",
    "filled",
    "required",
    "longer",
    "indefinite",
    "null",
];

/// What an item is, of a type.
fn words(item: &Item, kind: Type) -> Vec<&'static str> {
    let mut words = match item {
        Item::Uint(_) => vec!["number"],
        Item::Text(_) => vec!["text"],
        Item::Bytes(_) => vec!["bytes", bytes(kind)],
        Item::Array(_) => match array(kind) {
            Some(Array::List(_, true)) => vec!["array", "list", "may-be-empty"],
            Some(Array::List(_, false)) => vec!["array", "list", "filled"],
            _ => vec!["array", "fixed", "filled"],
        },
        _ => vec!["null"],
    };
    if !matches!(item, Item::Uint(_)) {
        words.push("no-number");
    }
    if !kind.ends_with(" / null") {
        words.push("required");
    }
    words.extend(item.longer().map(|_| "longer"));
    words.extend(item.indefinite().map(|_| "indefinite"));
    words
}

/// Whether bytes are a point, of one size, or of any.
fn bytes(kind: Type) -> &'static str {
    match expand(kind) {
        _ if kind == "point" => "point",
        kind if kind.contains(".size") => "sized",
        _ => "free",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_specs_names() {
        let find = |path: &[&str]| {
            let mut kind = rule("announcement").unwrap();
            let mut way = Way::new();
            for name in path {
                let (steps, of) = step(kind, name)?;
                way.extend(steps);
                kind = of;
            }
            Some((way, kind))
        };
        assert_eq!(find(&["lease"]).unwrap(), (vec![3, 5], "uint"));
        assert_eq!(find(&["keys", "2", "window"]).unwrap().0, [3, 7, 2, 1]);
        assert_eq!(
            find(&["keys", "2", "window", "until"]).unwrap(),
            (vec![3, 7, 2, 1, 1], "time")
        );
        assert_eq!(
            find(&["phones", "0", "lease"]).unwrap(),
            (vec![3, 6, 0, 1], "point")
        );
        assert_eq!(find(&["account-id"]).unwrap().0, [2]);
        assert_eq!(find(&["previous"]).unwrap().1, "hash / null");
        assert!(find(&["leas"]).is_none() && find(&["keys", "x"]).is_none());
        assert!(matches!(
            array("[* [name, head]]"),
            Some(Array::List("[name, head]", true))
        ));
    }
}
