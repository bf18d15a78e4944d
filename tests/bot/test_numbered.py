"""An answer as plain text: numbers that are easy to answer, and long texts parted at good places."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.numbered import length, numbered, parts
from bot.receive import Answer, Message
from locales import Words

WORDS = Words.load()
LINK = "https://example.com/" + "a" * 60


def shown(*labels: str, several: bool = False) -> str:
    choices = tuple((f"c{n}", label) for n, label in enumerate(labels))
    message = Message("m", "assistant", "Which?", choices, several)
    return numbered(WORDS, Answer((message,), "review", "en", None), message)


def test_choices_are_numbered_and_it_is_said_how_to_choose() -> None:
    assert shown("A", "B") == "Which?\n\n1. A\n2. B\nType a number, such as 1 (0 to stop)"
    assert shown("A", "B", several=True).endswith("Type one number or several, such as 1,3 (0 to stop)")


def test_nobody_is_led_to_type_the_number_of_a_single_choice() -> None:
    assert shown("I have no link") == "Which?\n\n1. I have no link"


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("One paragraph.\n\nAnother one. Two.", 30, ["One paragraph.", "Another one. Two."]),
        ("A line\nanother line here", 20, ["A line", "another line here"]),
        ("One sentence. Another one", 20, ["One sentence.", "Another one"]),
        ("這是第一句。這是第二句。", 8, ["這是第一句。", "這是第二句。"]),
        ("words and more words", 12, ["words and", "more words"]),
        ("長" * 25, 10, ["長" * 10, "長" * 10, "長" * 5]),
        ("😀" * 7, 5, ["😀😀", "😀😀", "😀😀", "😀"]),
        (f"看{LINK}吧", 80, ["看", LINK, "吧"]),
        (LINK * 2, 100, [LINK + "https://example.com/", "a" * 60]),
    ],
)
def test_a_long_text_is_parted_at_the_best_place_there_is(text: str, most: int, expected: list[str]) -> None:
    assert list(parts(text, most)) == expected


@given(st.text(), st.integers(2, 40))
def test_nothing_but_blanks_is_lost_and_no_part_is_too_long(text: str, most: int) -> None:
    cut = list(parts(text, most))
    assert all(length(part) <= most for part in cut)
    assert "".join("".join(cut).split()) == "".join(text.split())


@given(st.lists(st.text("字 。a\n", max_size=90), min_size=2, max_size=6))
def test_a_link_that_fits_into_a_part_stays_whole(between: list[str]) -> None:
    text = LINK.join(each + "字" for each in between)
    assert sum(part.count(LINK) for part in parts(text, 100)) == len(between) - 1
