"""All cryptography of this project: seal, lock, derive, sign, and nothing that knows what a case is.

Every blob starts with a version byte and is bound to a *context*: a purpose, a format version and the ids it
belongs to. A blob that is moved elsewhere, altered anywhere, or opened with another key does not open.
Whatever goes wrong, one of two errors leaves this module: `CannotOpen` or `BadFormat`; `TooLong` refuses a
plaintext before it is sealed.

Sources: RFC 9180 (HPKE, base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM), RFC 8032 (Ed25519),
RFC 5869 (HKDF), RFC 9106 (Argon2id), NIST SP 800-38D (AES-GCM).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import struct
import threading
import unicodedata
from dataclasses import asdict, dataclass, field

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from storage.errors import BadFormat, CannotOpen, TooLong

PRIVATE_KEY_FUNCTIONS = frozenset({"open_sealed", "password_keys"})
"""What the part that talks to people must never import: with these a sealed answer can be read back."""

KEY_BYTES = 32
ID_BYTES = 16

ContextPart = str | bytes | int

_HEAD = struct.Struct(">cI").pack
_NUMBER = struct.Struct(">cIq").pack

_VERSION = b"\x01"
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_NONCE_BYTES = 12
_LENGTH_BYTES = 4
_SIZES = (256, 1_024, 4_096, 16_384, 65_536, 262_144)
"""Sizes in bytes that a plaintext is filled up to, so that its length says little. The last one holds the
links of the longest message there can be: each of its 16 000 characters takes three bytes as it was sent,
and nine more, percent-encoded, in the form that links are compared by."""

_ARGON2_AT_ONCE = threading.BoundedSemaphore(2)
"""Each run takes 64 MiB; more at once would let a storm of guesses use up the memory."""


# ------------------------------------------------------------------ randomness and context


def new_key() -> bytes:
    """Draw a 256-bit key for `lock`, `derive` or `index`."""
    return secrets.token_bytes(KEY_BYTES)


def new_id() -> bytes:
    """Draw a 128-bit id that tells nothing about when it was made."""
    return secrets.token_bytes(ID_BYTES)


def encode(*parts: ContextPart) -> bytes:
    """Write parts as one unambiguous byte string: each with its kind and its length before it."""
    encoded: list[bytes] = []
    for part in parts:
        if isinstance(part, str):
            data = part.encode("utf-8", "surrogatepass")
            encoded += _HEAD(b"s", len(data)), data
        elif isinstance(part, int):
            encoded.append(_NUMBER(b"i", 8, part))
        else:
            encoded += _HEAD(b"b", len(part)), part
    return b"".join(encoded)


def digest(data: bytes) -> bytes:
    """Return the SHA-256 of `data`, 32 bytes."""
    return hashlib.sha256(data).digest()


# ------------------------------------------------------------------ sealing to a public key


@dataclass(frozen=True)
class KeyPair:
    """An X25519 or Ed25519 key pair, each half 32 raw bytes."""

    private: bytes = field(repr=False)
    public: bytes


def new_key_pair() -> KeyPair:
    """Make an X25519 key pair to seal to."""
    return key_pair_of(X25519PrivateKey.generate().private_bytes_raw())


def key_pair_of(private: bytes) -> KeyPair:
    """Return the pair that an X25519 private half (any 32 bytes) belongs to.

    Raises:
        BadFormat: `private` is not 32 bytes.
    """
    return KeyPair(private, _x25519(private).public_key().public_bytes_raw())


def seal(public: bytes, plaintext: bytes, *context: ContextPart) -> bytes:
    """Seal `plaintext`, padded, so that only the owner of the private half opens it, in this context alone.

    Raises:
        TooLong: more than 262 140 bytes.
        BadFormat: `public` is no X25519 public key.
    """
    padded = _pad(plaintext)
    try:
        return _VERSION + _SUITE.encrypt(padded, X25519PublicKey.from_public_bytes(public), encode(*context))
    except ValueError:
        raise BadFormat("not a public key") from None


def open_sealed(private: bytes, blob: bytes, *context: ContextPart) -> bytes:
    """Open what `seal` made for this key and context.

    Raises:
        CannotOpen: another key, another context, or altered.
        BadFormat: not a sealed blob, or no private key.
    """
    key = _x25519(private)
    try:
        padded = _SUITE.decrypt(_body(blob), key, encode(*context))
    except (InvalidTag, ValueError):
        raise CannotOpen from None
    return _unpad(padded)


# ------------------------------------------------------------------ letters to people

_LETTER = ("letter", 1)


def seal_letter(public: bytes, plaintext: bytes, *context: ContextPart) -> bytes:
    """Seal what is meant for a person's own chat. Raises: as `seal`."""
    return seal(public, plaintext, *_LETTER, *context)


def open_letter(private: bytes, blob: bytes, *context: ContextPart) -> bytes:
    """Open what `seal_letter` made, and nothing else: no key opens an answer with this. Raises: as `open_sealed`."""
    return open_sealed(private, blob, *_LETTER, *context)


# ------------------------------------------------------------------ locking with a shared key


def lock(key: bytes, plaintext: bytes, *context: ContextPart, padded: bool = True) -> bytes:
    """Encrypt `plaintext` under a 256-bit key, bound to the context, with a fresh random nonce.

    Args:
        padded: fill up to one of six sizes, as `seal` does. Off only for what always has one length.

    Raises:
        TooLong: padded, and more than 262 140 bytes.
        BadFormat: `key` is not 32 bytes.
    """
    nonce = secrets.token_bytes(_NONCE_BYTES)
    body = _pad(plaintext) if padded else plaintext
    return _VERSION + nonce + _aes(key).encrypt(nonce, body, encode(*context))


