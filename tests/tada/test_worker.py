"""The background work forgets what is due, survives a bad round, and is done by one at a time."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flows.vocabulary import Heard
from storage import retention
from storage.errors import StoreAway
from storage.schema import conversations
from tada import worker
from tada.instance import Instance
from tests.tada.calling import STORY, Tada

ROOT = Path(__file__).parent.parent.parent


@contextmanager
def working(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tada", "worker"],
        cwd=ROOT,
        env={**os.environ, "TADA_HOME": str(home)},
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def comes_true(condition: Callable[[], bool], seconds: float = 40) -> bool:
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.05)
    return condition()


def settled_clock(now: datetime) -> retention.SaneClock:
    """A clock that has gone steadily for an hour, and shows `now`."""
    shown, counted = [now - timedelta(hours=1)], [0.0]
    clock = retention.SaneClock(lambda: shown[0], lambda: counted[0])
    shown[0], counted[0] = now, 3600.0
    return clock


def test_a_round_forgets_what_is_due(home: Path) -> None:
    instance = Instance({"TADA_HOME": str(home)})
    instance.reception.receive(Heard(channel="web", address="b" * 43, id="m", kind="start"))

    worker._one_round(instance, settled_clock(datetime.now(UTC) + timedelta(hours=25)))

    with instance.database.reading() as connection:
        assert connection.execute(conversations.select()).all() == []
    assert worker.seen_at(home) is not None


def test_a_round_that_fails_is_logged_without_words_and_the_next_one_comes(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise StoreAway("locked")

    monkeypatch.setattr(retention, "run_later_work", fail)
    with caplog.at_level(logging.ERROR):
        worker._one_round(Instance({"TADA_HOME": str(home)}), settled_clock(datetime.now(UTC)))

    assert [record.msg for record in caplog.records] == ["a round of background work failed"]
    assert STORY not in caplog.text
    assert worker.seen_at(home) is None


def test_when_one_worker_is_gone_the_waiting_one_takes_over(home: Path) -> None:
    seen = home / "worker.seen"
    with working(home) as first:
        assert comes_true(seen.exists)
        with working(home) as second:
            seen.unlink()
            first.send_signal(signal.SIGKILL)

            assert comes_true(seen.exists)
            second.send_signal(signal.SIGTERM)
            assert second.wait(timeout=20) == 0


def test_purging_by_hand_does_not_wait_for_anything(home: Path, tada: Tada) -> None:
    purged = json.loads(tada("purge", "--json").stdout)

    names = {"conversations", "drafts", "cases", "marks", "epochs", "later_work", "log_entries"}
    names |= {"letters", "sign_ins"}
    assert set(purged) == names
