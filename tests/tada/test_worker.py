"""The background work forgets what is due, survives a bad round, and is done by one at a time."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from bot.later_work import FILE_NAME
from flows.vocabulary import Heard
from storage import retention
from storage.errands import Errand
from storage.errors import StoreAway
from storage.places import take_place
from storage.schema import conversations, later_work
from tada import worker
from tada.instance import Instance
from tests.tada.calling import STORY, Tada

ROOT = Path(__file__).parent.parent.parent


@contextmanager
def working(home: Path, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tada", "worker"],
        cwd=ROOT,
        env={**os.environ, "TADA_HOME": str(home), **environ},
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


class _Meta(BaseHTTPRequestHandler):
    def do_DELETE(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        body = b'{"success": true}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def test_errands_of_a_channel_that_is_on_are_run(home: Path) -> None:
    instance = Instance({"TADA_HOME": str(home)})
    with HTTPServer(("127.0.0.1", 0), _Meta) as meta:
        meta.asked = []  # type: ignore[attr-defined]
        serving = threading.Thread(target=meta.serve_forever, args=(0.01,))
        serving.start()
        instance.reception.run_later([Errand("cloud.delete_media", "1234567890")])
        with working(
            home,
            TADA_CLOUD_ACCESS_TOKEN="EA" + "x" * 30,
            TADA_CLOUD_APP_SECRET="5" * 32,
            TADA_CLOUD_VERIFY_TOKEN="v" * 20,
            TADA_CLOUD_PHONE_NUMBER_ID="10987654321",
            TADA_CLOUD_API_BASE=f"http://127.0.0.1:{meta.server_port}",
        ) as process:
            gone = comes_true(lambda: not instance.reception.waiting("cloud.delete_media"))
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) == 0
        meta.shutdown()
        serving.join()
    assert gone
    assert [path.split("?")[0].rsplit("/", 1)[1] for path in meta.asked] == ["1234567890"]  # type: ignore[attr-defined]
    assert worker.seen_at(home) is not None


def test_where_no_channel_is_on_the_engine_is_not_even_loaded(home: Path) -> None:
    with working(home):
        assert comes_true((home / "worker.seen").exists)
    assert not (home / FILE_NAME).exists()
    code = "import tada.worker, sys; sys.exit(any(name in sys.modules for name in ('dbos', 'httpx', 'twilio', 'telegram')))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_an_engine_that_cannot_start_keeps_nothing_else_from_being_done(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    instance = Instance({"TADA_HOME": str(home)})
    place = take_place(instance.database, home, threading.Event())
    assert place is not None
    monkeypatch.setattr(worker, "runners", lambda *_: {"twilio.delete": lambda *_: None})
    (home / FILE_NAME).mkdir()
    errands = worker._Errands(instance, place)
    errands.keep_running()
    assert [record.msg for record in caplog.records if record.name == "tada.worker"] == [
        "errands cannot be run yet"
    ]
    (home / FILE_NAME).rmdir()
    errands.keep_running()
    assert (home / FILE_NAME).is_file()
    errands.stop()
    place.leave()


def test_a_round_at_a_provider_that_fails_stops_no_other(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []

    def fails() -> None:
        raise RuntimeError(STORY)

    monkeypatch.setattr(worker, "rounds", lambda *_: [fails, lambda: done.append("second")])
    providers = worker._ProviderRounds(Instance({"TADA_HOME": str(home)}))
    providers.run()
    providers.run()  # the minute is not over
    assert done == ["second"]
    assert [record.msg for record in caplog.records] == ["a round at a provider failed"]


def test_what_was_not_done_in_its_time_is_shown_by_the_doctor(home: Path, tada: Tada) -> None:
    instance = Instance({"TADA_HOME": str(home)})
    instance.reception.run_later([Errand("twilio.delete", "SM", kept=timedelta(days=14))] * 2)
    instance.reception.run_later([Errand("cloud.send", letter={"to": "canary"})])
    assert "errands at providers: 3 waiting" in tada("doctor").stdout

    worker._one_round(instance, settled_clock(datetime.now(UTC) + timedelta(hours=25)))
    said = tada("doctor").stdout
    assert "cloud.send: 1 with code too_late" in said
    assert "canary" not in said
    with instance.database.transaction() as connection:
        connection.execute(later_work.update().where(later_work.c.kind == "twilio.delete").values(due_at=0))
    assert "twilio.delete: 2 with code untried" in tada("doctor").stdout


def test_purging_by_hand_does_not_wait_for_anything(home: Path, tada: Tada) -> None:
    purged = json.loads(tada("purge", "--json").stdout)

    names = {"conversations", "drafts", "cases", "marks", "epochs", "later_work", "log_entries"}
    names |= {"letters", "sign_ins"}
    assert set(purged) == names
