"""Letters on their way to people, for the part that talks to them: opened with the conversation's own key.

What a colleague wrote opens here and nowhere else, and only while the conversation lives. What has left is
emptied at once; how far it came stays, for the colleague to see. From the moment it reached the person the
colleague is in the chat (`cases.colleague_wrote_at`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, and_, insert, or_, select, tuple_, update

from flows.vocabulary import Language
from storage.database import Database
from storage.epochs import Epochs
from storage.errands import LANE_BYTES
from storage.errors import BadFormat, CannotOpen, StateUnreadable
from storage.keys import KeyDirectory
from storage.remembering import Remembered
from storage.schema import cases, conversations, later_work, letters, receipts
from storage.sealing import ID_BYTES, CodeKeys, new_id, open_letter, seal_letter

DeliveryState = Literal["sent", "delivered", "failed"]

DELIVER = "letter"
"""The kind of errand that takes a letter to a provider; its subject is the letter's id, hexadecimal."""

AFTER_THE_ANSWER = timedelta(seconds=2)
"""What waited goes out so long after the person wrote, so that the answer to that comes first."""

SHOWN_FOR = timedelta(hours=24)
"""How long a letter that was fetched by code waits for the page to have shown it: as long as that chat lives."""

FREE_FOR = {"whatsapp": timedelta(hours=24)}
"""After the person's last message their provider takes free text for so long; after that they have to write first.
Source: https://developers.facebook.com/docs/whatsapp/cloud-api/guides/send-messages"""

TALK_KEPT = timedelta(hours=72)
"""When a colleague has said nothing for so long, it is forgotten that they talked. The talk was over before
(`flows.talking.SILENCE`), unless the person went on writing to somebody who did not answer."""


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
    """A letter, and where it is to go.

    Attributes:
        heard_at: when the person last wrote there, UTC.
        paused: they asked to stop: nothing is sent before they write again.
    """

    letter: Letter
    channel: str
    address: str = field(repr=False)
    language: Language | None = None
    heard_at: datetime | None = None
    paused: bool = False

    def must_wait(self, now: datetime) -> bool:
        """Whether nothing may be sent before the person writes: they asked to stop, or their provider wants it."""
        free_for = FREE_FOR.get(self.channel)
        too_late = free_for is not None and (self.heard_at is None or now - self.heard_at >= free_for)
        return self.paused or too_late


class ChatEnded(Exception):
    """Nothing that was written to this chat can arrive there any more."""


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
        with self._database.reading() as connection:
            row = self._chat(connection, channel, address, now)
            found = [] if row is None else _waiting(connection, row)
        return _opened(found, Remembered.of(row, living).letter_keys.private) if row and found else []

    def by_code(self, keys: CodeKeys) -> list[Letter]:
        """Return what waits for whoever has a case code, oldest first; nothing for a code of nobody's."""
        with self._database.reading() as connection:
            case_id = connection.execute(
                select(receipts.c.case_id).where(receipts.c.lookup == keys.lookup)
            ).scalar_one_or_none()
            found = _waiting_by_code(connection, case_id) if case_id else []
        return _opened(found, keys.private)

    def addressed(self, letter_id: bytes, now: datetime) -> Addressed | None:
        """Return a letter that is to be sent, and where to; None if it is gone or sent, or is fetched there.

        Raises:
            ChatEnded: its chat is forgotten, as after a block.
        """
        with self._database.reading() as connection:
            row = connection.execute(
                select(letters).where(letters.c.id == letter_id, letters.c.state == "waiting")
            ).one_or_none()
            if row is None:
                return None
            chat = connection.execute(
                select(conversations).where(
                    conversations.c.letter_key == row.letter_key, conversations.c.case_id == row.case_id
                )
            ).one_or_none()
        if chat is None:
            raise ChatEnded
        if chat.address is None:
            return None
        remembered = Remembered.of(chat, self._epochs.living(now))
        channel, address = remembered.opened_address(chat.address)
        conversation = remembered.opened_state(chat.state)
        (letter,) = _opened([row], remembered.letter_keys.private)
        return Addressed(
            letter, channel, address, conversation.language, conversation.heard_at, conversation.paused
        )

    def mark(self, letter_ids: Collection[bytes], state: DeliveryState, now: datetime) -> None:
        """Note how far letters came. What was sent or has failed is emptied; what arrived waits nowhere else.

        A letter that arrived stays so, whatever is heard of it later. From its first mark but `failed` on the
        colleague counts as being in the chat.
        """
        with self._database.transaction() as connection:
            _mark(connection, letter_ids, state, now)

    def shown(self, channel: str, address: str, until: bytes, now: datetime) -> None:
        """A page has shown what waited for its chat, up to and with one letter. Others' letters are not touched."""
        with self._database.transaction() as connection:
            row = self._chat(connection, channel, address, now)
            found = [] if row is None else _waiting(connection, row)
            ids = [each.id for each in found]
            if until in ids:
                _mark(connection, ids[: ids.index(until) + 1], "delivered", now)

    def release(self, channel: str, address: str, now: datetime) -> int:
        """Have what waits for a chat sent now, as the person just wrote there. Returns how many letters."""
        with self._database.reading() as connection:
            row = self._chat(connection, channel, address, now)
            if row is None or row.address is None or not _waiting(connection, row):
                return 0
        with self._database.transaction() as connection:
            found = _waiting(connection, row)
            subjects = {letter.id.hex().encode() for letter in found}
            under_way = connection.scalars(
                select(later_work.c.subject).where(
                    later_work.c.kind == DELIVER, later_work.c.subject.in_(subjects)
                )
            ).all()
            for letter in found:
                if letter.id.hex().encode() not in under_way:
                    deliver_later(
                        connection, letter.id, row.letter_key, now + AFTER_THE_ANSWER, letter.erase_at
                    )
        return len(found)

    def _chat(self, connection: Connection, channel: str, address: str, now: datetime) -> Row[Any] | None:
        lookups = [epoch.lookup(channel, address) for epoch in self._epochs.living(now)]
        return connection.execute(
            select(conversations).where(
                conversations.c.lookup.in_(lookups),
                conversations.c.letter_key.is_not(None),
                or_(conversations.c.erase_at.is_(None), conversations.c.erase_at > int(now.timestamp())),
            )
        ).one_or_none()


