"""Which passwords a colleague may choose: long, and not among those that are guessed first."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from storage.errors import UnfitPassword

SHORTEST = 15
LONGEST = 128
"""In characters after NFKC. Source: NIST SP 800-63B-4, section 3.1.1 (15 where a password stands alone)."""


def check_password(password: str) -> None:
    """Refuse a password that is too short, too long, well known, or one piece said over and over.

    Raises:
        UnfitPassword: with which of these it is.
    """
    normal = unicodedata.normalize("NFKC", password)
    if len(normal) < SHORTEST:
        raise UnfitPassword("too_short")
    if len(normal) > LONGEST:
        raise UnfitPassword("too_long")
    plain = _plain(normal)
    # A number after a well-known word is the first thing that is tried.
    for guess in (normal, plain, plain.rstrip("0123456789")):
        if guess in _BREACHED or _is_repetition(guess):
            raise UnfitPassword("known")


def _plain(text: str) -> str:
    """Return the letters and digits alone: capitals, spaces and signs between do not make a guess harder."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _is_repetition(text: str) -> bool:
    """Say whether `text` is one piece twice or more; the last time may break off."""
    return any(text.startswith(text[period:]) for period in range(1, len(text) // 2 + 1))


# What guessers try first of fifteen signs and more: number and keyboard runs, well-known phrases, doubled words.
_BREACHED = frozenset(
    _plain(line) for line in Path(__file__).with_name("breached.txt").read_text("utf-8").splitlines()
)
