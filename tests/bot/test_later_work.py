"""Errands are run by the real engine, on both databases: once where all is well, again where it is not."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from bot import later_work as module
from bot.errands import GiveUp, Letter, Runner, TryAgain
from bot.later_work import FILE_NAME, SCHEMA, LaterWork
from bot.locked_json import LockedJson
from bot.pacing import FAILURES, PEACE_SECONDS
from storage.database import Database
from storage.days import day_of
from storage.epochs import Epochs
from storage.errand_queue import ErrandQueue, Waiting
from storage.errands import Errand, rows_of
from storage.errors import CannotOpen
from storage.keys import KeyDirectory
from storage.places import Place, take_place
from storage.schema import later_work
from storage.setup import initialise
from storage.writing import write_errands
from tests.conftest import MakeInstance

ROOT = Path(__file__).parent.parent.parent
CANARY = "canary-9f2c"


class Home:
    """An instance, and what its errands came to."""

    def __init__(self, path: Path, url: str, database: Database) -> None:
        self.path, self.url, self.database = path, url, database
        self.keys = KeyDirectory(path / "keys")
        self.queue = ErrandQueue(database, self.keys)
        self.ran: list[tuple[str, Letter]] = []

    def keep(self, *errands: Errand) -> None:
        now = datetime.now(UTC)
        rows = rows_of(errands, Epochs(self.keys).living(now)[0], now)
        with self.database.transaction() as connection:
            write_errands(connection, rows)

    def note(self, subject: str, letter: Letter) -> None:
        self.ran.append((subject, letter))

    def take_place(self) -> Place:
        place = take_place(self.database, self.path, threading.Event())
        assert place is not None
        return place

    @contextmanager
    def working(
        self,
        steady: Callable[[], float] = time.monotonic,
        place: Place | None = None,
        **runners: Runner,
    ) -> Iterator[LaterWork]:
        """Have errands run meanwhile; `twilio_delete=…` is the runner of `twilio.delete`."""
        place = place or self.take_place()
        kinds = {name.replace("_", "."): runner for name, runner in runners.items()}
        work = LaterWork(self.database, self.keys, self.path, kinds, place, steady)
        work.start()
        try:
            yield work
        finally:
            work.stop()
            place.leave()

    @property
    def waiting(self) -> dict[str, Waiting]:
        return self.queue.waiting(datetime.now(UTC))

    def due_in(self, kind: str) -> float:
        """Return in how many seconds the one errand there is of a kind falls due."""
        with self.database.reading() as connection:
            (row,) = connection.execute(later_work.select().where(later_work.c.kind == kind))
            return float(row.due_at) - time.time()

    def make_due(self) -> None:
        with self.database.transaction() as connection:
            connection.execute(update(later_work).values(due_at=0))

    def engine_holds(self) -> bytes:
        """Return everything the engine keeps of its own."""
        if self.database.dialect == "sqlite":
            files = sorted(self.path.glob(FILE_NAME + "*"))
            assert files
            return b"".join(file.read_bytes() for file in files)
        with self.database.reading() as connection:
            tables = connection.exec_driver_sql(
                f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{SCHEMA}'"
            ).scalars()
            rows = [
                repr(tuple(row))
                for table in tables.all()
                for row in connection.exec_driver_sql(f'SELECT * FROM "{SCHEMA}"."{table}"')
            ]
        assert rows
        return "\n".join(rows).encode()


@pytest.fixture
def home(tmp_path: Path, database: Database, database_url: str, make_instance: MakeInstance) -> Home:
    make_instance(tmp_path / "home", database_url)
    return Home(tmp_path / "home", database_url, database)


def comes_true(condition: Callable[[], bool], seconds: float = 40) -> bool:
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.02)
    return condition()


def test_what_was_committed_is_run_once_and_what_was_rolled_back_never(home: Home) -> None:
    now = datetime.now(UTC)
    rows = rows_of([Errand("twilio.delete", "rolled back")], Epochs(home.keys).living(now)[0], now)
    with pytest.raises(ZeroDivisionError), home.database.transaction() as connection:  # noqa: PT012
        write_errands(connection, rows)
        raise ZeroDivisionError
    home.keep(Errand("twilio.delete", "SM1"))
    with home.working(twilio_delete=home.note, cloud_send=home.note):
        home.keep(Errand("cloud.send", letter={"text": "再見"}), Errand("nobody.knows", "SM2"))
        assert comes_true(lambda: home.waiting == {"nobody.knows": Waiting(1)})
    assert sorted(home.ran) == [("", {"text": "再見"}), ("SM1", {})]


def test_who_is_told_to_wait_waits_and_what_is_refused_is_a_dead_letter(home: Home) -> None:
    def throttled(subject: str, _: Letter) -> None:
        home.note(subject, {})
        raise TryAgain("20429", timedelta(seconds=77))

    def refused(*_: object) -> None:
        raise GiveUp("21211")

    home.keep(Errand("twilio.delete", "SM"))
    with home.working(twilio_delete=throttled, twilio_send=refused):
        assert comes_true(lambda: bool(home.ran) and 70 < home.due_in("twilio.delete") <= 77)
        home.keep(Errand("twilio.send"))
        assert comes_true(lambda: home.waiting["twilio.send"] == Waiting(dead={"21211": 1}))
    assert len(home.ran) == 1


def test_a_provider_that_is_down_is_left_in_peace_until_one_errand_finds_it_back(home: Home) -> None:
    clock, down = [0.0], [True]

    def runner(subject: str, _: Letter) -> None:
        home.note(subject, {})
        if down[0]:
            raise ConnectionError(CANARY)

    with home.working(lambda: clock[0] + time.monotonic(), twilio_delete=runner, cloud_send=home.note):
        home.keep(*[Errand("twilio.delete", str(n)) for n in range(FAILURES)])
        assert comes_true(lambda: len(home.ran) == FAILURES)
        home.keep(Errand("twilio.delete", "later"), Errand("cloud.send", "another provider"))
        assert comes_true(lambda: ("another provider", {}) in home.ran)
        assert ("later", {}) not in home.ran
        down[0] = False
        clock[0] += PEACE_SECONDS
        assert comes_true(lambda: ("later", {}) in home.ran)
        home.make_due()
        assert comes_true(lambda: not home.waiting)


def test_the_engine_holds_nothing_but_ids_and_nothing_of_a_failure_is_logged(
    home: Home, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError(CANARY)

    home.keep(Errand("twilio.delete", CANARY), Errand("cloud.send", letter={"to": CANARY}))
    with home.working(twilio_delete=fails, cloud_send=home.note):
        assert comes_true(
            lambda: home.queue.due(["twilio.delete"], datetime.now(UTC)) == [] and bool(home.ran)
        )
        assert comes_true(lambda: 0 < home.due_in("twilio.delete") < 10)
        held = home.engine_holds()
    assert CANARY.encode() not in held
    assert b"errand" in held
    assert b"RuntimeError" not in held
    out, err = capfd.readouterr()
    assert CANARY not in out + err
    # What our own handler leaves out is the text of the exception; nothing else may hold it.
    assert not [record for record in caplog.records if CANARY in str(record.msg) + str(record.args)]
    assert not [record for record in caplog.records if record.name == "dbos"]


def test_the_engine_forgets_what_it_no_longer_needs(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.keep(Errand("twilio.delete", "SM"))
    with home.working(twilio_delete=home.note) as work:
        from dbos import DBOS

        assert comes_true(lambda: [status.status for status in DBOS.list_workflows()] == ["SUCCESS"])
        work._tidy()
        assert len(DBOS.list_workflows()) == 1
        monkeypatch.setattr(module, "ENGINE_KEPT", timedelta(seconds=-1))
        work._tidy()
        assert DBOS.list_workflows() == []


def test_replies_to_one_person_leave_in_their_order_while_others_are_served(home: Home) -> None:
    def send(_: str, letter: Letter) -> None:
        time.sleep(0.05 if letter["n"] % 2 else 0)
        home.note("", letter)

    for n in range(8):
        home.keep(*[Errand("cloud.send", letter={"to": who, "n": n}, to=who) for who in ("HK.1", "HK.2")])
    with home.working(cloud_send=send):
        assert comes_true(lambda: not home.waiting)
    for who in ("HK.1", "HK.2"):
        assert [letter["n"] for _, letter in home.ran if letter["to"] == who] == list(range(8))


# ------------------------------------------------------------------ workers that die

_WORKER = f"""
import sys, threading, time
from pathlib import Path
sys.path.insert(0, {str(ROOT)!r})
from bot.later_work import LaterWork
from storage.database import Database
from storage.keys import KeyDirectory
from storage.places import take_place

