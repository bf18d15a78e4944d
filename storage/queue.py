"""The queue: a page of it at a time, in the order in which cases are to be taken up.

Priority, age and state stand in the open; the reason and the flags do not, and are opened for the cases of
the page alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, false, func, select, text

from storage import audit
from storage.cases import genuine_manifest
from storage.casetelling import Status
from storage.database import Database
from storage.days import date_of_day, day_of
from storage.errors import CaseDamaged
from storage.finding import ALL_OPEN, Wanted, count_found, cursor_after, found_cases, place_of
from storage.keys import KeyDirectory
from storage.opening import check_may_read, submitted, with_key
from storage.schema import HELD, QUEUED, cases, links, manifests
from storage.sealing import digest
from storage.staff import Caseworker

PAGE = 50
"""Cases a page."""


@dataclass(frozen=True)
class QueueRow:
    """A line of the queue.

    Attributes:
        reason: id of the rule that gave the priority; None where the case is damaged.
        flags: of the submission; of a raised case also those that were raised since.
        queued_on: UTC day of submission. Finer times stand in the sealed case alone: `submitted_at`.
        raised_on: UTC day since which somebody sooner is asked for.
        links: how many links are how far, by status; the rest are zero.
        holder: name of whoever has it; `holder_id` likewise.
        orphaned: whoever has it left, has another role now, or is not known.
        unseen: something came since somebody who has it last opened it.
        damaged: which check failed (`CaseDamaged.check`), or None.
    """

    reference: str
    status: Status
    priority: str
    reason: str | None
    flags: tuple[str, ...]
    language: str | None
    channel: str | None
    queued_on: date
    submitted_at: datetime | None
    raised: bool
    raised_on: date | None
    links: Mapping[str, int]
    holder: str | None
    holder_id: bytes | None
    orphaned: bool
    due_on: date | None
    unseen: bool
    damaged: str | None = None


@dataclass(frozen=True)
class QueuePage:
    """A page of the queue.

    Attributes:
        rows: None where nothing changed since `stamp`.
        following: what the next page begins after; None on the last one.
        stamp: changes when anything on the page does.
    """

    rows: tuple[QueueRow, ...] | None
    following: str | None
    stamp: str


@dataclass(frozen=True)
class Counts:
    """How many cases there are of a kind, up to `MOST_COUNTED`."""

    open: int
    mine: int
    raised: int
    overdue: int
    waiting_a_day: int
    orphaned: int


def queue_page(
    database: Database,
    keys: KeyDirectory,
    caseworker: Caseworker,
    wanted: Wanted = ALL_OPEN,
    after: str | None = None,
    limit: int = PAGE,
    unless: str | None = None,
    today: date | None = None,
) -> QueuePage:
    """Return a page of the queue. That it was looked at is in the log, but for looking again without a change.

    Args:
        after: `following` of the page before; anything else begins at the beginning.
        unless: the stamp of what is shown already: if it still holds, nothing is opened or logged.
        today: the UTC day that overdue is told by; today.
    Raises:
        NotAllowed: the colleague's role does not read cases, or they were disabled.
    """
    today = today or datetime.now(UTC).date()
    with database.reading() as connection:
        check_may_read(connection, caseworker)
        found = list(found_cases(connection, wanted, place_of(after), limit + 1, today))
        more, found = len(found) > limit, found[:limit]
        counted = _link_counts(connection, found)
        told = _manifests_of(connection, found)
    stamp = _stamp(found, counted, more)
    following = cursor_after(wanted, found[-1]) if more else None
    if unless == stamp:
        return QueuePage(None, following, stamp)
    with database.transaction() as connection:
        audit.append(connection, datetime.now(UTC), caseworker.id, "cases_listed")
    rows = tuple(
        _row(row, told.get(row.id, []), counted.get(row.id, {}), keys.verify_keys, caseworker)
        for row in found
    )
    if (since := wanted.waiting_since) is not None:
        rows = tuple(row for row in rows if row.submitted_at is None or row.submitted_at <= since)
    return QueuePage(rows, following, stamp)


def find_reference(database: Database, caseworker: Caseworker, reference: str) -> str:
    """Return the reference of a case as it is written, for one that was typed. Raises: as `queue_page`, `CaseNotFound`."""
    with database.reading() as connection:
        check_may_read(connection, caseworker)
        return str(submitted(connection, reference).reference)


def count_cases(
    database: Database,
    keys: KeyDirectory,
    caseworker: Caseworker,
    today: date | None = None,
    since: datetime | None = None,
) -> Counts:
    """Count the open cases of each kind.

    Args:
        today: as for `queue_page`.
        since: what was queued then or before has waited a day, UTC; a day ago.
    Raises: as `queue_page`.
    """
    today, since = today or datetime.now(UTC).date(), since or datetime.now(UTC) - timedelta(days=1)
    kinds = {
        "open": ALL_OPEN,
        "mine": Wanted(holder=caseworker.id),
        "raised": Wanted(raised=True),
        "overdue": Wanted(overdue=True),
        "orphaned": Wanted(orphaned=True),
    }
    with database.reading() as connection:
        check_may_read(connection, caseworker)
        counted = {name: count_found(connection, wanted, today) for name, wanted in kinds.items()}
        waiting = _count_waiting(connection, keys, caseworker, since, today)
        return Counts(waiting_a_day=waiting, **counted)


def _count_waiting(
    connection: Connection, keys: KeyDirectory, caseworker: Caseworker, since: datetime, today: date
) -> int:
    """Count what was queued by a moment. Of that very day's cases the moment is opened, unless they are many."""
    longer = count_found(connection, Wanted(waiting_since=since - timedelta(days=1)), today)
    of_that_day = connection.execute(
        select(cases, manifests.c.sealed, manifests.c.signature)
        .outerjoin(manifests, (manifests.c.case_id == cases.c.id) & (manifests.c.number == 0))
        .where(text(f"cases.{QUEUED}"), cases.c.queued_on == day_of(since))
        .limit(PAGE + 1)
    ).all()
    if len(of_that_day) > PAGE:
        return count_found(connection, Wanted(waiting_since=since), today)
    moments = [_submitted_at(row, keys.verify_keys, caseworker) for row in of_that_day]
    return longer + sum(at is None or at <= since for at in moments)


