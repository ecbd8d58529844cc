//! Whom a camera wraps sessions for around the ends of windows.

use encryptediot::announcement::Kind;

use super::super::super::Result;
use super::super::builder::Builder;
use super::super::world::START;
use super::door::{Door, LEASE, clip, tdsk, window};
use super::play::{About, at};

/// The sequences.
pub fn sequences(out: &mut Builder) -> Result<()> {
    let door = Door::new()?;
    one(&door, out)?;
    several(&door, out)?;
    lease(&door, out)
}

const WITHOUT: &[&str] = &["phone 0", "owner", "dsk"];
const WITH: &[&str] = &["phone 0", "owner", "dsk", "tdsk 0"];

/// A session from, until, for whom, and why.
type Session<'a> = (u64, u64, &'a [&'a str], &'a str);

fn one(door: &Door, out: &mut Builder) -> Result<()> {
    let announced = door.announce(None, 0, |a| {
        a.keys.push(tdsk(60, window(100_000, 200_000))?);
        Ok(())
    })?;
    let mut play = door.play();
    play.camera("door", at(0));
    let ack = door.ack(&announced, 1, START + 1_000);
    play.accept(
        "door",
        at(1_000),
        &announced.signed,
        Ok(Some(ack)),
        "epoch 1, with a DSK and a window",
    );
    let sessions: &[Session<'_>] = &[
        (90_000, 99_999, WITHOUT, "before the window"),
        (99_999, 100_000, WITHOUT, "it ends as the window starts"),
        (100_000, 101_000, WITH, "it starts with the window"),
        (101_000, 199_000, WITH, "inside it"),
        (
            199_000,
            199_999,
            WITH,
            "it ends a millisecond before the window's end",
        ),
        (199_999, 200_000, WITH, "it ends at the window's end"),
        (
            200_000,
            200_000,
            WITH,
            "an empty session at the window's end lies in it as a whole",
        ),
        (200_000, 200_001, WITHOUT, "it starts at the window's end"),
        (200_001, 201_000, WITHOUT, "after the window"),
    ];
    for (number, (start, end, recipients, comment)) in (1..).zip(sessions) {
        play.begin("door", "x", at(*start), "a session");
        let output = clip(number, (*start, *end), &announced, recipients)?;
        play.finish("door", "x", at(*end), output, comment);
    }
    play.end(
        out,
        &About {
            name: "window.inside",
            comment: "A session is wrapped for a TDSK if it lies in its window as a whole.",
            checks: &["CLAIM-WINDOW", "SPEC#what-the-camera-does"],
            flags: &["Window"],
        },
    );
    let sessions: &[Session<'_>] = &[
        (
            99_999,
            150_000,
            WITHOUT,
            "it starts a millisecond before the window",
        ),
        (
            150_000,
            200_001,
            WITHOUT,
            "it ends a millisecond after the window",
        ),
    ];
    let mut play = door.play();
    play.camera("door", at(0));
    let ack = door.ack(&announced, 1, START + 1_000);
    play.accept(
        "door",
        at(1_000),
        &announced.signed,
        Ok(Some(ack)),
        "epoch 1, with a DSK and a window",
    );
    for (number, (start, end, recipients, comment)) in (1..).zip(sessions) {
        play.begin("door", "x", at(*start), "a session");
        let output = clip(number, (*start, *end), &announced, recipients)?;
        play.finish("door", "x", at(*end), output, comment);
    }
    play.end(
        out,
        &About {
            name: "window.spanning",
            comment: "A session that spans the start or the end of a window is not for its TDSK.",
            checks: &["CLAIM-WINDOW", "SPEC#what-the-camera-does"],
            flags: &["Window"],
        },
    );
    let mut play = door.play();
    play.camera("door", at(0));
    let ack = door.ack(&announced, 1, START + 1_000);
    play.accept(
        "door",
        at(1_000),
        &announced.signed,
        Ok(Some(ack)),
        "epoch 1, with a DSK and a window",
    );
    play.begin("door", "x", at(99_999), "a session");
    let output = clip(1, (99_999, 200_001), &announced, WITHOUT)?;
    play.finish(
        "door",
        "x",
        at(200_001),
        output,
        "it spans the window as a whole",
    );
    play.end(
        out,
        &About {
            name: "window.covering",
            comment: "A session that is longer than the window on both sides is not for its TDSK.",
            checks: &["CLAIM-WINDOW", "SPEC#what-the-camera-does"],
            flags: &["Window"],
        },
    );
    Ok(())
}

