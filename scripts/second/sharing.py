"""Announcements, leases, introductions, parts and the owner's records (SPEC "Announcements", "Sharing")."""

from typing import NamedTuple

from account import Root, open_statement, open_under_ring
from cose import ES256, Sign1, sign1
from crypto import Recipient, gcm_open, hkdf_expand, public_of, short_name
from encoding import Message, context, encode, decode, fit, message_hash, read, read_message
from messages import (Acknowledgement, Announcement, Answer, Backup, Clock, Grants, Head, Holding, Introduction, Lease,
                      Member, MemberPlain, PastShare, PhoneKeys, RosterHead, StreamKey, Tenure)
from refused import Refused, require

LONGEST_LEASE = 2_678_400_000
FIRST = Tenure(1, None, 0)
"""That of a stream's first camera."""
OWNER, DSK, TDSK, INSTANCE, PAST = range(5)
"""The roles of an envelope; the first three are also the kinds of a stream key."""


# --- Announcements ----------------------------------------------------------------------------------


def open_announcement(root: Root, data: bytes) -> Message:
    """Opens an announcement and checks its form (`announcement-keys`, `lease-out-of-range`, `announcement-tenure`)."""
    message = open_statement(root, "announcement", data)
    said: Announcement = message.body
    kinds = [key.kind for key in said.keys]
    good = (kinds.count(OWNER) == 1 and kinds.count(DSK) <= 1 and len(said.keys) <= 64
            and len(said.phones) <= 64 and said.shard_bits <= 16)
    order = [(key.kind, key.window or (0, 0)) for key in said.keys]
    good = good and order == sorted(set(order))
    for key in said.keys:
        good = good and (key.window is not None) == (key.kind == TDSK)
        good = good and (key.window is None or key.window.from_ < key.window.until)
    points = [key.public for key in said.keys] + [phone.instance for phone in said.phones]
    require(good and len(set(points)) == len(points), "announcement-keys")
    require(1 <= said.lease <= LONGEST_LEASE, "lease-out-of-range")
    since = said.since
    if since.epoch == 1:
        good = since == FIRST and said.camera is not None
    else:
        good = 2 <= since.epoch <= said.epoch and (since.last is None) == (since.clips == 0)
    require(good, "announcement-tenure")
    return message


def check_camera(before: Announcement, said: Announcement) -> None:
    """May the announcement after `before` name this camera?"""
    if said.since == before.since:
        require(said.camera == before.camera, "wrong-camera")
        return
    counted = (said.since.clips > before.since.clips
               or (said.since.clips, said.since.last) == (before.since.clips, before.since.last))
    require(said.since.epoch == said.epoch and said.camera != before.camera and counted, "announcement-tenure")


def begin(message: Message) -> Head:
    """The head of a camera's chain with the first announcement that it takes."""
    said: Announcement = message.body
    require(said.epoch == said.since.epoch and (said.previous is None) == (said.epoch == 1), "not-first")
    return Head(said.epoch, message.hash, said.issued)


def follow(head: Head | None, message: Message) -> Head:
    """The head of the chain once an announcement was taken; it is `head` itself if that changes nothing."""
    said: Announcement = message.body
    if head is None:
        require(said.epoch == 1 and said.previous is None, "not-first")
    else:
        require(said.epoch >= head.epoch, "announcement-rollback")
        if said.epoch == head.epoch and message.hash == head.hash:
            return head
        require(said.epoch <= head.epoch + 1, "epoch-gap")
        require(said.epoch > head.epoch and said.previous == head.hash, "announcement-fork")
        require(said.issued >= head.issued, "issued-backwards")
    return Head(said.epoch, message.hash, said.issued)


def is_from(roster: RosterHead, before: RosterHead) -> bool:
    """Is this the roster `before`, or one of a later number?"""
    return roster == before or roster.number > before.number


def recipients(phones: list[PhoneKeys], keys: list[StreamKey], shared: bool,
               start: int, end: int) -> list[tuple[int, bytes]]:
    """Whom a session is wrapped for: role and key. `shared`: are members served at all?"""
    chosen = [(INSTANCE, phone.instance) for phone in phones]
    for key in keys:
        in_window = key.window is None or key.window.from_ <= start and end <= key.window.until
        if key.kind == OWNER or shared and in_window:
            chosen.append((key.kind, key.public))
    return chosen


# --- Acknowledgements and leases --------------------------------------------------------------------


def open_acknowledgement(account: bytes, camera: bytes, stream: str, head: Head, data: bytes) -> Acknowledgement:
    """Verifies that a camera acknowledges the head of the phone's own chain."""
    payload = Sign1(ES256, data).verify_es256(camera)
    said: Acknowledgement = read_message("acknowledgement", Acknowledgement, account, payload).body
    require(said.camera == camera, "wrong-camera")
    require(said.stream == stream, "unknown-stream")
    require((said.epoch, said.announcement) == (head.epoch, head.hash), "ack-unknown")
    return said


