//! The devices of this machine: one directory each, under `--home`.

use std::path::{Path, PathBuf};

use encryptediot::camera;
use encryptediot::camera::Paired;
use encryptediot::clock::Clock;
use encryptediot::error::StoreError;
use encryptediot::keys::Name;
use encryptediot::member::{self, Member};
use encryptediot::owner::{Env, Owner};
use encryptediot::phone::{self, Phone};
use encryptediot_store::Home;

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
    if let Ok(lock) = std::fs::File::open(path.join("lock"))
        && let Err(std::fs::TryLockError::WouldBlock) = lock.try_lock()
    {
        let path = path.display();
        // Most waits are short; a person at a terminal who waits longer should know for what.
        let text = format!("waiting for another eiot that uses {path}");
        std::thread::sleep(std::time::Duration::from_millis(500));
        if let Err(std::fs::TryLockError::WouldBlock) = lock.try_lock() {
            tell(text);
        }
    }
}

/// A phone, with its directory.
pub struct PhoneHere {
    /// Its directory, locked.
    pub home: Home,
    /// The library's phone, as last stored.
    pub phone: Phone,
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

    /// Brings the phone up to date on these streams, on all where none is named, and keeps that.
    pub fn sync_streams(&mut self, context: &Context, streams: &[Name]) -> Outcome<()> {
        let cloud = context.cloud()?;
        let synced = match streams {
            [] => self.phone.sync(cloud),
            named => self.phone.sync_streams(cloud, named),
        };
        // On a conflict, what was owed is dropped, and that has to be kept too.
        self.save()?;
        synced.during(|| format!("bringing phone {} up to date", self.phone.name()))
    }

    /// Acts as the owner: with the passphrase, or with what `phone keep-unlocked` left.
    pub fn act<T>(
        &mut self,
        context: &Context,
        what: &str,
        act: impl FnOnce(&mut Owner<'_>, &mut Env<'_>) -> encryptediot::Result<T>,
    ) -> Outcome<T> {
        let cloud = context.cloud()?;
        let Self { home, phone } = self;
        let save = |phone: &Phone| home.save(Kind::Phone.word(), &phone.to_state());
        let mut env = Env {
            cloud,
            now: context.now(),
            save: &save,
            rng: &mut SystemRandom,
        };
        let opening = || "unlocking the account".to_owned();
        let done = if !passphrase::given(context)
            && let Ok(mut owner) = phone.unlock_kept(&env)
        {
            act(&mut owner, &mut env)
        } else {
            let passphrase = passphrase::get(context)?;
            let mut owner = phone.unlock(&passphrase, &env).during(opening)?;
            act(&mut owner, &mut env)
        };
        let done = done.during(|| what.to_owned())?;
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
