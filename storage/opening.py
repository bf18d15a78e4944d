"""A submitted case, found and with its key: who may have it, before anything of it is read.

The role `intake` has the queue and its own cases, `supervisor` has all; nobody else reads any.
Source: the roles in `SECURITY.md`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, select

from storage.casefile import case_key_context
from storage.errors import BadFormat, CannotOpen, CaseDamaged, CaseNotFound, NotAllowed, NotYours
from storage.schema import cases
from storage.sealing import key_pair_of, open_sealed
from storage.staff import Caseworker, Role, check_active

ROLES_THAT_READ = frozenset[Role]({"intake", "supervisor"})
ROLES_WITH_ALL_CASES = frozenset[Role]({"supervisor"})


@dataclass(frozen=True)
class Opened:
    """The key of a case, and its row."""

    id: bytes
    private: bytes = field(repr=False)
    row: Row[Any] = field(repr=False)


def check_may_read(connection: Connection, caseworker: Caseworker) -> None:
    """Refuse whoever reads no cases.

    Raises:
        NotAllowed: by their role, or because they were disabled.
    """
    check_active(connection, caseworker)
    if caseworker.role not in ROLES_THAT_READ:
        raise NotAllowed


def submitted(connection: Connection, reference: str) -> Row[Any]:
    """Return the row of a submitted case; small letters and full width are fine.

    Raises:
        CaseNotFound: there is none.
    """
    wanted = unicodedata.normalize("NFKC", reference).strip().upper()
    if wanted.isprintable():  # others are in no reference, and no database takes all of them
        row = connection.execute(
            select(cases).where(cases.c.reference == wanted, cases.c.state != "draft")
        ).one_or_none()
        if row is not None:
            return row
    raise CaseNotFound


def readable(connection: Connection, caseworker: Caseworker, reference: str) -> Row[Any]:
    """Return the row of a case that this colleague may read: their own, nobody's, or with their role any.

    Raises:
        NotAllowed: the colleague reads no cases.
        NotYours: somebody else has it.
        CaseNotFound: there is none.
    """
    check_may_read(connection, caseworker)
    row = submitted(connection, reference)
    if caseworker.role not in ROLES_WITH_ALL_CASES and row.claimed_by not in (None, caseworker.id):
        raise NotYours
    return row


def workable(connection: Connection, caseworker: Caseworker, reference: str) -> Row[Any]:
    """Return the row of a case that this colleague may work on: their own, or with their role any.

    Raises: as `readable`; `NotYours` also where nobody has it yet.
    """
    row = readable(connection, caseworker, reference)
    if caseworker.role not in ROLES_WITH_ALL_CASES and row.claimed_by != caseworker.id:
        raise NotYours
    return row


def with_key(row: Row[Any], caseworker: Caseworker) -> Opened:
    """Open the private key of a case. Raises: as `with_desk_keys`."""
    return with_desk_keys(row, caseworker.desk_keys)


def with_desk_keys(row: Row[Any], desk_keys: Mapping[int, bytes]) -> Opened:
    """Open the private key of a case.

    Raises:
        CaseDamaged: none of these keys opens it, or it is another case's.
    """
    try:
        desk_private = desk_keys[row.generation]
        private = open_sealed(desk_private, row.sealed_key, *case_key_context(row.id, row.generation))
        if key_pair_of(private).public == row.public_key:
            return Opened(row.id, private, row)
    except (KeyError, CannotOpen, BadFormat):
        pass
    raise CaseDamaged("key")
