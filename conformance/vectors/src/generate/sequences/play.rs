//! A sequence in the words of its story: each step says what happens, and what must come of it.

use encryptediot::contact;
use encryptediot::crypto::{KemSecret, sha256};
use encryptediot::message::Time;
use serde_json::{Value, json};

use super::super::super::Result;
use super::super::builder::{Builder, Sequence, hexed};
use super::super::world::START;
use super::home::{Facts, Objects, plaintext};

/// What a camera says to an announcement: its acknowledgement, nothing, or why it refuses.
pub type Comes<'a> = std::result::Result<Option<Vec<u8>>, &'a str>;

/// A sequence that is being played.
pub struct Play {
    facts: Facts,
    /// The steps.
    pub steps: Sequence,
    /// The view of the cloud that the steps are about.
    view: String,
}

/// A camera's two clocks.
#[derive(Clone, Copy)]
pub struct Clocks {
    /// The wall clock.
    pub wall: Time,
    /// The counter.
    pub monotonic: Time,
}

/// Both clocks after so many milliseconds; the counter started with the story.
pub fn at(milliseconds: Time) -> Clocks {
    Clocks {
        wall: START + milliseconds,
        monotonic: milliseconds,
    }
}

/// What comes of viewing a clip.
pub enum Sees {
    /// What [`plaintext`] says, as a new event.
    New,
    /// The same, as one that was shown before.
    Again,
    /// Other bytes, as a new event.
    Bytes(Vec<u8>),
    /// Nothing, for a reason; if it is only the body that is bad, nothing of it.
    Not(&'static str),
    /// So much of it, then it ends for a reason.
    Cut(&'static str, Vec<u8>),
}

/// What must be said of a sequence.
pub struct About<'a> {
    /// Its name.
    pub name: &'a str,
    /// What is special about it.
    pub comment: &'a str,
    /// Claims and sections.
    pub checks: &'a [&'a str],
    /// Flags.
    pub flags: &'a [&'a str],
}

fn released(bytes: &[u8]) -> Value {
    json!({ "released": bytes.len(), "sha256": hexed(sha256(bytes)) })
}

impl Play {
    /// A sequence with devices that are made of this, in the view `cloud`.
    pub fn new(facts: Facts) -> Self {
        Self {
            facts,
            steps: Sequence::default(),
            view: "cloud".to_owned(),
        }
    }

    /// Adds it to a file.
    pub fn end(self, out: &mut Builder, about: &About<'_>) {
        out.about(about.checks, about.flags);
        out.sequence(about.name, about.comment, self.steps);
    }

    fn done(&mut self, operation: &str, comment: &str, input: Value, refused: Option<&str>) {
        match refused {
            None => self.steps.accept_as(operation, comment, input, json!({})),
            Some(reason) => self.steps.reject(operation, comment, input, reason),
        }
    }

    // ------------------------------------------------------------ the cloud

    /// Objects appear.
    pub fn put(&mut self, comment: &str, objects: &Objects) {
        let object =
            |(path, bytes): (&String, &Vec<u8>)| json!({ "path": path, "bytes": hexed(bytes) });
        let objects: Vec<_> = objects.0.iter().map(object).collect();
        let input = json!({ "store": self.view, "objects": objects });
        self.done("store-put", comment, input, None);
    }

    /// Objects disappear.
    pub fn remove(&mut self, comment: &str, objects: &Objects) {
        let paths: Vec<_> = objects.0.keys().collect();
        let input = json!({ "store": self.view, "paths": paths });
        self.done("store-remove", comment, input, None);
    }

    // ------------------------------------------------------------ cameras

    /// A camera takes its offer.
    pub fn camera(&mut self, camera: &str, clocks: Clocks) {
        self.pairs(camera, camera, clocks, "it takes its pairing offer", None);
    }

