//! The owner's phones: recovery, rollbacks that show, checkpoints, a phone that is lost.

use encryptediot::announcement::Head;
use encryptediot::passphrase::Passphrase;
use encryptediot::vault::Work;

use super::super::super::Result;
use super::super::builder::Builder;
use super::super::world::WORDS;
use super::home::Home;
use super::play::{About, Play, Sees};
use encryptediot::owner::Term;
use encryptediot_testkit::household::name;

/// The sequences.
pub fn sequences(out: &mut Builder) -> Result<()> {
    recover(out)?;
    rollback(out)?;
    place(out)?;
    vault(out)?;
    kept(out)?;
    forks(out)?;
    lost(out)
}

fn end(play: Play, out: &mut Builder, name: &str, comment: &str, checks: &[&str], flags: &[&str]) {
    play.end(
        out,
        &About {
            name,
            comment,
            checks,
            flags,
        },
    );
}

fn home(seed: u64) -> Result<Home> {
    let mut home = Home::new(seed)?;
    home.pair("door", 5, &["x"])?;
    home.record("door", "x")?;
    Ok(home)
}

/// The keys that a phone of this name draws when it is enrolled in another household.
fn second(home: &mut Home) {
    let keys = ([31; 32], [32; 32]);
    home.facts.phones.insert("second".to_owned(), keys);
}

fn recover(out: &mut Builder) -> Result<()> {
    let mut home = home(240)?;
    second(&mut home);
    let all = home.all()?;
    let checkpoint = home.house.phone("phone")?.checkpoint();
    let checkpoint = checkpoint.to_text(&home.world.account);
    let wrong = WORDS.replace("abuse", "zoo");
    let mut play = home.play();
    play.put("the account as it is", &all);
    play.recover(
        "second",
        &wrong,
        None,
        Some("vault-open"),
        "a wrong passphrase",
    );
    play.recover("second", "zoo", None, Some("word-count"), "one word");
    play.recover(
        "second",
        WORDS,
        Some(&checkpoint),
        None,
        "the passphrase, and the first phone's checkpoint",
    );
    play.views(
        "second",
        ("x", 1),
        Sees::New,
        "it views a clip from before it was there",
    );
    let comment = "it hands over the same checkpoint";
    play.checkpoint("phone-checkpoint", "second", &checkpoint, comment);
    play.restart("second", "it is switched off and on");
    play.views("second", ("x", 1), Sees::Again, "it remembers");
    end(
        play,
        out,
        "phone.recover",
        "A second phone recovers the account by passphrase.",
        &["CLAIM-SECOND-PHONE", "SPEC#enrollment"],
        &["Valid", "Passphrase", "Restart"],
    );
    let news = home.rotate(&["x"])?;
    let later = home.house.phone("phone")?.checkpoint();
    let later = later.to_text(&home.world.account);
    let mut play = home.play();
    play.put("the account before the last announcement", &all);
    play.recover(
        "second",
        WORDS,
        Some(&later),
        Some("checkpoint-mismatch"),
        "the checkpoint names a later one",
    );
    play.put("and after it", &news);
    play.recover("second", WORDS, Some(&later), None, "now they agree");
    play.check("second", &later, None, "so they do once more");
    play.check(
        "second",
        &checkpoint,
        None,
        "an older checkpoint is in the chain",
    );
    let (account, seen) = (&home.world.account, home.house.phone("phone")?.checkpoint());
    let altered = |alter: &dyn Fn(&mut Head)| {
        let mut altered = seen.clone();
        altered.streams.iter_mut().for_each(|(_, head)| alter(head));
        altered.to_text(account)
    };
    let mismatch = Some("checkpoint-mismatch");
    for (alter, refused, comment) in [
        (
            &(|head: &mut Head| head.epoch -= 1) as &dyn Fn(&mut Head),
            mismatch,
            "the last announcement's hash at the epoch before",
        ),
        (
            &|head| head.epoch = 0,
            mismatch,
            "at epoch 0, which is none",
        ),
        (&|head| head.epoch += 1, mismatch, "at an epoch to come"),
        (
            &|head| head.issued += 1,
            None,
            "another time of issue, which is not compared: the hash says it",
        ),
    ] {
        play.check("second", &altered(alter), refused, comment);
    }
    end(
        play,
        out,
        "phone.checkpoint",
        "The provider shows a fresh phone an old account: the checkpoint tells.",
        &["CLAIM-SECOND-PHONE", "CLAIM-NO-ROLLBACK", "SPEC#enrollment"],
        &["Rollback"],
    );
    for (name, path, comment) in [
        ("root", "/root", "the root"),
        ("vault", "vault/", "the vault"),
    ] {
        let mut play = home.play();
        play.put(&format!("everything but {comment}"), &all.without(path));
        play.recover(
            "second",
            WORDS,
            None,
            Some("object-missing"),
            "it is withheld",
        );
        play.put("it comes", &all.only(path));
        play.recover("second", WORDS, None, None, "the phone recovers");
        end(
            play,
            out,
            &format!("phone.withheld-{name}"),
            "The provider withholds what a fresh phone needs.",
            &["CLAIM-SECOND-PHONE", "SPEC#store"],
            &["Withheld"],
        );
    }
    Ok(())
}

