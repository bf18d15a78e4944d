"""Slots: the private desk key, sealed once for each one who may open cases.

Whoever has no slot cannot give one: not even to themselves, not even as administrator.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, func, insert, select

from storage.errors import CannotOpen
from storage.schema import desk_keys, slots
from storage.sealing import key_pair_of, open_sealed, seal

RECOVERY = "recovery"
BOOTSTRAP = "bootstrap"
_COLLEAGUE = "staff:"

DeskKeys = dict[int, bytes]
"""Private desk keys by generation."""


def holder_of(staff_id: bytes) -> str:
    """Return the name under which a colleague's slots are kept."""
    return _COLLEAGUE + staff_id.hex()


def fill(connection: Connection, holder: str, public: bytes, keys: DeskKeys) -> None:
    """Give a holder a slot for each of these keys; those it had are gone."""
    empty(connection, holder)
    connection.execute(
        insert(slots),
        [
            {
                "generation": generation,
                "holder": holder,
                "sealed": seal(public, private, "slot", 1, generation, holder),
            }
            for generation, private in keys.items()
        ],
    )


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
