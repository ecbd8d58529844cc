//! Claims: what supports each claim of SPEC, checked in both directions. Lemmas and vectors name their claims
//! themselves; tests, functions and what is outside are listed in `conformance/claims.toml`.

pub mod assumptions;
mod check;
mod listed;
mod project;
mod table;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use clap::Args;
use conformance_common::report::print;

pub use check::{Checked, Claim, check};
pub use project::Project;
pub use table::table;

/// Show what supports each claim of SPEC, and check that nothing is left without a claim.
///
/// A claim without lemma, test, vector or function; an entry that names no function or test, or more than one;
/// a lemma, test, file of vectors, reject reason or public function of the protocol that no claim names and
/// that is not listed as serving none; a step of a model's rule that is no function; an
/// assumption of a model without what stands behind it (`tamarin/assumptions.toml`): each is an error.
///
/// Exit status: 0 if everything corresponds, 1 if something does not, 2 if it could not be checked.
#[derive(Args)]
pub struct ClaimsArgs {
    /// The project's folder.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub root: PathBuf,
    /// Print the table as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Reads everything and checks it.
pub fn read(root: &Path) -> Result<Checked, String> {
    let mut checked = check(&list(root)?, &Project::read(root)?)?;
    checked.wrong.extend(assumptions::read(root)?);
    Ok(checked)
}

/// The text of `claims.toml`.
fn list(root: &Path) -> Result<String, String> {
    let path = root.join("conformance/claims.toml");
    std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))
}

/// Runs the command.
pub fn run(args: &ClaimsArgs) -> Result<u8, String> {
    let Checked { claims, wrong } = read(&args.root)?;
    match args.json {
        true => print(format_args!(
            "{}\n",
            serde_json::to_string_pretty(&claims).map_err(|e| e.to_string())?
        )),
        false => print(format_args!("{}", table(&claims))),
    }
    for what in &wrong {
        eprintln!("{what}");
    }
    Ok(u8::from(!wrong.is_empty()))
}
