//! The mutants, as programs that the runner of the vectors asks.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use conformance_vectors::file::File;
use conformance_vectors::program::{Answer, Fault, Hello, Program};
use conformance_vectors::run::{Options, Report, run};
use encryptediot_broken::fault;
use encryptediot_shim::{Devices, dispatch, protocol};
use serde_json::Value;

/// The copy of the protocol, with one fault or none. Its answers cross the border as JSON, since the types of
/// the copy's shim are not those of the runner.
struct Mutant {
    fault: Option<&'static str>,
    devices: Devices,
    reached: Arc<Mutex<BTreeSet<&'static str>>>,
}

impl Program for Mutant {
    fn hello(&mut self) -> Result<Hello, Fault> {
        let hello = serde_json::to_value(protocol::this()).unwrap();
        Ok(serde_json::from_value(hello).unwrap())
    }

    fn ask(&mut self, operation: &str, input: Value) -> Result<Answer, Fault> {
        fault::switch(self.fault);
        let devices = &mut self.devices;
        let answer = catch_unwind(AssertUnwindSafe(|| dispatch(operation, input, devices)));
        fault::switch(None);
        self.reached.lock().unwrap().extend(fault::reached());
        let answer = answer.map_err(|_| {
            self.devices = Devices::default();
            Fault::Ended(": it panicked".to_owned())
        })?;
        Ok(serde_json::from_value(serde_json::to_value(answer).unwrap()).unwrap())
    }
}

/// The project's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The vectors.
pub fn files() -> Vec<File> {
    File::read_all(&root().join("vectors")).unwrap()
}

/// What the copy with one fault, or none, answers to vectors; and the faults whose places it reached.
pub fn ask(
    files: &[File],
    chosen: &[(usize, usize)],
    fault: Option<&'static str>,
) -> (Report, BTreeSet<&'static str>) {
    let reached = Arc::new(Mutex::new(BTreeSet::new()));
    let program = || -> Box<dyn Program> {
        Box::new(Mutant {
            fault,
            devices: Devices::default(),
            reached: Arc::clone(&reached),
        })
    };
    let options = Options {
        program: &program,
        jobs: 2,
        progress: &|| (),
    };
    let report = run(files, chosen, &options).unwrap();
    let reached = std::mem::take(&mut *reached.lock().unwrap());
    (report, reached)
}

/// The ids of the vectors that were not answered as they say.
pub fn failed(report: &Report) -> Vec<&str> {
    let failed = report
        .findings
        .iter()
        .filter(|finding| finding.mismatch.is_some());
    failed.map(|finding| &*finding.id).collect()
}
