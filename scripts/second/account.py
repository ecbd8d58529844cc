"""The account: root, statements, passphrase, vault, roster, checkpoint, pairing, contacts (SPEC "Account")."""

import re
from importlib.resources import files
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.serialization import (Encoding, NoEncryption, PrivateFormat,
                                                          load_der_private_key)

from cose import PS256, Sign1, encrypt0_open
from crypto import hpke_open, note, public_of, sha256, short_name
from encoding import Message, context, decode, encode, fit, from_text, message_hash, read, read_message, to_base32, words
from messages import (BODIES, NAME, Checkpoint, ContactCard, PairingOffer, PairingReply, Proximity, Ring,
                      Roster, RosterHead, RosterPrivate, SignedStatement, TreeHead, Unlock, UnlockPlain, Vault,
                      Work)
from refused import Refused, require

TEN_MINUTES = 10 * 60 * 1000
WORDS = (files("mnemonic") / "wordlist" / "english.txt").read_text(encoding="utf-8").split()
BY_START = {word[:4]: word for word in WORDS}


# --- Root and statements ----------------------------------------------------------------------------


class Root(NamedTuple):
    """An account's root, which is pinned by the account."""

    account: bytes
    modulus: bytes


def make_root(modulus: bytes) -> bytes:
    """The `COSE_Key` of an account signing key (`invalid-key`)."""
    require(len(modulus) == 256 and modulus[0] & 0x80 != 0 and modulus[-1] & 1 == 1, "invalid-key")
    return encode({1: 3, -1: modulus, -2: b"\1\0\1"})


def open_root(data: bytes, account: bytes | None = None) -> Root:
    """Reads a root; `account` is the pinned one, `None` where the root itself is."""
    item = decode(data)
    require(type(item) is tuple and len(item) == 3, "malformed")
    modulus, exponent = item[1][1], item[2][1]
    require(type(modulus) is bytes and type(exponent) is bytes, "malformed")
    require(encode({1: 3, -1: modulus, -2: exponent}) == data, "malformed")
    require(make_root(modulus) == data, "invalid-key")
    require(account is None or sha256(data) == account, "wrong-account")
    return Root(sha256(data), modulus)