    /// A camera that goes by another name here takes its offer, or does not.
    pub fn pairs(
        &mut self,
        device: &str,
        camera: &str,
        clocks: Clocks,
        comment: &str,
        refused: Option<&str>,
    ) {
        let (offer, key, streams) = self.facts.cameras.get(camera).cloned().unwrap_or_default();
        let input = json!({
            "device": device, "offer": offer, "root": self.facts.root, "key": hexed(key),
            "streams": streams, "wall": clocks.wall, "monotonic": clocks.monotonic,
        });
        self.done("camera-new", comment, input, refused);
    }

    /// A camera is asked something that has its clocks in it.
    fn camera_input(camera: &str, clocks: Clocks) -> Value {
        json!({ "device": camera, "wall": clocks.wall, "monotonic": clocks.monotonic })
    }

    /// A camera says its time.
    pub fn time(&mut self, camera: &str, clocks: Clocks, time: Time, comment: &str) {
        let input = Self::camera_input(camera, clocks);
        let output = json!({ "time": time });
        self.steps.accept_as("camera-time", comment, input, output);
    }

    /// A camera is given an announcement: its acknowledgement, `null` or a refusal.
    pub fn accept(
        &mut self,
        camera: &str,
        clocks: Clocks,
        announcement: &[u8],
        comes: Comes<'_>,
        comment: &str,
    ) {
        let mut input = Self::camera_input(camera, clocks);
        input["announcement"] = hexed(announcement);
        match comes {
            Ok(acknowledgement) => {
                let output = json!({ "acknowledgement": acknowledgement.map(hex::encode) });
                self.steps
                    .accept_as("camera-accept", comment, input, output);
            }
            Err(reason) => self.steps.reject("camera-accept", comment, input, reason),
        }
    }

    /// A camera is given a lease.
    pub fn lease(
        &mut self,
        camera: &str,
        clocks: Clocks,
        lease: &[u8],
        refused: Option<&str>,
        comment: &str,
    ) {
        let mut input = Self::camera_input(camera, clocks);
        input["lease"] = hexed(lease);
        self.done("camera-extend", comment, input, refused);
    }

    /// A camera begins a session.
    pub fn begin(&mut self, camera: &str, stream: &str, clocks: Clocks, comment: &str) {
        self.begins(camera, stream, clocks, None, comment);
    }

    /// A camera begins a session, or does not.
    pub fn begins(
        &mut self,
        camera: &str,
        stream: &str,
        clocks: Clocks,
        refused: Option<&str>,
        comment: &str,
    ) {
        let mut input = Self::camera_input(camera, clocks);
        input["stream"] = stream.into();
        self.done("camera-begin", comment, input, refused);
    }

    /// A camera records bytes.
    pub fn write(&mut self, camera: &str, stream: &str, bytes: &[u8], comment: &str) {
        let input = json!({ "device": camera, "stream": stream, "bytes": hexed(bytes) });
        self.done("camera-write", comment, input, None);
    }

    /// A camera ends a session with this output.
    pub fn finish(
        &mut self,
        camera: &str,
        stream: &str,
        clocks: Clocks,
        output: Value,
        comment: &str,
    ) {
        let mut input = Self::camera_input(camera, clocks);
        input["stream"] = stream.into();
        self.steps
            .accept_as("camera-finish", comment, input, output);
    }

    /// A camera is switched off and on.
    pub fn restart_camera(&mut self, camera: &str, clocks: Clocks, comment: &str) {
        let input = Self::camera_input(camera, clocks);
        self.done("camera-restart", comment, input, None);
    }

    /// A camera reads the view: it accepts these epochs, extends these streams' leases, and refuses.
    pub fn sync_camera(
        &mut self,
        camera: &str,
        clocks: Clocks,
        (accepted, extended, refused): (&[(&str, u64)], &[&str], &[&str]),
        comment: &str,
    ) {
        let mut input = Self::camera_input(camera, clocks);
        input["store"] = self.view.clone().into();
        let taken = |(stream, epoch): &(&str, u64)| json!({ "stream": stream, "epoch": epoch });
        let accepted: Vec<_> = accepted.iter().map(taken).collect();
        let output = json!({ "accepted": accepted, "extended": extended, "refused": refused });
        self.steps.accept_as("camera-sync", comment, input, output);
    }

