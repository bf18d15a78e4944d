"""Those who write to one SQLite file queue, and what waits is written together: all of it, or to whom it is refused is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest
from sqlalchemy import event, insert, select
from sqlalchemy.exc import DBAPIError

from storage import schema, writers
from storage.database import Database
from storage.errors import Overtaken, StoreAway, StoreRefused
from storage.line import Line
from storage.prepared import Prepared

_COUNT = Prepared(insert(schema.counts), ("month", "name", "n"))


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    opened = Database.open(sqlite_url)
    yield opened
    opened.close()


def _count(name: str) -> Callable[[Line], None]:
    def writing(line: Line) -> None:
        _COUNT.run(line, {"month": "2026-11", "name": name, "n": 1})

    return writing


def _fail(error: Exception) -> Callable[[Line], None]:
    def writing(line: Line) -> None:
        _count("half")(line)
        raise error

    return writing


def _names(database: Database) -> set[str]:
    with database.reading() as connection:
        return set(connection.scalars(select(schema.counts.c.name)))


@contextmanager
def _queue_taken(database: Database) -> Iterator[None]:
    inside, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with database.transaction():
            inside.set()
            leave.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    assert inside.wait(10)
    try:
        yield
    finally:
        leave.set()
        holder.join()


def _written_while_all_wait(
    database: Database, writings: Sequence[Callable[[Line], None]]
) -> tuple[list[Exception | None], int]:
    """Have each written by a thread of its own, all while another holds the queue.

    Returns how each ended, and how many commits it took.
    """
    ends: list[Exception | None] = [None] * len(writings)
    commits = 0

    def hear(*heard: object) -> None:
        nonlocal commits
        commits += heard[2] == "COMMIT"

    def write(place: int) -> None:
        try:
            with database.lent() as line:
                database.write(line, writings[place])
        except Exception as error:
            ends[place] = error

    event.listen(database.engine, "before_cursor_execute", hear)
    threads = [threading.Thread(target=write, args=(place,)) for place in range(len(writings))]
    with _queue_taken(database):
        for thread in threads:
            thread.start()
        until = time.monotonic() + 10
        while len(database._together._waiting) < len(writings):
            assert time.monotonic() < until
            time.sleep(0.001)
    for thread in threads:
        thread.join()
    return ends, commits


def test_what_waits_for_one_disk_is_written_in_one_commit(database: Database) -> None:
    ends, commits = _written_while_all_wait(database, [_count(name) for name in "abcd"])
    assert ends == [None] * 4
    assert _names(database) == set("abcd")
    assert commits == 1


@pytest.mark.parametrize("error", [Overtaken(), RuntimeError("a defect")], ids=["overtaken", "defect"])
def test_what_fails_is_told_to_its_own_writer_and_costs_the_others_nothing(
    database: Database, error: Exception
) -> None:
    ends, _ = _written_while_all_wait(database, [_count("a"), _fail(error), _count("b")])
    assert ends == [None, error, None]
    assert _names(database) == {"a", "b"}


def test_what_is_there_already_is_refused_to_one_of_two(database: Database) -> None:
    ends, _ = _written_while_all_wait(database, [_count("a"), _count("a"), _count("b")])
    assert sorted(type(end).__name__ for end in ends) == ["NoneType", "NoneType", "StoreRefused"]
    assert any(isinstance(end, StoreRefused) for end in ends[:2])
    assert _names(database) == {"a", "b"}


def test_a_full_disk_is_told_to_everybody_and_nothing_of_it_is_kept(database: Database) -> None:
    def fill(line: Line) -> None:
        line.execute("PRAGMA max_page_count = 1")
        for n in range(1000):
            _count(f"{n:01000}")(line)

    ends, _ = _written_while_all_wait(database, [_count("a"), fill, _count("b")])
    assert [type(end) for end in ends] == [StoreAway] * 3
    assert _names(database) == set()


def test_what_could_not_be_written_is_written_when_it_is_sent_again(database: Database) -> None:
    for error in (Overtaken(), DBAPIError("", None, ValueError())):
        with pytest.raises(type(error)), database.lent() as line:
            database.write(line, _fail(error))
    with database.lent() as line:
        database.write(line, _count("half"))
    assert _names(database) == {"half"}


def test_a_turn_that_does_not_come_in_time_is_away(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers, "WAIT_SECONDS", 0.05)
    with _queue_taken(database):
        started = time.monotonic()
        with pytest.raises(StoreAway, match="no turn"), database.transaction():
            pass
        with pytest.raises(StoreAway, match="no turn"), database.lent() as line:
            database.write(line, _count("a"))
        assert time.monotonic() - started < 2
    with database.lent() as line:
        database.write(line, _count("later"))
    assert _names(database) == {"later"}, "what was told to be away is not written afterwards"


def test_who_waits_too_long_for_a_leader_who_is_held_up_is_away_and_nothing_of_it_is_kept(
    database: Database, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers, "WAIT_SECONDS", 0.2)
    # Another process, as far as locks go: its lock on the file is another, and is waited for without end.
    other_process = Database.open(sqlite_url)

    def lead() -> None:
        with database.lent() as line:
            database.write(line, _count("leads"))

    leader = threading.Thread(target=lead)
    with _queue_taken(other_process):
        leader.start()
        until = time.monotonic() + 10
        while not database._together._waiting:
            assert time.monotonic() < until
            time.sleep(0.001)
        with pytest.raises(StoreAway, match="no turn"), database.lent() as line:
            database.write(line, _count("follows"))
    leader.join()
    other_process.close()
    assert _names(database) == {"leads"}


def test_a_writer_broken_off_while_it_waits_leaves_the_way_free(database: Database) -> None:
    def broken_off(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(writers.WriterQueue, "__enter__", broken_off)
        with pytest.raises(KeyboardInterrupt), database.lent() as line:
            database.write(line, _count("a"))
    with database.lent() as line:
        database.write(line, _count("b"))
    assert _names(database) == {"b"}
