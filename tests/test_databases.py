"""Whoever is lent a database finds it as it was made, whatever those before did in theirs."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from tests.databases import Lender


def _connected(url: str) -> Connection:
    return create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool).connect()


def test_one_that_comes_back_holds_no_row_and_no_connection(postgresql_lender: Lender) -> None:
    with postgresql_lender.lent() as url:
        held = _connected(url)
        held.execute(text("INSERT INTO counts VALUES ('2026-11', 'started', 1)"))
    with pytest.raises(OperationalError):
        held.execute(text("SELECT 1"))
    with postgresql_lender.lent() as again, _connected(again) as connection:
        assert again == url
        assert connection.execute(text("SELECT * FROM counts")).all() == []


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE of_somebody_else (x INTEGER)",
        "CREATE SCHEMA of_somebody_else",
        "ALTER TABLE cases ADD COLUMN more INTEGER",
        "DROP TABLE counts CASCADE",
        "UPDATE alembic_version SET version_num = '0000'",
    ],
)
def test_one_in_which_more_than_rows_was_changed_is_lent_to_nobody(
    postgresql_lender: Lender, change: str
) -> None:
    with postgresql_lender.lent() as url, _connected(url) as connection:
        connection.execute(text(change))
    with postgresql_lender.lent() as another:
        assert another != url
