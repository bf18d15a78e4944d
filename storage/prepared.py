"""Statements of the path of a message: written with Core, compiled once, and handed straight to the driver.

Core processes a statement's parameters and its result again at every run, which is too much for what
every message does. Values here are bytes, whole numbers and text, which both drivers
take and give as they are.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import ClauseElement

Values = Mapping[str, Any]


class Prepared:
    """A statement that is always run with values for the same names.

    Args:
        statement: Core's.
        columns: of an insert or update, what it sets.
    """

    def __init__(self, statement: ClauseElement, columns: Sequence[str] | None = None) -> None:
        self._statement = statement
        self._columns = None if columns is None else list(columns)
        self._compiled: dict[str, tuple[str, tuple[str, ...] | None]] = {}

    def run(self, connection: Connection, *rows: Values) -> int:
        """Run it once for each of the values, and return how many rows the last one changed."""
        with _cursor(connection) as cursor:
            for row in rows:
                self._execute(connection, cursor, row)
            return int(cursor.rowcount)

    def row(self, connection: Connection, values: Values) -> Any:
        """Run it and return its one row, a named tuple."""
        with _cursor(connection) as cursor:
            self._execute(connection, cursor, values)
            return self._row._make(cursor.fetchone())

    def _execute(self, connection: Connection, cursor: Any, values: Values) -> None:
        sql, order = self._of(connection)
        arranged = values if order is None else tuple([values[name] for name in order])
        # Whoever listens to statements hears of these too.
        connection.dispatch.before_cursor_execute(connection, cursor, sql, arranged, None, False)
        cursor.execute(sql, arranged)
        connection.dispatch.after_cursor_execute(connection, cursor, sql, arranged, None, False)

    @cached_property
    def _row(self) -> Any:
        columns = self._statement.selected_columns  # type: ignore[attr-defined]
        return namedtuple("_row", [column.name for column in columns])

    def _of(self, connection: Connection) -> tuple[str, tuple[str, ...] | None]:
        known = self._compiled.get(connection.dialect.name)
        if known is None:
            compiled = self._statement.compile(dialect=connection.dialect, column_keys=self._columns)
            order = compiled.positiontup  # type: ignore[attr-defined]
            known = str(compiled), None if order is None else tuple(order)
            self._compiled[connection.dialect.name] = known
        return known


@contextmanager
def _cursor(connection: Connection) -> Iterator[Any]:
    """Give the driver's own cursor; its errors come out as those of a statement that Core ran."""
    cursor = connection.connection.cursor()
    try:
        yield cursor
    except Exception as error:
        dialect = connection.dialect
        errors = dialect.loaded_dbapi.Error
        if not isinstance(error, errors):
            raise
        if dialect.is_disconnect(error, connection.connection.driver_connection, cursor):
            connection.invalidate()
        raise DBAPIError.instance(None, None, error, errors, hide_parameters=True, dialect=dialect) from None
    finally:
        cursor.close()
