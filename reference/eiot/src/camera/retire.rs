//! `eiot camera retire`, and how many clips of a camera count.

use std::str::FromStr;

use clap::Args;
use encryptediot::keys::Name;
use encryptediot::owner::Counted;
use serde_json::json;

use crate::context::{Context, Report};
use crate::devices::PhoneHere;
use crate::failure::{Failure, Outcome};

/// How many clips count of a camera that is retired or replaced.
#[derive(Args, Debug)]
pub struct Counts {
    /// How many of the old camera's clips count; as many as this phone is shown if this is not given
    #[arg(long, value_delimiter = ',', value_name = "STREAM=NUMBER,...")]
    clips: Vec<Count>,
}

/// How many clips of one stream.
#[derive(Clone, Debug)]
struct Count(Name, u64);

impl FromStr for Count {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (stream, number) = text.split_once('=').ok_or("not STREAM=NUMBER")?;
        let stream = stream.parse().map_err(|error| format!("{error}"))?;
        let number = number
            .parse()
            .map_err(|error| format!("{number}: {error}"))?;
        Ok(Self(stream, number))
    }
}

impl Counts {
    pub fn get(&self) -> Counted {
        let pair = |Count(stream, clips): &Count| (stream.clone(), *clips);
        self.clips.iter().map(pair).collect()
    }
}

#[derive(Args, Debug)]
pub struct Retire {
    /// The camera
    name: Name,
    #[command(flatten)]
    counts: Counts,
    /// Which of this machine's phones
    #[arg(long = "as", value_name = "PHONE")]
    phone: Option<Name>,
}

/// The account has no camera of this name.
pub fn unknown(name: &Name) -> Box<Failure> {
    let advice = "'eiot status' shows the account's cameras";
    Failure::usage(format!("the account has no camera {name}"), advice)
}

pub fn retire(context: &Context, args: &Retire) -> Outcome<Report> {
    let mut here = PhoneHere::open(context, args.phone.as_ref())?;
    here.sync(context)?;
    let name = &args.name;
    let mut cameras = here.phone.roster()?.cameras.iter();
    let camera = cameras.find(|camera| camera.name == *name);
    let streams = camera.ok_or_else(|| unknown(name))?.streams.clone();
    here.act(context, &format!("retiring camera {name}"), |owner, env| {
        owner.retire_camera(name, args.counts.get(), env)
    })?;
    let (mut text, mut counted) = (format!("Camera {name} is retired."), Vec::new());
    for stream in &streams {
        let followed = here.phone.followed(stream);
        let clips = followed.map_or(0, |followed| followed.current.since.clips);
        text.push_str(&format!(" {stream}: {clips} clips count."));
        counted.push(json!({ "stream": stream.as_str(), "clips": clips }));
    }
    let json = json!({ "camera": name.as_str(), "streams": counted });
    Ok(Report::new(json, text))
}
