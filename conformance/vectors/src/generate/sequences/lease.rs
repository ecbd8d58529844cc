//! Leases: shared keys serve until they end, whatever is withheld.

use encryptediot::announcement::MAX_LEASE;
use encryptediot::lease;
use encryptediot_testkit::household::name;

use super::super::super::Result;
use super::super::builder::Builder;
use super::super::world::{START, World, kem, signing};
use super::door::{ALONE, Announced, Door, LEASE, SHARED, clip};
use super::play::{About, Clocks, Play, at};

/// The sequences.
pub fn sequences(out: &mut Builder) -> Result<()> {
    let door = Door::new()?;
    end(&door, out)?;
    extension(&door, out)?;
    refused(&door, out)?;
    limit(&door, out)?;
    next_epoch(&door, out)?;
    held_back(&door, out)?;
    lost_phone(&door, out)?;
    restart(&door, out)
}

/// A camera with epoch 1, which was issued at the start of everything and taken a second later.
fn started(door: &Door) -> Result<(Play, Announced)> {
    let one = door.next(None, 0)?;
    let mut play = door.play();
    play.camera("door", at(0));
    let ack = door.ack(&one, 1, START + 1_000);
    play.accept(
        "door",
        at(1_000),
        &one.signed,
        Ok(Some(ack)),
        "epoch 1, with a lease of an hour",
    );
    Ok((play, one))
}

/// A session between two times.
fn session(play: &mut Play, (start, end): (u64, u64), output: serde_json::Value, comment: &str) {
    play.begin("door", "x", at(start), "a session");
    play.finish("door", "x", at(end), output, comment);
}

fn end(door: &Door, out: &mut Builder) -> Result<()> {
    let (mut play, one) = started(door)?;
    let sessions = [
        (
            1,
            LEASE - 2_000,
            LEASE - 1,
            SHARED,
            "it ends a millisecond before the lease",
        ),
        (2, LEASE - 1, LEASE, SHARED, "it ends with the lease"),
        (
            3,
            LEASE - 1,
            LEASE + 1,
            ALONE,
            "it ends a millisecond after the lease: for the owner alone",
        ),
        (
            4,
            LEASE + 1,
            LEASE + 1_000,
            ALONE,
            "it lies after the lease: the owner is recorded for all the same",
        ),
    ];
    for (number, start, end, recipients, comment) in sessions {
        // The third begins before the second has ended, as far as the counter tells.
        let start = start.max(if number == 3 { LEASE } else { 0 });
        let output = clip(number, (start, end), &one, recipients)?;
        session(&mut play, (start, end), output, comment);
    }
    play.end(out, &About {
        name: "lease.end",
        comment: "Sessions around the end of the lease. One that spans it is for the owner alone.",
        checks: &["CLAIM-LEASE", "SPEC#lease", "SPEC#what-the-camera-does"],
        flags: &["LeaseBoundary"],
    });
    Ok(())
}

fn extension(door: &Door, out: &mut Builder) -> Result<()> {
    let (mut play, one) = started(door)?;
    let extended = LEASE + 10_000;
    let lease = door.phones_lease(&one, extended)?;
    play.lease(
        "door",
        at(2_000),
        &lease,
        None,
        "the phone extends it by ten seconds",
    );
    let output = clip(1, (LEASE, LEASE + 1), &one, SHARED)?;
    session(
        &mut play,
        (LEASE, LEASE + 1),
        output,
        "after the old end: for all",
    );
    let output = clip(2, (extended - 1_000, extended), &one, SHARED)?;
    session(
        &mut play,
        (extended - 1_000, extended),
        output,
        "until the new end: for all",
    );
    let output = clip(3, (extended, extended + 1), &one, ALONE)?;
    session(
        &mut play,
        (extended, extended + 1),
        output,
        "a millisecond after it: for the owner alone",
    );
    let again = door.phones_lease(&one, extended + 60_000)?;
    play.lease(
        "door",
        at(extended + 30_000),
        &again,
        None,
        "after the end it is extended once more",
    );
    let (start, end) = (extended + 30_000, extended + 31_000);
    let output = clip(4, (start, end), &one, SHARED)?;
    session(&mut play, (start, end), output, "for all");
    play.begin(
        "door",
        "x",
        at(extended + 59_000),
        "a session that goes on beyond the lease",
    );
    let third = door.phones_lease(&one, extended + 120_000)?;
    play.lease(
        "door",
        at(extended + 61_000),
        &third,
        None,
        "it is extended while the session lasts",
    );
    let output = clip(5, (extended + 59_000, extended + 62_000), &one, SHARED)?;
    play.finish(
        "door",
        "x",
        at(extended + 62_000),
        output,
        "for all: it ends no later than the lease",
    );
    play.end(
        out,
        &About {
            name: "lease.extension",
            comment: "A phone extends the lease before its end, after it, and during a session.",
            checks: &["CLAIM-LEASE", "SPEC#lease"],
            flags: &["Valid", "LeaseBoundary"],
        },
    );
    Ok(())
}

