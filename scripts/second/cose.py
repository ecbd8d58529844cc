"""COSE (RFC 9052), as much of it as SPEC has (SPEC "Messages").

That is two structures with fixed headers. `pycose` is not taken for them: it reads many more headers and
algorithms than may be accepted here, and brings a second library of elliptic curves along.
"""

from typing import Any

import cbor2

from crypto import es256_sign, es256_verify, gcm_open, note, ps256_verify
from encoding import decode, encode
from refused import Refused, require

ES256, PS256, A256GCM = -7, -37, 3


def _parts(data: bytes, tag: int, count: int, reason: str) -> list[Any]:
    item = decode(data)
    require(isinstance(item, cbor2.CBORTag) and item.tag == tag, reason)
    require(isinstance(item.value, list) and len(item.value) == count, reason)
    parts: list[Any] = item.value
    return parts


class Sign1:
    """A `COSE_Sign1` that has been read, and not yet verified."""

    def __init__(self, algorithm: int, data: bytes) -> None:
        parts = _parts(data, 18, 4, "malformed")
        protected, payload, signature = encode({1: algorithm}), parts[2], parts[3]
        require(type(payload) is bytes and type(signature) is bytes, "malformed")
        require(encode(cbor2.CBORTag(18, [protected, {}, payload, signature])) == data, "malformed")
        self.payload: bytes = payload
        self.signature: bytes = signature
        self.to_be_signed = encode(["Signature1", protected, b"", payload])

    def verify_es256(self, key: bytes) -> bytes:
        """The payload, if the signature verifies under a camera or lease key."""
        note(to_be_signed=self.to_be_signed)
        es256_verify(key, self.signature, self.to_be_signed)
        return self.payload

    def verify_ps256(self, modulus: bytes) -> bytes:
        """The payload, if the signature verifies under an account signing key."""
        note(to_be_signed=self.to_be_signed)
        ps256_verify(modulus, self.signature, self.to_be_signed)
        return self.payload


def sign1(private: bytes, payload: bytes) -> bytes:
    """Makes a `COSE_Sign1` with ES256."""
    protected = encode({1: ES256})
    signature = es256_sign(private, encode(["Signature1", protected, b"", payload]))
    return encode(cbor2.CBORTag(18, [protected, {}, payload, signature]))


def encrypt0_open(key: bytes, external: bytes, data: bytes, reason: str = "sealed-open") -> bytes:
    """Opens a `COSE_Encrypt0`; whatever is wrong with it has one reason."""
    try:
        _, unprotected, sealed = _parts(data, 16, 3, reason)
    except Refused as error:
        raise Refused(reason) from error
    require(type(unprotected) is tuple and len(unprotected) == 1 and type(sealed) is bytes, reason)
    protected, iv = encode({1: A256GCM}), unprotected[0][1]
    require(type(iv) is bytes and len(iv) == 12, reason)
    require(encode(cbor2.CBORTag(16, [protected, {5: iv}, sealed])) == data, reason)
    associated = encode(["Encrypt0", protected, external])
    note(associated_data=associated)
    return gcm_open(key, iv, sealed, associated, reason)
