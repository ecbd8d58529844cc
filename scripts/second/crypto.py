"""The primitives (SPEC "Primitives"), on PyPI's `cryptography`.

HPKE's receiver is written out (RFC 9180), since `cryptography`'s own gives no exporter, which
introductions need; the sender is that one, so the two are held against each other.
"""

import hashlib
import hmac

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from refused import Refused, require

P256 = ec.SECP256R1()
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
NOTED: dict[str, bytes] = {}
"""Values on the way, for whoever compares them (vectors/README.md, `intermediate`)."""


def note(**values: bytes) -> None:
    """Notes values on the way; the first of a name stays."""
    for name, value in values.items():
        NOTED.setdefault(name, value)


def sha256(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()


# --- P-256 ------------------------------------------------------------------------------------------


def check_point(point: bytes) -> None:
    """A key is an uncompressed point on the curve (`invalid-key`)."""
    load_point(point, "invalid-key")


def load_point(point: bytes, reason: str) -> ec.EllipticCurvePublicKey:
    """The public key that 65 bytes are."""
    require(len(point) == 65 and point[0] == 4, reason)
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(P256, point)
    except ValueError as error:
        raise Refused(reason) from error


def load_private(scalar: bytes, reason: str) -> ec.EllipticCurvePrivateKey:
    """The private key that 32 bytes are, in 1 … n − 1."""
    number = int.from_bytes(scalar, "big")
    require(len(scalar) == 32 and 1 <= number < ORDER, reason)
    return ec.derive_private_key(number, P256)


def encode_point(key: ec.EllipticCurvePublicKey) -> bytes:
    """The 65 bytes of a public key."""
    numbers = key.public_numbers()
    return b"\4" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


def public_of(scalar: bytes, reason: str = "invalid-key") -> bytes:
    """The public half of a private key."""
    return encode_point(load_private(scalar, reason).public_key())


def short_name(point: bytes) -> bytes:
    """The short name of a key."""
    return sha256(point)[:16]


# --- Symmetric --------------------------------------------------------------------------------------


def gcm_open(key: bytes, nonce: bytes, sealed: bytes, associated: bytes, reason: str) -> bytes:
    """Opens AES-GCM."""
    try:
        return AESGCM(key).decrypt(nonce, sealed, associated)
    except InvalidTag as error:
        raise Refused(reason) from error


def gcm_seal(key: bytes, nonce: bytes, plain: bytes, associated: bytes) -> bytes:
    """Seals with AES-GCM."""
    return AESGCM(key).encrypt(nonce, plain, associated)


def hkdf_expand(key: bytes, info: bytes, length: int) -> bytes:
    """HKDF-Expand with SHA-256."""
    return HKDFExpand(hashes.SHA256(), length, info).derive(key)


# --- HPKE (RFC 9180) --------------------------------------------------------------------------------

_KEM = b"KEM" + bytes.fromhex("0010")
_SUITE = b"HPKE" + bytes.fromhex("0010 0001 0001")


def _extract(suite: bytes, salt: bytes, label: bytes, ikm: bytes) -> bytes:
    return hmac.digest(salt, b"HPKE-v1" + suite + label + ikm, "sha256")


def _expand(suite: bytes, prk: bytes, label: bytes, info: bytes, length: int) -> bytes:
    return hkdf_expand(prk, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, length)


class Recipient:
    """HPKE's receiver context in base mode (sections 4.1 and 5.1); an `enc` that is no point opens nothing."""

    def __init__(self, private: bytes, enc: bytes, info: bytes, reason: str) -> None:
        key = load_private(private, "invalid-key")
        dh = key.exchange(ec.ECDH(), load_point(enc, reason))
        secret = _expand(_KEM, _extract(_KEM, b"", b"eae_prk", dh), b"shared_secret",
                         enc + encode_point(key.public_key()), 32)
        note(info=info, shared_secret=secret)
        schedule = (b"\0" + _extract(_SUITE, b"", b"psk_id_hash", b"")
                    + _extract(_SUITE, b"", b"info_hash", info))
        self._secret = _extract(_SUITE, secret, b"secret", b"")
        self._schedule = schedule
        self._reason = reason

    def open(self, sealed: bytes) -> bytes:
        """Opens the one ciphertext there is."""
        key = _expand(_SUITE, self._secret, b"key", self._schedule, 16)
        nonce = _expand(_SUITE, self._secret, b"base_nonce", self._schedule, 12)
        return gcm_open(key, nonce, sealed, b"", self._reason)

    def export(self, exporter: bytes, length: int) -> bytes:
        """A secret that both sides have (section 5.3)."""
        key = _expand(_SUITE, self._secret, b"exp", self._schedule, 32)
        return _expand(_SUITE, key, b"sec", exporter, length)


def hpke_open(private: bytes, enc: bytes, sealed: bytes, info: bytes, reason: str) -> bytes:
    """Opens HPKE in single shot."""
    return Recipient(private, enc, info, reason).open(sealed)


def hpke_seal(public: bytes, plain: bytes, info: bytes) -> tuple[bytes, bytes]:
    """Seals with HPKE in single shot: the encapsulated key, the ciphertext."""
    both = Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_128_GCM).encrypt(
        plain, load_point(public, "invalid-key"), info=info)
    return both[:65], both[65:]


# --- Signatures -------------------------------------------------------------------------------------


def es256_verify(key: bytes, signature: bytes, data: bytes) -> None:
    """Verifies ES256; s and n − s alike (`invalid-signature`)."""
    public = load_point(key, "invalid-key")
    require(len(signature) == 64, "invalid-signature")
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    try:
        public.verify(utils.encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise Refused("invalid-signature") from error


def es256_sign(private: bytes, data: bytes) -> bytes:
    """Signs with ES256, deterministically (RFC 6979)."""
    signer = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
    r, s = utils.decode_dss_signature(load_private(private, "invalid-key").sign(data, signer))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def ps256_verify(modulus: bytes, signature: bytes, data: bytes) -> None:
    """Verifies PS256 (`invalid-signature`)."""
    public = rsa.RSAPublicNumbers(65537, int.from_bytes(modulus, "big")).public_key()
    try:
        public.verify(signature, data, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    except InvalidSignature as error:
        raise Refused("invalid-signature") from error
