"""A connection of the driver's own, for the path of a message.

Core gives a connection out, looks after it and takes it back again for every use, which is as much work as
what most messages write. A line is opened once, lent to one message at a time, and closed where it broke.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Dialect, Engine
from sqlalchemy.exc import DBAPIError

BEGIN = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "BEGIN"}
"""How a transaction that writes begins."""

Writing = Callable[["Line"], None]
"""Writes on a line."""


class Line:
    """One connection in the driver's own terms. What is run on it is committed as it stands, or by `commit`."""

    def __init__(self, engine: Engine) -> None:
        lent = engine.raw_connection()
        # Beside the pool: whoever waits for a connection of the pool does not wait for a message.
        lent.detach()
        self._connection: Any = lent.dbapi_connection
        self._driver = engine.dialect
        self._cursor, self.dialect = _cursor_on(self._connection, self._driver)
        self.broken = False
        # Whoever listens to statements of the engine hears of these too.
        self._listeners = engine.dispatch

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """Run a statement, in the words of `dialect`, and return its cursor, which the next one takes over.

        Raises: as Core does.
        """
        try:
            for listener in self._listeners.before_cursor_execute:
                listener(self, self._cursor, sql, values, None, False)
            self._cursor.execute(sql, values)
            for listener in self._listeners.after_cursor_execute:
                listener(self, self._cursor, sql, values, None, False)
            return self._cursor
        except Exception as error:
            raise self._as_core_does(error) from None

    def commit(self, *writings: Writing) -> None:
        """Run one durable transaction; nothing of it is kept if one of them raises."""
        try:
            self.execute(BEGIN[self.dialect.name])
            for writing in writings:
                writing(self)
            self.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        """Take back what was begun; a line on which even that fails is broken."""
        try:
            self._cursor.execute("ROLLBACK")
        except Exception:  # whatever it is, this line is not lent again
            self.broken = True

    def close(self) -> None:
        """Close the connection, whatever state it is in."""
        try:
            self._connection.close()
        except Exception:
            self.broken = True

    def _as_core_does(self, error: Exception) -> Exception:
        driver = self._driver
        errors = driver.loaded_dbapi.Error
        if not isinstance(error, errors):
            return error
        self.broken = self.broken or bool(driver.is_disconnect(error, self._connection, self._cursor))
        return DBAPIError.instance(None, None, error, errors, hide_parameters=True, dialect=driver)


def _cursor_on(connection: Any, driver: Any) -> tuple[Any, Dialect]:
    """Return the cursor of a line, and the dialect of what it runs."""
    if driver.name == "sqlite":
        return connection.cursor(), driver
    # Whoever keeps to SQLite has PostgreSQL's driver not loaded.
    from storage.libpq import Cursor

    return Cursor(connection), type(driver)(paramstyle="numeric_dollar")