home, url, seconds, more = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
database = Database.open(url)

def run(subject, letter):
    with (home / "begun").open("a") as file:
        file.write(subject + "\\n")
    time.sleep(seconds)
    with (home / "done").open("a") as file:
        file.write(subject + "\\n")
    time.sleep(more)

place = take_place(database, home, threading.Event())
work = LaterWork(database, KeyDirectory(home / "keys"), home, {{"twilio.delete": run}}, place)
work.start()
(home / f"at-work-{{place.number}}").touch()
sys.stdin.read()
work.stop()
"""


class Worker:
    """A worker in a process of its own.

    Args:
        seconds: how long a provider takes to do what it is asked.
        more: how long it is afterwards until that is known here.
    """

    def __init__(self, home: Home, seconds: float, more: float = 0) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _WORKER, str(home.path), home.url, str(seconds), str(more)],
            stdin=subprocess.PIPE,
            # Nothing in the environment leads the engine to its makers' service.
            env={**os.environ, "DBOS__CLOUD": "true", "DBOS__CONDUCTOR_KEY": "key"},
        )

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()

    def stop(self) -> int:
        self.process.communicate()
        return self.process.returncode


def lines(home: Home, name: str) -> list[str]:
    path = home.path / name
    return path.read_text().split() if path.exists() else []


def test_a_worker_killed_at_work_loses_nothing(home: Home) -> None:
    subjects = {f"SM{n}" for n in range(9)}
    home.keep(*[Errand("twilio.delete", subject) for subject in sorted(subjects)])
    for at_once in (4, 2):
        worker = Worker(home, seconds=1)
        wanted = len(lines(home, "begun")) + at_once
        assert comes_true(lambda wanted=wanted: len(lines(home, "begun")) >= wanted)  # type: ignore[misc]
        worker.kill()
    home.make_due()  # what was taken in the very moment, and not begun, would fall due by itself in a while
    last = Worker(home, seconds=0)
    assert comes_true(lambda: not home.waiting)
    assert last.stop() == 0
    assert set(lines(home, "done")) == subjects
    again = len(lines(home, "begun")) - len(subjects)
    assert 1 <= again <= 12


def test_what_a_provider_did_before_the_worker_was_killed_is_done_again_and_not_lost(home: Home) -> None:
    home.keep(Errand("twilio.delete", "SM"))
    worker = Worker(home, seconds=0, more=60)
    assert comes_true(lambda: lines(home, "done") == ["SM"])
    worker.kill()
    assert home.waiting == {"twilio.delete": Waiting(1)}
    last = Worker(home, seconds=0)
    assert comes_true(lambda: not home.waiting)
    assert last.stop() == 0
    assert lines(home, "done") == ["SM", "SM"]


@pytest.mark.longest
def test_two_workers_share_the_errands_and_run_each_once(postgresql_url: str, tmp_path: Path) -> None:
    initialise(tmp_path / "home", postgresql_url)
    database = Database.open(postgresql_url)
    home = Home(tmp_path / "home", postgresql_url, database)
    with ExitStack() as stack:
        workers = [Worker(home, seconds=0.02) for _ in range(2)]
        for worker in workers:
            stack.callback(worker.kill)
        assert comes_true(lambda: all((home.path / f"at-work-{n}").exists() for n in (1, 2)))
        home.keep(*[Errand("twilio.delete", f"SM{n}") for n in range(30)])
        assert comes_true(lambda: not home.waiting)
        assert [worker.stop() for worker in workers] == [0, 0]
    assert sorted(lines(home, "done")) == sorted(f"SM{n}" for n in range(30))
    database.close()


def test_what_a_dead_worker_had_in_hand_is_resumed_by_another(postgresql_url: str, tmp_path: Path) -> None:
    initialise(tmp_path / "home", postgresql_url)
    database = Database.open(postgresql_url)
    home = Home(tmp_path / "home", postgresql_url, database)
    home.keep(Errand("twilio.delete", "SM"))
    first = home.take_place()
    dying = Worker(home, seconds=60)
    assert comes_true(lambda: lines(home, "begun") == ["SM"])
    assert first.is_taken(2)
    dying.kill()
    assert comes_true(lambda: not first.is_taken(2))
    with home.working(place=first, twilio_delete=home.note):
        assert comes_true(lambda: home.ran == [("SM", {})])
        assert comes_true(lambda: not home.waiting)
    database.close()


# ------------------------------------------------------------------ places


def test_with_sqlite_the_second_worker_waits_for_the_place_of_the_first(
    sqlite_url: str, tmp_path: Path
) -> None:
    database, stop = Database.open(sqlite_url), threading.Event()
    first = take_place(database, tmp_path, stop)
    assert first is not None and first.number == 1 and first.leads()
    found: list[object] = []
    waiting = threading.Thread(target=lambda: found.append(take_place(database, tmp_path, stop)))
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive()
    stop.set()
    waiting.join()
    assert found == [None]


def test_with_postgresql_each_worker_has_a_number_and_a_free_one_is_taken_again(
    postgresql_url: str, tmp_path: Path
) -> None:
    databases, stop = [Database.open(postgresql_url) for _ in range(3)], threading.Event()
    places = [take_place(database, tmp_path, stop) for database in databases[:2]]
    first, second = places
    assert first is not None and second is not None
    assert (first.number, second.number) == (1, 2)
    assert (first.leads(), second.leads()) == (True, False)
    assert second.is_taken(1) and second.is_taken(2) and not second.is_taken(3)
    first.leave()
    assert comes_true(lambda: not second.is_taken(1))
    assert second.leads()
    third = take_place(databases[2], tmp_path, stop)
    assert third is not None and third.number == 1
    assert second.is_held()
    with databases[0].glancing() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        ).all()
    assert not second.is_held()
    for database in databases:
        database.close()


# ------------------------------------------------------------------ the engine's surroundings


def test_a_damaged_file_of_the_engine_is_made_anew(sqlite_url: str, tmp_path: Path) -> None:
    initialise(tmp_path / "home", sqlite_url)
    database = Database.open(sqlite_url)
    home = Home(tmp_path / "home", sqlite_url, database)
    (home.path / FILE_NAME).write_bytes(b"SQLite format 3\0" + os.urandom(9000))
    home.keep(Errand("twilio.delete", "SM"))
    with home.working(twilio_delete=home.note):
        assert comes_true(lambda: not home.waiting)
    assert (home.path / FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert sqlite3.connect(home.path / FILE_NAME).execute("PRAGMA quick_check").fetchone() == ("ok",)
    database.close()


def test_what_the_engine_writes_is_locked_with_the_key_of_the_day(home: Home) -> None:
    written = LockedJson(home.keys)
    inputs = {"args": ["00" * 16], "kwargs": {}}
    assert written.deserialize(written.serialize(inputs)) == inputs
    assert "args" not in written.serialize(inputs)
    assert repr(written.deserialize(written.serialize(ValueError(CANARY)))) == "Exception('ValueError')"

    kept = written.serialize(None)
    home.keys.destroy_epochs_before(day_of(datetime.now(UTC)) + 1)
    with pytest.raises(CannotOpen):
        written.deserialize(kept)


def test_a_web_process_does_not_load_the_engine() -> None:
    code = "import webhook, bot.door, bot.receive, sys; sys.exit('dbos' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
