//! A program under test: one that can be asked, and what may go wrong when it is.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

pub use encryptediot_shim::Answer;
pub use encryptediot_shim::protocol::Hello;
use encryptediot_shim::protocol::this;
use encryptediot_shim::{Devices, dispatch};
use serde_json::Value;

/// Why there is no answer to a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The program was not started.
    #[error("it cannot be started: {0}")]
    NotStarted(String),
    /// It said nothing for too long.
    #[error("it hangs: no answer within {} s", .0.as_secs_f64())]
    Hang(Duration),
    /// It ended, or panicked.
    #[error("it ended without an answer{0}")]
    Ended(String),
    /// It said something else than an answer.
    #[error("it wrote what is no answer: {0}")]
    Garbage(String),
    /// It answered another request.
    #[error("it answered out of order: request {asked}, answer {answered}")]
    OutOfOrder {
        /// The request.
        asked: u64,
        /// The answer.
        answered: u64,
    },
}

/// Something that can be asked. After a [`Fault`] it is a fresh one, and remembers nothing.
pub trait Program {
    /// Who it is.
    ///
    /// # Errors
    /// If it does not say so.
    fn hello(&mut self) -> Result<Hello, Fault>;

    /// Asks it.
    ///
    /// # Errors
    /// If there is no answer.
    fn ask(&mut self, operation: &str, input: Value) -> Result<Answer, Fault>;
}

/// The reference, in this process.
#[derive(Default)]
pub struct Reference {
    devices: Devices,
}

impl Program for Reference {
    fn hello(&mut self) -> Result<Hello, Fault> {
        Ok(this())
    }

    fn ask(&mut self, operation: &str, input: Value) -> Result<Answer, Fault> {
        let devices = &mut self.devices;
        let ask = AssertUnwindSafe(|| dispatch(operation, input, devices));
        let answer = catch_unwind(ask);
        answer.map_err(|_| {
            self.devices = Devices::default();
            Fault::Ended(": it panicked".to_owned())
        })
    }
}
