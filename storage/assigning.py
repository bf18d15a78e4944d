"""A colleague gets another role.

Nobody changes their own, so whoever may assign roles stays: there is no last one who could take it from themselves.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, delete, select, update

from storage import audit, slots
from storage.database import Database
from storage.errors import LastKeyHolder, NotAllowed, OwnRole, StaffDisabled
from storage.invitations import begin_anew
from storage.opening import ROLES_THAT_READ
from storage.schema import digests, staff
from storage.staff import ROLES_THAT_ASSIGN, ROLES_WITH_SLOT, Caseworker, Role, find_existing


def change_role(database: Database, name: str, role: Role, by: Caseworker) -> str | None:
    """Give a colleague another role, which counts from their next request on.

    Who gets a slot by it also gets a new key, as after a lost password: a slot is never sealed to a key that has
    lain in the database, where somebody could have put another one. Who loses theirs keeps password and second
    factors, and the desk key should be rotated after this.

    Returns:
        The token of a link to choose a password anew, for who gets a slot; None for all others.
    Raises:
        StaffNotFound, StaffDisabled: there is no such colleague at work.
        NotAllowed: `by` may assign no roles, or has no slot and this role has one.
        OwnRole: it is `by` themselves.
        LastKeyHolder: no other colleague has a slot.
    """
    with database.transaction() as connection:
        slots.hold_still(connection)
        _check_may_assign(connection, by)
        row = find_existing(connection, name)
        if row.id == by.id:
            raise OwnRole
        if row.state != "active":
            raise StaffDisabled
        if row.role == role:
            return None
        if role in ROLES_WITH_SLOT and not by.desk_keys:
            raise NotAllowed
        connection.execute(update(staff).where(staff.c.id == row.id).values(role=role))
        audit.append(connection, datetime.now(UTC), by.id, "role_changed", row.id.hex())
        if role not in ROLES_THAT_READ:
            connection.execute(delete(digests).where(digests.c.staff_id == row.id))
        if role not in ROLES_WITH_SLOT:
            slots.empty(connection, slots.holder_of(row.id))
            if not slots.colleagues_with_slots(connection):
                raise LastKeyHolder
        elif row.role not in ROLES_WITH_SLOT:
            return begin_anew(connection, name, by)
    return None


def _check_may_assign(connection: Connection, by: Caseworker) -> None:
    """Ask the row, not the sign-in: two who take each other's role at once may not both succeed."""
    found = connection.execute(select(staff.c.role, staff.c.state).where(staff.c.id == by.id)).one_or_none()
    if found is None or found.state != "active" or found.role not in ROLES_THAT_ASSIGN:
        raise NotAllowed
