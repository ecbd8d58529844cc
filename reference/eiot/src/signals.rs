//! Being asked to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use encryptediot::error::StoreError;

use crate::failure::Outcome;

/// Set by Ctrl-C, by the end of the service that runs this, and by the end of its terminal.
#[derive(Clone)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// From now on the first signal asks to stop; a second one ends the program at once.
    pub fn on_signals() -> Outcome<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        #[cfg(unix)]
        for signal in [
            signal_hook::consts::SIGINT,
            signal_hook::consts::SIGTERM,
            signal_hook::consts::SIGHUP,
        ] {
            let second = signal_hook::flag::register_conditional_shutdown(
                signal,
                128 + signal,
                stop.clone(),
            );
            second
                .and_then(|_| signal_hook::flag::register(signal, stop.clone()))
                .map_err(|error| StoreError::Input.because(error))?;
        }
        Ok(Self(stop))
    }

    /// Was it asked for?
    pub fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
