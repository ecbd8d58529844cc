"""A phone as a viewer: it follows rosters and announcements, and views clips (SPEC "Roster", "Viewing")."""

from typing import Any

from account import (Root, follow_roster, open_roster, open_roster_ring, open_unlock, open_vault, read_checkpoint,
                     write_checkpoint)
from crypto import public_of, short_name
from encoding import Message
from messages import Announcement, Checkpoint, Head, Lease, Manifest, RosterHead, StreamHead
from refused import Refused, require
from sharing import INSTANCE, LONGEST_LEASE, open_acknowledgement, open_backup, sign_lease
from viewer import Key, View, Viewer


class Phone:
    """An enrolled phone of the owner."""

    def __init__(self, root: Root, instance: bytes, lease: bytes, ring: list[bytes], vault: int) -> None:
        self.viewer = Viewer(root)
        self.instance, self.lease, self.ring, self.vault = instance, lease, ring, vault
        self.enrolled = True
        self.roster: RosterHead | None = None
        self.rosters: dict[int, bytes] = {}
        self.cameras: dict[str, bytes] = {}
        """The camera of each stream, by the newest roster."""

    def sync(self, view: View) -> None:
        """Reads what is new: rosters, the ring, announcements."""
        newest = self._follow_rosters(view)
        if newest is not None:
            mine = public_of(self.instance)
            self.enrolled = self.enrolled or any(phone.keys.instance == mine for phone in newest.body.phones)
            if self.enrolled:
                self.ring = open_roster_ring(newest, self.instance).keys
            self.cameras = {stream: camera.key for camera in newest.body.cameras for stream in camera.streams}
        for name, camera in sorted(self.cameras.items()):
            self.viewer.follow(view, name)
            if name in self.viewer.streams:
                require(self.viewer.streams[name].latest().camera == camera, "wrong-camera")

    def _follow_rosters(self, view: View) -> Message | None:
        newest = None
        if self.roster is not None:
            data = view.find(f"roster/{self.roster.number:08}")
            require(data is not None and open_roster(self.viewer.root, data).hash == self.roster.hash,
                    "roster-rollback")
        for number in view.names("roster"):
            if self.roster is None or int(number) > self.roster.number:
                newest = open_roster(self.viewer.root, view.get(f"roster/{number}"))
                self.roster = follow_roster(self.roster, newest)
                require(f"{self.roster.number:08}" == number, "object-path")
                self.rosters[self.roster.number] = self.roster.hash
        require(self.roster is not None, "object-missing")
        return newest

    def unlock(self, view: View, passphrase: str) -> None:
        """Reads what is new and opens the newest vault with the passphrase."""
        self.sync(view)
        self._open_vault(view, passphrase)

    def unlock_kept(self, view: View) -> None:
        """Reads what is new and opens the newest vault with the PDK that was left for this phone."""
        self.sync(view)
        data = view.find(f"unlock/{short_name(public_of(self.instance)).hex()}")
        if data is None:
            raise Refused("no-unlock-blob")
        self._open_vault(view, None, open_unlock(self.viewer.root.account, self.instance, data))

    def _open_vault(self, view: View, passphrase: str | None, pdk: bytes = b"") -> list[bytes]:
        numbers = view.names("vault")
        require(len(numbers) > 0, "vault-rollback" if self.vault else "object-missing")
        place, data = int(numbers[-1]), view.get(f"vault/{numbers[-1]}")
        _, ring = open_vault(self.viewer.root.account, passphrase, place, self.vault, data, pdk)
        self.vault = place
        return ring.keys

    def recover(self, view: View, passphrase: str, checkpoint: str | None) -> None:
        """The first part of enrolling: the ring from the vault, and all that the account has."""
        self.enrolled = False
        self.ring = self._open_vault(view, passphrase)
        if checkpoint is None:
            self.sync(view)
        else:
            self.check(view, checkpoint)

    def extend(self, view: View, name: str, now: int, until: int) -> None:
        """Extends the lease of a stream."""
        stream = self.viewer.stream(name)
        announcement, head = stream.latest(), stream.reached()
        require(until <= now + LONGEST_LEASE, "lease-out-of-range")
        key = public_of(self.lease)
        said = Lease(announcement.camera, name, head.hash, key, until)
        view.put(f"leases/{name}/{head.epoch:08}/{short_name(key).hex()}",
                 sign_lease(self.viewer.root.account, self.lease, said))

    def checkpoint(self) -> str:
        """What it has seen, as text."""
        seen = [StreamHead(name, stream.reached()) for name, stream in self.viewer.streams.items()]
        return write_checkpoint(self.viewer.root.account, Checkpoint(self.roster, seen))

    def status(self, view: View) -> list[dict[str, Any]]:
        """What is announced, and whether the camera has acknowledged it."""
        self.sync(view)
        shown = []
        for name, stream in sorted(self.viewer.streams.items()):
            head = stream.reached()
            data = view.find(f"acknowledgements/{name}/{head.epoch:08}")
            if data is not None:
                open_acknowledgement(self.viewer.root.account, stream.latest().camera, name, head, data)
            shown.append({"stream": name, "epoch": head.epoch, "in_effect": data is not None})
        return shown

    def check(self, view: View, text: str) -> None:
        """Compares what the cloud shows with a checkpoint (`checkpoint-mismatch`)."""
        checkpoint = read_checkpoint(self.viewer.root.account, text)
        self.sync(view)
        if checkpoint.roster is not None:
            require(self.rosters.get(checkpoint.roster.number) == checkpoint.roster.hash, "checkpoint-mismatch")
        for name, head in checkpoint.streams:
            require(name in self.viewer.streams, "checkpoint-mismatch")
            said = self.viewer.streams[name].announcements.get(head.hash)
            require(said is not None and Head(said.epoch, head.hash, said.issued) == head, "checkpoint-mismatch")

    def show(self, view: View, name: str, sequence: int) -> dict[str, Any]:
        """Views a clip: by this phone's IK, or by the stream's keys from the backup."""
        manifest = self.viewer.manifest(view, name, sequence)
        mine = [Key(INSTANCE, self.instance)]
        try:
            key = self.viewer.session_key(name, manifest, mine)
        except Refused as error:
            if error.reason != "no-envelope":
                raise
            key = self.viewer.session_key(name, manifest, self._backup(view, name, manifest))
        return self.viewer.show(view, name, manifest, key)

    def _backup(self, view: View, name: str, manifest: Message) -> list[Key]:
        said: Manifest = manifest.body
        announcement: Announcement = self.viewer.streams[name].announcements[said.announcement]
        announced = [key.public for key in announcement.keys]
        holdings = open_backup(self.viewer.root.account, self.ring, name, announcement.backup, announced,
                               view.get(f"backups/{announcement.backup.hex()}"))
        return [Key(announcement.keys[announced.index(public_of(holding.private))].kind, holding.private)
                for holding in holdings]
