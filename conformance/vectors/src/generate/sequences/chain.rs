//! A camera follows the chain of announcements, and nothing else.

use encryptediot::announcement::MAX_LEASE;
use encryptediot::cbor::Bytes;
use encryptediot::crypto::sha256;

use super::super::super::Result;
use super::super::builder::Builder;
use super::super::world::{START, World, signing};
use super::door::{ALONE, Door, SHARED, clip, window};
use super::play::{About, Clocks, at};

/// The sequences.
pub fn sequences(out: &mut Builder) -> Result<()> {
    let door = Door::new()?;
    follows(&door, out)?;
    first(&door, out)?;
    rollback(&door, out)?;
    gap(&door, out)?;
    fork(&door, out)?;
    issued(&door, out)?;
    foreign(&door, out)?;
    form(&door, out)?;
    streams(&door, out)?;
    pairing(&door, out)?;
    switch(&door, out)?;
    restart(&door, out)
}

fn follows(door: &Door, out: &mut Builder) -> Result<()> {
    let one = door.next(None, 1_000)?;
    let two = door.next(Some(&one), 5_000)?;
    let three = door.next(Some(&two), 9_000)?;
    let mut play = door.play();
    play.camera("door", at(500));
    play.begins(
        "door",
        "x",
        at(600),
        Some("no-announcement"),
        "nothing is announced yet",
    );
    let ack = door.ack(&one, 1, START + 1_500);
    play.accept("door", at(1_500), &one.signed, Ok(Some(ack)), "epoch 1");
    play.accept(
        "door",
        at(1_600),
        &one.signed,
        Ok(None),
        "epoch 1 again changes nothing",
    );
    play.begin("door", "x", at(2_000), "a session under epoch 1");
    let output = clip(1, (2_000, 3_000), &one, SHARED)?;
    play.finish(
        "door",
        "x",
        at(3_000),
        output,
        "clip 1: for the phone, the owner's key, the DSK",
    );
    let ack = door.ack(&two, 2, START + 5_500);
    play.accept(
        "door",
        at(5_500),
        &two.signed,
        Ok(Some(ack)),
        "epoch 2, from clip 2 on",
    );
    play.begin("door", "x", at(6_000), "a session under epoch 2");
    let output = clip(2, (6_000, 7_000), &two, SHARED)?;
    play.finish(
        "door",
        "x",
        at(7_000),
        output,
        "clip 2: for epoch 2's DSK, not for epoch 1's",
    );
    let ack = door.ack(&three, 3, START + 9_000);
    play.accept("door", at(9_000), &three.signed, Ok(Some(ack)), "epoch 3");
    play.accept("door", at(9_100), &three.signed, Ok(None), "epoch 3 again");
    play.begins(
        "door",
        "z",
        at(9_200),
        Some("unknown-stream"),
        "it has no stream z",
    );
    play.end(out, &About {
        name: "camera.chain",
        comment: "A camera takes each announcement once, and wraps for the keys of the last one alone.",
        checks: &["CLAIM-CAMERA-KEYS", "SPEC#what-the-camera-checks", "SPEC#acknowledgement"],
        flags: &["Valid", "Replay"],
    });
    Ok(())
}

fn first(door: &Door, out: &mut Builder) -> Result<()> {
    let one = door.next(None, 1_000)?;
    let two = door.next(Some(&one), 2_000)?;
    let after_something = door.announce(None, 1_000, |a| {
        a.previous = Some(Bytes([1; 32]));
        Ok(())
    })?;
    let zero = door.announce(None, 1_000, |a| {
        a.epoch = 0;
        Ok(())
    })?;
    let alone = door.announce(Some(&one), 1_000, |a| {
        a.previous = None;
        Ok(())
    })?;
    let mut play = door.play();
    play.camera("door", at(0));
    let not_first = || Err("not-first");
    play.accept(
        "door",
        at(2_000),
        &two.signed,
        not_first(),
        "epoch 2 before any",
    );
    play.accept(
        "door",
        at(2_000),
        &after_something.signed,
        not_first(),
        "epoch 1 with a predecessor",
    );
    play.accept("door", at(2_000), &zero.signed, not_first(), "epoch 0");
    play.accept(
        "door",
        at(2_000),
        &alone.signed,
        not_first(),
        "epoch 2 without a predecessor",
    );
    let ack = door.ack(&one, 1, START + 2_000);
    play.accept(
        "door",
        at(2_000),
        &one.signed,
        Ok(Some(ack)),
        "epoch 1 is taken after all this",
    );
    play.accept(
        "door",
        at(2_100),
        &alone.signed,
        Err("announcement-fork"),
        "the next, without a predecessor",
    );
    play.end(
        out,
        &About {
            name: "camera.first",
            comment: "A chain starts with epoch 1 and no predecessor.",
            checks: &["CLAIM-NO-ROLLBACK", "SPEC#what-the-camera-checks"],
            flags: &["Gap"],
        },
    );
    Ok(())
}

