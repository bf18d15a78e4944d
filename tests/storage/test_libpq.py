"""What a message asks of PostgreSQL goes through libpq as it stands: nothing is lost on the way, and a broken line is let go."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DataError

from storage.database import Database
from storage.errors import StoreAway, StoreRefused
from storage.line import Line

PERSON = b"someone!"


@pytest.fixture
def database(postgresql_url: str) -> Iterator[Database]:
    database = Database.open(postgresql_url)
    yield database
    database.close()


def _given_back(line: Line, *values: bytes | int | str | None) -> tuple[object, ...]:
    asked = "SELECT $1::bytea, $2::bigint, $3::integer, $4::text, $5::varchar"
    row: tuple[object, ...] = line.execute(asked, values).fetchone()
    return row


@given(
    st.none() | st.binary(),
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.integers(-(2**31), 2**31 - 1),
    st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_is_sent_comes_back(
    database: Database, raw: bytes, long: int, short: int, words: str, name: str
) -> None:
    with database.lent() as line:
        assert _given_back(line, raw, long, short, words, name) == (raw, long, short, words, name)


def test_a_truth_and_nothing_are_read(database: Database) -> None:
    with database.lent() as line:
        assert line.execute("SELECT true, 1 > 2, NULL").fetchone() == (True, False, None)
        assert line.execute("SELECT 1 WHERE false").fetchone() is None


def test_a_text_does_not_end_at_a_nul_without_a_word(database: Database) -> None:
    with pytest.raises(DataError), database.lent() as line:
        line.execute("SELECT $1::text", ("before\0after",))


def test_how_many_rows_changed_is_told(database: Database) -> None:
    add = "INSERT INTO counts (month, name, n) VALUES ('2026-11', $1, 1)"
    with database.lent() as line:
        assert line.execute(add, ("a",)).rowcount == 1
        assert line.execute(add, ("b",)).rowcount == 1
        assert line.execute("UPDATE counts SET n = n + $1::bigint", (1,)).rowcount == 2
        assert line.execute("UPDATE counts SET n = 1 WHERE n = 0").rowcount == 0


def test_a_refusal_leaves_the_line_as_good_as_it_was(database: Database) -> None:
    add = "INSERT INTO counts (month, name, n) VALUES ('2026-11', $1, 1)"
    with database.lent() as line:
        line.execute(add, ("a",))
    with pytest.raises(StoreRefused), database.lent() as again:
        again.execute(add, ("a",))
    with database.lent() as third:
        assert third is line
        assert third.execute(add, ("b",)).rowcount == 1


def test_a_line_that_was_cut_is_let_go_and_another_is_opened(database: Database) -> None:
    with database.lent() as line:
        number = line.execute("SELECT pg_backend_pid()").fetchone()[0]
    with database.transaction() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:number, 5000)"), {"number": number})
    with pytest.raises(StoreAway), database.lent() as cut:
        cut.execute("SELECT 1")
    assert cut.broken
    with database.lent() as another:
        assert another is not line
        assert another.execute("SELECT 1").fetchone() == (1,)


def test_closing_the_database_closes_the_lines(database: Database) -> None:
    with database.lent() as line:
        number = line.execute("SELECT pg_backend_pid()").fetchone()[0]
    database.close()
    with database.reading() as connection:
        # A server ends what was closed in a moment.
        left = "SELECT count(*) FROM pg_stat_activity WHERE pid = :number"
        for _ in range(100):
            if not connection.execute(text(left), {"number": number}).scalar_one():
                return
            connection.execute(text("SELECT pg_sleep(0.02), pg_stat_clear_snapshot()"))
    pytest.fail("still connected")