fn refused(door: &Door, out: &mut Builder) -> Result<()> {
    let one = door.next(None, 0)?;
    let forked = door.next(None, 1)?;
    let (phone, stranger) = (&door.world.lease, signing(51)?);
    let until = LEASE + 1_000;
    let mut play = door.play();
    play.camera("door", at(0));
    let good = door.phones_lease(&one, until)?;
    play.lease(
        "door",
        at(100),
        &good,
        Some("lease-stale"),
        "nothing is in force yet",
    );
    let ack = door.ack(&one, 1, START + 1_000);
    play.accept(
        "door",
        at(1_000),
        &one.signed,
        Ok(Some(ack)),
        "epoch 1, with a lease of an hour",
    );
    let now = at(2_000);
    let by_stranger = door.lease(&one, &stranger, until, |_| Ok(()))?;
    play.lease(
        "door",
        now,
        &by_stranger,
        Some("lease-key"),
        "by a key that is not announced",
    );
    let borrowed = door.lease(&one, &stranger, until, |l| {
        l.key = phone.verifying_key();
        Ok(())
    })?;
    play.lease(
        "door",
        now,
        &borrowed,
        Some("invalid-signature"),
        "it names the phone's key and was signed by another",
    );
    let by_camera = door.lease(&one, &door.world.camera, until, |_| Ok(()))?;
    play.lease(
        "door",
        now,
        &by_camera,
        Some("lease-key"),
        "by the camera's own key",
    );
    let of_fork = door.phones_lease(&forked, until)?;
    play.lease(
        "door",
        now,
        &of_fork,
        Some("lease-stale"),
        "for another announcement of this epoch",
    );
    let camera = door.lease(&one, phone, until, |l| {
        l.camera = signing(50)?.verifying_key();
        Ok(())
    })?;
    play.lease(
        "door",
        now,
        &camera,
        Some("wrong-camera"),
        "for another camera",
    );
    let stream = |s: &'static str| {
        door.lease(&one, phone, until, move |l| {
            l.stream = name(s)?;
            Ok(())
        })
    };
    play.lease(
        "door",
        now,
        &stream("z")?,
        Some("unknown-stream"),
        "for a stream that it does not have",
    );
    play.lease(
        "door",
        now,
        &stream("y")?,
        Some("lease-stale"),
        "for its other stream, which has no announcement",
    );
    let other = World {
        lease: signing(6)?,
        ..World::other()?
    };
    let other = lease::sign(
        &other.lease,
        &other.account,
        lease::Lease {
            camera: one.body.camera,
            stream: one.body.stream.clone(),
            announcement: one.hash,
            key: phone.verifying_key(),
            until: START + until,
        },
    )?;
    play.lease(
        "door",
        now,
        &other,
        Some("wrong-account"),
        "for another account, by the same key",
    );
    let output = clip(1, (LEASE, LEASE + 1), &one, ALONE)?;
    session(
        &mut play,
        (LEASE, LEASE + 1),
        output,
        "the lease was not extended",
    );
    play.lease(
        "door",
        at(LEASE + 2),
        &good,
        None,
        "the phone's own word extends it",
    );
    let output = clip(2, (LEASE + 2, until), &one, SHARED)?;
    session(&mut play, (LEASE + 2, until), output, "for all");
    play.end(
        out,
        &About {
            name: "lease.refused",
            comment: "Extensions by others, for others, or of something else.",
            checks: &["CLAIM-LEASE", "SPEC#lease"],
            flags: &[
                "ForgedSignature",
                "WrongCamera",
                "WrongStream",
                "WrongAccount",
            ],
        },
    );
    Ok(())
}

