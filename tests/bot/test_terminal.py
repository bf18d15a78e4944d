"""The conversation in a terminal."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.terminal import run
from flows.vocabulary import Language
from locales import Words
from storage.errors import StoreAway
from tests.bot.scripted import ScriptedReception


class Terminal:
    """Types lines, then ends or is interrupted; keeps what was shown."""

    def __init__(self, *lines: str, then: type[BaseException] = EOFError) -> None:
        self._lines: Iterator[str] = iter(lines)
        self._then = then
        self.shown = ""

    def read(self, prompt: str) -> str:
        self.shown += prompt
        for line in self._lines:
            return line
        raise self._then

    def write(self, text: str) -> None:
        self.shown += text + "\n"

    def hold(
        self, reception: ScriptedReception, words: Words, language: Language | None = "en", name: str = "me"
    ) -> str:
        run(reception, words, language, name, self.read, self.write)  # type: ignore[arg-type]
        return self.shown


def test_choices_are_numbered_and_lines_are_sent(reception: ScriptedReception, words: Words) -> None:
    shown = Terminal("2", "").hold(reception, words)
    assert "1. 16 or above\n2. Not yet\n" in shown
    assert words.say("en", "choose.one") in shown
    assert [heard.text for heard in reception.heard] == ["", "2", ""]
    assert {(heard.channel, heard.address, heard.can_be_reached) for heard in reception.heard} == {
        ("terminal", "me", True)
    }
    assert len({heard.id for heard in reception.heard}) == 3


def test_each_name_is_somebody_else(reception: ScriptedReception, words: Words) -> None:
    Terminal().hold(reception, words, name="Mei")
    assert reception.heard[0].address == "Mei"


@pytest.mark.parametrize("line", ["exit", "Exit!", "離開"])
def test_exit_leaves_kindly(reception: ScriptedReception, words: Words, line: str) -> None:
    shown = Terminal(line, "not read any more").hold(reception, words)
    assert shown.endswith(words.say("en", "terminal.bye") + "\n")
    assert len(reception.heard) == 1


def test_the_end_of_the_input_leaves_kindly(reception: ScriptedReception, words: Words) -> None:
    assert Terminal().hold(reception, words).endswith(words.say("en", "terminal.bye") + "\n")


def test_ctrl_c_leaves_kindly(reception: ScriptedReception, words: Words) -> None:
    shown = Terminal("1", then=KeyboardInterrupt).hold(reception, words)
    assert words.say("en", "terminal.interrupted") in shown


def test_a_bad_day_is_told_and_the_next_line_is_sent(reception: ScriptedReception, words: Words) -> None:
    reception.failure = StoreAway("secret")
    shown = Terminal("1", "2").hold(reception, words)
    assert shown.count(words.say("en", "error.store_away")) == 3
    assert "secret" not in shown


def test_without_a_language_both_are_spoken(reception: ScriptedReception, words: Words) -> None:
    shown = Terminal().hold(reception, words, language=None)
    assert words.label(None, "terminal.hello") in shown
