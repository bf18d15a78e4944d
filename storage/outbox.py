"""Letters on their way to people, for the part that talks to them: opened with the conversation's own key.

What a colleague wrote opens here and nowhere else, and only while the conversation lives. What has left is
emptied at once; how far it came stays, for the colleague to see.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, and_, select, tuple_, update

from storage.database import Database
from storage.epochs import Epochs
from storage.errors import BadFormat, CannotOpen, StateUnreadable
from storage.keys import KeyDirectory
from storage.remembering import Remembered
from storage.schema import conversations, later_work, letters, receipts
from storage.sealing import CodeKeys, open_letter

DeliveryState = Literal["sent", "delivered", "failed"]


@dataclass(frozen=True)
class Letter:
    """What a colleague says to a person.

    Attributes:
        at: when it was written, UTC.
    """

    id: bytes
    at: datetime
    text: str = field(repr=False)


@dataclass(frozen=True)
class Addressed:
    """A letter, and where it is to go."""

    letter: Letter
    channel: str
    address: str = field(repr=False)


class Outbox:
    """The letters that wait. Safe to share between threads."""

    def __init__(self, database: Database, keys: KeyDirectory) -> None:
        self._database = database
        self._epochs = Epochs(keys)

    def waiting(self, channel: str, address: str, now: datetime) -> list[Letter]:
        """Return what waits for a person's chat, oldest first; nothing is marked.

        Raises: `StoreAway`; `StateUnreadable` where the conversation does not open.
        """
        living = self._epochs.living(now)
        lookups = [epoch.lookup(channel, address) for epoch in living]
        with self._database.reading() as connection:
            row = connection.execute(
                select(conversations).where(conversations.c.lookup.in_(lookups))
            ).one_or_none()
            if row is None or row.letter_key is None:
                return []
            found = _waiting(connection, row.case_id, "chat")
        return _opened(found, Remembered.of(row, living).letter_keys.private) if found else []

    def by_code(self, keys: CodeKeys) -> list[Letter]:
        """Return what waits for whoever has a case code, oldest first; nothing for a code of nobody's."""
        with self._database.reading() as connection:
            case_id = connection.execute(
                select(receipts.c.case_id).where(receipts.c.lookup == keys.lookup)
            ).scalar_one_or_none()
            found = _waiting(connection, case_id, "code") if case_id else []
        return _opened(found, keys.private)

    def addressed(self, letter_id: bytes, now: datetime) -> Addressed | None:
        """Return a letter that is to be sent, and where to; None if it is gone, sent, or its chat has ended."""
        with self._database.reading() as connection:
            row = connection.execute(
                select(letters).where(letters.c.id == letter_id, letters.c.state == "waiting")
            ).one_or_none()
            if row is None:
                return None
            linked = connection.execute(
                select(conversations).where(
                    conversations.c.case_id == row.case_id, conversations.c.letter_key.is_not(None)
                )
            ).one_or_none()
        if linked is None or linked.address is None:
            return None
        remembered = Remembered.of(linked, self._epochs.living(now))
        channel, address = remembered.opened_address(linked.address)
        (letter,) = _opened([row], remembered.letter_keys.private)
        return Addressed(letter, channel, address)

    def mark(self, letter_ids: Collection[bytes], state: DeliveryState) -> None:
        """Note how far letters came. What was sent or has failed is emptied; what arrived waits nowhere else.

        A letter that arrived stays so, whatever is heard of it later.
        """
        with self._database.transaction() as connection:
            rows = connection.execute(
                select(letters.c.case_id, letters.c.entry).where(letters.c.id.in_(letter_ids))
            ).all()
            which = letters.c.id.in_(letter_ids)
            if state == "delivered" and rows:
                said = tuple_(letters.c.case_id, letters.c.entry)
                which = said.in_([tuple(row) for row in rows])
            connection.execute(
                update(letters)
                .where(which, letters.c.state != "delivered")
                .values(state=state, sealed=b"", erase_at=None)
            )

    def release(self, channel: str, address: str, now: datetime) -> int:
        """Have what waits for a chat sent now, as the person just wrote there. Returns how many letters."""
        ids = [letter.id for letter in self.waiting(channel, address, now)]
        subjects = [letter_id.hex().encode() for letter_id in ids]
        with self._database.transaction() as connection:
            connection.execute(
                update(later_work)
                .where(later_work.c.subject.in_(subjects))
                .values(due_at=int(now.timestamp()), given_up=False)
            )
        return len(ids)


def expire_letters(connection: Connection, now: datetime) -> int:
    """Give up letters that waited for too long, and empty them. Returns how many."""
    over = and_(letters.c.state == "waiting", letters.c.erase_at <= int(now.timestamp()))
    return connection.execute(
        update(letters).where(over).values(state="failed", sealed=b"", erase_at=None)
    ).rowcount


def _waiting(connection: Connection, case_id: bytes, reader: str) -> Sequence[Row[Any]]:
    return connection.execute(
        select(letters)
        .where(letters.c.case_id == case_id, letters.c.reader == reader, letters.c.state == "waiting")
        .order_by(letters.c.entry)
    ).all()


def _opened(rows: Sequence[Row[Any]], private: bytes) -> list[Letter]:
    return list(_each_opened(rows, private))


def _each_opened(rows: Sequence[Row[Any]], private: bytes) -> Iterator[Letter]:
    for row in rows:
        try:
            content = json.loads(open_letter(private, row.sealed, row.id))
            yield Letter(row.id, datetime.fromisoformat(content["at"]), content["text"])
        except (CannotOpen, BadFormat, KeyError, ValueError):
            raise StateUnreadable("a letter") from None
