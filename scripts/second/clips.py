"""Clips as a viewer sees them, and links (SPEC "Clips", "Viewing", "Links")."""

from collections.abc import Callable
from typing import Any, NamedTuple

from account import Root, open_root
from cose import ES256, Sign1
from crypto import gcm_open, gcm_seal, hpke_open, load_private, note, public_of, sha256, short_name
from encoding import Message, context, from_base32, read, read_message, words
from messages import Announcement, Envelope, Link, LinkPlain, Manifest
from refused import Refused, require
from sharing import open_announcement

SEGMENT = 65_536
TAG = 16
LONGEST = 64 * 1024 * 1024


# --- Segments ---------------------------------------------------------------------------------------


def count_segments(length: int) -> int:
    """How many segments a body of this length takes: an empty one takes one."""
    return max(1, -(-length // SEGMENT))


def _nonce(index: int, count: int) -> bytes:
    return index.to_bytes(11, "big") + bytes([index == count - 1])


def seal_body(key: bytes, where: bytes, plain: bytes) -> list[bytes]:
    """Seals a body in segments."""
    require(len(plain) <= LONGEST, "session-full")
    count = count_segments(len(plain))
    return [gcm_seal(key, _nonce(i, count), plain[SEGMENT * i:SEGMENT * (i + 1)], where) for i in range(count)]


Opener = Callable[[int, bytes, bytes], bytes]
"""Verifies and opens a segment: its number, nonce and sealed bytes."""


def read_body(manifest: Manifest, body: bytes | None, first: int, open_segment: Opener) -> dict[str, Any]:
    """Reads a body from a segment to its end: how much was released, and its hash.

    A refusal says the same of what was released before.
    """
    released = bytearray()
    count = len(manifest.segments)
    try:
        if body is None:
            raise Refused("clip-missing")
        for index in range(first, count):
            start = index * (SEGMENT + TAG)
            end = start + min(SEGMENT, manifest.length - index * SEGMENT) + TAG
            require(len(body) >= end, "body-truncated")
            plain = open_segment(index, _nonce(index, count), body[start:end])
            require(index < count - 1 or len(body) == end, "body-trailing")
            released += plain
    except Refused as error:
        raise Refused(error.reason, _output(released)) from error
    return _output(released)


def _output(released: bytearray) -> dict[str, Any]:
    return {"released": len(released), "sha256": sha256(bytes(released))}


def open_body(account: bytes, manifest: Manifest, key: bytes, body: bytes | None, first: int = 0) -> dict[str, Any]:
    """Reads a clip's body from a segment to its end."""
    where = context("segment", account, manifest.clip)

    def open_segment(index: int, nonce: bytes, sealed: bytes) -> bytes:
        require(sha256(sealed) == manifest.segments[index], "segment-altered")
        return gcm_open(key, nonce, sealed, where, "segment-altered")

    return read_body(manifest, body, first, open_segment)


# --- Manifests and envelopes ------------------------------------------------------------------------


def open_manifest(account: bytes, camera: bytes, stream: str, data: bytes) -> Message:
    """Verifies a manifest under the camera's key, and that its numbers agree."""
    payload = Sign1(ES256, data).verify_es256(camera)
    message = read_message("manifest", Manifest, account, payload)
    said: Manifest = message.body
    require(said.camera == camera and said.stream == stream, "wrong-stream")
    good = (said.length <= LONGEST and len(said.segments) == count_segments(said.length)
            and said.start <= said.end and said.sequence >= 1
            and (said.previous is None) == (said.sequence == 1))
    require(good, "manifest-shape")
    return message


def open_envelope(account: bytes, stream: str, statement: bytes, clip: bytes, role: int,
                  envelopes: list[Envelope], private: bytes) -> bytes:
    """Opens the envelope for a private key: the session key."""
    name = short_name(public_of(private))
    mine = next((envelope for envelope in envelopes if envelope.recipient == name), None)
    if mine is None:
        raise Refused("no-envelope")
    info = context("envelope", account, [stream, statement, clip, role])
    return hpke_open(private, mine.enc, mine.sealed, info, "envelope-open")


# --- Links ------------------------------------------------------------------------------------------


class LinkText(NamedTuple):
    """What a link's text says."""

    account: bytes
    id: bytes
    private: bytes


def read_link(text: str) -> LinkText:
    """Reads a link's text (`link-malformed`)."""
    prefix, reason = "eiot:link:", "link-malformed"
    link = " ".join(words(text))
    require(link.startswith(prefix) and link.count("#") == 1, reason)
    place, key = (from_base32(part, reason) for part in link[len(prefix):].split("#"))
    require(len(place) == 48, reason)
    load_private(key, reason)
    return LinkText(place[:32], place[32:], key)


class Shown(NamedTuple):
    """A clip of a link, which is the camera's."""

    manifest: Manifest
    original: bytes
    copy: bytes


def open_link(now: int, text: str, data: bytes) -> tuple[LinkText, list[Shown]]:
    """Opens a link's index and verifies that its clips are the camera's."""
    link = read_link(text)
    said: Link = read_message("link", Link, link.account, data).body
    require(said.id == link.id, "link-open")
    info = context("link", link.account, link.id)
    note(info=info)
    try:
        plain = read(LinkPlain, hpke_open(link.private, said.sealed.enc, said.sealed.ciphertext, info, "link-open"))
    except Refused as error:
        raise Refused("link-open") from error
    require(now < plain.until, "link-expired")
    try:
        root = open_root(plain.root, link.account)
    except Refused as error:
        raise Refused("link-root") from error
    return link, _verify_clips(root, plain)


def _verify_clips(root: Root, plain: LinkPlain) -> list[Shown]:
    """Each manifest is by the camera, and under the announcement, of a statement under the root."""
    shown = []
    try:
        announced = {message.hash: message.body for message in
                     (open_announcement(root, data) for data in plain.announcements)}
        for clip in plain.clips:
            claimed: Manifest = read_message("manifest", Manifest, root.account,
                                             Sign1(ES256, clip.manifest).payload).body
            announcement: Announcement = announced[claimed.announcement]
            if announcement.camera is None:
                raise Refused("link-clip")
            manifest = open_manifest(root.account, announcement.camera, announcement.stream, clip.manifest)
            shown.append(Shown(manifest.body, clip.original, clip.copy))
    except (Refused, KeyError) as error:
        raise Refused("link-clip") from error
    return shown


def open_link_body(now: int, text: str, data: bytes, number: int, body: bytes | None) -> dict[str, Any]:
    """Reads a clip of a link: what the copy holds must be what the camera sealed."""
    link, clips = open_link(now, text, data)
    require(number < len(clips), "no-such-clip")
    manifest, original, copy = clips[number]
    where = context("link-segment", link.account, [link.id, number])
    sealed_in = context("segment", link.account, manifest.clip)

    def open_segment(index: int, nonce: bytes, sealed: bytes) -> bytes:
        plain = gcm_open(copy, nonce, sealed, where, "segment-altered")
        again = gcm_seal(original, nonce, plain, sealed_in)
        require(sha256(again) == manifest.segments[index], "segment-altered")
        return plain

    return read_body(manifest, body, 0, open_segment)
