"""The state machine, made from the table of steps, and a drawing of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache, partial
from html import escape
from threading import Lock

from transitions import Machine

from flows.steps import ENDS, ROUTES, STEPS, Guard
from flows.vocabulary import Conversation, StepId

# The library writes each state it enters into its log; where a person is in the form is not for logs.
logging.getLogger("transitions").setLevel(logging.ERROR)


_GUARDS: dict[Guard, Callable[[Conversation], bool]] = {
    "needs_detail": lambda conversation: conversation.detail is not None,
    "changing": lambda conversation: conversation.return_to == "review",
    "changing_after": lambda conversation: conversation.return_to == "submitted",
    "links_not_collected": lambda conversation: "image_under_16" in conversation.flags,
}


class _Walker:
    """The machine's only model, which knows the guards that hold and nothing else of a conversation."""

    state: str
    holding: frozenset[Guard] = frozenset()

    def holds(self, guard: Guard) -> bool:
        return guard in self.holding


_walker = _Walker()
_lending = Lock()
_machine = Machine(
    model=_walker,
    states=[step.id for step in STEPS] + list(ENDS),
    initial=STEPS[0].id,
    transitions=[
        {
            "trigger": route.event,
            "source": route.source,
            "dest": route.target,
            "conditions": route.guard and partial(_walker.holds, route.guard),
        }
        for route in ROUTES
    ],
    # The default adds a jump to every state from every state, past age and past consent.
    auto_transitions=False,
)


def follow(conversation: Conversation, event: str) -> StepId:
    """Return the step that `event` leads to from where the conversation stands.

    Raises:
        transitions.MachineError: the table has no such event at this step; a defect of ours.
    """
    holding = frozenset(guard for guard, holds in _GUARDS.items() if holds(conversation))
    return _walk(conversation.step, event, holding)


@cache
def _walk(step: StepId, event: str, holding: frozenset[Guard]) -> StepId:
    # Every way is walked once: where it leads depends on nothing else.
    with _lending:
        _walker.holding = holding
        _machine.set_state(step)
        _walker.trigger(event)  # type: ignore[attr-defined]
        return StepId(_walker.state)


def draw(form: str) -> str:
    """Draw the conversation from the table.

    Args:
        form: `mermaid` (text for a Mermaid `stateDiagram-v2`) or `svg`.
    Raises:
        ValueError: another form.
    """
    if form == "mermaid":
        return _mermaid()
    if form == "svg":
        return _svg()
    raise ValueError("form must be mermaid or svg")


# Every step can end in these; drawn once, in words, they do not hide the way through.
_EVERYWHERE = frozenset({"erased"})


def _drawn() -> list[tuple[StepId, str, StepId]]:
    """Return the arrows worth drawing: (from, what it says, to)."""
    arrows = []
    for route in ROUTES:
        if route.event in _EVERYWHERE or route.guard in ("changing", "changing_after"):
            continue
        if route.event == "under_16" and route.source != "age":
            continue
        if route.event == "submitted" and route.source != "review":
            continue
        says = "" if route.event == "answered" else route.event.replace("_", " ")
        if route.guard:
            says = route.guard.replace("_", " ")
        arrows.append((route.source, says, route.target))
    return arrows


def _mermaid() -> str:
    lines = ["stateDiagram-v2", f"    [*] --> {STEPS[0].id}"]
    lines += [f"    {source} --> {target}{' : ' + says if says else ''}" for source, says, target in _drawn()]
    lines += [f"    {end} --> [*]" for end in ENDS if end != "paused"]
    lines += [
        "    note right of review",
        "        Any answer can be changed from here, and comes back here.",
        "        From every question: back, skip, why, help, language, human, stop, erase, restart.",
        "        Whoever says they are under 16, at any time, is referred and everything is erased.",
        "        While a colleague talks, after submission, all is silent but commands and care.",
        "    end note",
    ]
    return "\n".join(lines) + "\n"


def _svg() -> str:
    height, width, pitch, left = 34, 190, 58, 40
    top = {step.id: 30 + place * pitch for place, step in enumerate(STEPS)}
    middle = left + width / 2
    total = 30 + len(STEPS) * pitch + 78
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 620 {total}" font-family="system-ui, sans-serif"'
        ' font-size="14" role="img"><title>The way through the conversation</title>',
        '<defs><marker id="tip" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="#55626D"/></marker></defs>',
        f'<rect width="620" height="{total}" fill="#FAF8F4"/>',
    ]

    def box(x: float, y: float, name: str, fill: str) -> None:
        out.append(
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="8" fill="{fill}" stroke="#55626D"/>'
            f'<text x="{x + width / 2}" y="{y + 22}" text-anchor="middle" fill="#1F2A33">{escape(name)}</text>'
        )

    def arrow(path: str) -> None:
        out.append(f'<path d="{path}" fill="none" stroke="#55626D" marker-end="url(#tip)"/>')

    def words(x: float, y: float, text: str, anchor: str = "start") -> None:
        out.append(
            f'<text x="{x}" y="{y}" font-size="12" text-anchor="{anchor}" fill="#55626D">{escape(text)}</text>'
        )

    order = list(top)
    for source, says, target in _drawn():
        y = top[source] + height
        if target not in top:  # an end, to the right of the step that leads to it
            side = top[source]
            arrow(f"M{left + width} {side + height / 2} H390")
            words(left + width + 12, side + height / 2 - 6, says)
            box(392, side, target, "#F3E7D6")
        elif order.index(target) == order.index(source) + 1:
            arrow(f"M{middle} {y} V{top[target] - 2}")
            if says:
                words(middle + 8, y + 16, says)
        else:
            bend = left + width + (150 if says else 30)
            aim = top[target] + (10 if says else 24)
            arrow(f"M{left + width} {y - 8} H{bend} V{aim} H{left + width + 2}")
            if says:
                words(left + width + 8, y - 14, says)
    for step in STEPS:
        box(left, top[step.id], step.id, "#FFFFFF" if step.required else "#E4EFEE")
    notes = (
        "White: required. Tinted: can be skipped.",
        "From every question: back, skip, why, help, language, human, stop, erase, restart.",
        "Whoever says they are under 16, at any time, is referred and everything is erased.",
        "While a colleague talks, after submission, all is silent but commands and care.",
    )
    for place, note in enumerate(notes):
        words(left, total - 78 + 18 * place, note)
    return "\n".join([*out, "</svg>"]) + "\n"
