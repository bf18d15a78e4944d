"""Making the database files forget what was deleted from the tables.

A deleted row stays in the files for a while: in SQLite's write-ahead log, in the unused space of
PostgreSQL's pages. Deleting is finished only when that is gone too.
"""

from __future__ import annotations

from sqlalchemy import delete, select

from storage.database import Database
from storage.erasing import SCRUB
from storage.schema import later_work

_PATIENCE_SECONDS = 1
_KEY_TABLES = ("conversations", "cases", "answers", "manifests", "receipts", "marks")


def scrub(database: Database) -> bool:
    """Remove the remains of deleted rows from the database files.

    SQLite overwrites what is deleted (`secure_delete`); the write-ahead log is emptied here. PostgreSQL writes
    the tables that hold keys and sealed answers anew; its own log keeps them as long as the operator
    archives it.

    Returns:
        False where somebody was reading just then, so that it has to be done again.
    Raises:
        StoreAway: the database cannot be had, or was busy for too long.
    """
    with database.alone(_PATIENCE_SECONDS) as connection:
        if database.dialect == "sqlite":
            busy, _, _ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
            return not busy
        for table in _KEY_TABLES:
            connection.exec_driver_sql(f"VACUUM {table}")
        return True


def scrub_now(database: Database) -> bool:
    """Scrub the files if something was erased since they last were. Returns and raises as `scrub`."""
    with database.reading() as connection:
        asked = connection.scalars(select(later_work.c.id).where(later_work.c.kind == SCRUB)).all()
    if not asked:
        return True
    if not scrub(database):
        return False
    with database.transaction() as connection:
        connection.execute(delete(later_work).where(later_work.c.id.in_(asked)))
    return True
