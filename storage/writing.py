"""The rows that nearly every turn writes, in as few round trips as the database allows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    Cast,
    Connection,
    Row,
    Table,
    bindparam,
    cast,
    func,
    insert,
    select,
    update,
)

from storage.errors import Overtaken, StoreAway
from storage.line import Line
from storage.prepared import Prepared, Values
from storage.schema import answers, cases, conversations, desk_keys, later_work, marks


def _insert(table: Table, *columns: str) -> Prepared:
    return Prepared(insert(table), columns)


# Overtaken, where the state is no longer the one that was read: it never comes twice, being sealed.
_UNCHANGED = conversations.c.id == bindparam("row"), conversations.c.state == bindparam("was")
# What most messages change. On SQLite, naming the others too would write their indexes anew.
_OFTEN_CHANGED = ("state", "erase_at")
_SELDOM_CHANGED = ("lookup", "epoch", "wrapped_key", "address", "letter_key", "case_id")
_REMEMBERED = (*_SELDOM_CHANGED, *_OFTEN_CHANGED)
_MARK = ("mark", "reply", "erase_at")
_ANSWER = ("case_id", "sequence", "sealed")
_ERRAND = ("id", "kind", "due_at", "subject", "epoch", "sealed", "erase_at")

_INSERT_CONVERSATION = _insert(conversations, "id", *_REMEMBERED)
_UPDATE_CONVERSATION = Prepared(update(conversations).where(*_UNCHANGED), _REMEMBERED)
_UPDATE_STATE = Prepared(update(conversations).where(*_UNCHANGED), _OFTEN_CHANGED)
_INSERT_MARK = _insert(marks, *_MARK)
_INSERT_ANSWERS = _insert(answers, *_ANSWER)
_INSERT_ERRANDS = _insert(later_work, *_ERRAND)

_CASE = (
    "id",
    "state",
    "public_key",
    "sealed_key",
    "generation",
    "language",
    "channel",
    "started_on",
)
_INSERT_CASE = _insert(cases, *_CASE)
# Held until the case is there, so that a key which has just become old is not destroyed before its last case.
_DESK_KEY = Prepared(
    select(desk_keys.c.state)
    .where(desk_keys.c.generation == bindparam("generation"))
    .with_for_update(read=True)
)

_MOST_AT_ONCE = 8
"""Rows that are answers or errands: for each number of them there is a statement, and each connection keeps it prepared."""


def write_turn(
    on: Line | Connection,
    mark: Values,
    remembered: Values | None,
    stored: Row[Any] | None,
    given: Sequence[Values],
    errands: Sequence[Values] = (),
    begun: Values | None = None,
) -> None:
    """Write the mark of a message, what is remembered after it, the answers it gave to a draft, and its errands.

    Args:
        mark: the row of `marks`.
        remembered: the row of `conversations`; None where nothing is remembered.
        stored: that row as it was read; None where it is not there yet.
        given: rows of `answers`, all of the case of the conversation.
        errands: rows of `later_work`.
        begun: the row of a case that begins with this message.
    Raises:
        Overtaken: the row is no longer as it was read.
        StoreAway: as `begin_case`.
    """
    if begun is not None:
        begin_case(on, begun)
    elif remembered is not None and stored is not None and _fits_at_once(on, given, errands):
        _write_at_once(on, mark, remembered, stored, given, errands)
        return
    _INSERT_ANSWERS.run(on, *given)
    if remembered is not None and stored is not None:
        statement = _UPDATE_STATE if _is_same(remembered, stored) else _UPDATE_CONVERSATION
        if statement.run(on, {"row": remembered["id"], "was": stored.state, **remembered}) != 1:
            raise Overtaken
    elif remembered is not None:
        _INSERT_CONVERSATION.run(on, remembered)
    _INSERT_MARK.run(on, mark)
    write_errands(on, errands)


def writes_at_once(
    on: Line | Connection,
    mark: Values,
    remembered: Values | None,
    stored: Row[Any] | None,
    given: Sequence[Values],
    errands: Sequence[Values],
    begun: Values | None,
) -> bool:
    """Whether `write_turn` would be a single statement, which is a transaction by itself."""
    is_known = remembered is not None and stored is not None
    return is_known and begun is None and _fits_at_once(on, given, errands)


def begin_case(on: Line | Connection, begun: Values) -> None:
    """Write the row of a case that begins.

    Raises:
        StoreAway: the desk key was destroyed this very moment; the next attempt takes the new one.
    """
    if _DESK_KEY.scalar(on, begun) == "destroyed":
        raise StoreAway
    _INSERT_CASE.run(on, begun)


def write_errands(on: Line | Connection, errands: Sequence[Values]) -> None:
    """Write rows of `later_work`, as `storage.errands.rows_of` makes them."""
    _INSERT_ERRANDS.run(on, *errands)


def _fits_at_once(on: Line | Connection, given: Sequence[Values], errands: Sequence[Values]) -> bool:
    return on.dialect.name == "postgresql" and len(given) + len(errands) <= _MOST_AT_ONCE


def _is_same(remembered: Values, stored: Row[Any]) -> bool:
    return all(remembered[name] == getattr(stored, name) for name in _SELDOM_CHANGED)


def _write_at_once(
    on: Line | Connection,
    mark: Values,
    remembered: Values,
    stored: Row[Any],
    given: Sequence[Values],
    errands: Sequence[Values],
) -> None:
    values = {**remembered, "row": remembered["id"], "was": stored.state}
    for kind, rows in (("mark", [mark]), ("answer", given), ("errand", errands)):
        for n, row in enumerate(rows):
            values |= {f"{kind}_{n}_{name}": value for name, value in row.items()}
    statement = _at_once(_is_same(remembered, stored), len(given), len(errands))
    if statement.scalar(on, values) != 1:
        raise Overtaken


@lru_cache
def _at_once(same: bool, given: int, errands: int) -> Prepared:
    """Return what PostgreSQL does in one statement: nothing of it, unless the conversation is still the one that was read."""
    changed = update(conversations).where(*_UNCHANGED).values(_bound(_OFTEN_CHANGED if same else _REMEMBERED))
    found = changed.returning(conversations.c.id).cte("changed")
    wanted = (
        ("mark", marks, _MARK, 1),
        ("answer", answers, _ANSWER, given),
        ("errand", later_work, _ERRAND, errands),
    )
    written = (
        insert(table)
        .from_select(columns, select(*_cast(table, columns, f"{kind}_{n}_")).select_from(found))
        .cte(f"{kind}_{n}")
        for kind, table, columns, rows in wanted
        for n in range(rows)
    )
    return Prepared(select(func.count()).select_from(found).add_cte(*written))


def _bound(columns: Sequence[str]) -> dict[str, BindParameter[Any]]:
    return {name: bindparam(name) for name in columns}


def _cast(table: Table, columns: Sequence[str], prefix: str) -> list[Cast[Any]]:
    # What is selected and not inserted as it stands would be taken for text.
    return [cast(bindparam(prefix + name), table.c[name].type) for name in columns]
