"""What an epoch key is good for: finding a person's conversation, and the message that was seen before.

Each use has a key of its own, derived from the key of a UTC day. When that day's key is destroyed, what
was found or opened by it is a random number to everybody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flows.vocabulary import Heard
from storage.days import day_of
from storage.keys import KeyDirectory
from storage.sealing import derive, digest, encode, index


@dataclass(frozen=True)
class Epoch:
    """The keys of one UTC day, derived for their purposes."""

    day: int
    _lookup: bytes = field(repr=False)
    _mark: bytes = field(repr=False)
    wrap: bytes = field(repr=False)
    errand: bytes = field(repr=False)

    @classmethod
    def of(cls, day: int, key: bytes) -> Epoch:
        """Derive the keys of a day from its epoch key."""
        return cls(
            day, *(derive(key, "epoch", 1, day, purpose) for purpose in ("lookup", "mark", "wrap", "errand"))
        )

    def lookup(self, channel: str, address: str) -> bytes:
        """Return what a person's conversation is found by."""
        return index(self._lookup, "conversation", 1, channel, address)

    def mark(self, heard: Heard) -> bytes:
        """Return what a message is recognised by when it is delivered again."""
        return index(self._mark, "mark", 1, heard.channel, heard.address, heard.id)

    def reply_key(self, heard: Heard) -> bytes:
        """Return the key of the reply to a message: nobody has it who does not hold the message itself."""
        return derive(self._mark, "reply", 1, heard.channel, heard.address, heard.id, _content(heard))


@dataclass(frozen=True)
class Traces:
    """What a message and its sender are recognised by under each living epoch, newest first."""

    lookups: tuple[bytes, ...]
    marks: tuple[bytes, ...]

    @classmethod
    def of(cls, heard: Heard, living: Sequence[Epoch]) -> Traces:
        """Work them out."""
        return cls(
            tuple(epoch.lookup(heard.channel, heard.address) for epoch in living),
            tuple(epoch.mark(heard) for epoch in living),
        )


class Epochs:
    """The epochs whose keys are alive. Derived once, and forgotten with the keys."""

    def __init__(self, keys: KeyDirectory) -> None:
        self._keys = keys
        self._derived: dict[bytes, Epoch] = {}
        # From what was read of the directory, for as long as nothing in it changes.
        self._found: tuple[Mapping[int, bytes], tuple[Epoch, ...]] | None = None

    def living(self, now: datetime) -> tuple[Epoch, ...]:
        """Return today's epoch, made if need be, and then the older ones, newest first."""
        today, keys = day_of(now), self._keys.living_epochs()
        if self._found is not None and self._found[0] is keys and self._found[1][0].day == today:
            return self._found[1]
        key = keys.get(today) or self._keys.epoch_today(now)[1]
        living = {**keys, today: key}
        derived = {key: self._derived.get(key) or Epoch.of(day, key) for day, key in living.items()}
        self._derived = derived
        older = sorted((epoch for epoch in derived.values() if epoch.day != today), key=lambda e: -e.day)
        self._found = keys, (derived[key], *older)
        return self._found[1]


def _content(heard: Heard) -> bytes:
    choices = () if heard.choices is None else ("choices", *heard.choices)
    return digest(encode(heard.kind, heard.text, heard.choice or "", *choices))
