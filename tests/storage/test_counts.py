"""Counts go up by month and name, and lead to nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from storage.counts import count_up, counted, counts_between, month_of
from storage.database import Database

NOVEMBER = datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC)


def test_counts_are_told_by_month_and_name(database: Database) -> None:
    with database.transaction() as connection:
        count_up(connection, counted(("started", "consented", "started"), NOVEMBER))
        count_up(connection, counted(("started",), NOVEMBER))
        count_up(connection, counted((), NOVEMBER))
        count_up(connection, counted(("started",), NOVEMBER + timedelta(seconds=1)))
    with database.reading() as connection:
        november = {"2026-11": {"consented": 1, "started": 3}}
        assert counts_between(connection, "2026-11", "2026-11") == november
        assert counts_between(connection, "2026-01", "2026-12") == {**november, "2026-12": {"started": 1}}
        assert counts_between(connection, "2027-01", "2027-12") == {}


def test_a_month_is_that_of_utc() -> None:
    hong_kong = timezone(timedelta(hours=8))
    assert month_of(datetime(2026, 12, 1, 7, 59, tzinfo=hong_kong)) == "2026-11"
    assert month_of(datetime(2026, 12, 1, 8, 0, tzinfo=hong_kong)) == "2026-12"
