"""How much a provider is asked at once, and when it is left in peace.

A provider that fails several times in a row is most likely down: then its errands wait, all but one now and
again, which finds out whether it is back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

FAILURES = 5
"""In a row, after which a provider is left in peace."""

PEACE_SECONDS = 60.0
"""How long, before one errand is tried again."""

_BURST_SECONDS = 0.25
"""What was not asked for longer than this is not made up for."""


@dataclass(frozen=True)
class Pace:
    """What one worker asks of a provider.

    Attributes:
        at_once: errands that run at the same time.
        a_second: errands begun in a second.
    """

    at_once: int
    a_second: float


PACES = {"telegram": Pace(4, 25), "twilio": Pace(4, 10), "cloud": Pace(4, 20)}
"""Telegram takes 30 messages a second of a bot, Meta 80 of a number; Twilio queues what is sent too fast."""

OTHERS = Pace(2, 5)


def provider_of(kind: str) -> str:
    """Return whose errand it is: what stands before the first dot."""
    return kind.partition(".")[0]


class Provider:
    """One provider, as this worker has met it. Safe between threads.

    Args:
        steady: a clock that only goes on, in seconds.
    """

    def __init__(self, pace: Pace, steady: Callable[[], float] = time.monotonic) -> None:
        self._pace = pace
        self._steady = steady
        self._changing = threading.Lock()
        self._running: set[str] = set()
        self._failures = 0
        self._peace_until = 0.0
        self._credit, self._credited_at = 1.0, steady()

    def room(self) -> int:
        """Return how many errands may be begun now; one, where it is to be found out whether it is back."""
        with self._changing:
            now = self._steady()
            passed, self._credited_at = now - self._credited_at, now
            burst = max(1.0, self._pace.a_second * _BURST_SECONDS)
            self._credit = min(burst, self._credit + passed * self._pace.a_second)
            if self._failures >= FAILURES:
                return int(now >= self._peace_until and not self._running)
            return max(0, min(int(self._credit), self._pace.at_once - len(self._running)))

    def begin(self, attempt: str) -> None:
        """An attempt begins; saying so twice does no harm."""
        with self._changing:
            if attempt not in self._running:
                self._running.add(attempt)
                self._credit -= 1

    def end(self, attempt: str, answered: bool | None) -> None:
        """An attempt is over.

        Args:
            answered: whether the provider was there, even to refuse; None where it was not asked.
        """
        with self._changing:
            self._running.discard(attempt)
            if answered is None:
                return
            self._failures = 0 if answered else self._failures + 1
            if self._failures >= FAILURES:
                self._peace_until = self._steady() + PEACE_SECONDS
