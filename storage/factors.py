"""Second factors: an authenticator app, passkeys, and recovery codes for the day the phone is lost.

The secret of an app is locked with the colleague's own key, so it can be read only once their password
was right. Each of its codes counts once, and each recovery code too.
"""

from __future__ import annotations

import base64
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pyotp
from sqlalchemy import Connection, delete, func, insert, select, update

from storage import audit
from storage.database import Database
from storage.days import date_of_day, day_of
from storage.errors import NotAllowed, WrongCode
from storage.schema import authenticators, invitations, passkeys, recovery_codes
from storage.sealing import derive, digest, encode, lock, same, unlock
from storage.sessions import Session

STEP_SECONDS = 30
_SECRET_BYTES = 20
"""As RFC 4226, section 4, recommends."""

RECOVERY_CODES = 10
_RECOVERY_SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_RECOVERY_LENGTH = 16
"""80 bits: a copy of the database gives no code away, though they are hashed in a single pass."""

MOST_PASSKEYS = 10
LONGEST_PASSKEY_NAME = 60


@dataclass(frozen=True)
class Factors:
    """What a colleague can prove themselves with."""

    app: bool
    recovery_codes: int
    passkeys: tuple[Passkey, ...]


@dataclass(frozen=True)
class Passkey:
    """A passkey as it is kept.

    Attributes:
        public_key: COSE, as WebAuthn gives it.
    """

    credential: bytes
    public_key: bytes
    sign_count: int
    name: str
    added_on: date


def factors_of(database: Database, staff_id: bytes) -> Factors:
    """Return what a colleague has."""
    with database.reading() as connection:
        app = connection.execute(
            select(authenticators.c.staff_id).where(authenticators.c.staff_id == staff_id)
        ).scalar_one_or_none()
        left = connection.execute(
            select(func.count()).where(recovery_codes.c.staff_id == staff_id)
        ).scalar_one()
        rows = connection.execute(
            select(passkeys).where(passkeys.c.staff_id == staff_id).order_by(passkeys.c.added_on)
        )
        kept = tuple(
            Passkey(row.credential, row.public_key, row.sign_count, row.name, date_of_day(row.added_on))
            for row in rows
        )
    return Factors(app is not None, left, kept)


# ------------------------------------------------------------------ the app


def app_address(session: Session, issuer: str) -> str:
    """Return the address of a new app, which it reads out of a QR code; the same as long as the session is.

    Args:
        issuer: how the app calls the service.
    """
    return _totp(_new_secret(session)).provisioning_uri(name=session.name, issuer_name=issuer)


def app_secret(session: Session) -> str:
    """Return the secret of a new app, to be typed where no camera is at hand."""
    return base64.b32encode(_new_secret(session)).decode()


def confirm_app(database: Database, session: Session, code: str, now: datetime) -> tuple[str, ...]:
    """Enrol the new app by its first code; a one-time link is used up by it, and an app from before replaced.

    Returns:
        New recovery codes; those there were before are gone.
    Raises:
        WrongCode: it is not the code of this app.
        NotAllowed: the session is not for enrolling.
    """
    if session.stage == "password":
        raise NotAllowed
    secret, staff_id = _new_secret(session), session.staff_id
    steps = _steps(secret, code, now)
    if not steps:
        raise WrongCode
    codes = tuple(_new_recovery_code() for _ in range(RECOVERY_CODES))
    with database.transaction() as connection:
        for table in (authenticators, recovery_codes, invitations):
            connection.execute(delete(table).where(table.c.staff_id == staff_id))
        locked = lock(_key(session), secret, *_context(session))
        connection.execute(
            insert(authenticators).values(staff_id=staff_id, locked=locked, last_step=max(steps))
        )
        connection.execute(
            insert(recovery_codes),
            [{"lookup": _lookup(staff_id, each), "staff_id": staff_id} for each in codes],
        )
        audit.append(connection, now, staff_id, "second_factor_set", staff_id.hex())
    return codes


def check_app(database: Database, session: Session, code: str, now: datetime) -> None:
    """Take a code of the app: of this half minute or the one before, and each once.

    Raises:
        WrongCode: it is neither, or was used; or there is no app.
    """
    with database.reading() as connection:
        locked = connection.execute(
            select(authenticators.c.locked).where(authenticators.c.staff_id == session.staff_id)
        ).scalar_one_or_none()
    if locked is None:
        raise WrongCode
    step = max(_steps(unlock(_key(session), locked, *_context(session)), code, now), default=0)
    with database.transaction() as connection:
        taken = connection.execute(
            update(authenticators)
            .where(authenticators.c.staff_id == session.staff_id, authenticators.c.last_step < step)
            .values(last_step=step)
        ).rowcount
        if not taken:
            _note_refused(connection, session, now)
    if not taken:
        raise WrongCode


