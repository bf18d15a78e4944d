"""The rows that nearly every turn writes, in as few round trips as the database allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy import (
    CTE,
    Cast,
    Connection,
    Row,
    Table,
    bindparam,
    cast,
    func,
    insert,
    literal_column,
    select,
    true,
    update,
)

from storage.counts import count_up
from storage.errors import Overtaken, StoreAway
from storage.line import Line
from storage.prepared import Prepared, Values
from storage.schema import answers, cases, conversations, counts, desk_keys, later_work, marks

# Overtaken, where the state is no longer the one that was read: it never comes twice, being sealed.
_UNCHANGED = conversations.c.id == bindparam("row"), conversations.c.state == bindparam("was")
# What most messages change. On SQLite, naming the others too would write their indexes anew.
_OFTEN_CHANGED = ("state", "erase_at")
_SELDOM_CHANGED = ("lookup", "epoch", "wrapped_key", "address", "letter_key", "case_id")
_CHANGED = (*_SELDOM_CHANGED, *_OFTEN_CHANGED)

_NEW: dict[str, tuple[Table, tuple[str, ...]]] = {
    "case": (
        cases,
        ("id", "state", "public_key", "sealed_key", "generation", "language", "channel", "started_on"),
    ),
    "answer": (answers, ("case_id", "sequence", "sealed")),
    "mark": (marks, ("mark", "reply", "erase_at")),
    "errand": (later_work, ("id", "kind", "due_at", "subject", "epoch", "sealed", "erase_at")),
    "count": (counts, ("month", "name", "n")),
}
"""What a turn adds, in the order of who refers to whom: the tables, and the columns that are given."""

_ADD = {
    kind: Prepared(insert(table), columns)
    for kind, (table, columns) in _NEW.items()
    if table is not counts  # where `count_up` adds to what is there
}
_ADD_CONVERSATION = Prepared(insert(conversations), ("id", *_CHANGED))
_UPDATE_CONVERSATION = Prepared(update(conversations).where(*_UNCHANGED), _CHANGED)
_UPDATE_STATE = Prepared(update(conversations).where(*_UNCHANGED), _OFTEN_CHANGED)
# Held until the case is there, so that a key which has just become old is not destroyed before its last case.
_DESK_KEY = Prepared(
    select(desk_keys.c.state)
    .where(desk_keys.c.generation == bindparam("generation"))
    .with_for_update(read=True)
)

_MOST_AT_ONCE = 8
"""Rows that are answers or errands: for each number of them there is a statement, and each connection keeps it prepared."""


@dataclass(frozen=True)
class TurnRows:
    """What one turn writes: rows by the names of their columns.

    Attributes:
        mark: the row of `marks`.
        remembered: the row of `conversations`; None where nothing is remembered.
        stored: that row as it was read; None where it is not there yet.
        begun: the row of a case that begins with this message.
        given: rows of `answers`, all of the case of the conversation.
        errands: rows of `later_work`.
        counts: what is added to `counts`.
    """

    mark: Values
    remembered: Values | None
    stored: Row[Any] | None = None
    begun: Values | None = None
    given: Sequence[Values] = ()
    errands: Sequence[Values] = ()
    counts: Sequence[Values] = ()

    @cached_property
    def is_same(self) -> bool:
        """Whether nothing of the conversation changes but what most messages change."""
        return all(self.remembered[name] == getattr(self.stored, name) for name in _SELDOM_CHANGED)  # type: ignore[index]

    @property
    def added(self) -> dict[str, Sequence[Values]]:
        """The rows that are added, by the kinds of `_NEW`."""
        begun = () if self.begun is None else (self.begun,)
        return {
            "case": begun,
            "answer": self.given,
            "mark": (self.mark,),
            "errand": self.errands,
            "count": self.counts,
        }


def write_turn(on: Line | Connection, rows: TurnRows) -> None:
    """Write all of a turn.

    Raises:
        Overtaken: the conversation is no longer as it was read.
        StoreAway: as `begin_case`.
    """
    if goes_at_once(on, rows):
        _write_at_once(on, rows)
        return
    if rows.begun is not None:
        begin_case(on, rows.begun)
    _ADD["answer"].run(on, *rows.given)
    if rows.remembered is not None and rows.stored is not None:
        statement = _UPDATE_STATE if rows.is_same else _UPDATE_CONVERSATION
        if statement.run(on, _to_change(rows)) != 1:
            raise Overtaken
    elif rows.remembered is not None:
        _ADD_CONVERSATION.run(on, rows.remembered)
    _ADD["mark"].run(on, rows.mark)
    write_errands(on, rows.errands)
    count_up(on, rows.counts)


def begin_case(on: Line | Connection, begun: Values) -> None:
    """Write the row of a case that begins.

    Raises:
        StoreAway: the desk key was destroyed this very moment; the next attempt takes the new one.
    """
    if _DESK_KEY.scalar(on, begun) == "destroyed":
        raise StoreAway
    _ADD["case"].run(on, begun)


def write_errands(on: Line | Connection, errands: Sequence[Values]) -> None:
    """Write rows of `later_work`, as `storage.errands.rows_of` makes them."""
    _ADD["errand"].run(on, *errands)


def _to_change(rows: TurnRows) -> dict[str, Any]:
    values = dict(rows.remembered or {})
    if rows.stored is not None:
        values |= {"row": rows.stored.id, "was": rows.stored.state}
    return values


# -------------------------------------------------------------- all of it at once


def goes_at_once(on: Line | Connection, rows: TurnRows) -> bool:
    """Whether `write_turn` is a single statement, which on a line is a transaction by itself."""
    return (
        isinstance(on, Line)
        and on.dialect.name == "postgresql"
        and rows.remembered is not None
        and len(rows.given) + len(rows.errands) <= _MOST_AT_ONCE
        and len(rows.counts) <= 1
    )


def _write_at_once(on: Line | Connection, rows: TurnRows) -> None:
    values = _to_change(rows)
    added = rows.added
    for kind, each in added.items():
        for n, row in enumerate(each):
            values.update({f"{kind}_{n}_{name}": value for name, value in row.items()})
    change = "new" if rows.stored is None else "state" if rows.is_same else "all"
    statement = _at_once(change, tuple((kind, len(each)) for kind, each in added.items()))
    if statement.scalar(on, values) != 1:
        raise Overtaken


@lru_cache
def _at_once(change: str, added: tuple[tuple[str, int], ...]) -> Prepared:
    """Return what PostgreSQL does in one statement: nothing of it, unless the conversation is still the one that was read.

    Where the key of the desk was destroyed meanwhile, there is no case for the conversation to refer to, which refuses all.
    """
    changing: Any = update(conversations).where(*_UNCHANGED)
    if change == "new":
        changing = insert(conversations).values(id=bindparam("id"))
    named = _OFTEN_CHANGED if change == "state" else _CHANGED
    changing = changing.values({name: bindparam(name) for name in named})
    changed = changing.returning(conversations.c.id).cte("changed")
    parts = []
    for kind, many in added:
        for n in range(many):
            table, columns = _NEW[kind]
            row = select(*_cast(table, columns, f"{kind}_{n}_")).select_from(changed)
            if kind == "case":
                row = row.join(_undestroyed(f"{kind}_{n}_generation"), true())
            parts.append(_inserting(table).from_select(columns, row).cte(f"{kind}_{n}"))
    return Prepared(select(func.count()).select_from(changed).add_cte(*parts))


def _inserting(table: Table) -> Any:
    # Whoever keeps to SQLite has nothing of PostgreSQL's loaded.
    from sqlalchemy.dialects.postgresql import insert as insert_or

    if table is not counts:
        return insert(table)
    return insert_or(table).on_conflict_do_update(
        index_elements=["month", "name"], set_={"n": table.c.n + insert_or(table).excluded.n}
    )


def _undestroyed(generation: str) -> CTE:
    state = desk_keys.c.state != literal_column("'destroyed'")
    found = select(desk_keys.c.generation).where(desk_keys.c.generation == bindparam(generation), state)
    return found.with_for_update(read=True).cte("desk_key")


def _cast(table: Table, columns: Sequence[str], prefix: str) -> list[Cast[Any]]:
    # What is selected and not inserted as it stands would be taken for text.
    return [cast(bindparam(prefix + name), table.c[name].type) for name in columns]
