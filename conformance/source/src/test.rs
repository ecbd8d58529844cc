//! The tests of the workspace: functions with `#[test]`, and those in the body of a macro such as `proptest!`.

use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::{Item, ItemFn};

use crate::crates::{self, Package};
use crate::name::Name;

/// Every test of the workspace at `root`, named as by [`of`].
pub fn all(root: &Path) -> Result<Vec<Name>, String> {
    let mut found = Vec::new();
    for package in crates::packages(root)? {
        found.extend(of(&package)?);
    }
    Ok(found)
}

/// Every test of a package, as `crate::module::function`, with the name of its file or folder first where it
/// is in `tests/`.
pub fn of(package: &Package) -> Result<Vec<Name>, String> {
    let mut found = Vec::new();
    for root in ["src/lib.rs", "src/main.rs"] {
        let root = package.folder.join(root);
        if root.exists() {
            in_items(&crates::read(&root)?.items, &package.name, &mut found);
        }
    }
    for (name, root) in targets(&package.folder.join("tests"))? {
        let path = format!("{}::{name}", package.name);
        in_items(&crates::read(&root)?.items, &path, &mut found);
    }
    let name = |path: String| Name {
        public: path.clone(),
        full: path,
    };
    Ok(found.into_iter().map(name).collect())
}

/// The crates that Cargo finds in a folder `tests`: `name.rs`, `name/main.rs`.
fn targets(folder: &Path) -> Result<Vec<(String, PathBuf)>, String> {
    let mut found = Vec::new();
    if !folder.exists() {
        return Ok(found);
    }
    let unreadable = |e: std::io::Error| format!("{}: {e}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_stem().unwrap_or_default();
        let name = name.to_string_lossy().into_owned();
        let root = match path.is_dir() {
            true => path.join("main.rs"),
            false => path,
        };
        if root.exists() && root.extension().is_some_and(|extension| extension == "rs") {
            found.push((name, root));
        }
    }
    found.sort();
    Ok(found)
}

fn in_items(items: &[Item], path: &str, found: &mut Vec<String>) {
    for item in items {
        match item {
            Item::Mod(module) => {
                if let Some((_, items)) = &module.content {
                    in_items(items, &format!("{path}::{}", module.ident), found);
                }
            }
            Item::Fn(function) if has_test(function) => {
                found.push(format!("{path}::{}", function.sig.ident));
            }
            Item::Macro(item) => in_tokens(item.mac.tokens.clone(), path, found),
            _ => {}
        }
    }
}

fn has_test(function: &ItemFn) -> bool {
    let mut attributes = function.attrs.iter();
    attributes.any(|attribute| attribute.path().is_ident("test"))
}

/// Tests in what a macro is given: `#[test]`, then the next `fn`.
fn in_tokens(tokens: TokenStream, path: &str, found: &mut Vec<String>) {
    let (mut hash, mut test, mut function) = (false, false, false);
    for token in tokens {
        match token {
            TokenTree::Group(group) if hash => test |= group.stream().to_string() == "test",
            TokenTree::Ident(name) if test && function => {
                found.push(format!("{path}::{name}"));
                (test, function) = (false, false);
                continue;
            }
            TokenTree::Ident(word) => function = word == "fn",
            TokenTree::Punct(mark) => {
                hash = mark.as_char() == '#';
                continue;
            }
            _ => {}
        }
        hash = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_found_by_their_attribute() {
        let file: syn::File = syn::parse_quote! {
            fn no_test() {}
            #[test]
            #[ignore]
            fn alone() {}
            mod inner {
                #[cfg(test)]
                mod tests {
                    #[test]
                    fn within() {}
                }
            }
            proptest! {
                #![proptest_config(ProptestConfig::with_cases(1))]
                /// Words about fn and test.
                #[test]
                fn random(x in 0..1) { let f: fn() = || (); }
                fn helper() {}
                #[test]
                #[ignore]
                fn other(x in 0..1) {}
            }
        };
        let mut found = Vec::new();
        in_items(&file.items, "c", &mut found);
        let expected = [
            "c::alone",
            "c::inner::tests::within",
            "c::random",
            "c::other",
        ];
        assert_eq!(found, expected);
    }
}
