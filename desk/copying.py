"""Everything that is held about a person, item by item, for the copy that they may ask for.

A colleague goes through it first: what is another person's is left out, and names are made unreadable.
Source: the Personal Data (Privacy) Ordinance, Cap. 486, sections 18 to 20.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from desk import naming
from desk.reading import told_answer
from flows.vocabulary import LANGUAGES
from storage.casebook import Entry
from storage.casetelling import Case, Given

Say = Callable[..., str]
"""Says a text by its id, in the language of the copy."""

BLACKED = "█████"

_OURS_ALONE = frozenset({"third_party"})
"""Kinds of entry that are left out unless somebody takes them in: they are about other people."""


@dataclass(frozen=True)
class Item:
    """One thing that is held.

    Attributes:
        id: names it in the form; the same as long as nothing of the case is changed.
        at: when it came, UTC; None of what has no time.
        left_out: it is, unless somebody decides otherwise.
    """

    id: str
    title: str
    text: str = field(repr=False)
    at: datetime | None = None
    left_out: bool = False


def items_of(case: Case, say: Say) -> list[Item]:
    """Return everything that is held of a case, in the order in which it came."""
    facts = (
        ("reference", case.reference),
        ("status", say(f"desk.case_status.{case.status}")),
        ("language", say(f"choice.language.{case.language}") if case.language in LANGUAGES else "–"),
        ("channel", say(f"desk.channel.{case.channel}") if case.channel in naming.CHANNELS else "–"),
        ("flags", ", ".join(say(f"desk.flag.{flag}") for flag in case.flags if flag in naming.FLAGS) or "–"),
    )
    found = [Item(f"fact-{name}", say(f"desk.copy.{name}"), text, case.submitted_at) for name, text in facts]
    found += [_of_answer(number, given, say) for number, given in enumerate(case.given)]
    found += [_of_entry(entry, say) for entry in case.entries]
    found += [
        Item(
            f"link-{link.number}",
            say("field.links"),
            f"{link.url}\n{say(f'desk.link_status.{link.status}')}",
            link.at,
        )
        for link in case.links
    ]
    found += [
        Item(f"opened-{number}", say("desk.event.case_opened"), "", opening.at)
        for number, opening in enumerate(case.opened)
    ]
    return sorted(found, key=lambda item: item.at or case.submitted_at)


def released(items: Iterable[Item], left_out: Collection[str], names: Sequence[str]) -> list[Item]:
    """Return what is given out: without the items left out, and with these names made unreadable.

    Args:
        left_out: ids of items.
        names: of third persons; small and capital letters are the same.
    """
    hide = hiding(names)
    return [
        replace(item, title=hide(item.title), text=hide(item.text))
        for item in items
        if item.id not in left_out
    ]


def hiding(names: Sequence[str]) -> Callable[[str], str]:
    """Return what makes names unreadable in a text: the longest first, so that no half of one stays."""
    wanted = sorted({name.strip() for name in names if name.strip()}, key=len, reverse=True)
    if not wanted:
        return lambda text: text
    pattern = re.compile("|".join(map(re.escape, wanted)), re.IGNORECASE)
    return lambda text: pattern.sub(BLACKED, text)


def as_json(items: Iterable[Item]) -> str:
    """Write a copy for programs."""
    listed = [
        {"what": item.title, "at": item.at.isoformat() if item.at else None, "text": item.text}
        for item in items
    ]
    return json.dumps({"items": listed}, ensure_ascii=False, indent=2) + "\n"


def _of_answer(number: int, given: Given, say: Say) -> Item:
    name = given.field_id
    title = say(f"desk.field.{name}") if name in {*naming.FIELDS, "consent"} else say("field.links")
    return Item(f"answer-{number}", title, "\n".join(_words(name, given.answer.value, say)), given.answer.at)


def _words(name: str, value: Any, say: Say) -> Iterator[str]:
    if value is None:
        yield say("desk.case.skipped")
        return
    if isinstance(value, dict) and name == "consent":
        asked = value.get("language")
        yield str(value.get("version", "–"))
        if asked in LANGUAGES:
            yield say(f"choice.language.{asked}")
        return
    told = told_answer(name, value)
    yield from (say(choice) for choice in told.choices)
    if told.words:
        yield told.words


def _of_entry(entry: Entry, say: Say) -> Item:
    text = entry.text
    if entry.kind == "correction":
        name = str(entry.about.get("field", ""))
        label = say(f"desk.field.{name}") if name in naming.FIELDS else ""
        text = "\n".join([label, *_words(name, entry.about.get("value"), say), text]).strip()
    return Item(
        f"entry-{entry.number}",
        say(f"desk.entry.{entry.kind}"),
        text,
        entry.at,
        left_out=entry.kind in _OURS_ALONE,
    )
