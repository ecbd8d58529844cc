//! Terms, each kept once, with the equations of the built-in message theories.

use std::collections::HashMap;

use crate::spthy::theory::{Pattern, Sort};

/// A term of a [`Terms`].
pub type Id = u32;

/// What a term is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    /// A public name.
    Public(String),
    /// A fresh name.
    Fresh(String),
    /// A function of terms.
    App(&'static str, Vec<Id>),
}

/// What the variables of a pattern stand for.
pub type Bindings = Vec<Option<Id>>;

/// All terms of a trace.
#[derive(Debug, Default)]
pub struct Terms {
    nodes: Vec<Node>,
    ids: HashMap<Node, Id>,
}

impl Terms {
    pub fn node(&self, id: Id) -> &Node {
        &self.nodes[id as usize]
    }

    pub fn all(&self) -> impl Iterator<Item = Id> + use<> {
        0..self.nodes.len() as Id
    }

    fn keep(&mut self, node: Node) -> Id {
        if let Some(id) = self.ids.get(&node) {
            return *id;
        }
        let id = self.nodes.len() as Id;
        self.nodes.push(node.clone());
        self.ids.insert(node, id);
        id
    }

    /// A public name.
    pub fn public(&mut self, name: &str) -> Id {
        self.keep(Node::Public(name.to_owned()))
    }

    /// A fresh name.
    pub fn fresh(&mut self, name: &str) -> Id {
        self.keep(Node::Fresh(name.to_owned()))
    }

    /// A function of terms, with the equations applied: what a destructor takes apart is gone.
    pub fn app(&mut self, function: &'static str, args: Vec<Id>) -> Id {
        let reduced = match (function, &*args) {
            ("fst", [pair]) => self.argument(*pair, "pair", 0),
            ("snd", [pair]) => self.argument(*pair, "pair", 1),
            ("sdec", [sealed, key]) => self
                .argument(*sealed, "senc", 1)
                .filter(|k| k == key)
                .and_then(|_| self.argument(*sealed, "senc", 0)),
            ("adec", [sealed, key]) => self
                .argument(*sealed, "aenc", 1)
                .and_then(|public| self.argument(public, "pk", 0))
                .filter(|k| k == key)
                .and_then(|_| self.argument(*sealed, "aenc", 0)),
            ("getMessage", [signature]) => self.argument(*signature, "revealSign", 0),
            ("verify" | "revealVerify", [signature, message, public]) => {
                let sign = if function == "verify" {
                    "sign"
                } else {
                    "revealSign"
                };
                let signed = self.argument(*signature, sign, 0) == Some(*message);
                let by = self.argument(*signature, sign, 1);
                let of = self.argument(*public, "pk", 0);
                let good = signed && by.is_some() && by == of;
                good.then(|| self.keep(Node::App("true", Vec::new())))
            }
            _ => None,
        };
        reduced.unwrap_or_else(|| self.keep(Node::App(function, args)))
    }

    /// The argument at a place, if the term is of that function.
    pub fn argument(&self, id: Id, function: &str, place: usize) -> Option<Id> {
        match self.node(id) {
            Node::App(name, args) if *name == function => args.get(place).copied(),
            _ => None,
        }
    }

    /// The term that a pattern stands for, or `None` while a variable stands for nothing.
    pub fn build(&mut self, pattern: &Pattern, bound: &Bindings) -> Option<Id> {
        Some(match pattern {
            Pattern::Var(at, _) => bound[*at]?,
            Pattern::Name(name) => self.public(name),
            Pattern::App(function, args) => {
                let args = args.iter().map(|arg| self.build(arg, bound));
                let args = args.collect::<Option<Vec<_>>>()?;
                self.app(function, args)
            }
        })
    }