fn limit(door: &Door, out: &mut Builder) -> Result<()> {
    let (mut play, one) = started(door)?;
    let now = 10_000;
    let lease = |until| door.phones_lease(&one, until);
    play.lease(
        "door",
        at(now),
        &lease(LEASE - 1)?,
        Some("lease-shorter"),
        "shorter than the lease in force",
    );
    play.lease(
        "door",
        at(now),
        &lease(LEASE)?,
        Some("lease-shorter"),
        "as long as the lease in force",
    );
    play.lease(
        "door",
        at(now),
        &lease(LEASE + 1)?,
        None,
        "a millisecond longer",
    );
    play.lease(
        "door",
        at(now),
        &lease(LEASE + 1)?,
        Some("lease-shorter"),
        "the same again",
    );
    let most = now + MAX_LEASE;
    play.lease(
        "door",
        at(now),
        &lease(most + 1)?,
        Some("lease-out-of-range"),
        "31 days and a millisecond from now",
    );
    play.lease("door", at(now), &lease(most)?, None, "31 days from now");
    play.lease(
        "door",
        at(now + 1),
        &lease(most + 1)?,
        None,
        "a millisecond later one may go a millisecond further",
    );
    play.lease(
        "door",
        at(now + 2),
        &lease(LEASE + 5)?,
        Some("lease-shorter"),
        "the earlier ones are over",
    );
    let output = clip(1, (most - 1, most + 1), &one, SHARED)?;
    session(
        &mut play,
        (most - 1, most + 1),
        output,
        "until the end of the longest: for all",
    );
    let output = clip(2, (most + 1, most + 2), &one, ALONE)?;
    session(
        &mut play,
        (most + 1, most + 2),
        output,
        "after it: for the owner alone",
    );
    play.end(out, &About {
        name: "lease.limit",
        comment: "How far a lease may be extended: later than it is, and at most 31 days from the camera's time.",
        checks: &["CLAIM-LEASE", "SPEC#lease"],
        flags: &["LeaseBoundary"],
    });
    Ok(())
}

fn next_epoch(door: &Door, out: &mut Builder) -> Result<()> {
    let (mut play, one) = started(door)?;
    let two = door.next(Some(&one), 5_000)?;
    let long = door.phones_lease(&one, 30 * LEASE)?;
    play.lease(
        "door",
        at(2_000),
        &long,
        None,
        "epoch 1's lease is extended by more than a day",
    );
    let ack = door.ack(&two, 1, START + 6_000);
    play.accept(
        "door",
        at(6_000),
        &two.signed,
        Ok(Some(ack)),
        "epoch 2, with a lease of an hour from its time of issue",
    );
    play.lease(
        "door",
        at(6_100),
        &long,
        Some("lease-stale"),
        "epoch 1's extension again",
    );
    let end = LEASE + 5_000;
    let output = clip(1, (end - 1, end), &two, SHARED)?;
    session(
        &mut play,
        (end - 1, end),
        output,
        "until the end of epoch 2's own lease",
    );
    let output = clip(2, (end, end + 1), &two, ALONE)?;
    session(
        &mut play,
        (end, end + 1),
        output,
        "what was extended was epoch 1's: for the owner alone",
    );
    play.end(
        out,
        &About {
            name: "lease.next-epoch",
            comment: "An extension does not outlive the announcement that it is for.",
            checks: &["CLAIM-LEASE", "CLAIM-REVOCATION", "SPEC#lease"],
            flags: &["Replay", "LeaseBoundary"],
        },
    );
    Ok(())
}

fn held_back(door: &Door, out: &mut Builder) -> Result<()> {
    let (mut play, one) = started(door)?;
    let two = door.next(Some(&one), 5_000)?;
    let now = 3 * LEASE;
    let output = clip(1, (now, now + 1), &one, ALONE)?;
    session(
        &mut play,
        (now, now + 1),
        output,
        "the provider is silent: after epoch 1's lease, for the owner alone",
    );
    let ack = door.ack(&two, 2, START + now + 2);
    play.accept(
        "door",
        at(now + 2),
        &two.signed,
        Ok(Some(ack)),
        "epoch 2 arrives after its own lease: it is in force",
    );
    let output = clip(2, (now + 2, now + 3), &two, ALONE)?;
    session(
        &mut play,
        (now + 2, now + 3),
        output,
        "its lease is over already",
    );
    let lease = door.phones_lease(&two, now + LEASE)?;
    play.lease("door", at(now + 4), &lease, None, "a phone extends it");
    let output = clip(3, (now + 4, now + 5), &two, SHARED)?;
    session(
        &mut play,
        (now + 4, now + 5),
        output,
        "members are served again",
    );
    play.end(
        out,
        &About {
            name: "lease.held-back",
            comment: "An announcement is held back for longer than its lease.",
            checks: &["CLAIM-LEASE", "SPEC#lease"],
            flags: &["Withheld", "LeaseBoundary"],
        },
    );
    Ok(())
}