def unlock(key: bytes, blob: bytes, *context: ContextPart, padded: bool = True) -> bytes:
    """Open what `lock` made with this key, context and `padded`.

    Raises:
        CannotOpen: another key, another context, or altered.
        BadFormat: not a locked blob, or no key.
    """
    aes, body = _aes(key), _body(blob)
    try:
        plaintext = aes.decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], encode(*context))
    except (InvalidTag, ValueError):
        raise CannotOpen from None
    return _unpad(plaintext) if padded else plaintext


def derive(key: bytes, *context: ContextPart) -> bytes:
    """Derive a 256-bit key for one purpose from `key` (HKDF-SHA-256)."""
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=encode(*context)).derive(key)


def index(key: bytes, *context: ContextPart) -> bytes:
    """Return a keyed hash to look something up by (HMAC-SHA-256, 32 bytes)."""
    return hmac.digest(key, encode(*context), "sha256")


def same(one: bytes, other: bytes) -> bool:
    """Compare two secrets in a time that tells nothing about where they differ."""
    return hmac.compare_digest(one, other)


# ------------------------------------------------------------------ signing


def new_signing_key() -> KeyPair:
    """Make an Ed25519 key pair."""
    private = Ed25519PrivateKey.generate()
    return KeyPair(private.private_bytes_raw(), private.public_key().public_bytes_raw())


def sign(private: bytes, *parts: ContextPart) -> bytes:
    """Sign the parts, in this order, with an Ed25519 private half; 64 bytes."""
    try:
        return Ed25519PrivateKey.from_private_bytes(private).sign(encode(*parts))
    except ValueError:
        raise BadFormat("not a signing key") from None


def verify(public: bytes, signature: bytes, *parts: ContextPart) -> bool:
    """Say whether `signature` was made over exactly these parts by the owner of `public`."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, encode(*parts))
    except (InvalidSignature, ValueError):
        return False
    return True


# ------------------------------------------------------------------ passwords and case codes


@dataclass(frozen=True)
class PasswordParameters:
    """What one guess at a password costs. Kept with each password, so that they can be raised later.

    Attributes:
        memory: in KiB, at least 8 a lane.
        passes: over that memory.
        lanes: filled side by side.
    """

    memory: int = 64 * 1024
    passes: int = 3
    lanes: int = 4

    def as_dict(self) -> dict[str, int]:
        """Return the parameters by name, as they are stored."""
        return asdict(self)


PASSWORD_PARAMETERS = PasswordParameters()
"""64 MiB, three passes, four lanes: RFC 9106, section 4, second recommended option."""


@dataclass(frozen=True)
class PasswordKeys:
    """What a password is good for: `check` is stored to compare with, `wrap` locks a private key."""

    check: bytes = field(repr=False)
    wrap: bytes = field(repr=False)


@dataclass(frozen=True)
class CodeKeys:
    """What a case code is good for: finding its receipt, and opening replies sealed to `public`."""

    lookup: bytes = field(repr=False)
    public: bytes = field(repr=False)
    private: bytes = field(repr=False)


def password_keys(
    password: str, salt: bytes, parameters: PasswordParameters = PASSWORD_PARAMETERS
) -> PasswordKeys:
    """Derive the keys of a password, in any Unicode form. Takes a quarter of a second and 64 MiB.

    Raises:
        BadFormat: the parameters or the salt (at least 8 bytes) make no sense.
    """
    root = _argon2(unicodedata.normalize("NFKC", password), salt, parameters)
    return PasswordKeys(digest(derive(root, "password check", 1)), derive(root, "password wrap", 1))


def code_keys(code: str, salt: bytes, parameters: PasswordParameters = PASSWORD_PARAMETERS) -> CodeKeys:
    """Derive the keys of a 16-digit case code. Costs what a password costs.

    Raises:
        BadFormat: the parameters or the salt (at least 8 bytes) make no sense.
    """
    root = _argon2(code, salt, parameters)
    pair = key_pair_of(derive(root, "case code key", 1))
    return CodeKeys(derive(root, "case code lookup", 1), pair.public, pair.private)


# ------------------------------------------------------------------ inside


def _argon2(secret: str, salt: bytes, parameters: PasswordParameters) -> bytes:
    try:
        with _ARGON2_AT_ONCE:
            return Argon2id(
                salt=salt,
                length=KEY_BYTES,
                iterations=parameters.passes,
                lanes=parameters.lanes,
                memory_cost=parameters.memory,
            ).derive(secret.encode("utf-8", "surrogatepass"))
    except (ValueError, OverflowError):
        raise BadFormat("unusable password parameters") from None


def _x25519(private: bytes) -> X25519PrivateKey:
    try:
        return X25519PrivateKey.from_private_bytes(private)
    except ValueError:
        raise BadFormat("not a private key") from None


def _aes(key: bytes) -> AESGCM:
    if len(key) != KEY_BYTES:
        raise BadFormat("not a key")
    return AESGCM(key)


def _body(blob: bytes) -> bytes:
    if blob[:1] != _VERSION:
        raise BadFormat("unknown version")
    return blob[1:]


def _pad(plaintext: bytes) -> bytes:
    needed = _LENGTH_BYTES + len(plaintext)
    size = next((size for size in _SIZES if needed <= size), None)
    if size is None:
        raise TooLong
    return (len(plaintext).to_bytes(_LENGTH_BYTES, "big") + plaintext).ljust(size, b"\0")


def _unpad(padded: bytes) -> bytes:
    length = int.from_bytes(padded[:_LENGTH_BYTES], "big")
    if len(padded) not in _SIZES or length > len(padded) - _LENGTH_BYTES:
        raise BadFormat("bad padding")
    return padded[_LENGTH_BYTES : _LENGTH_BYTES + length]
