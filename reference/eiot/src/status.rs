//! `eiot status`: what is announced, what the cameras have acknowledged, who holds what.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use encryptediot::acknowledgement::{self, Acknowledgement};
use encryptediot::announcement::{Kind, Window};
use encryptediot::cloud::{Cloud as _, Paths};
use encryptediot::grant::Member;
use encryptediot::keys::{MemberId, Name};
use encryptediot::message::Time;
use encryptediot::phone::{ClockDifference, Phone};
use encryptediot::view::{self, Followed};
use serde_json::{Value, json};

use crate::context::{Context, Report, Traced};
use crate::devices::{self, PhoneHere};
use crate::failure::{During as _, Outcome};
use crate::share::show_kind;
use crate::times::{show, show_length};

/// How many epochs back a revocation is looked for.
const HISTORY: u64 = 32;

#[derive(Args, Debug)]
#[command(after_help = "Example:
  eiot status --stream video

A change is in effect once the camera has acknowledged the announcement; until then, the camera may
record under the one before, at most until its lease ends.")]
pub struct Status {
    /// The streams; all of them unless some are named
    #[arg(long, value_delimiter = ',', value_name = "NAME,...")]
    stream: Vec<Name>,
    /// Which of this machine's phones; the first of them unless it is said
    #[arg(long = "as", value_name = "PHONE")]
    phone: Option<Name>,
}

pub fn run(context: &Context, args: Status) -> Outcome<Report> {
    // All of them see one account: without a name, the first one tells.
    let first = devices::list(context, devices::Kind::Phone)?
        .into_iter()
        .next();
    let mut here = PhoneHere::open(context, args.phone.or(first).as_ref())?;
    here.sync(context)?;
    let (phone, cloud) = (&here.phone, context.cloud()?);
    let (account, name) = (phone.account(), phone.name());
    let mut text = format!("Account {account}, as phone {name} sees it\n");
    let mut streams = Vec::new();
    let members = phone
        .members(cloud)
        .during(|| "reading the members".to_owned())?;
    for (stream, followed) in phone.streams() {
        if !args.stream.is_empty() && !args.stream.contains(stream) {
            continue;
        }
        let status = StreamStatus::of(context.now(), phone, cloud, stream, followed, &members);
        let status = status.during(|| format!("reading the state of {stream}"))?;
        text.push_str(&status.to_text());
        streams.push(status.to_json());
    }
    if streams.is_empty() {
        text.push_str("No stream. Next: eiot camera pair NAME --streams video\n");
    }
    let json = json!({
        "account": account.to_string(), "phone": name.as_str(), "streams": streams,
    });
    Ok(Report::new(json, text))
}

/// The owner's records of the members.
type Members = BTreeMap<MemberId, Member>;

/// On what terms whom: a key, and those who hold it.
type Held = Vec<(Kind, Option<Window>, BTreeSet<Name>)>;

/// The state of one stream, as `eiot status` shows it.
struct StreamStatus {
    stream: Name,
    camera: String,
    clips: usize,
    epoch: u64,
    announced: Time,
    acknowledged: Option<Acknowledgement>,
    /// Is the camera retired?
    retired: bool,
    /// The last epoch that the camera has acknowledged.
    in_force: Option<u64>,
    /// How the camera's clock differs from this phone's.
    clock: Option<ClockDifference>,
    lease_until: Time,
    extended_until: Option<Time>,
    now: Time,
    held: Held,
    /// Who held something and holds nothing, and since which epoch.
    revoked: BTreeMap<Name, u64>,
}

