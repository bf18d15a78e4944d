"""One face for both databases: a durable transaction, one writer at a time where that matters.

SQLite knows one writer, and those who write queue (`storage.writers`). PostgreSQL takes many writers; there
only the messages of one person queue, also before a row of theirs exists that could be locked.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    DatabaseError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as NoFreeConnection

from storage.errors import StoreAway, StoreRefused
from storage.line import BEGIN, Line, Writing
from storage.writers import WAIT_SECONDS, GroupCommit, Held, WriterQueue

BUSY_SECONDS = 5
"""How long SQLite waits for a writer that does not queue with us, such as an operator's shell."""

CONNECTIONS = 8
"""The most connections of one process. Measured: more of them make a small PostgreSQL slower."""

_STRIPES = 64
"""Locks that the messages of one process queue at: two people at one of them wait for each other, which so few threads seldom do."""

# Without parameters, not with none of them: only so may two statements travel together.
_AS_IT_STANDS = {"no_parameters": True}

_SQLITE_PRAGMAS = (
    # secure_delete: what is deleted is overwritten. trusted_schema: a schema cannot call functions.
    f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA foreign_keys = ON",
    # KiB, negative: every thread has a connection, and what a message touches is a few pages.
    "PRAGMA cache_size = -512",
)

_POSTGRESQL_OPTIONS = " ".join(
    f"-c {name}={value}"
    for name, value in {
        "lock_timeout": f"{WAIT_SECONDS}s",
        "statement_timeout": "15s",
        "idle_in_transaction_session_timeout": "30s",
        "synchronous_commit": "on",
        # What a message asks is asked by key. A plan that was made while the tables were small, and read
        # them whole, would be kept when they no longer are.
        "enable_seqscan": "off",
        "timezone": "UTC",
    }.items()
)


class Database:
    """A database, its connections, and the queue before it. Safe between threads and over a fork."""

    def __init__(self, url: URL) -> None:
        self.dialect: Literal["sqlite", "postgresql"]
        self.file: Path | None = None
        """The database file, with SQLite."""
        if url.get_backend_name() == "sqlite":
            if not url.database or url.database == ":memory:":
                raise ValueError(
                    "the database must be a file, or PostgreSQL: what is in memory alone is lost"
                )
            self.dialect = "sqlite"
            self.file = Path(url.database)
        elif url.get_backend_name() in ("postgresql", "postgres"):
            self.dialect = "postgresql"
            url = url.set(drivername="postgresql+psycopg")
        else:
            raise ValueError("the database must be SQLite or PostgreSQL")
        self.engine: Engine = _engine(url, self.dialect)
        self._writers = WriterQueue(self.file.with_name(self.file.name + ".lock")) if self.file else None
        self.forget()
        _forget_after_fork(self)

    def forget(self) -> None:
        """Start anew, as after a fork: what was opened before it is the parent's."""
        self.engine.dispose(close=False)
        self.lines: list[Line] = []
        self._turns = [threading.RLock() for _ in range(_STRIPES)]
        if self._writers is not None:
            self._writers.forget()
            self._together = GroupCommit(self._writers)

    @classmethod
    def open(cls, url: str) -> Database:
        """Open a database. Nothing is connected before it is needed.

        Args:
            url: `sqlite:///path/to/file`, or `postgresql://user:password@host/name`.
        Raises:
            ValueError: another kind of database, or one in memory.
        """
        return cls(make_url(url))

    @contextmanager
    def transaction(self, serialise_on: bytes | None = None) -> Iterator[Connection]:
        """Run one durable transaction: committed when the block ends well, rolled back when it raises.

        Args:
            serialise_on: at least eight bytes; transactions given the same ones run one after
                another, over all processes. On SQLite all of them do.
        Raises:
            StoreAway: the database cannot be had. Whether a commit that broke off was kept is not
                known; the same message sent again finds out.
            StoreRefused: a constraint forbids what was to be written.
        """
        with _translated(), self._queued(serialise_on), self._connected(serialise_on) as connection:
            yield connection
            connection.commit()

    @contextmanager
    def glancing(self) -> Iterator[Connection]:
        """Give a connection on which each query is a snapshot of its own, and waits for no writer.

        Raises:
            StoreAway: the database cannot be had.
        """
        with _translated(), self.engine.connect() as connection:
            yield connection

    def lent(self) -> AbstractContextManager[Line]:
        """Lend a line: each query on it is a snapshot of its own, and waits for no writer.

        Raises:
            StoreAway: the database cannot be had.
        """
        return _Lent(self)

    def write(self, line: Line, writing: Writing, at_once: bool = False) -> None:
        """Run one durable transaction on a line; whoever writes what others may write too sees to it itself.

        Args:
            writing: writes on the line it is given, which with SQLite may be another one of this process; nothing
                of it is kept if it raises. It may be called again after it was taken back.
            at_once: it is one statement, which is a transaction by itself.
        Raises: as `transaction`.
        """
        if at_once:
            writing(line)
        elif self._writers is not None:
            self._together.write(line, writing)
        else:
            line.commit(writing)

    def turn_of(self, serialise_on: bytes) -> AbstractContextManager[None]:
        """Wait, within this process, until nobody else is at work on the same; see `transaction`."""
        return Held(self._turns[int.from_bytes(serialise_on[:8], "big") % len(self._turns)])

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Look without changing anything; never waits for a writer.

        Raises:
            StoreAway: the database cannot be had.
        """
        with _translated(), self.engine.connect() as connection:
            # One snapshot for all that is read, so that rows which belong together fit together.
            connection.exec_driver_sql(
                "BEGIN" if self.dialect == "sqlite" else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
            )
            yield connection

    @contextmanager
    def alone(self, patience: int) -> Iterator[Connection]:
        """Give a connection without a transaction, to look after the files, while no writer of ours is at work.

        Args:
            patience: seconds to wait for others who are.
        Raises:
            StoreAway: the database cannot be had, or not in time.
        """
        with _translated(), self._queued(None), self.engine.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            if self.dialect == "sqlite":
                connection.exec_driver_sql(f"PRAGMA busy_timeout = {patience * 1000}")
            else:
                connection.exec_driver_sql(f"SET lock_timeout = '{patience}s'; SET statement_timeout = 0")
            try:
                yield connection
            finally:
                # With the settings of its own it does not go back to the others.
                connection.invalidate()

    def close(self) -> None:
        """Close every connection that is not in use."""
        while self.lines:
            self.lines.pop().close()
        self.engine.dispose()

    def _queued(self, serialise_on: bytes | None) -> Any:
        if self._writers is not None:
            return self._writers
        if serialise_on is None:
            return nullcontext()
        # One person's messages wait here rather than each on a connection that others could use.
        return self.turn_of(serialise_on)

    @contextmanager
    def _connected(self, serialise_on: bytes | None) -> Iterator[Connection]:
        begin = self._begin(serialise_on)
        connection = self.engine.connect()
        try:
            try:
                connection.exec_driver_sql(begin, execution_options=_AS_IT_STANDS)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                # The pool held a connection from before a restart. Nothing was done yet: once more.
                connection.close()
                connection = self.engine.connect()
                connection.exec_driver_sql(begin, execution_options=_AS_IT_STANDS)
            yield connection
        finally:
            connection.close()

    def _begin(self, serialise_on: bytes | None) -> str:
        if self.dialect == "sqlite" or serialise_on is None:
            return BEGIN[self.dialect]
        # Two statements in one round trip; the number is ours, so there is nothing to quote.
        number = int.from_bytes(serialise_on[:8], "big", signed=True)
        return f"{BEGIN[self.dialect]}; SELECT pg_advisory_xact_lock({number})"


class _Lent:
    """A line that nobody else has, for as long as the block lasts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> Line:
        lines = self._database.lines
        try:
            self._line = lines.pop() if lines else Line(self._database.engine)
        except DBAPIError as error:
            raise _in_our_words(error) from None
        return self._line

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._line.broken:
            self._line.close()
        else:
            self._database.lines.append(self._line)
        if isinstance(error, DBAPIError):
            raise _in_our_words(error) from None


