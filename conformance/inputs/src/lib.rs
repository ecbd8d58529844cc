//! Everything that reads bytes from outside, as functions of those bytes.
//!
//! Each [`Target`] takes any bytes at all. It panics where a property does not hold: a reader panics itself, takes
//! what does not encode back to the same bytes, or blames this device for what others wrote. `conformance/fuzz` calls
//! them with what libFuzzer makes up, the tests of this crate with the corpus that is kept.

mod harness;
mod protocol;
mod roles;

/// A function of bytes from outside.
pub struct Target {
    /// Its name: that of its fuzzing target and of its folder in the corpus.
    pub name: &'static str,
    /// The readers, called with the bytes.
    pub run: fn(&[u8]),
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target {
        name: "messages",
        run: protocol::messages,
    },
    Target {
        name: "containers",
        run: protocol::containers,
    },
    Target {
        name: "sealed",
        run: protocol::sealed,
    },
    Target {
        name: "states",
        run: protocol::states,
    },
    Target {
        name: "texts",
        run: protocol::texts,
    },
    Target {
        name: "roles",
        run: roles::roles,
    },
    Target {
        name: "models",
        run: harness::models,
    },
    Target {
        name: "summaries",
        run: harness::summaries,
    },
    Target {
        name: "traces",
        run: harness::traces,
    },
    Target {
        name: "histories",
        run: harness::histories,
    },
    Target {
        name: "answers",
        run: harness::answers,
    },
    Target {
        name: "policies",
        run: harness::policies,
    },
    Target {
        name: "recordings",
        run: harness::recordings,
    },
];

/// Calls the target of this name.
///
/// # Panics
/// If there is none, or a property does not hold.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    let target = target.unwrap_or_else(|| panic!("there is no target {name}"));
    (target.run)(bytes);
}
