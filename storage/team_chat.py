"""A colleague's own Telegram chat, in which they are told how many cases wait: linked by a code from the desk.

The code is good once and for minutes. The chat's id names a person, so it is kept locked, under a key that is not
in the database.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from storage.codes import REFERENCE_LETTERS
from storage.errors import BadFormat, CannotOpen
from storage.keys import KeyDirectory
from storage.schema import chat_codes, digests
from storage.sealing import derive, digest, encode, lock, unlock

GOOD_FOR = timedelta(minutes=10)

_PREFIX = "TEAM"
_SIGNS = 16
_CODE = re.compile(rf"{_PREFIX}[- ]?((?:[A-Z0-9]{{4}}[- ]?){{{_SIGNS // 4}}})", re.IGNORECASE)


def make_code(connection: Connection, staff_id: bytes, now: datetime) -> str:
    """Return a code by which a colleague links a chat; one made before is good no more."""
    signs = "".join(secrets.choice(REFERENCE_LETTERS) for _ in range(_SIGNS))
    connection.execute(delete(chat_codes).where(chat_codes.c.staff_id == staff_id))
    erase_at = int((now + GOOD_FOR).timestamp())
    connection.execute(insert(chat_codes).values(lookup=_lookup(signs), staff_id=staff_id, erase_at=erase_at))
    return "-".join([_PREFIX, *(signs[n : n + 4] for n in range(0, _SIGNS, 4))])


def read_code(text: str) -> str | None:
    """Return the code that a message is; None of any other message."""
    found = _CODE.fullmatch(text.strip())
    return None if found is None else re.sub(r"[- ]", "", found[1]).upper()


def link_chat(connection: Connection, keys: KeyDirectory, code: str, chat: str, now: datetime) -> bool:
    """Have a colleague told in this chat from now on.

    Returns:
        Whether the code was good; the same chat may send it twice, as Telegram does.
    """
    wanted = chat_codes.c.lookup == _lookup(code)
    row = connection.execute(
        select(chat_codes).where(wanted, chat_codes.c.erase_at > int(now.timestamp())).with_for_update()
    ).one_or_none()
    if row is None:
        return False
    if row.used:
        sealed = connection.scalar(select(digests.c.sealed_chat).where(digests.c.staff_id == row.staff_id))
        return sealed is not None and chat_of(keys, row.staff_id, sealed) == chat
    connection.execute(update(chat_codes).where(wanted).values(used=True))
    connection.execute(delete(digests).where(digests.c.staff_id == row.staff_id))
    sealed = lock(_key(keys), chat.encode(), *_context(row.staff_id))
    connection.execute(insert(digests).values(staff_id=row.staff_id, address="", told="", sealed_chat=sealed))
    return True


def chat_of(keys: KeyDirectory, staff_id: bytes, sealed: bytes) -> str | None:
    """Return the chat of a colleague; None where it was locked with other keys than ours."""
    try:
        return unlock(_key(keys), sealed, *_context(staff_id)).decode()
    except (CannotOpen, BadFormat):
        return None


def _lookup(code: str) -> bytes:
    return digest(encode("team chat code", 1, code))


def _key(keys: KeyDirectory) -> bytes:
    return derive(keys.code_salt, "team chat", 1)


def _context(staff_id: bytes) -> tuple[str, int, bytes]:
    return ("team chat", 1, staff_id)