def open_answer(account: bytes, camera: bytes, challenge: bytes, data: bytes) -> Answer:
    """Verifies a camera's answer to a phone's challenge."""
    payload = Sign1(ES256, data).verify_es256(camera)
    said: Answer = read_message("answer", Answer, account, payload).body
    require(said.camera == camera, "wrong-camera")
    require(said.challenge == challenge, "not-fresh")
    return said


def acknowledgement(account: bytes, said: Acknowledgement) -> bytes:
    """The message of an acknowledgement."""
    return encode(["acknowledgement", 1, account, said])


def open_lease(account: bytes, data: bytes) -> Lease:
    """Verifies a lease extension under the key that it names, and only then the account."""
    signed = Sign1(ES256, data)
    message = read_message("lease", Lease, None, signed.payload)
    said: Lease = message.body
    signed.verify_es256(said.key)
    require(message.account == account, "wrong-account")
    return said


def open_clock(root: Root, data: bytes) -> Clock:
    """Opens a correction of a camera's clock."""
    said: Clock = open_statement(root, "clock", data).body
    return said


def sign_lease(account: bytes, private: bytes, said: Lease) -> bytes:
    """Makes a lease extension."""
    return sign1(private, encode(["lease", 1, account, said]))


# --- Introductions and parts ------------------------------------------------------------------------


class Introduced(NamedTuple):
    """What an introduction gives a member."""

    number: int
    pairwise: bytes
    hash: bytes


def open_introduction(root: Root, member: bytes, data: bytes) -> Introduced:
    """Verifies an introduction and opens it under the member's private key."""
    message = open_statement(root, "introduction", data)
    said: Introduction = message.body
    require(said.member == public_of(member), "not-recipient")
    info = context("introduction", root.account, said.number)
    recipient = Recipient(member, said.enc, info, "introduction-open")
    require(recipient.open(said.confirmation) == b"", "introduction-open")
    return Introduced(said.number, recipient.export(b"eiot/1 pairwise key", 32), message.hash)


class Lookup(NamedTuple):
    """Where a part is, and what opens it."""

    find: bytes
    seal: bytes
    shard: int


def look_up(pairwise: bytes, statement: bytes, index: int, shard_bits: int) -> Lookup:
    """The part of key `index` of a statement."""
    which = statement + index.to_bytes(4, "big")
    find = hkdf_expand(pairwise, b"eiot/1 grant find" + which, 8)
    seal = hkdf_expand(pairwise, b"eiot/1 grant seal" + which, 16)
    return Lookup(find, seal, _shard(find, shard_bits))


def _shard(find: bytes, shard_bits: int) -> int:
    return int.from_bytes(find, "big") >> (64 - shard_bits)


def open_part(root: Root, statement: bytes, at: Lookup, shard_bits: int, public: bytes,
              data: bytes) -> bytes | None:
    """Finds and opens a part in the grants in which it must be; `None` if there is none."""
    grants: Grants = open_statement(root, "grants", data).body
    parts = [grants.parts[i:i + 56] for i in range(0, len(grants.parts), 56)]
    finds = [part[:8] for part in parts]
    good = (grants.statement == statement and grants.shard == at.shard and len(grants.parts) % 56 == 0
            and finds == sorted(set(finds)) and all(_shard(find, shard_bits) == at.shard for find in finds))
    require(good, "shard-out-of-place")
    if at.find not in finds:
        return None
    sealed = parts[finds.index(at.find)][8:]
    private = gcm_open(at.seal, bytes(12), sealed, b"", "grant-open")
    require(public_of(private, "grant-key") == public, "grant-key")
    return private


# --- The owner's records ----------------------------------------------------------------------------


def open_member_record(root: Root, ring: list[bytes], number: int, data: bytes) -> MemberPlain:
    """Verifies the owner's record of a member and opens it."""
    said: Member = open_statement(root, "member", data).body
    require(said.number == number, "sealed-open")
    where = context("member", root.account, [said.number, said.generation])
    return read(MemberPlain, open_under_ring(ring, said.generation, where, said.sealed))


def open_backup(account: bytes, ring: list[bytes], stream: str, named: bytes, announced: list[bytes],
                data: bytes) -> list[Holding]:
    """Opens the backup that a statement names, and holds it against the statement's keys."""
    require(message_hash(data) == named, "object-path")
    said: Backup = read_message("backup", Backup, account, data).body
    require(said.stream == stream, "sealed-open")
    where = context("backup", account, [said.generation, stream])
    plain = open_under_ring(ring, said.generation, where, said.sealed)
    items = decode(plain)
    require(type(items) is list and len(items) > 0, "malformed")
    holdings: list[Holding] = [fit(Holding, item) for item in items]
    require([public_of(holding.private) for holding in holdings] == announced, "grant-key")
    return holdings


def open_past_share(root: Root, data: bytes) -> Message:
    """Opens a past share and checks its form (`announcement-keys`)."""
    message = open_statement(root, "past-share", data)
    said: PastShare = message.body
    numbers = [clip.sequence for clip in said.clips]
    good = said.window.from_ < said.window.until and numbers == sorted(set(numbers)) and said.shard_bits <= 16
    require(good, "announcement-keys")
    return message
