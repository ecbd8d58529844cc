"""Deterministic CBOR, and values that follow a grammar (SPEC "Messages").

PyPI's `cbor2` encodes. It is too kind to decode what others send: it takes a bignum for an integer, gives
other tags a meaning, and does not say how an item was encoded. The decoder here does.

A grammar is a Python type, as in `messages.py`: a `NamedTuple` is an array of just these items, and
`Annotated` narrows a type. A number narrows the size of bytes, the greatest integer, the least number of
items of a list; a pattern narrows a text; `KEY` marks bytes that must be a P-256 point, `ASCENDING` a list in
order.
"""

import base64
import hashlib
import re
import types
import typing
from functools import cache
from typing import Annotated, Any, NamedTuple, TypeVar

import cbor2

from crypto import check_point
from refused import Refused, require

GREATEST = 16 * 1024 * 1024
KEY = "a P-256 public key"
ASCENDING = "ascending by the first of each item, none twice"
T = TypeVar("T")


# --- CBOR -------------------------------------------------------------------------------------------


def encode(value: Any) -> bytes:
    """The deterministic encoding (RFC 8949 section 4.2.1); a map is given in its order."""
    return cbor2.dumps(value)


class _Reader:
    """Reads items: a map as a tuple of pairs, a tag as a `CBORTag`, a float as a `float`."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.shortest = True
        """Are all lengths definite, and all integers and lengths in as few bytes as they can be?"""

    def take(self, count: int) -> bytes:
        """The next bytes."""
        taken = self.data[self.at:self.at + count]
        require(len(taken) == count, "malformed")
        self.at += count
        return taken

    def item(self) -> Any:
        """The next item (`malformed`)."""
        major, info = divmod(self.take(1)[0], 32)
        width = 1 << info - 24 if 24 <= info <= 27 else 0
        argument = int.from_bytes(self.take(width), "big") if width else info
        if major == 7:
            return self._other(info, argument)
        if info == 31 and major in (2, 3, 4, 5):
            self.shortest = False
            return self._indefinite(major)
        require(info <= 27, "malformed")
        self.shortest &= not width or argument >= (24 if width == 1 else 1 << 4 * width)
        if major in (0, 1):
            return argument if major == 0 else -1 - argument
        if major in (2, 3):
            return self._string(major, self.take(argument))
        if major == 6:
            return cbor2.CBORTag(argument, self.item())
        return self._container(major, [self.item() for _ in range(argument * (major - 3))])

    def _string(self, major: int, data: bytes) -> bytes | str:
        try:
            return data if major == 2 else data.decode()
        except UnicodeDecodeError as error:
            raise Refused("malformed") from error

    def _container(self, major: int, items: list[Any]) -> Any:
        return items if major == 4 else tuple(zip(items[::2], items[1::2]))

    def _other(self, info: int, argument: int) -> Any:
        require(info <= 27 and (info != 24 or argument >= 32), "malformed")
        simple = {20: False, 21: True, 22: None}
        return float("nan") if info >= 25 else simple.get(argument, cbor2.undefined)

    def _indefinite(self, major: int) -> Any:
        items: list[Any] = []
        while (initial := self.take(1)[0]) != 0xFF:
            require(major > 3 or initial >> 5 == major and initial & 31 != 31, "malformed")
            self.at -= 1
            items.append(self.item())
        if major in (2, 3):
            return (b"" if major == 2 else "").join(items)
        require(major == 4 or len(items) % 2 == 0, "malformed")
        return self._container(major, items)


def decode(data: bytes) -> Any:
    """One item and nothing after it: `too-large`, `malformed`, `not-deterministic`, in this order."""
    require(len(data) <= GREATEST, "too-large")
    reader = _Reader(data)
    try:
        value = reader.item()
    except (RecursionError, OverflowError, MemoryError) as error:
        raise Refused("malformed") from error
    require(reader.shortest and reader.at == len(data), "not-deterministic")
    return value


# --- Grammar ----------------------------------------------------------------------------------------


@cache
def _fields(record: type) -> list[Any]:
    return list(typing.get_type_hints(record, include_extras=True).values())


def _fit(kind: Any, value: Any, keys: list[bytes]) -> Any:
    """The value as its grammar has it (`malformed`); the points in it are added to `keys`."""
    limit = None
    if typing.get_origin(kind) is Annotated:
        kind, limit = typing.get_args(kind)
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        present = next(k for k in typing.get_args(kind) if k is not type(None))
        return None if value is None else _fit(present, value, keys)
    if origin is list:
        least = limit if type(limit) is int else 0
        require(type(value) is list and len(value) >= least, "malformed")
        (of,) = typing.get_args(kind)
        items = [_fit(of, item, keys) for item in value]
        if limit == ASCENDING:
            require(all(a[0] < b[0] for a, b in zip(items, items[1:])), "malformed")
        return items
    if kind is bytes:
        require(type(value) is bytes, "malformed")
        if limit == KEY:
            keys.append(value)
        else:
            require(limit is None or len(value) == limit, "malformed")
        return value
    if kind is int:
        require(type(value) is int and 0 <= value <= (2**64 - 1 if limit is None else limit), "malformed")
        return value
    if kind is str:
        require(type(value) is str and (limit is None or re.fullmatch(limit, value) is not None), "malformed")
        return value
    hints = _fields(kind)
    require(type(value) is list and len(value) == len(hints), "malformed")
    return kind(*(_fit(hint, item, keys) for hint, item in zip(hints, value)))


def fit(kind: type[T], value: Any) -> T:
    """The value as its grammar has it (`malformed`), with valid keys (`invalid-key`)."""
    keys: list[bytes] = []
    fitted: T = _fit(kind, value, keys)
    for key in keys:
        check_point(key)
    return fitted


def read(kind: type[T], data: bytes) -> T:
    """Decodes what is no message: what was sealed, or a statement."""
    return fit(kind, decode(data))


# --- Messages ---------------------------------------------------------------------------------------


class Message(NamedTuple):
    """A message that was read."""

    account: bytes
    body: Any
    hash: bytes
    bytes: bytes


def message_hash(message: bytes) -> bytes:
    """The hash of a message, which is that of a leaf (RFC 9162 section 2.1.1)."""
    return hashlib.sha256(b"\0" + message).digest()


def read_message(name: str, kind: Any, account: bytes | None, data: bytes) -> Message:
    """Reads a message in SPEC's order; `account` is `None` where none is pinned yet."""
    item = decode(data)
    require(type(item) is list and len(item) == 4, "malformed")
    given, version, of, body = item
    _fit(str, given, []), _fit(int, version, []), _fit(Annotated[bytes, 32], of, [])
    require(given == name, "wrong-type")
    require(version == 1, "unknown-version")
    require(account is None or of == account, "wrong-account")
    return Message(of, fit(kind, body), message_hash(data), data)


def context(name: str, account: bytes, place: Any) -> bytes:
    """The context of something sealed."""
    return encode([name, 1, account, place])


# --- Texts ------------------------------------------------------------------------------------------


def from_base32(text: str, reason: str) -> bytes:
    """Base32 (RFC 4648) in upper case, without padding; the bits that no byte needs are zero."""
    try:
        data = base64.b32decode(text + "=" * (-len(text) % 8))
    except ValueError as error:
        raise Refused(reason) from error
    require(to_base32(data) == text, reason)
    return data


def to_base32(data: bytes) -> str:
    """Base32 without padding."""
    return base64.b32encode(data).decode().rstrip("=")


def words(text: str) -> list[str]:
    """A text between its white space, which is Unicode's."""
    return [word for word in re.split("[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+", text) if word]


def from_text(prefix: str, text: str, reason: str) -> bytes:
    """The bytes in a text like `EIOT:PAIR:…`, in any case, with white space before and after."""
    whole = words(text)
    require(len(whole) == 1 and whole[0].isascii() and whole[0].upper().startswith(prefix), reason)
    return from_base32(whole[0].upper()[len(prefix):], reason)