# ------------------------------------------------------------------ recovery codes


def use_recovery_code(database: Database, session: Session, code: str, now: datetime) -> int:
    """Take a recovery code, once.

    Returns:
        How many are left.
    Raises:
        WrongCode: it is none, or was used.
    """
    with database.transaction() as connection:
        used = connection.execute(
            delete(recovery_codes).where(
                recovery_codes.c.lookup == _lookup(session.staff_id, code),
                recovery_codes.c.staff_id == session.staff_id,
            )
        ).rowcount
        if not used:
            _note_refused(connection, session, now)
        left = connection.execute(
            select(func.count()).where(recovery_codes.c.staff_id == session.staff_id)
        ).scalar_one()
    if not used:
        raise WrongCode
    return int(left)


# ------------------------------------------------------------------ passkeys


def add_passkey(
    database: Database, session: Session, credential: bytes, public_key: bytes, sign_count: int, name: str
) -> None:
    """Keep a passkey whose registration was verified.

    Raises:
        NotAllowed: the session is not open, or there are too many.
    """
    fit = " ".join(unicodedata.normalize("NFKC", name).split())[:LONGEST_PASSKEY_NAME]
    now = datetime.now(UTC)
    with database.transaction() as connection:
        n = connection.execute(
            select(func.count()).where(passkeys.c.staff_id == session.staff_id)
        ).scalar_one()
        if session.stage != "open" or n >= MOST_PASSKEYS:
            raise NotAllowed
        connection.execute(
            insert(passkeys).values(
                credential=credential,
                staff_id=session.staff_id,
                public_key=public_key,
                sign_count=sign_count,
                name=fit if fit.isprintable() and fit else "-",
                added_on=day_of(now),
            )
        )
        audit.append(connection, now, session.staff_id, "passkey_added", session.staff_id.hex())


def passkey_used(database: Database, session: Session, passkey: Passkey, sign_count: int) -> None:
    """Note the new count of a passkey that proved itself.

    Raises:
        WrongCode: the count went back, or the passkey was removed: a copy may be in use.
    """
    counted = (passkeys.c.sign_count < sign_count) if sign_count else (passkeys.c.sign_count == 0)
    with database.transaction() as connection:
        noted = connection.execute(
            update(passkeys)
            .where(
                passkeys.c.credential == passkey.credential,
                passkeys.c.staff_id == session.staff_id,
                counted,
            )
            .values(sign_count=sign_count)
        ).rowcount
        if not noted:
            raise WrongCode


def remove_passkey(database: Database, session: Session, credential: bytes) -> None:
    """Forget a passkey of one's own; nothing happens where it is not there."""
    with database.transaction() as connection:
        removed = connection.execute(
            delete(passkeys).where(
                passkeys.c.credential == credential, passkeys.c.staff_id == session.staff_id
            )
        ).rowcount
        if removed:
            now = datetime.now(UTC)
            audit.append(connection, now, session.staff_id, "passkey_removed", session.staff_id.hex())


# ------------------------------------------------------------------ inside


def _totp(secret: bytes) -> pyotp.TOTP:
    return pyotp.TOTP(base64.b32encode(secret).decode(), interval=STEP_SECONDS)


def _key(session: Session) -> bytes:
    return derive(session.private, "authenticator", 1)


def _context(session: Session) -> tuple[str, int, bytes]:
    return ("authenticator", 1, session.staff_id)


def _new_secret(session: Session) -> bytes:
    # Not kept before it is confirmed: whoever stops half way has lost nothing they had.
    return derive(session.secret, "new authenticator", 1, session.staff_id)[:_SECRET_BYTES]


def _steps(secret: bytes, code: str, now: datetime) -> list[int]:
    """Return the half minutes, of this one and the one before, whose code this is."""
    digits = "".join(unicodedata.normalize("NFKC", code[:100]).split()).encode("utf-8", "replace")
    step, totp = int(now.timestamp()) // STEP_SECONDS, _totp(secret)
    return [at for at in (step, step - 1) if same(totp.generate_otp(at).encode(), digits)]


def _new_recovery_code() -> str:
    signs = [secrets.choice(_RECOVERY_SIGNS) for _ in range(_RECOVERY_LENGTH)]
    return "-".join("".join(signs[start : start + 4]) for start in range(0, _RECOVERY_LENGTH, 4))


def _lookup(staff_id: bytes, code: str) -> bytes:
    signs = "".join(sign for sign in unicodedata.normalize("NFKC", code[:100]).upper() if sign.isalnum())
    return digest(encode("recovery code", 1, staff_id, signs))


def _note_refused(connection: Connection, session: Session, now: datetime) -> None:
    audit.append(connection, now, session.staff_id, "second_factor_refused")
