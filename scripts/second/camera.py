"""A camera: what it takes, when it records, and for whom (SPEC "What the camera checks", "Lease", "Time", "Clips")."""

import os
from dataclasses import dataclass, field
from typing import Any

from account import follow_roster, open_root, open_roster, take_offer, write_checkpoint
from clips import LONGEST, seal_body
from cose import sign1
from crypto import hpke_seal, public_of, sha256, short_name
from encoding import context, encode, message_hash
from messages import (Acknowledgement, Announcement, Checkpoint, Envelope, Head, Lease, Manifest,
                      RosterHead, StreamHead)
from refused import Refused, require
from sharing import (LONGEST_LEASE, acknowledgement, begin, check_camera, follow, is_from, open_announcement,
                     open_clock, open_lease, recipients)
from viewer import View


@dataclass
class Session:
    """A session under way. Its key is the one thing a camera has that opens anything."""

    announcement: bytes
    start: int
    corrections: int
    plain: bytearray = field(default_factory=bytearray)
    key: bytes = field(default_factory=lambda: os.urandom(16))


@dataclass
class Stream:
    """What a camera keeps of a stream."""

    head: Head | None = None
    announcement: Announcement | None = None
    relieved: bool = False
    lease_until: int = 0
    sequence: int = 0
    previous: bytes | None = None
    session: Session | None = None
    acknowledgement: bytes = b""


