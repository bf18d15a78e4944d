"""The colleagues who may open cases: who they are, and how they are found.

What a role may see is decided where it is shown; here stands who gets a slot at all.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from sqlalchemy import Connection, Row, select

from storage.database import Database
from storage.errors import NotAllowed, StaffNotFound, UnfitName
from storage.schema import staff

Role = Literal["intake", "supervisor", "key_holder", "auditor", "administrator"]
ROLES: tuple[Role, ...] = get_args(Role)
ROLES_WITH_SLOT = frozenset[Role]({"intake", "supervisor", "key_holder"})
ROLES_THAT_DISABLE = frozenset[Role]({*ROLES_WITH_SLOT, "administrator"})

ROLES_THAT_ASSIGN = frozenset[Role]({"supervisor", "key_holder", "administrator"})
"""Who may give colleagues another role."""

LONGEST_NAME = 80


@dataclass(frozen=True)
class StaffMember:
    """A colleague as others may see them."""

    id: bytes
    name: str
    role: Role
    state: Literal["active", "disabled"]
    created_at: datetime


@dataclass(frozen=True)
class Caseworker:
    """A colleague who signed in, with the private desk keys that their slots hold."""

    id: bytes
    name: str
    role: Role
    desk_keys: Mapping[int, bytes] = field(repr=False)


def list_staff(database: Database) -> list[StaffMember]:
    """Return every colleague, also those who left, in the order in which they came."""
    with database.reading() as connection:
        rows = connection.execute(select(staff).order_by(staff.c.created_at, staff.c.name_key))
        return [member_of(row) for row in rows]


def check_active(connection: Connection, caseworker: Caseworker) -> None:
    """Refuse somebody who was disabled since they signed in.

    Raises:
        NotAllowed: that is so.
    """
    state = connection.execute(select(staff.c.state).where(staff.c.id == caseworker.id)).scalar_one_or_none()
    if state != "active":
        raise NotAllowed


# ------------------------------------------------------------------ names and rows


def fit_name(name: str) -> str:
    """Return a name as it is kept. Raises: `UnfitName`."""
    fit = _tidied(name)
    if not fit or len(fit) > LONGEST_NAME or not fit.isprintable():
        raise UnfitName
    return fit


def name_key(name: str) -> str:
    """Return a name as it is compared with others."""
    return _tidied(name).casefold()


def _tidied(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).split())


def find_member(connection: Connection, name: str) -> Row[Any] | None:
    """Return the row of a colleague; None where nobody has this name."""
    key = name_key(name)
    if not key.isprintable():  # no name has such characters, and no database takes all of them
        return None
    return connection.execute(select(staff).where(staff.c.name_key == key)).one_or_none()


def find_existing(connection: Connection, name: str) -> Row[Any]:
    """Return the row of a colleague. Raises: `StaffNotFound`."""
    row = find_member(connection, name)
    if row is None:
        raise StaffNotFound
    return row


def member_of(row: Row[Any]) -> StaffMember:
    """Return the colleague of a row."""
    return StaffMember(row.id, row.name, row.role, row.state, datetime.fromtimestamp(row.created_at, UTC))
