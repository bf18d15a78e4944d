"""The background work: forgetting what is due, and moving what stays to the keys of the day.

One worker at a time works for a home; another one waits, and takes over when the first is gone.
"""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from storage import retention
from tada.instance import Instance

logger = logging.getLogger(__name__)

ROUND_SECONDS = 30.0
"""Between two rounds. Expired rows are not found from their second on; a round only removes them."""

SILENT_AFTER_SECONDS = 180
"""A worker that was not seen for longer is not at work."""

_LOOK_FOR_TURN_SECONDS = 2.0


def work(instance: Instance) -> None:
    """Do rounds until TERM or Ctrl-C."""
    stop = threading.Event()
    _stop_on_signals(stop)
    clock = retention.SaneClock()
    with _only_one(instance.settings.home, stop):
        while not stop.is_set():
            _one_round(instance, clock)
            stop.wait(ROUND_SECONDS)


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
            retention.purge(database, instance.keys, now, instance.settings.draft_hours)
        _sign_of_life(instance.settings.home).touch(mode=0o600)
    except Exception:
        # The next round tries again, whatever it was; `tada doctor` sees that no round has succeeded.
        logger.exception("a round of background work failed")


@contextmanager
def _only_one(home: Path, stop: threading.Event) -> Iterator[None]:
    descriptor = os.open(home / "worker.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        waiting = False
        while not stop.is_set():
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not waiting:
                    logger.info("another worker is at work for this home; waiting to take over")
                waiting = True
                stop.wait(_LOOK_FOR_TURN_SECONDS)
        yield
    finally:
        os.close(descriptor)


def _stop_on_signals(stop: threading.Event) -> None:
    def ask(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)


def _sign_of_life(home: Path) -> Path:
    return home / "worker.seen"
