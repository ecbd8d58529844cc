//! The paper's figures 2 to 6, and the control that has to fail.

use encryptediot::Result;
use encryptediot_schemes::demo::figures::{FIGURES, control};
use encryptediot_schemes::demo::scene::Scene;

use crate::check::{Check, Context, Outcome};

/// One check per figure, and the control.
pub fn checks() -> Vec<Check> {
    let figure = |figure: &'static encryptediot_schemes::demo::figures::Figure| {
        let name = format!("figure-{}", figure.number);
        Check::new(name, figure.title, |context| {
            judge(context, (figure.run)(context.seed))
        })
    };
    let mut checks: Vec<Check> = FIGURES.iter().map(figure).collect();
    let shows = "a figure with one wrong expectation is reported as failed, in that row";
    checks.push(Check::new("control", shows, |context| {
        match control(context.seed) {
            Ok(scene) => must_fail(&scene),
            Err(error) => Outcome::Failed(error.to_string()),
        }
    }));
    checks
}

/// Shows a scene that was played; it holds if every try came out as it must.
pub fn judge(context: &Context<'_>, played: Result<Scene>) -> Outcome {
    match played {
        Ok(scene) => {
            context.show(scene.to_string(), &scene);
            match scene.held() {
                true => Outcome::Held,
                false => Outcome::Failed(scene.failures().join("; ")),
            }
        }
        Err(error) => Outcome::Failed(format!("{error} ({})", error.reason())),
    }
}

/// Exactly one row of the control is wrong; it, and no other, must be reported.
fn must_fail(scene: &Scene) -> Outcome {
    match &scene.failures()[..] {
        [failure] if !scene.held() && failure.starts_with("alice, audio-y") => Outcome::Held,
        [] => Outcome::Failed("the wrong expectation was reported as held".to_owned()),
        others => Outcome::Failed(format!("reported instead: {}", others.join("; "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::run;

    #[test]
    fn the_figures_and_the_control_hold() {
        let context = Context::new(3, "unused".into(), &|_| ());
        let summary = run(&checks(), &context);
        let counts = summary.counts();
        let counts = (counts.held, counts.failed, counts.not_checked);
        assert_eq!(counts, (6, 0, 0), "{summary:?}");
    }

    #[test]
    fn a_scene_that_does_not_hold_fails_and_a_control_that_holds_fails() {
        let context = Context::new(3, "unused".into(), &|_| ());
        let wrong = control(3).unwrap();
        assert!(matches!(
            judge(&context, Ok(wrong.clone())),
            Outcome::Failed(_)
        ));
        let mut right = wrong;
        right.rows.retain(|row| row.held());
        assert!(matches!(must_fail(&right), Outcome::Failed(_)));
    }
}
