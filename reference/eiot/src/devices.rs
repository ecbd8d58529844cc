//! The devices of this machine: one directory each, under `--home`.

use std::path::{Path, PathBuf};

use encryptediot::camera;
use encryptediot::camera::Paired;
use encryptediot::clock::Clock;
use encryptediot::cloud::Paths;
use encryptediot::error::StoreError;
use encryptediot::keys::Name;
use encryptediot::member::{self, Member};
use encryptediot::owner::{Env, Owner};
use encryptediot::phone::{self, Phone};
use encryptediot_store::Home;
use serde_json::json;

use crate::context::{Context, tell};
use crate::failure::{During as _, Failure, Outcome};
use crate::passphrase;
use crate::random::SystemRandom;

/// The three kinds of devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An owner's phone.
    Phone,
    /// A camera.
    Camera,
    /// A member's device.
    Member,
}

impl Kind {
    /// Where devices of this kind lie under `--home`.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Phone => "phones",
            Self::Camera => "cameras",
            Self::Member => "members",
        }
    }

    /// What people call it, and the file that holds its state.
    pub fn word(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Camera => "camera",
            Self::Member => "member",
        }
    }

    fn how_to_make(self) -> &'static str {
        match self {
            Self::Phone => "'eiot account create' or 'eiot phone enroll' makes one",
            Self::Camera => "'eiot camera pair NAME --streams video' makes one",
            Self::Member => "'eiot member new NAME' makes one",
        }
    }
}

/// The directory of a device.
pub fn path(context: &Context, kind: Kind, name: &Name) -> PathBuf {
    context.global.home.join(kind.folder()).join(name.as_str())
}

/// Is there such a device here?
pub fn exists(context: &Context, kind: Kind, name: &Name) -> bool {
    path(context, kind, name).join(kind.word()).exists()
}

/// The devices of one kind here, sorted.
pub fn list(context: &Context, kind: Kind) -> Outcome<Vec<Name>> {
    let folder = context.global.home.join(kind.folder());
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(Box::<Failure>::from(StoreError::LocalState.because(error))
                .at(format!("reading {}", folder.display())));
        }
    };
    let name = |entry: std::io::Result<std::fs::DirEntry>| -> Option<Name> {
        entry.ok()?.file_name().to_str()?.parse().ok()
    };
    let mut names: Vec<Name> = entries.filter_map(name).collect();
    names.retain(|name| exists(context, kind, name));
    names.sort_unstable();
    Ok(names)
}

/// The device that a command is about: the one that was named, or the only one.
pub fn choose(context: &Context, kind: Kind, named: Option<&Name>) -> Outcome<Name> {
    let names = list(context, kind)?;
    let (word, home) = (kind.word(), context.global.home.display());
    match (named, &*names) {
        (Some(name), names) if names.contains(name) => Ok(name.clone()),
        (None, [only]) => Ok(only.clone()),
        (None, [_, _, ..]) => Err(Failure::usage(
            format!("there is more than one {word} in {home}: {}", join(&names)),
            "say which one",
        )),
        (named, _) => {
            let named = named.map_or(String::new(), |name| format!(" called {name}"));
            Err(Box::<Failure>::from(StoreError::LocalMissing)
                .because(format_args!("no {word}{named} in {home}"))
                .advise(format!("check --home; {}", kind.how_to_make())))
        }
    }
}

/// Names with commas between.
pub fn join<'a>(names: impl IntoIterator<Item = &'a Name>) -> String {
    let names: Vec<&str> = names.into_iter().map(Name::as_str).collect();
    names.join(", ")
}

/// Opens a device's directory. It is used by one command at a time: if another has it, this says
/// so and waits.
pub fn home(context: &Context, kind: Kind, name: &Name) -> Outcome<Home> {
    let path = path(context, kind, name);
    say_if_waiting(&path);
    Home::open(&path).during(|| format!("opening {}", path.display()))
}