def _engine(url: URL, dialect: str) -> Engine:
    if dialect == "sqlite":
        # isolation_level None: the driver begins nothing by itself, so that BEGIN IMMEDIATE is ours.
        connect_args: dict[str, Any] = {"isolation_level": None, "check_same_thread": False}
    else:
        connect_args = {"connect_timeout": 5, "options": _POSTGRESQL_OPTIONS, "autocommit": True}
    engine = create_engine(
        url,
        connect_args=connect_args,
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=WAIT_SECONDS,
        hide_parameters=True,
    )
    if dialect == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _: object) -> None:
    for pragma in _SQLITE_PRAGMAS:
        connection.execute(pragma).close()


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what a driver says of a database into our own words, which quote nothing.

    An error in our own statements passes: it is a defect, and waiting will not mend it.
    """
    try:
        yield
    except DBAPIError as error:
        raise _in_our_words(error) from None
    except NoFreeConnection:
        raise StoreAway("no free connection") from None


def _in_our_words(error: DBAPIError) -> Exception:
    """Return what to raise for an error of the driver; the error itself where it is a defect of ours."""
    match error:
        case OperationalError() | InterfaceError() | InternalError():
            return StoreAway(_name(error))
        case IntegrityError():
            # PostgreSQL puts the whole row into its message.
            return StoreRefused(_name(error))
    # "file is not a database", "disk image is malformed" come as the base class.
    return StoreAway(_name(error)) if type(error) is DatabaseError else error


def _name(error: DBAPIError) -> str:
    """Name a driver's error by its class and code: its text may quote values."""
    code = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", None)
    return " ".join(filter(None, (type(error.orig).__name__, code)))


def _forget_after_fork(database: Database) -> None:
    if not hasattr(os, "register_at_fork"):
        return
    alive = weakref.ref(database)

    def forget() -> None:
        found = alive()
        if found is not None:
            found.forget()

    os.register_at_fork(after_in_child=forget)
