"""Telling colleagues how many cases wait, and for how long: counts alone, and to those who chose it.

A mail or a message is read on any screen and kept by any server on its way, so nothing of a case is in it: no reference, no
priority, no language. Whoever has nothing new to be told is told nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select, text, true, update

from storage.database import Database
from storage.days import day_of
from storage.opening import ROLES_THAT_READ, check_may_read
from storage.schema import OPEN, QUEUED, cases, digests, staff
from storage.staff import Caseworker
from storage.team_chat import make_code

AT_MOST_EVERY = timedelta(hours=1)


@dataclass(frozen=True)
class Waiting:
    """What waits and is nobody's yet.

    Attributes:
        cases: how many.
        raised: how many open ones asked for somebody sooner.
        a_day: how many of `cases` have waited since yesterday or longer, by UTC days.
        days: how long the longest has waited; 0 is today.
    """

    cases: int
    raised: int
    a_day: int
    days: int


@dataclass(frozen=True)
class Due:
    """Somebody to be told.

    Attributes:
        address: where to mail; empty where they are told in a chat.
        sealed_chat: as `storage.team_chat.chat_of` opens it; None where they are told by mail.
    """

    staff_id: bytes
    address: str = field(repr=False)
    sealed_chat: bytes | None = field(repr=False)
    waiting: Waiting


@dataclass(frozen=True)
class Chosen:
    """How a colleague wants to be told: by mail to an address, or in a chat, which has none here."""

    address: str = field(repr=False)
    by_chat: bool


def choose(database: Database, caseworker: Caseworker, address: str | None) -> None:
    """Tell a colleague from now on by mail, or no more. Raises: `NotAllowed` where they read no cases."""
    with database.transaction() as connection:
        check_may_read(connection, caseworker)
        connection.execute(delete(digests).where(digests.c.staff_id == caseworker.id))
        if address is not None:
            connection.execute(insert(digests).values(staff_id=caseworker.id, address=address, told=""))


def begin_chat(database: Database, caseworker: Caseworker, now: datetime) -> str:
    """Return a code; the chat that sends it to the bot is where the colleague is told. Raises: as `choose`."""
    with database.transaction() as connection:
        check_may_read(connection, caseworker)
        return make_code(connection, caseworker.id, now)


def chosen(database: Database, staff_id: bytes) -> Chosen | None:
    """Return how a colleague wants to be told; None: not at all."""
    with database.reading() as connection:
        row = connection.execute(select(digests).where(digests.c.staff_id == staff_id)).one_or_none()
    return None if row is None else Chosen(row.address, row.sealed_chat is not None)


def waiting(database: Database, now: datetime) -> Waiting:
    """Count what waits."""
    today = day_of(now)
    queued = select(func.count(), func.min(cases.c.queued_on)).where(text(f"cases.{QUEUED}"))
    with database.reading() as connection:
        n, oldest = connection.execute(queued).one()
        older = connection.execute(queued.where(cases.c.queued_on < today)).one()[0]
        raised = select(func.count()).where(cases.c.raised == true(), text(f"cases.{OPEN}"))
        return Waiting(n, connection.execute(raised).scalar_one(), older, today - oldest if n else 0)


def due(database: Database, now: datetime) -> Iterator[Due]:
    """Give whoever is to be told now: something waits, it is not what they were told last, and that was not just now."""
    found = waiting(database, now)
    if not (found.cases or found.raised):
        return
    told, before = json.dumps(asdict(found)), int((now - AT_MOST_EVERY).timestamp())
    query = (
        select(digests.c.staff_id, digests.c.address, digests.c.sealed_chat)
        .join(staff, staff.c.id == digests.c.staff_id)
        .where(
            staff.c.state == "active",
            staff.c.role.in_(ROLES_THAT_READ),
            digests.c.told != told,
            digests.c.told_at <= before,
        )
    )
    with database.reading() as connection:
        rows = connection.execute(query).all()
    for row in rows:
        yield Due(row.staff_id, row.address, row.sealed_chat, found)


def note_told(database: Database, who: Due, now: datetime) -> None:
    """Note what somebody was told."""
    values = {"told": json.dumps(asdict(who.waiting)), "told_at": int(now.timestamp())}
    with database.transaction() as connection:
        connection.execute(update(digests).where(digests.c.staff_id == who.staff_id).values(values))
