"""Statements of the path of a message: written with Core, compiled once, and handed straight to the driver.

Core processes a statement's parameters and its result again at every run, which is too much for what
every message does. Values here are bytes, whole numbers and text, which both drivers
take and give as they are.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.sql import ClauseElement

from storage.line import Line

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
        self._compiled: dict[str, tuple[str, tuple[str, ...] | None]] = {}  # by how it names its values

    def run(self, on: Line | Connection, *rows: Values) -> int:
        """Run it once for each of the values, and return how many rows the last one changed."""
        changed = 0
        for row in rows:
            changed = self._execute(on, row).rowcount
        return changed

    def row(self, on: Line | Connection, values: Values) -> Any:
        """Run it and return its one row, a named tuple."""
        return self._row._make(self._execute(on, values).fetchone())

    def scalar(self, on: Line | Connection, values: Values) -> Any:
        """Run it and return the one value of its one row; None where there is none."""
        row = self._execute(on, values).fetchone()
        return None if row is None else row[0]

    def _execute(self, on: Line | Connection, row: Values) -> Any:
        sql, order = self._compiled.get(on.dialect.paramstyle) or self._compile(on)
        values = None if order is None else tuple([row[name] for name in order])
        if isinstance(on, Line):
            return on.execute(sql, values or ())
        return on.exec_driver_sql(sql, row if values is None else values)

    @cached_property
    def _row(self) -> Any:
        columns = self._statement.selected_columns  # type: ignore[attr-defined]
        return namedtuple("_row", [column.name for column in columns])

    def _compile(self, on: Line | Connection) -> tuple[str, tuple[str, ...] | None]:
        compiled = self._statement.compile(dialect=on.dialect, column_keys=self._columns)
        order = compiled.positiontup  # type: ignore[attr-defined]
        known = self._compiled[on.dialect.paramstyle] = str(compiled), None if order is None else tuple(order)
        return known
