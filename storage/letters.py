"""What a colleague says to a person: written into the case, and sealed for the person's own chat or case code.

The desk has neither the conversation's key nor its address. It seals the letter to a key that only the
conversation gives, or only the case code, and leaves the rest to those who have them (`storage.outbox`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, insert, select

from storage.casebook import Entry, append_entry
from storage.casework import lower_case
from storage.database import Database
from storage.errors import CannotReach, CaseClosed
from storage.opening import with_key, workable
from storage.schema import conversations, later_work, letters, receipts
from storage.sealing import new_id, seal_letter
from storage.staff import Caseworker

Reader = Literal["chat", "code"]

LETTER_KEPT = timedelta(hours=24)
"""How long a letter waits for a chat. Source: the retention table in `docs/retention.md`."""

DELIVER = "letter"
"""The kind of errand that takes a letter to a provider; its subject is the letter's id, hexadecimal."""

FETCHED_BY = frozenset({"web"})
"""Channels whose page fetches what waits; to all others it is sent."""


def ways_to(database: Database, caseworker: Caseworker, reference: str) -> frozenset[Reader]:
    """Return how a message can reach the person of a case: their chat, their case code, both or neither.

    Raises: as `storage.opening.workable`.
    """
    with database.reading() as connection:
        row = workable(connection, caseworker, reference)
        return frozenset(reader for reader, _ in _readers(connection, row.id))


def send_letter(
    database: Database,
    caseworker: Caseworker,
    reference: str,
    text: str,
    kept: timedelta = LETTER_KEPT,
    now: datetime | None = None,
) -> Entry:
    """Say something to a person. A wish for somebody sooner counts as attended to.

    Args:
        kept: how long it waits for the chat; longer where the person has to write first. By case code it
            waits as long as the case is there.
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
        readers = list(_readers(connection, row.id))
        if not readers:
            raise CannotReach
        entry = append_entry(connection, opened, caseworker, "message", text)
        written = json.dumps({"text": text, "at": entry.at.isoformat()}, ensure_ascii=False).encode(
            "utf-8", "replace"
        )
        for reader, public in readers:
            letter_id = new_id()
            chat = reader == "chat"
            erase_at = int((now + kept).timestamp())
            connection.execute(
                insert(letters),
                {
                    "id": letter_id,
                    "case_id": row.id,
                    "reader": reader,
                    "state": "waiting",
                    "sealed": seal_letter(public, written, letter_id),
                    "entry": entry.number,
                    "erase_at": erase_at if chat else None,
                },
            )
            if chat and row.channel not in FETCHED_BY:
                errand = {"id": new_id(), "kind": DELIVER, "due_at": int(now.timestamp())}
                errand |= {"subject": letter_id.hex().encode(), "erase_at": erase_at}
                connection.execute(insert(later_work), errand)
        lower_case(connection, caseworker, row.id)
        return entry


def _readers(connection: Connection, case_id: bytes) -> Iterator[tuple[Reader, bytes]]:
    chats = select(conversations.c.letter_key).where(
        conversations.c.case_id == case_id, conversations.c.letter_key.is_not(None)
    )
    for key in connection.scalars(chats):
        yield "chat", key
    for key in connection.scalars(select(receipts.c.public_key).where(receipts.c.case_id == case_id)):
        yield "code", key
