"""Monthly counts: how often something happened, with no link to a case or a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, select, text

from storage.line import Line
from storage.prepared import Prepared, Values
from storage.schema import counts

# The same on both databases, which Core cannot say.
_ADD = Prepared(
    text(
        "INSERT INTO counts (month, name, n) VALUES (:month, :name, :n)"
        " ON CONFLICT (month, name) DO UPDATE SET n = counts.n + excluded.n"
    )
)


def month_of(moment: datetime) -> str:
    """Return the month that a moment is counted in, by UTC: `2026-11`."""
    return f"{moment.astimezone(UTC):%Y-%m}"


def counted(names: Collection[str], now: datetime) -> list[Values]:
    """Return what is added to `counts`: one for each time a name is given.

    In one order everywhere, so that two transactions cannot wait for each other.
    """
    if not names:
        return []
    month = month_of(now)
    return [{"month": month, "name": name, "n": n} for name, n in sorted(Counter(names).items())]


def count_up(on: Line | Connection, rows: Sequence[Values]) -> None:
    """Add what was `counted`.

    To be the last thing a transaction does: on PostgreSQL others that count the same wait for its end.
    """
    _ADD.run(on, *rows)


def counts_between(connection: Connection, first: str, last: str) -> dict[str, dict[str, int]]:
    """Return the counts by month and name, for the months from `first` to `last`, both included.

    Small numbers can point to a person: whoever shows them to others leaves out those under five.
    """
    found: dict[str, dict[str, int]] = {}
    for row in connection.execute(
        select(counts).where(counts.c.month.between(first, last)).order_by(counts.c.month, counts.c.name)
    ):
        found.setdefault(row.month, {})[row.name] = row.n
    return found
