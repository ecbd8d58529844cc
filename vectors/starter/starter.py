#!/usr/bin/env python3
"""An implementation to begin from: it answers three operations, with Python's own library alone.

    conformance vectors --impl 'python3 vectors/starter/starter.py'

Its tests are held, all others unsupported. For the next operation: read it in OPERATIONS.md and its section in
SPEC, write a function that takes the input and returns the output, and put `@operation` before it. What is
refused is `raise Refused(reason)`.
"""

import hashlib
import hmac
import json
import sys

OPERATIONS = {}


class Refused(Exception):
    """Something is refused for a reason of SPEC's table."""


def operation(function):
    """Makes a function an operation: `key_id` is `key-id`."""
    OPERATIONS[function.__name__.replace("_", "-")] = function
    return function


# --- SPEC, "Primitives" ---

PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B


def check_point(point):
    """A key is the uncompressed form of a point on P-256, and nothing else is."""
    if len(point) != 65 or point[0] != 4:
        raise Refused("invalid-key")
    x, y = int.from_bytes(point[1:33], "big"), int.from_bytes(point[33:], "big")
    if x >= PRIME or y >= PRIME or (y * y - (x * x * x - 3 * x + B)) % PRIME:
        raise Refused("invalid-key")


def expand(key, info, length):
    """HKDF-Expand with SHA-256 (RFC 5869 section 2.3), for at most 32 bytes."""
    return hmac.digest(key, info + b"\x01", "sha256")[:length]


@operation
def key_id(given):
    """SPEC, "Primitives": the short name of a key."""
    point = bytes.fromhex(given["point"])
    check_point(point)
    return {"id": hashlib.sha256(point).hexdigest()[:32]}


# --- SPEC, "Contacts" ---


def safety_number(account, member):
    """The 60 digits, in two halves, of the account and the member's key."""
    digits = ""
    for half in b"1", b"2":
        of = hashlib.sha256(b"eiot/1 safety number " + half + b" " + account + member).digest()
        digits += "".join(f"{int.from_bytes(of[5 * i : 5 * i + 5], 'big') % 100_000:05}" for i in range(6))
    return digits


@operation
def safety_number_check(given):
    """What was read out has these digits; 0 to 9 alone are digits."""
    right = safety_number(bytes.fromhex(given["account"]), bytes.fromhex(given["member"]))
    told = "".join(sign for sign in given["told"] if sign in "0123456789")
    if told != right:
        raise Refused("safety-number")
    return {}


# --- SPEC, "Parts" ---


@operation
def part_lookup(given):
    """Where a member looks for its part of the grants, and what opens it."""
    pairwise = bytes.fromhex(given["pairwise"])
    of = bytes.fromhex(given["statement"]) + given["index"].to_bytes(4, "big")
    find = expand(pairwise, b"eiot/1 grant find" + of, 8)
    return {
        "find": find.hex(),
        "seal": expand(pairwise, b"eiot/1 grant seal" + of, 16).hex(),
        "shard": int.from_bytes(find, "big") >> (64 - given["shard_bits"]),
    }


# --- PROTOCOL.md ---


def answer(request):
    """The answer to one request, without its id."""
    name, given = request["operation"], request["input"]
    if name == "hello":
        output = {"name": "starter", "version": "1", "capabilities": sorted(OPERATIONS)}
        return {"result": "accept", "output": output}
    if name == "reset":
        return {"result": "accept", "output": {}}
    if name not in OPERATIONS:
        return {"result": "unsupported"}
    try:
        return {"result": "accept", "output": OPERATIONS[name](given)}
    except Refused as refused:
        return {"result": "reject", "reason": str(refused)}
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        # A request that makes no sense. No test has one, and so this is never right.
        return {"result": "error", "message": f"{type(error).__name__}: {error}"}


for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps({"id": asked["id"], **answer(asked)}), flush=True)
