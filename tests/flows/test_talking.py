"""While a colleague talks, every step is silent alike: what is written reaches them, and the question waits."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from flows import memory
from flows.asking import ASIDES
from flows.steps import FIELDS
from flows.talking import OBEYED, SILENCE
from flows.vocabulary import Answered, StepId, Turn
from tests.conversations.player import Player
from tests.flows.test_every_step import LANGUAGES, WORDS, at, ids

STANDS = [StepId("submitted"), *(field for field in FIELDS if field not in ("whose", "image_age"))]


def talking_at(step: str, language: str) -> Player:
    """Somebody with a linked case who stands at a step, and whom a colleague has just written to."""
    player = at("submitted", language, reachable=True)
    assert player.conversation is not None

    changed = player.conversation.but(step=StepId(step), return_to=StepId("submitted"))
    player.stored = memory.dump(changed if step != "submitted" else player.conversation)
    player.outside.colleague = player.now
    return player


def kept(turn: Turn) -> list[object]:
    return [record.value for record in turn.records if isinstance(record, Answered)]


@pytest.mark.parametrize(("step", "language"), list(itertools.product(STANDS, LANGUAGES)))
def test_at_every_step_what_is_written_goes_to_the_colleague_and_the_step_stays(
    step: str, language: str
) -> None:
    player = talking_at(step, language)
    for said in ("yes", "1", "skip", "返回", "I am not sure what you mean by that", "done"):
        turn = player.hear(said)
        assert (turn.reply.says, turn.reply.step) == ((), "talking")
        assert kept(turn) == [said]
        assert player.conversation is not None and player.conversation.step == step
    player.outside.colleague = None
    turn = player.hear("hello?")
    assert turn.reply.step == step
    assert ids(turn)[:2] == ["talking.over", "got.message"]
    assert player.conversation is not None and not player.conversation.talking


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("command", WORDS)
@pytest.mark.parametrize("wording", (0, 1))
def test_some_commands_are_the_assistants_and_all_others_the_colleagues(
    language: str, command: str, wording: int
) -> None:
    turn = talking_at("submitted", language).hear(WORDS[command][wording])
    assert bool(turn.reply.says) is (command in OBEYED)
    assert bool(kept(turn)) is (command not in OBEYED)


@pytest.mark.parametrize("aside", ASIDES)
def test_a_question_put_in_between_waits_until_the_colleague_has_left(aside: str) -> None:
    player = talking_at("submitted", "en")
    assert player.conversation is not None

    stands = {"keep_text": "keep_text:1:0", "old_button": "old_button:name"}.get(aside, aside)
    player.stored = memory.dump(player.conversation.but(aside=stands))
    for said in ("yes", "no", "1", "2"):
        turn = player.hear(said)
        assert (turn.reply.says, kept(turn)) == ((), [said])
        assert turn.conversation is not None
    player.outside.colleague = None
    player.hear("and now?")
    assert player.conversation is not None and player.conversation.aside == stands


def test_a_talk_is_over_after_a_day_in_which_neither_wrote() -> None:
    for minutes, over in (
        (SILENCE / timedelta(minutes=1) - 1, False),
        (SILENCE / timedelta(minutes=1), True),
    ):
        player = talking_at("submitted", "en")
        player.hear("hello")
        assert ("talking.over" in ids(player.hear("still there", minutes=minutes))) is over