fn rollback(out: &mut Builder) -> Result<()> {
    let mut home = home(241)?;
    let before = home.all()?;
    let enrolled = home.enroll("third")?;
    let mut play = home.play();
    play.put(
        "the account, and a phone that was enrolled",
        &before.and(&enrolled),
    );
    play.phone("phone");
    play.sync("phone", None, "the first phone reads it");
    play.remove("the newest roster is gone", &enrolled.only("roster/"));
    play.sync(
        "phone",
        Some("roster-rollback"),
        "the cloud went back behind it",
    );
    play.put(
        "an older roster under its number",
        &enrolled.at("roster/", &before.bytes("roster/00000002")?)?,
    );
    play.sync("phone", Some("roster-rollback"), "another one lies there");
    play.restart("phone", "the phone is switched off and on");
    play.sync("phone", Some("roster-rollback"), "it remembers");
    play.put("the roster is back", &enrolled);
    play.sync("phone", None, "and all is well");
    end(
        play,
        out,
        "phone.roster-rollback",
        "The provider takes a roster back.",
        &["CLAIM-NO-ROLLBACK", "SPEC#roster"],
        &["Rollback", "Restart"],
    );
    let mut play = home.play();
    play.put(
        "a roster is withheld, the next one shown",
        &before.and(&enrolled).without("roster/00000002"),
    );
    play.phone("phone");
    play.sync("phone", None, "what follows a gap is not looked at");
    play.views(
        "phone",
        ("x", 1),
        Sees::Not("unknown-stream"),
        "it does not know of the camera",
    );
    play.put("the roster comes", &before);
    play.sync("phone", None, "the phone goes on");
    play.views("phone", ("x", 1), Sees::New, "and views");
    end(
        play,
        out,
        "phone.roster-gap",
        "The provider withholds a roster.",
        &["CLAIM-ROOT", "SPEC#roster"],
        &["Withheld", "Gap"],
    );
    Ok(())
}

fn place(out: &mut Builder) -> Result<()> {
    let mut home = home(246)?;
    let before = home.all()?;
    let reached = home.house.phone("phone")?.checkpoint();
    let epoch = reached
        .streams
        .iter()
        .find(|(name, _)| name.as_str() == "x");
    let epoch = epoch.map_or(0, |(_, head)| head.epoch);
    let place = format!("announcements/x/{epoch:08}");
    let next = home.rotate(&["x"])?;
    let early = before.at(&place, &next.bytes("announcements/x/")?)?;
    let mut play = home.play();
    play.put("the account", &before);
    play.phone("phone");
    play.sync("phone", None, "the phone reads it");
    play.put(
        "the next announcement, at the place of the one that was reached",
        &early,
    );
    play.sync("phone", Some("object-path"), "it does not belong there");
    play.put("each in its own place", &before.and(&next));
    play.sync("phone", None, "the phone goes on");
    end(
        play,
        out,
        "phone.announcement-place",
        "An announcement is shown in the place of another.",
        &["CLAIM-NO-ROLLBACK", "SPEC#store"],
        &["Swapped"],
    );
    Ok(())
}

fn vault(out: &mut Builder) -> Result<()> {
    let mut home = home(242)?;
    let before = home.all()?;
    let fresh = WORDS.replace("abuse", "zoo");
    let passphrase = Passphrase::parse(&fresh)?;
    let changed = home.act(|owner, env| owner.change_passphrase(&passphrase, Work::LEAST, env))?;
    let mut play = home.play();
    play.put("the account", &before);
    play.phone("phone");
    play.sync("phone", None, "the phone reads it");
    play.unlock("phone", WORDS, None, "the passphrase opens the vault");
    play.unlock(
        "phone",
        &fresh,
        Some("vault-open"),
        "the new one does not yet",
    );
    play.put("the passphrase is changed", &changed);
    play.unlock("phone", &fresh, None, "the new passphrase opens vault 2");
    play.unlock("phone", WORDS, Some("vault-open"), "the old one does not");
    play.remove("the provider takes vault 2 back", &changed.only("vault/"));
    play.unlock(
        "phone",
        WORDS,
        Some("vault-rollback"),
        "the old passphrase opens the old vault no more",
    );
    play.put(
        "an old vault under the new number",
        &changed.at("vault/", &before.bytes("vault/")?)?,
    );
    play.unlock(
        "phone",
        WORDS,
        Some("vault-rollback"),
        "it is not the one of that number",
    );
    end(
        play,
        out,
        "phone.vault",
        "The passphrase is changed, and the provider shows the old vault.",
        &[
            "CLAIM-NO-ROLLBACK",
            "CLAIM-ACCOUNT-SECRETS",
            "SPEC#vault-and-ring",
        ],
        &["Rollback", "Passphrase"],
    );
    Ok(())
}

