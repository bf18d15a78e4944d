"""The background work: forgetting what is due, moving what stays to the keys of the day, and errands at providers.

With SQLite one worker at a time works for a home; another one waits, and takes over when the first is gone. With
PostgreSQL several share the errands, and one of them does the rest.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from bot.letters import Post
from bot.runners import Round, rounds, runners
from storage import retention, rotation
from storage.errand_queue import ErrandQueue
from storage.outbox import Outbox
from storage.places import Place, take_place
from tada.instance import Instance

if TYPE_CHECKING:
    from bot.door import Door
    from bot.later_work import LaterWork

logger = logging.getLogger(__name__)

ROUND_SECONDS = 30.0
"""Between two rounds. Expired rows are not found from their second on; a round only removes them."""

PROVIDER_ROUND_SECONDS = 60.0

SILENT_AFTER_SECONDS = 180
"""A worker that was not seen for longer is not at work."""


class LostPlace(click.ClickException):
    """The database was away for a moment, and another worker may have taken over what this one had in hand."""

    def __init__(self) -> None:
        super().__init__("The place of this worker was lost with its connection. Start it again: tada worker")


def work(instance: Instance) -> None:
    """Do rounds until TERM or Ctrl-C.

    Raises:
        StoreAway: there was no database to begin with.
        LostPlace: the connection that holds the place broke; whoever keeps programs running starts it again.
    """
    stop = threading.Event()
    _stop_on_signals(stop)
    place = take_place(instance.database, instance.settings.home, stop)
    if place is None:
        return
    clock, errands, providers = retention.SaneClock(), _Errands(instance, place), _ProviderRounds(instance)
    try:
        while not stop.is_set():
            if not place.is_held():
                raise LostPlace
            errands.keep_running()
            if place.leads():
                _one_round(instance, clock)
                providers.run()
            else:
                _show_life(instance.settings.home)
            stop.wait(ROUND_SECONDS)
    finally:
        errands.stop()
        place.leave()


def seen_at(home: Path) -> datetime | None:
    """Return when the worker of this home was last at work, or None where it never was."""
    try:
        return datetime.fromtimestamp(_sign_of_life(home).stat().st_mtime, UTC)
    except OSError:
        return None


def _one_round(instance: Instance, clock: retention.SaneClock) -> None:
    database, now = instance.database, clock.now()
    try:
        retention.run_later_work(database, datetime.now(UTC))
        if now is not None:
            ErrandQueue(database, instance.keys).expire(now)
            retention.purge(database, instance.keys, now, instance.settings.draft_hours)
        rotation.finish(database, instance.keys)
        if instance.settings.smtp is not None or instance.settings.telegram is not None:
            from tada.telling import tell_the_team  # with the mail library: most have no use for it

            tell_the_team(instance, datetime.now(UTC))
        _show_life(instance.settings.home)
    except Exception:
        # The next round tries again, whatever it was; `tada doctor` sees that no round has succeeded.
        logger.exception("a round of background work failed")


class _Errands:
    """Errands at providers. Where no provider's channel is on, not even their engine is loaded."""

    def __init__(self, instance: Instance, place: Place) -> None:
        self._instance, self._place = instance, place
        self._runners = runners(instance.settings, self._post)
        self._running: LaterWork | None = None

    def keep_running(self) -> None:
        """Start, or try once more where that failed before. What else the worker does must not wait for it."""
        if self._running is not None or not self._runners:
            return
        from bot.later_work import LaterWork

        instance = self._instance
        try:
            work = LaterWork(
                instance.database, instance.keys, instance.settings.home, self._runners, self._place
            )
            work.start()
        except Exception:
            logger.exception("errands cannot be run yet")
        else:
            self._running = work

    def stop(self) -> None:
        if self._running is not None:
            self._running.stop()

    def _post(self) -> Post:
        instance = self._instance
        return Post(Outbox(instance.database, instance.keys), instance.words, instance.reception.run_later)


class _ProviderRounds:
    """What is done at providers every minute."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._rounds: list[Round] = rounds(instance.settings, self._door, lambda: instance.words)
        self._due_at = time.monotonic()

    def run(self) -> None:
        """Do it, if the minute is over."""
        if time.monotonic() < self._due_at:
            return
        self._due_at = time.monotonic() + PROVIDER_ROUND_SECONDS
        for each in self._rounds:
            try:
                each()
            except Exception:
                logger.exception("a round at a provider failed")

    def _door(self) -> Door:
        from bot.door import Door
        from bot.limits import Limits

        return Door(self._instance.reception, Limits(self._instance.settings.rate_limits))


def _stop_on_signals(stop: threading.Event) -> None:
    def ask(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)


def _show_life(home: Path) -> None:
    _sign_of_life(home).touch(mode=0o600)


def _sign_of_life(home: Path) -> Path:
    return home / "worker.seen"
