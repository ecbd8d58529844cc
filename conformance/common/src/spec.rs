//! SPEC as data: its claims, its reasons, its sections, its errata. Whatever names one of them is held
//! against the document itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// The document.
pub const TEXT: &str = include_str!("../../../reference/SPEC.md");

/// What of SPEC can be named.
pub struct Spec {
    /// Claims and what each says, in SPEC's order.
    pub claims: Vec<(String, String)>,
    /// Reasons and what each says, in SPEC's order.
    pub reasons: Vec<(String, String)>,
    /// Sections, as links name them.
    pub sections: BTreeSet<String>,
    /// Errata, `E1` and on.
    pub errata: BTreeMap<String, String>,
    /// The grammar's structures, with the names of their fields in their order: of a message, those
    /// of its body.
    pub structures: BTreeMap<String, Vec<String>>,
    /// The structures and fields of the table of what each party learns, row by row.
    pub learnt: Vec<(Vec<String>, Vec<String>)>,
}

/// SPEC, read once.
pub static SPEC: LazyLock<Spec> = LazyLock::new(|| Spec::read(TEXT));

impl Spec {
    fn read(text: &str) -> Self {
        let sections = text.lines().filter_map(|line| {
            let title = line.trim_start_matches('#');
            (title.len() < line.len()).then(|| slug(title))
        });
        let rows = || text.lines().filter_map(row);
        let named = |start: &str| -> Vec<(String, String)> {
            let is = |cells: &Vec<&str>| cells.first().is_some_and(|cell| cell.starts_with(start));
            let both =
                |cells: Vec<&str>| Some((cells.first()?.to_string(), cells.get(1)?.to_string()));
            rows().filter(is).filter_map(both).collect()
        };
        let after = text.split("\n## Reasons").nth(1).unwrap_or_default();
        let table = after.split("\n## ").next().unwrap_or_default();
        let reason = |line: &str| {
            let cells = row(line)?;
            let name = cells.first()?.strip_prefix('`')?.strip_suffix('`')?;
            Some((name.to_owned(), cells.get(1)?.to_string()))
        };
        let errata = rows().filter_map(|cells| {
            let number = cells.first()?.strip_prefix('E')?;
            number.parse::<u32>().ok()?;
            Some((cells.first()?.to_string(), cells.get(2)?.to_string()))
        });
        Self {
            claims: named("CLAIM-"),
            reasons: table.lines().filter_map(reason).collect(),
            sections: sections.collect(),
            errata: errata.collect(),
            structures: structures(text),
            learnt: learnt(text),
        }
    }

    /// Is this a claim, or a section (`SPEC#…`), of SPEC?
    pub fn knows(&self, name: &str) -> bool {
        match name.strip_prefix("SPEC#") {
            Some(section) => self.sections.contains(section),
            None => self.claims.iter().any(|(claim, _)| claim == name),
        }
    }
}

/// The structures of the `cddl` blocks.
fn structures(text: &str) -> BTreeMap<String, Vec<String>> {
    let blocks = text.split("```cddl\n").skip(1);
    let blocks = blocks.filter_map(|block| block.split("```").next());
    let lines = blocks.flat_map(str::lines);
    let clear = lines.map(|line| line.split(';').next().unwrap_or_default());
    let mut found: Vec<(String, String)> = Vec::new();
    for line in clear {
        match line.split_once('=') {
            Some((name, is)) if !line.starts_with(' ') && !name.contains(['[', '(']) => {
                found.push((name.trim().to_owned(), is.to_owned()));
            }
            _ => {
                if let Some((_, rest)) = found.last_mut() {
                    rest.push_str(line);
                }
            }
        }
    }
    let of = |(name, is): (String, String)| Some((name, fields(is.trim())?));
    found.into_iter().filter_map(of).collect()
}

