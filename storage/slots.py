"""Slots: the private desk key, sealed once for each one who may open cases.

Whoever has no slot cannot give one: not even to themselves, not even as administrator.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, delete, func, insert, select

from storage.errors import CannotOpen, KeysUnusable
from storage.schema import desk_keys, slots
from storage.sealing import derive, index, key_pair_of, open_sealed, same, seal

RECOVERY = "recovery"
BOOTSTRAP = "bootstrap"
_COLLEAGUE = "staff:"

DeskKeys = dict[int, bytes]
"""Private desk keys by generation."""

_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(2719400161558231105)"  # the number has no meaning


def holder_of(staff_id: bytes) -> str:
    """Return the name under which a colleague's slots are kept."""
    return _COLLEAGUE + staff_id.hex()


def hold_still(connection: Connection) -> None:
    """Wait until nobody else changes who holds which desk key, and have others wait until this is done."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_ONE_AT_A_TIME)


def fill(connection: Connection, holder: str, public: bytes, keys: DeskKeys) -> None:
    """Give a holder a slot for each of these keys; those it had are gone.

    Raises:
        KeysUnusable: the keys are those from before a rotation that has begun meanwhile.
    """
    hold_still(connection)
    if set(living_generations(connection)) - set(keys):
        raise KeysUnusable("the desk key was rotated just now: sign in again, and do this once more")
    empty(connection, holder)
    connection.execute(
        insert(slots), [_slot(generation, holder, public, private) for generation, private in keys.items()]
    )


def give_next(
    connection: Connection, generation: int, private: bytes, before: int, private_before: bytes
) -> None:
    """Give every holder of one desk key the next one too.

    Raises:
        KeysUnusable: the key of a holder has no proof: it was put there by somebody without the desk key.
    """
    rows = connection.execute(
        select(slots).where(slots.c.generation == before).order_by(slots.c.holder)
    ).all()
    for row in rows:
        proof = b"" if row.public_key is None else _proof(before, row.holder, row.public_key, private_before)
        if row.proof is None or not same(row.proof, proof):
            raise KeysUnusable(
                f"the slot of {row.holder} carries no proof of whom it was made for. Give them a new one "
                "(docs/keys.md, Rotating); if you did not expect this, treat it as an incident"
            )
    connection.execute(
        insert(slots), [_slot(generation, row.holder, row.public_key, private) for row in rows]
    )


def living_generations(connection: Connection) -> Iterator[int]:
    """Give the generations of desk keys that are not destroyed, the oldest first."""
    living = select(desk_keys.c.generation).where(desk_keys.c.state != "destroyed")
    yield from connection.scalars(living.order_by(desk_keys.c.generation))


def _slot(generation: int, holder: str, public: bytes, private: bytes) -> Mapping[str, object]:
    return {
        "generation": generation,
        "holder": holder,
        "sealed": seal(public, private, "slot", 1, generation, holder),
        "public_key": public,
        "proof": _proof(generation, holder, public, private),
    }


def _proof(generation: int, holder: str, public: bytes, desk_private: bytes) -> bytes:
    key = derive(desk_private, "proof of slots", 1, generation)
    return index(key, "slot", 1, generation, holder, public)


def empty(connection: Connection, holder: str) -> None:
    """Take away every slot of a holder."""
    connection.execute(delete(slots).where(slots.c.holder == holder))


def open_all(connection: Connection, holder: str, private: bytes) -> DeskKeys:
    """Open every slot of a holder; an empty result where there are none.

    Raises:
        CannotOpen: another private key, or a slot that holds another key than the desk's.
    """
    rows = connection.execute(
        select(slots.c.generation, slots.c.sealed, desk_keys.c.public_key)
        .join(desk_keys, desk_keys.c.generation == slots.c.generation)
        .where(slots.c.holder == holder)
    )
    opened: DeskKeys = {}
    for generation, sealed, public_key in rows:
        desk_private = open_sealed(private, sealed, "slot", 1, generation, holder)
        if key_pair_of(desk_private).public != public_key:
            raise CannotOpen
        opened[generation] = desk_private
    return opened


def is_held(connection: Connection, holder: str) -> bool:
    """Say whether a holder has any slot."""
    query = select(slots.c.generation).where(slots.c.holder == holder).limit(1)
    return connection.execute(query).one_or_none() is not None


def colleagues_with_slots(connection: Connection) -> int:
    """Count the colleagues who have a slot."""
    return connection.execute(
        select(func.count(slots.c.holder.distinct())).where(slots.c.holder.startswith(_COLLEAGUE))
    ).scalar_one()
