"""Guessing made slow: after a few tries in vain each further one has to wait, longer and longer.

Counted for each account and for each block of addresses, in the database, so that it holds over all
processes and restarts. Nobody is locked out for good: the wait ends by itself and never exceeds a
quarter of an hour.
Source: the limits in `SECURITY.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from sqlalchemy import delete, insert, select, update

from storage.database import Database
from storage.errors import TooManyTries
from storage.keys import KeyDirectory
from storage.schema import attempts
from storage.sealing import index

FREE_TRIES = 5
FIRST_WAIT = timedelta(seconds=12)
LONGEST_WAIT = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=24)


class Guesses:
    """The counts of one instance; names and addresses are kept as keyed hashes alone."""

    def __init__(self, database: Database, keys: KeyDirectory) -> None:
        self._database = database
        self._keys = keys

    def account(self, name: str) -> bytes:
        """Return what tries at an account are counted by, whether there is one or not."""
        return index(self._keys.code_salt, "guess account", 1, name)

    def block(self, address: str | None) -> bytes:
        """Return what tries from a block of addresses (/24 or /48) are counted by."""
        try:
            found = ip_address(address or "")
            block = str(ip_network((found, 24 if found.version == 4 else 48), strict=False))
        except ValueError:
            block = ""
        return index(self._keys.code_salt, "guess block", 1, block)

    def check(self, names: Sequence[bytes], now: datetime) -> None:
        """Refuse a try that has to wait.

        Raises:
            TooManyTries: with the seconds to wait.
        """
        with self._database.reading() as connection:
            free_at = connection.scalars(select(attempts.c.free_at).where(attempts.c.lookup.in_(names))).all()
        wait = max(free_at, default=0) - int(now.timestamp())
        if wait > 0:
            raise TooManyTries(wait)

    def failed(self, names: Sequence[bytes], now: datetime) -> None:
        """Count a try that was in vain."""
        seconds = int(now.timestamp())
        with self._database.transaction(b"guesses:") as connection:
            for name in names:
                row = connection.execute(select(attempts).where(attempts.c.lookup == name)).one_or_none()
                failures = 1 + (row.failures if row and row.erase_at > seconds else 0)
                values = {
                    "failures": failures,
                    "free_at": seconds + int(wait_after(failures).total_seconds()),
                    "erase_at": seconds + int(FORGOTTEN_AFTER.total_seconds()),
                }
                if row is None:
                    connection.execute(insert(attempts).values(lookup=name, **values))
                else:
                    connection.execute(update(attempts).where(attempts.c.lookup == name).values(values))

    def succeeded(self, name: bytes) -> None:
        """Forget the tries at an account that was got into; those of the block go on counting."""
        with self._database.reading() as connection:
            known = connection.execute(select(attempts.c.lookup).where(attempts.c.lookup == name)).first()
        if known:
            with self._database.transaction() as connection:
                connection.execute(delete(attempts).where(attempts.c.lookup == name))


def wait_after(failures: int) -> timedelta:
    """Return the wait after so many tries in vain: none for the first four, then 12 s, 24 s, 48 s … 15 min."""
    if failures < FREE_TRIES:
        return timedelta(0)
    return min(FIRST_WAIT * (1 << min(failures - FREE_TRIES, 10)), LONGEST_WAIT)
