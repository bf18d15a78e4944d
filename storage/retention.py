"""What is no longer to be kept is destroyed here: by the deadline that each row was given when it was made.

The job holds no reading key: it destroys what it cannot open. Keys go before rows, and the key of a day
goes when nothing that is still wanted is locked with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, exists, or_, select, update

from storage import audit
from storage.database import Database
from storage.days import day_of
from storage.epochs import Epochs
from storage.erasing import EraseJournal, destroy_case, scrub_later
from storage.errors import StateUnreadable
from storage.keys import KeyDirectory
from storage.outbox import expire_letters, forget_talks
from storage.remembering import Remembered
from storage.schema import (
    attempts,
    browsers,
    cases,
    chat_codes,
    conversations,
    invitations,
    later_work,
    marks,
    refusals,
    sessions,
)
from storage.scrubbing import scrub, scrub_now, scrub_overdue

BATCH = 200
"""Rows a transaction: a message that comes meanwhile waits for few of them only."""

SCRUBBING_KEPT = timedelta(days=14)
"""Scrubbing that could not be done in this time is given up."""

SANE_AFTER = timedelta(minutes=5)
_SANE_DRIFT = timedelta(seconds=60)


class SaneClock:
    """Says whether the time can be relied on to destroy something by it.

    A clock that was set wrong, or a machine that wakes up in another year, must not erase what people
    are still telling us. So the process has to have run for five minutes in which the wall clock went on
    as steadily as the one that only counts; a jump begins the five minutes anew.
    """

    def __init__(
        self,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall = wall
        self._steady = steady
        self._begin()

    def now(self) -> datetime | None:
        """Return the time, UTC; None while it cannot be relied on."""
        wall, passed = self._wall(), timedelta(seconds=self._steady() - self._since)
        if abs(wall - self._started - passed) > _SANE_DRIFT:
            self._begin()
            return None
        return wall if passed >= SANE_AFTER else None

    def _begin(self) -> None:
        self._started, self._since = self._wall(), self._steady()


@dataclass(frozen=True)
class Purged:
    """How much was destroyed; counts alone.

    Attributes:
        conversations: that ended without a case, or whose code session or linked case was over.
        drafts: cases that were not submitted in time.
        cases: closed cases whose time was over.
        marks: of messages that will not be delivered again.
        epochs: days whose key was destroyed.
        later_work: things that could not be done for too long.
        log_entries: of the logs of who opened what, and of what was refused.
        letters: to people, that nobody fetched in time.
        sign_ins: sign-ins, one-time links and counts of guesses that are over.
    """

    conversations: int = 0
    drafts: int = 0
    cases: int = 0
    marks: int = 0
    epochs: int = 0
    later_work: int = 0
    log_entries: int = 0
    letters: int = 0
    sign_ins: int = 0

    @property
    def anything(self) -> bool:
        """Whether anything was destroyed."""
        return self != Purged()


def purge(database: Database, keys: KeyDirectory, now: datetime, draft_hours: int = 72) -> Purged:
    """Destroy everything whose time is over. Broken off at any point, the rest is destroyed the next time.

    Args:
        now: the time, timezone-aware; from a `SaneClock`, or given by an operator on purpose.
        draft_hours: as `Intake` has it: the key of a day lives for that long after the day's end.
    Raises:
        StoreAway: the database cannot be had; what was destroyed until then is.
        KeyDirectoryUnsafe: a key is missing or unsafe.
    """
    seconds = int(now.timestamp())
    over = conversations.c.erase_at <= seconds
    purged = Purged(
        drafts=_in_batches(database, _destroy_drafts, over, now)
        + _in_batches(database, _destroy_orphans, None, now),
        conversations=_in_batches(database, _forget_conversations, over, now),
        cases=_in_batches(database, _destroy_cases, cases.c.erase_at <= seconds, now),
        marks=_in_batches(database, _delete_marks, marks.c.erase_at <= seconds, now),
        later_work=_delete_later_work(database, now),
        log_entries=_remove_log_entries(database, now),
        letters=_expire_letters(database, now),
        sign_ins=_delete_sign_ins(database, now),
        epochs=_destroy_epochs(database, keys, now, draft_hours),
    )
    if purged.anything:
        scrub_now(database)
    return purged


def rewrap_linked(database: Database, keys: KeyDirectory, now: datetime) -> int:
    """Lock every linked conversation under today's key, so that older keys can be destroyed; daily.

    One that cannot be opened is left as it is: it is unreadable already, and not kept alive.

    Returns:
        How many were locked anew.
    Raises: as `purge`.
    """
    epochs = Epochs(keys).living(now)
    today = epochs[0]
    stale = (conversations.c.erase_at.is_(None), conversations.c.epoch < today.day)
    last, rewrapped = b"", 0
    while True:
        with database.transaction() as connection:
            rows = connection.execute(
                select(conversations)
                .where(*stale, conversations.c.address.is_not(None), conversations.c.id > last)
                .order_by(conversations.c.id)
                .limit(BATCH)
                .with_for_update()
            ).all()
            for row in rows:
                try:
                    remembered = Remembered.of(row, epochs)
                    channel, address = remembered.opened_address(row.address)
                except StateUnreadable:
                    continue
                remembered.rewrap(today)
                connection.execute(
                    _REWRAP,
                    {
                        "row": row.id,
                        "lookup": today.lookup(channel, address),
                        "epoch": today.day,
                        "wrapped_key": remembered.wrapped_key,
                    },
                )
                rewrapped += 1
        if len(rows) < BATCH:
            return rewrapped
        last = rows[-1].id


def run_later_work(database: Database, now: datetime) -> bool:
    """Do what was left to be done later. Returns whether all of it is done. Raises: `StoreAway`."""
    return scrub_overdue(database, now)


def replay_erasures(database: Database, journal: EraseJournal) -> int:
    """Erase again what a restored backup brought back; before anybody is served.

    Returns:
        How many cases.
    Raises: `StoreAway`.
    """
    with database.reading() as connection:
        back = journal.among(connection.scalars(select(cases.c.id)))
    for case_id in back:
        with database.transaction() as connection:
            destroy_case(connection, case_id)
    if back:
        scrub(database, whole=True)
    return len(back)


# ------------------------------------------------------------------ inside

_REWRAP = update(conversations).where(conversations.c.id == bindparam("row"))

# Somebody who is writing just now keeps what is theirs: locked rows are passed over, and purged the next time.
_Delete = Callable[[Connection, Any], int]


def _in_batches(database: Database, destroy: _Delete, over: Any, now: datetime) -> int:
    """Destroy in transactions of `BATCH` rows, each of which also has the files scrubbed."""
    destroyed = 0
    while True:
        with database.transaction() as connection:
            n = destroy(connection, over)
            if n:
                scrub_later(connection, now)
        destroyed += n
        if n < BATCH:
            return destroyed


def _destroy_drafts(connection: Connection, over: Any) -> int:
    rows = connection.execute(
        select(cases.c.id)
        .join(conversations, conversations.c.case_id == cases.c.id)
        .where(cases.c.state == "draft", over)
        .limit(BATCH)
        .with_for_update(of=conversations, skip_locked=True)
    ).all()
    return _destroy_each(connection, rows)


def _destroy_orphans(connection: Connection, _: Any) -> int:
    # There should be none: a draft that no conversation leads to, which nobody could go on with.
    led_to = exists().where(conversations.c.case_id == cases.c.id)
    rows = connection.execute(select(cases.c.id).where(cases.c.state == "draft", ~led_to).limit(BATCH)).all()
    return _destroy_each(connection, rows)


def _destroy_cases(connection: Connection, over: Any) -> int:
    rows = connection.execute(
        select(cases.c.id).where(cases.c.state == "closed", over).limit(BATCH).with_for_update()
    ).all()
    return _destroy_each(connection, rows)


def _destroy_each(connection: Connection, rows: Sequence[Row[Any]]) -> int:
    for row in rows:
        destroy_case(connection, row.id)
    return len(rows)


def _forget_conversations(connection: Connection, over: Any) -> int:
    closed = exists().where(cases.c.id == conversations.c.case_id, cases.c.state == "closed")
    chosen = (
        select(conversations.c.id)
        .where(or_(over, conversations.c.erase_at.is_(None) & closed))
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    return connection.execute(delete(conversations).where(conversations.c.id.in_(chosen))).rowcount


def _delete_marks(connection: Connection, over: Any) -> int:
    chosen = select(marks.c.mark).where(over).limit(BATCH)
    return connection.execute(delete(marks).where(marks.c.mark.in_(chosen))).rowcount


def _delete_later_work(database: Database, now: datetime) -> int:
    unscrubbed = int((now - SCRUBBING_KEPT).timestamp())
    over = or_(
        later_work.c.erase_at <= int(now.timestamp()),
        later_work.c.erase_at.is_(None) & (later_work.c.due_at <= unscrubbed),
    )
    with database.transaction() as connection:
        return connection.execute(delete(later_work).where(over)).rowcount


def _remove_log_entries(database: Database, now: datetime) -> int:
    with database.transaction() as connection:
        over = delete(refusals).where(refusals.c.erase_at <= int(now.timestamp()))
        removed = audit.remove_old(connection, now) + connection.execute(over).rowcount
        if removed:
            scrub_later(connection, now)
    return removed


def _expire_letters(database: Database, now: datetime) -> int:
    with database.transaction() as connection:
        forget_talks(connection, now)
        return expire_letters(connection, now)


def _delete_sign_ins(database: Database, now: datetime) -> int:
    with database.transaction() as connection:
        return sum(
            connection.execute(delete(table).where(table.c.erase_at <= int(now.timestamp()))).rowcount
            for table in (sessions, invitations, attempts, browsers, chat_codes)
        )


def _destroy_epochs(database: Database, keys: KeyDirectory, now: datetime, draft_hours: int) -> int:
    rewrap_linked(database, keys, now)
    oldest = oldest_epoch(now, draft_hours)
    return len(keys.destroy_epochs_before(oldest))


def oldest_epoch(now: datetime, draft_hours: int) -> int:
    """Return the first day whose key is still needed: of the oldest message whose draft may be gone on with.

    A day is never given up before sessions by code and the repeated deliveries of a day later have passed.
    """
    return day_of(now - timedelta(hours=max(draft_hours, 24)))
