"""Which worker is which: each has a place with a number, and no two have the same.

A place is held by a lock, which ends with the process that holds it, however it ends; so whether a worker is
alive is seen by its lock. With SQLite there is one place, and whoever comes second waits for it. With
PostgreSQL there are many, on any number of machines.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from storage.database import Database
from storage.errors import StoreAway

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 2.0
_LOCKS = 0x74616461
"""The first half of our advisory locks' keys; the second one is the number of the place."""

_LEADING = 0
_MOST_PLACES = 64


class Place(Protocol):
    """The place of this worker."""

    @property
    def number(self) -> int:
        """From 1."""

    def is_held(self) -> bool:
        """Whether it is still ours; whoever lost it must end, for somebody else may have it."""

    def leads(self) -> bool:
        """Whether this worker is the one that does what only one should."""

    def is_taken(self, number: int) -> bool:
        """Whether a worker, this one or another, has the place with this number."""

    def leave(self) -> None:
        """Leave it to others."""


def take_place(database: Database, home: Path, stop: threading.Event) -> Place | None:
    """Wait for a place and take it; None where `stop` was set before there was one.

    Raises:
        StoreAway: the database cannot be had.
    """
    waiting = False
    while not stop.is_set():
        place = _of_file(home) if database.dialect == "sqlite" else _of_database(database)
        if place is not None:
            return place
        if not waiting:
            logger.info("another worker is at work for this home; waiting to take over")
        waiting = True
        stop.wait(_LOOK_SECONDS)
    return None


class _FilePlace:
    """The one place there is with SQLite."""

    number = 1

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def is_held(self) -> bool:
        return True

    def leads(self) -> bool:
        return True

    def is_taken(self, number: int) -> bool:
        return number == self.number

    def leave(self) -> None:
        os.close(self._descriptor)


def _of_file(home: Path) -> _FilePlace | None:
    descriptor = os.open(home / "worker.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return _FilePlace(descriptor)


class _DatabasePlace:
    """A place that is held by an advisory lock of a connection of its own."""

    def __init__(self, connection: Connection, number: int) -> None:
        self._connection = connection
        self._asking = threading.Lock()
        self._leading = self._lost = False
        self.number = number

    def is_held(self) -> bool:
        return self._ask("SELECT 1") is not None

    def leads(self) -> bool:
        self._leading = self._leading or bool(self._ask(_try_lock(_LEADING)))
        return self._leading and not self._lost

    def is_taken(self, number: int) -> bool:
        if number == self.number or not self._ask(_try_lock(number)):
            return True
        self._ask(f"SELECT pg_advisory_unlock({_LOCKS}, {number})")
        return False

    def leave(self) -> None:
        self._connection.close()

    def _ask(self, question: str) -> Any:
        """Ask the database; None from the moment on when our connection to it broke, and our locks with it."""
        with self._asking:
            if self._lost:
                return None
            try:
                return self._connection.exec_driver_sql(question).scalar_one()
            except DBAPIError:
                self._lost = True
                return None


def _of_database(database: Database) -> _DatabasePlace | None:
    try:
        # Not one of the connections that are lent: its locks are ours until it is closed.
        connection = database.engine.connect()
        connection.detach()
        for number in range(1, _MOST_PLACES + 1):
            if connection.exec_driver_sql(_try_lock(number)).scalar_one():
                return _DatabasePlace(connection, number)
    except DBAPIError as error:
        raise StoreAway(type(error.orig).__name__) from None
    connection.close()
    return None


def _try_lock(number: int) -> str:
    return f"SELECT pg_try_advisory_lock({_LOCKS}, {number})"
