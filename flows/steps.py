"""The one table of the conversation: its steps in order, and where each outcome leads.

`flows.chart` makes the state machine from it and draws it; nothing else decides what comes next.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from flows.vocabulary import FieldId, StepId

Takes = Literal["one", "several", "text", "consent", "detail", "safety", "story", "links", "menu"]


@dataclass(frozen=True)
class Step:
    """One question.

    Attributes:
        id: its name, and the field that its answer is sealed under.
        takes: what kind of answer it waits for, and so who reads it (`flows.answers`).
        required: whether it can be skipped.
    """

    id: StepId
    takes: Takes
    required: bool = False


def _step(name: str, takes: Takes, required: bool = False) -> Step:
    return Step(StepId(name), takes, required)


STEPS: tuple[Step, ...] = (
    _step("language", "one", required=True),
    _step("age", "one", required=True),
    _step("consent", "consent", required=True),
    _step("whose", "one", required=True),
    _step("image_age", "one", required=True),
    _step("pronoun", "one"),
    _step("name", "text"),
    _step("contact_method", "one", required=True),
    _step("contact_detail", "detail", required=True),
    _step("contact_safety", "safety"),
    _step("relationship", "one"),
    _step("background", "several"),
    _step("content", "several"),
    _step("story", "story"),
    _step("links", "links"),
    _step("review", "menu", required=True),
    _step("submitted", "menu", required=True),
)

STEP: dict[str, Step] = {step.id: step for step in STEPS}

BEFORE_CONSENT: frozenset[str] = frozenset({"language", "age", "consent"})

FIELDS: tuple[FieldId, ...] = tuple(
    FieldId(step.id) for step in STEPS if step.id not in BEFORE_CONSENT | {"review", "submitted"}
)
"""The fields of the form a person can be shown, answer again or skip."""

ENDS: tuple[StepId, ...] = tuple(
    StepId(end) for end in ("referred", "declined", "third_party", "erased", "paused")
)
"""Where a conversation stands when no question does. `paused` alone goes on with the next message."""

Guard = Literal["needs_detail", "changing", "changing_after", "links_not_collected"]


@dataclass(frozen=True)
class Route:
    """From `source`, when `event` happened and `guard` holds, to `target`. The first that fits is taken."""

    source: StepId
    event: str
    target: StepId
    guard: Guard | None = None


def _routes() -> tuple[Route, ...]:
    routes: list[Route] = []

    def add(source: str, event: str, target: str, guard: Guard | None = None) -> None:
        routes.append(Route(StepId(source), event, StepId(target), guard))

    add("age", "under_16", "referred")
    add("consent", "declined", "declined")
    add("whose", "third_party", "third_party")
    add("contact_method", "answered", "contact_detail", "needs_detail")
    asked = [step.id for step in STEPS[:-1]]
    for source, target in pairwise(asked):
        if source in FIELDS:
            add(source, "answered", "review", "changing")
            add(source, "answered", "submitted", "changing_after")
        if source == "contact_method":
            target = StepId("contact_safety")
        if source == "story":
            add(source, "answered", "review", "links_not_collected")
        add(source, "answered", target)
    add("review", "submitted", "submitted")
    for step in STEPS:
        if step.id not in ("language", "age"):
            # Somebody may say it at any time, and may come to say it only now.
            add(step.id, "under_16", "referred")
        add(step.id, "erased", "erased")
        if step.id in FIELDS:
            add(step.id, "submitted", "submitted")  # handed over early, on asking for a person
    return tuple(routes)


ROUTES: tuple[Route, ...] = _routes()

_COUNTED = [step.id for step in STEPS if step.id not in ("review", "submitted")]


def progress(step: str) -> tuple[int, int] | None:
    """Tell (which question this is, of how many); None where no question of the form stands.

    The place of a step never moves, also where a question before it was not needed.
    """
    if step == "review":
        return len(_COUNTED), len(_COUNTED)
    return (_COUNTED.index(StepId(step)) + 1, len(_COUNTED)) if step in _COUNTED else None