class Camera:
    """A camera that has taken a pairing offer."""

    def __init__(self, wall: int, monotonic: int, offer: str, root: bytes, key: bytes, streams: list[str]) -> None:
        taken = take_offer(wall, offer)
        self.root = open_root(root, taken.account)
        self.private, self.public = key, public_of(key)
        self.streams = {name: Stream() for name in streams}
        self.time, self.lease_time = wall, max(wall, taken.issued)
        self.corrections = 0
        self.rosters: dict[int, RosterHead] = {}
        self.monotonic = monotonic
        self.uploads: list[dict[str, bytes]] = []

    def tick(self, wall: int, monotonic: int) -> int:
        """The camera's time: it only moves forward, and is stored; the lease time with it."""
        passed = max(0, monotonic - self.monotonic)
        self.time = max(wall, self.time + passed)
        self.lease_time = max(self.time, self.lease_time + passed)
        self.monotonic = monotonic
        return self.time

    def restart(self, wall: int, monotonic: int) -> None:
        """Off and on: the time is the one stored, unless the wall clock tells a later one; sessions are gone."""
        self.monotonic = monotonic
        self.tick(wall, monotonic)
        for stream in self.streams.values():
            stream.session = None

    def _stream(self, name: str) -> Stream:
        require(name in self.streams, "unknown-stream")
        return self.streams[name]

    def relieved(self) -> int:
        """How many of its streams another camera records now, or none."""
        return sum(stream.relieved for stream in self.streams.values())

    def roster(self) -> RosterHead | None:
        """The latest roster that it has followed."""
        return self.rosters[max(self.rosters)] if self.rosters else None

    def take_roster(self, data: bytes) -> None:
        """Takes the roster after the latest."""
        head = follow_roster(self.roster(), open_roster(self.root, data))
        self.rosters[head.number] = head

    def accept(self, data: bytes, wall: int, monotonic: int) -> bytes | None:
        """Takes an announcement: the acknowledgement, `None` where it is the one in force or relieves the camera."""
        message = open_announcement(self.root, data)
        said: Announcement = message.body
        if said.camera != self.public:
            require(said.stream in self.streams, "wrong-camera")
        stream = self._stream(said.stream)
        require(not stream.relieved, "camera-relieved")
        if stream.announcement is None:
            require(said.camera == self.public, "wrong-camera")
            head = begin(message)
        else:
            head = follow(stream.head, message)
            if head is stream.head:
                return None
            check_camera(stream.announcement, said)
        under = said.roster
        require(not self.rosters or self.rosters.get(under.number) == under, "fork")
        if stream.announcement is not None:
            require(is_from(under, stream.announcement.roster), "fork")
        if said.camera != self.public:
            stream.head, stream.announcement, stream.relieved = None, None, True
            return None
        if not self.rosters:
            self.rosters[under.number] = under
        if stream.announcement is None:
            stream.sequence, stream.previous = said.since.clips, said.since.last
        self.tick(wall, monotonic)
        stream.head, stream.announcement = head, said
        stream.lease_until = min(said.issued, self.lease_time) + said.lease
        stream.acknowledgement = acknowledgement(self.root.account, Acknowledgement(
            self.public, said.stream, said.epoch, message.hash, stream.sequence + 1, self.time,
            self.roster() or under))
        return stream.acknowledgement

    def extend(self, data: bytes) -> None:
        """Takes a lease extension."""
        lease: Lease = open_lease(self.root.account, data)
        require(lease.camera == self.public, "wrong-camera")
        stream = self._stream(lease.stream)
        if stream.announcement is None or stream.head is None or lease.announcement != stream.head.hash:
            raise Refused("lease-stale")
        require(any(phone.lease == lease.key for phone in stream.announcement.phones), "lease-key")
        require(lease.until <= self.lease_time + LONGEST_LEASE, "lease-out-of-range")
        require(lease.until > stream.lease_until, "lease-shorter")
        stream.lease_until = lease.until

    def correct(self, data: bytes, wall: int, monotonic: int) -> None:
        """Takes a correction of the clock: the next one, for this camera."""
        said = open_clock(self.root, data)
        require(said.camera == self.public, "wrong-camera")
        require(said.count > self.corrections, "clock-replayed")
        require(said.count == self.corrections + 1, "clock-gap")
        self.tick(wall, monotonic)
        before = self.lease_time
        self.time = max(wall, self.time - said.back)
        self.lease_time = max(self.time, self.lease_time - said.back)
        self.corrections = said.count
        for stream in self.streams.values():
            stream.lease_until -= before - self.lease_time

    def begin(self, name: str, wall: int, monotonic: int) -> None:
        """Begins a session."""
        stream = self._stream(name)
        require(not stream.relieved, "camera-relieved")
        if stream.head is None:
            raise Refused("no-announcement")
        stream.session = Session(stream.head.hash, self.tick(wall, monotonic), self.corrections)

    def record(self, name: str, plain: bytes) -> None:
        """Goes on with a session."""
        session = self._stream(name).session
        if session is None:
            raise ValueError("no session of this stream")
        require(len(session.plain) + len(plain) <= LONGEST, "session-full")
        session.plain += plain

    def finish(self, name: str, wall: int, monotonic: int) -> Manifest:
        """Ends a session: wraps its key, signs, and stores the manifest before it leaves."""
        stream = self._stream(name)
        require(not stream.relieved, "camera-relieved")
        session, head, announcement = stream.session, stream.head, stream.announcement
        if session is None or head is None or announcement is None:
            raise ValueError("no session of this stream")
        account, clip, end = self.root.account, os.urandom(16), self.tick(wall, monotonic)
        sealed = seal_body(session.key, context("segment", account, clip), bytes(session.plain))
        shared = ((session.announcement, session.corrections) == (head.hash, self.corrections)
                  and self.lease_time <= stream.lease_until)
        start = min(session.start, end)
        envelopes = []
        for role, key in recipients(announcement.phones, announcement.keys, shared, start, end):
            info = context("envelope", account, [name, head.hash, clip, role])
            envelopes.append(Envelope(short_name(key), *hpke_seal(key, session.key, info)))
        manifest = Manifest(self.public, name, stream.sequence + 1, stream.previous, head.hash, clip, start,
                            end, len(session.plain), [sha256(segment) for segment in sealed], envelopes)
        message = encode(["manifest", 1, account, manifest])
        stream.sequence, stream.previous, stream.session = manifest.sequence, message_hash(message), None
        self.uploads.append({f"bodies/{clip.hex()}": b"".join(sealed),
                             f"manifests/{name}/{manifest.sequence:012}": sign1(self.private, message)})
        return manifest

    def upload(self, view: View) -> int:
        """Uploads what it owes to the cloud."""
        count = len(self.uploads)
        for objects in self.uploads:
            for path, data in objects.items():
                view.put(path, data)
        self.uploads = []
        return count

    def sync(self, view: View, wall: int, monotonic: int) -> dict[str, Any]:
        """Fetches corrections of its clock, announcements, then leases; uploads acknowledgements that the cloud does not have."""
        self.tick(wall, monotonic)
        accepted: list[dict[str, Any]] = []
        extended: list[str] = []
        refused: set[str] = set()
        before_corrections = self.corrections
        try:
            while (data := view.find(
                    f"clocks/{short_name(self.public).hex()}/{self.corrections + 1:08}")) is not None:
                self.correct(data, wall, monotonic)
        except Refused as error:
            refused.add(error.reason)
        corrected = self.corrections > before_corrections
        for name, stream in sorted(self.streams.items()):
            epoch = 0
            try:
                while not stream.relieved:
                    epoch = max(epoch, stream.head.epoch if stream.head else 0) + 1
                    data = view.find(f"announcements/{name}/{epoch:08}")
                    if data is None:
                        break
                    try:
                        taken = self._accept(view, data, wall, monotonic)
                    except Refused as error:
                        # Those before its first one name the cameras before it.
                        if error.reason == "wrong-camera" and stream.head is None:
                            continue
                        raise
                    if stream.relieved:
                        break
                    if taken is None or stream.head is None:
                        raise Refused("object-path")
                    accepted.append({"stream": name, "epoch": stream.head.epoch})
            except Refused as error:
                refused.add(error.reason)
            if stream.head is None or stream.announcement is None:
                continue
            place = f"{name}/{stream.head.epoch:08}"
            before = stream.lease_until
            for phone in view.names(f"leases/{place}"):
                try:
                    self.extend(view.get(f"leases/{place}/{phone}"))
                except Refused as error:
                    refused.update({error.reason} - {"lease-shorter"})
            extended += [name] if stream.lease_until > before else []
            if corrected:
                stream.acknowledgement = acknowledgement(self.root.account, Acknowledgement(
                    self.public, name, stream.head.epoch, stream.head.hash, stream.sequence + 1, self.time,
                    self.roster() or stream.announcement.roster))
            if corrected or view.find(f"acknowledgements/{place}") is None or name in [new["stream"] for new in accepted]:
                view.put(f"acknowledgements/{place}", sign1(self.private, stream.acknowledgement))
        return {"accepted": accepted, "extended": extended, "refused": sorted(refused)}

    def _accept(self, view: View, data: bytes, wall: int, monotonic: int) -> bytes | None:
        """Takes an announcement, after the rosters up to the one under which it was made."""
        try:
            return self.accept(data, wall, monotonic)
        except Refused as error:
            if error.reason != "fork":
                raise
        while (roster := view.find(f"roster/{max(self.rosters) + 1:08}")) is not None:
            self.take_roster(roster)
        return self.accept(data, wall, monotonic)

    def checkpoint(self) -> str:
        """What it has seen, as text."""
        seen = [StreamHead(name, stream.head) for name, stream in self.streams.items() if stream.head]
        return write_checkpoint(self.root.account, Checkpoint(self.roster(), seen))
