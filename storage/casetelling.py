"""What a colleague is told of a case: the answers that count in the end, and what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Row

from flows.priority import flags_of_background, flags_of_content, flags_of_image_age, priority
from flows.understanding.links import read_links
from storage.casebook import Entry
from storage.casefile import SealedAnswer

Status = Literal["queued", "claimed", "closed"]
PRIORITIES = ("urgent", "high", "normal")
"""The most urgent first."""

LINKS = "links"

_FLAGS_OF: Mapping[str, tuple[Callable[[Any], frozenset[str]], frozenset[str]]] = {
    "image_age": (flags_of_image_age, frozenset({"image_under_16", "image_age_unsure"})),
    "background": (flags_of_background, frozenset({"threatened", "shared"})),
    "content": (flags_of_content, frozenset({"non_consensual_activity"})),
}
"""The flags that an answer means, and all that answers to this question can mean."""
_TOLD_FREELY = ("story", "message", "links_note", "no_links", "contact_safety")
"""Fields in which a link may stand among other words."""
_NAMES = ("name", "pronoun")
"""Fields in which one may stand too; what has no stroke in it is a name, such as A.Li."""


@dataclass(frozen=True)
class CaseSummary:
    """A line of the queue. Flags and reason are those of the submission.

    Attributes:
        raised: the person asked for somebody sooner since.
        submitted_at: UTC; None where the case is damaged.
        damaged: which check failed (`CaseDamaged.check`), or None.
    """

    reference: str
    status: Status
    priority: str
    priority_reason: str | None
    language: str | None
    channel: str | None
    flags: tuple[str, ...]
    raised: bool
    submitted_at: datetime | None
    damaged: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the line as `tada case list --json` prints it."""
        return {
            "reference": self.reference,
            "status": self.status,
            "priority": self.priority,
            "priority_reason": self.priority_reason,
            "language": self.language,
            "channel": self.channel,
            "flags": list(self.flags),
            "raised": self.raised,
            "submitted_at": self.submitted_at.isoformat() if self.submitted_at else None,
            "damaged": self.damaged,
        }


@dataclass(frozen=True)
class Link:
    """A link as it was sent, what it is compared by, and how far its removal is.

    Attributes:
        number: its place in the case, 0 for the first.
        platform: the type of site; as a colleague corrected it, where one did.
        at: when it was sent, UTC.
        unseen: it came since somebody who has the case last opened it.
    """

    url: str = field(repr=False)
    normalised: str = field(repr=False)
    host: str = field(repr=False)
    platform: str
    status: str
    number: int = 0
    at: datetime | None = None
    unseen: bool = False

    def as_json(self) -> dict[str, str]:
        """Return the link as `tada case show --json` prints it."""
        return {
            "url": self.url,
            "normalised": self.normalised,
            "host": self.host,
            "platform": self.platform,
            "status": self.status,
        }


@dataclass(frozen=True)
class Given:
    """An answer as it was given.

    Attributes:
        later: it was given after the case had been submitted.
        unseen: it came since somebody who has the case last opened it.
    """

    field_id: str
    answer: SealedAnswer = field(repr=False)
    later: bool = False
    unseen: bool = False

    def without_links(self) -> Given:
        """Return it with every link taken out of what was told freely."""
        cleared, _ = without_links({self.field_id: self.answer.value})
        return replace(self, answer=replace(self.answer, value=cleared[self.field_id]))


@dataclass(frozen=True)
class Opening:
    """That somebody opened the case."""

    at: datetime
    name: str | None

    def as_json(self) -> dict[str, str | None]:
        """Return the opening as `tada case show --json` prints it."""
        return {"at": self.at.isoformat(), "staff": self.name}


