"""Where somebody was under 16 in the images no link is asked for, offered or kept, wherever it is written.

Source: the law is about the child in the image, and those who hold where it can be seen.
"""

from __future__ import annotations

import pytest

from flows.vocabulary import Answered, Turn
from tests.conversations.player import Player

PROSE = "he showed it to everybody in my class"
WITH_LINKS = (f"{PROSE} https://canary.example/1", "https://canary.example/2", "hxxps://canary[.]example/3")
WAY = {
    "pronoun": "undisclosed",
    "name": "",
    "contact_method": "this_chat",
    "contact_safety": "any_time",
    "relationship": "unidentified",
    "background": "other",
    "content": "undisclosed",
    "story": "done",
    "review": "submit",
    "submitted": "",
}
"""The steps that follow, and the button that leads to the next; it is skipped where there is none."""


def at(step: str) -> Player:
    player = Player("whatsapp", reachable=True)
    player.reach("image_age")
    player.hear(choice="no")
    for here, press in WAY.items():
        assert player.conversation is not None
        assert player.conversation.step == here
        if here == step:
            break
        player.hear(choice=press) if press else player.hear("skip")
    return player


def sealed(*turns: Turn) -> str:
    return str([record.value for turn in turns for record in turn.records if isinstance(record, Answered)])


def offered(turn: Turn) -> set[str]:
    return {choice.id for say in turn.reply.says for choice in say.choices}


@pytest.mark.parametrize("step", WAY)
def test_a_link_is_kept_at_no_step_and_the_rest_of_what_was_said_can_be(step: str) -> None:
    for text in WITH_LINKS:
        player = at(step)
        kept = sealed(player.hear(text), player.hear(choice="keep"))
        assert "canary" not in kept
        assert PROSE not in text or PROSE in kept
        assert player.conversation is not None
        assert player.conversation.links == ()


def test_nor_in_words_for_oneself() -> None:
    player = at("pronoun")
    player.hear(choice="self_described")
    assert "canary" not in sealed(player.hear(WITH_LINKS[1]))
    assert "they/them" in sealed(player.hear("they/them"))


def test_a_name_with_a_dot_in_it_is_a_name() -> None:
    assert "A.Li" in sealed(at("name").hear("A.Li"))


def test_the_question_for_links_is_never_reached() -> None:
    player = at("review")
    assert player.turns[-1].reply.step == "review"
    assert "links" not in offered(player.hear(choice="change"))
    player.hear(choice="go_on")
    assert at("review").hear("back").reply.step == "story"
    for words in ("links", "add links", "加連結"):
        assert at("review").hear(words).reply.step == "review"


def test_nor_after_the_case_was_handed_over() -> None:
    player = at("submitted")
    assert "add_links" not in offered(player.turns[-1])
    assert "status" in offered(player.turns[-1])
    assert player.hear(choice="add_links").reply.step == "submitted"
    assert "links" not in offered(player.hear(choice="correct"))
