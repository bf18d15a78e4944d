"""Was it really them? Sign-ins that a colleague may not know of: from another browser, or tried in vain.

A browser keeps a random mark, and the database its hash for that colleague: neither an address nor what kind of
browser it is. Whoever stole a password and a code signs in with a browser that has no mark, and the colleague is
told of that the next time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import zip_longest

from sqlalchemy import Connection, func, insert, select, update

from storage import audit
from storage.database import Database
from storage.schema import audit as log
from storage.schema import browsers
from storage.sealing import digest, encode, new_key

KEPT = timedelta(days=365)
"""A browser in which somebody has not signed in for so long is a new one."""

MANY_REFUSED = 3
"""So many wrong passwords and codes are more than a slip of one's own."""

LATELY = timedelta(days=30)
MOST_TOLD = 20

_REFUSED: tuple[audit.Event, ...] = ("sign_in_refused", "second_factor_refused")
_COMING: tuple[audit.Event, ...] = ("signed_in", "browser_added")


@dataclass(frozen=True)
class Greeting:
    """What somebody who signs in is told.

    Attributes:
        mark: what their browser is to keep.
        unusual: since this browser's last time another one was added, or many tries were refused.
    """

    mark: bytes = field(repr=False)
    unusual: bool


@dataclass(frozen=True)
class SignIn:
    """One that was let in.

    Attributes:
        new_browser: it was the first one in that browser.
    """

    at: datetime
    new_browser: bool


def greet(database: Database, staff_id: bytes, mark: bytes | None, now: datetime) -> Greeting:
    """Recognise a browser in which a colleague signs in, or note that it is a new one.

    Args:
        mark: what it kept; None where it kept nothing.
    """
    with database.transaction() as connection:
        found = None if mark is None else _seen(connection, staff_id, mark)
        known = mark if found is not None else None
        since = _last_sign_in(connection, staff_id) if found is None else found
        events = _since(connection, staff_id, since)
        refused = sum(event in _REFUSED for event in events)
        unusual = refused >= MANY_REFUSED or (known is not None and "browser_added" in events)
        erase_at = int((now + KEPT).timestamp())
        if known is None:
            known = mark or new_key()  # one that a colleague at the same computer has is a mark all the same
            audit.append(connection, now, staff_id, "browser_added", staff_id.hex())
            values = {"lookup": _lookup(staff_id, known), "staff_id": staff_id}
            connection.execute(insert(browsers).values(**values, seen=_newest(connection), erase_at=erase_at))
        else:
            connection.execute(
                update(browsers)
                .where(browsers.c.lookup == _lookup(staff_id, known))
                .values(seen=_newest(connection), erase_at=erase_at)
            )
    return Greeting(known, unusual)


def latest_sign_ins(database: Database, staff_id: bytes) -> list[SignIn]:
    """Return a colleague's latest sign-ins, newest first."""
    query = select(log.c.at, log.c.event).where(log.c.staff == staff_id.hex(), log.c.event.in_(_COMING))
    with database.reading() as connection:
        rows = connection.execute(query.order_by(log.c.number.desc()).limit(2 * MOST_TOLD)).all()
    # A new browser is noted right before the sign-in itself.
    told = [
        SignIn(datetime.fromtimestamp(row.at, UTC), before is not None and before.event == "browser_added")
        for row, before in zip_longest(rows, rows[1:])
        if row.event == "signed_in"
    ]
    return told[:MOST_TOLD]


def refused_lately(database: Database, staff_id: bytes, now: datetime) -> int:
    """Count a colleague's wrong passwords and codes of the last days."""
    query = select(func.count()).where(
        log.c.staff == staff_id.hex(), log.c.event.in_(_REFUSED), log.c.at > int((now - LATELY).timestamp())
    )
    with database.reading() as connection:
        return connection.execute(query).scalar_one()


# ------------------------------------------------------------------ inside


def _lookup(staff_id: bytes, mark: bytes) -> bytes:
    return digest(encode("browser", 1, staff_id, mark))


def _seen(connection: Connection, staff_id: bytes, mark: bytes) -> int | None:
    """Return the number of the newest entry of the log when this browser last came; None of a new one."""
    query = select(browsers.c.seen).where(browsers.c.lookup == _lookup(staff_id, mark))
    return connection.execute(query).scalar_one_or_none()


def _last_sign_in(connection: Connection, staff_id: bytes) -> int:
    query = select(func.max(log.c.number)).where(log.c.staff == staff_id.hex(), log.c.event == "signed_in")
    return connection.execute(query).scalar_one() or 0


def _since(connection: Connection, staff_id: bytes, since: int) -> list[str]:
    query = select(log.c.event).where(
        log.c.staff == staff_id.hex(), log.c.event.in_((*_COMING, *_REFUSED)), log.c.number > since
    )
    return list(connection.scalars(query))


def _newest(connection: Connection) -> int:
    return connection.execute(select(func.max(log.c.number))).scalar_one() or 0
