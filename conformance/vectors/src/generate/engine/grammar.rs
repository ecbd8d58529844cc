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

/// A field of a structure, or within one.
pub struct Field {
    /// Its name; within another field, that one's name and its place in it.
    pub name: String,
    /// The places that lead to it from the whole.
    pub way: Way,
    /// Where the grammar has it: a rule and its field.
    pub place: String,
    /// What it is, in the words that `when` of a group of cases has.
    pub is: Vec<&'static str>,
}

/// Of a message, its body and everything in it, from the outside in; of another structure, itself and
/// everything in it. Of a list, the first and the last item are as good as those between.
pub fn fields(name: &str, whole: &Item) -> Vec<Field> {
    let mut found = Vec::new();
    let Some((rule, kind)) = rule_of(name, whole) else {
        return found;
    };
    // A tag is no field: what it is on is found as if it were not there.
    let (whole, tagged) = match whole {
        Item::Tag(_, inner) => (&**inner, true),
        other => (other, false),
    };
    let (way, kind) = step(kind, "body").unwrap_or((Way::new(), kind));
    let start = Start {
        name: "body",
        place: rule,
        fixed: (!way.is_empty()).then_some("droppable"),
    };
    collect(whole, &start, &way, kind, &mut found);
    if tagged {
        found.remove(0);
    }
    found
}

/// The rule that a definition follows, and its text.
pub fn rule_of(name: &str, whole: &Item) -> Option<(Type, Type)> {
    let message = match whole.at(&[0]) {
        Some(Item::Text(kind)) => std::str::from_utf8(kind).unwrap_or_default(),
        _ => "",
    };
    let found = |name: &str| RULES.get_key_value(name).filter(|_| !name.is_empty());
    let (rule, text) = found(name).or_else(|| found(message))?;
    Some((rule, text.trim()))
}

/// What is known of an item before its type is looked at.
struct Start<'a> {
    name: &'a str,
    place: &'a str,
    /// Of one of several fields, the word that says whether the others keep to their types without it.
    fixed: Option<&'static str>,
}

fn collect(whole: &Item, start: &Start<'_>, way: &Way, kind: Type, found: &mut Vec<Field>) {
    let Some(item) = whole.at(way) else { return };
    let mut is = words(item, kind);
    is.extend(start.fixed.map(|_| "field"));
    is.extend(start.fixed);
    is.extend((!way.is_empty()).then_some("inner"));
    let place = match start.name == "body" && start.fixed.is_some() {
        true => format!("{}.body", start.place),
        false => start.place.to_owned(),
    };
    found.push(Field {
        name: start.name.to_owned(),
        way: way.clone(),
        place,
        is,
    });
    let (Item::Array(items), Some(of)) = (item, array(kind)) else {
        return;
    };
    let here = named(kind).unwrap_or(start.place);
    for place in 0..items.len() {
        let (field, inner) = match &of {
            Array::List(inner, _) if place == 0 || place + 1 == items.len() => (None, *inner),
            Array::List(..) => continue,
            Array::Fields(fields) => match fields.get(place) {
                Some((field, inner)) => (Some(*field), *inner),
                None => continue,
            },
        };
        let name = match (start.name, field) {
            ("body", Some(field)) => field.to_owned(),
            ("body", None) => place.to_string(),
            (name, _) => format!("{name}.{place}"),
        };
        let start = Start {
            name: &name,
            place: &format!("{here}.{}", field.unwrap_or("*")),
            fixed: field.map(|_| without(items, &of, place)),
        };
        collect(whole, &start, &[&way[..], &[place]].concat(), inner, found);
    }
}

/// Whether each key's place has something else than bytes in it once a field is missing: where it has, two
/// things are wrong.
fn without(items: &[Item], of: &Array, place: usize) -> &'static str {
    let Array::Fields(fields) = of else {
        return "droppable";
    };
    let behind = fields.iter().zip(items.iter().skip(1)).skip(place);
    let taken = |((_, kind), item): (&(&str, Type), &Item)| match item {
        Item::Bytes(_) => named(kind) == Some("point"),
        Item::Array(_) => array(kind).is_some(),
        _ => false,
    };
    match behind.into_iter().any(taken) {
        true => "shifting",
        false => "droppable",
    }
}

/// The rule that a type is, without `null` beside it.
pub fn named(kind: Type) -> Option<Type> {
    let kind = kind.strip_suffix(" / null").unwrap_or(kind).trim();
    RULES.contains_key(kind).then_some(kind)
}

/// The names of all rules.
pub fn rules() -> impl Iterator<Item = Type> {
    RULES.keys().map(|name| &**name)
}

/// The words that describe fields.
pub const WORDS: [&str; 28] = [
    "map",
    "signature",
    "number",
    "no-number",
    "small",
    "byte",
    "word",
    "choice",
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
    "nullable",
    "longer",
    "indefinite",
    "null",
    "field",
    "droppable",
    "shifting",
    "inner",
    "unsized",
];

/// What an item is, of a type.
fn words(item: &Item, kind: Type) -> Vec<&'static str> {
    let mut words = match item {
        Item::Uint(_) => vec!["number", number(kind)],
        Item::Text(_) => vec!["text"],
        Item::Bytes(_) => vec!["bytes", bytes(kind)],
        Item::Map(_) => vec!["map"],
        Item::Array(_) => match array(kind) {
            Some(Array::List(_, true)) => vec!["array", "list", "may-be-empty"],
            Some(Array::List(_, false)) => vec!["array", "list", "filled"],
            _ => vec!["array", "fixed", "filled"],
        },
        _ => vec!["null"],
    };
    if matches!(item, Item::Uint(0..=2_048)) {
        words.push("small");
    }
    if !matches!(item, Item::Uint(_)) {
        words.push("no-number");
    }
    words.push(match kind.ends_with(" / null") {
        true => "nullable",
        false => "required",
    });
    words.extend(item.longer().map(|_| "longer"));
    words.extend(item.indefinite().map(|_| "indefinite"));
    words
}

/// Of how many bytes a number may be, or that there are few.
fn number(kind: Type) -> &'static str {
    match expand(kind) {
        kind if kind.ends_with(".size 1") => "byte",
        kind if kind.ends_with(".size 4") => "word",
        kind if kind.contains(" / ") => "choice",
        _ => "unsized",
    }
}

/// Whether bytes are a point, of one size, or of any.
fn bytes(kind: Type) -> &'static str {
    match expand(kind) {
        _ if named(kind) == Some("point") => "point",
        // A signature of another size is one that does not verify.
        "bstr .size 64" | "bstr .size 256" => "signature",
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
