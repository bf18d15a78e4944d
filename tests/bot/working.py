"""The background work, done by hand, at a time that a test decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self

from bot.errands import GiveUp, Runner, TryAgain
from storage.errand_queue import ErrandQueue


@dataclass(kw_only=True)
class ByHand:
    """What waits to be done, and how it went.

    Attributes:
        waited: how far the time is ahead of the clock.
    """

    waited: timedelta = timedelta(0)
    tried_again: list[str] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    queue: ErrandQueue = field(init=False)
    runners: Mapping[str, Runner] = field(init=False)

    @property
    def now(self) -> datetime:
        return datetime.now(UTC) + self.waited

    def waits(self, seconds: float) -> Self:
        """Let time go by."""
        self.waited += timedelta(seconds=seconds)
        return self

    def work(self) -> Self:
        """Do all that is due now."""
        while due := self.queue.due(list(self.runners), self.now):
            for taken in self.queue.take(due[0], 10, self.now):
                opened = self.queue.opened(taken, self.now)
                assert opened is not None
                try:
                    self.runners[opened.kind](opened.subject, opened.letter)
                except TryAgain as again:
                    self.tried_again.append(again.code)
                    self.queue.again(taken, again.code, again.after, self.now)
                except GiveUp as never:
                    self.given_up.append(never.code)
                    self.queue.give_up(taken, never.code, self.now)
                else:
                    self.queue.done(taken)
        return self
