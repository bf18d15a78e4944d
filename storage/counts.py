"""Monthly counts: how often something happened, with no link to a case or a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import Connection, select, text

from storage.line import Line
from storage.prepared import Prepared
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


def count_up(on: Line | Connection, names: Collection[str], now: datetime) -> None:
    """Let the counts of these names go up by one for each time a name is given.

    To be the last thing a transaction does: on PostgreSQL others that count the same wait for its end.
    """
    # In one order everywhere, so that two transactions cannot wait for each other.
    if not names:
        return
    for name, n in sorted(Counter(names).items()):
        _ADD.run(on, {"month": month_of(now), "name": name, "n": n})


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
