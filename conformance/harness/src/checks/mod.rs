//! The checks that there are. To add one: write it in a module of its own, add it to [`all`].

use crate::check::Check;
use crate::prove::check::proofs;

pub mod correspondence;
pub mod demo;
pub mod features;
pub mod figures;
pub mod vectors;

/// Every check, in the order of running.
pub fn all() -> Vec<Check> {
    let mut checks = figures::checks();
    checks.extend(demo::checks());
    checks.extend(features::checks());
    checks.extend(vectors::checks());
    checks.extend(correspondence::checks());
    checks.push(proofs());
    checks
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
