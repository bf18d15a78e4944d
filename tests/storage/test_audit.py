"""The log: numbered without a gap, and nobody can alter it inside without its showing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

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
        (update(log).where(log.c.number == 3).values(recipient="00" * 16), 3),
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


def made_anew(database: Database, first: int, previous: bytes, staff: str) -> None:
    """Write entries anew from one on, each with the hash that belongs to it: no key is needed for that."""
    with database.transaction() as connection:
        for row in connection.execute(select(log).where(log.c.number >= first).order_by(log.c.number)).all():
            hashed = audit._hash(row.number, row.at, staff, row.event, row.subject, previous, row.recipient)
            values = {"staff": staff, "previous": previous, "hash": hashed}
            connection.execute(update(log).where(log.c.number == row.number).values(values))
            previous = hashed


def test_an_entry_altered_with_the_hash_that_belongs_to_it_shows_at_the_next(logged: Database) -> None:
    with logged.transaction() as connection:
        rows = connection.execute(select(log).order_by(log.c.number)).all()
        hashed = audit._hash(3, rows[2].at, "00" * 16, "case_opened", None, rows[1].hash, None)
        forged = {"staff": "00" * 16, "subject": None, "hash": hashed}
        connection.execute(update(log).where(log.c.number == 3).values(forged))
    assert first_broken(logged) == 4


def test_a_log_that_is_made_anew_without_its_beginning_shows(logged: Database) -> None:
    with logged.transaction() as connection:
        connection.execute(delete(log).where(log.c.number < 3))
    made_anew(logged, 3, bytes(32), "00" * 16)
    assert first_broken(logged) == 3


def test_the_log_names_no_case(logged: Database) -> None:
    with logged.reading() as connection:
        subjects = {str(entry.subject) for entry in audit.entries(connection)}
    assert len(subjects) == 2
    assert not any(CASE.hex()[:16] in subject for subject in subjects)


DAY = timedelta(days=1)
MIDNIGHT = NOW.replace(hour=0)


def removed_at(database: Database, now: datetime) -> int:
    with database.transaction() as connection:
        return audit.remove_old(connection, now)


def test_entries_stay_for_twelve_months_and_leave_with_their_day(logged: Database) -> None:
    with logged.transaction() as connection:
        audit.append(connection, MIDNIGHT + DAY, MEI, "cases_listed")
    assert removed_at(logged, MIDNIGHT + 366 * DAY - timedelta(seconds=1)) == 0
    assert removed_at(logged, MIDNIGHT + 366 * DAY) == 4
    assert removed_at(logged, MIDNIGHT + 366 * DAY + timedelta(hours=23)) == 0
    with logged.reading() as connection:
        assert [(entry.number, entry.event) for entry in audit.entries(connection)] == [
            (5, "cases_listed"),
            (6, "entries_removed"),
        ]
    assert first_broken(logged) is None


def test_a_log_of_old_entries_alone_goes_on_from_the_last_of_them(logged: Database) -> None:
    for years in range(1, 4):
        assert removed_at(logged, NOW + years * 400 * DAY) == (4 if years == 1 else 1)
        assert first_broken(logged) is None
    with logged.transaction() as connection:
        audit.append(connection, NOW, MEI, "cases_listed")
    assert first_broken(logged) is None
    with logged.reading() as connection:
        assert [entry.number for entry in audit.entries(connection)] == [7, 8]


def test_an_entry_of_a_clock_that_was_wrong_takes_none_along_that_must_stay(logged: Database) -> None:
    with logged.transaction() as connection:
        audit.append(connection, datetime(1990, 1, 1, tzinfo=UTC), MEI, "cases_listed")
    assert removed_at(logged, NOW + DAY) == 0


@pytest.mark.parametrize("last", [1, 2, 5])
def test_whoever_cuts_off_the_old_end_is_noticed(logged: Database, last: int) -> None:
    with logged.transaction() as connection:
        audit.append(connection, NOW + DAY, MEI, "cases_listed")
        audit.append(connection, NOW + DAY, MEI, "cases_listed")
        if last > 4:
            audit.remove_old(connection, NOW + 366 * DAY)
        connection.execute(delete(log).where(log.c.number <= last))
    assert first_broken(logged) == last + 1


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


def test_who_remembers_a_check_reads_only_what_came_after_and_notices_more(logged: Database) -> None:
    with logged.transaction() as connection:
        seen = audit.check(connection)
        assert (seen.upto, seen.broken) == (4, None)
        audit.append(connection, NOW, MEI, "case_opened", audit.subject_of(CASE))
        audit.append(connection, NOW, MEI, "cases_listed")
        assert audit.check(connection, seen) == audit.check(connection)
        connection.execute(update(log).where(log.c.number == 5).values(staff="x"))
        assert audit.check(connection, seen).broken == 5
        connection.execute(delete(log).where(log.c.number > 3))
        # Cut off at the new end, which nobody sees who was not there before.
        assert audit.first_broken(connection) is None
        assert audit.check(connection, seen).broken == 4
        # And made anew.
        audit.append(connection, NOW, None, "keys_made")
        assert audit.first_broken(connection) is None
        assert audit.check(connection, seen).broken == 4
