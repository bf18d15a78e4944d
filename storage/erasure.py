"""Erasing a case for good, which takes two people: one proposes it, and another one confirms.

What is left is a receipt: a number, the day, the reason's name and who the two were, and nothing of anybody else.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import insert, select, update

from storage import audit
from storage.asking import new_requests
from storage.codes import REFERENCE_LETTERS
from storage.database import Database
from storage.days import date_of_day, day_of
from storage.erasing import EraseJournal, erase_case
from storage.errors import NotAllowed, RequestNotFound, SamePerson
from storage.opening import ROLES_WITH_ALL_CASES, workable
from storage.schema import erasures, requests, staff
from storage.scrubbing import scrub_now
from storage.staff import Caseworker, check_active

ERASE_REASONS = ("asked", "consent_withdrawn", "under_16", "mistaken", "no_longer_needed")
"""Why a case is erased. Free words are not kept: they could name somebody."""


@dataclass(frozen=True)
class ErasureReceipt:
    """What is left of an erased case.

    Attributes:
        number: drawn at random; it can be told to the person, and leads nowhere.
        proposed_by, confirmed_by: the names of the two.
    """

    number: str
    on: date
    reason: str
    proposed_by: str
    confirmed_by: str


def propose_erasing(database: Database, caseworker: Caseworker, reference: str, reason: str) -> None:
    """Ask a second person to have a case erased. Asking anew replaces who asked before.

    Raises:
        ValueError: no such reason.
        Otherwise as `storage.opening.workable`.
    """
    if reason not in ERASE_REASONS:
        raise ValueError("no such reason")
    now = datetime.now(UTC)
    with database.transaction() as connection:
        row = workable(connection, caseworker, reference)
        if asked := new_requests(connection, row.id, "erase", day_of(now)):
            connection.execute(insert(requests), asked)
        connection.execute(
            update(requests)
            .where(requests.c.case_id == row.id, requests.c.kind == "erase", requests.c.state == "open")
            .values(proposed_by=caseworker.id, reason=reason)
        )
        audit.append(connection, now, caseworker.id, "erasing_proposed", audit.subject_of(row.id))


def withdraw_erasing(database: Database, caseworker: Caseworker, reference: str) -> None:
    """Take the proposal back; what the person asked for stays. Raises: as `storage.opening.workable`."""
    now = datetime.now(UTC)
    with database.transaction() as connection:
        row = workable(connection, caseworker, reference)
        taken_back = connection.execute(
            update(requests)
            .where(requests.c.case_id == row.id, requests.c.proposed_by.is_not(None))
            .values(proposed_by=None, reason=None)
        )
        if taken_back.rowcount:
            audit.append(connection, now, caseworker.id, "erasing_withdrawn", audit.subject_of(row.id))


def confirm_erasing(
    database: Database, caseworker: Caseworker, reference: str, journal: Path
) -> ErasureReceipt:
    """Erase a case that somebody else proposed to erase: its key, its rows, and the conversations that lead to it.

    Args:
        journal: as `Settings.journal`; it makes a restored backup forget the case again.
    Raises:
        NotAllowed: the role may not erase.
        RequestNotFound: nobody proposed it.
        SamePerson: they proposed it themselves.
        CaseNotFound: as `storage.opening.workable`.
    """
    now = datetime.now(UTC)
    with database.transaction() as connection:
        row = workable(connection, caseworker, reference)
        if caseworker.role not in ROLES_WITH_ALL_CASES:
            raise NotAllowed
        proposed = connection.execute(
            select(requests.c.proposed_by, requests.c.reason, staff.c.name)
            .join(staff, staff.c.id == requests.c.proposed_by)
            .where(requests.c.case_id == row.id, requests.c.kind == "erase", requests.c.state == "open")
            .with_for_update(of=requests)
        ).one_or_none()
        if proposed is None:
            raise RequestNotFound
        if proposed.proposed_by == caseworker.id:
            raise SamePerson
        number = f"E-{_drawn(4)}-{_drawn(4)}"
        receipt = {
            "number": number,
            "erased_on": day_of(now),
            "reason": proposed.reason,
            "proposed_by": proposed.proposed_by,
            "confirmed_by": caseworker.id,
        }
        connection.execute(insert(erasures), receipt)
        audit.append(connection, now, caseworker.id, "case_erased", audit.subject_of(row.id))
        erase_case(connection, EraseJournal(journal), row.id, now)
    scrub_now(database)
    return ErasureReceipt(
        number, now.date(), proposed.reason, proposed_by=proposed.name, confirmed_by=caseworker.name
    )


def list_erasures(database: Database, caseworker: Caseworker) -> list[ErasureReceipt]:
    """Return every receipt, newest first.

    Raises:
        NotAllowed: the colleague was disabled.
    """
    proposer, confirmer = staff.alias("proposer"), staff.alias("confirmer")
    question = (
        select(erasures, proposer.c.name.label("proposer"), confirmer.c.name.label("confirmer"))
        .join(proposer, proposer.c.id == erasures.c.proposed_by)
        .join(confirmer, confirmer.c.id == erasures.c.confirmed_by)
        .order_by(erasures.c.erased_on.desc(), erasures.c.number)
    )
    with database.reading() as connection:
        check_active(connection, caseworker)
        return [
            ErasureReceipt(row.number, date_of_day(row.erased_on), row.reason, row.proposer, row.confirmer)
            for row in connection.execute(question)
        ]


def _drawn(length: int) -> str:
    return "".join(secrets.choice(REFERENCE_LETTERS) for _ in range(length))