fn say_if_waiting(path: &Path) {
    if Home::holder(path).is_none() {
        return;
    }
    // Most waits are short; a person at a terminal who waits longer should know for what.
    std::thread::sleep(std::time::Duration::from_millis(500));
    if let Some(holder) = Home::holder(path) {
        let path = path.display();
        tell(format_args!(
            "waiting for another eiot (process {holder}), which uses {path}"
        ));
    }
}

/// A phone, with its directory.
pub struct PhoneHere {
    /// Its directory, locked.
    pub home: Home,
    /// The library's phone, as last stored.
    pub phone: Phone,
}

/// What a phone had made and not yet written when a command began: what will happen although it failed.
struct Owed {
    objects: usize,
    vault: bool,
}

impl Owed {
    fn of(phone: &Phone) -> Self {
        let paths = Paths(*phone.account());
        let (vaults, first) = (paths.vaults(), paths.vault(1));
        let mut owed = Self {
            objects: 0,
            vault: false,
        };
        for path in phone.owed() {
            owed.objects += 1;
            // The first one takes no other's place.
            owed.vault |= path.starts_with(&vaults) && path != first;
        }
        owed
    }

    fn is_nothing(&self) -> bool {
        self.objects == 0
    }

    /// Adds to a failure what will be finished all the same.
    fn remind(&self, failure: Box<Failure>) -> Box<Failure> {
        if self.is_nothing() {
            return failure;
        }
        let words = match self.vault {
            true => {
                " If a new passphrase was shown, the old one counts until then, and the new one from then on."
            }
            false => "",
        };
        failure
            .with(json!({ "unfinished": self.objects }))
            .advise(format!(
                "this is begun and not undone: what is not written yet ({}) waits on this phone, and the next \
                command that reaches the store finishes it, as 'eiot phone sync' does.{words}",
                self.objects
            ))
    }

    /// Says what became of it.
    fn settle(self, context: &Context, phone: &Phone, synced: Outcome<()>) -> Outcome<()> {
        let now = Self::of(phone);
        if self.is_nothing() || !now.is_nothing() {
            return synced.map_err(|failure| now.remind(failure));
        }
        let dropped = |failure: &Failure| {
            let conflict = |error: &encryptediot::Error| error.is(StoreError::Conflict);
            failure.error.as_ref().is_some_and(conflict)
        };
        match synced {
            Err(failure) if dropped(&failure) => Err(failure
                .because(
                    "another phone was first, and what this phone had begun is dropped; a new \
                    passphrase that it has shown does not count",
                )
                .advise("run the command again")),
            synced => {
                let words = match self.vault {
                    true => " If it was to change the passphrase, the new one counts from now on.",
                    false => "",
                };
                context.note(format_args!(
                    "What an earlier command had begun is finished (objects written: {}).{words}",
                    self.objects
                ));
                synced
            }
        }
    }
}

/// A member's device, with its directory.
pub struct MemberHere {
    /// Its directory, locked.
    pub home: Home,
    /// The library's member, as last stored.
    pub member: Member,
}

impl PhoneHere {
    /// Opens the phone that was named, or the only one.
    pub fn open(context: &Context, named: Option<&Name>) -> Outcome<Self> {
        let name = choose(context, Kind::Phone, named)?;
        let home = home(context, Kind::Phone, &name)?;
        let file = path(context, Kind::Phone, &name).join(Kind::Phone.word());
        let phone = home
            .load::<phone::State>(Kind::Phone.word())
            .and_then(Phone::from_state)
            .during(|| format!("reading {}", file.display()))?;
        Ok(Self { home, phone })
    }

    /// Keeps the phone's state.
    pub fn save(&self) -> Outcome<()> {
        self.home
            .save(Kind::Phone.word(), &self.phone.to_state())
            .during(|| format!("keeping the state of phone {}", self.phone.name()))
    }

    /// Brings the phone up to date and keeps that.
    pub fn sync(&mut self, context: &Context) -> Outcome<()> {
        self.sync_streams(context, &[])
    }

