//! A camera's time only moves forward, whatever the wall clock says.

use super::super::super::Result;
use super::super::builder::Builder;
use super::super::world::START;
use super::door::{ALONE, Announced, Door, LEASE, SHARED, clip, tdsk, window};
use super::play::{About, Clocks, Play, at};

/// The sequences.
pub fn sequences(out: &mut Builder) -> Result<()> {
    let door = Door::new()?;
    back(&door, out)?;
    forward(&door, out)?;
    restart(&door, out)?;
    least(&door, out)?;
    paired(&door, out)?;
    windows(&door, out)
}

/// So much after the start by the wall clock, and by the counter.
fn told(wall: u64, monotonic: u64) -> Clocks {
    Clocks {
        wall: START + wall,
        monotonic,
    }
}

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

fn back(door: &Door, out: &mut Builder) -> Result<()> {
    let (mut play, one) = started(door)?;
    play.time("door", at(10_000), START + 10_000, "both clocks agree");
    play.time(
        "door",
        told(2_000, 15_000),
        START + 15_000,
        "the wall clock is set back: the counter goes on",
    );
    play.time("door", told(0, 15_001), START + 15_001, "further back");
    play.time(
        "door",
        told(0, 15_001),
        START + 15_001,
        "both stand still: so does the time",
    );
    play.time(
        "door",
        told(16_000, 15_500),
        START + 16_000,
        "the wall clock is ahead again: it counts",
    );
    play.begin(
        "door",
        "x",
        told(0, LEASE - 2_000),
        "set back for good, just before the end of the lease",
    );
    // The time at counter 15,500 was 16,000: it is half a second ahead of the counter since.
    let output = clip(1, (LEASE - 1_500, LEASE - 500), &one, SHARED)?;
    play.finish(
        "door",
        "x",
        told(0, LEASE - 1_000),
        output,
        "the lease is not over",
    );
    play.begin(
        "door",
        "x",
        told(0, LEASE - 501),
        "a session that ends just after the lease",
    );
    let output = clip(2, (LEASE - 1, LEASE + 1), &one, ALONE)?;
    play.finish(
        "door",
        "x",
        told(0, LEASE - 499),
        output,
        "the lease ends although the wall clock stands still",
    );
    play.end(
        out,
        &About {
            name: "time.back",
            comment: "The wall clock jumps back or stands still: a lease cannot be stretched so.",
            checks: &["CLAIM-LEASE", "SPEC#time"],
            flags: &["Clock", "LeaseBoundary"],
        },
    );
    Ok(())
}

fn forward(door: &Door, out: &mut Builder) -> Result<()> {
    let (mut play, one) = started(door)?;
    play.begin("door", "x", at(2_000), "a session");
    let output = clip(1, (2_000, 3_000), &one, SHARED)?;
    play.finish("door", "x", at(3_000), output, "for all");
    play.begin("door", "x", at(4_000), "a session");
    let output = clip(2, (4_000, LEASE + 1), &one, ALONE)?;
    play.finish(
        "door",
        "x",
        told(LEASE + 1, 5_000),
        output,
        "the wall clock jumps beyond the lease: for the owner alone",
    );
    play.time(
        "door",
        told(6_000, 6_000),
        START + LEASE + 1_001,
        "it is set right: the time does not go back",
    );
    play.begin("door", "x", told(7_000, 7_000), "a session");
    let output = clip(3, (LEASE + 2_001, LEASE + 3_001), &one, ALONE)?;
    play.finish(
        "door",
        "x",
        told(8_000, 8_000),
        output,
        "the lease stays over",
    );
    let lease = door.phones_lease(&one, LEASE + 60_000)?;
    play.lease(
        "door",
        told(9_000, 9_000),
        &lease,
        None,
        "a lease beyond the new time serves again",
    );
    play.begin("door", "x", told(10_000, 10_000), "a session");
    let output = clip(4, (LEASE + 5_001, LEASE + 6_001), &one, SHARED)?;
    play.finish("door", "x", told(11_000, 11_000), output, "for all");
    play.end(out, &About {
        name: "time.forward",
        comment: "The wall clock jumps forward: leases end early, and the time does not come back.",
        checks: &["CLAIM-LEASE", "SPEC#time"],
        flags: &["Clock"],
    });
    Ok(())
}

fn restart(door: &Door, out: &mut Builder) -> Result<()> {
    let (mut play, one) = started(door)?;
    play.begin("door", "x", at(9_000), "a session");
    let output = clip(1, (9_000, 10_000), &one, SHARED)?;
    play.finish("door", "x", at(10_000), output, "its end is stored");
    play.restart_camera(
        "door",
        told(0, 0),
        "off and on; the wall clock has lost its time",
    );
    play.time(
        "door",
        told(0, 0),
        START + 10_000,
        "it starts from the stored time",
    );
    play.time(
        "door",
        told(0, 5_000),
        START + 15_000,
        "and goes on with the counter",
    );
    play.begin("door", "x", told(0, 6_000), "a session");
    let output = clip(2, (16_000, 17_000), &one, SHARED)?;
    play.finish("door", "x", told(0, 7_000), output, "its end is stored");
    play.restart_camera(
        "door",
        told(60_000, 3),
        "off for a while; the wall clock tells for how long",
    );
    play.time(
        "door",
        told(60_000, 3),
        START + 60_000,
        "the wall clock is ahead of what was stored",
    );
    play.time(
        "door",
        told(60_000, 1_003),
        START + 61_000,
        "and the counter counts from where it started",
    );
    play.begin("door", "x", told(0, 2_003), "a session");
    let output = clip(3, (62_000, 63_000), &one, SHARED)?;
    play.finish("door", "x", told(0, 3_003), output, "its end is stored");
    play.restart_camera(
        "door",
        told(0, 4_000_000_000),
        "off and on; the counter starts from anything",
    );
    play.time(
        "door",
        told(0, 4_000_000_000),
        START + 63_000,
        "nothing has passed by it",
    );
    play.time(
        "door",
        told(0, 4_000_000_010),
        START + 63_010,
        "it counts from there",
    );
    play.end(
        out,
        &About {
            name: "time.restart",
            comment: "After a restart the time goes on from what was stored.",
            checks: &["CLAIM-LEASE", "SPEC#time"],
            flags: &["Clock", "Restart"],
        },
    );
    Ok(())
}

