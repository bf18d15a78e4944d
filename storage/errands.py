"""Errands: what is to be done at a provider later, written in the transaction that causes it.

A provider's id of something to be deleted stands in clear and alone. What names a person, or says something to
one, is a letter: sealed under the key of its day, opened when the errand is run, and destroyed with the row.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from storage.epochs import Epoch
from storage.prepared import Values
from storage.sealing import ID_BYTES, index, lock, new_id

KEPT = timedelta(days=14)
"""How long an errand is tried. Twilio refuses to delete some messages for as long as that."""

LETTER_KEPT = timedelta(hours=24)
"""How long a letter is kept at most (`docs/retention.md`); the key of its day lives at least as long."""

LANE_BYTES = 8
"""So many bytes at the beginning of an id are the same for all that is sent to one person in a day, and for what is
kept before the last of it was sent."""

_NOTHING_WAITS: Mapping[str, bytes] = MappingProxyType({})


@dataclass(frozen=True)
class Errand:
    """One thing to do at a provider.

    Attributes:
        kind: which; every kind has one runner (`bot.later_work`).
        subject: the provider's id of what it is about, which says nothing of anybody.
        letter: all else it needs, as JSON; it may name a person.
        to: the address that something is sent to, as the channel hears from it. What is sent to one address is sent
            one after another, in the order in which it was kept; empty where the order is of no matter.
        after: how long to wait before the first try.
        kept: how long to go on trying; with a letter, `LETTER_KEPT` at most.
    """

    kind: str
    subject: str = field(default="", repr=False)
    letter: Mapping[str, Any] | None = field(default=None, repr=False)
    to: str = field(default="", repr=False)
    after: timedelta = timedelta(0)
    kept: timedelta = KEPT


def rows_of(
    errands: Iterable[Errand], today: Epoch, now: datetime, waiting: Mapping[str, bytes] = _NOTHING_WAITS
) -> list[Values]:
    """Return the rows of `later_work` for these errands, their letters sealed.

    Called while a person's other messages wait, or once more where another one was first: so the order of the calls
    is the order of the messages.

    Args:
        today: the epoch that a letter is sealed under.
        now: the time, timezone-aware.
        waiting: by address, the id of a row that waits to be sent there: what is kept now stands behind it, also
            where that was written on another day.
    """
    rows: list[Values] = []
    for place, errand in enumerate(errands):
        row_id, sealed, kept = _id(errand.to, place, today, waiting), None, errand.kept
        if errand.letter is not None:
            kept = min(kept, LETTER_KEPT)
            written = json.dumps(errand.letter, ensure_ascii=False).encode("utf-8", "replace")
            sealed = lock(today.errand, written, *letter_context(row_id))
        rows.append(
            {
                "id": row_id,
                "kind": errand.kind,
                "due_at": int((now + errand.after).timestamp()),
                "subject": errand.subject.encode("utf-8", "replace") or None,
                "epoch": today.day if sealed else None,
                "sealed": sealed,
                "erase_at": int((now + kept).timestamp()),
            }
        )
    return rows


def lane_of(to: str, epoch: Epoch) -> bytes:
    """Return what the ids of all that is sent to an address begin with, if it is written on this day."""
    return index(epoch.errand, "lane", 1, to)[:LANE_BYTES]


def _id(to: str, place: int, today: Epoch, waiting: Mapping[str, bytes]) -> bytes:
    """Draw the id of a row. Those of one person begin alike, and rise: nobody can tell whose they are."""
    if not to:
        return new_id()
    lane = waiting[to][:LANE_BYTES] if to in waiting else lane_of(to, today)
    return lane + (time.time_ns() + place).to_bytes(ID_BYTES - LANE_BYTES, "big")


def letter_context(row_id: bytes) -> tuple[str, int, bytes]:
    """Return what a letter is bound to."""
    return ("errand", 1, row_id)
