"""One-time links to the desk: for the very first colleague, for each new one, and after a lost password.

A link is good once and for a few days. For a colleague who has no password yet it carries the way to their
private key, locked with what stands in the link and nowhere else; choosing a password locks it anew. For a
colleague who has a password it only allows a second factor to be set.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select, update

from storage import audit
from storage.database import Database
from storage.errors import NotAllowed, SignedOut
from storage.keys import KeyDirectory
from storage.passwords import check_password
from storage.recovery import RecoveryKey
from storage.schema import invitations, staff
from storage.sealing import (
    PASSWORD_PARAMETERS,
    PasswordParameters,
    derive,
    digest,
    encode,
    lock,
    new_id,
    new_key,
    new_key_pair,
    unlock,
)
from storage.sessions import begin_session
from storage.signing_in import check_and_open, under_password
from storage.staff import Caseworker, Role, StaffMember
from storage.staffing import add_member, add_staff, desk_keys_of, id_of, renew_key

KEPT = timedelta(hours=72)
KEPT_FIRST = timedelta(hours=24)


@dataclass(frozen=True)
class Invitation:
    """What a link is for.

    Attributes:
        kind: `first`: nobody works here yet; `new`: a password is to be chosen; `factor`: the password is
            there, a second factor is to be set.
        name: of the colleague; empty for the first.
    """

    kind: str
    name: str
    staff_id: bytes | None = field(repr=False, default=None)


def invite_first(database: Database) -> str | None:
    """Return the token of a link by which the first colleague adds themselves; None where somebody works here.

    Links made for the first one before are good no more.
    """
    with database.transaction() as connection:
        if connection.execute(select(func.count()).select_from(staff)).scalar():
            return None
        connection.execute(delete(invitations).where(invitations.c.staff_id.is_(None)))
        return _issue(connection, None, None, KEPT_FIRST)


def invite_colleague(
    database: Database, keys: KeyDirectory, name: str, role: Role, by: Caseworker | RecoveryKey
) -> tuple[StaffMember, str]:
    """Add a colleague who chooses a password by themselves.

    Returns:
        The colleague, and the token of their link.
    Raises: as `storage.staffing.add_staff`.
    """
    staff_id, private = new_id(), new_key_pair().private
    with database.transaction() as connection:
        member = add_member(connection, keys, name, role, staff_id, private, _nobodys(), by)
        token = _issue_noted(connection, member.id, private, by)
    keys.destroy_bootstrap()
    return member, token


def invite_again(database: Database, name: str, by: Caseworker | RecoveryKey) -> str:
    """Give a colleague whose password or second factor is lost a new key, new slots, and a link to choose anew.

    What they had opens nothing more, and every sign-in of theirs ends.

    Raises:
        StaffNotFound, StaffDisabled: there is no such colleague at work.
        NotAllowed: `by` has no slot, or was disabled.
    """
    with database.transaction() as connection:
        return begin_anew(connection, name, by)


def begin_anew(connection: Connection, name: str, by: Caseworker | RecoveryKey) -> str:
    """As `invite_again`, within a transaction."""
    private = new_key_pair().private
    row = renew_key(connection, name, private, _nobodys(), by)
    return _issue_noted(connection, row.id, private, by)


def invite_to_set_factor(database: Database, staff_id: bytes, by: Caseworker | RecoveryKey | None) -> str:
    """Return the token of a link by which a colleague who has a password sets a second factor.

    Args:
        by: who vouched for it; None for the first colleague.
    Raises:
        NotAllowed: `by` has no slot, or was disabled.
        WrongRecoveryKey: `by` is a recovery key of another instance.
    """
    with database.transaction() as connection:
        if by is not None:
            desk_keys_of(connection, by)
        return _issue_noted(connection, staff_id, None, by)


def read_invitation(database: Database, token: str, now: datetime) -> Invitation:
    """Return what a link is for, changing nothing.

    Raises:
        SignedOut: it is no link, was used, or its time is over; or it was for the first, and somebody works here.
    """
    with database.reading() as connection:
        works = connection.execute(select(func.count()).select_from(staff)).scalar()
        row = connection.execute(
            select(invitations, staff.c.name, staff.c.state)
            .outerjoin(staff, staff.c.id == invitations.c.staff_id)
            .where(invitations.c.lookup == _lookup(token), invitations.c.erase_at > int(now.timestamp()))
        ).one_or_none()
    if row is None or row.state not in (None, "active"):
        raise SignedOut
    if row.staff_id is None:
        if works:
            raise SignedOut
        return Invitation("first", "")
    return Invitation("new" if row.locked_private else "factor", row.name, row.staff_id)


def accept_first(
    database: Database,
    keys: KeyDirectory,
    token: str,
    name: str,
    password: str,
    now: datetime,
    parameters: PasswordParameters = PASSWORD_PARAMETERS,
) -> bytes:
    """Add the first colleague, a supervisor, by their link. Returns the secret of a session for enrolling.

    Raises:
        SignedOut: the link is not good.
        UnfitName, UnfitPassword, NotAllowed: as `storage.staffing.add_staff`.
    """
    if read_invitation(database, token, now).kind != "first":
        raise SignedOut
    member = add_staff(database, keys, name, "supervisor", password, None, parameters)
    with database.transaction() as connection:
        connection.execute(delete(invitations).where(invitations.c.staff_id.is_(None)))
        # Should the browser be closed now, the same link leads on from here.
        _insert(connection, token, member.id, None, KEPT_FIRST)
    return accept_with_password(database, token, password, now, parameters)


def accept_new(
    database: Database,
    token: str,
    password: str,
    now: datetime,
    parameters: PasswordParameters = PASSWORD_PARAMETERS,
) -> bytes:
    """Choose a password by a link. Returns the secret of a session for enrolling.

    Raises:
        SignedOut: the link is not good.
        UnfitPassword: the password cannot be taken.
    """
    invitation = read_invitation(database, token, now)
    if invitation.kind != "new" or invitation.staff_id is None:
        raise SignedOut
    check_password(password)
    staff_id = invitation.staff_id
    with database.reading() as connection:
        locked = connection.execute(
            select(invitations.c.locked_private).where(invitations.c.lookup == _lookup(token))
        ).scalar_one()
    private = unlock(_key(token), locked, *_context(staff_id), padded=False)
    columns = under_password(staff_id, private, password, parameters)
    with database.transaction() as connection:
        used = connection.execute(
            update(invitations)
            .where(invitations.c.lookup == _lookup(token), invitations.c.locked_private.is_not(None))
            .values(locked_private=None)
        ).rowcount
        if not used:  # somebody with the same link was faster
            raise SignedOut
        connection.execute(update(staff).where(staff.c.id == staff_id).values(columns))
        audit.append(connection, now, staff_id, "password_replaced", staff_id.hex())
        return begin_session(connection, staff_id, private, "enrolling", now)


def accept_with_password(
    database: Database,
    token: str,
    password: str,
    now: datetime,
    parameters: PasswordParameters = PASSWORD_PARAMETERS,
) -> bytes:
    """Go on by a link with the password one has. Returns the secret of a session for enrolling.

    Raises:
        SignedOut: the link is not good.
        WrongPassword, StaffDisabled: as `storage.signing_in.sign_in`.
    """
    invitation = read_invitation(database, token, now)
    if invitation.kind != "factor" or invitation.staff_id is None:
        raise SignedOut
    staff_id, private = check_and_open(database, invitation.name, password, parameters)
    if staff_id != invitation.staff_id:
        raise NotAllowed
    with database.transaction() as connection:
        return begin_session(connection, staff_id, private, "enrolling", now)


# ------------------------------------------------------------------ inside


def _issue_noted(
    connection: Connection, staff_id: bytes, private: bytes | None, by: Caseworker | RecoveryKey | None
) -> str:
    connection.execute(delete(invitations).where(invitations.c.staff_id == staff_id))
    audit.append(connection, datetime.now(UTC), id_of(by), "link_issued", staff_id.hex())
    return _issue(connection, staff_id, private, KEPT)


def _issue(connection: Connection, staff_id: bytes | None, private: bytes | None, kept: timedelta) -> str:
    token = base64.urlsafe_b64encode(new_key()).decode().rstrip("=")
    _insert(connection, token, staff_id, private, kept)
    return token


def _insert(
    connection: Connection, token: str, staff_id: bytes | None, private: bytes | None, kept: timedelta
) -> None:
    locked = None
    if private is not None and staff_id is not None:
        locked = lock(_key(token), private, *_context(staff_id), padded=False)
    connection.execute(
        insert(invitations).values(
            lookup=_lookup(token),
            staff_id=staff_id,
            locked_private=locked,
            erase_at=int((datetime.now(UTC) + kept).timestamp()),
        )
    )


def _nobodys() -> dict[str, object]:
    """Return the columns of a password that nobody has: no guess is right."""
    return {"salt": new_key(), "parameters": "{}", "check_value": new_key(), "wrapped_private": b""}


def _bytes_of(token: str) -> bytes:
    try:
        secret = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        secret = b""
    return secret if len(secret) == 32 else bytes(32)


def _lookup(token: str) -> bytes:
    return digest(encode("invitation", 1, _bytes_of(token)))


def _key(token: str) -> bytes:
    return derive(_bytes_of(token), "invitation", 1)


def _context(staff_id: bytes) -> tuple[str, int, bytes]:
    return ("invitation", 1, staff_id)