fn rollback(door: &Door, out: &mut Builder) -> Result<()> {
    let one = door.next(None, 1_000)?;
    let two = door.next(Some(&one), 2_000)?;
    let three = door.next(Some(&two), 3_000)?;
    let mut play = door.play();
    play.camera("door", at(0));
    for (announced, time) in [(&one, 4_000), (&two, 4_100), (&three, 4_200)] {
        let ack = door.ack(announced, 1, START + time);
        let comment = format!("epoch {}", announced.body.epoch);
        play.accept("door", at(time), &announced.signed, Ok(Some(ack)), &comment);
    }
    let back = || Err("announcement-rollback");
    play.accept(
        "door",
        at(4_300),
        &two.signed,
        back(),
        "epoch 2 again: what 3 revoked would be back",
    );
    play.accept("door", at(4_400), &one.signed, back(), "epoch 1 again");
    let restarted = Clocks {
        wall: START + 60_000,
        monotonic: 0,
    };
    play.restart_camera("door", restarted, "it is switched off and on");
    play.accept(
        "door",
        restarted,
        &two.signed,
        back(),
        "epoch 2 after the restart",
    );
    play.accept(
        "door",
        restarted,
        &three.signed,
        Ok(None),
        "epoch 3 is still in force",
    );
    let then = Clocks {
        wall: START + 61_000,
        monotonic: 1_000,
    };
    play.begin("door", "x", restarted, "a session");
    let output = clip(1, (60_000, 61_000), &three, SHARED)?;
    play.finish("door", "x", then, output, "wrapped for epoch 3");
    play.end(out, &About {
        name: "camera.rollback",
        comment: "An announcement that was good is served again after a later one, also after a restart.",
        checks: &["CLAIM-NO-ROLLBACK", "CLAIM-REVOCATION", "SPEC#what-the-camera-checks"],
        flags: &["Rollback", "Restart"],
    });
    Ok(())
}

fn gap(door: &Door, out: &mut Builder) -> Result<()> {
    let one = door.next(None, 1_000)?;
    let two = door.next(Some(&one), 2_000)?;
    let three = door.next(Some(&two), 3_000)?;
    let four = door.next(Some(&three), 4_000)?;
    let mut play = door.play();
    play.camera("door", at(0));
    let ack = door.ack(&one, 1, START + 5_000);
    play.accept("door", at(5_000), &one.signed, Ok(Some(ack)), "epoch 1");
    play.accept(
        "door",
        at(5_100),
        &three.signed,
        Err("epoch-gap"),
        "epoch 3, while 2 is withheld",
    );
    play.accept("door", at(5_200), &four.signed, Err("epoch-gap"), "epoch 4");
    play.begin("door", "x", at(5_300), "a session");
    let output = clip(1, (5_300, 5_400), &one, SHARED)?;
    play.finish("door", "x", at(5_400), output, "epoch 1 is still in force");
    let ack = door.ack(&two, 2, START + 5_500);
    play.accept(
        "door",
        at(5_500),
        &two.signed,
        Ok(Some(ack)),
        "epoch 2 comes late",
    );
    play.accept(
        "door",
        at(5_600),
        &four.signed,
        Err("epoch-gap"),
        "epoch 4 is still too far",
    );
    let ack = door.ack(&three, 2, START + 5_700);
    play.accept("door", at(5_700), &three.signed, Ok(Some(ack)), "epoch 3");
    let ack = door.ack(&four, 2, START + 5_800);
    play.accept("door", at(5_800), &four.signed, Ok(Some(ack)), "epoch 4");
    play.end(
        out,
        &About {
            name: "camera.gap",
            comment: "An announcement in the middle of the chain is withheld for a while.",
            checks: &["CLAIM-NO-ROLLBACK", "SPEC#what-the-camera-checks"],
            flags: &["Gap", "Withheld"],
        },
    );
    Ok(())
}

