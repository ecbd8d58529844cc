//! The table of `reference/LIMITS.md`: each bound has its reason, and tests that are there.

use std::path::Path;

use conformance_source::name::{Name, resolve};
use conformance_source::test;

/// What is wrong with the table.
fn wrong(page: &str, tests: &[Name]) -> Vec<String> {
    let table = page.split_once("<!-- limits -->").map(|(_, rest)| rest);
    let table = table.and_then(|rest| rest.split_once("<!-- /limits -->"));
    let Some((table, _)) = table else {
        return vec!["there is no table".to_owned()];
    };
    let mut wrong = Vec::new();
    let rows = table.lines().filter(|line| line.starts_with("| ")).skip(1);
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [what, bound, why, named] = cells[..] else {
            wrong.push(format!("`{row}` is no row of this table"));
            continue;
        };
        if [what, bound, why].iter().any(|cell| cell.is_empty()) {
            wrong.push(format!("{what}: what, bound or reason is missing"));
        }
        let ends: Vec<&str> = named.split('`').skip(1).step_by(2).collect();
        if ends.is_empty() {
            wrong.push(format!("{what}: no test"));
        }
        let missing = ends
            .iter()
            .filter_map(|end| resolve("test", end, tests.iter()).err());
        wrong.extend(missing.map(|why| format!("{what}: {why}")));
    }
    wrong
}

#[test]
fn every_limit_has_a_reason_and_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("reference/LIMITS.md")).unwrap();
    let tests = test::all(&root).unwrap();
    assert_eq!(wrong(&page, &tests), Vec::<String>::new());
    for (from, to, error) in [
        (
            "a_name_has_1_to_64",
            "a_name_has_1_to_65",
            "there is no test",
        ),
        (
            "| part of paths |",
            "| |",
            "names: what, bound or reason is missing",
        ),
        (
            " `graph::tests::a_long_trace_takes_no_longer_than_reading_it` |",
            " |",
            "no test",
        ),
        ("| one form |", "one form |", "is no row"),
        ("<!-- limits -->", "", "there is no table"),
    ] {
        assert!(page.contains(from), "{from}");
        let found = wrong(&page.replacen(from, to, 1), &tests);
        assert!(
            found.iter().any(|is| is.contains(error)),
            "{error}: {found:?}"
        );
    }
}
