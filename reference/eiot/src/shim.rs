//! `eiot shim`.

use std::io::{stdin, stdout};

use clap::Args;
use encryptediot_shim::protocol;

use crate::context::{Context, Report};
use crate::failure::{Failure, Outcome};

#[derive(Args, Debug)]
#[command(after_help = "Example:
  conformance vectors --impl 'eiot shim'

It reads requests from its input, one JSON object a line, and answers each on its output, until there are
no more: vectors/PROTOCOL.md says how. It uses neither --store nor --home.")]
pub struct Shim {}

pub fn run(_: &Context, _: Shim) -> Outcome<Report> {
    let served = protocol::serve(stdin().lock(), stdout().lock());
    served.map_err(|error| {
        let advice = "send one request a line, as vectors/PROTOCOL.md says";
        Failure::usage(error.to_string(), advice)
    })?;
    Ok(Report::new(serde_json::Value::Null, ""))
}
