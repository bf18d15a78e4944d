"""Who did what, and when: a log that is only ever added to, each entry bound to the one before.

An entry names a colleague by id, an event, and at most the hash of a case id; never content.
Entries leave at the old end alone, when their time is over, and that too is an entry: it holds the hash
of the last one that left. So what is left still hangs on something, and whoever cuts off more is noticed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import Connection, Row, delete, insert, select

from storage.schema import audit
from storage.sealing import ContextPart, digest, encode

Event = Literal[
    "answer_corrected",
    "browser_added",
    "case_attended",
    "case_claimed",
    "case_closed",
    "case_due_set",
    "case_erased",
    "case_handed_over",
    "case_opened",
    "case_released",
    "case_reopened",
    "case_taken_by_phone",
    "cases_listed",
    "copy_released",
    "erasing_proposed",
    "erasing_withdrawn",
    "entries_removed",
    "fact_changed",
    "fact_checked",
    "key_destroyed",
    "key_rotated",
    "keys_made",
    "link_issued",
    "links_changed",
    "log_exported",
    "message_written",
    "note_written",
    "passkey_added",
    "passkey_removed",
    "password_replaced",
    "replies_changed",
    "request_noted",
    "request_refused",
    "role_changed",
    "second_factor_refused",
    "second_factor_set",
    "sign_in_refused",
    "signed_in",
    "signed_out_everywhere",
    "staff_added",
    "staff_disabled",
    "talk_ended",
]
EVENTS: tuple[Event, ...] = get_args(Event)

KEPT = timedelta(days=365)
"""Source: the retention table in `docs/retention.md`."""

_FIRST_PREVIOUS = bytes(32)
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(7308895150543467617)"  # the number has no meaning


@dataclass(frozen=True)
class Entry:
    """One line of the log.

    Attributes:
        number: 1, 2, 3, … without a gap.
        at: UTC, to the second.
        staff: hexadecimal id of the colleague; None where nobody was signed in.
        subject: `subject_of` a case id, or the hexadecimal id of a colleague it was done to; of
            `entries_removed` the hash of the last entry that left.
        recipient: hexadecimal id of the colleague who got what it tells of.
    """

    number: int
    at: datetime
    staff: str | None
    event: str
    subject: str | None
    recipient: str | None = None


def subject_of(case_id: bytes) -> str:
    """Return what stands for a case in the log: 64 hexadecimal digits that lead nowhere once it is erased."""
    return digest(encode("audit subject", 1, case_id)).hex()


def append(
    connection: Connection,
    at: datetime,
    staff: bytes | None,
    event: Event,
    subject: str | None = None,
    recipient: bytes | None = None,
) -> None:
    """Add an entry, in the transaction of what it tells of. Appending transactions wait for one another."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_ONE_AT_A_TIME)
    last = connection.execute(
        select(audit.c.number, audit.c.hash).order_by(audit.c.number.desc()).limit(1)
    ).one_or_none()
    number = last.number + 1 if last else 1
    seconds, who = int(at.timestamp()), staff.hex() if staff else None
    to = recipient.hex() if recipient else None
    previous = last.hash if last else _FIRST_PREVIOUS
    connection.execute(
        insert(audit).values(
            number=number,
            at=seconds,
            staff=who,
            event=event,
            subject=subject,
            recipient=to,
            previous=previous,
            hash=_hash(number, seconds, who, event, subject, previous, to),
        )
    )


def entries(connection: Connection, subject: str | None = None) -> Iterator[Entry]:
    """Read the log, oldest first; only what concerns `subject`, where one is given."""
    query = select(audit).order_by(audit.c.number)
    if subject is not None:
        query = query.where(audit.c.subject == subject)
    yield from map(_entry, connection.execute(query))


@dataclass(frozen=True)
class Search:
    """What of the log is wanted; None is anything.

    Attributes:
        staff: hexadecimal id of the colleague who did it.
        subject: as `Entry.subject`.
        since, until: UTC days, both included.
    """

    staff: str | None = None
    event: str | None = None
    subject: str | None = None
    since: date | None = None
    until: date | None = None


def search(
    connection: Connection, wanted: Search, before: int | None = None, limit: int | None = None
) -> list[Entry]:
    """Return what is wanted of the log, newest first.

    Args:
        before: the number of the last entry of the page before.
    """
    query = select(audit).order_by(audit.c.number.desc()).limit(limit)
    for column in ("staff", "event", "subject"):
        if (value := getattr(wanted, column)) is not None:
            query = query.where(audit.c[column] == value)
    if wanted.since is not None:
        query = query.where(audit.c.at >= _midnight(wanted.since))
    if wanted.until is not None:
        query = query.where(audit.c.at < _midnight(wanted.until + timedelta(days=1)))
    if before is not None:
        query = query.where(audit.c.number < before)
    return [_entry(row) for row in connection.execute(query)]


