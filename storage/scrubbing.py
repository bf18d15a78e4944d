"""Making the database files forget what was deleted from the tables.

A deleted row stays in the files for a while: in SQLite's write-ahead log, in the unused space of
PostgreSQL's pages. Deleting is finished only when that is gone too.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, select, text

from storage.database import Database
from storage.erasing import SCRUB
from storage.schema import later_work

_PATIENCE_SECONDS = 1
_KEY_TABLES = ("conversations", "cases")
_AT_ONCE_BYTES = 64 * 2**20
"""A table of up to this size is written anew in less time than a person waits; a larger one, once a day."""

_SIZE = text("SELECT sum(pg_table_size(name::regclass)) FROM unnest(CAST(:names AS text[])) AS name")
_LEFT_FOR = timedelta(days=1)

_NOW = text("SELECT clock_timestamp()")
_BEGUN_BEFORE = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start < :moment"
)


def scrub(database: Database, whole: bool = False) -> bool:
    """Remove the remains of deleted keys from the database files.

    SQLite overwrites what is deleted (`secure_delete`); its write-ahead log is emptied here. PostgreSQL
    leaves deleted bytes in the pages, so the tables that hold keys are written anew; its own log keeps
    them for as long as the operator archives it. What the keys opened needs no such care.

    Args:
        whole: write also large tables anew, which keeps everybody waiting for seconds.
    Returns:
        False where it has to be done again: somebody was reading just then, or a table is large.
    Raises:
        StoreAway: the database cannot be had, or was busy for too long.
    """
    with database.alone(_PATIENCE_SECONDS) as connection:
        if database.dialect == "sqlite":
            busy, _, _ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
            return not busy
        if (
            not whole
            and connection.execute(_SIZE, {"names": list(_KEY_TABLES)}).scalar_one() > _AT_ONCE_BYTES
        ):
            return False
        # A transaction that began before a row was deleted may still see it, and would have it kept.
        if not _all_ended(connection):
            return False
        for table in _KEY_TABLES:
            connection.exec_driver_sql(f"VACUUM FULL {table}")
        return True


def scrub_now(database: Database, whole: bool = False) -> bool:
    """Scrub the files if something was erased since they last were. Returns and raises as `scrub`."""
    with database.reading() as connection:
        asked = connection.scalars(select(later_work.c.id).where(later_work.c.kind == SCRUB)).all()
    if not asked:
        return True
    if not scrub(database, whole):
        return False
    with database.transaction() as connection:
        connection.execute(delete(later_work).where(later_work.c.id.in_(asked)))
    return True


def scrub_overdue(database: Database, now: datetime) -> bool:
    """Scrub as `scrub_now` does, and write large tables anew when one was left for a day."""
    with database.reading() as connection:
        since = connection.scalar(select(func.min(later_work.c.due_at)).where(later_work.c.kind == SCRUB))
    return scrub_now(database, whole=since is not None and since <= (now - _LEFT_FOR).timestamp())


def _all_ended(connection: Connection) -> bool:
    """Wait for the transactions that are running now to end; return False where one goes on too long."""
    moment = connection.execute(_NOW).scalar_one()
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while connection.execute(_BEGUN_BEFORE, {"moment": moment}).scalar_one():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
