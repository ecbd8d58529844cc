//! `eiot features`: the paper's table 1, played under every scheme.

use clap::Args;
use encryptediot_policy::feature::Feature;
use encryptediot_schemes::demo::features;
use encryptediot_schemes::demo::pictures::Pictures;
use encryptediot_schemes::scheme::Kind;
use serde_json::json;

use crate::context::{Context, Report, tell};
use crate::failure::Outcome;

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  eiot features
  eiot features --feature live-view --feature link-sharing --scheme repaired
  eiot features --json

Every feature of table 1 is played with real video under each scheme: the provider's default, Ring's
end-to-end scheme, EncryptedIoT as the paper writes it, and EncryptedIoT as SPEC repairs it. What is
printed is what happened; the paper's own words stand beside it. Keys come from the seed, the store is
in memory: neither --store nor --home is used. Rows that need ffmpeg say 'not run' without it.")]
pub struct Features {
    /// Only this feature; may be given more than once
    #[arg(long, value_name = "NAME")]
    feature: Vec<Feature>,
    /// Only this scheme: provider-managed, ring-e2ee, paper, repaired
    #[arg(long, value_name = "NAME")]
    scheme: Vec<Kind>,
    /// The same seed gives the same keys
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The program that decodes video
    #[arg(long, value_name = "PROGRAM", default_value = "ffmpeg")]
    decoder: String,
}

pub fn run(context: &Context, args: Features) -> Outcome<Report> {
    let chosen = |all: Vec<Feature>| match all.is_empty() {
        true => Feature::ALL.to_vec(),
        false => all,
    };
    let (features, pictures) = (chosen(args.feature), Pictures::new(args.decoder));
    let schemes = match args.scheme.is_empty() {
        true => Kind::ALL.to_vec(),
        false => args.scheme,
    };
    let mut progress = |what: &str| {
        if !context.global.json {
            tell(format_args!("… {what}"));
        }
    };
    let matrix = features::run(&features, &schemes, args.seed, &pictures, &mut progress)?;
    let json = serde_json::to_value(&matrix).unwrap_or_else(|_| json!({}));
    Ok(Report::new(json, matrix.to_string()))
}
