"""What people ask for of their own data, and by when it is due. What was refused is kept for as long as the law says.

Source: the Personal Data (Privacy) Ordinance, Cap. 486: section 19 for the days, section 27 for the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from storage import audit
from storage.asking import DUE_DAYS, Right, new_requests
from storage.casebook import append_entry
from storage.database import Database
from storage.days import date_of_day, day_of
from storage.errors import NotAllowed, RequestNotFound
from storage.opening import ROLES_WITH_ALL_CASES, check_may_read, with_key, workable
from storage.schema import cases, refusals, requests, staff
from storage.sealing import new_id
from storage.staff import Caseworker, check_active

WARN_DAYS = (20, 30, 35)
"""Days after which an open request stands out more and more."""

REASONS = (
    "identity",  # who asks has not shown who they are
    "others_data",  # it cannot be told without what is another person's
    "not_held",  # we hold nothing of the kind
    "not_inaccurate",  # what is to be corrected is right
    "repeated",  # the same was asked for and given lately
    "legal_duty",  # another law wants it kept, or not told
    "other",
)
"""Why a request may be refused; more stands in the case alone. Source: Cap. 486, sections 20, 24 and 26."""
REFUSALS_KEPT = timedelta(days=4 * 365 + 1)
"""Source: Cap. 486, section 27(3)."""

LOG_READERS = frozenset({"supervisor", "auditor"})


@dataclass(frozen=True)
class Request:
    """Something asked for, and not yet seen to.

    Attributes:
        id: hexadecimal.
        days_left: until it is due; negative once that is past.
        proposed_by: id of who asked a second person to confirm the erasing.
    """

    id: str
    reference: str
    kind: Right
    asked_on: date
    due_on: date
    days_left: int
    holder: str | None = None
    proposed_by: bytes | None = None
    reason: str | None = None

    @property
    def stage(self) -> int:
        """How pressing it is: 0 to 3, by `WARN_DAYS`; 4 once it is overdue."""
        if self.days_left < 0:
            return len(WARN_DAYS) + 1
        return sum(DUE_DAYS - self.days_left >= days for days in WARN_DAYS)


@dataclass(frozen=True)
class Refusal:
    """A line of the log of refusals."""

    on: date
    kind: Right
    reason: str
    subject: str
    staff: bytes


def add_request(database: Database, caseworker: Caseworker, reference: str, kind: Right, on: date) -> None:
    """Note what somebody asked for by telephone or letter.

    Args:
        on: the day on which they did; a day that is yet to come counts as today.
    Raises: as `storage.opening.workable`.
    """
    now = datetime.now(UTC)
    with database.transaction() as connection:
        row = workable(connection, caseworker, reference)
        asked_at = datetime(on.year, on.month, on.day, tzinfo=UTC)
        asked = new_requests(connection, row.id, kind, day_of(min(asked_at, now)))
        if asked:
            connection.execute(insert(requests), asked)
        audit.append(connection, now, caseworker.id, "request_noted", audit.subject_of(row.id))


def open_requests(
    database: Database, caseworker: Caseworker, today: date | None = None, reference: str | None = None
) -> list[Request]:
    """Return what is not yet seen to, the most pressing first: of one's own cases and those nobody has, or of all.

    Args:
        reference: of one case alone, as it is written.
    Raises:
        NotAllowed: the colleague's role reads no cases.
    """
    today = today or datetime.now(UTC).date()
    wanted = (
        select(requests, cases.c.reference, cases.c.claimed_by, staff.c.name.label("holder"))
        .join(cases, cases.c.id == requests.c.case_id)
        .outerjoin(staff, staff.c.id == cases.c.claimed_by)
        .where(requests.c.state == "open", cases.c.reference.is_not(None))
        .order_by(requests.c.due_on, requests.c.id)
    )
    if reference is not None:
        wanted = wanted.where(cases.c.reference == reference)
    with database.reading() as connection:
        check_may_read(connection, caseworker)
        rows = connection.execute(wanted).all()
    everybodys = caseworker.role in ROLES_WITH_ALL_CASES
    return [_request(row, today) for row in rows if everybodys or row.claimed_by in (None, caseworker.id)]


def finish_request(connection: Connection, case_id: bytes, kind: Right) -> None:
    """What was asked for was given. Nothing happens where nobody asked."""
    connection.execute(
        update(requests)
        .where(requests.c.case_id == case_id, requests.c.kind == kind, requests.c.state == "open")
        .values(state="done", proposed_by=None)
    )


def refuse_request(
    database: Database, caseworker: Caseworker, reference: str, request_id: bytes, reason: str, text: str
) -> None:
    """Refuse what was asked for. The reason's name is in the log of refusals, and what was written in the case.

    Raises:
        ValueError: no such reason.
        RequestNotFound: there is none, or it was seen to.
        Otherwise as `storage.casebook.write_entry`.
    """
    if reason not in REASONS:
        raise ValueError("no such reason")
    now = datetime.now(UTC)
    with database.transaction() as connection:
        opened = with_key(workable(connection, caseworker, reference), caseworker)
        found = open_request(connection, request_id, opened.id)
        connection.execute(update(requests).where(requests.c.id == found.id).values(state="refused"))
        append_entry(connection, opened, caseworker, "refusal", text, {"of": found.kind, "reason": reason})
        connection.execute(
            insert(refusals),
            {
                "id": new_id(),
                "refused_on": day_of(now),
                "kind": found.kind,
                "reason": reason,
                "subject": audit.subject_of(opened.id),
                "staff_id": caseworker.id,
                "erase_at": int((now + REFUSALS_KEPT).timestamp()),
            },
        )
        audit.append(connection, now, caseworker.id, "request_refused", audit.subject_of(opened.id))


def list_refusals(database: Database, caseworker: Caseworker) -> list[Refusal]:
    """Return the log of refusals, newest first.

    Raises:
        NotAllowed: the role does not read it.
    """
    with database.reading() as connection:
        check_active(connection, caseworker)
        if caseworker.role not in LOG_READERS:
            raise NotAllowed
        rows = connection.execute(select(refusals).order_by(refusals.c.refused_on.desc(), refusals.c.id))
        return [
            Refusal(date_of_day(row.refused_on), row.kind, row.reason, row.subject, row.staff_id)
            for row in rows
        ]


def open_request(connection: Connection, request_id: bytes, case_id: bytes) -> Row[Any]:
    """Return the row of a request that is not yet seen to, held until the transaction ends.

    Raises: `RequestNotFound`.
    """
    row = connection.execute(
        select(requests)
        .where(requests.c.id == request_id, requests.c.case_id == case_id, requests.c.state == "open")
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise RequestNotFound
    return row


def _request(row: Row[Any], today: date) -> Request:
    due_on = date_of_day(row.due_on)
    return Request(
        id=row.id.hex(),
        reference=row.reference,
        kind=row.kind,
        asked_on=date_of_day(row.asked_on),
        due_on=due_on,
        days_left=(due_on - today).days,
        holder=row.holder,
        proposed_by=row.proposed_by,
        reason=row.reason,
    )
