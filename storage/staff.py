"""The colleagues who may open cases: adding, signing in, leaving, and coming back after a lost password.

Whoever holds a slot may pass one on, and each time is in the log: a small team has no second person
to ask at night. What a role may see is decided where it is shown; here it decides who gets a slot at all.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, cast, get_args

from sqlalchemy import Connection, Row, delete, insert, select, update
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
    StaffNotFound,
    UnfitName,
    WrongPassword,
    WrongRecoveryKey,
)
from storage.keys import KeyDirectory
from storage.passwords import check_password
from storage.recovery import RecoveryKey
from storage.schema import authenticators, digests, invitations, passkeys, recovery_codes, sessions, staff
from storage.sealing import (
    PASSWORD_PARAMETERS,
    PasswordKeys,
    PasswordParameters,
    key_pair_of,
    lock,
    new_id,
    new_key,
    new_key_pair,
    password_keys,
    same,
    unlock,
)

Role = Literal["intake", "supervisor", "key_holder", "auditor", "administrator"]
ROLES: tuple[Role, ...] = get_args(Role)
ROLES_WITH_SLOT = frozenset[Role]({"intake", "supervisor", "key_holder"})
ROLES_THAT_DISABLE = frozenset[Role]({*ROLES_WITH_SLOT, "administrator"})

LONGEST_NAME = 80

_UNKNOWN_SALT = bytes(16)


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


# ------------------------------------------------------------------ signing in


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
        row = _find(connection, name)
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


def check_active(connection: Connection, caseworker: Caseworker) -> None:
    """Refuse somebody who was disabled since they signed in.

    Raises:
        NotAllowed: that is so.
    """
    state = connection.execute(select(staff.c.state).where(staff.c.id == caseworker.id)).scalar_one_or_none()
    if state != "active":
        raise NotAllowed


# ------------------------------------------------------------------ adding and leaving


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
    name = _fit_name(name)
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
    if _find(connection, name):
        raise StaffExists
    try:
        connection.execute(insert(staff).values(row))
    except IntegrityError:  # another one was faster
        raise StaffExists from None
    if role in ROLES_WITH_SLOT:
        slots.fill(connection, slots.holder_of(staff_id), public, desk_keys)
    slots.empty(connection, slots.BOOTSTRAP)
    audit.append(connection, _now(), _id_of(by), "staff_added", staff_id.hex())
    return member_of(find_existing(connection, name))


def list_staff(database: Database) -> list[StaffMember]:
    """Return every colleague, also those who left, in the order in which they came."""
    with database.reading() as connection:
        rows = connection.execute(select(staff).order_by(staff.c.created_at, staff.c.name_key))
        return [member_of(row) for row in rows]


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
        forget_sign_ins(connection, row.id)
        connection.execute(delete(digests).where(digests.c.staff_id == row.id))
        audit.append(connection, _now(), _id_of(by), "staff_disabled", row.id.hex())
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
        desk_keys = desk_keys_of(connection, by)
        row = find_existing(connection, name)
        if row.state != "active":
            raise StaffDisabled
        public = key_pair_of(private).public
        connection.execute(update(staff).where(staff.c.id == staff_id).values(public_key=public, **wrapped))
        forget_sign_ins(connection, staff_id)
        if row.role in ROLES_WITH_SLOT:
            slots.fill(connection, slots.holder_of(staff_id), public, desk_keys)
        audit.append(connection, _now(), _id_of(by), "password_replaced", staff_id.hex())
        return member_of(row)


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


def forget_sign_ins(connection: Connection, staff_id: bytes) -> None:
    """End every sign-in of a colleague, and forget their second factors and links: their key is gone."""
    for table in (sessions, invitations, authenticators, passkeys, recovery_codes):
        connection.execute(delete(table).where(table.c.staff_id == staff_id))


# ------------------------------------------------------------------ inside


def _now() -> datetime:
    return datetime.now(UTC)


def _fit_name(name: str) -> str:
    fit = " ".join(unicodedata.normalize("NFKC", name).split())
    if not fit or len(fit) > LONGEST_NAME or not fit.isprintable():
        raise UnfitName
    return fit


def name_key(name: str) -> str:
    """Return a name as it is compared with others."""
    return " ".join(unicodedata.normalize("NFKC", name).split()).casefold()


def _find(connection: Connection, name: str) -> Row[Any] | None:
    key = name_key(name)
    if not key.isprintable():  # no name has such characters, and no database takes all of them
        return None
    return connection.execute(select(staff).where(staff.c.name_key == key)).one_or_none()


def find_existing(connection: Connection, name: str) -> Row[Any]:
    """Return the row of a colleague. Raises: `StaffNotFound`."""
    row = _find(connection, name)
    if row is None:
        raise StaffNotFound
    return row


def member_of(row: Row[Any]) -> StaffMember:
    """Return the colleague of a row."""
    return StaffMember(row.id, row.name, row.role, row.state, datetime.fromtimestamp(row.created_at, UTC))


def _id_of(by: Caseworker | RecoveryKey | None) -> bytes | None:
    return by.id if isinstance(by, Caseworker) else None


def _check_may_disable(connection: Connection, by: Caseworker | RecoveryKey) -> None:
    if isinstance(by, RecoveryKey):
        desk_keys_of(connection, by)
        return
    check_active(connection, by)
    if by.role not in ROLES_THAT_DISABLE:
        raise NotAllowed


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


def _parameters(row: Row[Any]) -> PasswordParameters:
    return PasswordParameters(**cast(dict[str, int], json.loads(row.parameters)))


def under_password(
    staff_id: bytes, private: bytes, password: str, parameters: PasswordParameters
) -> dict[str, object]:
    """Return the columns of `staff` that a password decides."""
    salt = new_key()
    keys: PasswordKeys = password_keys(password, salt, parameters)
    return {
        "salt": salt,
        "parameters": json.dumps(parameters.as_dict()),
        "check_value": keys.check,
        "wrapped_private": lock(keys.wrap, private, "staff key", 1, staff_id),
    }


def _raise_cost(
    connection: Connection, row: Row[Any], password: str, private: bytes, parameters: PasswordParameters
) -> None:
    connection.execute(
        update(staff)
        .where(staff.c.id == row.id, staff.c.salt == row.salt)
        .values(under_password(row.id, private, password, parameters))
    )
