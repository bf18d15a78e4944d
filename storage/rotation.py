"""Rotating the desk key: a new one for all who hold the old, every case sealed to it, and the old one destroyed.

Three steps, each of which can be broken off anywhere and done again:

1. `begin`: the public half of the new key is put into the key directory, its private half into a slot for each
   holder, and then it is pinned. From here on answers are sealed to it.
2. `reseal`: the key of each submitted case is opened and sealed anew, a few at a time.
3. `finish`: when no case is left under the old key, its slots and its public half are destroyed.

A draft cannot be opened by anybody, so it keeps the old key alive until it is submitted or forgotten.
The new public key is never taken from the database: whoever can write there could put their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from storage import audit, slots
from storage.casefile import case_key_context
from storage.database import Database
from storage.erasing import scrub_later
from storage.errors import CaseDamaged, KeysUnusable
from storage.keys import KeyDirectory
from storage.opening import with_desk_keys
from storage.recovery import RecoveryKey
from storage.schema import cases, desk_keys
from storage.schema import slots as slots_table
from storage.sealing import new_key_pair, seal
from storage.staff import Caseworker
from storage.staffing import desk_keys_of, id_of

BATCH = 10
"""Cases a transaction: the sealing is done before it, so that nobody waits for that."""

Holder = Caseworker | RecoveryKey
"""Who may rotate: whoever can open what is to be sealed anew."""


@dataclass(frozen=True)
class Progress:
    """How far a rotation is.

    Attributes:
        generation: of the new key.
        done: submitted cases that are sealed to it.
        left: submitted cases that are not.
        drafts: conversations that began under an older key and are not submitted; nobody can seal them anew.
        began_at: UTC.
    """

    generation: int
    done: int
    left: int
    drafts: int
    began_at: datetime


def progress(database: Database) -> Progress | None:
    """Return how far the rotation is that is going on; None where none is."""
    with database.reading() as connection:
        if len(list(slots.living_generations(connection))) < 2:
            return None
        current = connection.execute(select(desk_keys).where(desk_keys.c.state == "current")).one()
        counted: dict[tuple[bool, bool], int] = {}
        query = select(
            (cases.c.generation < current.generation).label("older"),
            (cases.c.state == "draft").label("draft"),
            func.count().label("n"),
        ).group_by("older", "draft")
        for row in connection.execute(query):
            counted[bool(row.older), bool(row.draft)] = row.n
    return Progress(
        generation=current.generation,
        done=counted.get((False, False), 0),
        left=counted.get((True, False), 0),
        drafts=counted.get((True, True), 0),
        began_at=datetime.fromtimestamp(current.created_at, UTC),
    )


def begin(database: Database, keys: KeyDirectory, by: Holder, anew: bool = False) -> int:
    """Make a new desk key and pin it, or bring to its end what was broken off there.

    Args:
        anew: also where an older key is still needed; otherwise the rotation that is going on goes on.
    Returns:
        The generation that counts from now on.
    Raises:
        NotAllowed: `by` holds no desk key, or was disabled.
        WrongRecoveryKey: of another instance.
        KeysUnusable: a slot carries no proof, or the key directory cannot be written, or another key
            lies in it than the one that was begun with.
    """
    with database.transaction() as connection:
        slots.hold_still(connection)
        held = desk_keys_of(connection, by)
        if isinstance(by, RecoveryKey):
            slots.fill(connection, slots.RECOVERY, by.public, held)  # a slot from before there were proofs
        current = connection.execute(
            select(desk_keys.c.generation, desk_keys.c.public_key).where(desk_keys.c.state == "current")
        ).one()
        generation, public = current.generation, current.public_key
        going_on = len(list(slots.living_generations(connection))) > 1
        if keys.newest_pinned == (generation, public) and (anew or not going_on):
            generation, public = _make(connection, keys, generation, held, by)
    if keys.desk_key(generation) != public:
        raise KeysUnusable(
            f"desk-{generation}.pub in the key directory is not the key that the database has: "
            "treat this as an incident (docs/keys.md)"
        )
    if keys.newest_pinned != (generation, public):
        keys.pin_desk_key(generation, public)
    return int(generation)


def reseal(database: Database, keys: KeyDirectory, by: Holder, batch: int = BATCH) -> Iterator[Progress]:
    """Seal the key of each submitted case to the newest desk key; give the progress after each few.

    Whoever does this may be joined, or relieved, by somebody else at any time.

    Raises:
        NotAllowed, WrongRecoveryKey: as `begin`.
        KeysUnusable: another rotation was begun since `by` signed in, or the new key is not in the directory.
    """
    last = b""
    while True:
        with database.reading() as connection:
            held = desk_keys_of(connection, by)
            newest = max(slots.living_generations(connection))
            rows = connection.execute(
                select(cases)
                .where(cases.c.generation < newest, cases.c.state != "draft", cases.c.id > last)
                .order_by(cases.c.id)
                .limit(batch)
            ).all()
        if not rows:
            return
        if any(row.generation not in held for row in rows):
            raise KeysUnusable("the desk key was rotated just now: sign in again to go on")
        last = rows[-1].id
        public = keys.desk_key(newest)
        if public is None:
            raise KeysUnusable(f"desk-{newest}.pub is missing from the key directory")
        sealed = [(row, _sealed_anew(row, held, newest, public)) for row in rows]
        with database.transaction() as connection:
            for row, key in sealed:
                if key is not None:
                    connection.execute(
                        update(cases)
                        .where(cases.c.id == row.id, cases.c.sealed_key == row.sealed_key)
                        .values(sealed_key=key, generation=newest)
                    )
        now = progress(database)
        if now is None:
            return
        yield now


def finish(database: Database, keys: KeyDirectory) -> bool:
    """Destroy the desk keys that no case is sealed to any more. Needs no key, so that anybody can do it.

    Returns:
        Whether none but the newest is left.
    """
    with database.reading() as connection:
        *older, newest = slots.living_generations(connection)
    if not older:
        return True
    if keys.desk_public[0] != newest:
        return False  # here answers are still sealed to the old one
    done = True
    for generation in older:
        with database.transaction() as connection:
            done &= _destroy(connection, generation)
        if done:
            keys.remove_desk_key(generation)
    return done


# ------------------------------------------------------------------ inside


def _sealed_anew(row: Row[Any], held: slots.DeskKeys, generation: int, public: bytes) -> bytes | None:
    """Seal the key of a case anew; None where it does not open: it shows as damaged, and keeps the old key alive."""
    try:
        private = with_desk_keys(row, held).private
    except CaseDamaged:
        return None
    return seal(public, private, *case_key_context(row.id, generation))


def _make(
    connection: Connection, keys: KeyDirectory, before: int, held: slots.DeskKeys, by: Holder
) -> tuple[int, bytes]:
    generation = 1 + connection.execute(select(func.max(desk_keys.c.generation))).scalar_one()
    pair, now = new_key_pair(), datetime.now(UTC)
    try:
        # Before the commit: what is begun in the database can then always be brought to its end.
        keys.place_desk_key(generation, pair.public)
    except OSError:
        raise KeysUnusable(
            "the key directory cannot be written from here: rotate where the chat is served"
        ) from None
    connection.execute(update(desk_keys).where(desk_keys.c.state == "current").values(state="retiring"))
    connection.execute(
        insert(desk_keys).values(
            generation=generation,
            public_key=pair.public,
            state="current",
            created_at=int(now.timestamp()),
        )
    )
    slots.give_next(connection, generation, pair.private, before, held[before])
    audit.append(connection, now, id_of(by), "key_rotated", f"{generation}")
    return generation, pair.public


def _destroy(connection: Connection, generation: int) -> bool:
    """Destroy a desk key if no case needs it. Who begins a case under it meanwhile waits, and is refused."""
    row = select(desk_keys.c.state).where(desk_keys.c.generation == generation).with_for_update()
    connection.execute(row)
    needed = connection.execute(
        select(cases.c.id).where(cases.c.generation == generation).limit(1)
    ).one_or_none()
    if needed is not None:
        return False
    now = datetime.now(UTC)
    connection.execute(delete(slots_table).where(slots_table.c.generation == generation))
    connection.execute(
        update(desk_keys).where(desk_keys.c.generation == generation).values(state="destroyed")
    )
    audit.append(connection, now, None, "key_destroyed", f"{generation}")
    scrub_later(connection, now)
    return True
