//! The commands into which faults are put, and what must hold when they are done.

use std::sync::OnceLock;

use crate::disk::Tree;
use crate::world::{Done, World};

/// A command with what is around it.
#[derive(Debug)]
pub struct Case {
    /// What is run before, without a fault.
    pub before: &'static [&'static str],
    pub line: &'static str,
    /// What completes it, where that is not the same line, since a file with a secret is never written over.
    pub again: Option<&'static str>,
    /// Reasons of a refusal that say it is done already.
    pub already: &'static [&'static str],
    /// What must hold when it is done: `+` before a line that must succeed, `-` before one that must be refused.
    pub then: &'static [&'static str],
    /// Does alice, who saw `x` before, see it still?
    pub alice: bool,
}

const PLAIN: Case = Case {
    before: &[],
    line: "",
    again: None,
    already: &[],
    then: &[],
    alice: true,
};

/// Every kind of command that changes something.
pub const CASES: &[Case] = &[
    Case {
        line: "record --camera door --stream x film",
        ..PLAIN
    },
    Case {
        line: "share --stream x --to carol --as anna",
        then: &[
            "+member sync --as carol",
            "+view --stream x --as carol --from 2 -o got",
        ],
        ..PLAIN
    },
    Case {
        line: "revoke --member alice --as anna",
        already: &["nothing-granted"],
        alice: false,
        ..PLAIN
    },
    Case {
        line: "rotate --as anna",
        ..PLAIN
    },
    Case {
        line: "account passphrase --as anna --passphrase-to new",
        again: Some("account passphrase --as anna --passphrase-to newer"),
        ..PLAIN
    },
    Case {
        line: "phone lose tablet --as anna",
        already: &["unknown-phone"],
        then: &["-phone sync --as tablet"],
        ..PLAIN
    },
    Case {
        line: "phone enroll third",
        already: &["local-exists"],
        then: &["+phone sync --as third"],
        ..PLAIN
    },
    Case {
        line: "phone sync --as tablet",
        before: &["rotate --as anna"],
        ..PLAIN
    },
    Case {
        line: "phone keep-unlocked --as anna",
        ..PLAIN
    },
    Case {
        line: "camera sync --camera door",
        before: &["rotate --as anna"],
        ..PLAIN
    },
    Case {
        line: "camera sync --camera door",
        before: &["!record --camera door --stream x film --store away"],
        ..PLAIN
    },
    Case {
        line: "camera pair garden --streams z --as anna --without-evidence",
        already: &["local-exists", "stream-taken"],
        then: &[
            "+record --camera garden --stream z film",
            "+view --stream z --as anna -o got",
        ],
        ..PLAIN
    },
    Case {
        line: "member new dora",
        already: &["local-exists"],
        then: &["+member card --as dora"],
        ..PLAIN
    },
    Case {
        line: "member sync --as alice",
        ..PLAIN
    },
    Case {
        line: "share --past --stream x --to carol --from -2h --until now --as anna",
        ..PLAIN
    },
    Case {
        line: "extend lease --for 3d --as anna",
        ..PLAIN
    },
    Case {
        line: "extend length --lease 3d --as anna",
        ..PLAIN
    },
    Case {
        line: "link make --stream x --clip 1 --as anna",
        then: &["+link view {link} -o got"],
        ..PLAIN
    },
    Case {
        line: "link remove {link}",
        then: &["-link view {link} -o got"],
        ..PLAIN
    },
    Case {
        line: "policy apply policy.toml --as anna",
        then: &["+policy check policy.toml --as anna"],
        alice: false,
        ..PLAIN
    },
    Case {
        line: "view --stream x --as anna -o got",
        ..PLAIN
    },
    Case {
        line: "member export --as alice --to keys",
        already: &["output"],
        then: &["-member export --as alice --to keys"],
        ..PLAIN
    },
];

/// Where everything begins: two phones, camera `door` with `x` and `y`, alice sees `x`, bob does not any more.
pub fn base() -> &'static (Tree, Done) {
    static BASE: OnceLock<(Tree, Done)> = OnceLock::new();
    BASE.get_or_init(|| {
        let world = World::empty();
        let policy = "[[share]]\nto = [\"carol\"]\nstreams = [\"x\"]\n";
        std::fs::write(world.place().join("policy.toml"), policy).unwrap();
        for line in [
            "account create --phone anna --passphrase-to words",
            "camera pair door --streams x,y --as anna",
            "phone enroll tablet --account {account}",
            "member new alice",
            "member new bob",
            "member new carol",
            "share --stream x --to alice,bob --as anna",
            "camera sync --camera door",
            "record --camera door --stream x film",
            "member sync --as alice",
            "member sync --as bob",
            "revoke --member bob --as anna",
            "camera sync --camera door",
            "link make --stream x --clip 1 --as anna",
        ] {
            let line = line.replace(" --account {account}", "");
            let said = world.must(&line).unwrap();
            if let Some(link) = said["link"].as_str() {
                std::fs::write(world.place().join("link"), link).unwrap();
            }
        }
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let done = Done {
            clips: [1].into(),
            see: names(&["alice"]),
            revoked: names(&["bob"]),
        };
        (world.tree(), done)
    })
}

impl Case {
    /// The world right before the command.
    pub fn start(&self) -> (Tree, Done) {
        let (tree, done) = base();
        let (world, mut done) = (World::of(tree), done.clone());
        for line in self.before {
            match line.strip_prefix('!') {
                // It says in its report what could not be done.
                Some(line) => drop(world.run(line)),
                None => drop(world.must(line).unwrap()),
            }
        }
        if !self.before.is_empty() && self.before[0].contains("record") {
            done.clips.insert(2);
        }
        if !self.alice {
            done.see.remove("alice");
            done.revoked.insert("alice".to_owned());
        }
        (world.tree(), done)
    }

    /// What must hold in `world` after the command ended so: completes it if it did not say that it is done.
    pub fn judge(
        &self,
        world: &World,
        said: &crate::world::Ended,
        mut done: Done,
    ) -> Result<(), String> {
        let mut said = &said.json;
        let again;
        if said.is_null() || said.get("error").is_some() {
            again = world.run(self.again.unwrap_or(self.line));
            let already = again.json["error"]
                .as_str()
                .is_some_and(|reason| self.already.contains(&reason));
            if !again.done() && !already {
                return Err(format!(
                    "it does not complete: {:?} {}",
                    again.code, again.json
                ));
            }
            said = &again.json;
        }
        if let (Some("x"), Some(first), Some(last)) = (
            said["stream"].as_str(),
            said["first"].as_u64(),
            said["last"].as_u64(),
        ) {
            done.clips.extend(first..=last);
        }
        if let Some(link) = said["link"].as_str() {
            std::fs::write(world.place().join("link"), link).unwrap();
        }
        world.house(&done)?;
        self.then.iter().try_for_each(|line| world.holds(line))
    }
}
