"""What colleagues write into a case: notes, contacts, reports to platforms, what they said to the person.

An entry is locked with a key that only the case's private key gives. So whoever can read a case can write
into it, and nobody else can: not who holds the database, and not the part that talks to people. Each entry
is bound to its number and to the one before, so that none can be altered, moved or taken out unseen. What
this cannot see is the *last* entries cut off; that they were written is in the log.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from sqlalchemy import Connection, insert, select

from storage import audit
from storage.database import Database
from storage.errors import BadFormat, CannotOpen, CaseDamaged, TooLong
from storage.opening import Opened, with_key, workable
from storage.schema import cases, entries, letters
from storage.sealing import derive, digest, lock, unlock
from storage.staff import Caseworker

Kind = Literal["note", "contact", "third_party", "links", "message", "correction", "copy", "refusal"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""A note; that somebody was called or written to; details of a third person; what was done about links; what
was said to the person through their chat; an answer that was corrected; that a copy was given out; a request that was refused, and why."""

LONGEST_ENTRY = 16_000
"""Characters."""

_EVENTS: Mapping[Kind, audit.Event] = {
    "links": "links_changed",
    "message": "message_written",
    "correction": "answer_corrected",
}


@dataclass(frozen=True)
class Entry:
    """One thing that a colleague wrote.

    Attributes:
        at: UTC, to the second.
        staff: hexadecimal id of the colleague.
        about: what belongs to this kind, as JSON.
        delivery: of a message, how far it is; None for all else.
    """

    number: int
    kind: Kind
    at: datetime
    staff: str
    text: str = field(default="", repr=False)
    about: Mapping[str, Any] = field(default_factory=dict, repr=False)
    delivery: str | None = None

    def as_message(self) -> dict[str, str | None]:
        """Return a message as `tada case show --json` prints it."""
        return {"at": self.at.isoformat(), "text": self.text, "delivery": self.delivery}


def write_entry(
    database: Database,
    caseworker: Caseworker,
    reference: str,
    kind: Kind,
    text: str,
    about: Mapping[str, Any] | None = None,
    once: str = "",
) -> Entry:
    """Write into a case. That it was written is in the log, and not what.

    Args:
        once: drawn for the form that it was written in; what comes with it a second time is there already.
    Raises:
        TooLong: more than `LONGEST_ENTRY` characters.
        NotAllowed, NotYours, CaseNotFound: as `storage.opening.workable`.
        CaseDamaged: its key does not open.
    """
    with database.transaction() as connection:
        opened = with_key(workable(connection, caseworker, reference), caseworker)
        written = written_once(connection, opened, once)
        if written is not None:
            return written
        about = {**(about or {}), **({"once": once} if once else {})}
        return append_entry(connection, opened, caseworker, kind, text, about)


def written_once(connection: Connection, opened: Opened, once: str) -> Entry | None:
    """Return what was written with this draw before; whoever comes with it at the same time waits here."""
    if not once:
        return None
    _wait_for_others(connection, opened)
    written = (entry for entry in read_entries(connection, opened) if entry.about.get("once") == once)
    return next(written, None)


def append_entry(
    connection: Connection,
    opened: Opened,
    caseworker: Caseworker,
    kind: Kind,
    text: str,
    about: Mapping[str, Any] | None = None,
) -> Entry:
    """As `write_entry`, within a transaction that does more."""
    if len(text) > LONGEST_ENTRY:
        raise TooLong
    _wait_for_others(connection, opened)
    last = connection.execute(
        select(entries.c.number, entries.c.locked)
        .where(entries.c.case_id == opened.id)
        .order_by(entries.c.number.desc())
        .limit(1)
    ).one_or_none()
    number, previous = (last.number + 1, digest(last.locked)) if last else (0, b"")
    now = datetime.now(UTC).replace(microsecond=0)
    entry = Entry(number, kind, now, caseworker.id.hex(), text, dict(about or {}))
    written = json.dumps(
        {"kind": kind, "at": now.isoformat(), "staff": entry.staff, "text": text, "about": entry.about},
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode("utf-8", "surrogatepass")
    locked = lock(_key(opened), written, *_context(opened.id, number, previous))
    connection.execute(insert(entries), {"case_id": opened.id, "number": number, "locked": locked})
    event = _EVENTS.get(kind, "note_written")
    audit.append(connection, now, caseworker.id, event, audit.subject_of(opened.id))
    return entry


def _wait_for_others(connection: Connection, opened: Opened) -> None:
    """Whoever writes into the same case at the same time waits here."""
    connection.execute(select(cases.c.id).where(cases.c.id == opened.id).with_for_update())


def read_entries(connection: Connection, opened: Opened) -> tuple[Entry, ...]:
    """Return everything that colleagues wrote into a case, in the order in which they did.

    Raises:
        CaseDamaged: an entry is not what was written, or one before the last is missing.
    """
    rows = connection.execute(
        select(entries.c.number, entries.c.locked)
        .where(entries.c.case_id == opened.id)
        .order_by(entries.c.number)
    ).all()
    delivery = dict(_deliveries(connection, opened.id))
    return tuple(_opened(opened, rows, delivery))


def _deliveries(connection: Connection, case_id: bytes) -> Iterator[tuple[int, str]]:
    """Give for each message how far it is; what reached the person by either way has reached them.

    What did not arrive in the chat, or had none to go to, still waits for whoever comes with the case code.
    """
    ranked = ("failed", "by_code", "waiting", "sent", "delivered")
    found: dict[int, str] = {}
    for row in connection.execute(
        select(letters.c.entry, letters.c.reader, letters.c.state).where(letters.c.case_id == case_id)
    ):
        state = "by_code" if row.state == "waiting" and row.reader == "code" else row.state
        found[row.entry] = max(found.get(row.entry, "failed"), state, key=ranked.index)
    yield from found.items()


def _opened(opened: Opened, rows: Sequence[Any], delivery: Mapping[int, str]) -> Iterator[Entry]:
    key, previous = _key(opened), b""
    for number, row in enumerate(rows):
        if row.number != number:
            raise CaseDamaged("entries")
        try:
            content = json.loads(
                unlock(key, row.locked, *_context(opened.id, number, previous)).decode(
                    "utf-8", "surrogatepass"
                )
            )
            yield Entry(
                number=number,
                kind=content["kind"],
                at=datetime.fromisoformat(content["at"]),
                staff=content["staff"],
                text=content["text"],
                about=content["about"],
                # A letter whose row is gone was not fetched in time.
                delivery=delivery.get(number, "failed") if content["kind"] == "message" else None,
            )
        except (CannotOpen, BadFormat, KeyError, ValueError):
            raise CaseDamaged("entries") from None
        previous = digest(row.locked)


def _key(opened: Opened) -> bytes:
    return derive(opened.private, "entries", 1, opened.id)


def _context(case_id: bytes, number: int, previous: bytes) -> tuple[str, int, bytes, int, bytes]:
    return ("entry", 1, case_id, number, previous)
