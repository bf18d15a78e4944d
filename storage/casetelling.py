"""What a colleague is told of a case: the answers that count in the end, and what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row

from flows.priority import flags_of_background, flags_of_content, flags_of_image_age, priority
from flows.understanding.links import read_links
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
_TOLD_FREELY = ("story", "message", "links_note", "no_links")
"""Fields in which a link may stand among other words."""


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
    """A link as it was sent, what it is compared by, and how far its removal is."""

    url: str = field(repr=False)
    normalised: str = field(repr=False)
    host: str = field(repr=False)
    platform: str
    status: str

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
            "messages": [],  # colleagues cannot write to people yet
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


def _added(before: Any, value: Any) -> Any:
    if before is None or value is None:
        return before if value is None else value
    if isinstance(before, list):
        return [*before, *(value if isinstance(value, list) else [value])]
    return f"{before}\n{value}"


def joined_links(given: Iterable[dict[str, str]], rows: Sequence[Row[Any]]) -> tuple[Link, ...]:
    """Join the links, which are sealed, with how far each is, which is not: both in the order they came."""
    status = [row.status for row in rows]
    return tuple(
        Link(
            url=link["url"],
            normalised=link["normalised"],
            host=link["host"],
            platform=link["platform"],
            status=status[number] if number < len(status) else "new",
        )
        for number, link in enumerate(given)
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
    for name in _TOLD_FREELY:
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
