"""The answer to the question that stands: who reads it, and what is met where nobody does."""

from __future__ import annotations

from collections.abc import Callable

from flows.answers import (
    answer_consent,
    answer_detail,
    answer_one,
    answer_safety,
    answer_several,
    answer_text,
)
from flows.asking import ask_standing, offered
from flows.handing_over import answer_menu, offer_change
from flows.misunderstanding import meet_misunderstanding
from flows.own_words import answer_links, answer_story
from flows.scene import Scene
from flows.steps import BEFORE_CONSENT, STEPS, Takes

_READERS: dict[Takes, Callable[[Scene], bool]] = {
    "one": answer_one,
    "several": answer_several,
    "text": answer_text,
    "consent": answer_consent,
    "detail": answer_detail,
    "safety": answer_safety,
    "story": answer_story,
    "links": answer_links,
    "menu": answer_menu,
}


def read_answer(scene: Scene) -> None:
    """Read a text or a button as the answer to the question that stands."""
    if scene.pressed is not None and _meet_old_button(scene):
        return
    if answer_step(scene):
        # A choice of "another way" and the like stands as a question of its own.
        if scene.ended_at is None:
            ask_standing(scene)
        return
    meet_misunderstanding(scene)


def answer_step(scene: Scene) -> bool:
    """Have the step's own reader read what was said. Return whether it understood, and did what follows."""
    return _READERS[scene.step.takes](scene)


def _meet_old_button(scene: Scene) -> bool:
    """Meet a button pressed late: nothing changes, and the earlier answer may be changed on purpose."""
    conversation, pressed = scene.conversation, scene.pressed or ()
    asked_at = scene.heard.asked_at
    fits = set(pressed) <= set(offered(scene)) and bool(pressed)
    if fits and asked_at in (None, conversation.step):
        return False
    before = (
        [asked_at]
        if asked_at
        else [step.id for step in STEPS if set(pressed) <= set(_offered_at(scene, step.id))]
    )
    for step in before:
        if step in conversation.answered and step not in BEFORE_CONSENT and not scene.submitted:
            offer_change(scene, step)
            ask_standing(scene)
            return True
    scene.say("old_button")
    ask_standing(scene)
    return True


def _offered_at(scene: Scene, step: str) -> tuple[str, ...]:
    """Return the buttons that stand under the question of another step."""
    return offered(
        Scene(scene.conversation.but(step=step, aside=None), scene.heard, scene.now, scene.outside)
    )
