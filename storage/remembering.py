"""The row of a conversation: found by a keyed hash, and opened with a key of its own.

The key is random and locked under the key of a day, so that a conversation nobody goes on with becomes
unreadable when the key of its last day is destroyed, also in every copy of the database.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy import (
    Row,
    bindparam,
    delete,
    literal_column,
    or_,
    select,
    true,
    update,
)

from flows import memory
from flows.vocabulary import Conversation
from storage.epochs import Epoch
from storage.errors import BadFormat, CannotOpen, StateUnreadable
from storage.lanes import Values, first_waiting, is_on_its_way, lane_values
from storage.prepared import Prepared
from storage.schema import cases, conversations, marks
from storage.sealing import KeyPair, derive, key_pair_of, lock, new_id, new_key, unlock

# What is set is in the values that these are executed with.
UPDATE = update(conversations).where(conversations.c.id == bindparam("row"))
FORGET = delete(conversations).where(conversations.c.id == bindparam("row"))


@dataclass
class Remembered:
    """A conversation as it is kept, with its key at hand."""

    id: bytes
    key: bytes = field(repr=False)
    epoch: int
    wrapped_key: bytes = field(repr=False)

    @classmethod
    def new(cls, today: Epoch) -> Remembered:
        """Make the key and the id of a conversation that is not kept yet."""
        row_id, key = new_id(), new_key()
        return cls(row_id, key, today.day, _wrap(row_id, key, today))

    @classmethod
    def of(cls, row: Row[Any], living: Sequence[Epoch]) -> Remembered:
        """Open the key of a stored conversation.

        Raises:
            StateUnreadable: the key of its day is gone, or its own is damaged.
        """
        for epoch in living:
            if epoch.day == row.epoch:
                try:
                    key = unlock(epoch.wrap, row.wrapped_key, *_key_context(row.id, epoch.day), padded=False)
                except (CannotOpen, BadFormat):
                    break
                return cls(row.id, key, row.epoch, row.wrapped_key)
        raise StateUnreadable("the key of a conversation")

    def rewrap(self, today: Epoch) -> None:
        """Lock the key under today's, so that no older one opens what is still wanted."""
        if self.epoch != today.day:
            self.epoch, self.wrapped_key = today.day, _wrap(self.id, self.key, today)

    @cached_property
    def letter_keys(self) -> KeyPair:
        """What a colleague's letters to this conversation are sealed to, and opened with."""
        return key_pair_of(derive(self.key, "letters", 1, self.id))

    def state(self, conversation: Conversation) -> bytes:
        """Lock what is remembered."""
        return lock(self.key, memory.dump(conversation), "state", 1, self.id)

    def opened_state(self, stored: bytes) -> Conversation:
        """Open what is remembered.

        Raises:
            StateUnreadable: it is damaged, or written by a version this one does not know.
        """
        try:
            return memory.load(unlock(self.key, stored, "state", 1, self.id))
        except (CannotOpen, BadFormat, memory.Unreadable):
            raise StateUnreadable("the state of a conversation") from None

    def address(self, channel: str, address: str) -> bytes:
        """Lock where the person is."""
        return lock(self.key, json.dumps([channel, address]).encode(), "address", 1, self.id)

    def opened_address(self, stored: bytes) -> tuple[str, str]:
        """Open where the person is: channel and address.

        Raises:
            StateUnreadable: it is damaged.
        """
        try:
            channel, address = json.loads(unlock(self.key, stored, "address", 1, self.id))
        except (CannotOpen, BadFormat, ValueError):
            raise StateUnreadable("the address of a conversation") from None
        return channel, address


def find(
    lookups: Sequence[bytes],
    message_marks: Sequence[bytes],
    locked: bool,
    lanes: Sequence[bytes] = (),
    now: datetime | None = None,
) -> tuple[Prepared, Values]:
    """Return the one query a message begins with, and its values.

    It gives one row: the conversation, the state and key of its case, the mark of this message with the reply if it
    was given before, and the errand that waits to be sent to this person first (`storage.lanes`); None for what there is not.

    Args:
        lookups: at least one.
        message_marks: at least one.
        locked: whether others wait with this conversation until the transaction ends.
        lanes: what the ids of such errands begin with; none, where it is of no matter whether one waits.
        now: the time; given with lanes.
    """
    values: Values = {f"lookup_{n}": lookup for n, lookup in enumerate(lookups)}
    values |= {f"mark_{n}": mark for n, mark in enumerate(message_marks)}
    values |= {} if now is None else lane_values(lanes, now)
    return _find(len(lookups), len(message_marks), locked, len(lanes)), values


@lru_cache
def _find(lookups: int, message_marks: int, locked: bool, lanes: int) -> Prepared:
    # Written out for each number of living epochs, so that the statement is compiled once.
    looked_up = (conversations.c.lookup == bindparam(f"lookup_{n}") for n in range(lookups))
    conversation = select(conversations).where(or_(*looked_up))
    found = (conversation.with_for_update() if locked else conversation).cte("found")
    marked = (marks.c.mark == bindparam(f"mark_{n}") for n in range(message_marks))
    seen = select(marks.c.mark, marks.c.reply).where(or_(*marked)).cte("seen")
    always = select(literal_column("1").label("one")).cte("always")
    return Prepared(
        select(
            found,
            cases.c.state.label("case_state"),
            cases.c.public_key,
            cases.c.colleague_wrote_at,
            seen.c.mark,
            seen.c.reply,
            first_waiting(lanes).label("waiting"),
            is_on_its_way(lanes).label("waits"),
        ).select_from(
            always.outerjoin(seen, true())
            .outerjoin(found, true())
            .outerjoin(cases, cases.c.id == found.c.case_id)
        )
    )


def _wrap(row_id: bytes, key: bytes, epoch: Epoch) -> bytes:
    return lock(epoch.wrap, key, *_key_context(row_id, epoch.day), padded=False)


def _key_context(row_id: bytes, day: int) -> tuple[str, int, bytes, int]:
    return ("conversation-key", 1, row_id, day)
