"""What the organisation says often, in both languages, for colleagues to begin from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, insert, select

from flows.vocabulary import CHINESE, Language
from storage import audit
from storage.database import Database
from storage.errors import NotAllowed, TooLong
from storage.opening import ROLES_WITH_ALL_CASES
from storage.schema import saved_replies
from storage.sealing import new_id
from storage.staff import Caseworker, check_active

LONGEST_NAME, LONGEST_REPLY = 80, 4_000
"""Characters."""


@dataclass(frozen=True)
class SavedReply:
    """A reply to begin from.

    Attributes:
        id: hexadecimal.
    """

    id: str
    name: str
    english: str
    chinese: str

    def text(self, language: Language) -> str:
        """Return the reply in a language."""
        return self.chinese if language == CHINESE else self.english


def list_replies(database: Database) -> list[SavedReply]:
    """Return all of them, by name."""
    with database.reading() as connection:
        rows = connection.execute(select(saved_replies).order_by(saved_replies.c.name, saved_replies.c.id))
        return [SavedReply(row.id.hex(), row.name, row.en, row.zh_Hant_HK) for row in rows]


def save_reply(database: Database, caseworker: Caseworker, name: str, english: str, chinese: str) -> None:
    """Add a reply; one of the same name is replaced.

    Raises:
        NotAllowed: the role does not decide what the organisation says.
        TooLong: it is.
        ValueError: something of it is empty.
    """
    name, english, chinese = name.strip(), english.strip(), chinese.strip()
    if not (name and english and chinese):
        raise ValueError("a reply has a name and both languages")
    if len(name) > LONGEST_NAME or max(len(english), len(chinese)) > LONGEST_REPLY:
        raise TooLong
    with database.transaction() as connection:
        check_active(connection, caseworker)
        if caseworker.role not in ROLES_WITH_ALL_CASES:
            raise NotAllowed
        connection.execute(delete(saved_replies).where(saved_replies.c.name == name))
        connection.execute(
            insert(saved_replies), {"id": new_id(), "name": name, "en": english, "zh_Hant_HK": chinese}
        )
        audit.append(connection, datetime.now(UTC), caseworker.id, "replies_changed")


def remove_reply(database: Database, caseworker: Caseworker, reply_id: bytes) -> None:
    """Remove a reply, if it is there. Raises: `NotAllowed`."""
    with database.transaction() as connection:
        check_active(connection, caseworker)
        if caseworker.role not in ROLES_WITH_ALL_CASES:
            raise NotAllowed
        gone = connection.execute(delete(saved_replies).where(saved_replies.c.id == reply_id))
        if gone.rowcount:
            audit.append(connection, datetime.now(UTC), caseworker.id, "replies_changed")
