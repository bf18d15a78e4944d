"""Making a new instance: tables, keys, and the two slots that exist before anybody works here."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, delete, insert, select

from storage import audit, migrations, slots
from storage.database import Database
from storage.errors import KeysUnusable
from storage.keys import KeyDirectory
from storage.recovery import RecoveryKey
from storage.schema import desk_keys
from storage.schema import slots as slots_table
from storage.sealing import new_key_pair, new_signing_key

KEYS_FOLDER = "keys"
_UNFINISHED = "keys.new"
_FIRST_GENERATION = 1
_ONE_AT_A_TIME = b"instance"


@dataclass(frozen=True)
class Initialised:
    """What `initialise` did.

    Attributes:
        recovery_key_text: to be printed, and kept nowhere else; None where everything was there already.
    """

    recovery_key_text: str | None = field(repr=False)

    @property
    def created(self) -> bool:
        """Whether this is a new instance."""
        return self.recovery_key_text is not None


def initialise(home: Path, database_url: str) -> Initialised:
    """Set up an instance, or see that it is set up. Broken off at any point, it can be run again.

    Args:
        home: the instance folder; made where it is missing.
    Raises:
        KeysUnusable: keys and database do not belong together, or one of them is missing.
        StoreAway: the database cannot be had.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = Database.open(database_url)
    try:
        with _alone(home):
            migrations.upgrade(database.engine)
            return _initialise(home, database)
    finally:
        database.close()


def _initialise(home: Path, database: Database) -> Initialised:
    path, unfinished = home / KEYS_FOLDER, home / _UNFINISHED
    recovery = RecoveryKey.new()
    with database.transaction(serialise_on=_ONE_AT_A_TIME) as connection:
        known = _known_desk_keys(connection)
        if path.exists():
            keys = KeyDirectory(path)
            _check_belong_together(keys, known)
            if not slots.is_held(connection, slots.BOOTSTRAP):
                keys.destroy_bootstrap()  # left by a crash right after the first colleague was added
            return Initialised(None)
        if known:
            # Either this was broken off below, between the commit and the last step, or the database
            # belongs to keys that are elsewhere; then nothing here may be replaced.
            _check_belong_together(KeyDirectory(unfinished), known)
            connection.execute(delete(slots_table))
            connection.execute(delete(desk_keys))
        shutil.rmtree(unfinished, ignore_errors=True)
        _make_keys(connection, unfinished, recovery)
    # Committed first: keys in their place without slots would take in answers that nobody could open.
    unfinished.rename(path)
    return Initialised(recovery.text)


def _make_keys(connection: Connection, path: Path, recovery: RecoveryKey) -> None:
    desk, bootstrap = new_key_pair(), new_key_pair()
    KeyDirectory.create(
        path,
        desk=(_FIRST_GENERATION, desk.public),
        signing=new_signing_key(),
        bootstrap=bootstrap.private,
    )
    now = datetime.now(UTC)
    connection.execute(
        insert(desk_keys).values(
            generation=_FIRST_GENERATION,
            public_key=desk.public,
            state="current",
            created_at=int(now.timestamp()),
        )
    )
    held = {_FIRST_GENERATION: desk.private}
    slots.fill(connection, slots.RECOVERY, recovery.public, held)
    slots.fill(connection, slots.BOOTSTRAP, bootstrap.public, held)
    audit.append(connection, now, None, "keys_made")


def _known_desk_keys(connection: Connection) -> dict[int, bytes]:
    rows = connection.execute(select(desk_keys.c.generation, desk_keys.c.public_key))
    return {row.generation: row.public_key for row in rows}


def _check_belong_together(keys: KeyDirectory, known: dict[int, bytes]) -> None:
    if not keys.path.exists():
        raise KeysUnusable(
            f"the database has been set up, but {KEYS_FOLDER} is missing from the home: "
            "bring the key directory back, or begin with a new database"
        )
    keys.check()
    generation, public = keys.desk_public
    if known.get(generation) != public:
        raise KeysUnusable(
            f"the {KEYS_FOLDER} in the home belong to another database: "
            "give the database they were made with, or move them away to begin anew"
        )


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    descriptor = os.open(home, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
