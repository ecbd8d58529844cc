"""A phone as a viewer: it follows rosters and announcements, and views clips (SPEC "Roster", "Viewing")."""

from typing import Any

from account import (Root, follow_roster, open_roster, open_roster_private, open_roster_ring, open_unlock,
                     open_vault, read_checkpoint, write_checkpoint)
from crypto import public_of, short_name
from encoding import Message
from messages import Announcement, Checkpoint, Head, Lease, Manifest, RosterHead, StreamHead
from refused import Refused, require
from sharing import INSTANCE, LONGEST_LEASE, OWNER, open_acknowledgement, open_backup, sign_lease
from viewer import Key, View, Viewer


class Phone:
    """An enrolled phone of the owner."""

    def __init__(self, root: Root, instance: bytes, lease: bytes, ring: list[bytes], vault: int) -> None:
        self.viewer = Viewer(root)
        self.instance, self.lease, self.ring, self.vault = instance, lease, ring, vault
        self.listed = False
        self.newest: Message | None = None
        self.roster: RosterHead | None = None
        self.rosters: dict[int, bytes] = {}
        self.streams: list[str] = []
        self.extended: dict[bytes, int] = {}
        """The end of each lease that this phone extended, by announcement."""

    def sync(self, view: View, recovering: bool = False) -> None:
        """Reads what is new: rosters, the ring, announcements."""
        newest = self._follow_rosters(view)
        if newest is not None:
            self.newest = newest
            mine = public_of(self.instance)
            self.listed = any(phone.keys.instance == mine for phone in newest.body.phones)
            if self.listed:
                self.ring = open_roster_ring(newest, self.instance).keys
            self.streams = sorted(name for camera in newest.body.cameras for name in camera.streams)
        require(self.listed or recovering and self.roster is not None, "phone-not-listed")
        for name in self.streams:
            self.viewer.follow(view, name, lambda roster: self.rosters.get(roster.number) == roster.hash)

    def _follow_rosters(self, view: View) -> Message | None:
        newest = None
        if self.roster is not None:
            data = view.find(f"roster/{self.roster.number:08}")
            require(data is not None and open_roster(self.viewer.root, data).hash == self.roster.hash,
                    "roster-rollback")
        while (data := view.find(f"roster/{self.roster.number + 1 if self.roster else 1:08}")) is not None:
            newest = open_roster(self.viewer.root, data)
            self.roster = follow_roster(self.roster, newest)
            self.rosters[self.roster.number] = self.roster.hash
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
        place, data = self.vault, view.find(f"vault/{self.vault:08}")
        require(data is not None or place == 0, "vault-rollback")
        while (newer := view.find(f"vault/{place + 1:08}")) is not None:
            place, data = place + 1, newer
        if data is None:
            raise Refused("object-missing")
        _, ring = open_vault(self.viewer.root.account, passphrase, place, self.vault, data, pdk)
        self.vault = place
        return ring.keys

    def recover(self, view: View, passphrase: str, checkpoint: str | None) -> None:
        """The first part of enrolling: the ring from the vault, and all that the account has."""
        ring = self._open_vault(view, passphrase)
        self.sync(view, recovering=True)
        if self.newest is None:
            raise Refused("phone-not-listed")
        generation = self.newest.body.generation
        require(generation <= len(ring), "vault-rollback")
        self.ring = ring[:generation]
        open_roster_private(self.newest, self.ring)
        if checkpoint is not None:
            self.check(view, checkpoint)

    def extend(self, view: View, name: str, now: int, until: int) -> None:
        """Extends the lease of a stream."""
        stream = self.viewer.stream(name)
        announcement, head = stream.latest(), stream.reached()
        require(now < until <= now + LONGEST_LEASE, "lease-out-of-range")
        end = self.extended.get(head.hash, announcement.issued + announcement.lease)
        require(until > end, "lease-shorter")
        self.extended[head.hash] = until
        key = public_of(self.lease)
        if announcement.camera is None:
            raise Refused("wrong-camera")
        said = Lease(announcement.camera, name, head.hash, key, until)
        view.put(f"leases/{name}/{head.epoch:08}/{short_name(key).hex()}",
                 sign_lease(self.viewer.root.account, self.lease, said))

    def checkpoint(self) -> str:
        """What it has seen, as text."""
        seen = [StreamHead(name, stream.reached()) for name, stream in self.viewer.streams.items()]
        return write_checkpoint(self.viewer.root.account, Checkpoint(self.roster, seen))

    def status(self, view: View) -> list[dict[str, Any]]:
        """What is announced, and whether the camera has acknowledged it."""
        shown = []
        for name, stream in sorted(self.viewer.streams.items()):
            head = stream.reached()
            data = view.find(f"acknowledgements/{name}/{head.epoch:08}")
            camera = stream.latest().camera
            if camera is None:
                data = None
            elif data is not None:
                said = open_acknowledgement(self.viewer.root.account, camera, name, head, data)
                known = self.rosters.get(said.roster.number, said.roster.hash)
                require(known == said.roster.hash, "fork")
            shown.append({"stream": name, "epoch": head.epoch, "in_effect": data is not None})
        return shown

    def check(self, view: View, text: str) -> None:
        """Compares what the cloud shows with a checkpoint (`checkpoint-mismatch`)."""
        checkpoint = read_checkpoint(self.viewer.root.account, text)
        if checkpoint.roster is not None:
            number = checkpoint.roster.number
            require(self.rosters.get(number) == checkpoint.roster.hash, "checkpoint-mismatch")
            require(view.find(f"roster/{number:08}") is not None, "checkpoint-mismatch")
        for name, head in checkpoint.streams:
            require(name in self.viewer.streams, "checkpoint-mismatch")
            said = self.viewer.streams[name].announcements.get(head.hash)
            require(said is not None and said.epoch == head.epoch, "checkpoint-mismatch")

    def show(self, view: View, name: str, sequence: int) -> dict[str, Any]:
        """Views a clip: by this phone's IK, or by the owner's stream key from the backup."""
        manifest = self.viewer.manifest(view, name, sequence)
        mine = [Key(INSTANCE, self.instance)]
        try:
            key = self.viewer.session_key(name, manifest, mine)
        except Refused as error:
            if error.reason != "no-envelope":
                raise
            key = self.viewer.session_key(name, manifest, [self._owners_key(view, name, manifest)])
        return self.viewer.show(view, name, manifest, key)

    def _owners_key(self, view: View, name: str, manifest: Message) -> Key:
        said: Manifest = manifest.body
        announcement: Announcement = self.viewer.streams[name].announcements[said.announcement]
        data = view.get(f"backups/{announcement.backup.hex()}")
        holdings = open_backup(self.viewer.root.account, self.ring, name, announcement.backup,
                               [key.public for key in announcement.keys], data)
        return Key(OWNER, holdings[0].private)