fn fork(door: &Door, out: &mut Builder) -> Result<()> {
    let one = door.next(None, 1_000)?;
    let two = door.next(Some(&one), 2_000)?;
    let other = door.next(Some(&one), 2_001)?;
    let after_other = door.next(Some(&other), 3_000)?;
    let other_first = door.next(None, 1_001)?;
    let after_two = door.next(Some(&two), 3_000)?;
    let mut play = door.play();
    play.camera("door", at(0));
    let ack = door.ack(&one, 1, START + 5_000);
    play.accept("door", at(5_000), &one.signed, Ok(Some(ack)), "epoch 1");
    let forked = || Err("announcement-fork");
    play.accept(
        "door",
        at(5_050),
        &other_first.signed,
        forked(),
        "another epoch 1",
    );
    let ack = door.ack(&two, 1, START + 5_100);
    play.accept(
        "door",
        at(5_100),
        &two.signed,
        Ok(Some(ack)),
        "epoch 2 of one phone",
    );
    play.accept(
        "door",
        at(5_200),
        &other.signed,
        forked(),
        "epoch 2 of another phone, which saw an older state",
    );
    play.accept(
        "door",
        at(5_300),
        &after_other.signed,
        forked(),
        "epoch 3 after the other's epoch 2",
    );
    play.accept(
        "door",
        at(5_400),
        &two.signed,
        Ok(None),
        "the first one's epoch 2 is in force",
    );
    play.begin("door", "x", at(5_500), "a session");
    let output = clip(1, (5_500, 5_600), &two, SHARED)?;
    play.finish(
        "door",
        "x",
        at(5_600),
        output,
        "wrapped for the first one's keys",
    );
    let ack = door.ack(&after_two, 2, START + 5_700);
    play.accept(
        "door",
        at(5_700),
        &after_two.signed,
        Ok(Some(ack)),
        "epoch 3 after it",
    );
    play.end(
        out,
        &About {
            name: "camera.fork",
            comment: "Two phones, each shown an old state, make two announcements of one epoch.",
            checks: &["CLAIM-NO-FORK", "SPEC#what-the-camera-checks"],
            flags: &["Fork"],
        },
    );
    Ok(())
}

fn issued(door: &Door, out: &mut Builder) -> Result<()> {
    let one = door.next(None, 5_000)?;
    let before = door.next(Some(&one), 4_999)?;
    let same = door.next(Some(&one), 5_000)?;
    let mut play = door.play();
    play.camera("door", at(0));
    let ack = door.ack(&one, 1, START + 6_000);
    play.accept("door", at(6_000), &one.signed, Ok(Some(ack)), "epoch 1");
    let backwards = || Err("issued-backwards");
    play.accept(
        "door",
        at(6_000),
        &before.signed,
        backwards(),
        "epoch 2, issued a millisecond before it",
    );
    let ack = door.ack(&same, 1, START + 6_000);
    play.accept(
        "door",
        at(6_000),
        &same.signed,
        Ok(Some(ack)),
        "epoch 2, issued at the same time",
    );
    play.end(
        out,
        &About {
            name: "camera.issued-backwards",
            comment: "Time does not go back along the chain.",
            checks: &["CLAIM-NO-ROLLBACK", "SPEC#what-the-camera-checks"],
            flags: &["Edge", "Clock"],
        },
    );
    Ok(())
}

