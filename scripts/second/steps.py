"""The steps of the protocol, one at a time, as operations."""

from typing import Any

import account as accounts
import clips as viewing
import crypto
import sharing
from cose import ES256, Sign1, encrypt0_open, sign1
from encoding import Message, context, from_text, read_message
from messages import BODIES, Acknowledgement, Announcement, Envelope, Head, Lease, RosterHead, Work
from operation import operation
from refused import require

ROLES = ["owner", "dsk", "tdsk", "instance", "past"]


# --- Messages ---------------------------------------------------------------------------------------


@operation
def key_id(point: bytes) -> Any:
    crypto.check_point(point)
    return {"id": crypto.short_name(point)}


@operation
def message_read(account: bytes, type: str, message: bytes) -> Any:
    return {"hash": read_message(type, BODIES[type], account, message).hash}


@operation
def sign1_open(account: bytes, key: bytes, type: str, signed: bytes) -> Any:
    payload = Sign1(ES256, signed).verify_es256(key)
    message = read_message(type, BODIES[type], account, payload)
    return {"hash": message.hash, "message": payload}


@operation
def sealed_open(key: bytes, context: bytes, sealed: bytes) -> Any:
    return {"plaintext": encrypt0_open(key, context, sealed)}


@operation
def statement_open(root: bytes, type: str, statement: bytes) -> Any:
    message = accounts.open_statement(accounts.open_root(root), type, statement)
    return {"hash": message.hash, "message": message.bytes}


# --- Account ----------------------------------------------------------------------------------------


@operation
def root_make(modulus: bytes) -> Any:
    root = accounts.make_root(modulus)
    return {"account": crypto.sha256(root), "root": root}


@operation
def root_open(account: bytes, root: bytes) -> Any:
    return {"modulus": accounts.open_root(root, account).modulus}


@operation
def passphrase_read(text: str) -> Any:
    return {"words": accounts.read_passphrase(text)}


@operation
def pdk_derive(passphrase: str, salt: bytes, work: Work) -> Any:
    return {"pdk": accounts.derive_pdk(passphrase, salt, work)}


@operation
def vault_open(account: bytes, passphrase: str, place: int, seen: int, vault: bytes) -> Any:
    signing_key, ring = accounts.open_vault(account, passphrase, place, seen, vault)
    return {"signing_key": signing_key, "ring": ring}


def _roster(root: bytes, roster: bytes) -> Message:
    return accounts.open_roster(accounts.open_root(root), roster)


@operation
def roster_open(root: bytes, head: RosterHead | None, roster: bytes) -> Any:
    message = _roster(root, roster)
    now, said = accounts.follow_roster(head, message), message.body
    return {"head": now, "issued": said.issued, "generation": said.generation, "cameras": said.cameras,
            "phones": [{"name": phone.name, "keys": phone.keys} for phone in said.phones]}


@operation
def roster_ring_open(root: bytes, instance: bytes, roster: bytes) -> Any:
    return accounts.open_roster_ring(_roster(root, roster), instance)


@operation
def roster_private_open(root: bytes, ring: list[bytes], roster: bytes) -> Any:
    return accounts.open_roster_private(_roster(root, roster), ring)


@operation
def checkpoint_read(account: bytes, text: str) -> Any:
    return accounts.read_checkpoint(account, text)


@operation
def unlock_open(account: bytes, instance: bytes, unlock: bytes) -> Any:
    return {"pdk": accounts.open_unlock(account, instance, unlock)}


# --- Pairing and contacts ---------------------------------------------------------------------------


@operation
def name_read(text: str) -> Any:
    accounts.check_name(text)


@operation
def pairing_offer_read(now: int, text: str) -> Any:
    return accounts.take_offer(now, text)


@operation
def pairing_reply_open(offer: str, reply: bytes) -> Any:
    return accounts.open_reply(offer, reply)


@operation
def contact_card_read(text: str) -> Any:
    card = accounts.read_card(text)
    return {"name": card.name, "key": card.key}


@operation
def safety_number(account: bytes, member: bytes) -> Any:
    return {"number": accounts.safety_number(account, member)}


@operation
def safety_number_check(account: bytes, member: bytes, told: str) -> Any:
    accounts.check_safety_number(account, member, told)


@operation
def proximity_read(payload: bytes) -> Any:
    account, said = accounts.read_proximity(payload)
    return {"account": account, "number": said.number, "pairwise": said.pairwise}


@operation
def proximity_text_read(text: str) -> Any:
    return proximity_read(from_text("EIOT:TOUCH:", text, "card-malformed"))


# --- Announcements and sharing ----------------------------------------------------------------------


def _announcement(root: bytes, announcement: bytes) -> Message:
    return sharing.open_announcement(accounts.open_root(root), announcement)


@operation
def announcement_open(root: bytes, announcement: bytes) -> Any:
    message = _announcement(root, announcement)
    said: Announcement = message.body
    shown = said._asdict() | {"hash": message.hash, "lease_until": said.issued + said.lease,
                              "keys": [key._asdict() | {"kind": ROLES[key.kind]} for key in said.keys]}
    del shown["lease"]
    return shown


@operation
def announcement_follow(root: bytes, head: Head | None, announcement: bytes) -> Any:
    now = sharing.follow(head, _announcement(root, announcement))
    return {"head": now, "same": now is head}


