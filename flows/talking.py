"""While a colleague talks with the person the assistant is silent, and afterwards it goes on where it was.

A colleague talks from the moment their words reached the chat until they end it, or until neither of the two
wrote for `SILENCE`. Whether they do is asked anew with every message.
"""

from __future__ import annotations

from datetime import timedelta

from flows.asking import ask_standing
from flows.own_words import hush, keep_story
from flows.scene import Scene
from flows.understanding.ages import says_under_16
from flows.understanding.commands import Command

SILENCE = timedelta(hours=24)

OBEYED = frozenset[Command]({"help", "stop", "erase", "exit", "language"})
"""The commands that the assistant still answers; "why" and "back" are words people say to each other."""


def follow_talk(scene: Scene) -> bool:
    """Note whether a colleague talks with the person. Return True where one did until now."""
    conversation = scene.conversation
    talks = scene.submitted and _is_talking(scene)
    if talks and not conversation.talking:
        # A "yes" to the colleague must not answer what the assistant had asked before.
        scene.change(talking=True, held=conversation.aside, aside=None, misses=0)
    elif conversation.talking and not talks:
        scene.change(talking=False, held=None, aside=conversation.held, misses=0)
        return True
    return False


def talk_on(scene: Scene) -> None:
    """Pass on what was said while a colleague talks. A button is no word to anybody: it rests."""
    if scene.pressed is not None:
        scene.say("talking.buttons")
        return
    if scene.conversation.aside == "erase":
        scene.say("erase.kept")
    scene.change(aside=None, misses=0)
    pass_on(scene)
    if says_under_16(scene.text, scene.today):
        scene.change(aside="under_16")
        ask_standing(scene)


def pass_on(scene: Scene) -> None:
    """Seal what was written for the colleague, and say nothing of it but what the law forbids to keep."""
    said = len(scene.says)
    keep_story(scene, scene.text, "message")
    hush(scene, said)


def show_standing(scene: Scene) -> None:
    """Show what stands to somebody who comes back to look: also that a colleague is there."""
    if scene.conversation.talking:
        scene.say("talking.here")
    ask_standing(scene)


def _is_talking(scene: Scene) -> bool:
    heard, reached_at = scene.conversation, scene.outside.colleague_wrote_at()
    if reached_at is None:
        return False
    spoke_at = max(reached_at, heard.heard_at) if heard.talking and heard.heard_at else reached_at
    return scene.now - spoke_at < SILENCE
