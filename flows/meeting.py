"""Danger, and being under 16: met wherever somebody says so, before the answer is looked at."""

from __future__ import annotations

from flows.asking import aside_of, ask_standing
from flows.reading import answer_step
from flows.scene import Scene
from flows.understanding.ages import says_under_16
from flows.understanding.danger import read_danger

# Steps at which any text is an answer, also one that tells of danger or of being under 16.
_FREE_TEXT = frozenset({"contact_safety", "story", "links"})


def meet_danger(scene: Scene, asking: bool = True) -> bool:
    """Meet words of danger with care and numbers. Return True where that is the whole turn.

    A text that is itself the answer (a story, when it is safe to call, what it shows) is kept as one; otherwise
    nothing of what was written is. Whether it was said at all is remembered only by the person's yes.
    """
    danger = read_danger(scene.text) if scene.text else None
    if danger is None:
        return False
    again = (aside := aside_of(scene)) is not None and aside[0] == "danger"
    if again or "danger" in scene.conversation.flags:
        scene.say("danger.again")
        if again and asking and scene.conversation.step not in _FREE_TEXT:
            ask_standing(scene)
            return True
        return False
    scene.say(f"danger.{danger}")
    if not asking or scene.conversation.language is None:
        return False
    if scene.consented:
        if _is_answer_too(scene) and scene.conversation.aside is None:
            answer_step(scene)
        scene.change(aside="danger", misses=0)
    ask_standing(scene)
    return True


def _is_answer_too(scene: Scene) -> bool:
    takes_words = scene.conversation.step in _FREE_TEXT or scene.step.takes == "several"
    return takes_words and scene.heard.kind != "edit"


def meet_under_16(scene: Scene) -> bool:
    """Ask somebody to confirm who says in passing that they are under 16."""
    if scene.pressed is not None or scene.conversation.step in ("language", "age"):
        return False
    if not says_under_16(scene.text, scene.today):
        return False
    if _is_answer_too(scene) and scene.consented:
        answer_step(scene)
    scene.change(aside="under_16", misses=0)
    ask_standing(scene)
    return True