def _tree_root(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The way from a leaf to the root (RFC 9162 section 2.1.3.2)."""
    require(index < size, "invalid-tree-path")
    here, last, at = index, size - 1, leaf
    for beside in path:
        require(last != 0, "invalid-tree-path")
        if here & 1 or here == last:
            at = sha256(b"\1" + beside + at)
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            at = sha256(b"\1" + at + beside)
        here, last = here >> 1, last >> 1
    require(last == 0, "invalid-tree-path")
    return at


def open_statement(root: Root, name: str, data: bytes) -> Message:
    """Opens a statement under a pinned root and reads the message in it."""
    statement: SignedStatement = read(SignedStatement, data)
    payload = Sign1(PS256, statement.head).verify_ps256(root.modulus)
    head: TreeHead = read_message("tree-head", TreeHead, root.account, payload).body
    leaf = message_hash(statement.leaf)
    note(leaf_hash=leaf)
    arrived = _tree_root(leaf, statement.place, head.size, statement.path)
    require(arrived == head.root, "invalid-tree-path")
    return read_message(name, BODIES[name], root.account, statement.leaf)


# --- Passphrase and vault ---------------------------------------------------------------------------


def read_passphrase(text: str) -> str:
    """The canonical form of a passphrase as a person typed it."""
    typed = [word.lower() if word.isascii() else "" for word in words(text)]
    require(len(typed) == 10, "word-count")
    canonical = [BY_START.get(word[:4], "?") for word in typed]
    for word, given in zip(canonical, typed):
        require(given in (word, word[:4]), "unknown-word")
    return " ".join(canonical)


def derive_pdk(passphrase: str, salt: bytes, work: Work) -> bytes:
    """The passphrase-derived key (`work-out-of-range`)."""
    canonical = read_passphrase(passphrase).encode()
    require(10 <= work.log_n <= 20 and work.r == 8 and work.p == 1, "work-out-of-range")
    require(1_000 <= work.iterations <= 10_000_000, "work-out-of-range")
    stretched = Scrypt(salt, 32, 1 << work.log_n, work.r, work.p).derive(canonical)
    pdk = PBKDF2HMAC(SHA256(), 32, salt, work.iterations).derive(stretched)
    note(scrypt=stretched, pdk=pdk)
    return pdk


def open_vault(account: bytes, passphrase: str | None, place: int, seen: int, data: bytes,
               pdk: bytes = b"") -> tuple[bytes, Ring]:
    """Opens the vault that lies under the number `place`: the account signing key and the ring.

    Without a passphrase, with the PDK.
    """
    vault: Vault = read_message("vault", Vault, account, data).body
    require(vault.number == place and vault.number >= seen, "vault-rollback")
    if passphrase is not None:
        pdk = derive_pdk(passphrase, vault.salt, vault.work)
    where = [vault.number, vault.salt, vault.work]
    key_context, ring_context = (context(name, account, where) for name in ("vault-signing-key", "vault-ring"))
    note(signing_key_context=key_context, ring_context=ring_context)
    signing_key = encrypt0_open(pdk, key_context, vault.signing_key, "vault-open")
    try:
        ring = read(Ring, encrypt0_open(pdk, ring_context, vault.ring, "vault-open"))
        key = load_der_private_key(signing_key, None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise Refused("vault-open")
        numbers = key.public_key().public_numbers()
        require(numbers.e == 65537 and key.key_size == 2048, "vault-open")
        # The library reads other encodings as well: this is the one.
        require(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()) == signing_key, "vault-open")
    except (Refused, ValueError, UnsupportedAlgorithm) as error:
        raise Refused("vault-open") from error
    require(sha256(make_root(numbers.n.to_bytes(256, "big"))) == account, "root-mismatch")
    return signing_key, ring


def open_under_ring(ring: list[bytes], generation: int, where: bytes, sealed: bytes) -> bytes:
    """Opens a record under the ring key of a generation, which count from 1."""
    require(1 <= generation <= len(ring), "sealed-open")
    return encrypt0_open(ring[generation - 1], where, sealed)


# --- Roster, checkpoint, unlock ---------------------------------------------------------------------


def follow_roster(head: RosterHead | None, roster: Message) -> RosterHead:
    """Takes a roster after the one that the phone has."""
    body: Roster = roster.body
    number, previous = head or (0, None)
    require((body.number, body.previous) == (number + 1, previous), "roster-chain")
    return RosterHead(body.number, roster.hash)


def open_roster(root: Root, data: bytes) -> Message:
    """Opens a roster: they count from 1, and the first alone has no predecessor."""
    message = open_statement(root, "roster", data)
    body: Roster = message.body
    require(body.number >= 1 and (body.previous is None) == (body.number == 1), "malformed")
    return message


def open_roster_ring(roster: Message, instance: bytes) -> Ring:
    """Opens the key ring that a roster holds for a phone."""
    body: Roster = roster.body
    mine = public_of(instance)
    entry = next((phone for phone in body.phones if phone.keys.instance == mine), None)
    if entry is None:
        raise Refused("phone-not-listed")
    info = context("roster-ring", roster.account, [body.number, short_name(mine)])
    return read(Ring, hpke_open(instance, entry.ring.enc, entry.ring.ciphertext, info, "sealed-open"))


def open_roster_private(roster: Message, ring: list[bytes]) -> RosterPrivate:
    """Opens what the owner's phones alone know of the members."""
    body: Roster = roster.body
    where = context("roster-private", roster.account, [body.number, body.generation])
    return read(RosterPrivate, open_under_ring(ring, body.generation, where, body.private))


def read_checkpoint(account: bytes, text: str) -> Checkpoint:
    """Reads a checkpoint's text."""
    data = from_text("EIOT:CHECKPOINT:", text, "malformed")
    checkpoint: Checkpoint = read_message("checkpoint", Checkpoint, account, data).body
    return checkpoint


def write_checkpoint(account: bytes, seen: Checkpoint) -> str:
    """The text of a checkpoint, its streams ascending by name."""
    message = encode(["checkpoint", 1, account, seen._replace(streams=sorted(seen.streams))])
    return "EIOT:CHECKPOINT:" + to_base32(message)


def open_unlock(account: bytes, instance: bytes, data: bytes) -> bytes:
    """Opens the PDK that was wrapped to an instance key."""
    unlock: Unlock = read_message("unlock", Unlock, account, data).body
    mine = short_name(public_of(instance))
    require(unlock.phone == mine, "sealed-open")
    plain = hpke_open(instance, unlock.pdk.enc, unlock.pdk.ciphertext,
                      context("unlock", account, mine), "sealed-open")
    return read(UnlockPlain, plain).key


# --- Pairing and contacts ---------------------------------------------------------------------------


class Offer(NamedTuple):
    """A pairing offer as a camera takes it."""

    account: bytes
    secret: bytes
    issued: int
    id: bytes


def read_offer(text: str) -> Offer:
    """Reads the text of a pairing offer; all that is wrong with it has one reason."""
    try:
        data = from_text("EIOT:PAIR:", text, "offer-malformed")
        offer = read_message("pairing-offer", PairingOffer, None, data)
    except Refused as error:
        raise Refused("offer-malformed") from error
    secret: bytes = offer.body.secret
    return Offer(offer.account, secret, offer.body.issued, sha256(b"eiot/1 pairing" + secret)[:16])


def take_offer(now: int, text: str) -> Offer:
    """Reads a pairing offer and takes it for ten minutes (`offer-expired`)."""
    offer = read_offer(text)
    require(now <= offer.issued + TEN_MINUTES, "offer-expired")
    return offer


def open_reply(text: str, reply: bytes) -> PairingReply:
    """Opens a camera's reply under the offer that the phone made."""
    offer = read_offer(text)
    where = context("pairing-reply", offer.account, offer.id)
    try:
        return read(PairingReply, encrypt0_open(offer.secret, where, reply))
    except Refused as error:
        raise Refused("reply-open") from error


def check_name(name: str) -> None:
    """The name of a stream or device (`stream-name`)."""
    require(re.fullmatch(NAME, name) is not None, "stream-name")


def read_card(text: str) -> ContactCard:
    """Reads a contact card's text; all that is wrong with it has one reason."""
    try:
        card: ContactCard = fit(ContactCard, decode(from_text("EIOT:CARD:", text, "card-malformed")))
        require(card.type == "contact-card" and card.version == 1, "card-malformed")
    except Refused as error:
        raise Refused("card-malformed") from error
    return card


def read_proximity(payload: bytes) -> tuple[bytes, Proximity]:
    """Reads a proximity payload: the account to pin, and the rest."""
    try:
        message = read_message("proximity", Proximity, None, payload)
    except Refused as error:
        raise Refused("card-malformed") from error
    return message.account, message.body


def safety_number(account: bytes, member: bytes) -> str:
    """Twelve groups of five digits."""
    halves = [sha256(b"eiot/1 safety number " + half + b" " + account + member) for half in (b"1", b"2")]
    return " ".join(f"{int.from_bytes(half[5 * i:5 * i + 5], 'big') % 100_000:05}"
                    for half in halves for i in range(6))


def check_safety_number(account: bytes, member: bytes, told: str) -> None:
    """Compares the digits that were read out, whatever is between them (`safety-number`)."""
    digits = "".join(digit for digit in told if digit in "0123456789")
    require(digits == safety_number(account, member).replace(" ", ""), "safety-number")
