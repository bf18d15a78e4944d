"""Words of danger, and the many words that only sound like it, in both languages."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.understanding.danger import _TABLE, Danger, read_danger
from tests.rows import every_row


def _rows(name: str) -> list[tuple[str, str]]:
    with (Path(__file__).parent / name).open(newline="") as table:
        return [(row["text"], row["danger"]) for row in csv.DictReader(table)]


ROWS = _rows("danger.csv")
IN_THE_WILD = _rows("danger_in_the_wild.csv")
"""Oblique, dictated, mixed: what one person after another might write. One test, as a row costs next to nothing."""
TOLD = [text for text, danger in ROWS if danger]

# Everyday prose around a sentence; none of it tells of danger, or of who or when.
AROUND = (
    "{}",
    "Hello. {}",
    "{}. Please take the links down.",
    "It was posted on Monday. {}. The link is below.",
    "你好。{}",
    "啲相放咗上網。{}。請你哋幫手下架",
    "{}.\nthanks",
    "  {} !!",
)


@every_row(ROWS)
def test_danger_is_told_from_what_sounds_like_it(text: str, danger: str) -> None:
    assert read_danger(text) == (Danger(danger) if danger else None)


def test_danger_is_met_in_words_that_do_not_name_it() -> None:
    read = [(text, read_danger(text) or "") for text, _ in IN_THE_WILD]
    assert [row for row in read if row not in IN_THE_WILD] == []


def test_every_family_has_a_reason_and_every_shared_word_is_used() -> None:
    families = [*_TABLE["harmless"], *_TABLE["sign"]]
    assert all(family["reason"] and family["lines"] for family in families)
    lines = "".join([*(family["lines"] for family in families), *_TABLE["words"].values()])
    assert set(re.findall(r"\{([^\W\d]\w*)\}", lines)) == set(_TABLE["words"])


@pytest.mark.parametrize("text", ["佢" * 4000, "i " * 2000, "想要" * 2000, "he said he wants to meet " * 160])
def test_what_repeats_itself_ends(text: str) -> None:
    assert read_danger(text) is None


def test_the_table_is_large_and_a_third_or_more_of_it_harmless() -> None:
    assert len(ROWS) >= 500
    assert sum(1 for _, danger in ROWS if not danger) >= len(ROWS) * 0.45


@given(st.sampled_from(TOLD), st.sampled_from(AROUND), st.booleans())
def test_danger_is_found_whatever_stands_around_it(text: str, around: str, shouted: bool) -> None:
    assert read_danger(around.format(text.upper() if shouted else text)) is not None


@given(st.sampled_from(TOLD))
def test_full_width_letters_say_the_same(text: str) -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
    assert read_danger(wide) is not None


@given(st.text())
def test_no_text_raises(text: str) -> None:
    read_danger(text)


@given(
    st.lists(
        st.sampled_from(
            [
                "the",
                "a",
                "link",
                "photo",
                "group",
                "Monday",
                "website",
                "please",
                "report",
                "name",
                "colour",
                "seven",
                "相片",
                "連結",
                "網站",
                "朋友",
                "星期一",
            ]
        )
    )
)
def test_everyday_words_are_no_danger(words: list[str]) -> None:
    assert read_danger(" ".join(words)) is None


def test_a_link_or_a_user_name_is_not_read_as_words() -> None:
    assert read_danger("https://example.com/kill-myself/suicide") is None
    assert read_danger("@want_to_die posted it on suicide.example.com") is None


def test_a_long_story_is_read_to_its_end() -> None:
    story = "He posted the pictures in a group. 佢唔肯刪走。" * 90
    assert read_danger(story) is None
    assert read_danger(story + "I want to kill myself.") is Danger.SELF
