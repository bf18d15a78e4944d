"""The case code: 14 random digits and two check digits, written in four groups of four.

The check digits (ISO 7064, MOD 97-10) catch every single wrong digit and every two that changed
places, so a slip can be told apart from a code that opens nothing without asking any store.
"""

from __future__ import annotations

import re
import unicodedata

DIGITS = 16
_CODE = re.compile(r"\D{0,40}?(\d{4})[ \-]*(\d{4})[ \-]*(\d{4})[ \-]*(\d{4})\D{0,40}")


def case_code(fourteen_digits: str) -> str:
    """Return the code for 14 drawn digits."""
    return fourteen_digits + f"{98 - int(fourteen_digits) * 100 % 97:02d}"


def read_case_code(text: str) -> str | None:
    """Return the 16 digits of a case code in a short text, or None where there is none.

    The digits may stand in groups, in full width, and among a few words. Whether the check digits
    are right is `is_sound`'s to say.
    """
    if len(text) > 120:
        return None
    folded = unicodedata.normalize("NFKC", text)
    found = _CODE.fullmatch(folded.strip())
    return "".join(found.groups()) if found else None


def is_sound(code: str) -> bool:
    """Whether 16 digits carry the check digits of a case code."""
    return int(code) % 97 == 1


def in_groups(code: str) -> str:
    """Write a code as people read it: `1234 5678 9012 3456`."""
    return " ".join(code[place : place + 4] for place in range(0, DIGITS, 4))
