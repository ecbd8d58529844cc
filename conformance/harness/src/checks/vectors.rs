//! The test vectors, against the reference in this process.

use crate::check::{Check, Counts, Outcome};
use conformance_vectors::file::File;
use conformance_vectors::program::{Program, Reference};
use conformance_vectors::{default_directory, report, run};

pub fn checks() -> Vec<Check> {
    vec![Check::new(
        "vectors",
        "the reference accepts and rejects what the test vectors say, for the reason that they say",
        |context| {
            let files = match File::read_all(&default_directory()) {
                Ok(files) => files,
                Err(why) => return Outcome::NotChecked(why.to_string()),
            };
            let chosen: Vec<_> = (0..)
                .zip(&files)
                .flat_map(|(number, file)| (0..file.tests.len()).map(move |test| (number, test)))
                .collect();
            context.progress("the test vectors");
            let options = run::Options {
                program: &|| Box::<Reference>::default() as Box<dyn Program>,
                jobs: std::thread::available_parallelism().map_or(1, usize::from),
                progress: &|| (),
            };
            match run::run(&files, &chosen, &options) {
                Ok(found) => {
                    let Counts {
                        held,
                        failed,
                        not_checked,
                    } = found.counts();
                    context.show(report::table(&found), &(held, failed, not_checked));
                    match (held, failed, not_checked) {
                        (1.., 0, 0) => Outcome::Held,
                        _ => Outcome::Failed(format!("{failed} failed, {not_checked} unsupported")),
                    }
                }
                Err(why) => Outcome::Failed(why.to_string()),
            }
        },
    )]
}
