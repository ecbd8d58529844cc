//! Crates: the packages of the workspace, and a crate's files as one syntax tree.

use std::fs;
use std::path::{Path, PathBuf};

use quote::ToTokens as _;
use syn::{Attribute, Expr, ExprLit, Item, ItemMod, Lit, Meta};

/// A package of the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Its library's name: the package's, with `_` for `-`.
    pub name: String,
    /// The folder of its `Cargo.toml`.
    pub folder: PathBuf,
}

/// The packages of the workspace at `root`, in the order of its members.
///
/// # Errors
/// A manifest that cannot be read, or that names no members or no package.
pub fn packages(root: &Path) -> Result<Vec<Package>, String> {
    let table = |path: &Path| -> Result<toml::Table, String> {
        let text = read_to_string(path)?;
        text.parse().map_err(|e| format!("{}: {e}", path.display()))
    };
    let manifest = table(&root.join("Cargo.toml"))?;
    let members = manifest.get("workspace").and_then(|w| w.get("members"));
    let members = members.and_then(toml::Value::as_array);
    let members = members.ok_or("Cargo.toml names no members of the workspace")?;
    let mut packages = Vec::new();
    for member in members.iter().filter_map(toml::Value::as_str) {
        let folder = root.join(member);
        let manifest = table(&folder.join("Cargo.toml"))?;
        let name = manifest.get("package").and_then(|p| p.get("name"));
        let name = name.and_then(toml::Value::as_str);
        let name = name.ok_or_else(|| format!("{member}/Cargo.toml names no package"))?;
        let name = name.replace('-', "_");
        packages.push(Package { name, folder });
    }
    Ok(packages)
}

/// The crate whose root is this file, with every `mod name;` replaced by the module in its file.
///
/// Modules are found as the compiler finds them; those that `cfg` leaves out are there too.
///
/// # Errors
/// A file that cannot be read, is missing, or is no Rust.
pub fn read(root: &Path) -> Result<syn::File, String> {
    let mut file = parse(root)?;
    let folder = root.parent().unwrap_or(Path::new(""));
    inline(&mut file.items, folder, folder)?;
    Ok(file)
}

fn read_to_string(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

fn parse(path: &Path) -> Result<syn::File, String> {
    syn::parse_file(&read_to_string(path)?).map_err(|e| format!("{}: {e}", path.display()))
}

/// Replaces the modules among `items`. `beside`: the folder of the file that they are in, which a
/// `#[path]` starts from; `modules`: the folder of the modules that have none.
fn inline(items: &mut [Item], beside: &Path, modules: &Path) -> Result<(), String> {
    for item in items {
        let Item::Mod(module) = item else { continue };
        let name = module.ident.to_string();
        if let Some((_, items)) = &mut module.content {
            let folder = modules.join(name);
            inline(items, &folder, &folder)?;
            continue;
        }
        let flat = modules.join(format!("{name}.rs"));
        let (path, folder) = match declared_path(module) {
            Some(path) => {
                let path = beside.join(path);
                let folder = path.parent().unwrap_or(Path::new("")).to_owned();
                (path, folder)
            }
            None if flat.exists() => (flat, modules.join(&name)),
            None => (modules.join(&name).join("mod.rs"), modules.join(&name)),
        };
        let mut file = parse(&path)?;
        let beside = path.parent().unwrap_or(Path::new(""));
        inline(&mut file.items, beside, &folder)?;
        module
            .attrs
            .retain(|attribute| !attribute.path().is_ident("path"));
        module.attrs.extend(file.attrs);
        module.content = Some((syn::token::Brace::default(), file.items));
        module.semi = None;
    }
    Ok(())
}

/// The file that `#[path = "…"]` names.
fn declared_path(module: &ItemMod) -> Option<String> {
    let path = |attribute: &Attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(path),
                ..
            }) => Some(path.value()),
            _ => None,
        },
        _ => None,
    };
    module.attrs.iter().find_map(path)
}

/// Removes the modules, functions and imports that are compiled for tests alone.
pub fn remove_tests(items: &mut Vec<Item>) {
    items.retain(|item| match item {
        Item::Mod(ItemMod { attrs, .. }) => !is_test(attrs),
        Item::Fn(function) => !is_test(&function.attrs),
        Item::Use(import) => !is_test(&import.attrs),
        _ => true,
    });
    for item in items {
        if let Item::Mod(ItemMod {
            content: Some((_, inner)),
            ..
        }) = item
        {
            remove_tests(inner);
        }
    }
}

/// Is this compiled for tests alone?
pub(crate) fn is_test(attributes: &[Attribute]) -> bool {
    let test = |attribute: &Attribute| match &attribute.meta {
        Meta::List(list) => {
            list.path.is_ident("cfg") && list.tokens.to_token_stream().to_string() == "test"
        }
        _ => false,
    };
    attributes.iter().any(test)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_found_as_the_compiler_finds_them() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(
            "lib.rs",
            "mod a; mod b; mod c { mod d; } #[path = \"x/y.rs\"] mod e;",
        );
        write("a.rs", "//! A.\nmod inner; struct A;");
        write("a/inner.rs", "struct Inner;");
        write("b/mod.rs", "mod inner; struct B;");
        write("b/inner.rs", "struct Other;");
        write("c/d.rs", "struct D;");
        write("x/y.rs", "mod z; struct Y;");
        write("x/z.rs", "struct Z;");
        let file = read(&folder.path().join("lib.rs")).unwrap();
        let expected: syn::File = syn::parse_quote! {
            mod a { //! A.
                mod inner { struct Inner; } struct A; }
            mod b { mod inner { struct Other; } struct B; }
            mod c { mod d { struct D; } }
            mod e { mod z { struct Z; } struct Y; }
        };
        let text = |file: &syn::File| prettyplease::unparse(file);
        assert_eq!(
            text(&file).replace("//! A.", ""),
            text(&expected).replace("//! A.", "")
        );
        fs::remove_file(folder.path().join("b/inner.rs")).unwrap();
        let error = read(&folder.path().join("lib.rs")).err().unwrap();
        assert!(error.contains("b/inner/mod.rs"), "{error}");
    }

    #[test]
    fn packages_are_the_workspaces_members() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let packages = packages(&root).unwrap();
        let named = |name: &str| packages.iter().any(|package| package.name == name);
        assert!(named("encryptediot") && named("conformance_source"));
    }
}
