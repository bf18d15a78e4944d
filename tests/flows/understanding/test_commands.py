"""What is a command, what says "done" or "no links" or hello, and what is prose."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.understanding.commands import (
    Asked,
    is_greeting,
    is_thanks,
    read_command,
    read_done,
    read_no_links,
)
from tests.rows import every_row

TABLES = tomllib.loads(Path(__file__).with_name("commands.toml").read_text("utf-8"))
ASKED = {
    "language_en": Asked("language", "en"),
    "language_zh": Asked("language", "zh_Hant_HK"),
    "none": None,
}
COMMANDS = [
    (text, ASKED.get(command, Asked(command)))
    for command, texts in TABLES["commands"].items()
    for text in texts
]
WORDS = [(text, asked) for text, asked in COMMANDS if asked and text.strip("?？")]
ERASING = {text for text, asked in COMMANDS if asked == Asked("erase")}


def says(table: str) -> list[tuple[str, bool]]:
    return [(text, answer == "yes") for answer, texts in TABLES[table].items() for text in texts]


@every_row(COMMANDS)
def test_a_command_is_told_from_prose(text: str, asked: Asked | None) -> None:
    assert read_command(text) == asked


@every_row(says("done"))
def test_done_is_told_from_a_story(text: str, done: bool) -> None:
    assert read_done(text) is done


@every_row(says("no_links"))
def test_having_no_links_is_told_from_anything_else(text: str, none: bool) -> None:
    assert read_no_links(text) is none


@every_row(says("greeting"))
def test_a_greeting_says_nothing_else(text: str, greeting: bool) -> None:
    assert is_greeting(text) is greeting


@every_row(says("thanks"))
def test_thanks_say_nothing_else(text: str, thanks: bool) -> None:
    assert is_thanks(text) is thanks


@every_row(WORDS)
def test_politeness_case_and_width_do_not_hide_a_command(text: str, asked: Asked) -> None:
    wide = "".join(
        chr(ord(letter) + 0xFEE0) if letter.isascii() and letter.isalnum() else letter for letter in text
    )
    assert [read_command(form) for form in (text.upper(), wide, f"{text} 唔該", f"please {text}!!")] == [
        asked
    ] * 4


@given(st.text())
def test_no_text_is_too_strange_to_read(text: str) -> None:
    read_command(text), read_done(text), read_no_links(text), is_greeting(text)


@pytest.mark.parametrize(
    "text", ["\ud800help", "\x00", "\u202estop", "help" * 250_000, "🙂" * 1000, " " * 10_000]
)
def test_bad_input_never_raises(text: str) -> None:
    read_command(text), read_done(text), read_no_links(text), is_greeting(text)


@given(st.sampled_from([text for text in sorted(ERASING) if text.isalpha() and text.isascii()]), st.data())
def test_a_slip_in_typing_never_asks_to_erase(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text) - 2))
    slip = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    assert slip == text or read_command(slip) is None


@given(st.sampled_from([text for text, _ in WORDS]))
def test_a_command_inside_a_longer_story_is_prose(text: str) -> None:
    assert read_command(f"he posted it on monday and then {text} is what I told his mother") is None