fn foreign(door: &Door, out: &mut Builder) -> Result<()> {
    let one = door.next(None, 1_000)?;
    let two = door.next(Some(&one), 2_000)?;
    let other = World::other()?;
    let leaf = door.world.encode(two.body.clone());
    let of_another = other.sign(other.encode(two.body.clone()))?;
    let signed_by_another = World {
        account: door.world.account,
        ..World::other()?
    }
    .sign(leaf)?;
    let leaf_of_another = door.world.sign(other.encode(two.body.clone()))?;
    let camera = door.announce(Some(&one), 2_000, |a| {
        a.camera = signing(50)?.verifying_key();
        Ok(())
    })?;
    let stream = door.first_of("z", 2_000)?;
    let mut altered = two.signed.clone();
    let middle = altered.len() - 10;
    if let Some(byte) = altered.get_mut(middle) {
        *byte ^= 1;
    }
    let roster = door
        .world
        .sign(door.world.roster(door.world.roster_draft()?)?)?;
    let mut play = door.play();
    play.camera("door", at(0));
    let ack = door.ack(&one, 1, START + 3_000);
    play.accept("door", at(3_000), &one.signed, Ok(Some(ack)), "epoch 1");
    let now = at(3_100);
    play.accept(
        "door",
        now,
        &of_another,
        Err("invalid-signature"),
        "epoch 2 of another account",
    );
    play.accept(
        "door",
        now,
        &signed_by_another,
        Err("invalid-signature"),
        "epoch 2, signed by the provider's own root",
    );
    play.accept(
        "door",
        now,
        &leaf_of_another,
        Err("wrong-account"),
        "another account's epoch 2, under this account's signature",
    );
    play.accept(
        "door",
        now,
        &altered,
        Err("invalid-signature"),
        "epoch 2 with a bit of its signature changed",
    );
    play.accept(
        "door",
        now,
        &camera.signed,
        Err("wrong-camera"),
        "epoch 2, for another camera",
    );
    play.accept(
        "door",
        now,
        &stream.signed,
        Err("unknown-stream"),
        "the first of a stream that it does not have",
    );
    play.accept("door", now, &roster, Err("wrong-type"), "a roster");
    let ack = door.ack(&two, 1, now.wall);
    play.accept("door", now, &two.signed, Ok(Some(ack)), "epoch 2 itself");
    play.end(
        out,
        &About {
            name: "camera.foreign",
            comment: "What is not the account's word to this camera changes nothing.",
            checks: &[
                "CLAIM-ROOT",
                "CLAIM-CAMERA-KEYS",
                "SPEC#what-the-camera-checks",
            ],
            flags: &[
                "ForgedSignature",
                "WrongAccount",
                "WrongCamera",
                "WrongStream",
                "WrongType",
            ],
        },
    );
    Ok(())
}

fn form(door: &Door, out: &mut Builder) -> Result<()> {
    let one = door.next(None, 1_000)?;
    let without_owner = door.announce(Some(&one), 2_000, |a| {
        a.keys.remove(0);
        Ok(())
    })?;
    let without_phones = door.announce(Some(&one), 2_000, |a| {
        a.phones.clear();
        Ok(())
    })?;
    let with_lease = |lease| {
        door.announce(Some(&one), 2_000, |a| {
            a.lease = lease;
            Ok(())
        })
    };
    let empty_window = door.announce(Some(&one), 2_000, |a| {
        a.keys.push(super::door::tdsk(60, window(5, 5))?);
        Ok(())
    })?;
    let mut play = door.play();
    play.camera("door", at(0));
    let ack = door.ack(&one, 1, START + 3_000);
    play.accept("door", at(3_000), &one.signed, Ok(Some(ack)), "epoch 1");
    let now = at(3_100);
    let keys = || Err("announcement-keys");
    play.accept(
        "door",
        now,
        &without_owner.signed,
        keys(),
        "epoch 2 without the owner's stream key",
    );
    play.accept(
        "door",
        now,
        &without_phones.signed,
        Err("malformed"),
        "epoch 2 without a phone",
    );
    play.accept(
        "door",
        now,
        &empty_window.signed,
        keys(),
        "epoch 2 with a window that is empty",
    );
    let lease = || Err("lease-out-of-range");
    play.accept(
        "door",
        now,
        &with_lease(0)?.signed,
        lease(),
        "epoch 2 without a lease",
    );
    play.accept(
        "door",
        now,
        &with_lease(MAX_LEASE + 1)?.signed,
        lease(),
        "epoch 2 with a lease of 31 days and a millisecond",
    );
    let longest = with_lease(MAX_LEASE)?;
    let ack = door.ack(&longest, 1, now.wall);
    play.accept(
        "door",
        now,
        &longest.signed,
        Ok(Some(ack)),
        "epoch 2 with a lease of 31 days",
    );
    play.end(
        out,
        &About {
            name: "camera.form",
            comment: "Announcements that may not be made, under a good signature, change nothing.",
            checks: &["CLAIM-CAMERA-KEYS", "SPEC#announcements"],
            flags: &["KeySet", "LeaseBoundary"],
        },
    );
    Ok(())
}

