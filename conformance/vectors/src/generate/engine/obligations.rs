//! What SPEC's grammar says of every field, one thing at a time: what vectors must break, each alone.

use super::grammar::{Array, Type, array, expand, named, rule, rules};

/// The kinds of rule there are about a field.
pub const KINDS: [&str; 6] = ["type", "value", "null", "absent", "more", "encoding"];

/// Rules of what is computed and never read, and of what no operation is given.
pub const NOT_READ: [(&str, &str); 2] = [
    (
        "context",
        "computed by whoever seals and whoever opens, and never sent",
    ),
    ("role", "stands in contexts alone"),
];

/// A field of the grammar, or one of its rules, with what must be broken about it.
pub struct Obligation {
    /// The rule and the field.
    pub place: String,
    /// Its type, as the grammar has it.
    pub of: Type,
    /// Kinds of rule.
    pub kinds: Vec<&'static str>,
}

/// All of them.
pub fn all() -> Vec<Obligation> {
    let mut found = Vec::new();
    let read = |name: &Type| NOT_READ.iter().all(|(not, _)| not != name);
    for name in rules().filter(read) {
        let Some(kind) = rule(name) else { continue };
        match array(kind) {
            Some(_) => within(name, name, kind, &mut found),
            None if kind.starts_with('{') => map(name, kind, &mut found),
            None => found.push(Obligation {
                place: name.to_owned(),
                of: kind,
                kinds: kinds(name, false),
            }),
        }
    }
    found
}

/// Is this a rule of the grammar?
pub fn is_rule(name: &str) -> bool {
    rule(name).is_some()
}

/// The rule that a type is, if it has no fields of its own.
pub fn rule_of(of: Type) -> Option<Type> {
    named(of).filter(|name| array(name).is_none())
}

/// What an array's fields owe.
fn within(rule: &str, place: &str, kind: Type, found: &mut Vec<Obligation>) {
    let fields = match array(kind) {
        Some(Array::List(of, _)) => vec![("*", of)],
        Some(Array::Fields(fields)) => fields,
        None => return,
    };
    for (field, of) in fields {
        // A message has the fields of its body, too.
        let (inner, named_here) = match field {
            "body" => (rule.to_owned(), format!("{rule}.body")),
            _ => (format!("{place}.{field}"), format!("{place}.{field}")),
        };
        found.push(Obligation {
            place: named_here,
            of,
            kinds: kinds(of, field != "*"),
        });
        if named(of).is_none() {
            within(rule, &inner, of, found);
        }
    }
}

/// What a map's entries owe.
fn map(name: &str, kind: Type, found: &mut Vec<Obligation>) {
    let inside = kind
        .trim_start_matches('{')
        .split('}')
        .next()
        .unwrap_or_default();
    for entry in inside.split(',') {
        if let Some((key, of)) = entry.split_once(':') {
            found.push(Obligation {
                place: format!("{name}.{}", key.trim()),
                of: of.trim(),
                kinds: vec!["type", "value", "null", "absent", "more", "encoding"],
            });
        }
    }
}

/// What there is to break about a type.
fn kinds(of: Type, fixed: bool) -> Vec<&'static str> {
    let mut kinds = vec!["type", "null"];
    let inside = expand(of);
    let list = matches!(array(of), Some(Array::List(_, false)));
    let constrained = [".size", ".regexp", ".cbor {", " / ", "\""]
        .iter()
        .any(|mark| inside.contains(mark));
    if array(of).is_none() && (constrained || inside == "1") || list {
        kinds.push("value");
    }
    if fixed {
        kinds.extend(["absent", "more"]);
    }
    kinds.push("encoding");
    kinds
}
