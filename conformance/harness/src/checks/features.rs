//! The paper's table 1 under every scheme, viewing while recording, and a policy at work.

use encryptediot_policy::feature::{Extent, Feature, Party};
use encryptediot_schemes::demo::features;
use encryptediot_schemes::demo::matrix::{Cell, Matrix};
use encryptediot_schemes::demo::pictures::Pictures;
use encryptediot_schemes::demo::scene::Scene;
use encryptediot_schemes::demo::{live, policy};
use encryptediot_schemes::scheme::Kind;

use super::figures::judge as judge_scene;
use crate::check::{Check, Context, Outcome};

pub fn checks() -> Vec<Check> {
    let scene = |name: &str, shows: &str, play: fn(u64) -> encryptediot::Result<Scene>| {
        Check::new(name, shows, move |context| {
            judge_scene(context, play(context.seed))
        })
    };
    vec![
        scene(
            "live",
            "two devices follow a stream one session late, through a rotation and an outage",
            live::play,
        ),
        scene(
            "policy",
            "a file says who sees what; applying it leads there, and again after it changed",
            policy::play,
        ),
        Check::new(
            "features",
            "table 1 under four schemes: what works and what it exposes is what the paper promises",
            |context| played(context, &Pictures::new("ffmpeg")),
        ),
    ]
}

fn played(context: &Context<'_>, pictures: &Pictures) -> Outcome {
    let mut progress = |what: &str| context.progress(&format!("features: {what}"));
    let (all, schemes) = (Feature::ALL, Kind::ALL);
    match features::run(&all, &schemes, context.seed, pictures, &mut progress) {
        Ok(matrix) => {
            context.show(matrix.to_string(), &matrix);
            judge(&matrix)
        }
        Err(error) => Outcome::Failed(format!("{error} ({})", error.reason())),
    }
}

fn judge(matrix: &Matrix) -> Outcome {
    let cells = matrix
        .rows
        .iter()
        .flat_map(|row| row.cells.iter().map(|cell| (row.feature, cell)));
    let wrong: Vec<String> = cells
        .filter_map(|(feature, cell)| {
            let why = wrong(feature, cell)?;
            Some(format!("{feature}, {}: {why}", cell.scheme))
        })
        .collect();
    match (&*wrong, matrix.not_run()) {
        ([], None) if matrix.rows.is_empty() => Outcome::Failed("no feature".to_owned()),
        ([], None) => Outcome::Held,
        ([], Some(cell)) => Outcome::NotChecked(cell.seen.clone()),
        (wrong, _) => Outcome::Failed(wrong.join("; ")),
    }
}

/// What is otherwise than the paper has it, or exposes more than it must.
fn wrong(feature: Feature, cell: &Cell) -> Option<String> {
    let extent = cell.extent?;
    let needs_a_key = feature.party() != Party::Nobody;
    let as_promised = match cell.scheme {
        Kind::ProviderManaged => extent == Extent::Available,
        // What needs nobody's key it could have, whatever section 3.2.3 says: see reference/schemes/README.md.
        Kind::RingE2ee => !needs_a_key || extent == Extent::Unavailable,
        Kind::Paper | Kind::Repaired => extent <= feature.promised(),
    };
    if !as_promised {
        return Some(format!("{} ({})", cell.word(), cell.seen));
    }
    let streams = match feature {
        Feature::BirdsEyeView => 2,
        _ => usize::from(needs_a_key),
    };
    let exposed: Vec<&[u64]> = cell.exposure.iter().map(|e| &*e.clips).collect();
    let as_it_must = match cell.scheme {
        Kind::ProviderManaged => exposed.iter().filter(|c| **c == [1, 2, 3, 4]).count() >= 4,
        Kind::RingE2ee => exposed.is_empty(),
        Kind::Paper | Kind::Repaired if feature.party() == Party::Bearer => exposed == [[2]],
        Kind::Paper | Kind::Repaired => exposed == vec![[2, 3]; streams],
    };
    (!as_it_must).then(|| format!("open to {}", cell.cost()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_promises_less_or_exposes_more_fails_and_one_that_did_not_run_is_not_checked() {
        let pictures = Pictures::new("no-such-program-here");
        let some = [Feature::SharedUsers, Feature::LinkSharing];
        let run = || features::run(&some, &Kind::ALL, 3, &pictures, &mut |_| ()).unwrap();
        let good = run();
        assert_eq!(judge(&good), Outcome::Held);
        for (row, cell) in [(0, 0), (0, 3), (1, 2), (1, 3)] {
            let mut bad = good.clone();
            bad.rows[row].cells[cell].extent = Some(Extent::Unavailable);
            assert!(matches!(judge(&bad), Outcome::Failed(_)), "{row} {cell}");
            let mut bad = good.clone();
            bad.rows[row].cells[cell].exposure[0].clips = vec![1, 2, 3];
            assert!(matches!(judge(&bad), Outcome::Failed(_)), "{row} {cell}");
        }
        let mut bad = good.clone();
        bad.rows[0].cells[1].extent = Some(Extent::Available);
        assert!(matches!(judge(&bad), Outcome::Failed(_)));
        let mut unknown = good;
        unknown.rows[0].cells[3].extent = None;
        assert!(matches!(judge(&unknown), Outcome::NotChecked(_)));
    }
}