@operation
def recipients(root: bytes, announcement: bytes, start: int, end: int, lease_until: int) -> Any:
    said: Announcement = _announcement(root, announcement).body
    chosen = sharing.recipients(said.phones, said.keys, end <= lease_until, start, end)
    return {"recipients": [{"role": ROLES[role], "id": crypto.short_name(key)} for role, key in chosen]}


@operation
def acknowledgement_open(account: bytes, camera: bytes, stream: str, head: Head, acknowledgement: bytes) -> Any:
    said = sharing.open_acknowledgement(account, camera, stream, head, acknowledgement)
    return {"first": said.first, "time": said.time, "roster": said.roster}


@operation
def answer_open(account: bytes, camera: bytes, challenge: bytes, answer: bytes) -> Any:
    said = sharing.open_answer(account, camera, challenge, answer)
    return {"time": said.time, "roster": said.roster, "streams": said.streams}


@operation
def acknowledgement_sign(account: bytes, camera: bytes, stream: str, epoch: int, announcement: bytes,
                         first: int, time: int, roster: RosterHead) -> Any:
    said = Acknowledgement(crypto.public_of(camera), stream, epoch, announcement, first, time, roster)
    return {"signed": sign1(camera, sharing.acknowledgement(account, said))}


@operation
def lease_open(account: bytes, lease: bytes) -> Any:
    return sharing.open_lease(account, lease)


@operation
def lease_sign(account: bytes, camera: bytes, stream: str, announcement: bytes, key: bytes, until: int) -> Any:
    said = Lease(camera, stream, announcement, crypto.public_of(key), until)
    return {"signed": sharing.sign_lease(account, key, said)}


@operation
def clock_open(root: bytes, clock: bytes) -> Any:
    return sharing.open_clock(accounts.open_root(root), clock)


@operation
def introduction_open(root: bytes, member: bytes, introduction: bytes) -> Any:
    return sharing.open_introduction(accounts.open_root(root), member, introduction)


@operation
def part_lookup(pairwise: bytes, statement: bytes, index: int, shard_bits: int) -> Any:
    return sharing.look_up(pairwise, statement, index, shard_bits)


@operation
def part_open(root: bytes, pairwise: bytes, statement: bytes, index: int, shard_bits: int, public: bytes,
              grants: bytes) -> Any:
    at = sharing.look_up(pairwise, statement, index, shard_bits)
    private = sharing.open_part(accounts.open_root(root), statement, at, shard_bits, public, grants)
    return {"private": private}


@operation
def member_record_open(root: bytes, ring: list[bytes], number: int, record: bytes) -> Any:
    return sharing.open_member_record(accounts.open_root(root), ring, number, record)


@operation
def backup_open(account: bytes, ring: list[bytes], stream: str, hash: bytes, announced: list[bytes],
                backup: bytes) -> Any:
    return {"holdings": sharing.open_backup(account, ring, stream, hash, announced, backup)}


@operation
def past_share_open(root: bytes, past_share: bytes) -> Any:
    message = sharing.open_past_share(accounts.open_root(root), past_share)
    said = message.body
    return {"hash": message.hash, "stream": said.stream, "window": said.window, "key": said.key,
            "clips": [{"sequence": clip.sequence, "manifest": clip.manifest} for clip in said.clips],
            "roster": said.roster}


# --- Clips and links --------------------------------------------------------------------------------


@operation
def body_seal(account: bytes, clip: bytes, session_key: bytes, byte: bytes, length: int) -> Any:
    require(length <= viewing.LONGEST, "session-full")
    where = context("segment", account, clip)
    crypto.note(context=where)
    sealed = viewing.seal_body(session_key, where, byte * length)
    return {"segments": [crypto.sha256(segment) for segment in sealed], "sha256": crypto.sha256(b"".join(sealed))}


@operation
def manifest_open(account: bytes, camera: bytes, stream: str, manifest: bytes) -> Any:
    message = viewing.open_manifest(account, camera, stream, manifest)
    said = message.body
    shown = {name: getattr(said, name) for name in
             ("announcement", "clip", "start", "end", "length", "previous", "sequence")}
    return shown | {"hash": message.hash, "segments": len(said.segments),
                    "recipients": [envelope.recipient for envelope in said.envelopes]}


@operation
def envelope_open(account: bytes, stream: str, statement: bytes, clip: bytes, role: str,
                  envelopes: list[Envelope], private: bytes) -> Any:
    return {"session_key": viewing.open_envelope(
        account, stream, statement, clip, ROLES.index(role), envelopes, private)}


@operation
def body_open(account: bytes, camera: bytes, stream: str, manifest: bytes, session_key: bytes, first: int,
              body: bytes | None) -> Any:
    said = viewing.open_manifest(account, camera, stream, manifest).body
    return viewing.open_body(account, said, session_key, body, first)


@operation
def link_read(text: str) -> Any:
    return viewing.read_link(text)


@operation
def link_open(text: str, now: int, object: bytes) -> Any:
    _, shown = viewing.open_link(now, text, object)
    return {"clips": [{"stream": clip.manifest.stream, "sequence": clip.manifest.sequence,
                       "clip": clip.manifest.clip, "length": clip.manifest.length} for clip in shown]}


@operation
def link_body_open(text: str, now: int, object: bytes, number: int, body: bytes | None) -> Any:
    return viewing.open_link_body(now, text, object, number, body)