fn lost_phone(door: &Door, out: &mut Builder) -> Result<()> {
    let tablet = encryptediot::roster::PhoneKeys {
        instance: kem(52)?.public(),
        lease: signing(53)?.verifying_key(),
    };
    let one = door.announce(None, 0, |a| {
        a.phones.push(tablet.clone());
        Ok(())
    })?;
    let two = door.next(Some(&one), 5_000)?;
    let mut play = door.play();
    play.camera("door", at(0));
    let ack = door.ack(&one, 1, START + 1_000);
    play.accept(
        "door",
        at(1_000),
        &one.signed,
        Ok(Some(ack)),
        "epoch 1 lists a phone and a tablet",
    );
    let by_tablet = |of: &Announced, until| door.lease(of, &signing(53)?, until, |_| Ok(()));
    play.lease(
        "door",
        at(2_000),
        &by_tablet(&one, LEASE + 1)?,
        None,
        "the tablet extends the lease",
    );
    let output = clip(
        1,
        (2_000, 3_000),
        &one,
        &["phone 0", "phone 1", "owner", "dsk"],
    )?;
    session(&mut play, (2_000, 3_000), output, "wrapped for both");
    let ack = door.ack(&two, 2, START + 6_000);
    play.accept(
        "door",
        at(6_000),
        &two.signed,
        Ok(Some(ack)),
        "the tablet was lost: epoch 2 lists the phone alone",
    );
    play.lease(
        "door",
        at(6_100),
        &by_tablet(&two, 2 * LEASE)?,
        Some("lease-key"),
        "the tablet extends the lease",
    );
    let output = clip(2, (7_000, 8_000), &two, SHARED)?;
    session(
        &mut play,
        (7_000, 8_000),
        output,
        "wrapped for the phone, not for the tablet",
    );
    play.lease(
        "door",
        at(8_100),
        &door.phones_lease(&two, 2 * LEASE)?,
        None,
        "the phone extends it",
    );
    play.end(
        out,
        &About {
            name: "lease.lost-phone",
            comment: "A lost phone is neither wrapped for nor may it extend a lease.",
            checks: &["CLAIM-LOST-PHONE", "SPEC#lease", "SPEC#loss"],
            flags: &["LostPhone"],
        },
    );
    Ok(())
}

fn restart(door: &Door, out: &mut Builder) -> Result<()> {
    let (mut play, one) = started(door)?;
    let extended = LEASE + 10_000;
    let lease = door.phones_lease(&one, extended)?;
    play.lease(
        "door",
        at(2_000),
        &lease,
        None,
        "the phone extends it by ten seconds",
    );
    let restarted = Clocks {
        wall: START + LEASE + 1_000,
        monotonic: 0,
    };
    play.restart_camera(
        "door",
        restarted,
        "it is switched off and on, after the old end",
    );
    play.begin("door", "x", restarted, "a session");
    let then = |ms| Clocks {
        wall: START + LEASE + 1_000 + ms,
        monotonic: ms,
    };
    let output = clip(1, (LEASE + 1_000, LEASE + 2_000), &one, SHARED)?;
    play.finish(
        "door",
        "x",
        then(1_000),
        output,
        "the extension was not forgotten",
    );
    play.lease(
        "door",
        then(1_100),
        &lease,
        Some("lease-shorter"),
        "it extends nothing more",
    );
    play.begin("door", "x", then(8_999), "a session that spans the end");
    let output = clip(2, (LEASE + 9_999, LEASE + 10_001), &one, ALONE)?;
    play.finish("door", "x", then(9_001), output, "for the owner alone");
    play.end(
        out,
        &About {
            name: "lease.restart",
            comment: "A camera stores the end of its lease.",
            checks: &["CLAIM-LEASE", "SPEC#lease"],
            flags: &["Restart", "LeaseBoundary"],
        },
    );
    Ok(())
}
