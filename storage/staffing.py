"""Colleagues come, leave, and come back after a lost password.

Whoever holds a slot may pass one on, and each time is in the log: a small team has no second person
to ask at night.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, update
from sqlalchemy.exc import IntegrityError

from storage import audit, slots
from storage.database import Database
from storage.errors import (
    CannotOpen,
    KeysUnusable,
    LastKeyHolder,
    NotAllowed,
    StaffDisabled,
    StaffExists,
    WrongRecoveryKey,
)
from storage.keys import KeyDirectory
from storage.passwords import check_password
from storage.recovery import RecoveryKey
from storage.schema import (
    authenticators,
    browsers,
    chat_codes,
    digests,
    invitations,
    passkeys,
    recovery_codes,
    sessions,
    staff,
)
from storage.sealing import PASSWORD_PARAMETERS, PasswordParameters, key_pair_of, new_id, new_key_pair
from storage.signing_in import under_password
from storage.staff import (
    ROLES_THAT_DISABLE,
    ROLES_WITH_SLOT,
    Caseworker,
    Role,
    StaffMember,
    check_active,
    find_existing,
    find_member,
    fit_name,
    member_of,
    name_key,
)

# ------------------------------------------------------------------ coming and leaving


def add_staff(
    database: Database,
    keys: KeyDirectory,
    name: str,
    role: Role,
    password: str,
    by: Caseworker | RecoveryKey | None,
    parameters: PasswordParameters = PASSWORD_PARAMETERS,
) -> StaffMember:
    """Add a colleague, with a slot if the role has one.

    Args:
        by: who gives the slot. None for the very first colleague: the bootstrap key then gives it, and is
            destroyed.
    Raises:
        UnfitName, UnfitPassword, StaffExists: the name or the password cannot be taken.
        NotAllowed: `by` has no slot or was disabled; the bootstrap key was used already; or the first
            colleague's role has no slot to keep the desk key in.
        WrongRecoveryKey: `by` is a recovery key of another instance.
    """
    check_password(password)
    staff_id, private = new_id(), new_key_pair().private
    columns = under_password(staff_id, private, password, parameters)
    with database.transaction() as connection:
        added = add_member(connection, keys, name, role, staff_id, private, columns, by)
    keys.destroy_bootstrap()
    return added


def add_member(
    connection: Connection,
    keys: KeyDirectory,
    name: str,
    role: Role,
    staff_id: bytes,
    private: bytes,
    columns: Mapping[str, object],
    by: Caseworker | RecoveryKey | None,
) -> StaffMember:
    """As `add_staff`, within a transaction, after which the bootstrap key is to be destroyed.

    Args:
        private: the new colleague's own private key.
        columns: those that a password decides, as `under_password` gives them.
    """
    name = fit_name(name)
    if by is None and role not in ROLES_WITH_SLOT:
        raise NotAllowed
    public = key_pair_of(private).public
    row = {
        "id": staff_id,
        "name": name,
        "name_key": name_key(name),
        "role": role,
        "state": "active",
        "public_key": public,
        "created_at": int(_now().timestamp()),
        **columns,
    }
    desk_keys = desk_keys_of(connection, by, keys)
    if find_member(connection, name):
        raise StaffExists
    try:
        connection.execute(insert(staff).values(row))
    except IntegrityError:  # another one was faster
        raise StaffExists from None
    if role in ROLES_WITH_SLOT:
        slots.fill(connection, slots.holder_of(staff_id), public, desk_keys)
    slots.empty(connection, slots.BOOTSTRAP)
    audit.append(connection, _now(), id_of(by), "staff_added", staff_id.hex())
    return member_of(find_existing(connection, name))


def disable_staff(database: Database, name: str, by: Caseworker | RecoveryKey) -> StaffMember:
    """Take a colleague's slots away and let them in no more. The desk key should be rotated after this.

    Raises:
        StaffNotFound: nobody has this name.
        NotAllowed: `by` was disabled, or has a role that only looks.
        LastKeyHolder: no other colleague has a slot.
    """
    with database.transaction() as connection:
        slots.hold_still(connection)
        _check_may_disable(connection, by)
        row = find_existing(connection, name)
        holder = slots.holder_of(row.id)
        slots.empty(connection, holder)
        if row.role in ROLES_WITH_SLOT and not slots.colleagues_with_slots(connection):
            raise LastKeyHolder
        connection.execute(
            update(staff).where(staff.c.id == row.id).values(state="disabled", wrapped_private=b"")
        )
        _forget_sign_ins(connection, row.id)
        connection.execute(delete(digests).where(digests.c.staff_id == row.id))
        audit.append(connection, _now(), id_of(by), "staff_disabled", row.id.hex())
        return member_of(find_existing(connection, name))


# ------------------------------------------------------------------ lost passwords


def replace_password(
    database: Database,
    name: str,
    password: str,
    by: Caseworker | RecoveryKey,
    parameters: PasswordParameters = PASSWORD_PARAMETERS,
) -> StaffMember:
    """Give an active colleague a new password, a new key and new slots. The old ones open nothing more.

    A second factor has to be set anew, too: what it was checked with was locked with the old key.

    Raises:
        UnfitPassword: the password cannot be taken.
        StaffNotFound: nobody has this name.
        StaffDisabled: the colleague left.
        NotAllowed: `by` has no slot, or was disabled.
        WrongRecoveryKey: `by` is a recovery key of another instance.
    """
    check_password(password)
    private = new_key_pair().private
    with database.reading() as connection:
        staff_id = find_existing(connection, name).id
    wrapped = under_password(staff_id, private, password, parameters)
    with database.transaction() as connection:
        row = renew_key(connection, name, private, wrapped, by)
        audit.append(connection, _now(), id_of(by), "password_replaced", staff_id.hex())
        return member_of(row)


def renew_key(
    connection: Connection,
    name: str,
    private: bytes,
    columns: Mapping[str, object],
    by: Caseworker | RecoveryKey,
) -> Row[Any]:
    """Give an active colleague a new key and new slots, and return their row. The old ones open nothing more.

    Args:
        private, columns: as `add_member`.
    Raises: as `replace_password`, but for the password.
    """
    desk_keys = desk_keys_of(connection, by)
    row = find_existing(connection, name)
    if row.state != "active":
        raise StaffDisabled
    public = key_pair_of(private).public
    connection.execute(update(staff).where(staff.c.id == row.id).values(**columns, public_key=public))
    _forget_sign_ins(connection, row.id)
    if row.role in ROLES_WITH_SLOT:
        slots.fill(connection, slots.holder_of(row.id), public, desk_keys)
    return row


def recover(
    database: Database,
    keys: KeyDirectory,
    recovery_key_text: str,
    name: str,
    new_password: str,
    parameters: PasswordParameters = PASSWORD_PARAMETERS,
) -> StaffMember:
    """Let a colleague back in by the recovery key, when nobody else can.

    Raises:
        KeysUnusable: the database and the key directory belong to different instances.
        Otherwise as `replace_password`.
    """
    by = RecoveryKey.from_text(recovery_key_text)
    generation, public = keys.desk_public
    with database.reading() as connection:
        desk_keys = desk_keys_of(connection, by)
    if generation not in desk_keys or key_pair_of(desk_keys[generation]).public != public:
        raise KeysUnusable("the recovery key opens another desk key than the pinned one")
    return replace_password(database, name, new_password, by, parameters)


# ------------------------------------------------------------------ who passes a slot on


def desk_keys_of(
    connection: Connection, by: Caseworker | RecoveryKey | None, keys: KeyDirectory | None = None
) -> slots.DeskKeys:
    """Return the desk keys that `by` can pass on; None is the bootstrap key, out of `keys`."""
    match by:
        case Caseworker():
            check_active(connection, by)
            desk_keys = dict(by.desk_keys)
        case RecoveryKey():
            try:
                desk_keys = slots.open_all(connection, slots.RECOVERY, by.private)
            except CannotOpen:
                raise WrongRecoveryKey from None
        case None:
            bootstrap = keys.bootstrap if keys else None
            desk_keys = slots.open_all(connection, slots.BOOTSTRAP, bootstrap) if bootstrap else {}
    if not desk_keys:
        raise NotAllowed
    return desk_keys


def _forget_sign_ins(connection: Connection, staff_id: bytes) -> None:
    """End every sign-in of a colleague, and forget their second factors and links: their key is gone."""
    for table in (sessions, browsers, chat_codes, invitations, authenticators, passkeys, recovery_codes):
        connection.execute(delete(table).where(table.c.staff_id == staff_id))


def _check_may_disable(connection: Connection, by: Caseworker | RecoveryKey) -> None:
    if isinstance(by, RecoveryKey):
        desk_keys_of(connection, by)
        return
    check_active(connection, by)
    if by.role not in ROLES_THAT_DISABLE:
        raise NotAllowed


def id_of(by: Caseworker | RecoveryKey | None) -> bytes | None:
    """Return who an entry of the log names; None for a key that no colleague holds."""
    return by.id if isinstance(by, Caseworker) else None


def _now() -> datetime:
    return datetime.now(UTC)
