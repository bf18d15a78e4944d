"""RFC 9180 base mode, DHKEM(X25519, HKDF-SHA256) with HKDF-SHA256, written from the text of the RFC.

A second implementation to hold the first one against; for tests alone.
"""

from __future__ import annotations

import hmac

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

AES_128_GCM, AES_256_GCM = (1, 16), (2, 32)
"""Id of the AEAD and length of its key in bytes (RFC 9180, section 7.3)."""

_KEM = b"KEM" + (0x20).to_bytes(2, "big")


def open_base(
    private: bytes, enc: bytes, ciphertext: bytes, info: bytes, aad: bytes, aead: tuple[int, int]
) -> bytes:
    """Open a single-shot message (section 6.1: `OpenBase`)."""
    aead_id, key_length = aead
    key = X25519PrivateKey.from_private_bytes(private)
    dh = key.exchange(X25519PublicKey.from_public_bytes(enc))
    kem_context = enc + key.public_key().public_bytes_raw()
    shared_secret = _labelled_expand(
        _labelled_extract(b"", b"eae_prk", dh, _KEM), b"shared_secret", kem_context, 32, _KEM
    )
    suite = b"HPKE" + b"".join(number.to_bytes(2, "big") for number in (0x20, 0x01, aead_id))
    key_schedule_context = (
        b"\x00"
        + _labelled_extract(b"", b"psk_id_hash", b"", suite)
        + _labelled_extract(b"", b"info_hash", info, suite)
    )
    secret = _labelled_extract(shared_secret, b"secret", b"", suite)
    aead_key = _labelled_expand(secret, b"key", key_schedule_context, key_length, suite)
    base_nonce = _labelled_expand(secret, b"base_nonce", key_schedule_context, 12, suite)
    return AESGCM(aead_key).decrypt(base_nonce, ciphertext, aad)


def _labelled_extract(salt: bytes, label: bytes, ikm: bytes, suite: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + ikm, "sha256")


def _labelled_expand(prk: bytes, label: bytes, info: bytes, length: int, suite: bytes) -> bytes:
    labelled_info = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return hmac.digest(prk, labelled_info + b"\x01", "sha256")[:length]