impl StreamStatus {
    fn of(
        now: Time,
        phone: &Phone,
        cloud: &Traced,
        stream: &Name,
        followed: &Followed,
        members: &Members,
    ) -> encryptediot::Result<Self> {
        let head = followed.head;
        let (mut held, mut revoked) = (Held::new(), BTreeMap::new());
        for epoch in head.epoch.saturating_sub(HISTORY - 1).max(1)..=head.epoch {
            let (announced, holders) = phone.shared_at(cloud, stream, epoch)?;
            let before = std::mem::take(&mut held);
            for (key, holders) in announced.keys.iter().zip(holders) {
                let names = holders.iter().filter_map(|id| members.get(id));
                let names = names.map(|member| member.name.clone());
                held.push((key.kind, key.window, names.collect()));
            }
            let holds = |name: &Name| held.iter().any(|(_, _, names)| names.contains(name));
            revoked.retain(|name, _| !holds(name));
            // Whoever had a window that has passed was not revoked.
            let lasting = before
                .iter()
                .filter(|(_, window, _)| window.is_none_or(|w| w.until > announced.issued));
            for name in lasting.flat_map(|(_, _, names)| names) {
                if !holds(name) {
                    revoked.insert(name.clone(), epoch);
                }
            }
        }
        let status = phone.status(cloud)?;
        let acknowledged = status
            .into_iter()
            .find(|status| status.stream == *stream)
            .and_then(|status| status.acknowledged);
        let camera = phone.roster()?.camera_of(stream);
        let retired = followed.camera().is_none();
        Ok(Self {
            stream: stream.clone(),
            camera: camera.map_or_else(String::new, |camera| camera.name.to_string()),
            clips: view::list(cloud, phone.account(), stream)?.len(),
            epoch: head.epoch,
            announced: head.issued,
            retired,
            in_force: match &acknowledged {
                // What is recorded against an announcement that retires a camera nobody takes.
                None if retired => Some(head.epoch),
                Some(_) => Some(head.epoch),
                None => last_acknowledged(phone, cloud, stream, followed)?,
            },
            acknowledged,
            clock: phone.camera_clock(cloud, stream, now)?,
            lease_until: phone.lease_announced(cloud, stream, now)?,
            extended_until: phone.lease_extended(cloud, stream, now)?,
            now,
            held,
            revoked,
        })
    }

    /// Has the camera acknowledged the announcement of `epoch` or a later one?
    fn in_effect(&self, epoch: u64) -> bool {
        self.in_force.is_some_and(|in_force| in_force >= epoch)
    }

    fn to_json(&self) -> Value {
        let held = self.held.iter().filter(|(kind, _, _)| *kind != Kind::Owner);
        let shared: Vec<_> = held
            .map(|(_, window, names)| {
                json!({
                    "members": names.iter().map(Name::as_str).collect::<Vec<_>>(),
                    "from": window.map(|w| show(w.from)), "until": window.map(|w| show(w.until)),
                    "passed": window.is_some_and(|w| w.until <= self.now),
                })
            })
            .collect();
        let revoked = self.revoked.iter().map(|(name, epoch)| {
            json!({ "member": name.as_str(), "epoch": epoch, "in_effect": self.in_effect(*epoch) })
        });
        json!({
            "stream": self.stream.as_str(), "camera": self.camera, "retired": self.retired,
            "clips": self.clips,
            "epoch": self.epoch, "announced": show(self.announced),
            "acknowledged": self.acknowledged.as_ref().map(|ack| {
                json!({ "time": show(ack.time), "first_clip": ack.first })
            }),
            "epoch_in_force": self.in_force,
            "clock_ahead": match self.clock { Some(ClockDifference::Ahead(by)) => Some(by), _ => None },
            "clock_behind": match self.clock { Some(ClockDifference::Behind(by)) => Some(by), _ => None },
            "lease_until": show(self.lease_until),
            "lease_extended_until": self.extended_until.map(show),
            "shared": shared, "revoked": revoked.collect::<Vec<_>>(),
        })
    }

