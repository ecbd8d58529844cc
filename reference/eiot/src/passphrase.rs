//! Where the passphrase comes from and where a new one goes.

use std::io::IsTerminal as _;
use std::path::Path;

use encryptediot::error::StoreError;
use encryptediot::passphrase::{ENTROPY_BITS, Passphrase};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::context::{Context, Report};
use crate::failure::{Failure, Outcome};
use crate::temporary;

/// The variable that may hold the passphrase.
const VARIABLE: &str = "EIOT_PASSPHRASE";

/// Was the passphrase given with the command?
pub fn given(context: &Context) -> bool {
    context.global.passphrase_file.is_some() || std::env::var_os(VARIABLE).is_some()
}

/// The passphrase: from the file, the variable, or a prompt that does not echo.
pub fn get(context: &Context) -> Outcome<Passphrase> {
    if let Some(file) = &context.global.passphrase_file {
        let text = std::fs::read_to_string(file).map_err(|error| {
            Box::<Failure>::from(StoreError::Input.because(error))
                .at(format!("reading the passphrase from {}", file.display()))
        })?;
        return parse(Zeroizing::new(text), &file.display().to_string());
    }
    if let Ok(text) = std::env::var(VARIABLE) {
        return parse(Zeroizing::new(text), VARIABLE);
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(
            "this needs the account's passphrase, and there is no terminal to ask for it",
            format!("give --passphrase-file FILE or set {VARIABLE}"),
        ));
    }
    let text = rpassword::prompt_password("Passphrase (ten words, not shown): ");
    let text = text.map_err(|error| StoreError::Input.because(error))?;
    parse(Zeroizing::new(text), "the prompt")
}

fn parse(text: Zeroizing<String>, from: &str) -> Outcome<Passphrase> {
    Passphrase::parse(&text)
        .map_err(|error| Box::<Failure>::from(error).at(format!("reading {from}")))
}

/// Refuses to write a new passphrase over a file that is there: it may be the only copy of another.
pub fn check_free(to: Option<&Path>) -> Outcome<()> {
    match to {
        Some(file) if file.exists() => Err(Box::<Failure>::from(StoreError::Output)
            .because(format_args!("{} exists", file.display()))
            .advise("it may hold another passphrase: give a new file")),
        _ => Ok(()),
    }
}

/// Shows a new passphrase, once, or writes it to a file that its owner alone can read. Whatever
/// makes it count comes after this. With `--json`, `about` and the words are the one object.
pub fn reveal(
    context: &Context,
    passphrase: &Passphrase,
    to: Option<&Path>,
    mut about: Value,
) -> Outcome<()> {
    let Some(file) = to else {
        about["passphrase"] = json!(passphrase.words());
        about["entropy_bits"] = json!(ENTROPY_BITS);
        let text = format!(
            "The account's passphrase, shown this once ({ENTROPY_BITS} bits):\n\n    {}\n\n\
             Write it down. It is the only way back into the account, and nobody can reset it.\n",
            passphrase.words()
        );
        return context.say(&Report::new(about, text));
    };
    let written = temporary::write_secret(file, passphrase.words());
    written.map_err(|error| {
        Box::<Failure>::from(StoreError::Output.because(error))
            .at(format!("writing the passphrase to {}", file.display()))
    })
}