/// The names of an array's fields, where it is one. A field without a name has its type's.
fn fields(array: &str) -> Option<Vec<String>> {
    let inside = array.strip_prefix("#6.18(").unwrap_or(array);
    let inside = inside.strip_prefix('[')?;
    if let Some(items) = inside.strip_prefix("+ [").or(inside.strip_prefix("* [")) {
        return fields(&format!("[{items}"));
    }
    let mut depth = 0_usize;
    let mut parts = vec![String::new()];
    for c in inside.chars() {
        match c {
            '[' | '{' | '(' => depth += 1,
            ']' | '}' | ')' if depth == 0 => break,
            ']' | '}' | ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut()?.push(c);
    }
    let parts: Vec<_> = parts.iter().map(|part| part.trim()).collect();
    // A message: type, version, account, body.
    if let [kind, "version", "account-id", body] = parts[..]
        && kind.starts_with('"')
    {
        return fields(body);
    }
    let name = |part: &&str| {
        let name = part.split_once(':').map_or(*part, |(name, _)| name);
        name.trim().trim_start_matches(['+', ' ', '[']).to_owned()
    };
    Some(parts.iter().map(name).collect())
}

/// The rows of the table of what each party learns.
fn learnt(text: &str) -> Vec<(Vec<String>, Vec<String>)> {
    let after = text.split("\n### What each party learns").nth(1);
    let table = after.unwrap_or_default().split("\n## ").next();
    let names = |cell: &&str| -> Vec<String> {
        let quoted = cell.split('`').skip(1).step_by(2);
        quoted.map(str::to_owned).collect()
    };
    let rows = table.unwrap_or_default().lines().filter_map(row);
    let rows = rows.filter(|cells| cells[0].starts_with('`'));
    rows.map(|cells| (names(&cells[0]), names(&cells[1])))
        .collect()
}

/// What the table of what each party learns lacks, or has too much of.
pub fn unlearnt(spec: &Spec) -> Vec<String> {
    let mut rows: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (structures, fields) in &spec.learnt {
        for structure in structures {
            let row = rows.entry(structure).or_default();
            row.extend(fields.iter().map(String::as_str));
        }
    }
    let mut wrong = Vec::new();
    for (structure, fields) in &spec.structures {
        let listed = rows
            .get(structure.as_str())
            .map_or(&[][..], |fields| fields);
        for field in fields {
            let times = listed.iter().filter(|listed| *listed == field).count();
            if times != 1 {
                wrong.push(format!("{structure}: {field} stands {times} times"));
            }
        }
        let extra = listed
            .iter()
            .filter(|field| !fields.iter().any(|is| is == *field));
        wrong.extend(extra.map(|field| format!("{structure}: it has no field {field}")));
    }
    wrong
}

/// The cells of a row of a table.
fn row(line: &str) -> Option<Vec<&str>> {
    let inner = line.strip_prefix('|')?.strip_suffix('|')?;
    Some(inner.split('|').map(str::trim).collect())
}

/// A title as links name it.
fn slug(title: &str) -> String {
    let kept = title.trim().to_lowercase();
    let kept = kept
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_its_readers() {
        assert_eq!(unlearnt(&SPEC), Vec::<String>::new());
        let more = TEXT.replace(
            "shard-bits: uint .size 1,\n",
            "shard-bits: uint .size 1, colour: tstr,\n",
        );
        assert_eq!(
            unlearnt(&Spec::read(&more)),
            ["announcement: colour stands 0 times"]
        );
        let twice = TEXT.replace("| `lease` | `camera`,", "| `lease` | `camera`, `camera`,");
        assert_eq!(
            unlearnt(&Spec::read(&twice)),
            ["lease: camera stands 2 times"]
        );
        let gone = TEXT.replace("| `lease` | `camera`,", "| `lease` | `camera`, `colour`,");
        assert_eq!(
            unlearnt(&Spec::read(&gone)),
            ["lease: it has no field colour"]
        );
    }

    #[test]
    fn spec_is_read() {
        assert!(SPEC.knows("CLAIM-ROOT") && SPEC.knows("SPEC#the-owners-records"));
        assert!(!SPEC.knows("CLAIM-NONE") && !SPEC.knows("SPEC#none") && !SPEC.knows("ROOT"));
        let reasons: BTreeSet<_> = SPEC.reasons.iter().map(|(name, _)| &**name).collect();
        let known: BTreeSet<_> = encryptediot::ErrorKind::all()
            .map(|error| error.reason())
            .collect();
        let known: BTreeSet<_> = known
            .into_iter()
            .filter(|reason| *reason != "crypto")
            .collect();
        assert_eq!(reasons, known);
        assert_eq!(SPEC.errata.len(), 21);
    }
}
