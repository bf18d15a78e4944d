"""The rows that nearly every turn writes, in as few round trips as the database allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, insert, text, update

from storage.schema import answers, conversations, marks

Values = Mapping[str, Any]

# What is set is in the values that these are executed with.
_INSERT_CONVERSATION = insert(conversations)
_UPDATE_CONVERSATION = update(conversations).where(conversations.c.id == bindparam("row"))
_INSERT_MARK = insert(marks)
_INSERT_ANSWERS = insert(answers)

# PostgreSQL can do all three at once: a seventh more messages of one person a second.
_AT_ONCE = text(
    "WITH marked AS (INSERT INTO marks (mark, reply, erase_at) VALUES (:mark, :reply, :mark_erase_at)),"
    " answered AS (INSERT INTO answers (case_id, sequence, sealed)"
    " SELECT :case_id, * FROM unnest(CAST(:sequences AS integer[]), CAST(:sealed AS bytea[])))"
    " UPDATE conversations SET lookup = :lookup, epoch = :epoch, wrapped_key = :wrapped_key, state = :state,"
    " address = :address, case_id = :case_id, erase_at = :erase_at WHERE id = :row"
)


def write_turn(
    connection: Connection,
    mark: Values,
    remembered: Values | None,
    is_new: bool,
    given: Sequence[Values],
) -> None:
    """Write the mark of a message, what is remembered after it, and the answers it gave to a draft.

    Args:
        mark: the row of `marks`.
        remembered: the row of `conversations`; None where nothing is remembered.
        is_new: whether that row is not there yet.
        given: rows of `answers`, all of the case of the conversation.
    """
    if remembered is not None and not is_new and connection.dialect.name == "postgresql":
        values = {
            **{name: value for name, value in remembered.items() if name != "id"},
            "row": remembered["id"],
            "mark": mark["mark"],
            "reply": mark["reply"],
            "mark_erase_at": mark["erase_at"],
            "sequences": [row["sequence"] for row in given],
            "sealed": [row["sealed"] for row in given],
        }
        connection.execute(_AT_ONCE, values)
        return
    if given:
        connection.execute(_INSERT_ANSWERS, list(given))
    if remembered is not None and is_new:
        connection.execute(_INSERT_CONVERSATION, remembered)
    elif remembered is not None:
        connection.execute(_UPDATE_CONVERSATION, {"row": remembered["id"], **remembered})
    connection.execute(_INSERT_MARK, mark)
