"""Destroying what was kept: the key first, then everything it opens, in one transaction.

The journal remembers which cases were erased on purpose, by a hash of their random id. It lies beside
the database and not in its backups, so that a restored backup can be made to forget them again.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from sqlalchemy import BindParameter, Connection, bindparam, delete, insert, update

from storage.schema import (
    answers,
    cases,
    conversations,
    entries,
    later_work,
    letters,
    links,
    manifests,
    receipts,
    requests,
)
from storage.sealing import digest, encode, new_id

SCRUB = "scrub"
"""The later work of making the database files forget deleted rows too."""

_ID: BindParameter[bytes] = bindparam("case")
_SCRUB_LATER = insert(later_work)
_DESTROY = (
    update(cases).where(cases.c.id == _ID).values(sealed_key=b""),
    *(
        delete(table).where(table.c.case_id == _ID)
        for table in (answers, manifests, links, receipts, entries, letters, requests, conversations)
    ),
    delete(cases).where(cases.c.id == _ID),
)


def destroy_case(connection: Connection, case_id: bytes) -> None:
    """Destroy a case: its sealed key, then its rows and the conversations that belong to it."""
    for statement in _DESTROY:
        connection.execute(statement, {"case": case_id})


def scrub_later(connection: Connection, now: datetime) -> None:
    """Have the files scrubbed after this transaction, by whoever comes by first."""
    connection.execute(
        _SCRUB_LATER, {"id": new_id(), "kind": SCRUB, "due_at": int(now.timestamp()), "subject": None}
    )


def erased_mark(case_id: bytes) -> str:
    """Return what stands for a case in the journal: 64 hexadecimal digits that lead nowhere."""
    return digest(encode("erased", 1, case_id)).hex()


def erase_case(connection: Connection, journal: EraseJournal, case_id: bytes, now: datetime) -> None:
    """Destroy a case because its owner wished it: also in the files, and for good."""
    destroy_case(connection, case_id)
    scrub_later(connection, now)
    journal.note(case_id)


class EraseJournal:
    """A file with a line for each case that was erased on purpose; only ever added to."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def note(self, case_id: bytes) -> None:
        """Add a case, written through to the disk.

        To be called before the transaction that erases it is committed: of a crash in between remains
        a case that is still there and will be gone after a restore, as its owner wished; the other way
        round a restored backup would bring it back.
        """
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, f"{erased_mark(case_id)}\n".encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def marks(self) -> frozenset[str]:
        """Return the marks of every case that was erased."""
        return frozenset(self._path.read_text("ascii").split()) if self._path.exists() else frozenset()

    def among(self, case_ids: Iterable[bytes]) -> list[bytes]:
        """Return those of the cases that were erased, and are there again."""
        marks = self.marks()
        return [case_id for case_id in case_ids if erased_mark(case_id) in marks]
