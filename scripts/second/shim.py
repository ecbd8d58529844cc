"""A second implementation of the viewer's, member's and camera's side of EncryptedIoT, version 1.

It is written from reference/SPEC.md alone, not from the reference implementation, to find out whether SPEC
says enough. This file answers the runner (vectors/PROTOCOL.md): a line of JSON is a request or an answer.

    conformance vectors --impl scripts/second/run            # makes its own virtual environment
    python3 scripts/second/shim.py                           # where the packages are installed already

It is not for production: private keys stay in memory and are not wiped, nothing runs in constant time but
what the libraries do so, and it keeps no state on a disk. It does not make what an owner makes (accounts,
announcements, introductions, links), and knows nothing of the other schemes in vectors/.

An operation is a function below, by its name in vectors/OPERATIONS.md. The types of its parameters say how
its input is read: `bytes` is hexadecimal, a `NamedTuple` an object.
"""

import copy
import json
import sys
import types
import typing
from collections.abc import Callable
from typing import Any, NamedTuple

import account as accounts
import clips as viewing
import crypto
import sharing
from camera import Camera
from cose import ES256, Sign1, encrypt0_open, sign1
from encoding import Message, context, from_text, read_message
from member import Member
from messages import BODIES, Acknowledgement, Announcement, Envelope, Head, Lease, PhoneKeys, Ring, RosterHead, Work
from phone import Phone
from refused import Refused, require
from viewer import View

NAME, VERSION = "encryptediot-second", "1"
ROLES = ["owner", "dsk", "tdsk", "instance", "past"]
INTERMEDIATE = {
    "sign1-open": ["to_be_signed"],
    "sealed-open": ["associated_data"],
    "statement-open": ["to_be_signed", "leaf_hash"],
    "pdk-derive": ["scrypt"],
    "vault-open": ["scrypt", "pdk", "signing_key_context", "ring_context"],
    "roster-ring-open": ["info", "shared_secret"],
    "unlock-open": ["info", "shared_secret"],
    "introduction-open": ["info", "shared_secret"],
    "body-seal": ["context"],
    "envelope-open": ["info", "shared_secret"],
    "link-open": ["info"],
}
OPERATIONS: dict[str, Callable[..., Any]] = {}


