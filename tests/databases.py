"""Databases of PostgreSQL. One is handed from test to test: to empty it costs a tenth of what making one does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import chain, count

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

# What PostgreSQL has for it looks only every tenth of a second whether they are gone.
_END_OTHERS = """
DO $$
DECLARE
    others CONSTANT text := 'pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()';
    are_left boolean;
BEGIN
    EXECUTE 'SELECT count(pg_terminate_backend(pid)) FROM ' || others;
    FOR attempt IN 1 .. 2500 LOOP
        PERFORM pg_stat_clear_snapshot();
        EXECUTE 'SELECT EXISTS (SELECT FROM ' || others || ')' INTO are_left;
        EXIT WHEN NOT are_left;
        PERFORM pg_sleep(0.002);
    END LOOP;
END $$
"""

# What was made, changed or taken away beside rows shows in how many there are, or in who wrote the last of them.
_SHAPE = "SELECT (SELECT string_agg(version_num, ',') FROM alembic_version)" + "".join(
    f", (SELECT ROW(count(*), max(xmin::text::bigint))::text FROM {catalogue})"
    for catalogue in ("pg_attribute", "pg_constraint", "pg_namespace", "pg_proc", "pg_trigger")
)

# To delete a few rows takes a tenth of what cutting a table off takes, but leaves their room taken.
_USED = """
SELECT format(CASE WHEN pg_relation_size(oid) > 65536 THEN 'TRUNCATE %I CASCADE' ELSE 'DELETE FROM %I' END, relname)
FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
AND pg_relation_size(oid) > 0
"""

_COUNTED = """
SELECT format('ALTER SEQUENCE %I RESTART', sequencename) FROM pg_sequences
WHERE schemaname = 'public' AND last_value IS NOT NULL
"""


@contextmanager
def made(server: str, name: str, template: str = "template0") -> Iterator[str]:
    """Make a database on a PostgreSQL server and drop it afterwards; gives its URL."""
    yield _make(server, name, template)
    _drop(server, name)


class Lender:
    """Lends databases that are as the template is, whoever had them before.

    Args:
        server: the URL of the server.
        template: the name of a database with every table and no rows in them.
        prefix: what the names of those that are lent begin with.
    """

    def __init__(self, server: str, template: str, prefix: str) -> None:
        self._server, self._template, self._prefix = server, template, prefix
        self._numbers = count(1)
        self._free: list[str] = []
        with _engine(_url(server, template)).connect() as connection:
            self._shape = connection.execute(text(_SHAPE)).one()
            assert connection.execute(text(_USED)).all() == []

    @contextmanager
    def lent(self) -> Iterator[str]:
        """Lend one; gives its URL. One that comes back with other tables is thrown away."""
        if not self._free:
            name = f"{self._prefix}_{next(self._numbers)}"
            _make(self._server, name, self._template)
            self._free.append(name)
        name = self._free.pop()
        yield _url(self._server, name)
        if self._emptied(name):
            self._free.append(name)
        else:
            _drop(self._server, name)

    def close(self) -> None:
        """Drop all that came back."""
        while self._free:
            _drop(self._server, self._free.pop())

    def _emptied(self, name: str) -> bool:
        try:
            with _engine(_url(self._server, name)).connect() as connection:
                connection.execute(text(_END_OTHERS))
                if connection.execute(text(_SHAPE)).one() != self._shape:
                    return False
                again = [connection.execute(text(each)).scalars().all() for each in (_USED, _COUNTED)]
                # As a replica it asks no foreign key.
                steps = ("SET session_replication_role = replica", *chain(*again))
                connection.exec_driver_sql("; ".join(steps))
        except DBAPIError:
            return False
        return True


def _make(server: str, name: str, template: str) -> str:
    with _engine(server).connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'"))
    return _url(server, name)


def _drop(server: str, name: str) -> None:
    with _engine(server).connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@cache
def _engine(url: str) -> Engine:
    """An engine asks a server what it can when it first connects; none stays connected."""
    driven = make_url(url).set(drivername="postgresql+psycopg")
    return create_engine(driven, isolation_level="AUTOCOMMIT", poolclass=NullPool)


def _url(server: str, name: str) -> str:
    url = make_url(server).set(drivername="postgresql+psycopg", database=name)
    return url.render_as_string(hide_password=False)
