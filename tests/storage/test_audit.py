"""The log: numbered without a gap, and nobody can alter it inside without its showing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import delete, update

from storage import audit
from storage.database import Database
from storage.schema import audit as log

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MEI, CASE = b"m" * 16, b"c" * 16


@pytest.fixture
def logged(database: Database) -> Database:
    with database.transaction() as connection:
        audit.append(connection, NOW, None, "keys_made")
        audit.append(connection, NOW, MEI, "signed_in")
        audit.append(connection, NOW, MEI, "case_opened", audit.subject_of(CASE))
        audit.append(connection, NOW, MEI, "cases_listed")
    return database


def first_broken(database: Database) -> int | None:
    with database.reading() as connection:
        return audit.first_broken(connection)


def test_entries_are_read_as_they_were_written(logged: Database) -> None:
    with logged.reading() as connection:
        assert [entry.number for entry in audit.entries(connection)] == [1, 2, 3, 4]
        assert list(audit.entries(connection, audit.subject_of(CASE))) == [
            audit.Entry(3, NOW, MEI.hex(), "case_opened", audit.subject_of(CASE))
        ]


def test_a_log_that_nobody_touched_is_whole(logged: Database) -> None:
    assert first_broken(logged) is None


def test_an_empty_log_is_whole(database: Database) -> None:
    assert first_broken(database) is None


@pytest.mark.parametrize(
    ("tampering", "broken"),
    [
        (update(log).where(log.c.number == 3).values(staff="00" * 16), 3),
        (update(log).where(log.c.number == 3).values(staff=None), 3),
        (update(log).where(log.c.number == 2).values(event="case_opened"), 2),
        (update(log).where(log.c.number == 3).values(subject=None), 3),
        (update(log).where(log.c.number == 2).values(at=0), 2),
        (update(log).where(log.c.number == 2).values(hash=bytes(32)), 2),
        (update(log).where(log.c.number == 4).values(number=5), 5),
        (delete(log).where(log.c.number == 3), 4),
    ],
)
def test_what_was_altered_or_taken_out_shows(logged: Database, tampering: Any, broken: int) -> None:
    with logged.transaction() as connection:
        connection.execute(tampering)
    assert first_broken(logged) == broken


def test_the_oldest_entries_may_leave(logged: Database) -> None:
    with logged.transaction() as connection:
        connection.execute(delete(log).where(log.c.number <= 2))
        audit.append(connection, NOW, MEI, "cases_listed")
    assert first_broken(logged) is None


def test_entries_written_at_once_stand_one_after_another(database: Database) -> None:
    def write(_: int) -> None:
        with database.transaction() as connection:
            audit.append(connection, NOW, MEI, "signed_in")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(40)))
    assert first_broken(database) is None
    with database.reading() as connection:
        assert [entry.number for entry in audit.entries(connection)] == list(range(1, 41))


def test_what_is_rolled_back_was_never_logged(database: Database) -> None:
    def break_off() -> None:
        with database.transaction() as connection:
            audit.append(connection, NOW, MEI, "signed_in")
            raise KeyError

    with pytest.raises(KeyError):
        break_off()
    with database.reading() as connection:
        assert list(audit.entries(connection)) == []