def deliver_later(
    connection: Connection, letter_id: bytes, letter_key: bytes, at: datetime, erase_at: int
) -> None:
    """Have the background work take a letter to its chat. What goes to one chat goes in the order of these calls."""
    lane = letter_key[:LANE_BYTES] + time.time_ns().to_bytes(ID_BYTES - LANE_BYTES, "big")
    errand = {"id": lane, "kind": DELIVER, "due_at": int(at.timestamp()), "erase_at": erase_at}
    connection.execute(insert(later_work), errand | {"subject": letter_id.hex().encode()})


def hand_to_chat(
    connection: Connection,
    case_id: bytes,
    tried: tuple[str, CodeKeys] | None,
    letter_key: bytes,
    now: datetime,
) -> None:
    """Lock what waits for whoever has a case code for the chat in which it was just typed, too."""
    if tried is None:
        return
    for row in _waiting_by_code(connection, case_id):
        letter_id = new_id()
        sealed = seal_letter(letter_key, open_letter(tried[1].private, row.sealed, row.id), letter_id)
        connection.execute(
            insert(letters),
            {
                "id": letter_id,
                "case_id": case_id,
                "reader": "chat",
                "state": "waiting",
                "sealed": sealed,
                "entry": row.entry,
                "erase_at": int((now + SHOWN_FOR).timestamp()),
                "letter_key": letter_key,
            },
        )


def expire_letters(connection: Connection, now: datetime) -> int:
    """Give up letters that waited for too long, and empty them. Returns how many."""
    over = and_(letters.c.state == "waiting", letters.c.erase_at <= int(now.timestamp()))
    return connection.execute(
        update(letters).where(over).values(state="failed", sealed=b"", erase_at=None)
    ).rowcount


def forget_talks(connection: Connection, now: datetime) -> None:
    """Forget when a colleague's words reached somebody, where that is long over."""
    over = cases.c.colleague_wrote_at <= int((now - TALK_KEPT).timestamp())
    connection.execute(update(cases).where(over).values(colleague_wrote_at=None))


def _mark(connection: Connection, letter_ids: Collection[bytes], state: DeliveryState, now: datetime) -> None:
    rows = connection.execute(
        select(letters.c.case_id, letters.c.entry, letters.c.state).where(letters.c.id.in_(letter_ids))
    ).all()
    which = letters.c.id.in_(letter_ids)
    if state == "delivered" and rows:
        said = tuple_(letters.c.case_id, letters.c.entry)
        which = said.in_([(row.case_id, row.entry) for row in rows])
    connection.execute(
        update(letters)
        .where(which, letters.c.state != "delivered")
        .values(state=state, sealed=b"", erase_at=None)
    )
    if state != "failed":
        reached = {row.case_id for row in rows if row.state == "waiting"}
        connection.execute(
            update(cases)
            .where(cases.c.id.in_(reached), cases.c.state != "closed")
            .values(colleague_wrote_at=int(now.timestamp()))
        )


def _waiting(connection: Connection, chat: Row[Any]) -> Sequence[Row[Any]]:
    return connection.execute(
        select(letters)
        .where(letters.c.letter_key == chat.letter_key, letters.c.state == "waiting")
        .order_by(letters.c.entry)
    ).all()


def _waiting_by_code(connection: Connection, case_id: bytes) -> Sequence[Row[Any]]:
    return connection.execute(
        select(letters)
        .where(letters.c.case_id == case_id, letters.c.reader == "code", letters.c.state == "waiting")
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
