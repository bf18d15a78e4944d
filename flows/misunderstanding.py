"""What is said where nothing was understood, and what becomes of a text that answers no question."""

from __future__ import annotations

import re

from flows.asking import ask_standing
from flows.own_words import hush, keep_links, keep_story
from flows.scene import Scene
from flows.trial import keep_on_trial
from flows.understanding.commands import is_greeting, is_thanks
from flows.understanding.links import read_links

STORY_FROM = 25
"""Weight (`weight`) from which a text that answers no question is taken for a part of the story."""
MESSAGE_FROM = 12
"""The same for a message to the colleague who has the case: it is passed on, and nothing is asked."""
_HAN = re.compile(r"[\u3400-\u9fff]")


def weight(text: str) -> int:
    """Return how much a text says, in Latin characters: a Chinese one says as much as two."""
    return len(text) + len(_HAN.findall(text))


def meet_misunderstanding(scene: Scene) -> None:
    """Say plainly that this was not understood, and what can be answered. Text is never dropped in silence."""
    if is_thanks(scene.text):
        scene.say("welcome")
        ask_standing(scene)
        return
    if is_greeting(scene.text) or _offer_to_keep(scene) or scene.is_caption:
        # Under a picture that was just refused, words are mostly about the picture: that is no wrong answer.
        ask_standing(scene)
        return
    misses = scene.conversation.misses + 1
    scene.change(misses=misses)
    takes, step = scene.step.takes, scene.conversation.step
    if step in ("age", "consent") and misses == 1:
        scene.say(f"not_understood.{step}")
    elif takes == "links" and misses == 1:
        scene.say("links.none")
    elif takes == "several" and misses == 1:
        scene.say("not_understood.several")
    elif takes == "text" or (takes == "safety" and misses % 2):
        scene.say(f"not_understood.{takes}")
    else:
        # The words vary, and so does what can be done: never the same reminder twice in a row.
        scene.say(f"not_understood.{misses if misses == 1 else 2 + misses % 2}")
    if misses % 2 == 0:
        scene.say("not_understood.required_offer" if scene.step.required else "not_understood.offer")
    ask_standing(scene)


def _offer_to_keep(scene: Scene) -> bool:
    """Where a choice was asked and a story or links came, offer to keep them for where they belong."""
    if scene.pressed is not None:
        return False
    found = read_links(scene.text)
    enough = MESSAGE_FROM if scene.submitted else STORY_FROM
    says_little = weight(scene.text) < enough or (" " not in scene.text and scene.text.isascii())
    if not found.links and says_little:
        return False
    if not scene.consented:
        scene.say("greeting.heard" if scene.conversation.step == "language" else "keep_text.early")
        return True
    if scene.submitted:
        # Whoever writes under the menu of a case writes to the colleague who has it.
        keep_story(scene, scene.text, "message")
        return True
    links_before = len(scene.conversation.links)
    said = len(scene.says)
    if found.links and weight(found.prose) < STORY_FROM and "image_under_16" not in scene.conversation.flags:
        sequences = keep_links(scene, found)
    else:
        sequences = keep_story(scene, scene.text)
    # What was kept is asked about, not yet confirmed; what the law forbids to keep is said at once.
    hush(scene, said)
    if not sequences:
        return len(scene.says) > said
    keep_on_trial(scene, sequences, len(scene.conversation.links) - links_before)
    return True
