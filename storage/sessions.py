"""Being signed in at the desk: a row that the browser's secret finds and unlocks.

The row has the hash of the secret, and the colleague's private key locked with it. So nobody who holds the
database can use a sign-in, and when it ends nothing readable is left. A sign-in goes through stages: the
password, then the second factor, which alone opens anything.
Source of the limits: `SECURITY.md`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, delete, insert, select, update

from storage import audit, slots
from storage.database import Database
from storage.errors import BadFormat, CannotOpen, NotAllowed, SignedOut
from storage.schema import sessions, staff
from storage.sealing import derive, digest, encode, lock, new_key, unlock
from storage.staff import ROLES_THAT_DISABLE, Caseworker, Role, check_active

Stage = Literal["password", "enrolling", "open"]

IDLE = timedelta(minutes=15)
LONGEST = timedelta(hours=8)
HALF_WAY = timedelta(minutes=10)
"""How long a password waits for its second factor."""
FRESH = timedelta(minutes=5)
"""How long a proof is fresh enough for what is dangerous."""

_NOTED_EVERY = timedelta(seconds=30)
"""How exactly it is known when somebody was last seen: each time costs a write."""


@dataclass(frozen=True)
class Session:
    """Somebody who signed in, or is about to.

    Attributes:
        secret: what the browser holds; the key to all else.
        private: the colleague's own private key.
        desk_keys: empty until the stage is `open`.
        proved_at: when the second factor was last given, UTC.
        ends_at: when it ends at the latest, UTC.
    """

    secret: bytes = field(repr=False)
    staff_id: bytes
    name: str
    role: Role
    stage: Stage
    private: bytes = field(repr=False)
    caseworker: Caseworker = field(repr=False)
    proved_at: datetime | None
    ends_at: datetime
    challenge: bytes | None = field(repr=False)

    @property
    def csrf(self) -> str:
        """What every form of this sign-in carries."""
        return derive(self.secret, "csrf", 1).hex()

    def is_fresh(self, now: datetime) -> bool:
        """Whether the second factor was given recently enough for what is dangerous."""
        return self.proved_at is not None and now - self.proved_at < FRESH


def begin_session(
    connection: Connection, staff_id: bytes, private: bytes, stage: Stage, now: datetime
) -> bytes:
    """Begin a sign-in. Whatever this colleague had elsewhere goes on until the new one is open.

    Returns:
        The secret for the browser, 32 bytes.
    """
    secret = new_key()
    connection.execute(
        insert(sessions).values(
            lookup=_lookup(secret),
            staff_id=staff_id,
            stage=stage,
            locked_private=_locked(secret, private),
            began_at=int(now.timestamp()),
            seen_at=int(now.timestamp()),
            erase_at=int((now + HALF_WAY).timestamp()),
        )
    )
    return secret


def open_session(database: Database, session: Session, now: datetime) -> bytes:
    """Let somebody in whose second factor was right; of a sign-in that is open already, note a fresh proof.

    The secret is a new one each time, and all other sign-ins of the colleague end: there is one at a time.

    Returns:
        The new secret.
    Raises:
        SignedOut: the sign-in ended meanwhile.
    """
    secret = new_key()
    began = now if session.stage != "open" else session.ends_at - LONGEST
    with database.transaction() as connection:
        changed = connection.execute(
            update(sessions)
            .where(sessions.c.lookup == _lookup(session.secret))
            .values(
                lookup=_lookup(secret),
                stage="open",
                locked_private=_locked(secret, session.private),
                challenge=None,
                began_at=int(began.timestamp()),
                seen_at=int(now.timestamp()),
                proved_at=int(now.timestamp()),
                erase_at=int((began + LONGEST).timestamp()),
            )
        ).rowcount
        if not changed:
            raise SignedOut
        _end_all(connection, session.staff_id, but=_lookup(secret))
        if session.stage != "open":
            audit.append(connection, now, session.staff_id, "signed_in")
    return secret


def resume_session(database: Database, secret: bytes, now: datetime, quiet: bool = False) -> Session:
    """Return the sign-in that a browser's secret belongs to, as it is now.

    Args:
        quiet: a page asked by itself; that is no sign of anybody being there.
    Raises:
        SignedOut: there is none, or none any more: idle for too long, too old, signed out, or disabled.
    """
    with database.reading() as connection:
        row = connection.execute(
            select(sessions, staff.c.name, staff.c.role, staff.c.state)
            .join(staff, staff.c.id == sessions.c.staff_id)
            .where(sessions.c.lookup == _lookup(secret))
        ).one_or_none()
        if row is None or row.state != "active" or _is_over(row, now):
            raise SignedOut
        try:
            private = unlock(_key(secret), row.locked_private, *_CONTEXT, padded=False)
            holder = slots.holder_of(row.staff_id)
            desk_keys = slots.open_all(connection, holder, private) if row.stage == "open" else {}
        except (CannotOpen, BadFormat):
            # The key was replaced: what this sign-in holds opens nothing any more.
            raise SignedOut from None
    if not quiet and now - _time(row.seen_at) >= _NOTED_EVERY:
        with database.transaction() as connection:
            connection.execute(
                update(sessions).where(sessions.c.lookup == row.lookup).values(seen_at=int(now.timestamp()))
            )
    return Session(
        secret=secret,
        staff_id=row.staff_id,
        name=row.name,
        role=row.role,
        stage=row.stage,
        private=private,
        caseworker=Caseworker(row.staff_id, row.name, row.role, desk_keys),
        proved_at=None if row.proved_at is None else _time(row.proved_at),
        ends_at=_time(row.began_at) + LONGEST,
        challenge=row.challenge,
    )


def whose_session(database: Database, secret: bytes) -> bytes | None:
    """Return the id of the colleague whose sign-in this is or was; None where it is not known any more."""
    with database.reading() as connection:
        return connection.execute(
            select(sessions.c.staff_id).where(sessions.c.lookup == _lookup(secret))
        ).scalar_one_or_none()


def set_challenge(database: Database, session: Session, challenge: bytes | None) -> None:
    """Keep what a passkey is asked to sign; None: it was used."""
    with database.transaction() as connection:
        connection.execute(
            update(sessions).where(sessions.c.lookup == _lookup(session.secret)).values(challenge=challenge)
        )


def end_session(database: Database, secret: bytes) -> None:
    """Sign out. What was locked with the secret is gone."""
    with database.transaction() as connection:
        connection.execute(delete(sessions).where(sessions.c.lookup == _lookup(secret)))


def sign_out_everywhere(database: Database, by: Caseworker, staff_id: bytes) -> int:
    """End every sign-in of a colleague: one's own, or with a role that disables colleagues anybody's.

    Returns:
        How many.
    Raises:
        NotAllowed: it is somebody else's, and the role does not allow that.
    """
    with database.transaction() as connection:
        check_active(connection, by)
        if staff_id != by.id and by.role not in ROLES_THAT_DISABLE:
            raise NotAllowed
        ended = _end_all(connection, staff_id)
        audit.append(connection, datetime.now(UTC), by.id, "signed_out_everywhere", staff_id.hex())
    return ended


def is_signed_in(database: Database, now: datetime) -> frozenset[bytes]:
    """Return the ids of the colleagues who are signed in now."""
    with database.reading() as connection:
        rows = connection.execute(select(sessions).where(sessions.c.stage == "open"))
        return frozenset(row.staff_id for row in rows if not _is_over(row, now))


# ------------------------------------------------------------------ inside

_CONTEXT = ("session", 1)


def _lookup(secret: bytes) -> bytes:
    return digest(encode("session", 1, secret))


def _key(secret: bytes) -> bytes:
    return derive(secret, *_CONTEXT)


def _locked(secret: bytes, private: bytes) -> bytes:
    return lock(_key(secret), private, *_CONTEXT, padded=False)


def _is_over(row: Row[Any], now: datetime) -> bool:
    ends = min(_time(row.erase_at), _time(row.seen_at) + IDLE)
    return now >= ends


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _end_all(connection: Connection, staff_id: bytes, but: bytes = b"") -> int:
    return connection.execute(
        delete(sessions).where(sessions.c.staff_id == staff_id, sessions.c.lookup != but)
    ).rowcount
