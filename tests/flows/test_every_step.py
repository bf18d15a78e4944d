"""The table of steps is walked: from every step, in both languages, each command works and each path ends."""

from __future__ import annotations

import itertools

import pytest

from flows.asking import offered
from flows.scene import Scene
from flows.steps import BEFORE_CONSENT, ENDS, ROUTES, STEP, STEPS
from flows.vocabulary import Erased, Heard, Submitted, Turn
from tests.conversations.player import Player
from tests.rows import every_row

ASKED = [step.id for step in STEPS if step.id != "submitted"]
LANGUAGES = ("en", "zh_Hant_HK")
WORDS = {
    "help": ("help", "幫助"),
    "why": ("why", "點解"),
    "back": ("back", "返回"),
    "skip": ("skip", "略過"),
    "language": ("English", "中文"),
    "human": ("human", "真人"),
    "stop": ("stop", "暫停"),
    "erase": ("erase", "刪除"),
    "restart": ("start again", "重新開始"),
}


def at(step: str, language: str, reachable: bool = False) -> Player:
    player = Player("whatsapp" if reachable else "web", reachable=reachable)
    if step == "submitted":
        player.reach("review", language)
        player.hear(choice="change")
        player.hear(choice="contact_method")
        player.hear(choice="this_chat")
        player.hear(choice="submit")
    else:
        player.reach(step, language)
    assert player.conversation is not None and player.conversation.step == step
    return player


def ids(turn: Turn) -> list[str]:
    return [str(say.id) for say in turn.reply.says]


every_step_and_language = pytest.mark.parametrize(
    ("step", "language"), list(itertools.product([*ASKED, "submitted"], LANGUAGES))
)


@every_row(itertools.product([*ASKED, "submitted"], LANGUAGES, WORDS, (0, 1)))
def test_every_command_is_answered_at_every_step(
    step: str, language: str, command: str, wording: int
) -> None:
    player = at(step, language, reachable=step == "submitted")
    turn = player.hear(WORDS[command][wording])
    assert turn.reply.says, "something is said"
    assert not [name for name in ids(turn) if name.startswith("not_understood")]
    if command in ("help", "why", "human"):
        assert player.conversation is not None and player.conversation.step == step
    if command == "stop":
        assert turn.reply.step == "paused"
        offered = [choice.id for choice in turn.reply.says[-1].choices]
        assert offered == ["continue"], "nothing is asked of somebody who stops, and the way on is a button"
    if command == "language" and step != "language":
        assert turn.reply.language == ("en", "zh_Hant_HK")[wording]


@every_step_and_language
def test_everything_can_be_erased_from_every_step(step: str, language: str) -> None:
    player = at(step, language, reachable=step == "submitted")
    player.hear("delete everything")
    turn = player.hear("yes" if language == "en" else "係")
    assert turn.conversation is None
    assert turn.reply.step == "erased"
    if step not in BEFORE_CONSENT:
        assert Erased() in turn.records


@pytest.mark.parametrize(
    ("step", "language"),
    [(step, language) for step in [*ASKED[2:], "submitted"] for language in LANGUAGES],  # asked before that
)
def test_whoever_says_they_are_under_16_is_referred_from_every_step(step: str, language: str) -> None:
    player = at(step, language, reachable=step == "submitted")
    player.hear("I'm 15" if language == "en" else "我15歲")
    assert player.conversation is not None and player.conversation.aside == "under_16"
    turn = player.hear(choice="yes")
    assert turn.conversation is None
    assert turn.reply.step == "referred"
    assert "end.referred" in ids(turn)


@pytest.mark.parametrize("step", ASKED)
def test_every_path_can_be_finished_by_the_first_button_or_skipping(step: str) -> None:
    player = at(step, "en")
    for _ in range(40):
        turn = player.turns[-1]
        if turn.conversation is None:
            break
        buttons = turn.reply.says[-1].choices
        player.hear(choice=buttons[0].id) if buttons else player.hear("skip")
        if player.conversation is not None and player.conversation.step == "contact_detail":
            player.hear("somebody@example.com")
    assert any(isinstance(record, Submitted) for turn in player.turns for record in turn.records)


@pytest.mark.parametrize("step", ASKED)
def test_every_button_under_a_question_is_understood(step: str) -> None:
    for choice in at(step, "en").turns[-1].reply.says[-1].choices:
        turn = at(step, "en").hear(choice=choice.id)
        assert not [name for name in ids(turn) if name.startswith(("not_understood", "old_button"))], (
            choice.id
        )


@pytest.mark.parametrize("step", ASKED)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_number_in_front_of_a_choice_is_that_choice(step: str, language: str) -> None:
    choices = at(step, language).turns[-1].reply.says[-1].choices
    for number, choice in enumerate(choices, 1):
        by_number = at(step, language).hear(str(number))
        by_button = at(step, language).hear(choice=choice.id)
        assert by_number.reply.step == by_button.reply.step, choice.id
        assert by_number.records == by_button.records, choice.id


def test_back_leads_from_the_review_to_the_first_question() -> None:
    player = at("review", "en")
    seen = []
    for _ in range(len(STEPS)):
        assert player.conversation is not None
        seen.append(player.conversation.step)
        player.hear("back")
    assert seen[-1] == "language"
    assert "consent" in seen and "age" in seen


def test_only_what_is_required_cannot_be_skipped() -> None:
    for step in ASKED:
        player = at(step, "en")
        turn = player.hear("skip")
        assert player.conversation is not None
        moved = player.conversation.step != step
        assert moved is not STEP[step].required, step
        if not moved:
            assert ids(turn)[:2] == ["skip.required", f"why.{step}"]


def test_before_consent_nothing_is_recorded() -> None:
    for step in ("language", "age", "consent"):
        player = at(step, "en")
        for said in ("my ex posted me on https://example.com/x", "Kit", "help", "1 and 3", "my name is Kit"):
            player.hear(said)
        assert not [record for turn in player.turns for record in turn.records]
        assert player.conversation is not None and not player.conversation.answered


def test_a_web_page_never_offers_to_be_reached_in_it() -> None:
    player = at("contact_method", "en")
    assert player.conversation is not None
    scene = Scene(player.conversation, Heard("web", "x", "1"), player.now, player.outside)
    assert "this_chat" not in offered(scene)


def test_the_table_leads_somewhere_from_everywhere_and_into_every_end() -> None:
    targets = {route.target for route in ROUTES}
    assert {step.id for step in STEPS[1:]} <= targets
    assert set(ENDS) - {"paused"} <= targets
    assert {route.source for route in ROUTES} == {step.id for step in STEPS}
