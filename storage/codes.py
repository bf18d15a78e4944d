"""The two names of a submitted case: the reference to speak of it by, and the code to come back with.

A reference says nothing and opens nothing. A code opens the way back, so guessing one is made dear: it
is drawn from 10^14, each try costs the work of Argon2id under a salt that is in no database, and few
tries are looked up at all.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from flows.understanding.codes import case_code, is_sound, read_case_code
from flows.understanding.text import clean
from storage.sealing import CodeKeys, PasswordParameters, code_keys, index, new_key

CODE_PARAMETERS = PasswordParameters(memory=8 * 1024, passes=1, lanes=1)
"""4 ms. Lighter than a password's, for a code is not chosen by a person: half of 10^14 tries are some
6 000 years of one core, and need the salt from the key directory first."""

REFERENCE_LETTERS = "23456789BCDFGHJKMNPQRTVWX"
"""No vowels, so that no word comes out; nothing that is mistaken for another over the telephone."""
_REFERENCE_LENGTH = 4
_DRAWS_A_LENGTH = 4

TRIES_OF_ADDRESS, TRIES_OF_ALL = 5, 100
"""Codes an hour that are looked up for one address, and for all of them together (the limits in `SECURITY.md`)."""
_HOUR = timedelta(hours=1)

_IN_STOCK = 2
_LONGEST = 200


def draw_reference(taken: Callable[[str], bool]) -> str:
    """Draw a case reference that is not in use; a longer one when they are getting scarce."""
    length = _REFERENCE_LENGTH
    while True:
        for _ in range(_DRAWS_A_LENGTH):
            reference = "TD-" + "".join(secrets.choice(REFERENCE_LETTERS) for _ in range(length))
            if not taken(reference):
                return reference
        length += 1


def draw_code() -> str:
    """Draw a case code: 14 random digits and two check digits."""
    return case_code(f"{secrets.randbelow(10**14):014d}")


class Codes:
    """Derives the keys of case codes, before a transaction is begun and not while others wait for it.

    A few codes that belong to nobody yet lie ready for whoever submits next.
    """

    def __init__(self, salt: Callable[[], bytes], parameters: PasswordParameters = CODE_PARAMETERS) -> None:
        self._salt = salt
        self._parameters = parameters
        self._ready: deque[tuple[str, CodeKeys]] = deque()
        self._process = os.getpid()
        self._tries = Tries()

    def prepare(self) -> None:
        """See to it that a code is ready. To be called where nobody waits."""
        if self._process != os.getpid():
            # After a fork the other process has the same ones, and two people may not get one code.
            self._ready.clear()
            self._process = os.getpid()
        while len(self._ready) < _IN_STOCK:
            self._ready.append(self._draw())

    def take(self) -> tuple[str, CodeKeys]:
        """Give out a new code with its keys. It is nobody else's from here on."""
        try:
            return self._ready.popleft()
        except IndexError:
            return self._draw()

    def keys_of(self, code: str) -> CodeKeys:
        """Derive the keys of a code."""
        return code_keys(code, self._salt(), self._parameters)

    def tried(self, text: str, channel: str, address: str, now: datetime) -> tuple[str, CodeKeys] | None:
        """Return the code in a text with its keys; None where there is none, or after too many tries."""
        # Read as the conversation will read it; in a longer text it looks for none.
        code = read_case_code(clean(text[:_LONGEST]))
        if code is None or not is_sound(code) or not self._tries.allow(channel, address, now):
            return None
        return code, self.keys_of(code)

    def _draw(self) -> tuple[str, CodeKeys]:
        code = draw_code()
        return code, self.keys_of(code)


class Tries:
    """How many codes were tried lately; in memory alone, by addresses hashed under a key of this process."""

    def __init__(self) -> None:
        self._key = new_key()
        self._lock = threading.Lock()
        self._tried: deque[tuple[datetime, bytes]] = deque()

    def allow(self, channel: str, address: str, now: datetime) -> bool:
        """Count a try, and say whether it may be looked up."""
        who = index(self._key, channel, address)
        with self._lock:
            while self._tried and self._tried[0][0] <= now - _HOUR:
                self._tried.popleft()
            mine = sum(1 for _, other in self._tried if other == who)
            if mine >= TRIES_OF_ADDRESS or len(self._tried) >= TRIES_OF_ALL:
                return False
            self._tried.append((now, who))
            return True