def operation(function: Callable[..., Any]) -> Callable[..., Any]:
    """Makes a function an operation; `key_id` is `key-id`."""
    OPERATIONS[function.__name__.replace("_", "-")] = function
    return function


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
    return {"hash": message.hash, "camera": said.camera, "stream": said.stream, "window": said.window,
            "key": said.key,
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


# --- Devices ----------------------------------------------------------------------------------------

STORES: dict[str, dict[str, bytes]] = {}
CAMERAS: dict[str, Camera] = {}
MEMBERS: dict[str, Member] = {}
PHONES: dict[str, Phone] = {}


class Object(NamedTuple):
    """An object of the cloud."""

    path: str
    bytes_: bytes


@operation
def reset() -> Any:
    for devices in (STORES, CAMERAS, MEMBERS, PHONES):
        devices.clear()


@operation
def store_put(store: str, objects: list[Object]) -> Any:
    STORES.setdefault(store, {}).update({put.path: put.bytes_ for put in objects})


@operation
def store_write(store: str, path: str, bytes: bytes) -> Any:
    require(STORES.setdefault(store, {}).setdefault(path, bytes) == bytes, "conflict")


@operation
def store_remove(store: str, paths: list[str]) -> Any:
    for path in paths:
        del STORES[store][path]


@operation
def camera_new(device: str, wall: int, monotonic: int, offer: str, root: bytes, key: bytes,
               streams: list[str]) -> Any:
    CAMERAS[device] = Camera(wall, monotonic, offer, root, key, streams)


@operation
def camera_accept(device: str, wall: int, monotonic: int, rosters: list[bytes], announcement: bytes) -> Any:
    for roster in rosters:
        CAMERAS[device].take_roster(roster)
    return {"acknowledgement": CAMERAS[device].accept(announcement, wall, monotonic)}


@operation
def camera_extend(device: str, wall: int, monotonic: int, lease: bytes) -> Any:
    CAMERAS[device].tick(wall, monotonic)
    CAMERAS[device].extend(lease)


@operation
def camera_correct(device: str, wall: int, monotonic: int, clock: bytes) -> Any:
    CAMERAS[device].correct(clock, wall, monotonic)


@operation
def camera_begin(device: str, stream: str, wall: int, monotonic: int) -> Any:
    CAMERAS[device].begin(stream, wall, monotonic)


@operation
def camera_finish(device: str, stream: str, wall: int, monotonic: int) -> Any:
    said = CAMERAS[device].finish(stream, wall, monotonic)
    return {"announcement": said.announcement, "start": said.start, "end": said.end, "sequence": said.sequence,
            "recipients": [envelope.recipient for envelope in said.envelopes]}


@operation
def camera_write(device: str, stream: str, bytes: bytes) -> Any:
    CAMERAS[device].record(stream, bytes)


@operation
def camera_upload(device: str, store: str) -> Any:
    camera = CAMERAS[device]
    return {"clips": camera.upload(View(STORES[store], camera.root.account))}


@operation
def camera_sync(device: str, store: str, wall: int, monotonic: int) -> Any:
    camera = CAMERAS[device]
    return camera.sync(View(STORES[store], camera.root.account), wall, monotonic)


@operation
def camera_checkpoint(device: str) -> Any:
    return {"checkpoint": CAMERAS[device].checkpoint()}


@operation
def camera_time(device: str, wall: int, monotonic: int) -> Any:
    return {"time": CAMERAS[device].tick(wall, monotonic)}


@operation
def camera_restart(device: str, wall: int, monotonic: int) -> Any:
    CAMERAS[device].restart(wall, monotonic)


@operation
def member_new(device: str, key: bytes) -> Any:
    MEMBERS[device] = Member(key)


@operation
def member_pin(device: str, account: bytes, told: str) -> Any:
    MEMBERS[device].pin(account, told)


@operation
def member_touch(device: str, payload: bytes) -> Any:
    MEMBERS[device].touch(payload)


@operation
def member_sync(device: str, store: str) -> Any:
    return MEMBERS[device].sync(STORES[store])


@operation
def member_view(device: str, store: str, account: bytes, stream: str, sequence: int) -> Any:
    return MEMBERS[device].show(STORES[store], account, stream, sequence)


@operation
def member_restart(device: str) -> Any:
    MEMBERS[device] = copy.deepcopy(MEMBERS[device])


@operation
def phone_new(device: str, root: bytes, instance: bytes, lease: bytes, ring: list[bytes], vault: int) -> Any:
    PHONES[device] = Phone(accounts.open_root(root), instance, lease, ring, vault)


@operation
def phone_recover(device: str, store: str, account: bytes, passphrase: str, checkpoint: str | None,
                  instance: bytes, lease: bytes) -> Any:
    view = View(STORES[store], account)
    phone = Phone(accounts.open_root(view.get("root"), account), instance, lease, [], 0)
    phone.recover(view, passphrase, checkpoint)
    PHONES[device] = phone


def _view(device: str, store: str) -> View:
    return View(STORES[store], PHONES[device].viewer.root.account)


@operation
def phone_sync(device: str, store: str) -> Any:
    PHONES[device].sync(_view(device, store))


@operation
def phone_unlock(device: str, store: str, passphrase: str) -> Any:
    PHONES[device].unlock(_view(device, store), passphrase)


@operation
def phone_unlock_kept(device: str, store: str) -> Any:
    PHONES[device].unlock_kept(_view(device, store))


@operation
def phone_extend(device: str, store: str, stream: str, now: int, until: int) -> Any:
    PHONES[device].extend(_view(device, store), stream, now, until)


@operation
def phone_checkpoint(device: str) -> Any:
    return {"checkpoint": PHONES[device].checkpoint()}


@operation
def phone_status(device: str, store: str) -> Any:
    return {"streams": PHONES[device].status(_view(device, store))}


@operation
def phone_check(device: str, store: str, checkpoint: str) -> Any:
    PHONES[device].check(_view(device, store), checkpoint)


@operation
def phone_view(device: str, store: str, stream: str, sequence: int) -> Any:
    return PHONES[device].show(_view(device, store), stream, sequence)


@operation
def phone_restart(device: str) -> Any:
    PHONES[device] = copy.deepcopy(PHONES[device])


# --- The protocol -----------------------------------------------------------------------------------


def from_json(kind: Any, value: Any) -> Any:
    """JSON as a parameter's type has it; `Annotated` says nothing here."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        present = next(k for k in inner if k is not type(None))
        return None if value is None else from_json(present, value)
    if origin is list:
        return [from_json(inner[0], item) for item in value]
    if kind is bytes:
        return bytes.fromhex(value)
    if kind in (int, str):
        return kind(value)
    hints = typing.get_type_hints(kind)
    return kind(**{name: from_json(hint, value.get(name.rstrip("_"))) for name, hint in hints.items()})


def to_json(value: Any) -> Any:
    """A result as JSON."""
    if isinstance(value, bytes):
        return value.hex()
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {name.rstrip("_"): to_json(item) for name, item in value.items()}
    if isinstance(value, list):
        return [to_json(item) for item in value]
    return value


def answer(name: str, given: dict[str, Any]) -> dict[str, Any]:
    """The answer to a request."""
    if name == "hello":
        return {"result": "accept",
                "output": {"name": NAME, "version": VERSION, "capabilities": list(OPERATIONS)}}
    function = OPERATIONS.get(name)
    if function is None:
        return {"result": "unsupported"}
    crypto.NOTED.clear()
    hints = typing.get_type_hints(function)
    hints.pop("return")
    try:
        parameters = {of: from_json(hint, given.get(of)) for of, hint in hints.items()}
        output = function(**parameters)
    except Refused as refused:
        released = {} if refused.output is None else {"output": to_json(refused.output)}
        return {"result": "reject", "reason": refused.reason} | released
    except Exception as error:  # a request that makes no sense, or a bug: neither may pass
        return {"result": "error", "message": f"{type(error).__name__}: {error}"}
    noted = {value: crypto.NOTED[value].hex() for value in INTERMEDIATE.get(name, []) if value in crypto.NOTED}
    return {"result": "accept", "output": {} if output is None else to_json(output)} | (
        {"intermediate": noted} if noted else {})


def main() -> None:
    """Answers line by line until the input ends."""
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps({"id": request["id"], **answer(request["operation"], request["input"])}), flush=True)


if __name__ == "__main__":
    main()
