"""The recovery key: on paper, away from the machines; opens every case if all colleagues are lost."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field

from storage.errors import WrongRecoveryKey
from storage.sealing import KEY_BYTES, digest, encode, key_pair_of, new_key

_CHECK_BYTES = 3  # 35 bytes in all: 56 signs, fourteen groups of four, nothing left over
_GROUP = 4
_MISREAD = str.maketrans("018", "OIB")  # signs that base 32 does not have, and what they were
_BETWEEN = str.maketrans("", "", " \t\r\n-\u2010\u2011\u2012\u2013")


@dataclass(frozen=True)
class RecoveryKey:
    """A recovery key that was typed in without a slip; whether it opens anything shows in use."""

    private: bytes = field(repr=False)

    @classmethod
    def new(cls) -> RecoveryKey:
        """Draw a new one."""
        return cls(new_key())

    @classmethod
    def from_text(cls, text: str) -> RecoveryKey:
        """Read what `text` printed; capitals, spaces and hyphens do not matter.

        Raises:
            WrongRecoveryKey: there is a slip in it.
        """
        signs = text.translate(_BETWEEN).upper().translate(_MISREAD)
        try:
            data = base64.b32decode(signs)
        except (binascii.Error, ValueError):
            raise WrongRecoveryKey from None
        private, check = data[:KEY_BYTES], data[KEY_BYTES:]
        if len(private) != KEY_BYTES or check != _check(private):
            raise WrongRecoveryKey
        return cls(private)

    @property
    def text(self) -> str:
        """The key as it is printed: fourteen groups of four, the last three bytes of it a check."""
        signs = base64.b32encode(self.private + _check(self.private)).decode("ascii")
        return "-".join(signs[start : start + _GROUP] for start in range(0, len(signs), _GROUP))

    @property
    def public(self) -> bytes:
        """What its slots are sealed to."""
        return key_pair_of(self.private).public


def _check(private: bytes) -> bytes:
    return digest(encode("recovery key check", 1, private))[:_CHECK_BYTES]
