"""What is sealed on trial, until the person says that it is to be kept: only a yes keeps it.

That is text which came where a choice was asked, and what a message says now that was changed after it was sent. Which
message that was cannot be told, for the words that were kept cannot be read here: so its new words count only where
they answer the question that stands.
"""

from __future__ import annotations

from collections.abc import Callable

from flows.asking import aside_of, ask_standing
from flows.scene import Scene
from flows.understanding.commands import read_command
from flows.vocabulary import Answered, Conversation, Forgotten, MessageId, Say

_KEPT = "keep_text.kept"


def keep_on_trial(scene: Scene, sequences: tuple[int, ...], links: int) -> None:
    """Ask whether to keep what was just sealed under these numbers, the last `links` links among it."""
    scene.change(aside=f"keep_text:{'+'.join(map(str, sequences))}:{links}", misses=0)


def offer_edited(scene: Scene, read: Callable[[Scene], bool]) -> bool:
    """Offer the new words of a message as the answer to the question that stands. Return False where they are none.

    Where the answer leads is remembered beside where the conversation is, for it cannot be worked out again from what
    is sealed.

    Args:
        read: what reads an answer to the question.
    """
    now = scene.conversation
    if now.case != "draft" or now.aside is not None or now.paused:
        return False
    if scene.step.takes == "menu" or not scene.text or read_command(scene.text) is not None:
        return False
    answered = Scene(now, scene.heard, scene.now, scene.outside)
    if not read(answered) or answered.ended_at is not None:
        return False
    instead = answered.conversation
    links = len(instead.links) - len(now.links)
    if links < 0 or instead.but(misses=now.misses) == now:
        return False
    scene.records += answered.records
    scene.change(answered=instead.answered, links=instead.links, instead=instead.but(links=()))
    keep_on_trial(
        scene, tuple(each.sequence for each in answered.records if isinstance(each, Answered)), links
    )
    return True


def answer_trial(scene: Scene, chosen: str, _: str) -> None:
    """Keep what is on trial, or not."""
    instead = scene.conversation.instead
    scene.change(aside=None, misses=0, instead=None)
    if chosen == "keep":
        scene.say(_KEPT)
        if instead is not None:
            _go_on(scene, instead)
    ask_standing(scene)


def _go_on(scene: Scene, instead: Conversation) -> None:
    """Go where a changed message leads, and say what goes with it."""
    now = scene.conversation
    scene.conversation = instead.but(language=now.language, links=now.links)
    if "image_under_16" in instead.flags - now.flags:
        scene.say("image_under_16")
    for advice in sorted(instead.told - now.told):
        scene.say(f"advice.{advice}")


def trial(scene: Scene) -> str | None:
    """Return what is kept on trial while the person is asked whether to keep it."""
    aside = aside_of(scene)
    return aside[1] if aside is not None and aside[0] == "keep_text" else None


def settle_trial(scene: Scene, before: str | None) -> None:
    """Drop what was on trial before this turn, unless the turn kept it or still asks.

    Only a yes keeps it: whoever asks for something else, or falls silent, has not said yes.
    """
    if before is None or scene.ended_at is not None or scene.conversation.case != "draft":
        return
    if trial(scene) == before or any(say.id == _KEPT for say in scene.says):
        return
    _drop(scene, before)
    scene.says.insert(0, Say(MessageId("keep_text.dropped")))


def take_back(scene: Scene) -> None:
    """Drop what a changed message was offered for, where it is changed once more: only its last words count."""
    on_trial = trial(scene)
    if scene.heard.kind == "edit" and on_trial is not None and scene.conversation.instead is not None:
        scene.change(aside=None)
        _drop(scene, on_trial)


def _drop(scene: Scene, before: str) -> None:
    sequences, _, links = before.partition(":")
    answered = list(scene.conversation.answered)
    for sequence in map(int, filter(None, sequences.split("+"))):
        scene.records.append(Forgotten(sequence))
        answered[sequence] = None
    # Links that came later in this very turn stand behind those on trial.
    marks, count = scene.conversation.links, int(links)
    added = sum(isinstance(record, Answered) and record.field == "links" for record in scene.records)
    kept = marks if added else marks[: len(marks) - count]
    scene.change(answered=tuple(answered), links=kept, instead=None)