    /// Publishes what this command has made.
    pub fn publish(&mut self, context: &Context) -> Outcome<()> {
        let published = context.cloud().and_then(|cloud| {
            let synced = self.phone.sync(cloud);
            self.save()?;
            synced.during(|| format!("publishing account {}", self.phone.account()))
        });
        published.map_err(|failure| Owed::of(&self.phone).remind(failure))
    }

    /// Brings the phone up to date on these streams, on all where none is named, and keeps that.
    pub fn sync_streams(&mut self, context: &Context, streams: &[Name]) -> Outcome<()> {
        let owed = Owed::of(&self.phone);
        let cloud = context.cloud().map_err(|failure| owed.remind(failure))?;
        let synced = match streams {
            [] => self.phone.sync(cloud),
            named => self.phone.sync_streams(cloud, named),
        };
        // On a conflict, what was owed is dropped, and that has to be kept too.
        self.save()?;
        let synced = synced.during(|| format!("bringing phone {} up to date", self.phone.name()));
        owed.settle(context, &self.phone, synced)
    }

    /// Acts as the owner: with the passphrase, or with what `phone keep-unlocked` left.
    pub fn act<T>(
        &mut self,
        context: &Context,
        what: &str,
        act: impl FnOnce(&mut Owner<'_>, &mut Env<'_>) -> encryptediot::Result<T>,
    ) -> Outcome<T> {
        let cloud = context.cloud();
        let cloud = cloud.map_err(|failure| Owed::of(&self.phone).remind(failure))?;
        let Self { home, phone } = self;
        let save = |phone: &Phone| home.save(Kind::Phone.word(), &phone.to_state());
        let mut env = Env {
            cloud,
            now: context.now(),
            save: &save,
            rng: &mut SystemRandom,
        };
        let opening = || "unlocking the account".to_owned();
        let before = Owed::of(phone);
        if !before.is_nothing() {
            // The passphrase may be another one once this is written.
            let synced = phone
                .sync(cloud)
                .during(|| "finishing what was interrupted".to_owned());
            save(phone)?;
            before.settle(context, phone, synced)?;
        }
        let done = if !passphrase::given(context)
            && let Ok(mut owner) = phone.unlock_kept(&env)
        {
            act(&mut owner, &mut env)
        } else {
            let passphrase = passphrase::get(context)?;
            let mut owner = phone.unlock(&passphrase, &env).during(opening)?;
            act(&mut owner, &mut env)
        };
        let done = done.during(|| what.to_owned());
        let done = done.map_err(|failure| Owed::of(&self.phone).remind(failure))?;
        self.save()?;
        Ok(done)
    }
}

impl MemberHere {
    /// Opens the member that was named, or the only one.
    pub fn open(context: &Context, named: Option<&Name>) -> Outcome<Self> {
        let name = choose(context, Kind::Member, named)?;
        let home = home(context, Kind::Member, &name)?;
        let file = path(context, Kind::Member, &name).join(Kind::Member.word());
        let member = home
            .load::<member::State>(Kind::Member.word())
            .and_then(Member::from_state)
            .during(|| format!("reading {}", file.display()))?;
        Ok(Self { home, member })
    }

    /// Keeps the member's state.
    pub fn save(&self) -> Outcome<()> {
        self.home
            .save(Kind::Member.word(), &self.member.to_state())
            .during(|| "keeping the member's state".to_owned())
    }
}

/// Reads a camera from its directory.
pub fn load_camera(home: &Home, clock: &dyn Clock) -> encryptediot::Result<Paired> {
    let state = home.load::<camera::State>(Kind::Camera.word())?;
    Paired::from_state(state, clock)
}

/// Keeps a camera's state.
pub fn save_camera(home: &Home, camera: &Paired) -> encryptediot::Result<()> {
    home.save(Kind::Camera.word(), &camera.to_state())
}