fn paired(door: &Door, out: &mut Builder) -> Result<()> {
    let mut play = door.play();
    play.pairs(
        "door",
        "door",
        told(5_000, 0),
        "a camera takes its offer",
        None,
    );
    play.time(
        "door",
        told(0, 60_000),
        START + 65_000,
        "the wall clock is set back at once: the counter goes on from the time of pairing",
    );
    play.end(
        out,
        &About {
            name: "time.paired",
            comment: "A camera counts from its pairing on.",
            checks: &["CLAIM-WINDOW", "SPEC#time"],
            flags: &["Clock"],
        },
    );
    Ok(())
}

fn least(door: &Door, out: &mut Builder) -> Result<()> {
    let one = door.next(None, 20_000)?;
    let two = door.next(Some(&one), 40_000)?;
    let forged = encryptediot::announcement::Announcement {
        issued: START + LEASE,
        ..two.body.clone()
    };
    let other = super::super::world::World::other()?;
    let forged = other.sign(door.world.encode(forged))?;
    let behind = |monotonic| Clocks { wall: 0, monotonic };
    let mut play = door.play();
    play.pairs(
        "door",
        "door",
        behind(0),
        "a camera without a clock takes its offer",
        None,
    );
    play.time("door", behind(0), START, "it is at least the offer's time");
    play.time(
        "door",
        behind(1_000),
        START + 1_000,
        "the counter goes on from there",
    );
    let ack = door.ack(&one, 1, START + 20_000);
    play.accept(
        "door",
        behind(2_000),
        &one.signed,
        Ok(Some(ack)),
        "epoch 1: it is at least its time of issue",
    );
    play.accept(
        "door",
        behind(3_000),
        &forged,
        Err("invalid-signature"),
        "what is forged tells no time",
    );
    play.time("door", behind(4_000), START + 22_000, "the counter goes on");
    let ack = door.ack(&two, 1, START + 40_000);
    play.accept("door", behind(5_000), &two.signed, Ok(Some(ack)), "epoch 2");
    play.accept(
        "door",
        behind(6_000),
        &one.signed,
        Err("announcement-rollback"),
        "epoch 1 again",
    );
    play.time(
        "door",
        behind(7_000),
        START + 42_000,
        "which sets nothing back",
    );
    play.begin("door", "x", behind(7_000), "a session");
    let output = clip(1, (42_000, 43_000), &two, SHARED)?;
    play.finish(
        "door",
        "x",
        behind(8_000),
        output,
        "stamped with the camera's time",
    );
    play.end(out, &About {
        name: "time.least",
        comment: "A camera whose wall clock is far behind learns the time from what the account signed.",
        checks: &["SPEC#time"],
        flags: &["Clock"],
    });
    Ok(())
}

fn windows(door: &Door, out: &mut Builder) -> Result<()> {
    let one = door.announce(None, 0, |a| {
        a.keys.push(tdsk(60, window(600_000, 700_000))?);
        Ok(())
    })?;
    let all = &["phone 0", "owner", "dsk", "tdsk 0"];
    let mut play = door.play();
    play.camera("door", at(0));
    let ack = door.ack(&one, 1, START + 1_000);
    play.accept(
        "door",
        at(1_000),
        &one.signed,
        Ok(Some(ack)),
        "epoch 1, with a window in ten minutes",
    );
    play.begin("door", "x", at(2_000), "a session");
    let output = clip(1, (2_000, 3_000), &one, SHARED)?;
    play.finish("door", "x", at(3_000), output, "before the window");
    play.begin(
        "door",
        "x",
        told(600_000, 4_000),
        "the wall clock is set forward, into the window",
    );
    let output = clip(2, (600_000, 601_000), &one, all)?;
    play.finish(
        "door",
        "x",
        told(4_000, 5_000),
        output,
        "it opens early: footage is stamped with the camera's time",
    );
    play.begin(
        "door",
        "x",
        told(5_000, 103_999),
        "the wall clock is right again, the time stays ahead",
    );
    let output = clip(3, (699_999, 700_000), &one, all)?;
    play.finish(
        "door",
        "x",
        told(105_000, 104_000),
        output,
        "the window lasts as long as it should",
    );
    play.begin("door", "x", told(105_000, 104_000), "a session");
    let output = clip(4, (700_000, 700_001), &one, SHARED)?;
    play.finish(
        "door",
        "x",
        told(105_001, 104_001),
        output,
        "and does not open again",
    );
    play.begin(
        "door",
        "x",
        told(650_000, 105_000),
        "when the window comes by the right time",
    );
    let output = clip(5, (701_000, 702_000), &one, SHARED)?;
    play.finish("door", "x", told(651_000, 106_000), output, "it is over");
    play.end(out, &About {
        name: "time.window",
        comment: "Who sets the wall clock forward opens a window early, and can open it only once.",
        checks: &["CLAIM-WINDOW", "SPEC#time"],
        flags: &["Clock", "Window"],
    });
    Ok(())
}
