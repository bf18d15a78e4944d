"""Correcting an answer at the desk: what the person gave stays, and what counts instead is written beside it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flows.choices import CHOICES
from flows.steps import STEP
from storage import audit
from storage.casebook import Entry, append_entry, written_once
from storage.database import Database
from storage.errors import TooLong
from storage.opening import with_key, workable
from storage.requests import finish_request
from storage.staff import Caseworker

CORRECTABLE = (
    "whose",
    "image_age",
    "pronoun",
    "name",
    "contact_method",
    "contact_detail",
    "contact_safety",
    "relationship",
    "background",
    "content",
    "story",
)
LONGEST_VALUE = 4_000
"""Characters."""


def read_value(name: str, chosen: list[str], text: str) -> Any:
    """Return an answer as the conversation would seal it, from what a form holds.

    Args:
        chosen: ids of choices.
        text: the person's words, where the field takes any.
    Raises:
        ValueError: the field cannot be corrected, or this is no answer to it.
        TooLong: the words are.
    """
    if name not in CORRECTABLE or not set(chosen) <= set(CHOICES.get(name, ())):
        raise ValueError("no answer to this")
    if len(text) > LONGEST_VALUE:
        raise TooLong
    match STEP[name].takes:
        case "safety":
            times = [choice for choice in chosen if choice != "discreet_only"]
            return {"times": times, "discreet_only": "discreet_only" in chosen, "text": text or None}
        case "several" if chosen:
            return chosen
        case "one" if len(chosen) == 1:
            return chosen[0]
        case "text" | "detail" | "story" if text:
            return text
    raise ValueError("no answer to this")


def correct_answer(
    database: Database,
    caseworker: Caseworker,
    reference: str,
    name: str,
    value: Any,
    why: str,
    once: str = "",
) -> Entry:
    """Have another answer count, with who said so and when. A request to correct counts as seen to.

    Args:
        value: as `read_value` gives it.
        why: what the person said, or where it is known from.
    Raises: as `storage.casebook.write_entry`.
    """
    about: Mapping[str, Any] = {"field": name, "value": value, **({"once": once} if once else {})}
    with database.transaction() as connection:
        opened = with_key(workable(connection, caseworker, reference), caseworker)
        if (written := written_once(connection, opened, once)) is not None:
            return written
        finish_request(connection, opened.id, "correct")
        return append_entry(connection, opened, caseworker, "correction", why, about)


def note_release(database: Database, caseworker: Caseworker, reference: str, left_out: int) -> None:
    """Note that a copy of what is held was given out, and how much was left out of it.

    Raises: as `storage.casebook.write_entry`.
    """
    with database.transaction() as connection:
        opened = with_key(workable(connection, caseworker, reference), caseworker)
        finish_request(connection, opened.id, "copy")
        audit.append(
            connection, datetime.now(UTC), caseworker.id, "copy_released", audit.subject_of(opened.id)
        )
        append_entry(connection, opened, caseworker, "copy", "", {"left_out": left_out})
