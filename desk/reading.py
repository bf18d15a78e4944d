"""How a case is read: its answers in words, how far its links are, and what happened, in one order."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from desk import naming
from flows.choices import CHOICES
from storage import audit
from storage.casebook import Entry
from storage.casetelling import Case, Given, Link

MENTIONED_ELSEWHERE: frozenset[audit.Event] = frozenset(
    {"case_opened", "links_changed", "note_written", "message_written"}
)
"""Events of the log that the case itself tells more of."""

# ------------------------------------------------------------------ answers


@dataclass(frozen=True)
class Told:
    """An answer: choices, for which we have words, and the person's own words, which stay as they are.

    Attributes:
        choices: ids of texts.
        words: None where there are none.
        corrected: it was given again after the case had been submitted.
        unseen: that came since somebody who has the case last opened it.
    """

    name: str
    choices: tuple[str, ...] = field(repr=False)
    words: str | None = field(repr=False)
    corrected: bool = False
    unseen: bool = False


def told_answers(case: Case) -> list[Told]:
    """Return every answer that counts but consent, in the order in which a case is read."""
    order = [*naming.FIELDS, *(name for name in case.fields if name not in naming.FIELDS)]
    later = {each.field_id: each.unseen for each in case.given if each.later}
    return [
        replace(told_answer(name, case.fields[name]), corrected=name in later, unseen=later.get(name, False))
        for name in order
        if name in case.fields and name != "consent"
    ]


def told_answer(name: str, value: Any) -> Told:
    """Put one answer into words."""
    match value:
        case None:
            return Told(name, (), None)
        case {"times": times, "discreet_only": discreet, "text": text}:
            return Told(name, *_sorted_out(name, [*times, *(["discreet_only"] if discreet else [])], text))
        case {"reason": reason, "where": where}:
            return Told(name, *_sorted_out(name, [reason], where))
        case list():
            return Told(name, *_sorted_out(name, value, None))
        case str():
            return Told(name, *_sorted_out(name, [value], None))
    return Told(name, (), str(value))


def _sorted_out(name: str, values: Iterable[Any], more: str | None) -> tuple[tuple[str, ...], str | None]:
    """Tell choices from words."""
    choices, words = [], []
    for value in values:
        if value in CHOICES.get(name, ()) and value != "done":
            choices.append(f"choice.{name}.{value}")
        else:
            words.append(value["url"] if isinstance(value, dict) and "url" in value else str(value))
    words += [more] if more else []
    return tuple(choices), "\n".join(words) if words else None


# ------------------------------------------------------------------ links


@dataclass(frozen=True)
class Followed:
    """A link, and what was done about it.

    Attributes:
        exact: as it was sent.
        inert: the same, so that no program takes it for a link, and nothing in it is unseen.
        reports: entries that changed it, the last one first.
    """

    link: Link
    exact: str = field(repr=False)
    inert: str = field(repr=False)
    reports: tuple[Entry, ...]


def followed_links(case: Case) -> list[Followed]:
    """Return the links of a case with what was done about each."""
    done = [entry for entry in reversed(case.entries) if entry.kind == "links"]
    return [
        Followed(
            link,
            link.url,
            defanged(link.url),
            tuple(entry for entry in done if str(link.number) in entry.about.get("links", {})),
        )
        for link in case.links
    ]


def defanged(url: str) -> str:
    """Return a link that can be pasted anywhere and leads nowhere: `hxxps://example[.]com/…`."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        scheme, rest = "", url
    host, slash, path = rest.partition("/")
    scheme = scheme.replace("http", "hxxp").replace("HTTP", "HXXP")
    return visible(f"{scheme}{separator}{host.replace('.', '[.]')}{slash}{path}")


def visible(text: str) -> str:
    """Return a text in which whatever does not show, or turns the direction of reading, is a code in its place."""
    return "".join(
        f"\\u{ord(c):04x}" if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") else c
        for c in text
    )


def last_change(case: Case) -> Entry | None:
    """Return the entry about links that can be taken back: the last one, unless it took one back itself."""
    last = next((entry for entry in reversed(case.entries) if entry.kind == "links"), None)
    return last if last is not None and "before" in last.about and "undone" not in last.about else None


# ------------------------------------------------------------------ what happened


@dataclass(frozen=True)
class Happening:
    """One thing that happened.

    Attributes:
        kind: `submitted`, `added` or `corrected` by the person; `entry` of a colleague; `event` of the log;
            `opened`.
        who: the name of the colleague; None of the person, or of somebody who is not known.
        times: how often in a row the same colleague opened it.
    """

    at: datetime
    kind: str
    who: str | None = None
    told: Told | None = field(default=None, repr=False)
    entry: Entry | None = None
    event: str = ""
    to: str | None = None
    links: int = 0
    unseen: bool = False
    times: int = 1


def timeline(case: Case, events: Iterable[audit.Entry], names: Mapping[str, str]) -> list[Happening]:
    """Return everything that happened to a case, the last first.

    Args:
        names: of colleagues, by hexadecimal id.
    """
    found = [Happening(case.submitted_at, "submitted")]
    found += (_given(each) for each in case.given if each.later)
    found += (Happening(entry.at, "entry", names.get(entry.staff), entry=entry) for entry in case.entries)
    found += (
        Happening(
            event.at,
            "event",
            names.get(event.staff or ""),
            event=event.event,
            to=names.get(event.recipient or ""),
        )
        for event in events
    )
    found += (Happening(opening.at, "opened", opening.name) for opening in case.opened)
    found.sort(key=lambda each: each.at)
    return list(_gathered(found))[::-1]


def _given(given: Given) -> Happening:
    kind = "corrected" if given.answer.how == "set" else "added"
    if given.field_id == "links":
        return Happening(
            given.answer.at, kind, links=len(given.answer.value or ()), unseen=given.unseen, event="links"
        )
    told = told_answer(given.field_id, given.answer.value)
    return Happening(given.answer.at, kind, told=told, unseen=given.unseen)


def _gathered(found: Sequence[Happening]) -> Iterator[Happening]:
    """Give openings by the same colleague, with nothing between them, as one."""
    last: Happening | None = None
    for each in found:
        if last is not None and last.kind == each.kind == "opened" and last.who == each.who:
            last = replace(each, times=last.times + 1)
            continue
        if last is not None:
            yield last
        last = each
    if last is not None:
        yield last
