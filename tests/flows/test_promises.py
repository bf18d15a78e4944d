"""What is promised of the conversation, and what no conversation held as data would show to be broken."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flows.answers import LONGEST_NAME
from flows.own_words import MOST_LINKS
from flows.priority import MANY_LINKS
from flows.talking import SILENCE
from flows.turn import IDLE_AFTER, LONGEST_TEXT
from flows.vocabulary import Erased, Raised, Turn, Unlinked
from tests.conversations.player import CODE, Player


def said(turn: Turn) -> list[str]:
    return [str(say.id) for say in turn.reply.says]


def at(step: str) -> Player:
    player = Player("whatsapp", reachable=True)
    player.reach(step)
    return player


def linked() -> Player:
    player = at("contact_method")
    for press in ("this_chat", "any_time", "unidentified", "other", "undisclosed", "done"):
        player.hear(choice=press)
    player.hear("https://example.com/a")
    player.hear(choice="done")
    player.hear(choice="submit")
    assert player.conversation is not None
    assert player.conversation.case == "linked"
    return player


def by_code() -> Player:
    player = at("age")
    player.hear(CODE)
    assert player.conversation is not None
    assert player.conversation.case == "code"
    return player


def test_the_limits_are_those_that_are_promised() -> None:
    assert (timedelta(minutes=30), timedelta(hours=24)) == (IDLE_AFTER, SILENCE)
    assert (LONGEST_TEXT, LONGEST_NAME, MOST_LINKS, MANY_LINKS) == (4000, 80, 200, 10)


@pytest.mark.parametrize(("press", "marked"), [("mark", True), ("go_on", False), ("pause", False)])
def test_that_somebody_is_in_danger_is_kept_by_their_yes_alone(press: str, marked: bool) -> None:
    player = at("relationship")
    player.hear("I want to kill myself")
    assert player.conversation is not None
    assert player.conversation.aside == "danger"
    assert "danger" not in player.conversation.flags
    player.hear(choice=press)
    assert ("danger" in player.conversation.flags) == marked


@pytest.mark.parametrize("step", ["relationship", "consent"])
def test_an_old_yes_erases_nothing(step: str) -> None:
    player = at(step)
    player.hear("erase")
    late = player.hear(choice="yes", asked_at="image_age")
    assert (late.conversation is not None, Erased() in late.records) == (True, False)
    assert player.hear(choice="yes", asked_at=step).conversation is None


def test_whoever_has_a_code_alone_can_ask_for_erasing_and_do_no_more_than_the_menu_says() -> None:
    player = by_code()
    menu = [choice.id for choice in player.turns[-1].reply.says[-1].choices]
    assert menu == ["add_links", "correct", "copy", "erase", "new"]
    for turn in (player.hear("erase"), player.hear(choice="erase")):
        assert (turn.records, "erase.code" in said(turn)) == ((Raised("erase"),), True)
        assert turn.conversation is not None
        assert turn.conversation.aside is None
    for press in ("status", "unlink"):
        turn = player.hear(choice=press)
        assert not [name for name in said(turn) if name.startswith("status.")]
        assert Unlinked() not in turn.records


def test_whoever_has_a_code_and_says_they_are_under_16_is_passed_on_and_destroys_nothing() -> None:
    player = by_code()
    player.hear("I'm 15")
    turn = player.hear(choice="yes")
    assert turn.records == (Raised("under_16"),)
    assert turn.conversation is not None


def test_advice_is_given_once() -> None:
    player = at("background")
    first = player.hear(choices=("threatened",))
    assert "advice.threats" in said(first)
    player.hear("back")
    again = player.hear(choices=("threatened", "other"))
    assert "advice.threats" not in said(again)
    for press in ("undisclosed", "done"):
        player.hear(choice=press)
    player.hear("https://example.com/a")
    assert "advice.hash_tools" in said(player.hear(choice="done"))
    player.hear("back")
    assert "advice.hash_tools" not in said(player.hear(choice="done"))
    player.hear("back")
    player.hear(choice="clear")
    player.hear(choice="no_links")
    assert "advice.hash_tools" not in said(player.hear(choice="threat_only"))


def test_while_a_colleague_talks_a_button_is_no_word_to_anybody() -> None:
    player = linked()
    player.outside.colleague = player.now
    player.hear("thank you for writing to me")
    for press in ("add_links", "unlink", "new", "erase"):
        turn = player.hear(choice=press)
        assert (turn.records, said(turn)) == ((), ["talking.buttons"])
        assert turn.conversation is not None
        assert (turn.conversation.case, turn.conversation.aside) == ("linked", None)
