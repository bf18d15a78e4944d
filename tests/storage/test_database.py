"""Transactions: durable, one after another where they must be, and honest when the database is away."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError

from storage import database as module
from storage import schema
from storage.database import Database
from storage.errors import StoreAway, StoreRefused

PERSON = b"someone!"


def _rows(database: Database) -> list[tuple[str, int]]:
    with database.reading() as connection:
        return [(row.name, row.n) for row in connection.execute(select(schema.counts))]


def test_what_a_block_wrote_is_there_when_it_ended_well(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(insert(schema.counts).values(month="2026-11", name="a", n=1))
    assert _rows(database) == [("a", 1)]


def test_nothing_of_a_block_that_raised_is_there(database: Database) -> None:
    with pytest.raises(KeyError), database.transaction(PERSON) as connection:  # noqa: PT012
        connection.execute(insert(schema.counts).values(month="2026-11", name="a", n=1))
        raise KeyError
    assert _rows(database) == []


def test_a_row_that_may_not_be_is_not_called_an_absent_database(database: Database) -> None:
    with pytest.raises(StoreRefused), database.transaction() as connection:  # noqa: PT012
        for _ in range(2):
            connection.execute(insert(schema.counts).values(month="2026-11", name="a", n=1))


def _add_one(database: Database, times: int) -> None:
    """Read a number and write the next: wrong as soon as two do so at once."""
    for _ in range(times):
        with database.transaction(PERSON) as connection:
            n = connection.execute(text("SELECT n FROM counts")).scalar_one()
            connection.execute(text("UPDATE counts SET n = :n"), {"n": n + 1})


def test_transactions_of_one_person_run_one_after_another_in_many_threads(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(insert(schema.counts).values(month="2026-11", name="a", n=0))
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: _add_one(database, 5), range(16)))
    assert _rows(database) == [("a", 80)]


def test_transactions_of_one_person_run_one_after_another_in_many_processes(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(insert(schema.counts).values(month="2026-11", name="a", n=0))
    # Forked with open connections and locks on purpose: this is what a web server's workers are.
    children = []
    for _ in range(4):
        child = os.fork()
        if child == 0:
            try:
                _add_one(database, 20)
                os._exit(0)
            finally:
                os._exit(1)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    assert _rows(database) == [("a", 80)]


def test_two_people_do_not_wait_for_each_other_on_postgresql(postgresql_url: str) -> None:
    database = Database.open(postgresql_url)
    with database.transaction(PERSON), database.transaction(b"somebody") as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
    database.close()


def test_a_person_waits_for_herself_also_between_servers(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_POSTGRESQL_OPTIONS", "-c lock_timeout=100ms")
    here, there = Database.open(postgresql_url), Database.open(postgresql_url)
    with here.transaction(PERSON), pytest.raises(StoreAway), there.transaction(PERSON):
        pass
    with there.transaction(PERSON):
        pass
    here.close()
    there.close()


def test_every_sqlite_connection_is_durable_and_leaves_nothing_behind(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    with database.reading() as first, database.reading() as second:
        for connection in (first, second):
            settings = {
                name: connection.execute(text(f"PRAGMA {name}")).scalar()
                for name in ("journal_mode", "synchronous", "secure_delete", "trusted_schema", "foreign_keys")
            }
            assert settings == {
                "journal_mode": "wal",
                "synchronous": 2,
                "secure_delete": 1,
                "trusted_schema": 0,
                "foreign_keys": 1,
            }
    database.close()


def test_every_postgresql_connection_is_durable_and_waits_for_nobody_for_long(postgresql_url: str) -> None:
    wanted = {
        "synchronous_commit": "on",
        "lock_timeout": "10s",
        "statement_timeout": "15s",
        "idle_in_transaction_session_timeout": "30s",
        "TimeZone": "UTC",
    }
    database = Database.open(postgresql_url)
    with database.transaction() as connection, database.lent() as line:
        for name, value in wanted.items():
            assert connection.execute(text(f"SHOW {name}")).scalar() == value
            assert line.execute(f"SHOW {name}").fetchone()[0] == value
    database.close()


def test_a_reader_does_not_wait_for_a_writer(database: Database) -> None:
    with database.transaction(PERSON) as connection:
        connection.execute(insert(schema.counts).values(month="2026-11", name="a", n=1))
        assert _rows(database) == []


def test_a_database_locked_by_somebody_else_is_away_and_comes_back(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SQLITE_PRAGMAS", ("PRAGMA busy_timeout = 50",))
    database = Database.open(sqlite_url)
    other = sqlite3.connect(tmp_path / "tada.sqlite3")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreAway, match="SQLITE_BUSY"), database.transaction():
        pass
    other.rollback()
    with database.transaction():
        pass
    other.close()
    database.close()


def test_a_full_disk_is_away_and_what_was_there_stays(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    with pytest.raises(StoreAway, match="SQLITE_FULL"), database.transaction() as connection:  # noqa: PT012
        connection.execute(text("PRAGMA max_page_count = 1"))
        for number in range(10):
            row = {"month": "2026-11", "name": f"{number}" * 4000, "n": 1}
            connection.execute(insert(schema.counts), row)
    assert _rows(database) == []
    database.close()


def test_a_file_that_is_no_database_is_away(tmp_path: Path) -> None:
    (tmp_path / "x.sqlite3").write_bytes(b"not a database at all, but long enough" * 100)
    database = Database.open(f"sqlite:///{tmp_path}/x.sqlite3")
    with pytest.raises(StoreAway), database.transaction():
        pass
    database.close()


def test_a_server_that_is_not_there_is_away(tmp_path: Path) -> None:
    database = Database.open(f"postgresql://nobody@/nothing?host={tmp_path}")
    with pytest.raises(StoreAway), database.transaction(PERSON):
        pass
    with pytest.raises(StoreAway), database.reading():
        pass
    database.close()


def test_a_connection_that_was_cut_while_idle_is_replaced_unnoticed(
    postgresql_url: str, open_cutter: Callable[[], None]
) -> None:
    database = Database.open(postgresql_url)
    with database.transaction(PERSON):
        pass
    open_cutter()
    with database.transaction(PERSON) as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
    database.close()


@pytest.fixture
def open_cutter(postgresql_url: str) -> Callable[[], None]:
    """Ends every other connection to the database, as a restart of the server would."""

    def cut() -> None:
        other = Database.open(postgresql_url)
        with other.transaction() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        other.close()

    return cut


def test_a_connection_cut_in_the_middle_is_away(postgresql_url: str, open_cutter: Callable[[], None]) -> None:
    database = Database.open(postgresql_url)
    with pytest.raises(StoreAway), database.transaction(PERSON) as connection:  # noqa: PT012
        open_cutter()
        connection.execute(text("SELECT 1"))
    database.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://x/y"])
def test_a_database_that_would_lose_things_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="the database must be"):
        Database.open(url)


def test_an_error_repeats_nothing_that_was_to_be_stored(database: Database) -> None:
    with pytest.raises(StoreRefused) as caught, database.transaction() as connection:
        connection.execute(insert(schema.marks).values(mark=b"canary-4417", reply=b"", erase_at=0))
    assert "canary" not in str(caught.value)
    assert "63616e617279" not in str(caught.value)


def test_a_defect_of_ours_repeats_nothing_either(database: Database) -> None:
    values = ("canary-4417", "canary-4418")
    with pytest.raises(DBAPIError) as caught, database.transaction() as connection:
        connection.exec_driver_sql(f"SELECT {'?' if database.file else '%s'}", values)
    with pytest.raises(DBAPIError) as on_a_line, database.lent() as line:
        line.execute("SELECT ?" if database.file else "SELECT nothing($1, $2)", values)
    assert "canary" not in f"{caught.value!s} {on_a_line.value!s}"
