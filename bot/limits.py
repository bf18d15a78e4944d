"""How much one address, and everybody together, may send before being asked to wait.

Counters live in memory only, under a key drawn when the process starts, so that they cannot be read
as a list of who wrote. Several processes count apart: the limits are against floods, not a quota.
Words of danger and the wish to stop are let through whatever was sent before.

Source of the figures: the table of limits of the threat model, section 9.
"""

from __future__ import annotations

import hashlib
import math
import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from bot.receive import TooMany
from flows.understanding.commands import read_command
from flows.understanding.danger import read_danger
from flows.vocabulary import Heard

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
"""Seconds."""

MESSAGES_A_MINUTE = 20
CONVERSATIONS_A_DAY = 3
CONVERSATIONS_AN_HOUR = 300
ADDRESSES_REMEMBERED = 50_000
"""Beyond this the address that has been quiet for longest is forgotten: memory does not grow with a flood."""


Which = Literal["rate", "busy"]
"""Whose limit it is, and the problem to tell: this address, or everybody together."""


@dataclass(frozen=True)
class Wait:
    """Not now, but after so many seconds.

    Attributes:
        first: whether the person has not been told so in the last minute.
    """

    which: Which
    seconds: int
    first: bool = True


@dataclass
class _Window:
    """At most `limit` events in any `seconds`."""

    limit: int
    seconds: float
    events: deque[float] = field(default_factory=deque)

    def wait(self, now: float) -> float:
        while self.events and self.events[0] <= now - self.seconds:
            self.events.popleft()
        return self.events[0] + self.seconds - now if len(self.events) >= self.limit else 0.0


class Limits:
    """Decides whether a message is taken now. Safe to share between threads.

    Args:
        enabled: False lets everything through (`TADA_RATE_LIMITS=off`, for measurements).
        clock: seconds that never go back.
    """

    def __init__(self, enabled: bool = True, clock: Callable[[], float] = time.monotonic) -> None:
        self._enabled = enabled
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._everybody = _Window(CONVERSATIONS_AN_HOUR, HOUR)
        self._messages = _Remembered(MESSAGES_A_MINUTE, MINUTE)
        self._conversations = _Remembered(CONVERSATIONS_A_DAY, DAY)
        self._told = _Remembered(1, MINUTE)

    def check(self, heard: Heard, begins: bool = False, lasting: bool = True) -> Wait | None:
        """Count a message, and say whether it must wait.

        Args:
            heard: the message. A message that must wait is not counted.
            begins: whether it would begin a conversation.
            lasting: whether the address stays the same over days; a web page draws a new one each time.
        """
        if not self._enabled:
            return None
        with self._lock:
            name, windows = self._name(heard), list[tuple[Which, _Window]]()
            windows.append(("rate", self._messages.window(name)))
            if begins:
                windows += self._beginning(name, lasting)
            wait = self._count(name, windows)
        return None if wait is None or cannot_wait(heard) else wait

    def check_beginning(self, heard: Heard) -> None:
        """Count a conversation that begins with a message which `check` has let through.

        Raises:
            TooMany: none may begin now.
        """
        if not self._enabled:
            return
        with self._lock:
            name = self._name(heard)
            wait = self._count(name, self._beginning(name, lasting=True))
        if wait is not None and not cannot_wait(heard):
            raise TooMany(wait.which, wait.seconds)

    def _name(self, heard: Heard) -> bytes:
        address = f"{heard.channel}\n{heard.address}".encode(errors="replace")
        return hashlib.blake2b(address, key=self._key, digest_size=16).digest()

    def _beginning(self, name: bytes, lasting: bool) -> list[tuple[Which, _Window]]:
        windows: list[tuple[Which, _Window]] = [("busy", self._everybody)]
        if lasting:
            windows.append(("rate", self._conversations.window(name)))
        return windows

    def _count(self, name: bytes, windows: list[tuple[Which, _Window]]) -> Wait | None:
        now = self._clock()
        which, seconds = max(
            ((which, window.wait(now)) for which, window in windows), key=lambda each: each[1]
        )
        if seconds == 0.0:
            for _, window in windows:
                window.events.append(now)
            return None
        told = self._told.window(name)
        first = told.wait(now) == 0.0
        if first:
            told.events.append(now)
        return Wait(which, math.ceil(seconds), first)


def cannot_wait(heard: Heard) -> bool:
    """Whether a message is answered before any limit: danger, or the wish to stop, pause or erase."""
    if heard.kind == "stop":
        return True
    asked = read_command(heard.text)
    if asked is not None and asked.command in ("stop", "erase"):
        return True
    return read_danger(heard.text) is not None


class _Remembered:
    """A window for each address, the quietest forgotten first."""

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit, self._seconds = limit, seconds
        self._windows: OrderedDict[bytes, _Window] = OrderedDict()

    def window(self, name: bytes) -> _Window:
        window = self._windows.pop(name, None) or _Window(self._limit, self._seconds)
        self._windows[name] = window
        if len(self._windows) > ADDRESSES_REMEMBERED:
            self._windows.popitem(last=False)
        return window
