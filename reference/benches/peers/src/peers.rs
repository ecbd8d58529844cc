//! Peers that are libraries, as programs: `bench as-age encrypt RECIPIENT IN OUT`, `bench as-age decrypt KEY IN OUT`.

use std::fs::File;
use std::io::{BufReader, Write as _};
use std::path::Path;

use age::secrecy::ExposeSecret as _;
use age::x25519::{Identity, Recipient};
use anyhow::{Context as _, Result, anyhow, bail};

/// Makes a key of age in a file, as `age-keygen` does. Returns whom to encrypt to.
pub fn age_key(path: &Path) -> Result<String> {
    let identity = Identity::generate();
    let mut file = File::create(path)?;
    writeln!(file, "{}", identity.to_string().expose_secret())?;
    Ok(identity.to_public().to_string())
}

/// Does what the arguments ask for, if they ask for a peer.
pub fn run(arguments: &[String]) -> Option<Result<()>> {
    match arguments {
        [program, rest @ ..] if program == "as-age" => Some(age(rest)),
        _ => None,
    }
}

fn age(arguments: &[String]) -> Result<()> {
    let [what, key, input, output] = arguments else {
        bail!("as-age encrypt|decrypt KEY IN OUT");
    };
    let input = File::open(input)?;
    let mut output = File::create(output)?;
    match &**what {
        "encrypt" => {
            let recipient: Recipient = key.parse().map_err(|why: &str| anyhow!(why))?;
            let recipients = std::iter::once(&recipient as &dyn age::Recipient);
            let mut writer = age::Encryptor::with_recipients(recipients)?.wrap_output(output)?;
            std::io::copy(&mut BufReader::with_capacity(64 * 1024, input), &mut writer)?;
            writer.finish()?;
        }
        "decrypt" => {
            let text = std::fs::read_to_string(key)?;
            let line = text.lines().next().context("a key")?;
            let identity: Identity = line.parse().map_err(|why: &str| anyhow!(why))?;
            let decryptor = age::Decryptor::new(BufReader::with_capacity(64 * 1024, input))?;
            let mut reader = decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity))?;
            std::io::copy(&mut reader, &mut output)?;
        }
        _ => bail!("as-age encrypt|decrypt KEY IN OUT"),
    }
    Ok(())
}
