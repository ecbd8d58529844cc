"""What phones and members have in common: they follow announcements and view clips (SPEC "Viewing")."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from account import Root, open_root
from clips import open_body, open_envelope, open_manifest
from crypto import public_of, short_name
from encoding import Message
from messages import Announcement, Head, Manifest, RosterHead
from refused import Refused, require
from sharing import check_camera, follow, is_from, open_announcement


class View:
    """The objects of one account in a view of the cloud (SPEC "Store")."""

    def __init__(self, store: dict[str, bytes], account: bytes) -> None:
        self._store = store
        self._under = account.hex() + "/"

    def get(self, path: str) -> bytes:
        """An object that must be there (`object-missing`)."""
        data = self.find(path)
        if data is None:
            raise Refused("object-missing")
        return data

    def find(self, path: str) -> bytes | None:
        """An object, if it is there."""
        return self._store.get(self._under + path)

    def put(self, path: str, data: bytes) -> None:
        """Writes an object."""
        self._store[self._under + path] = data

    def names(self, directory: str) -> list[str]:
        """What is next on the paths that begin so, ascending."""
        start = f"{self._under}{directory}/"
        return sorted({path[len(start):].split("/")[0] for path in self._store if path.startswith(start)})


@dataclass
class Stream:
    """What a viewer keeps of a stream."""

    head: Head | None = None
    announcements: dict[bytes, Announcement] = field(default_factory=dict)
    manifests: dict[int, tuple[bytes, bytes | None]] = field(default_factory=dict)
    shown: set[bytes] = field(default_factory=set)

    def reached(self) -> Head:
        """The head of the chain, as far as it was followed."""
        if self.head is None:
            raise Refused("unknown-stream")
        return self.head

    def latest(self) -> Announcement:
        """The newest announcement."""
        return self.announcements[self.reached().hash]

    def tenure(self, sequence: int) -> tuple[Announcement, Announcement | None]:
        """The first announcement that names the camera whose clip this is, and the first of the one after it."""
        first: Announcement | None = None
        for said in self.announcements.values():
            if first is None:
                first = said
            elif said.since != first.since:
                if said.since.clips >= sequence:
                    return first, said
                first = said
        if first is None:
            raise Refused("unknown-stream")
        return first, None


@dataclass
class Key:
    """A private key that a viewer holds on a stream, and what an envelope for it is for."""

    role: int
    private: bytes


class Viewer:
    """One account, as a phone or member sees it."""

    def __init__(self, root: Root) -> None:
        self.root = root
        self.streams: dict[str, Stream] = {}

    def follow(self, view: View, name: str, known: Callable[[RosterHead], bool] = lambda _: True) -> None:
        """Follows the chain of a stream from the announcement that was reached. `known`: is it of this history?"""
        stream = self.streams.get(name, Stream())
        if stream.head is not None:
            reached = self._announcement(view, name, stream.head.epoch)
            if reached is None:
                raise Refused("announcement-rollback")
            require(follow(stream.head, reached) is stream.head, "object-path")
        while True:
            epoch = (stream.head.epoch if stream.head else 0) + 1
            message = self._announcement(view, name, epoch)
            if message is None:
                return
            said: Announcement = message.body
            require(said.stream == name, "unknown-stream")
            head = follow(stream.head, message)
            require(head.epoch == epoch, "object-path")
            if stream.head is not None:
                check_camera(stream.latest(), said)
            require(stream.head is None or is_from(said.roster, stream.latest().roster), "fork")
            require(known(said.roster), "fork")
            if stream.head is not None and said.since != stream.latest().since:
                stream.manifests = {}
            stream.head = head
            stream.announcements[message.hash] = said
            self.streams[name] = stream

    def _announcement(self, view: View, name: str, epoch: int) -> Message | None:
        data = view.find(f"announcements/{name}/{epoch:08}")
        return None if data is None else open_announcement(self.root, data)

    def stream(self, name: str) -> Stream:
        """A stream of which it has an announcement."""
        require(name in self.streams, "unknown-stream")
        return self.streams[name]

    def manifest(self, view: View, name: str, sequence: int) -> Message:
        """The manifest of a clip, checked in SPEC's order; it is seen then, whatever comes of the clip."""
        stream = self.stream(name)
        _, until = stream.tenure(sequence)
        if until is not None:
            unread = until.since.clips
            while unread > sequence and unread in stream.manifests:
                unread -= 1
            for between in range(unread, sequence, -1):
                self._manifest(view, name, between)
        return self._manifest(view, name, sequence)

    def _manifest(self, view: View, name: str, sequence: int) -> Message:
        stream = self.stream(name)
        first, until = stream.tenure(sequence)
        data = view.find(f"manifests/{name}/{sequence:012}")
        later = until is not None or any(seen >= sequence for seen in stream.manifests)
        absent = Refused("clip-missing" if later else "no-such-clip")
        if data is None or first.camera is None:
            raise absent
        try:
            message = open_manifest(self.root.account, first.camera, name, data)
        except Refused as refused:
            if refused.reason == "invalid-signature" and self._left(stream, first, name, data):
                raise absent from refused
            raise
        said: Manifest = message.body
        require(said.announcement in stream.announcements, "unknown-announcement")
        epoch = stream.announcements[said.announcement].epoch
        require(epoch >= first.epoch and (until is None or epoch < until.epoch), "unknown-announcement")
        require(said.sequence == sequence, "wrong-sequence")
        if sequence == first.since.clips + 1:
            require(said.previous == first.since.last, "manifest-chain")
        if until is not None and sequence == until.since.clips:
            require(message.hash == until.since.last, "manifest-chain")
        if sequence in stream.manifests:
            require(stream.manifests[sequence][0] == message.hash, "manifest-fork")
        if sequence - 1 in stream.manifests:
            require(stream.manifests[sequence - 1][0] == said.previous, "manifest-chain")
        if sequence + 1 in stream.manifests:
            require(stream.manifests[sequence + 1][1] == message.hash, "manifest-chain")
        stream.manifests[sequence] = (message.hash, said.previous)
        return message

    def _left(self, stream: Stream, first: Announcement, name: str, data: bytes) -> bool:
        """Whether an earlier camera has left this there."""
        for earlier in stream.announcements.values():
            if earlier.epoch < first.epoch and earlier.camera is not None:
                try:
                    open_manifest(self.root.account, earlier.camera, name, data)
                    return True
                except Refused:
                    continue
        return False

    def session_key(self, name: str, manifest: Message, keys: list[Key]) -> bytes:
        """The session key, by the envelope of the first key that has one."""
        said: Manifest = manifest.body
        wrapped = {envelope.recipient for envelope in said.envelopes}
        for key in keys:
            if short_name(public_of(key.private)) in wrapped:
                return open_envelope(self.root.account, name, said.announcement, said.clip, key.role,
                                     said.envelopes, key.private)
        raise Refused("no-envelope")

    def show(self, view: View, name: str, manifest: Message, session_key: bytes) -> dict[str, Any]:
        """Reads a clip's body, and remembers that it was shown."""
        said: Manifest = manifest.body
        released = open_body(self.root.account, said, session_key, view.find(f"bodies/{said.clip.hex()}"))
        stream = self.streams[name]
        new = said.clip not in stream.shown
        stream.shown.add(said.clip)
        return released | {"new": new}


def open_viewer(view: View, account: bytes) -> Viewer:
    """A viewer of an account, whose root the cloud gives."""
    return Viewer(open_root(view.get("root"), account))