fn several(door: &Door, out: &mut Builder) -> Result<()> {
    let announced = door.announce(None, 0, |a| {
        a.keys.retain(|key| key.kind != Kind::Dsk);
        a.keys.push(tdsk(60, window(100_000, 200_000))?);
        a.keys.push(tdsk(61, window(100_000, 300_000))?);
        a.keys.push(tdsk(62, window(200_000, 300_000))?);
        Ok(())
    })?;
    let mut play = door.play();
    play.camera("door", at(0));
    let ack = door.ack(&announced, 1, START + 1_000);
    play.accept(
        "door",
        at(1_000),
        &announced.signed,
        Ok(Some(ack)),
        "epoch 1: three windows, no DSK",
    );
    let sessions: &[Session<'_>] = &[
        (50_000, 60_000, &["phone 0", "owner"], "before all of them"),
        (
            150_000,
            160_000,
            &["phone 0", "owner", "tdsk 0", "tdsk 1"],
            "in the first two",
        ),
        (
            195_000,
            205_000,
            &["phone 0", "owner", "tdsk 1"],
            "across the end of the first and the start of the third",
        ),
        (
            250_000,
            260_000,
            &["phone 0", "owner", "tdsk 1", "tdsk 2"],
            "in the last two",
        ),
        (
            299_000,
            300_001,
            &["phone 0", "owner"],
            "across the end of both",
        ),
    ];
    for (number, (start, end, recipients, comment)) in (1..).zip(sessions) {
        play.begin("door", "x", at(*start), "a session");
        let output = clip(number, (*start, *end), &announced, recipients)?;
        play.finish("door", "x", at(*end), output, comment);
    }
    play.end(
        out,
        &About {
            name: "window.several",
            comment: "Windows that overlap and touch: each counts by itself.",
            checks: &["CLAIM-WINDOW", "SPEC#what-the-camera-does"],
            flags: &["Window", "Isolation"],
        },
    );
    Ok(())
}

fn lease(door: &Door, out: &mut Builder) -> Result<()> {
    let announced = door.announce(None, 0, |a| {
        a.keys.push(tdsk(60, window(0, 10 * LEASE))?);
        Ok(())
    })?;
    let next = door.announce(Some(&announced), 0, |a| {
        a.keys.push(tdsk(61, window(0, 10 * LEASE))?);
        Ok(())
    })?;
    let alone = &["phone 0", "owner"];
    let mut play = door.play();
    play.camera("door", at(0));
    let ack = door.ack(&announced, 1, START + 1_000);
    play.accept(
        "door",
        at(1_000),
        &announced.signed,
        Ok(Some(ack)),
        "a window of ten hours, a lease of one",
    );
    play.begin("door", "x", at(1_000), "a session");
    let output = clip(1, (1_000, LEASE), &announced, WITH)?;
    play.finish("door", "x", at(LEASE), output, "it ends with the lease");
    play.begin("door", "x", at(LEASE), "a session");
    let output = clip(2, (LEASE, LEASE + 1), &announced, alone)?;
    play.finish(
        "door",
        "x",
        at(LEASE + 1),
        output,
        "after the lease, though in the window: for the owner alone",
    );
    let extended = door.phones_lease(&announced, 2 * LEASE)?;
    play.lease(
        "door",
        at(LEASE + 2),
        &extended,
        None,
        "a phone extends the lease",
    );
    play.begin("door", "x", at(LEASE + 3), "a session");
    let output = clip(3, (LEASE + 3, LEASE + 4), &announced, WITH)?;
    play.finish("door", "x", at(LEASE + 4), output, "for all again");
    play.begin("door", "x", at(LEASE + 5), "a session under epoch 1");
    let ack = door.ack(&next, 4, START + LEASE + 6);
    play.accept(
        "door",
        at(LEASE + 6),
        &next.signed,
        Ok(Some(ack)),
        "epoch 2, with the same window",
    );
    let output = clip(4, (LEASE + 5, LEASE + 7), &next, alone)?;
    play.finish(
        "door",
        "x",
        at(LEASE + 7),
        output,
        "across a change: for the owner alone, though in the window of both",
    );
    play.end(
        out,
        &About {
            name: "window.lease",
            comment: "A TDSK serves while its window and the lease last, and not across a change.",
            checks: &["CLAIM-WINDOW", "CLAIM-LEASE", "SPEC#what-the-camera-does"],
            flags: &["Window", "LeaseBoundary"],
        },
    );
    Ok(())
}
