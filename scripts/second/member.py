"""A member: what it accepts of what it is granted, and what it views (SPEC "Sharing", "Viewing", "Past windows")."""

from dataclasses import dataclass, field
from typing import Any

from account import check_safety_number, read_proximity
from clips import open_envelope
from crypto import public_of, short_name
from encoding import Message
from messages import Announcement, Manifest, PastShare
from refused import Refused, require
from sharing import OWNER, PAST, look_up, open_introduction, open_part, open_past_share
from viewer import Key, View, Viewer, open_viewer


@dataclass
class Account:
    """What a member keeps of an account that it pinned."""

    viewer: Viewer | None = None
    pairwise: list[bytes] = field(default_factory=list)
    introductions: set[bytes] = field(default_factory=set)
    granted: dict[tuple[bytes, int], bytes] = field(default_factory=dict)
    """Private keys accepted, by statement and index."""
    looked: set[tuple[bytes, int, bytes]] = field(default_factory=set)
    """Statement, index and pairwise key where there is no part."""
    shares: dict[bytes, PastShare] = field(default_factory=dict)


class Member:
    """A member with its own key."""

    def __init__(self, key: bytes) -> None:
        self.private, self.public = key, public_of(key)
        self.accounts: dict[bytes, Account] = {}

    def pin(self, account: bytes, told: str) -> None:
        """Pins an account after the safety numbers were compared."""
        check_safety_number(account, self.public, told)
        self.accounts.setdefault(account, Account())

    def touch(self, payload: bytes) -> None:
        """Takes a proximity payload: the account to pin, and a pairwise key."""
        account, said = read_proximity(payload)
        pinned = self.accounts.setdefault(account, Account())
        if said.pairwise not in pinned.pairwise:
            pinned.pairwise.append(said.pairwise)

    def sync(self, store: dict[str, bytes]) -> dict[str, Any]:
        """Reads what is new; what is refused does not keep it from the rest."""
        introductions = grants = 0
        refused: set[str] = set()
        for account, pinned in self.accounts.items():
            sync = Sync(self, pinned, View(store, account), refused)
            try:
                pinned.viewer = pinned.viewer or open_viewer(sync.view, account)
            except Refused as error:
                refused.add(error.reason)
                continue
            introductions += sync.introductions(pinned.viewer)
            grants += sync.grants(pinned.viewer)
        return {"introductions": introductions, "grants": grants, "refused": sorted(refused)}

    def show(self, store: dict[str, bytes], account: bytes, name: str, sequence: int) -> dict[str, Any]:
        """Views a clip."""
        pinned = self.accounts.get(account, Account())
        viewer, view = pinned.viewer, View(store, account)
        if viewer is None or name not in viewer.streams:
            raise Refused("nothing-granted")
        keys = [Key(announcement.keys[index].kind, pinned.granted[statement, index])
                for statement, announcement in viewer.streams[name].announcements.items()
                for index in range(len(announcement.keys)) if (statement, index) in pinned.granted]
        shares = [(share, Key(PAST, pinned.granted[statement, 0])) for statement, share in pinned.shares.items()
                  if share.stream == name and (statement, 0) in pinned.granted]
        require(bool(keys or shares), "nothing-granted")
        manifest = viewer.manifest(view, name, sequence)
        try:
            session_key = viewer.session_key(name, manifest, keys)
        except Refused as error:
            session_key = self._past(viewer, manifest, shares, error)
        return viewer.show(view, name, manifest, session_key)

    def _past(self, viewer: Viewer, manifest: Message, shares: list[tuple[PastShare, Key]],
              otherwise: Refused) -> bytes:
        """The session key by a past share that lists this very manifest."""
        said: Manifest = manifest.body
        for share, key in shares:
            for clip in share.clips:
                if (clip.sequence, clip.manifest) == (said.sequence, manifest.hash):
                    inside = share.window.from_ <= said.start and said.end <= share.window.until
                    require(inside, "outside-window")
                    return open_envelope(viewer.root.account, said.stream, manifest.hash, said.clip, PAST,
                                         [clip.envelope], key.private)
        raise otherwise


@dataclass
class Sync:
    """One reading of what is new of an account."""

    member: Member
    pinned: Account
    view: View
    refused: set[str]

    def introductions(self, viewer: Viewer) -> int:
        """Accepts introductions for this member, each once."""
        accepted = 0
        directory = f"introductions/{short_name(self.member.public).hex()}"
        for number in self.view.names(directory):
            try:
                introduced = open_introduction(viewer.root, self.member.private, self.view.get(f"{directory}/{number}"))
                again = introduced.hash in self.pinned.introductions
                require(not again or f"{introduced.number:08}" == number, "introduction-replayed")
            except Refused as error:
                self.refused.add(error.reason)
                continue
            if not again:
                self.pinned.introductions.add(introduced.hash)
                self.pinned.pairwise.append(introduced.pairwise)
                accepted += 1
        return accepted

    def grants(self, viewer: Viewer) -> int:
        """Follows every stream, and accepts the parts of every statement."""
        accepted = 0
        for name in sorted({*self.view.names("announcements"), *viewer.streams}):
            try:
                viewer.follow(self.view, name)
            except Refused as error:
                self.refused.add(error.reason)
            for statement, announcement in viewer.streams[name].announcements.items() if name in viewer.streams else ():
                accepted += self._parts(viewer, statement, announcement)
        for name in self.view.names("past"):
            try:
                message = open_past_share(viewer.root, self.view.get(f"past/{name}"))
                again = (message.hash, 0) in self.pinned.granted
                require(not again or message.hash.hex() == name, "grant-replayed")
            except Refused as error:
                self.refused.add(error.reason)
                continue
            share: PastShare = message.body
            self.pinned.shares[message.hash] = share
            accepted += self._part(viewer, message.hash, 0, share.shard_bits, share.key)
        return accepted

    def _parts(self, viewer: Viewer, statement: bytes, said: Announcement) -> int:
        return sum(self._part(viewer, statement, index, said.shard_bits, key.public)
                   for index, key in enumerate(said.keys) if key.kind != OWNER)

    def _part(self, viewer: Viewer, statement: bytes, index: int, shard_bits: int, public: bytes) -> int:
        """Looks for one key under every pairwise key there is."""
        for pairwise in self.pinned.pairwise:
            if (statement, index) in self.pinned.granted:
                break
            if (statement, index, pairwise) in self.pinned.looked:
                continue
            at = look_up(pairwise, statement, index, shard_bits)
            try:
                data = self.view.get(f"grants/{statement.hex()}/{at.shard:04x}")
                private = open_part(viewer.root, statement, at, shard_bits, public, data)
            except Refused as error:
                self.refused.add(error.reason)
                continue
            if private is not None:
                self.pinned.granted[statement, index] = private
                return 1
            self.pinned.looked.add((statement, index, pairwise))
        return 0