    /// Does the pattern fit the term? Binds variables; what it bound is in `trail`, also if not.
    pub fn fits(
        &self,
        pattern: &Pattern,
        id: Id,
        bound: &mut Bindings,
        trail: &mut Vec<usize>,
    ) -> bool {
        match pattern {
            Pattern::Var(at, sort) => match bound[*at] {
                Some(there) => there == id,
                None => {
                    let fits = match sort {
                        Sort::Message => true,
                        Sort::Public => matches!(self.node(id), Node::Public(_)),
                        Sort::Fresh => matches!(self.node(id), Node::Fresh(_)),
                    };
                    if fits {
                        bound[*at] = Some(id);
                        trail.push(*at);
                    }
                    fits
                }
            },
            Pattern::Name(name) => matches!(self.node(id), Node::Public(is) if is == name),
            Pattern::App(function, patterns) => match self.node(id) {
                Node::App(is, args) if is == function && args.len() == patterns.len() => {
                    let mut both = patterns.iter().zip(args);
                    both.all(|(pattern, arg)| self.fits(pattern, *arg, bound, trail))
                }
                _ => false,
            },
        }
    }

    /// A term as Tamarin writes it.
    pub fn show(&self, id: Id) -> String {
        match self.node(id) {
            Node::Public(name) => format!("'{name}'"),
            Node::Fresh(name) => format!("~{name}"),
            Node::App("pair", args) => {
                let (mut inner, mut rest) = (vec![self.show(args[0])], args[1]);
                while let Node::App("pair", args) = self.node(rest) {
                    inner.push(self.show(args[0]));
                    rest = args[1];
                }
                inner.push(self.show(rest));
                format!("<{}>", inner.join(", "))
            }
            Node::App(function, args) if args.is_empty() => (*function).to_owned(),
            Node::App(function, args) => {
                let args: Vec<_> = args.iter().map(|arg| self.show(*arg)).collect();
                format!("{function}({})", args.join(", "))
            }
        }
    }
}

impl Pattern {
    /// Calls `seen` with each variable.
    pub fn variables(&self, seen: &mut impl FnMut(usize)) {
        match self {
            Self::Var(at, _) => seen(*at),
            Self::Name(_) => {}
            Self::App(_, args) => args.iter().for_each(|arg| arg.variables(seen)),
        }
    }

    /// Does every variable stand for something?
    pub fn is_bound(&self, bound: &Bindings) -> bool {
        match self {
            Self::Var(at, _) => bound[*at].is_some(),
            Self::Name(_) => true,
            Self::App(_, args) => args.iter().all(|arg| arg.is_bound(bound)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equations() {
        let mut t = Terms::default();
        let (k, m, other) = (t.fresh("k"), t.public("m"), t.fresh("other"));
        let (public, strange) = (t.app("pk", vec![k]), t.app("pk", vec![other]));
        let signature = t.app("sign", vec![m, k]);
        let yes = t.app("true", vec![]);
        let revealing = t.app("revealSign", vec![m, k]);
        assert_eq!(t.app("getMessage", vec![revealing]), m);
        assert_eq!(t.app("revealVerify", vec![revealing, m, public]), yes);
        assert_ne!(t.app("revealVerify", vec![revealing, m, strange]), yes);
        assert_ne!(t.app("verify", vec![revealing, m, public]), yes);
        assert_eq!(t.app("verify", vec![signature, m, public]), yes);
        assert_ne!(t.app("verify", vec![signature, m, strange]), yes);
        assert_ne!(t.app("verify", vec![signature, k, public]), yes);
        assert_ne!(t.app("verify", vec![m, m, public]), yes);
        let sealed = t.app("aenc", vec![m, public]);
        assert_eq!(t.app("adec", vec![sealed, k]), m);
        assert_ne!(t.app("adec", vec![sealed, other]), m);
        let sealed = t.app("senc", vec![m, k]);
        assert_eq!(t.app("sdec", vec![sealed, k]), m);
        let pair = t.app("pair", vec![m, k]);
        assert_eq!((t.app("fst", vec![pair]), t.app("snd", vec![pair])), (m, k));
        assert_eq!(t.show(pair), "<'m', ~k>");
    }
}