def _submitted_at(row: Row[Any], verify_keys: Sequence[bytes], caseworker: Caseworker) -> datetime | None:
    """Return when a case was submitted; None where it is damaged."""
    try:
        private = with_key(row, caseworker).private
        return genuine_manifest(row, 0, row, verify_keys, private, None).submitted_at
    except CaseDamaged:
        return None


def held_by(database: Database) -> dict[bytes, int]:
    """Return how many open cases each colleague has, by id; who has none is left out."""
    with database.reading() as connection:
        rows = connection.execute(
            select(cases.c.claimed_by, func.count().label("n"))
            .where(cases.c.claimed_by.is_not(None), text(f"cases.{HELD}"))
            .group_by(cases.c.claimed_by)
        )
        return {row.claimed_by: row.n for row in rows}


def _link_counts(connection: Connection, found: Sequence[Row[Any]]) -> dict[bytes, dict[str, int]]:
    counted: dict[bytes, dict[str, int]] = {}
    ids = [row.id for row in found]
    query = (
        select(links.c.case_id, links.c.status, func.count().label("n"))
        .where(links.c.case_id.in_(ids) if ids else false())
        .group_by(links.c.case_id, links.c.status)
    )
    for row in connection.execute(query):
        counted.setdefault(row.case_id, {})[row.status] = row.n
    return counted


def _manifests_of(connection: Connection, found: Sequence[Row[Any]]) -> dict[bytes, list[Row[Any]]]:
    """Give the first manifest of each case, and all of a raised one, which say why."""
    gathered: dict[bytes, list[Row[Any]]] = {}
    ids, raised = [row.id for row in found], [row.id for row in found if row.raised]
    query = (
        select(manifests)
        .where(
            manifests.c.case_id.in_(ids),
            (manifests.c.number == 0) | manifests.c.case_id.in_(raised)
            if raised
            else manifests.c.number == 0,
        )
        .order_by(manifests.c.case_id, manifests.c.number)
    )
    for row in connection.execute(query) if ids else ():
        gathered.setdefault(row.case_id, []).append(row)
    return gathered


# ------------------------------------------------------------------ pages


def _stamp(found: Sequence[Row[Any]], counted: Mapping[bytes, Mapping[str, int]], more: bool) -> str:
    shown = [[*map(str, row), sorted(counted.get(row.id, {}).items())] for row in found]
    return digest(json.dumps([shown, more]).encode()).hex()[:32]


# ------------------------------------------------------------------ telling


def _row(
    row: Row[Any],
    told: Sequence[Row[Any]],
    counted: Mapping[str, int],
    verify_keys: Sequence[bytes],
    caseworker: Caseworker,
) -> QueueRow:
    found, damaged = [], None
    try:
        private = with_key(row, caseworker).private
        if not told or told[0].number != 0:
            raise CaseDamaged("manifest")
        previous = None
        for number, manifest in enumerate(told):
            found.append(genuine_manifest(row, number, manifest, verify_keys, private, previous))
            previous = digest(manifest.signature)
    except CaseDamaged as damage:
        found, damaged = [], damage.check
    return QueueRow(
        reference=row.reference,
        status=row.state,
        priority=row.priority,
        reason=found[0].reason if found else None,
        flags=tuple(dict.fromkeys(flag for manifest in found for flag in manifest.flags)),
        language=row.language,
        channel=row.channel,
        queued_on=date_of_day(row.queued_on),
        submitted_at=found[0].submitted_at if found else None,
        raised=bool(row.raised),
        raised_on=None if row.raised_on is None else date_of_day(row.raised_on),
        links=counted,
        holder=row.holder,
        holder_id=row.claimed_by,
        orphaned=row.state == "claimed" and not row.holder_works,
        due_on=None if row.due_on is None else date_of_day(row.due_on),
        unseen=row.known > max(row.seen, 1),
        damaged=damaged,
    )
