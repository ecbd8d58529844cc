//! Peers that are no programs of their own, as programs: `bench as-age encrypt RECIPIENT IN OUT`,
//! `bench as-age decrypt KEY IN OUT`, `bench as-driver JOBS FILE`.

use std::fs::File;
use std::io::{BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

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
        [program, jobs, file] if program == AS_DRIVER => Some(drive(jobs, Path::new(file))),
        _ => None,
    }
}

/// The name of [`drive`].
pub const AS_DRIVER: &str = "as-driver";

/// Runs the command lines of a file, a JSON array of arrays, in their order, so many at a time, as `xargs -P` does.
fn drive(jobs: &str, file: &Path) -> Result<()> {
    let lines: Vec<Vec<String>> = serde_json::from_slice(&std::fs::read(file)?)?;
    let next = AtomicUsize::new(0);
    let work = || -> Result<()> {
        while let Some(line) = lines.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (program, arguments) = line.split_first().context("a command")?;
            let mut command = Command::new(program);
            command
                .args(arguments)
                .stdin(Stdio::null())
                .stdout(Stdio::null());
            let status = command
                .status()
                .with_context(|| format!("starting {program}"))?;
            if !status.success() {
                bail!("{}: {status}", line.join(" "));
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers = 0..jobs.parse::<usize>()?;
        let workers: Vec<_> = workers.map(|_| scope.spawn(work)).collect();
        let mut joined = workers.into_iter().map(|worker| worker.join());
        joined.try_for_each(|worked| worked.map_err(|_| anyhow!("a worker panicked"))?)
    })
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
