"""What begins a conversation and what does not, and what ends one that nobody can be told of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from flows.turn import IDLE_AFTER, turn
from flows.vocabulary import Conversation, Heard, HeardKind, Reply, StepId, Turn, Unlinked
from tests.conversations.player import OutsideForTests

NOW = datetime(2026, 11, 1, 3, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SILENCE = Reply((), StepId(""), None)


def heard(kind: HeardKind = "text", text: str = "", sent_at: datetime | None = None) -> Heard:
    return Heard("telegram", "a", "1", kind=kind, text=text, can_be_reached=True, sent_at=sent_at)


def step(conversation: Conversation | None, what: Heard) -> Turn:
    return turn(conversation, what, NOW, OutsideForTests())


@pytest.mark.parametrize("kind", ["edit", "revoke", "stop", "blocked"])
def test_what_is_no_wish_to_talk_begins_nothing_and_is_not_counted(kind: HeardKind) -> None:
    assert step(None, heard(kind)) == Turn(None, SILENCE)


@pytest.mark.parametrize("kind", ["start", "text", "picture", "voice", "file", "location", "contact"])
def test_everything_else_is_greeted(kind: HeardKind) -> None:
    greeted = step(None, heard(kind))
    assert greeted.conversation is not None
    assert "greeting" in [say.id for say in greeted.reply.says]


def test_words_of_danger_are_met_wherever_they_stand() -> None:
    assert step(None, heard("edit", "I want to die")).reply.says[0].id == "danger.self"


def test_a_block_ends_what_was_said_before_it_and_nothing_that_was_said_since() -> None:
    standing = Conversation(step=StepId("whose"), language="en", case="draft", heard_at=NOW - SECOND)
    assert step(standing, heard("blocked", sent_at=NOW - SECOND)) == Turn(None, SILENCE, (Unlinked(),))
    assert step(standing, heard("blocked")) == Turn(None, SILENCE, (Unlinked(),))
    assert step(standing, heard("blocked", sent_at=NOW - 2 * SECOND)) == Turn(standing, SILENCE)


def test_silence_is_measured_from_when_things_were_sent_and_not_from_when_they_came() -> None:
    standing = Conversation(step=StepId("whose"), language="en", case="draft", heard_at=NOW - 2 * IDLE_AFTER)
    late = step(standing, heard(text="of me", sent_at=NOW - 2 * IDLE_AFTER + SECOND))
    assert late.reply.step == "image_age"
    assert late.conversation is not None
    assert late.conversation.heard_at == NOW - 2 * IDLE_AFTER + SECOND
    assert step(standing, heard(text="of me")).reply.step == "whose"


def test_no_message_is_from_the_future() -> None:
    ahead = step(None, heard(text="hi", sent_at=NOW + IDLE_AFTER)).conversation
    assert ahead is not None
    assert ahead.heard_at == NOW
