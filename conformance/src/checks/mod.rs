//! The checks that there are. To add one: write it in a module of its own, add it to [`all`].

use crate::check::{Check, Outcome};

pub mod demo;
pub mod figures;

/// Every check, in the order of running.
pub fn all() -> Vec<Check> {
    let mut checks = figures::checks();
    checks.extend(demo::checks());
    checks.push(proofs());
    checks
}

/// The proofs, until their models are here.
fn proofs() -> Check {
    let shows = "the security claims of SPEC are proven in the symbolic model";
    Check::new("proofs", shows, |_| {
        Outcome::NotChecked("the models are not part of this release yet".to_owned())
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_two_checks_share_a_name() {
        let mut names: Vec<String> = super::all().into_iter().map(|c| c.name).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
