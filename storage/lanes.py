"""What waits to be sent to one person: a range of ids in the table of errands, found by key (`storage.errands`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, false, func, null, select

from storage.prepared import Prepared
from storage.schema import later_work
from storage.sealing import ID_BYTES

Values = dict[str, bytes | int]

OVERDUE_SECONDS = 30
"""A worker begins what is due within a second: what is overdue for longer meets one that is away, or very busy."""


def lane_values(lanes: Sequence[bytes], now: datetime) -> Values:
    """Return the values for the expressions below.

    Args:
        lanes: what the ids of all that is sent to the person begin with, day by day.
        now: the time, timezone-aware.
    """
    moment = int(now.timestamp())
    values: Values = {"now": moment, "overdue": moment - OVERDUE_SECONDS}
    for n, lane in enumerate(lanes):
        values |= {f"lane_{n}": lane, f"lane_end_{n}": lane + b"\xff" * ID_BYTES}
    return values


def first_waiting(lanes: int) -> ColumnElement[Any]:
    """Return the id of the first errand that waits; NULL where none does. All that waits is in one lane."""
    return func.coalesce(*_of_the_first(later_work.c.id, lanes), null(), null())


def is_on_its_way(lanes: int) -> ColumnElement[Any]:
    """Return whether the first one that waits will be sent in a moment, as far as anybody can tell.

    Where it failed before, or no worker takes it, nothing else should wait for it that can be said at once.
    """
    soon = and_(later_work.c.code.is_(None), later_work.c.due_at > bindparam("overdue"))
    return func.coalesce(*_of_the_first(soon, lanes), false(), false())


def _of_the_first(wanted: ColumnElement[Any], lanes: int) -> list[ColumnElement[Any]]:
    return [
        select(wanted)
        .where(
            later_work.c.id.between(bindparam(f"lane_{n}"), bindparam(f"lane_end_{n}")),
            ~later_work.c.given_up,
            later_work.c.erase_at > bindparam("now"),
        )
        .order_by(later_work.c.id)
        .suffix_with("LIMIT 1")  # as `limit` does, which adds a value of its own
        .scalar_subquery()
        for n in range(lanes)
    ]


def find_waiting(lanes: Sequence[bytes], now: datetime) -> tuple[Prepared, Values]:
    """Return a query for the id of the first errand that waits to be sent to a person, and its values."""
    return _find_waiting(len(lanes)), lane_values(lanes, now)


@lru_cache
def _find_waiting(lanes: int) -> Prepared:
    return Prepared(select(first_waiting(lanes)))
