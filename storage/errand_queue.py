"""The errands that wait: which are due, who has one in hand, and what became of it.

The row is the truth. It is deleted when the errand is done, and not before. Whoever takes one has it for a
while, and each taking is an attempt with a number of its own: a worker that died is simply overtaken, and one
that only seemed dead finds that its attempt is no longer the last.

What is sent to one person is taken one after another, in the order of its ids (`storage.errands`).
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, and_, delete, exists, func, or_, select, update

from storage.database import Database
from storage.epochs import Epoch
from storage.erasing import SCRUB
from storage.errands import LANE_BYTES, letter_context
from storage.errors import BadFormat, CannotOpen
from storage.keys import KeyDirectory
from storage.schema import later_work
from storage.sealing import unlock

HELD = timedelta(minutes=2)
"""How long whoever took an errand has it for. One call to a provider takes ten seconds at most."""

PAUSES = tuple(
    timedelta(seconds=seconds) for seconds in (5, 30, 2 * 60, 10 * 60, 60 * 60)
)  # and the last one from then on
"""What is waited after the first failed attempt, the second, and so on; each more or less by a fifth."""

PATIENCE = 3
"""So many attempts at one message hold back the next ones to the same person: not quite three minutes. A message that
fails for a reason of its own must not silence anybody. After that, each of the next ones first brings it with it
(`ErrandQueue.before`): so the order holds, too, when a provider comes back that was away for long."""

LATE = timedelta(hours=1)
"""An errand that should have been run so long ago is worth a look."""

OFTEN = len(PAUSES) + 1
"""So many attempts take longer than `LATE`."""

DEAD_KEPT = timedelta(days=14)
"""How long a dead letter is shown."""

_CODE = re.compile(r"[A-Za-z0-9_.-]{1,40}")


@dataclass(frozen=True)
class Taken:
    """An errand in somebody's hand.

    Attributes:
        id: its row.
        attempt: the number of this attempt, from 1.
    """

    id: bytes
    attempt: int


@dataclass(frozen=True)
class Opened:
    """What a runner needs to know of an errand."""

    kind: str
    subject: str = field(repr=False)
    letter: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Waiting:
    """What there is of one kind, for an operator to see; counts alone.

    Attributes:
        waiting: not done yet.
        late: of those the ones that are overdue by more than `LATE`, were tried `OFTEN` times or more, or are put
            off for long; by the code of the last reason, `untried` where there is none.
        dead: given up, by the code of the reason.
    """

    waiting: int = 0
    late: Mapping[str, int] = field(default_factory=dict)
    dead: Mapping[str, int] = field(default_factory=dict)


class ErrandQueue:
    """The queue of one instance. Safe between threads, and with several workers on one database.

    Every method raises `StoreAway` where the database cannot be had.
    """

    def __init__(self, database: Database, keys: KeyDirectory) -> None:
        self._database = database
        self._keys = keys

    def due(self, kinds: Collection[str], now: datetime) -> list[str]:
        """Return those of the kinds of which at least one errand is due, in the same order; takes nothing."""
        if not kinds:
            return []
        question = select(*(exists().where(_due(kind, now)) for kind in kinds))
        with self._database.glancing() as connection:
            found = connection.execute(question).one()
        return [kind for kind, is_due in zip(kinds, found, strict=True) if is_due]

    def take(self, kind: str, limit: int, now: datetime) -> list[Taken]:
        """Take due errands of a kind, the oldest first; nobody else gets them before `HELD` is over."""
        chosen = (
            select(later_work.c.id, later_work.c.attempts)
            .where(_due(kind, now))
            .order_by(later_work.c.due_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        with self._database.transaction() as connection:
            rows = connection.execute(chosen).all()
            if rows:
                connection.execute(
                    update(later_work)
                    .where(later_work.c.id.in_([row.id for row in rows]))
                    .values(attempts=later_work.c.attempts + 1, due_at=_seconds(now + HELD))
                )
        return [Taken(row.id, row.attempts + 1) for row in rows]

    def before(self, taken: Taken, now: datetime) -> list[Taken]:
        """Take what should have been sent to the same person before, and was put off: it is tried once more first."""
        lane = taken.id[:LANE_BYTES]
        put_off = and_(
            later_work.c.id >= lane,
            later_work.c.id < taken.id,
            later_work.c.due_at > _seconds(now + HELD),
            later_work.c.attempts > PATIENCE,
            *_to_do(later_work, now),
        )
        with self._database.glancing() as connection:
            if connection.execute(select(later_work.c.id).where(put_off).limit(1)).one_or_none() is None:
                return []
        with self._database.transaction() as connection:
            rows = connection.execute(
                update(later_work)
                .where(put_off)
                .values(attempts=later_work.c.attempts + 1, due_at=_seconds(now + HELD))
                .returning(later_work.c.id, later_work.c.attempts)
            ).all()
        return [Taken(row.id, row.attempts) for row in sorted(rows, key=lambda row: bytes(row.id))]

    def opened(self, taken: Taken, now: datetime) -> Opened | None:
        """Return what is to be done, or None where nothing is: it is done, overtaken, or its time is over.

        An errand whose letter can no longer be opened is given up.
        """
        with self._database.glancing() as connection:
            row = connection.execute(
                select(later_work).where(_still(taken), later_work.c.erase_at > _seconds(now))
            ).one_or_none()
        if row is None:
            return None
        subject = (row.subject or b"").decode()
        if row.sealed is None:
            return Opened(row.kind, subject, {})
        key = self._keys.epoch(row.epoch)
        if key is None:
            self.give_up(taken, "key_gone", now)
            return None
        try:
            written = unlock(Epoch.of(row.epoch, key).errand, row.sealed, *letter_context(row.id))
        except (CannotOpen, BadFormat):
            self.give_up(taken, "letter_unreadable", now)
            return None
        return Opened(row.kind, subject, json.loads(written))

    def done(self, taken: Taken) -> None:
        """The errand is done: nothing of it is kept."""
        with self._database.transaction() as connection:
            connection.execute(delete(later_work).where(later_work.c.id == taken.id))

    def again(self, taken: Taken, code: str, after: timedelta | None, now: datetime) -> None:
        """Have it tried again later, or give it up where its time would be over by then.

        Args:
            code: why it could not be done.
            after: how long the provider asks us to wait; None for the next of `PAUSES`.
        """
        pause = _pause(taken.attempt) if after is None else max(0.0, after.total_seconds())
        due_at = _seconds(now) + int(pause)
        with self._database.transaction() as connection:
            waits = connection.execute(
                update(later_work)
                .where(_still(taken), later_work.c.erase_at > due_at)
                .values(due_at=due_at, code=_clean(code))
            ).rowcount
            if not waits:
                _bury(connection, _still(taken), now, code=_clean(code))

    def give_up(self, taken: Taken, code: str, now: datetime) -> None:
        """Make a dead letter of it: what it was about is destroyed, its kind and the code are kept."""
        with self._database.transaction() as connection:
            _bury(connection, _still(taken), now, code=_clean(code))

    def expire(self, now: datetime) -> int:
        """Make dead letters of what was not done in its time.

        Args:
            now: a time that can be relied on (`storage.retention.SaneClock`).
        Returns:
            How many.
        """
        over = and_(
            later_work.c.erase_at <= _seconds(now), ~later_work.c.given_up, later_work.c.kind != SCRUB
        )
        with self._database.transaction() as connection:
            return _bury(connection, over, now)

    def waiting(self, now: datetime) -> dict[str, Waiting]:
        """Return what there is, by kind."""
        put_off = and_(later_work.c.attempts > 0, later_work.c.due_at > _seconds(now + LATE / 2))
        late = or_(later_work.c.due_at <= _seconds(now - LATE), later_work.c.attempts >= OFTEN, put_off)
        groups = (later_work.c.kind, later_work.c.given_up, func.coalesce(later_work.c.code, "untried"))
        question = (
            select(*groups, func.count(), func.count().filter(late))
            .where(later_work.c.kind != SCRUB)
            .group_by(*groups)
            .order_by(*groups)
        )
        found: dict[str, Waiting] = {}
        with self._database.reading() as connection:
            for kind, given_up, code, n, n_late in connection.execute(question):
                so_far = found.get(kind, Waiting())
                if given_up:
                    found[kind] = replace(so_far, dead={**so_far.dead, code: n})
                else:
                    more = {code: n_late} if n_late else {}
                    found[kind] = replace(so_far, waiting=so_far.waiting + n, late={**so_far.late, **more})
        return found


def _due(kind: str, now: datetime) -> ColumnElement[bool]:
    earlier = later_work.alias("earlier")
    held_back = exists().where(
        earlier.c.id >= func.substr(later_work.c.id, 1, LANE_BYTES),
        earlier.c.id < later_work.c.id,
        # Others are in somebody's hand, or will be soon.
        or_(earlier.c.attempts <= PATIENCE, earlier.c.due_at <= _seconds(now + HELD)),
        *_to_do(earlier, now),
    )
    return and_(
        later_work.c.kind == kind,
        later_work.c.due_at <= _seconds(now),
        *_to_do(later_work, now),
        ~held_back,
    )


def _to_do(work: FromClause, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return work.c.erase_at > _seconds(now), ~work.c.given_up


def _still(taken: Taken) -> ColumnElement[bool]:
    return and_(later_work.c.id == taken.id, later_work.c.attempts == taken.attempt, ~later_work.c.given_up)


def _bury(connection: Connection, which: ColumnElement[bool], now: datetime, code: str | None = None) -> int:
    until = _seconds(now + DEAD_KEPT)
    return connection.execute(
        update(later_work)
        .where(which)
        .values(
            given_up=True,
            code=func.coalesce(later_work.c.code, "too_late") if code is None else code,
            subject=None,
            epoch=None,
            sealed=None,
            due_at=until,
            erase_at=until,
        )
    ).rowcount


def _pause(attempt: int) -> float:
    pause = PAUSES[min(attempt, len(PAUSES)) - 1].total_seconds()
    return pause * random.uniform(0.8, 1.2)  # noqa: S311 - so that many do not come at once; no secret


def _clean(code: str) -> str:
    """Return the code where it looks like one: whatever else it is must not be kept."""
    return code if _CODE.fullmatch(code) else "other"


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
