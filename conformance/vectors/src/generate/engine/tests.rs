//! What is wrong with a file of cases is refused, with its line and the case.

use super::*;

/// A file of `name-read`, whose fifth line and those after it are a group of one case.
fn refused(case: &str) -> String {
    let text = format!(
        "checks = ['SPEC#messages']\ndefine = {{ text = \"'a'\", one = 1 }}\ninput.text = 'text'\n\
         [[cases]]\n{case}\n"
    );
    let world = World::new().unwrap();
    let functions = Functions::new(&world).unwrap();
    let file = read("cases/name-read.toml", &text);
    match file.and_then(|file| make(&functions, "name-read", file)) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_good_case_is_taken() {
    let good = "name = 'a'\ncomment = 'a {one}'\nflag = 'Valid'\naccept = true";
    assert_eq!(refused(good), "");
}

#[test]
fn what_is_misspelt_is_refused_with_its_line() {
    for (case, line, what) in [
        ("nam = 'a'", 5, "no key `nam`"),
        ("name = 1", 5, "integer in place of a string"),
        (
            "name = 'a'\nreject = 'stream-nam'",
            6,
            "no reason `stream-nam`",
        ),
        ("name = 'a'\nflag = 'Vali'", 6, "no flag `Vali`"),
        (
            "name = 'a'\nchecks = ['CLAIM-ROO']",
            6,
            "no claim or section `CLAIM-ROO`",
        ),
        ("name = 'a'\nset.text = \"fill('a'\"", 6, "expected `,`"),
        ("name = 'a'\nset.text = ", 6, ""),
        ("accept = true", 4, "a case without a name"),
        ("when = 'numbr'", 5, "no kind of field `numbr`"),
        (
            "cases = [['a', 'b', 'text', 'd']]",
            5,
            "more cells than columns",
        ),
        (
            "for = { one = [1, 2], text = ['text'] }\ncases = []",
            5,
            "arrays of several lengths",
        ),
    ] {
        let refused = refused(case);
        let line = format!("cases/name-read.toml:{line}: ");
        assert!(
            refused.starts_with(&line) && refused.contains(what),
            "{case}: {refused}"
        );
    }
}

#[test]
fn what_is_not_there_is_refused_with_the_case() {
    for (case, what) in [
        ("accept = true\nset.txt = 1", "nothing is defined as `txt`"),
        (
            "accept = true\nset.text = 'txt'",
            "nothing is defined as `txt`",
        ),
        (
            "accept = true\nset.text = 'fil(1, 2)'",
            "there is no function `fil`",
        ),
        (
            "accept = true\nset.text = 'fill(1)'",
            "argument 2 is missing",
        ),
        (
            "accept = true\nset.text = \"upper('a', 1)\"",
            "argument 2 is one too many",
        ),
        (
            "accept = true\nset.text = 'cat(text, one)'",
            "`text` depends on itself",
        ),
        ("accept = true\nset.text.first = 1", "no field `first`"),
        ("accept = true\nvalue = 1", "no `at` to put it"),
        ("", "neither accept nor reject"),
        ("accept = true\nchecks = []", "no comment, or no checks"),
        // The reference says something else.
        ("reject = 'stream-name'", "expected Reject"),
        ("accept = true\nset.text = \"'A'\"", "expected Accept"),
        ("accept = '{name: text}'", "expected AcceptAs"),
        (
            "reject = 'stream-name'\nset.text = \"'A'\"\nreleased = 1",
            "expected RejectAfter",
        ),
    ] {
        let refused = refused(&format!(
            "name = 'a'\nflag = 'Valid'\n{case}\ncomment = 'a'"
        ));
        let named = refused.contains("(a)") || refused.contains("name-read/a");
        let located = refused.starts_with("cases/name-read.toml:4");
        assert!(
            named && located && refused.contains(what),
            "{case}: {refused}"
        );
    }
}

#[test]
fn a_case_that_is_there_twice_and_faults_that_are_not_are_refused() {
    let twice = "accept = true\nflag = 'Valid'\ncases = [['a', 'b'], ['a', 'b']]";
    assert!(refused(twice).contains("name-read/a is there twice"));
    let unnamed = "name = 'a'\nflag = 'Valid'\naccept = true\ncomment = '{on}'";
    assert!(refused(unnamed).contains("nothing is defined as `on`"));
    let except =
        "faults = 'points'\nat = 'text'\nflag = 'Text'\nreject = 'stream-name'\nexcept = ['ray']";
    assert!(refused(except).contains("`points` has no case `ray`"));
    let none = "cases/name-read.toml:4: there is no file of cases `faults/none`";
    assert_eq!(refused("faults = 'none'"), none);
}

#[test]
fn every_file_can_be_read() {
    for (name, _) in OPERATIONS.iter().chain(SHARED) {
        assert!(text(name).is_ok(), "{name}");
    }
}
