"""COSE (RFC 9052), as much of it as SPEC has (SPEC "Messages").

That is two structures with fixed headers. `pycose` is not taken for them: it reads many more headers and
algorithms than may be accepted here, and brings a second library of elliptic curves along.
"""

from collections.abc import Mapping
from typing import Any

import cbor2

from crypto import es256_sign, es256_verify, gcm_open, note, ps256_verify
from encoding import decode, encode
from refused import Refused, require

ES256, PS256, A256GCM = -7, -37, 3


class Sign1:
    """A `COSE_Sign1` that has been read, and not yet verified."""

    def __init__(self, algorithm: int, data: bytes) -> None:
        item = decode(data)
        require(isinstance(item, cbor2.CBORTag) and item.tag == 18, "malformed")
        require(isinstance(item.value, list | tuple) and len(item.value) == 4, "malformed")
        protected, unprotected, payload, signature = item.value
        require(protected == encode({1: algorithm}) and unprotected == {}, "malformed")
        require(type(payload) is bytes and type(signature) is bytes, "malformed")
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
        item = decode(data)
    except Refused as error:
        raise Refused(reason) from error
    require(isinstance(item, cbor2.CBORTag) and item.tag == 16, reason)
    require(isinstance(item.value, list | tuple) and len(item.value) == 3, reason)
    protected, unprotected, sealed = item.value
    require(protected == encode({1: A256GCM}) and type(sealed) is bytes, reason)
    require(isinstance(unprotected, Mapping) and list(unprotected) == [5], reason)
    iv: Any = unprotected[5]
    require(type(iv) is bytes and len(iv) == 12, reason)
    associated = encode(["Encrypt0", protected, external])
    note(associated_data=associated)
    return gcm_open(key, iv, sealed, associated, reason)