    /// A camera uploads so many clips.
    pub fn upload(&mut self, camera: &str, clips: usize, comment: &str) {
        let input = json!({ "device": camera, "store": self.view });
        let output = json!({ "clips": clips });
        self.steps
            .accept_as("camera-upload", comment, input, output);
    }

    // ------------------------------------------------------------ members

    /// A member that has nothing but its key.
    pub fn member(&mut self, member: &str, comment: &str) {
        let key = self.facts.members.get(member).copied().unwrap_or_default();
        let input = json!({ "device": member, "key": hexed(key) });
        self.done("member-new", comment, input, None);
    }

    /// The safety number of a member.
    pub fn number(&self, member: &str) -> Result<String> {
        let key = self.facts.members.get(member).copied().unwrap_or_default();
        let account = hex::decode(&self.facts.account).unwrap_or_default();
        let account = encryptediot::cbor::Bytes(account.try_into().unwrap_or([0; 32]));
        let public = KemSecret::from_bytes(&key)?.public();
        Ok(contact::safety_number(&account, &public))
    }

    /// A member compares what it was told.
    pub fn pin(&mut self, member: &str, told: &str, refused: Option<&str>, comment: &str) {
        let account = self.facts.account.clone();
        let input = json!({ "device": member, "account": account, "told": told });
        self.done("member-pin", comment, input, refused);
    }

    /// A member that has compared safety numbers.
    pub fn pinned(&mut self, member: &str) -> Result<()> {
        self.member(member, &format!("{member} has a key"));
        let number = self.number(member)?;
        let comment = format!("{member} and the owner compared safety numbers");
        self.pin(member, &number, None, &comment);
        Ok(())
    }

    /// A member is handed a payload.
    pub fn touch(&mut self, member: &str, payload: &[u8], refused: Option<&str>, comment: &str) {
        let input = json!({ "device": member, "payload": hexed(payload) });
        self.done("member-touch", comment, input, refused);
    }

    /// A member reads the view: introductions, grants, reasons.
    pub fn member_syncs(
        &mut self,
        member: &str,
        (introductions, grants, refused): (u64, u64, &[&str]),
        comment: &str,
    ) {
        let input = json!({ "device": member, "store": self.view });
        let output =
            json!({ "introductions": introductions, "grants": grants, "refused": refused });
        self.steps.accept_as("member-sync", comment, input, output);
    }

    // ------------------------------------------------------------ phones

    /// A phone that is on the roster, and has seen vault 1 and nothing else.
    pub fn phone(&mut self, phone: &str) {
        let (instance, lease) = self.facts.phones.get(phone).copied().unwrap_or_default();
        let input = json!({
            "device": phone, "root": self.facts.root, "instance": hexed(instance),
            "lease": hexed(lease), "ring": [hexed([1; 32])], "vault": 1,
        });
        let comment = format!("{phone} is on the roster, and has seen nothing");
        self.done("phone-new", &comment, input, None);
    }

    /// The phone `phone` of this household, up to date with the view.
    pub fn sync_new_phone(&mut self, home: &super::home::Home) -> Result<()> {
        self.facts.clone_from(&home.facts);
        self.phone("phone");
        self.sync("phone", None, "the phone reads what is there");
        Ok(())
    }

    /// A fresh phone recovers the account.
    pub fn recover(
        &mut self,
        phone: &str,
        passphrase: &str,
        checkpoint: Option<&str>,
        refused: Option<&str>,
        comment: &str,
    ) {
        let (instance, lease) = self.facts.phones.get(phone).copied().unwrap_or_default();
        let input = json!({
            "device": phone, "store": self.view, "account": self.facts.account,
            "passphrase": passphrase, "checkpoint": checkpoint,
            "instance": hexed(instance), "lease": hexed(lease),
        });
        self.done("phone-recover", comment, input, refused);
    }

