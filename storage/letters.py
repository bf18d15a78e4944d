"""What a colleague says to a person: written into the case, and sealed for the person's own chat or case code.

The desk has neither the conversation's key nor its address. It seals the letter to a key that only the
conversation gives, or only the case code, and leaves the rest to those who have them (`storage.outbox`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, insert, select, update

from storage import audit
from storage.casebook import Entry, append_entry, written_once
from storage.casework import lower_case
from storage.database import Database
from storage.errors import CannotReach, CaseClosed
from storage.opening import with_key, workable
from storage.outbox import deliver_later
from storage.schema import cases, conversations, letters, receipts
from storage.sealing import new_id, seal_letter
from storage.staff import Caseworker

Way = Literal["chat", "here", "code"]
"""The chat in which somebody chose to be reached; one that they opened with their case code just now; the code."""

LETTER_KEPT = timedelta(hours=24)
"""How long a letter waits for a chat. Source: the retention table in `docs/retention.md`."""
KEPT_UNTIL_THEY_WRITE = timedelta(days=14)
"""How long it waits where the person has to write first. Source: likewise."""


@dataclass(frozen=True)
class _Way:
    way: Way
    public: bytes


def ways_to(database: Database, caseworker: Caseworker, reference: str) -> frozenset[Way]:
    """Return how a message can reach the person of a case; none where they left no way.

    Raises: as `storage.opening.workable`.
    """
    with database.reading() as connection:
        row = workable(connection, caseworker, reference)
        return frozenset(each.way for each in _ways(connection, row.id, datetime.now(UTC)))


def talks_since(database: Database, caseworker: Caseworker, reference: str) -> datetime | None:
    """Return when a colleague's words last reached the person, UTC; None where nobody is in the chat with them.

    Raises: as `storage.opening.workable`.
    """
    with database.reading() as connection:
        at = workable(connection, caseworker, reference).colleague_wrote_at
    return None if at is None else datetime.fromtimestamp(at, UTC)


def end_talk(database: Database, caseworker: Caseworker, reference: str) -> None:
    """Leave the chat to the assistant again. Raises: as `storage.opening.workable`."""
    with database.transaction() as connection:
        row = workable(connection, caseworker, reference)
        ended = connection.execute(
            update(cases)
            .where(cases.c.id == row.id, cases.c.colleague_wrote_at.is_not(None))
            .values(colleague_wrote_at=None)
        )
        if ended.rowcount:
            audit.append(connection, datetime.now(UTC), caseworker.id, "talk_ended", audit.subject_of(row.id))


def send_letter(
    database: Database,
    caseworker: Caseworker,
    reference: str,
    text: str,
    kept: timedelta = LETTER_KEPT,
    now: datetime | None = None,
    once: str = "",
) -> Entry:
    """Say something to a person. A wish for somebody sooner counts as attended to.

    Args:
        kept: how long it waits for the chat; longer where the person has to write first. By case code it
            waits as long as the case is there.
        once: as for `storage.casebook.write_entry`.
    Returns:
        The entry of the case, whose `delivery` tells how far it is.
    Raises:
        CannotReach: there is neither a chat nor a case code.
        CaseClosed: the case has to be opened again first.
        TooLong, NotAllowed, NotYours, CaseNotFound, CaseDamaged: as `storage.casebook.write_entry`.
    """
    now = now or datetime.now(UTC)
    with database.transaction() as connection:
        row = workable(connection, caseworker, reference)
        if row.state == "closed":
            raise CaseClosed
        opened = with_key(row, caseworker)
        ways = list(_ways(connection, row.id, now))
        if not ways:
            raise CannotReach
        if (written_before := written_once(connection, opened, once)) is not None:
            return written_before
        entry = append_entry(
            connection, opened, caseworker, "message", text, {"once": once} if once else None
        )
        written = json.dumps({"text": text, "at": entry.at.isoformat()}, ensure_ascii=False).encode(
            "utf-8", "replace"
        )
        for each in ways:
            letter_id = new_id()
            by_code = each.way == "code"
            erase_at = int((now + kept).timestamp())
            connection.execute(
                insert(letters),
                {
                    "id": letter_id,
                    "case_id": row.id,
                    "reader": "code" if by_code else "chat",
                    "state": "waiting",
                    "sealed": seal_letter(each.public, written, letter_id),
                    "entry": entry.number,
                    "erase_at": None if by_code else erase_at,
                    "letter_key": None if by_code else each.public,
                },
            )
            if each.way == "chat":
                deliver_later(connection, letter_id, each.public, now, erase_at)
        lower_case(connection, caseworker, row.id)
        return entry


def _ways(connection: Connection, case_id: bytes, now: datetime) -> Iterator[_Way]:
    chats = select(conversations.c.letter_key, conversations.c.erase_at).where(
        conversations.c.case_id == case_id, conversations.c.letter_key.is_not(None)
    )
    for chat in connection.execute(chats):
        if chat.erase_at is None:
            yield _Way("chat", chat.letter_key)
        elif chat.erase_at > now.timestamp():
            yield _Way("here", chat.letter_key)
    for key in connection.scalars(select(receipts.c.public_key).where(receipts.c.case_id == case_id)):
        yield _Way("code", key)
