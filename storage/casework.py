"""Work on a case: who has it, until when, and when it is done.

Every act is one transaction with its entry in the log. A claim is one conditional update, so that of two
colleagues at the same moment one has the case and the other is told who.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select, text, update

from storage import audit
from storage.database import Database
from storage.days import day_of_date
from storage.errors import CaseClosed, CaseNotFound, NotAllowed, StaffNotFound, Taken
from storage.opening import (
    ROLES_THAT_READ,
    ROLES_WITH_ALL_CASES,
    check_may_read,
    submitted,
    workable,
)
from storage.schema import HELD, cases, staff
from storage.staff import Caseworker, check_active

# ------------------------------------------------------------------ who has it


def claim_case(database: Database, caseworker: Caseworker, reference: str) -> None:
    """Take a case that nobody has. Claiming one's own case again changes nothing.

    Raises:
        Taken: somebody else has it.
        CaseClosed: it is closed.
        NotAllowed, CaseNotFound: as `storage.opening.readable`.
    """
    with database.transaction() as connection:
        check_may_read(connection, caseworker)
        found = submitted(connection, reference)
        claimed = connection.execute(
            update(cases)
            .where(cases.c.id == found.id, cases.c.state == "queued")
            .values(state="claimed", claimed_by=caseworker.id)
        ).rowcount
        if claimed:
            _note(connection, caseworker, "case_claimed", found.id)
            return
        now = _again(connection, found.id)
        if now.state == "closed":
            raise CaseClosed
        if now.claimed_by != caseworker.id:
            raise Taken(_name_of(connection, now.claimed_by))


def hand_over(database: Database, caseworker: Caseworker, reference: str, to: bytes) -> None:
    """Give a case to a colleague: one's own, or with a role that has all cases any, also one that nobody has.

    Args:
        to: the colleague's id.
    Raises:
        NotYours: it is not theirs to give.
        StaffNotFound: nobody active with this id reads cases.
        CaseClosed, CaseNotFound, NotAllowed: as `claim_case`.
    """
    with database.transaction() as connection:
        row = _open_case_of(connection, caseworker, reference)
        _check_may_receive(connection, to)
        if row.claimed_by != to:
            _give(connection, row.id, to)
            _note(connection, caseworker, "case_handed_over", row.id, to)


def release_case(database: Database, caseworker: Caseworker, reference: str) -> None:
    """Put a case back into the queue. Raises: as `hand_over`."""
    with database.transaction() as connection:
        row = _open_case_of(connection, caseworker, reference)
        if row.state == "claimed":
            _give(connection, row.id, None)
            _note(connection, caseworker, "case_released", row.id)


def move_cases(database: Database, caseworker: Caseworker, leaver: bytes, to: bytes | None) -> int:
    """Move every open case of a colleague to another one, or back into the queue, in one act.

    Returns:
        How many.
    Raises:
        NotAllowed: the role does not have all cases.
        StaffNotFound: nobody active with the id `to` reads cases.
    """
    with database.transaction() as connection:
        check_active(connection, caseworker)
        if caseworker.role not in ROLES_WITH_ALL_CASES:
            raise NotAllowed
        if to is not None:
            _check_may_receive(connection, to)
        held = connection.scalars(
            select(cases.c.id).where(cases.c.claimed_by == leaver, text(f"cases.{HELD}")).with_for_update()
        ).all()
        for case_id in held:
            _give(connection, case_id, to)
            _note(connection, caseworker, "case_handed_over" if to else "case_released", case_id, to)
        return len(held)


def note_taken_by_phone(database: Database, caseworker: Caseworker, reference: str) -> None:
    """Write down who typed a case for somebody that called. It is nobody's yet, and what is in it is sealed.

    Raises: as `claim_case`.
    """
    with database.transaction() as connection:
        _note(connection, caseworker, "case_taken_by_phone", submitted(connection, reference).id)


# ------------------------------------------------------------------ how it stands


def attend_case(database: Database, caseworker: Caseworker, reference: str) -> None:
    """Note that the person's wish for somebody sooner was attended to. Raises: as `storage.opening.workable`."""
    with database.transaction() as connection:
        row = workable(connection, caseworker, reference)
        lower_case(connection, caseworker, row.id)