fn streams(door: &Door, out: &mut Builder) -> Result<()> {
    let one = door.next(None, 1_000)?;
    let two = door.next(Some(&one), 2_000)?;
    let of_y = door.first_of("y", 1_000)?;
    let second_of_y = door.announce(Some(&of_y), 2_000, |a| {
        a.stream = of_y.body.stream.clone();
        Ok(())
    })?;
    let crossed = door.announce(Some(&one), 2_000, |a| {
        a.stream = of_y.body.stream.clone();
        Ok(())
    })?;
    let mut play = door.play();
    play.camera("door", at(0));
    let ack = door.ack(&one, 1, START + 3_000);
    play.accept(
        "door",
        at(3_000),
        &one.signed,
        Ok(Some(ack)),
        "epoch 1 of x",
    );
    play.begins(
        "door",
        "y",
        at(3_100),
        Some("no-announcement"),
        "nothing is announced for y",
    );
    play.accept(
        "door",
        at(3_200),
        &crossed.signed,
        Err("not-first"),
        "an epoch 2 of y that follows epoch 1 of x",
    );
    let ack = door.ack(&of_y, 1, START + 3_300);
    play.accept(
        "door",
        at(3_300),
        &of_y.signed,
        Ok(Some(ack)),
        "epoch 1 of y",
    );
    play.accept(
        "door",
        at(3_400),
        &crossed.signed,
        Err("announcement-fork"),
        "again, now that y has an epoch 1",
    );
    play.begin("door", "x", at(4_000), "sessions of both at a time");
    play.begin("door", "y", at(4_000), "sessions of both at a time");
    let ack = door.ack(&two, 1, START + 4_500);
    play.accept(
        "door",
        at(4_500),
        &two.signed,
        Ok(Some(ack)),
        "epoch 2 of x, while both are recorded",
    );
    let output = clip(1, (4_000, 5_000), &two, ALONE)?;
    play.finish(
        "door",
        "x",
        at(5_000),
        output,
        "x: for the owner alone, under epoch 2",
    );
    let output = clip(1, (4_000, 5_000), &of_y, SHARED)?;
    play.finish(
        "door",
        "y",
        at(5_000),
        output,
        "y: nothing changed; its clips have numbers of their own",
    );
    let ack = door.ack(&second_of_y, 2, START + 5_500);
    play.accept(
        "door",
        at(5_500),
        &second_of_y.signed,
        Ok(Some(ack)),
        "epoch 2 of y, from clip 2 on",
    );
    play.end(
        out,
        &About {
            name: "camera.streams",
            comment: "Each stream has its own chain, its own numbers, and its own keys.",
            checks: &["CLAIM-STREAM-ISOLATION", "SPEC#announcements"],
            flags: &["WrongStream", "Isolation"],
        },
    );
    Ok(())
}

fn pairing(door: &Door, out: &mut Builder) -> Result<()> {
    const TEN_MINUTES: u64 = 600_000;
    let mut play = door.play();
    play.pairs(
        "door",
        "door",
        at(TEN_MINUTES),
        "an offer that is ten minutes old is taken",
        None,
    );
    let expired = Some("offer-expired");
    play.pairs(
        "late",
        "door",
        at(TEN_MINUTES + 1),
        "a millisecond later it is not",
        expired,
    );
    let early = Clocks {
        wall: START - 5_000,
        monotonic: 0,
    };
    play.pairs(
        "early",
        "door",
        early,
        "a wall clock that is behind does not keep it off",
        None,
    );
    play.time(
        "early",
        early,
        START,
        "it is at least the time of the offer",
    );
    let one = door.next(None, 1_000)?;
    let ack = door.ack(&one, 1, START + TEN_MINUTES);
    play.accept(
        "door",
        at(TEN_MINUTES),
        &one.signed,
        Ok(Some(ack)),
        "the account's announcement is taken",
    );
    play.end(
        out,
        &About {
            name: "camera.pairing",
            comment: "An offer is taken for ten minutes.",
            checks: &["CLAIM-PAIRING", "SPEC#pairing"],
            flags: &["Expiry", "Clock"],
        },
    );
    let mut facts = door.facts().clone();
    facts.root = hex::encode(World::other()?.root_bytes());
    let mut play = super::play::Play::new(facts);
    let comment = "the root that the cloud serves is not the one that the offer names";
    play.pairs("door", "door", at(0), comment, Some("wrong-account"));
    play.end(
        out,
        &About {
            name: "camera.root-swap",
            comment: "The provider serves its own root to a camera that was just paired.",
            checks: &["CLAIM-ROOT", "SPEC#account"],
            flags: &["RootSwap"],
        },
    );
    Ok(())
}

