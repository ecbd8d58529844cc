"""Devices that remember, and the views of the cloud that the provider gives them, as operations."""

import copy
from typing import Any, NamedTuple

import account as accounts
from camera import Camera
from member import Member
from operation import operation
from phone import Phone
from refused import require
from viewer import View

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
    before = CAMERAS[device].relieved()
    said = CAMERAS[device].accept(announcement, wall, monotonic)
    return {"acknowledgement": said, "relieved": CAMERAS[device].relieved() != before}


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