def is_noted(connection: Connection, staff: bytes, event: Event, subject: str, since: int) -> bool:
    """Say whether a colleague did this to this since a moment (unix seconds)."""
    query = select(audit.c.number).where(
        audit.c.subject == subject,
        audit.c.staff == staff.hex(),
        audit.c.event == event,
        audit.c.at >= since,
    )
    return connection.execute(query.limit(1)).one_or_none() is not None


def remove_old(connection: Connection, now: datetime) -> int:
    """Remove the entries whose time is over, by whole UTC days, so that it is in the log once a day at most.

    Nothing that follows an entry which must stay is removed, whatever its own time says.

    Returns:
        How many.
    """
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    since = int((midnight - KEPT).timestamp())
    oldest = connection.execute(select(audit.c.at).order_by(audit.c.number).limit(1)).scalar()
    if oldest is None or oldest >= since:
        return 0
    staying = select(audit.c.number).where(audit.c.at >= since).order_by(audit.c.number).limit(1)
    first = connection.execute(staying).scalar()
    leaving = select(audit.c.number, audit.c.hash).order_by(audit.c.number.desc()).limit(1)
    last = connection.execute(leaving if first is None else leaving.where(audit.c.number < first)).one()
    append(connection, now, None, "entries_removed", last.hash.hex())
    return connection.execute(delete(audit).where(audit.c.number <= last.number)).rowcount


@dataclass(frozen=True)
class Checked:
    """How far the log was checked.

    Attributes:
        upto: the number of the last entry that was looked at; 0 of an empty log.
        broken: the first entry that was altered, or follows one that is missing; None if none.
    """

    upto: int
    hash: bytes = field(repr=False)
    broken: int | None = None


def check(connection: Connection, since: Checked | None = None) -> Checked:
    """Check that every entry follows from the one before.

    Entries cut off at the new end leave no trace in the database, and somebody who can write to it could
    make the whole log anew: for that it is also copied elsewhere. Whoever remembers an earlier check notices both.

    Args:
        since: an earlier check that found nothing: only what came after is read, and that its last entry stands.
    """
    before: Row[Any] | None = None
    anchor, hangs_on = None, _FIRST_PREVIOUS.hex()
    query = select(audit).order_by(audit.c.number)
    if since is not None and since.upto and since.broken is None:
        before = connection.execute(select(audit).where(audit.c.number == since.upto)).one_or_none()
        if before is None:  # cut off, or its time is over
            whole = check(connection)
            return whole if whole.upto > since.upto else replace(whole, broken=whole.broken or whole.upto + 1)
        if before.hash != since.hash:
            return Checked(since.upto, since.hash, since.upto)
        query = query.where(audit.c.number > since.upto)
    else:
        removed = select(audit.c.subject).where(audit.c.event == "entries_removed")
        anchor = connection.execute(removed.order_by(audit.c.number.desc()).limit(1)).scalar()
        hangs_on = anchor or hangs_on
    for row in connection.execute(query):
        if before is None:
            follows = row.previous.hex() == hangs_on and (row.number == 1) == (anchor is None)
        else:
            follows = row.number == before.number + 1 and row.previous == before.hash
        if not follows or row.hash != _hash(
            row.number, row.at, row.staff, row.event, row.subject, row.previous, row.recipient
        ):
            return Checked(int(row.number), row.hash, int(row.number))
        before = row
    return Checked(0, b"") if before is None else Checked(int(before.number), before.hash)


def first_broken(connection: Connection) -> int | None:
    """Return the number of the first entry that was altered, or follows one that is missing; None if none."""
    return check(connection).broken


def _entry(row: Row[Any]) -> Entry:
    at = datetime.fromtimestamp(row.at, UTC)
    return Entry(row.number, at, row.staff, row.event, row.subject, row.recipient)


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def _hash(
    number: int,
    at: int,
    staff: str | None,
    event: str,
    subject: str | None,
    previous: bytes,
    recipient: str | None,
) -> bytes:
    def told(text: str | None) -> ContextPart:
        return b"" if text is None else text

    # Entries from before there were recipients hash as they did.
    to = () if recipient is None else (recipient,)
    return digest(encode("audit", 1, number, at, told(staff), event, told(subject), previous, *to))