fn switch(door: &Door, out: &mut Builder) -> Result<()> {
    let one = door.next(None, 1_000)?;
    let two = door.next(Some(&one), 2_000)?;
    let three = door.next(Some(&two), 3_000)?;
    let mut play = door.play();
    play.camera("door", at(0));
    let ack = door.ack(&one, 1, START + 4_000);
    play.accept("door", at(4_000), &one.signed, Ok(Some(ack)), "epoch 1");
    play.begin("door", "x", at(5_000), "a session under epoch 1");
    play.accept(
        "door",
        at(5_100),
        &one.signed,
        Ok(None),
        "epoch 1 again: that is no change",
    );
    play.accept(
        "door",
        at(5_200),
        &three.signed,
        Err("epoch-gap"),
        "what is refused is no change either",
    );
    let output = clip(1, (5_000, 6_000), &one, SHARED)?;
    play.finish("door", "x", at(6_000), output, "for all");
    play.begin("door", "x", at(6_000), "a session under epoch 1");
    let ack = door.ack(&two, 2, START + 6_500);
    play.accept(
        "door",
        at(6_500),
        &two.signed,
        Ok(Some(ack)),
        "epoch 2 comes in between",
    );
    let output = clip(2, (6_000, 7_000), &two, ALONE)?;
    play.finish(
        "door",
        "x",
        at(7_000),
        output,
        "for the owner alone: neither who leaves nor who joins",
    );
    play.begin("door", "x", at(7_000), "the next session");
    let output = clip(3, (7_000, 8_000), &two, SHARED)?;
    play.finish("door", "x", at(8_000), output, "for all of epoch 2");
    play.begin("door", "x", at(8_000), "a session that is not ended");
    let restarted = Clocks {
        wall: START + 9_000,
        monotonic: 0,
    };
    play.restart_camera(
        "door",
        restarted,
        "the power fails: the session leaves nothing",
    );
    play.begin("door", "x", restarted, "another session");
    let later = Clocks {
        wall: START + 10_000,
        monotonic: 1_000,
    };
    let output = clip(4, (9_000, 10_000), &two, SHARED)?;
    play.finish("door", "x", later, output, "it has the next number");
    play.end(
        out,
        &About {
            name: "camera.switch",
            comment: "An announcement comes in the middle of a session.",
            checks: &[
                "CLAIM-REVOCATION",
                "CLAIM-LATE-JOINER",
                "SPEC#acknowledgement",
            ],
            flags: &["Revocation", "Edge"],
        },
    );
    Ok(())
}

fn restart(door: &Door, out: &mut Builder) -> Result<()> {
    let one = door.next(None, 1_000)?;
    let two = door.next(Some(&one), 2_000)?;
    let mut play = door.play();
    play.camera("door", at(0));
    let ack = door.ack(&one, 1, START + 2_000);
    play.accept("door", at(2_000), &one.signed, Ok(Some(ack)), "epoch 1");
    for number in 1..=2 {
        let (start, end) = (number * 2_000 + 1_000, number * 2_000 + 2_000);
        play.begin("door", "x", at(start), "a session");
        let output = clip(number, (start, end), &one, SHARED)?;
        play.finish("door", "x", at(end), output, &format!("clip {number}"));
    }
    let ack = door.ack(&two, 3, START + 6_500);
    play.accept("door", at(6_500), &two.signed, Ok(Some(ack)), "epoch 2");
    let restarted = Clocks {
        wall: START + 20_000,
        monotonic: 0,
    };
    play.restart_camera("door", restarted, "it is switched off and on");
    play.accept(
        "door",
        restarted,
        &one.signed,
        Err("announcement-rollback"),
        "epoch 2 was not forgotten",
    );
    play.begin(
        "door",
        "x",
        restarted,
        "a session, without a word from the cloud",
    );
    let then = Clocks {
        wall: START + 21_000,
        monotonic: 1_000,
    };
    let output = clip(3, (20_000, 21_000), &two, SHARED)?;
    play.finish(
        "door",
        "x",
        then,
        output,
        "clip 3: no number is given twice",
    );
    let again = Clocks {
        wall: START + 22_000,
        monotonic: 7,
    };
    play.restart_camera("door", again, "off and on once more");
    play.begins(
        "door",
        "y",
        again,
        Some("no-announcement"),
        "y has still none",
    );
    let forged = door.announce(Some(&one), 2_000, |a| {
        a.backup = Bytes(sha256(b"other"));
        Ok(())
    })?;
    play.accept(
        "door",
        again,
        &forged.signed,
        Err("announcement-fork"),
        "another epoch 2",
    );
    play.end(
        out,
        &About {
            name: "camera.restart",
            comment: "What a camera stores: the announcement in force, the numbers of its clips.",
            checks: &["CLAIM-NO-ROLLBACK", "SPEC#what-the-camera-does"],
            flags: &["Restart"],
        },
    );
    Ok(())
}