def lower_case(connection: Connection, caseworker: Caseworker, case_id: bytes) -> None:
    """As `attend_case`, within a transaction that does more."""
    raised = update(cases).where(cases.c.id == case_id, cases.c.raised)
    if connection.execute(raised.values(raised=False, raised_on=None)).rowcount:
        _note(connection, caseworker, "case_attended", case_id)


def set_due(database: Database, caseworker: Caseworker, reference: str, on: date | None) -> None:
    """Say until when something has to be done; None: nothing in particular. Raises: as `hand_over`."""
    with database.transaction() as connection:
        row = _open_case_of(connection, caseworker, reference)
        day = None if on is None else day_of_date(on)
        connection.execute(update(cases).where(cases.c.id == row.id).values(due_on=day))
        _note(connection, caseworker, "case_due_set", row.id)


def close_case(database: Database, caseworker: Caseworker, reference: str, closed_days: int) -> datetime:
    """Close a case. It is destroyed when its time is over, and can be opened again until then.

    The chat that is linked with it ends at the next purge. Who had it stays known, for opening it again.

    Args:
        closed_days: days to keep it, 0 to 180 (`Settings.closed_days`).
    Returns:
        When it is destroyed, UTC.
    Raises: as `hand_over`.
    """
    erase_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=closed_days)
    with database.transaction() as connection:
        row = _open_case_of(connection, caseworker, reference)
        connection.execute(
            update(cases)
            .where(cases.c.id == row.id)
            .values(
                state="closed",
                erase_at=int(erase_at.timestamp()),
                due_on=None,
                raised=False,
                raised_on=None,
                colleague_wrote_at=None,
            )
        )
        _note(connection, caseworker, "case_closed", row.id)
    return erase_at


def reopen_case(database: Database, caseworker: Caseworker, reference: str) -> None:
    """Open a closed case again: for whoever had it, or into the queue where they left. One that is open stays so.

    Raises: as `storage.opening.workable`.
    """
    with database.transaction() as connection:
        row = workable(connection, caseworker, reference)
        if row.state != "closed":
            return
        holder = row.claimed_by if _is_active(connection, row.claimed_by) else None
        connection.execute(update(cases).where(cases.c.id == row.id).values(erase_at=None))
        _give(connection, row.id, holder)
        _note(connection, caseworker, "case_reopened", row.id)


# ------------------------------------------------------------------ inside


def _open_case_of(connection: Connection, caseworker: Caseworker, reference: str) -> Row[Any]:
    """Return the row of a case that may be worked on and is not closed, held until the transaction ends."""
    _again(connection, submitted(connection, reference).id)
    row = workable(connection, caseworker, reference)
    if row.state == "closed":
        raise CaseClosed
    return row


def _again(connection: Connection, case_id: bytes) -> Row[Any]:
    row = connection.execute(select(cases).where(cases.c.id == case_id).with_for_update()).one_or_none()
    if row is None:  # erased meanwhile
        raise CaseNotFound
    return row


def _give(connection: Connection, case_id: bytes, to: bytes | None) -> None:
    state = "claimed" if to else "queued"
    connection.execute(update(cases).where(cases.c.id == case_id).values(state=state, claimed_by=to))


def _check_may_receive(connection: Connection, staff_id: bytes) -> None:
    if not _is_active(connection, staff_id):
        raise StaffNotFound


def _is_active(connection: Connection, staff_id: bytes | None) -> bool:
    query = select(func.count()).where(
        staff.c.id == staff_id, staff.c.state == "active", staff.c.role.in_(ROLES_THAT_READ)
    )
    return bool(connection.execute(query).scalar())


def _name_of(connection: Connection, staff_id: bytes | None) -> str | None:
    return connection.execute(select(staff.c.name).where(staff.c.id == staff_id)).scalar_one_or_none()


def _note(
    connection: Connection,
    caseworker: Caseworker,
    event: audit.Event,
    case_id: bytes,
    recipient: bytes | None = None,
) -> None:
    audit.append(connection, datetime.now(UTC), caseworker.id, event, audit.subject_of(case_id), recipient)
