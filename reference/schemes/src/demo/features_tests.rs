use super::*;
use crate::scheme::Delay;
use encryptediot::clock::ManualClock;
use encryptediot::cloud::Cloud;

const SOME: [Feature; 3] = [
    Feature::SharedUsers,
    Feature::LiveView,
    Feature::LinkSharing,
];

fn seen(feature: Feature, kind: Kind) -> Cell {
    let pictures = Pictures::new("no-such-program-here");
    play(feature, kind.open(5).unwrap(), &pictures).unwrap()
}

#[test]
fn shared_users_live_views_and_links_are_there_as_far_as_each_scheme_goes() {
    use Extent::{Available, Limited, Unavailable};
    for (kind, expected) in [
        (Kind::ProviderManaged, [Available, Available, Available]),
        (Kind::RingE2ee, [Unavailable, Limited, Unavailable]),
        (Kind::Paper, [Available, Limited, Limited]),
        (Kind::Repaired, [Available, Limited, Limited]),
    ] {
        let found = SOME.map(|feature| seen(feature, kind).extent);
        assert_eq!(found, expected.map(Some), "{kind}");
    }
}

#[test]
fn a_member_is_exposed_to_what_was_recorded_while_it_was_shared_and_no_more() {
    let clips = |kind| -> Vec<(String, Vec<u64>)> {
        let cell = seen(Feature::SharedUsers, kind);
        let exposed = cell.exposure.into_iter();
        exposed.map(|e| (e.party, e.clips)).collect()
    };
    let alice = |clips| vec![("alice".to_owned(), clips)];
    assert_eq!(clips(Kind::Repaired), alice(vec![2, 3]));
    assert_eq!(clips(Kind::Paper), alice(vec![2, 3]));
    assert_eq!(clips(Kind::RingE2ee), []);
    let all = || vec![1, 2, 3, 4];
    let managed = ["provider", "provider", "impostor", "impostor"];
    let managed = managed.map(|party| (party.to_owned(), all()));
    assert_eq!(clips(Kind::ProviderManaged), managed);
}

#[test]
fn without_a_decoder_a_feature_that_needs_one_is_not_run() {
    let cell = seen(Feature::PreviewAlerts, Kind::Repaired);
    assert_eq!((cell.extent, cell.word()), (None, "not run"));
    // Ring's provider cannot open the clip, so that it has no decoder does not matter.
    let cell = seen(Feature::PreviewAlerts, Kind::RingE2ee);
    assert_eq!(cell.extent, Some(Extent::Unavailable));
    assert_eq!(cell.seen, "no-envelope");
}

/// A scheme with one fault: it shares nothing, or hands out other bytes.
struct Broken {
    inner: Box<dyn Scheme>,
    shares: bool,
}

impl Scheme for Broken {
    fn kind(&self) -> Kind {
        self.inner.kind()
    }
    fn cloud(&self) -> &dyn Cloud {
        self.inner.cloud()
    }
    fn clock(&self) -> &ManualClock {
        self.inner.clock()
    }
    fn pair(&mut self, camera: &str, streams: &[&str]) -> encryptediot::Result<()> {
        self.inner.pair(camera, streams)
    }
    fn enroll(&mut self, phone: &str) -> encryptediot::Result<()> {
        self.inner.enroll(phone)
    }
    fn share(&mut self, streams: &[&str], member: &str, term: Term) -> encryptediot::Result<()> {
        match self.shares {
            true => self.inner.share(streams, member, term),
            false => Ok(()),
        }
    }
    fn revoke(&mut self, streams: &[&str], member: &str) -> encryptediot::Result<()> {
        match self.shares {
            true => self.inner.revoke(streams, member),
            false => Ok(()),
        }
    }
    fn record(
        &mut self,
        camera: &str,
        stream: &str,
        b: &[u8],
        length: Time,
    ) -> encryptediot::Result<u64> {
        self.inner.record(camera, stream, b, length)
    }
    fn view(&mut self, who: Who<'_>, stream: &str, clip: u64) -> encryptediot::Result<Vec<u8>> {
        let mut seen = self.inner.view(who, stream, clip)?;
        if self.shares {
            seen.pop();
        }
        Ok(seen)
    }
    fn live(
        &mut self,
        camera: &str,
        stream: &str,
        bytes: &[u8],
        length: Time,
        viewers: &[Who<'_>],
    ) -> encryptediot::Result<(u64, Vec<Delay>)> {
        self.inner.live(camera, stream, bytes, length, viewers)
    }
    fn link(&mut self, stream: &str, clip: u64, until: Time) -> encryptediot::Result<String> {
        self.inner.link(stream, clip, until)
    }
    fn follow_link(&mut self, text: &str) -> encryptediot::Result<Vec<u8>> {
        self.inner.follow_link(text)
    }
}

#[test]
fn a_feature_that_does_not_work_is_not_reported_as_there() {
    let pictures = Pictures::new("no-such-program-here");
    for (shares, why) in [
        (false, "unknown-member"),
        (true, "other bytes came out than were recorded"),
    ] {
        let inner = Kind::Repaired.open(5).unwrap();
        let broken = Box::new(Broken { inner, shares });
        let cell = play(Feature::SharedUsers, broken, &pictures).unwrap();
        assert_eq!(cell.extent, Some(Extent::Unavailable));
        assert_eq!(cell.seen, why);
    }
}