    fn phone_does(&mut self, operation: &str, phone: &str, refused: Option<&str>, comment: &str) {
        let input = json!({ "device": phone, "store": self.view });
        self.done(operation, comment, input, refused);
    }

    /// A phone reads the view.
    pub fn sync(&mut self, phone: &str, refused: Option<&str>, comment: &str) {
        self.phone_does("phone-sync", phone, refused, comment);
    }

    /// A phone unlocks with what its owner left for it.
    pub fn unlock_kept(&mut self, phone: &str, refused: Option<&str>, comment: &str) {
        self.phone_does("phone-unlock-kept", phone, refused, comment);
    }

    /// A phone unlocks with a passphrase.
    pub fn unlock(&mut self, phone: &str, words: &str, refused: Option<&str>, comment: &str) {
        let input = json!({ "device": phone, "store": self.view, "passphrase": words });
        self.done("phone-unlock", comment, input, refused);
    }

    /// A phone says what is announced, and whether it is in effect.
    pub fn status(&mut self, phone: &str, streams: &[(&str, u64, bool)], comment: &str) {
        let input = json!({ "device": phone, "store": self.view });
        let stream = |(stream, epoch, in_effect): &(&str, u64, bool)| json!({ "stream": stream, "epoch": epoch, "in_effect": in_effect });
        let streams: Vec<_> = streams.iter().map(stream).collect();
        let output = json!({ "streams": streams });
        self.steps.accept_as("phone-status", comment, input, output);
    }

    /// A phone refuses to say what is in effect.
    pub fn no_status(&mut self, phone: &str, reason: &str, comment: &str) {
        self.phone_does("phone-status", phone, Some(reason), comment);
    }

    /// A phone extends a lease.
    pub fn extend(
        &mut self,
        phone: &str,
        stream: &str,
        (now, until): (Time, Time),
        refused: Option<&str>,
        comment: &str,
    ) {
        let input = json!({
            "device": phone, "store": self.view, "stream": stream, "now": now, "until": until,
        });
        self.done("phone-extend", comment, input, refused);
    }

    /// A device hands over its checkpoint, which must be this one.
    pub fn checkpoint(&mut self, operation: &str, device: &str, text: &str, comment: &str) {
        let input = json!({ "device": device });
        let output = json!({ "checkpoint": text });
        self.steps.accept_as(operation, comment, input, output);
    }

    /// A phone compares the view with a checkpoint.
    pub fn check(&mut self, phone: &str, checkpoint: &str, refused: Option<&str>, comment: &str) {
        let input = json!({ "device": phone, "store": self.view, "checkpoint": checkpoint });
        self.done("phone-check", comment, input, refused);
    }

    // ------------------------------------------------------------ viewing

    /// A phone or a member views a clip.
    pub fn views(&mut self, who: &str, (stream, sequence): (&str, u64), sees: Sees, comment: &str) {
        let mut input = json!({
            "device": who, "store": self.view, "stream": stream, "sequence": sequence,
        });
        let operation = if self.facts.members.contains_key(who) {
            input["account"] = self.facts.account.clone().into();
            "member-view"
        } else {
            "phone-view"
        };
        let shown = |bytes: &[u8], new: bool| {
            let mut output = released(bytes);
            output["new"] = new.into();
            output
        };
        let usual = plaintext(stream, sequence);
        let output = match sees {
            Sees::New => shown(&usual, true),
            Sees::Again => shown(&usual, false),
            Sees::Bytes(bytes) => shown(&bytes, true),
            Sees::Not(reason) => return self.steps.reject(operation, comment, input, reason),
            Sees::Cut(reason, bytes) => {
                let expected = (reason, released(&bytes));
                return self.steps.reject_after(operation, comment, input, expected);
            }
        };
        self.steps.accept_as(operation, comment, input, output);
    }

    /// A phone or a member is switched off and on.
    pub fn restart(&mut self, who: &str, comment: &str) {
        let operation = match self.facts.members.contains_key(who) {
            true => "member-restart",
            false => "phone-restart",
        };
        self.done(operation, comment, json!({ "device": who }), None);
    }
}
