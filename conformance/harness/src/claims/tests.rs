//! What the check of claims finds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use conformance_source::function::Function;
use conformance_source::name::Name;

use super::*;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

#[test]
fn everything_corresponds() {
    assert_eq!(read(root()).unwrap().wrong, Vec::<String>::new());
}

/// Edits of `claims.toml`, each with what is then wrong.
#[test]
fn an_entry_that_names_nothing_is_an_error() {
    let (list, project) = (list(root()).unwrap(), Project::read(root()).unwrap());
    for (from, to, error) in [
        ("[CLAIM-ROOT]", "[CLAIM-ROUTE]", "CLAIM-ROUTE is no claim"),
        ("[CLAIM-ROOT]", "[CLAIM-ROUTE]", "CLAIM-ROOT has no entry"),
        (
            "owner::enroll",
            "owner::unroll",
            "CLAIM-SECOND-PHONE: there is no function owner::unroll",
        ),
        (
            "announcement::open\"",
            "open\"",
            "CLAIM-CAMERA-KEYS: function open is one of",
        ),
        (
            "lifecycle::a_second",
            "lifecycle::b_second",
            "there is no test lifecycle::b_second",
        ),
        ("paper = \"5\"", "paper = \"\"", "is missing"),
        (
            "\"camera::Paired::new\"",
            "\"camera::Paired::old\"",
            "other: there is no function camera::Paired::old",
        ),
        (
            "\"camera::Paired::new\"",
            "\"camera::Paired::accept\"",
            "other: no function that no claim names is called camera::Paired::accept",
        ),
        (
            "\"camera::Paired::new\", ",
            "",
            "no claim names the function camera::Paired::new",
        ),
        ("\"key-id\"", "\"key-idea\"", "is called key-idea"),
        (
            "\"key-id\", ",
            "",
            "no claim names the file of vectors key-id",
        ),
        (
            "why = \"say what",
            "why = \"\" # say what",
            "does not say why",
        ),
    ] {
        assert!(list.contains(from), "{from}");
        let found = check(&list.replacen(from, to, 1), &project).unwrap().wrong;
        let named = found.iter().any(|is| is.contains(error));
        assert!(named, "{error}: {found:?}");
    }
}

/// Changes of the project, each with what is then wrong.
#[test]
fn what_no_claim_names_is_an_error() {
    let list = list(root()).unwrap();
    let says = |change: fn(&mut Project), error: &str| {
        let mut project = Project::read(root()).unwrap();
        change(&mut project);
        let found = check(&list, &project).unwrap().wrong;
        let named = found.iter().any(|is| is.contains(error));
        assert!(named, "{error}: {found:?}");
    };
    fn name(path: &str) -> Name {
        Name {
            public: path.to_owned(),
            full: path.to_owned(),
        }
    }
    fn function(path: &str, public: bool) -> Function {
        let name = name(path);
        Function { name, public }
    }
    says(
        |p| drop(p.lemmas.insert("clips/new".into(), BTreeSet::new())),
        "no claim names the lemma clips/new",
    );
    says(
        |p| drop(p.reasons.insert("new".into(), BTreeSet::new())),
        "no claim names the reason new",
    );
    says(
        |p| p.tests.push(name("encryptediot::protocol::lifecycle::new")),
        "no claim names the test encryptediot::protocol::lifecycle::new",
    );
    says(
        |p| {
            p.tests
                .retain(|test| !test.full.ends_with("an_offer_lives_for_ten_minutes"))
        },
        "CLAIM-PAIRING: there is no test ",
    );
    // Wherever it is, without a list of the protocol's modules.
    says(
        |p| p.functions.push(function("attic::open", true)),
        "no claim names the function attic::open",
    );
    says(
        |p| {
            let is = |f: &&mut Function| f.name.public == "camera::Paired::accept";
            p.functions.iter_mut().find(is).unwrap().public = false;
        },
        "CLAIM-CAMERA-KEYS: there is no function camera::Paired::accept",
    );
    says(
        |p| {
            p.functions
                .retain(|f| f.name.public != "owner::Owner::announce")
        },
        "rule New_epoch: there is no function owner::Owner::announce",
    );
    says(
        |p| {
            p.schemes
                .retain(|f| !f.name.public.ends_with("Paper::register"))
        },
        "rule Register_pk: there is no function scheme::paper::Paper::register",
    );
    says(
        |p| drop(p.vectors.insert("new".into(), BTreeMap::new())),
        "no claim names the file of vectors new",
    );
    says(
        |p| {
            p.lemmas.values_mut().for_each(|claims| {
                claims.remove("CLAIM-ROOT");
            })
        },
        "CLAIM-ROOT: no lemma",
    );
    says(
        |p| {
            let claims = BTreeSet::from(["CLAIM-RESUME".to_owned()]);
            p.lemmas.insert("clips/resumes".into(), claims);
        },
        "CLAIM-RESUME: a reason why it has no lemma, and a lemma",
    );
    says(
        |p| {
            p.vectors.values_mut().for_each(|file| {
                file.remove("CLAIM-LINK");
            })
        },
        "CLAIM-LINK: no vector",
    );
}

/// `conformance/CLAIMS.md` has the table that is found.
#[test]
fn the_page_of_claims_has_the_table() {
    let path = root().join("conformance/CLAIMS.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let table = table(&read(root()).unwrap().claims);
    let (before, rest) = page.split_once("<!-- claims -->\n").unwrap();
    let (written, after) = rest.split_once("<!-- /claims -->").unwrap();
    if std::env::var_os("UPDATE").is_some() {
        let new = format!("{before}<!-- claims -->\n{table}<!-- /claims -->{after}");
        std::fs::write(path, new).unwrap();
        return;
    }
    assert!(
        written == table,
        "conformance/CLAIMS.md is stale: UPDATE=1 cargo test -p conformance has_the_table writes it"
    );
}
