//! The functions of a crate.

use quote::ToTokens as _;
use syn::{Block, File, Ident, ImplItem, Item, Signature, TraitItem, Type, Visibility};

use crate::crates::is_test;
use crate::name::Name;

/// A function that has a body: one of a module, of a type's `impl`, or of a trait by default.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Function {
    /// What it is called.
    pub name: Name,
    /// `pub`, in a module or in an inherent `impl`.
    pub public: bool,
}

/// Every function of a crate, in the order of its source; but for those of tests, and those that a macro or
/// a function has inside.
pub fn all(file: &mut File) -> Vec<Function> {
    let mut found = Vec::new();
    visit(file, &mut |function, _| {
        found.push(function);
        Ok(())
    })
    .unwrap_or_default();
    found
}

/// Visits every function of [`all`] with its body.
pub fn visit(
    file: &mut File,
    look: &mut dyn FnMut(Function, &mut Block) -> Result<(), String>,
) -> Result<(), String> {
    Walk {
        public: Vec::new(),
        full: Vec::new(),
        look,
    }
    .items(&mut file.items)
}

struct Walk<'l> {
    public: Vec<String>,
    full: Vec<String>,
    look: &'l mut dyn FnMut(Function, &mut Block) -> Result<(), String>,
}

impl Walk<'_> {
    fn items(&mut self, items: &mut [Item]) -> Result<(), String> {
        for item in items {
            match item {
                Item::Mod(module) if !is_test(&module.attrs) => {
                    let Some((_, items)) = &mut module.content else {
                        continue;
                    };
                    let (name, public) = (module.ident.to_string(), is_public(&module.vis));
                    self.within(name, public, |walk| walk.items(items))?;
                }
                Item::Fn(item) if !is_test(&item.attrs) => {
                    self.function(&item.sig, is_public(&item.vis), &mut item.block)?;
                }
                Item::Impl(of) if !is_test(&of.attrs) => {
                    let (inherent, items) = (of.trait_.is_none(), &mut of.items);
                    self.within(type_name(&of.self_ty), true, |walk| {
                        for item in items {
                            if let ImplItem::Fn(item) = item {
                                let public = inherent && is_public(&item.vis);
                                walk.function(&item.sig, public, &mut item.block)?;
                            }
                        }
                        Ok(())
                    })?;
                }
                Item::Trait(of) => {
                    let items = &mut of.items;
                    self.within(of.ident.to_string(), true, |walk| {
                        for item in items {
                            if let TraitItem::Fn(item) = item
                                && let Some(body) = &mut item.default
                            {
                                walk.function(&item.sig, false, body)?;
                            }
                        }
                        Ok(())
                    })?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn within(
        &mut self,
        name: String,
        public: bool,
        walk: impl FnOnce(&mut Self) -> Result<(), String>,
    ) -> Result<(), String> {
        if public {
            self.public.push(name.clone());
        }
        self.full.push(name);
        walk(self)?;
        self.full.pop();
        if public {
            self.public.pop();
        }
        Ok(())
    }

    fn function(&mut self, sig: &Signature, public: bool, body: &mut Block) -> Result<(), String> {
        let path = |of: &[String], name: &Ident| {
            let mut path = of.join("::");
            if !path.is_empty() {
                path.push_str("::");
            }
            path + &name.to_string()
        };
        let name = Name {
            public: path(&self.public, &sig.ident),
            full: path(&self.full, &sig.ident),
        };
        (self.look)(Function { name, public }, body)
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// The type that an `impl` is for, without its parameters.
fn type_name(of: &Type) -> String {
    match of {
        Type::Path(of) => of.path.segments.last().map(|last| last.ident.to_string()),
        Type::Reference(of) => Some(type_name(&of.elem)),
        _ => None,
    }
    .unwrap_or_else(|| of.to_token_stream().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_named_by_modules_and_types() {
        let mut file: File = syn::parse_quote! {
            mod hidden {
                pub mod shown {
                    pub fn open() { fn inner() {} }
                    pub(crate) fn close() {}
                }
                impl<W: Write> super::Session<W> {
                    pub const fn write(&mut self) {}
                }
                impl Write for &Session<Vec<u8>> {
                    fn flush(&mut self) {}
                }
            }
            trait Cloud {
                fn find(&self);
                fn get(&self) { self.find() }
            }
            #[cfg(test)]
            mod tests {
                fn helper() {}
            }
        };
        let found: Vec<_> = all(&mut file)
            .into_iter()
            .map(|f| (f.name.public, f.name.full, f.public))
            .collect();
        let expected = [
            ("shown::open", "hidden::shown::open", true),
            ("shown::close", "hidden::shown::close", false),
            ("Session::write", "hidden::Session::write", true),
            ("Session::flush", "hidden::Session::flush", false),
            ("Cloud::get", "Cloud::get", false),
        ];
        let expected = expected.map(|(a, b, public)| (a.to_owned(), b.to_owned(), public));
        assert_eq!(found, expected);
    }
}
