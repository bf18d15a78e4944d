"""How much one address, and everybody together, may send before being asked to wait.

Counters live in memory only, under a key drawn when the process starts, so that they cannot be read
as a list of who wrote. Several processes count apart: the limits are against floods, not a quota.
Words of danger and the wish to stop are let through whatever was sent before.

A message counts in the minute in which it was sent, not in the one in which it comes: whoever wrote while we were
away is not told that they write too fast. One that its provider delivers once more is not counted again.

Source of the figures: the limits in `SECURITY.md`.
"""

from __future__ import annotations

import hashlib
import math
import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
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
        first: whether the person has not been told so in the last minute, nor ever for this very message.
    """

    which: Which
    seconds: int
    first: bool = True


class _Window:
    """At most `limit` events in any `seconds`; only so many are remembered, the latest to come."""

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit, self._seconds = limit, seconds
        self._events: deque[tuple[float, int]] = deque(maxlen=limit)

    def wait(self, at: float) -> float:
        near = [each for each, _ in self._events if abs(at - each) < self._seconds]
        return min(near) + self._seconds - at if len(near) >= self._limit else 0.0

    def add(self, at: float, what: int) -> None:
        self._events.append((at, what))

    def holds(self, what: int) -> bool:
        return any(each == what for _, each in self._events)


class Limits:
    """Decides whether a message is taken now. Safe to share between threads.

    Args:
        enabled: False lets everything through (`TADA_RATE_LIMITS=off`, for measurements).
        clock: seconds that never go back.
        today: the time, by which it is told how old a message is.
    """

    def __init__(
        self,
        enabled: bool = True,
        clock: Callable[[], float] = time.monotonic,
        today: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._enabled = enabled
        self._clock = clock
        self._today = today
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
            name = self._name(heard)
            messages = self._messages.window(name)
            if heard.sent_at is not None and messages.holds(hash(heard.id)):
                return None
            windows: list[tuple[Which, _Window]] = [("rate", messages)]
            if begins:
                windows += self._beginning(name, lasting)
            wait = self._count(heard, name, windows)
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
            wait = self._count(heard, name, self._beginning(name, lasting=True))
        if wait is not None and not cannot_wait(heard):
            raise TooMany(wait.which, wait.seconds, wait.first)

    def _name(self, heard: Heard) -> bytes:
        address = f"{heard.channel}\n{heard.address}".encode(errors="replace")
        return hashlib.blake2b(address, key=self._key, digest_size=16).digest()

    def _beginning(self, name: bytes, lasting: bool) -> list[tuple[Which, _Window]]:
        windows: list[tuple[Which, _Window]] = [("busy", self._everybody)]
        if lasting:
            windows.append(("rate", self._conversations.window(name)))
        return windows

    def _count(self, heard: Heard, name: bytes, windows: list[tuple[Which, _Window]]) -> Wait | None:
        now, what = self._clock(), hash(heard.id)
        at = now - self._age(heard)
        which, seconds = max(
            ((which, window.wait(at)) for which, window in windows), key=lambda each: each[1]
        )
        if seconds == 0.0:
            for _, window in windows:
                window.add(at, what)
            return None
        told = self._told.window(name)
        first = told.wait(now) == 0.0 and not told.holds(what)
        if first:
            told.add(now, what)
        return Wait(which, math.ceil(seconds), first)

    def _age(self, heard: Heard) -> float:
        """Return how long ago a message was sent, in seconds."""
        if heard.sent_at is None:
            return 0.0
        return max(0.0, (self._today() - heard.sent_at).total_seconds())


def cannot_wait(heard: Heard) -> bool:
    """Whether a message is answered before any limit: danger, or the wish to stop, pause or erase."""
    if heard.kind in ("stop", "blocked"):
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
