"""The rows that nearly every turn writes, in as few round trips as the database allows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Table, bindparam, insert, update

from storage.errors import Overtaken
from storage.line import Line
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
_ERRAND = ("id", "kind", "due_at", "subject", "epoch", "sealed", "erase_at")
_INSERT_ERRANDS = _insert(later_work, *_ERRAND)

# PostgreSQL can do all of it at once, and as one statement it is a transaction by itself: nothing is written
# unless the conversation is still the one that was read. In the driver's own words, which can say `b`: bytes in a
# list go as they are, and are not spelled out.
_AT_ONCE = Prepared(
    "WITH changed AS (UPDATE conversations SET lookup = %(lookup)s, epoch = %(epoch)s,"
    " wrapped_key = %(wrapped_key)s, state = %(state)s, address = %(address)s, letter_key = %(letter_key)s,"
    " case_id = %(case_id)s, erase_at = %(erase_at)s WHERE id = %(row)s AND state = %(was)s RETURNING id),"
    " marked AS (INSERT INTO marks (mark, reply, erase_at)"
    " SELECT %(mark)s::bytea, %(reply)s::bytea, %(mark_erase_at)s::bigint FROM changed),"
    " answered AS (INSERT INTO answers (case_id, sequence, sealed)"
    " SELECT %(case_id)s::bytea, given.* FROM changed,"
    " unnest(%(sequences)s::integer[], %(sealed)b::bytea[]) AS given),"
    " sent AS (INSERT INTO later_work (id, kind, due_at, subject, epoch, sealed, erase_at)"
    " SELECT errand.* FROM changed, unnest(%(errand_id)b::bytea[], %(errand_kind)s::text[],"
    " %(errand_due_at)s::bigint[], %(errand_subject)b::bytea[], %(errand_epoch)s::integer[],"
    " %(errand_sealed)b::bytea[], %(errand_erase_at)s::bigint[]) AS errand)"
    " SELECT count(*) FROM changed"
)


def write_turn(
    on: Line | Connection,
    mark: Values,
    remembered: Values | None,
    stored: Row[Any] | None,
    given: Sequence[Values],
    errands: Sequence[Values] = (),
) -> None:
    """Write the mark of a message, what is remembered after it, the answers it gave to a draft, and its errands.

    Args:
        mark: the row of `marks`.
        remembered: the row of `conversations`; None where nothing is remembered.
        stored: that row as it was read; None where it is not there yet.
        given: rows of `answers`, all of the case of the conversation.
        errands: rows of `later_work`.
    Raises:
        Overtaken: the row is no longer as it was read.
    """
    if remembered is not None and stored is not None and on.dialect.name == "postgresql":
        _write_at_once(on, mark, remembered, stored, given, errands)
    else:
        _INSERT_ANSWERS.run(on, *given)
        if remembered is not None and stored is not None:
            same = all(remembered[name] == getattr(stored, name) for name in _SELDOM_CHANGED)
            statement = _UPDATE_STATE if same else _UPDATE_CONVERSATION
            if statement.run(on, {"row": remembered["id"], "was": stored.state, **remembered}) != 1:
                raise Overtaken
        elif remembered is not None:
            _INSERT_CONVERSATION.run(on, remembered)
        _INSERT_MARK.run(on, mark)
        write_errands(on, errands)


def writes_at_once(
    on: Line, mark: Values, remembered: Values | None, stored: Row[Any] | None, *rest: Sequence[Values]
) -> bool:
    """Whether `write_turn` would be a single statement."""
    return remembered is not None and stored is not None and on.dialect.name == "postgresql"


def write_errands(on: Line | Connection, errands: Sequence[Values]) -> None:
    """Write rows of `later_work`, as `storage.errands.rows_of` makes them."""
    _INSERT_ERRANDS.run(on, *errands)


def _write_at_once(
    on: Line | Connection,
    mark: Values,
    remembered: Values,
    stored: Row[Any],
    given: Sequence[Values],
    errands: Sequence[Values],
) -> None:
    values = {
        **remembered,
        "row": remembered["id"],
        "was": stored.state,
        "mark": mark["mark"],
        "reply": mark["reply"],
        "mark_erase_at": mark["erase_at"],
        "sequences": [row["sequence"] for row in given],
        "sealed": [row["sealed"] for row in given],
        **{f"errand_{name}": [errand[name] for errand in errands] for name in _ERRAND},
    }
    if _AT_ONCE.scalar(on, values) != 1:
        raise Overtaken
