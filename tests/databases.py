"""Databases of PostgreSQL. One is handed from test to test: to empty it costs a tenth of what making one does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

_END_OTHERS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

# What was made, changed or taken away beside rows shows in how many there are, or in who wrote the last of them.
_SHAPE = "SELECT (SELECT string_agg(version_num, ',') FROM alembic_version)" + "".join(
    f", (SELECT ROW(count(*), max(xmin::text::bigint))::text FROM {catalogue})"
    for catalogue in ("pg_attribute", "pg_constraint", "pg_namespace", "pg_proc", "pg_trigger")
)

_USED = """
SELECT format('%I', relname) FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
AND pg_relation_size(oid) > 0
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
                if used := connection.execute(text(_USED)).scalars().all():
                    connection.execute(text(f"TRUNCATE {', '.join(used)} RESTART IDENTITY CASCADE"))
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


def _engine(url: str) -> Engine:
    driven = make_url(url).set(drivername="postgresql+psycopg")
    return create_engine(driven, isolation_level="AUTOCOMMIT", poolclass=NullPool)


def _url(server: str, name: str) -> str:
    url = make_url(server).set(drivername="postgresql+psycopg", database=name)
    return url.render_as_string(hide_password=False)