@dataclass(frozen=True)
class Case:
    """A case, opened and genuine.

    Attributes:
        priority: that of the submission, or a higher one that follows from what came since.
        flags: what was flagged, with what follows from the answers that count now.
        fields: the answer that counts for each field asked, but for given links; None where it was skipped.
        links_withheld: how many links were given that are shown to nobody: the images are of a child.
        opened: every opening, this one last.
        given: every answer in the order in which they came, as each was; the timeline.
        entries: everything that colleagues wrote into the case.
        holder: the name of whoever has it.
        raised: the person asked for somebody sooner, and nobody attended to it yet.
        erased_after: when a closed case is destroyed, UTC.
    """

    reference: str
    status: Status
    priority: str
    priority_reason: str
    language: str | None
    channel: str | None
    flags: tuple[str, ...]
    submitted_at: datetime
    fields: dict[str, Any] = field(repr=False)
    links: tuple[Link, ...] = field(repr=False)
    opened: tuple[Opening, ...]
    links_withheld: int = 0
    given: tuple[Given, ...] = field(default=(), repr=False)
    entries: tuple[Entry, ...] = field(default=(), repr=False)
    holder: str | None = None
    raised: bool = False
    due_on: date | None = None
    erased_after: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the case as `tada case show --json` prints it; `links_withheld` only where links are."""
        withheld = {"links_withheld": self.links_withheld} if self.links_withheld else {}
        return {
            "reference": self.reference,
            "status": self.status,
            "priority": self.priority,
            "priority_reason": self.priority_reason,
            "language": self.language,
            "channel": self.channel,
            "flags": list(self.flags),
            "submitted_at": self.submitted_at.isoformat(),
            "fields": self.fields,
            "links": [link.as_json() for link in self.links],
            **withheld,
            "messages": [entry.as_message() for entry in self.entries if entry.kind == "message"],
            "opened": [opening.as_json() for opening in self.opened],
        }


# ------------------------------------------------------------------ from answers to what is told


def folded(given: Iterable[tuple[str, SealedAnswer]]) -> dict[str, Any]:
    """Return what counts for each field in the end."""
    fields: dict[str, Any] = {}
    for field_id, answer in given:
        before = fields.get(field_id)
        fields[field_id] = answer.value if answer.how == "set" else _added(before, answer.value)
    return fields


def corrected(fields: Mapping[str, Any], given: Iterable[Given], entries: Iterable[Entry]) -> dict[str, Any]:
    """Return the fields with what colleagues corrected; an answer that the person gave anew since counts instead."""
    # What colleagues write is timed by whole seconds.
    last_said = {
        each.field_id: each.answer.at.replace(microsecond=0) for each in given if each.answer.how == "set"
    }
    result = dict(fields)
    for entry in entries:
        name = entry.about.get("field") if entry.kind == "correction" else None
        if name and not (name in last_said and last_said[name] > entry.at):
            result[name] = entry.about.get("value")
    return result


def _added(before: Any, value: Any) -> Any:
    if before is None or value is None:
        return before if value is None else value
    if isinstance(before, list):
        return [*before, *(value if isinstance(value, list) else [value])]
    return f"{before}\n{value}"


def told_links(given: Iterable[Given]) -> list[tuple[dict[str, str], Given]]:
    """Return the links that count in the end, each with the answer that it came in."""
    told: list[tuple[dict[str, str], Given]] = []
    for each in given:
        if each.field_id == LINKS:
            value = each.answer.value
            if each.answer.how == "set":
                told.clear()
            told += [(link, each) for link in value or ()]
    return told


def joined_links(sent: Iterable[tuple[dict[str, str], Given]], rows: Sequence[Row[Any]]) -> tuple[Link, ...]:
    """Join the links, which are sealed, with how far each is, which is not: both in the order they came."""
    far = [(row.platform, row.status) for row in rows]
    return tuple(
        Link(
            url=link["url"],
            normalised=link["normalised"],
            host=link["host"],
            platform=far[number][0] if number < len(far) else link["platform"],
            status=far[number][1] if number < len(far) else "new",
            number=number,
            at=each.answer.at,
            unseen=each.unseen,
        )
        for number, (link, each) in enumerate(sent)
    )


def flags_now(flagged: Iterable[str], fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the flags of a case to which something came later: of each question, what its last answer means.

    A question that was skipped, or never asked, changes nothing.
    """
    decided, meant = set[str](), dict[str, None]()
    for name, (flags_of, all_flags) in _FLAGS_OF.items():
        if (answer := fields.get(name)) is not None:
            decided |= all_flags
            meant |= dict.fromkeys(sorted(flags_of(answer)))
    kept = [flag for flag in dict.fromkeys(flagged) if flag not in decided or flag in meant]
    # That something was shared decides the place in the queue, and is no flag of its own.
    return tuple(dict.fromkeys(flag for flag in (*kept, *meant) if flag != "shared"))


def priority_now(
    submitted: tuple[str, str], flags: Collection[str], fields: Mapping[str, Any], links: int
) -> tuple[str, str]:
    """Return the priority and its reason once something came later: never lower than at submission."""
    shared = flags_of_background(fields.get("background") or ())
    now = priority({*flags, *shared}, links)
    return min(submitted, now, key=lambda ranked: PRIORITIES.index(ranked[0]))


def without_links(fields: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """Return the fields with every link taken out of what was told freely, and how many there were."""
    cleared, taken = dict(fields), 0
    names = (name for name in _NAMES if "/" in str(fields.get(name)))
    for name in (*_TOLD_FREELY, *names):
        cleared[name], n = _cleared(fields.get(name))
        taken += n
    return {name: value for name, value in cleared.items() if name in fields}, taken


def _cleared(value: Any) -> tuple[Any, int]:
    if isinstance(value, dict):
        parts = {name: _cleared(part) for name, part in value.items()}
        return {name: part for name, (part, _) in parts.items()}, sum(n for _, n in parts.values())
    if isinstance(value, str):
        found = read_links(value)
        if found.links or found.refused:
            return found.prose, len(found.links) + found.repeated + len(found.refused)
    return value, 0
