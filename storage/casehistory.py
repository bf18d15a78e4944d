"""What happened to a case, out of the log; and whether anything did since a page of it was drawn."""

from __future__ import annotations

import json
from collections.abc import Collection

from sqlalchemy import func, select

from storage import audit
from storage.database import Database
from storage.opening import readable
from storage.schema import entries, letters, links, manifests
from storage.sealing import digest
from storage.staff import Caseworker


def case_events(
    database: Database, caseworker: Caseworker, reference: str, but: Collection[audit.Event] = ()
) -> tuple[audit.Entry, ...]:
    """Return what the log tells of a case, oldest first.

    Args:
        but: events that are told elsewhere.
    Raises: as `storage.opening.readable`.
    """
    with database.reading() as connection:
        case_id = readable(connection, caseworker, reference).id
        told = audit.entries(connection, audit.subject_of(case_id))
        return tuple(entry for entry in told if entry.event not in but)


def case_stamp(database: Database, caseworker: Caseworker, reference: str) -> str:
    """Return what changes whenever anything of a case does, but for being looked at. Nothing is opened or logged.

    Raises: as `storage.opening.readable`.
    """
    with database.reading() as connection:
        row = readable(connection, caseworker, reference)
        known = select(func.count()).select_from(manifests).where(manifests.c.case_id == row.id)
        written = select(func.count()).select_from(entries).where(entries.c.case_id == row.id)
        said = select(letters.c.entry, letters.c.state).where(letters.c.case_id == row.id)
        far = select(links.c.number, links.c.status, links.c.platform).where(links.c.case_id == row.id)
        shown = [
            row.state,
            row.claimed_by.hex() if row.claimed_by else None,
            row.due_on,
            bool(row.raised),
            row.erase_at,
            connection.execute(known).scalar_one(),
            connection.execute(written).scalar_one(),
            sorted(list(letter) for letter in connection.execute(said)),
            sorted(list(link) for link in connection.execute(far)),
        ]
    return digest(json.dumps(shown).encode()).hex()[:32]