fn kept(out: &mut Builder) -> Result<()> {
    let mut home = home(243)?;
    let before = home.all()?;
    let kept = home.act(|owner, env| owner.keep_unlocked(env))?;
    let mut play = home.play();
    play.put("the account", &before);
    play.phone("phone");
    play.sync("phone", None, "the phone reads it");
    play.unlock_kept("phone", Some("no-unlock-blob"), "nothing was left for it");
    play.put("the owner chose convenience", &kept);
    play.unlock_kept("phone", None, "the phone needs no passphrase");
    end(
        play,
        out,
        "phone.convenience",
        "The PDK is wrapped to a phone where its owner chooses so.",
        &["CLAIM-ACCOUNT-SECRETS", "SPEC#enrollment"],
        &["Valid"],
    );
    Ok(())
}

fn forks(out: &mut Builder) -> Result<()> {
    let mut home = home(244)?;
    let before = home.all()?;
    let one = home.rotate(&["x"])?;
    let ours = home.obey("door")?;
    let mut play = home.play();
    play.put("the account", &before);
    play.phone("phone");
    play.sync("phone", None, "the phone reads it");
    play.put("a rotation", &one);
    play.sync("phone", None, "it follows");
    play.status(
        "phone",
        &[("x", 2, false)],
        "the camera has not heard of it",
    );
    play.put("the camera acknowledges", &ours);
    play.status("phone", &[("x", 2, true)], "it is in effect");
    play.put(
        "an acknowledgement of the first epoch in its place",
        &ours.at(
            "acknowledgements/x/00000002",
            &before.bytes("acknowledgements/x/00000001")?,
        )?,
    );
    play.no_status("phone", "ack-unknown", "it is of another announcement");
    end(
        play,
        out,
        "phone.acknowledgement",
        "A rotation is in effect with the camera's word alone.",
        &["CLAIM-REVOCATION", "CLAIM-NO-FORK", "SPEC#acknowledgement"],
        &["Acknowledged", "Swapped"],
    );
    Ok(())
}

fn lost(out: &mut Builder) -> Result<()> {
    let mut home = home(245)?;
    home.meet("alice", 8)?;
    home.enroll("second")?;
    home.share(&["x"], &["alice"], Term::UntilRevoked)?;
    home.obey("door")?;
    home.record("door", "x")?;
    let before = home.all()?;
    let lost = name("second")?;
    let loss = home.act(|owner, env| owner.lose_phone(&lost, None, env))?;
    let held_back = home.record("door", "x")?;
    let acknowledged = home.obey("door")?;
    let after = home.record("door", "x")?;
    let mut play = home.play();
    play.put("two phones, and a member", &before);
    for phone in ["phone", "second"] {
        play.phone(phone);
        play.sync(phone, None, "it reads what is there");
        play.views(phone, ("x", 2), Sees::New, "it views");
    }
    play.pinned("alice")?;
    play.member_syncs("alice", (1, 1, &[]), "alice has a key");
    play.put(
        "the second phone is lost; the camera has not heard of it",
        &loss.and(&held_back),
    );
    play.sync(
        "second",
        Some("phone-not-listed"),
        "the lost phone learns that it is",
    );
    play.sync("phone", None, "the other goes on");
    play.put(
        "the camera acknowledges, and records",
        &acknowledged.and(&after),
    );
    play.views(
        "phone",
        ("x", 4),
        Sees::New,
        "the other phone views what comes after",
    );
    play.views(
        "second",
        ("x", 4),
        Sees::Not("unknown-announcement"),
        "the lost one was told of no announcement under which that was recorded",
    );
    play.member_syncs(
        "alice",
        (1, 1, &[]),
        "alice is introduced anew, and has the new key",
    );
    play.views("alice", ("x", 4), Sees::New, "members go on");
    end(
        play,
        out,
        "phone.lost",
        "A phone is lost: what it stored opens nothing that is recorded later.",
        &["CLAIM-LOST-PHONE", "SPEC#loss"],
        &["LostPhone"],
    );
    Ok(())
}
