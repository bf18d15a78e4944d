"""The rows that nearly every turn writes, in as few round trips as the database allows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Table, bindparam, insert, text, update

from storage.errors import Overtaken
from storage.prepared import Prepared, Values
from storage.schema import answers, conversations, later_work, marks


def _insert(table: Table, *columns: str) -> Prepared:
    return Prepared(insert(table), columns)


def _update(*columns: str) -> Prepared:
    # Overtaken, where the state is no longer the one that was read: it never comes twice, being sealed.
    unchanged = conversations.c.id == bindparam("row"), conversations.c.state == bindparam("was")
    return Prepared(update(conversations).where(*unchanged), columns)


_REMEMBERED = ("lookup", "epoch", "wrapped_key", "state", "address", "letter_key", "case_id", "erase_at")
_INSERT_CONVERSATION = _insert(conversations, "id", *_REMEMBERED)
_UPDATE_CONVERSATION = _update(*_REMEMBERED)
# What most messages change. Naming the others too would write their indexes anew.
_UPDATE_STATE = _update("state", "erase_at")
_SELDOM_CHANGED = tuple(name for name in _REMEMBERED if name not in ("state", "erase_at"))
_INSERT_MARK = _insert(marks, "mark", "reply", "erase_at")
_INSERT_ANSWERS = _insert(answers, "case_id", "sequence", "sealed")
_INSERT_ERRANDS = _insert(later_work, "id", "kind", "due_at", "subject", "epoch", "sealed", "erase_at")

# PostgreSQL can do all three at once, which saves two round trips.
_AT_ONCE = Prepared(
    text(
        "WITH marked AS (INSERT INTO marks (mark, reply, erase_at) VALUES (:mark, :reply, :mark_erase_at)),"
        " answered AS (INSERT INTO answers (case_id, sequence, sealed)"
        " SELECT :case_id, * FROM unnest(CAST(:sequences AS integer[]), CAST(:sealed AS bytea[])))"
        " UPDATE conversations SET lookup = :lookup, epoch = :epoch, wrapped_key = :wrapped_key, state = :state,"
        " address = :address, letter_key = :letter_key, case_id = :case_id, erase_at = :erase_at WHERE id = :row AND state = :was"
    )
)


def write_turn(
    connection: Connection,
    mark: Values,
    remembered: Values | None,
    stored: Row[Any] | None,
    given: Sequence[Values],
) -> None:
    """Write the mark of a message, what is remembered after it, and the answers it gave to a draft.

    Args:
        mark: the row of `marks`.
        remembered: the row of `conversations`; None where nothing is remembered.
        stored: that row as it was read; None where it is not there yet.
        given: rows of `answers`, all of the case of the conversation.
    Raises:
        Overtaken: the row is no longer as it was read.
    """
    changed = 1
    if remembered is None or stored is None or connection.dialect.name != "postgresql":
        _INSERT_ANSWERS.run(connection, *given)
        if remembered is not None and stored is not None:
            same = all(remembered[name] == getattr(stored, name) for name in _SELDOM_CHANGED)
            statement = _UPDATE_STATE if same else _UPDATE_CONVERSATION
            changed = statement.run(connection, {"row": remembered["id"], "was": stored.state, **remembered})
        elif remembered is not None:
            _INSERT_CONVERSATION.run(connection, remembered)
        _INSERT_MARK.run(connection, mark)
    else:
        values = {
            **{name: value for name, value in remembered.items() if name != "id"},
            "row": remembered["id"],
            "was": stored.state,
            "mark": mark["mark"],
            "reply": mark["reply"],
            "mark_erase_at": mark["erase_at"],
            "sequences": [row["sequence"] for row in given],
            "sealed": [row["sealed"] for row in given],
        }
        changed = _AT_ONCE.run(connection, values)
    if changed != 1:
        raise Overtaken


def write_errands(connection: Connection, errands: Sequence[Values]) -> None:
    """Write rows of `later_work`, as `storage.errands.rows_of` makes them."""
    if errands:
        _INSERT_ERRANDS.run(connection, *errands)