    /// What is wrong with a clock: by how much, what it costs, what mends it.
    fn clock_to_text(&self) -> String {
        let future = self.announced.saturating_sub(self.now);
        let mut text = match self.clock {
            Some(ClockDifference::Ahead(by)) => format!(
                "  CLOCK AHEAD: the camera is {} ahead of this phone, or more. Windows open early, leases \
                are over early and members shut out. If this phone is right, set the camera's wall clock \
                right, then 'eiot camera clock {}', then 'eiot extend'\n",
                show_length(by),
                self.camera
            ),
            Some(ClockDifference::Behind(by)) => format!(
                "  CLOCK BEHIND: the camera is {} behind the phones, or more. Windows open late, clips \
                are stamped early, and an announcement that was held back may serve longer. If the phones \
                are right, set the camera's wall clock right\n",
                show_length(by)
            ),
            None => String::new(),
        };
        if future > 60_000 {
            text.push_str(&format!(
                "  ANNOUNCED {} FROM NOW: the clock of the phone that did is ahead, or this one's \
                behind. If it has paired the camera too, leases are over early: set it right, then \
                'eiot camera clock {} --back \"{}\"'\n",
                show_length(future),
                self.camera,
                show_length(future)
            ));
        }
        text
    }

    fn to_text(&self) -> String {
        let mut text = format!(
            "\n{} of camera {}, {} clips\n",
            self.stream, self.camera, self.clips
        );
        let announced = show(self.announced);
        let state = match (&self.acknowledged, self.in_force) {
            _ if self.retired => "the camera is retired, and nobody records the stream".to_owned(),
            (Some(ack), _) => format!(
                "acknowledged at {}, from clip {}",
                show(ack.time),
                ack.first
            ),
            (None, Some(epoch)) => {
                format!("NOT YET ACKNOWLEDGED: the camera obeys announcement {epoch}")
            }
            (None, None) => {
                "NOT YET ACKNOWLEDGED: the camera has none and does not record".to_owned()
            }
        };
        text.push_str(&format!(
            "  announcement {} of {announced}: {state}\n",
            self.epoch
        ));
        text.push_str(&self.clock_to_text());
        let until = self.extended_until.unwrap_or(self.lease_until);
        let over = if until <= self.now {
            ": OVER, the camera records for the owner alone"
        } else {
            ""
        };
        let from = if self.extended_until.is_some() {
            " (extended)"
        } else {
            ""
        };
        if !self.retired {
            text.push_str(&format!("  lease until {}{from}{over}\n", show(until)));
        }
        for (kind, window, names) in &self.held {
            if *kind != Kind::Owner && !names.is_empty() {
                let names = crate::devices::join(names);
                let passed = if window.is_some_and(|w| w.until <= self.now) {
                    " (passed)"
                } else {
                    ""
                };
                text.push_str(&format!(
                    "  {names}: {}{passed}\n",
                    show_kind(*kind, *window)
                ));
            }
        }
        for (name, epoch) in &self.revoked {
            let effect = match self.in_effect(*epoch) {
                true => "revoked",
                false => "revocation announced, NOT YET IN EFFECT",
            };
            text.push_str(&format!("  {name}: {effect} (announcement {epoch})\n"));
        }
        text
    }
}

/// The last epoch of which there is a genuine acknowledgement.
fn last_acknowledged(
    phone: &Phone,
    cloud: &Traced,
    stream: &Name,
    followed: &Followed,
) -> encryptediot::Result<Option<u64>> {
    let (account, paths) = (phone.account(), Paths(*phone.account()));
    let mut newest: Vec<_> = (1_u64..).zip(&followed.known).collect();
    newest.reverse();
    for (epoch, hash) in newest {
        let Some(bytes) = cloud.find(&paths.acknowledgement(stream, epoch))? else {
            continue;
        };
        let Some(camera) = followed.camera_at(epoch) else {
            continue;
        };
        let ack = acknowledgement::open(account, &camera, stream, &bytes)?;
        if ack.epoch == epoch && ack.announcement == *hash {
            return Ok(Some(epoch));
        }
    }
    Ok(None)
}
