//! The known-broken implementations, as programs that the runner of the vectors asks.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use conformance::vectors::file::File;
use conformance::vectors::program::{Fault, Program};
use conformance::vectors::run::{Options, Report, run};
use encryptediot_broken::fault;
use encryptediot_broken::shim::{Devices, dispatch, protocol};
use serde_json::Value;

/// The copy of the reference, with one fault or none. What it says crosses the border as JSON.
struct Broken {
    fault: Option<&'static str>,
    devices: Devices,
}

impl Program for Broken {
    fn hello(&mut self) -> Result<conformance::vectors::program::Hello, Fault> {
        let hello = serde_json::to_value(protocol::this()).unwrap();
        Ok(serde_json::from_value(hello).unwrap())
    }

    fn ask(
        &mut self,
        operation: &str,
        input: Value,
    ) -> Result<conformance::vectors::program::Answer, Fault> {
        fault::switch(self.fault);
        let devices = &mut self.devices;
        let answer = catch_unwind(AssertUnwindSafe(|| dispatch(operation, input, devices)));
        fault::switch(None);
        let answer = answer.map_err(|_| {
            self.devices = Devices::default();
            Fault::Ended(": it panicked".to_owned())
        })?;
        Ok(serde_json::from_value(serde_json::to_value(answer).unwrap()).unwrap())
    }
}

/// The project.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The vectors.
pub fn files() -> Vec<File> {
    File::read_all(&root().join("vectors")).unwrap()
}

/// Asks the copy, with one fault or none.
pub fn ask(files: &[File], chosen: &[(usize, usize)], fault: Option<&'static str>) -> Report {
    let program = || -> Box<dyn Program> {
        Box::new(Broken {
            fault,
            devices: Devices::default(),
        })
    };
    let options = Options {
        program: &program,
        jobs: 2,
        progress: &|| (),
    };
    run(files, chosen, &options).unwrap()
}

/// The tests that failed.
pub fn failed(report: &Report) -> Vec<&str> {
    let failed = report
        .findings
        .iter()
        .filter(|finding| finding.mismatch.is_some());
    failed.map(|finding| &*finding.id).collect()
}
