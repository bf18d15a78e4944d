"""Signing in by a password, and what is kept of one: a check value, and the colleague's private key locked with it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import Connection, Row, select, update

from storage import audit, slots
from storage.database import Database
from storage.errors import StaffDisabled, WrongPassword
from storage.schema import staff
from storage.sealing import (
    PASSWORD_PARAMETERS,
    PasswordParameters,
    lock,
    new_key,
    password_keys,
    same,
    unlock,
)
from storage.staff import Caseworker, find_member

_UNKNOWN_SALT = bytes(16)


def sign_in(
    database: Database, name: str, password: str, parameters: PasswordParameters = PASSWORD_PARAMETERS
) -> Caseworker:
    """Let a colleague in by password alone, as the command line does, and write down that they came.

    Raises: as `check_and_open`.
    """
    staff_id, private = check_and_open(database, name, password, parameters)
    with database.transaction() as connection:
        audit.append(connection, _now(), staff_id, "signed_in")
        row = connection.execute(select(staff).where(staff.c.id == staff_id)).one()
        desk_keys = slots.open_all(connection, slots.holder_of(staff_id), private)
    return Caseworker(row.id, row.name, row.role, desk_keys)


def check_and_open(
    database: Database, name: str, password: str, parameters: PasswordParameters = PASSWORD_PARAMETERS
) -> tuple[bytes, bytes]:
    """Check a password, and write down if it was wrong.

    Args:
        parameters: what a password has to cost at least; one that costs less is kept anew under these.
    Returns:
        The colleague's id, and their private key.
    Raises:
        WrongPassword: unknown name or wrong password; both take the same time.
        StaffDisabled: the password is right.
    """
    with database.reading() as connection:
        row = find_member(connection, name)
    salt, cost = (row.salt, _parameters(row)) if row else (_UNKNOWN_SALT, parameters)
    keys = password_keys(password, salt, cost)
    if row is None or not same(keys.check, row.check_value):
        with database.transaction() as connection:
            audit.append(connection, _now(), row.id if row else None, "sign_in_refused")
        raise WrongPassword
    if row.state != "active":
        raise StaffDisabled
    private = unlock(keys.wrap, row.wrapped_private, "staff key", 1, row.id)
    if cost != parameters:
        with database.transaction() as connection:
            _raise_cost(connection, row, password, private, parameters)
    return row.id, private


def under_password(
    staff_id: bytes, private: bytes, password: str, parameters: PasswordParameters
) -> dict[str, object]:
    """Return the columns of `staff` that a password decides."""
    salt = new_key()
    keys = password_keys(password, salt, parameters)
    return {
        "salt": salt,
        "parameters": json.dumps(parameters.as_dict()),
        "check_value": keys.check,
        "wrapped_private": lock(keys.wrap, private, "staff key", 1, staff_id),
    }


def _parameters(row: Row[Any]) -> PasswordParameters:
    return PasswordParameters(**cast(dict[str, int], json.loads(row.parameters)))


def _raise_cost(
    connection: Connection, row: Row[Any], password: str, private: bytes, parameters: PasswordParameters
) -> None:
    connection.execute(
        update(staff)
        .where(staff.c.id == row.id, staff.c.salt == row.salt)
        .values(under_password(row.id, private, password, parameters))
    )


def _now() -> datetime:
    return datetime.now(UTC)
