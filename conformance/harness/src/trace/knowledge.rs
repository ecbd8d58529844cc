//! What the adversary knows: Dolev-Yao deduction over what went over the network.
//!
//! Known terms are taken apart as far as the keys are known; everything public can be made from what
//! is known. That decides deducibility for the message theories that the models use: a decryption
//! never needs a key that only a composition of its own result would give.

use std::collections::{HashMap, HashSet};

use super::term::{Id, Node, Terms};

/// The adversary's knowledge, with the time of each thing learnt.
#[derive(Debug, Default)]
pub struct Knowledge {
    known: HashMap<Id, u32>,
    by_function: HashMap<&'static str, Vec<Id>>,
    /// Fresh names that somebody else made. All others are the adversary's own.
    made: HashSet<Id>,
    /// What is encrypted under a key that is a name.
    locked: HashMap<Id, Vec<Id>>,
    /// What is encrypted under a key that is made of others.
    locked_by_made: Vec<(Id, Id)>,
}

impl Knowledge {
    /// Somebody made this fresh name: the adversary does not know it of itself.
    pub fn make(&mut self, fresh: Id) -> bool {
        self.made.insert(fresh)
    }

    /// Was this fresh name made by somebody else than the adversary?
    pub fn is_made(&self, fresh: Id) -> bool {
        self.made.contains(&fresh)
    }

    /// Since when the adversary can make the term.
    pub fn since(&self, terms: &Terms, id: Id) -> Option<u32> {
        if let Some(time) = self.known.get(&id) {
            return Some(*time);
        }
        match terms.node(id) {
            Node::Public(_) => Some(0),
            Node::Fresh(_) => (!self.made.contains(&id)).then_some(0),
            Node::App(_, args) => {
                let each = args.iter().map(|arg| self.since(terms, *arg));
                each.collect::<Option<Vec<_>>>()
                    .map(|times| times.into_iter().max().unwrap_or(0))
            }
        }
    }

    /// Everything learnt that is this function of something.
    pub fn of_function(&self, function: &str) -> &[Id] {
        self.by_function.get(function).map_or(&[], Vec::as_slice)
    }

    /// Everything learnt, with its time.
    pub fn learnt(&self) -> impl Iterator<Item = (Id, u32)> + '_ {
        self.known.iter().map(|(id, time)| (*id, *time))
    }

    /// The adversary sees a term.
    pub fn learn(&mut self, terms: &Terms, id: Id, time: u32) {
        let mut open = vec![id];
        loop {
            self.take_apart(terms, &mut open, time);
            let locked = std::mem::take(&mut self.locked_by_made);
            for (inner, key) in locked {
                self.unlock(terms, inner, key, &mut open);
            }
            if open.is_empty() {
                return;
            }
        }
    }

    fn take_apart(&mut self, terms: &Terms, open: &mut Vec<Id>, time: u32) {
        while let Some(id) = open.pop() {
            if self.known.contains_key(&id) || matches!(terms.node(id), Node::Public(_)) {
                continue;
            }
            self.known.insert(id, time);
            open.extend(self.locked.remove(&id).unwrap_or_default());
            if let Node::App(function, args) = terms.node(id) {
                self.by_function.entry(function).or_default().push(id);
                match (*function, &**args) {
                    ("pair", [a, b]) => open.extend([*a, *b]),
                    ("revealSign", [message, _]) => open.push(*message),
                    ("senc", [inner, key]) => self.unlock(terms, *inner, *key, open),
                    ("aenc", [inner, public]) => {
                        if let Some(key) = terms.argument(*public, "pk", 0) {
                            self.unlock(terms, *inner, key, open);
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    fn unlock(&mut self, terms: &Terms, inner: Id, key: Id, open: &mut Vec<Id>) {
        if self.since(terms, key).is_some() {
            open.push(inner);
        } else if matches!(terms.node(key), Node::App(..)) {
            self.locked_by_made.push((inner, key));
        } else {
            self.locked.entry(key).or_default().push(inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taken_apart_when_the_key_comes() {
        let (mut t, mut k) = (Terms::default(), Knowledge::default());
        let [secret, key, pw, salt] = ["secret", "key", "pw", "salt"].map(|n| t.fresh(n));
        for name in [secret, key, pw, salt] {
            k.make(name);
        }
        let derived = t.app("kdf", vec![pw, salt]);
        let (inner, outer) = (
            t.app("senc", vec![secret, key]),
            t.app("senc", vec![key, derived]),
        );
        let (public, hidden) = (t.app("pk", vec![secret]), t.app("pair", vec![inner, outer]));
        k.learn(&t, hidden, 1);
        assert_eq!((k.since(&t, inner), k.since(&t, secret)), (Some(1), None));
        k.learn(&t, salt, 3);
        assert_eq!(k.since(&t, public), None);
        k.learn(&t, pw, 5);
        assert_eq!(
            (k.since(&t, derived), k.since(&t, secret)),
            (Some(5), Some(5))
        );
        assert_eq!(k.since(&t, public), Some(5));
    }

    #[test]
    fn a_revealing_signature_gives_its_message() {
        let (mut t, mut k) = (Terms::default(), Knowledge::default());
        let [message, key] = ["message", "key"].map(|n| t.fresh(n));
        for name in [message, key] {
            k.make(name);
        }
        let signed = t.app("revealSign", vec![message, key]);
        k.learn(&t, signed, 1);
        assert_eq!((k.since(&t, message), k.since(&t, key)), (Some(1), None));
    }

    /// A derived key that is learnt before a public name, in one message.
    #[test]
    fn taken_apart_whatever_is_learnt_last() {
        let (mut t, mut k) = (Terms::default(), Knowledge::default());
        let [secret, pw, salt] = ["secret", "pw", "salt"].map(|n| t.fresh(n));
        for name in [secret, pw, salt] {
            k.make(name);
        }
        let derived = t.app("kdf", vec![pw, salt]);
        let sealed = t.app("senc", vec![secret, derived]);
        k.learn(&t, sealed, 1);
        let name = t.public("account");
        let pair = t.app("pair", vec![name, derived]);
        k.learn(&t, pair, 3);
        assert_eq!(k.since(&t, secret), Some(3));
    }

    #[test]
    fn asymmetric_ciphertexts_open_under_the_private_half() {
        let (mut t, mut k) = (Terms::default(), Knowledge::default());
        let [secret, key] = ["secret", "key"].map(|n| t.fresh(n));
        assert!(k.make(secret) && k.make(key) && !k.make(key));
        let public = t.app("pk", vec![key]);
        let sealed = t.app("aenc", vec![secret, public]);
        k.learn(&t, sealed, 1);
        k.learn(&t, public, 2);
        assert_eq!(k.since(&t, secret), None);
        k.learn(&t, key, 4);
        assert_eq!(k.since(&t, secret), Some(4));
        let own = t.fresh("the adversary's own");
        assert_eq!(k.since(&t, own), Some(0));
    }
}
