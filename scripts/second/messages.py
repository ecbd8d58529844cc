"""The grammar of every message, as SPEC's `cddl` blocks have it, in their order.

What is `bstr .cbor …` there is bytes here: it is decoded where it is opened, and refused then.
"""

from typing import Annotated, Any, NamedTuple

from encoding import ASCENDING, KEY

NAME = "[a-z0-9][a-z0-9._-]{0,63}"

Bytes32 = Annotated[bytes, 32]
Bytes16 = Annotated[bytes, 16]
Hash = Bytes32
Account = Bytes32
KeyId = Bytes16
Point = Annotated[bytes, KEY]
Name = Annotated[str, NAME]
Enc = Annotated[bytes, 65]
Uint8 = Annotated[int, 2**8 - 1]
Uint32 = Annotated[int, 2**32 - 1]


class Window(NamedTuple):
    from_: int
    until: int


class Wrapped(NamedTuple):
    enc: Enc
    ciphertext: bytes


# --- Statements


class TreeHead(NamedTuple):
    root: Hash
    size: int


class SignedStatement(NamedTuple):
    leaf: bytes
    place: int
    path: list[Hash]
    head: bytes


# --- Account


class Work(NamedTuple):
    log_n: Uint8
    r: Uint32
    p: Uint32
    iterations: Uint32


class Vault(NamedTuple):
    number: int
    salt: Bytes16
    work: Work
    signing_key: bytes
    ring: bytes


class Predecessor(NamedTuple):
    account: Account
    keys: list[Bytes32]


class Ring(NamedTuple):
    keys: Annotated[list[Bytes32], 1]
    predecessors: list[Predecessor]


class PhoneKeys(NamedTuple):
    instance: Point
    lease: Point


class PhoneEntry(NamedTuple):
    name: Name
    keys: PhoneKeys
    ring: Wrapped


class CameraEntry(NamedTuple):
    name: Name
    key: Point | None
    streams: Annotated[list[Name], 1]


class Roster(NamedTuple):
    number: int
    previous: Hash | None
    issued: int
    generation: int
    phones: Annotated[list[PhoneEntry], 1]
    cameras: list[CameraEntry]
    private: bytes


class RosterPrivate(NamedTuple):
    members: int
    all_streams: list[Hash]
    unlocked: list[KeyId]


class RosterHead(NamedTuple):
    number: int
    hash: Hash


class Head(NamedTuple):
    epoch: int
    hash: Hash
    issued: int


class StreamHead(NamedTuple):
    stream: Name
    head: Head


class Checkpoint(NamedTuple):
    roster: RosterHead | None
    streams: Annotated[list[StreamHead], ASCENDING]


class Answer(NamedTuple):
    camera: Point
    challenge: Bytes16
    time: int
    roster: RosterHead | None
    streams: Annotated[list[StreamHead], ASCENDING]


class Challenge(NamedTuple):
    challenge: Bytes16


class Unlock(NamedTuple):
    phone: KeyId
    pdk: Wrapped


class UnlockPlain(NamedTuple):
    salt: Bytes16
    work: Work
    key: Bytes32


# --- Pairing and contacts


class PairingOffer(NamedTuple):
    secret: Bytes32
    issued: int


class PairingReply(NamedTuple):
    camera: Point
    streams: Annotated[list[Name], 1]


class ContactCard(NamedTuple):
    type: str
    version: int
    name: Name
    key: Point


class Proximity(NamedTuple):
    number: int
    pairwise: Bytes32


# --- Announcements


class StreamKey(NamedTuple):
    kind: Annotated[int, 2]
    window: Window | None
    public: Point


class Tenure(NamedTuple):
    epoch: int
    last: Hash | None
    clips: int


class Announcement(NamedTuple):
    camera: Point | None
    stream: Name
    epoch: int
    previous: Hash | None
    issued: int
    lease: int
    phones: Annotated[list[PhoneKeys], 1]
    keys: Annotated[list[StreamKey], 1]
    backup: Hash
    shard_bits: Uint8
    roster: RosterHead
    since: Tenure


class Acknowledgement(NamedTuple):
    camera: Point
    stream: Name
    epoch: int
    announcement: Hash
    first: int
    time: int
    roster: RosterHead


class Lease(NamedTuple):
    camera: Point
    stream: Name
    announcement: Hash
    key: Point
    until: int


# --- Sharing


class Introduction(NamedTuple):
    member: Point
    number: int
    enc: Enc
    confirmation: Bytes16


class Grants(NamedTuple):
    statement: Hash
    shard: Uint32
    parts: bytes


class Member(NamedTuple):
    number: int
    generation: int
    sealed: bytes


class MemberPlain(NamedTuple):
    name: Name
    key: Point
    pairwise: Bytes32


class Backup(NamedTuple):
    generation: int
    stream: Name
    sealed: bytes


class Holding(NamedTuple):
    private: Bytes32
    members: list[Hash]


# --- Clips


class Envelope(NamedTuple):
    recipient: KeyId
    enc: Enc
    sealed: Bytes32


class Manifest(NamedTuple):
    camera: Point
    stream: Name
    sequence: int
    previous: Hash | None
    announcement: Hash
    clip: Bytes16
    start: int
    end: int
    length: int
    segments: Annotated[list[Hash], 1]
    envelopes: Annotated[list[Envelope], 1]


class PastClip(NamedTuple):
    sequence: int
    manifest: Hash
    envelope: Envelope


class PastShare(NamedTuple):
    stream: Name
    issued: int
    window: Window
    key: Point
    clips: Annotated[list[PastClip], 1]
    backup: Hash
    shard_bits: Uint8
    roster: RosterHead


class Link(NamedTuple):
    id: Bytes16
    sealed: Wrapped


class LinkClip(NamedTuple):
    manifest: bytes
    original: Bytes16
    copy: Bytes16


class LinkPlain(NamedTuple):
    until: int
    root: bytes
    announcements: Annotated[list[bytes], 1]
    clips: Annotated[list[LinkClip], 1]


class Clock(NamedTuple):
    camera: Point
    count: int
    back: int


BODIES: dict[str, Any] = {
    "tree-head": TreeHead, "vault": Vault, "unlock": Unlock, "roster": Roster, "member": Member,
    "backup": Backup, "introduction": Introduction, "announcement": Announcement,
    "acknowledgement": Acknowledgement, "lease": Lease, "grants": Grants, "manifest": Manifest,
    "past-share": PastShare, "checkpoint": Checkpoint, "challenge": Challenge, "answer": Answer,
    "pairing-offer": PairingOffer,
    "proximity": Proximity, "link": Link, "clock": Clock,
}
