"""A second implementation of the viewer's, member's and camera's side of EncryptedIoT, version 1.

It is written from reference/SPEC.md alone, not from the reference implementation, to find out whether SPEC
says enough. This file answers the runner (vectors/PROTOCOL.md): a line of JSON is a request or an answer.

    conformance vectors --impl scripts/second/run            # makes its own virtual environment
    python3 scripts/second/shim.py                           # where the packages are installed already

It is not for production: private keys stay in memory and are not wiped, nothing runs in constant time but
what the libraries do so, and it keeps no state on a disk. It does not make what an owner makes (accounts,
announcements, introductions, links), and knows nothing of the other schemes in vectors/.

The operations are in steps.py and devices.py.
"""

import json
import sys
import types
import typing
from typing import Any

import crypto
import devices  # noqa: F401, its operations
import steps  # noqa: F401, its operations
from operation import OPERATIONS
from refused import Refused

NAME, VERSION = "encryptediot-second", "1"
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
