//! Which mutant is switched on, and which could have made a difference.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

/// A fault of `faults.toml`.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its name.
    pub name: &'static str,
    /// What is wrong.
    pub what: &'static str,
    /// Is it what libraries do unless they are told otherwise?
    pub library: bool,
    /// Why no vector can catch it, if none can.
    pub no_vector: Option<&'static str>,
}

/// Every fault.
pub const ALL: &[Fault] = include!(concat!(env!("OUT_DIR"), "/faults.rs"));

thread_local! {
    static ON: Cell<&'static [&'static str]> = const { Cell::new(&[]) };
    static REACHED: RefCell<BTreeSet<&'static str>> = const { RefCell::new(BTreeSet::new()) };
}

/// Switches one fault on in this thread, or all off.
pub fn switch(name: Option<&'static str>) {
    let one = |name: &'static str| ALL.iter().find(|fault| fault.name == name);
    ON.set(
        name.and_then(one)
            .map_or(&[], |fault| std::slice::from_ref(&fault.name)),
    );
}

/// Switches several faults on in this thread: what was one mistake of an earlier design.
pub fn switch_all(names: &'static [&'static str]) {
    ON.set(names);
}

/// Is this fault on in this thread? Every place that a fault changes asks.
pub fn is(name: &'static str) -> bool {
    REACHED.with_borrow_mut(|reached| reached.insert(name));
    ON.get().contains(&name)
}

/// The faults whose places this thread has reached since this was asked last.
pub fn reached() -> BTreeSet<&'static str> {
    REACHED.take()
}
