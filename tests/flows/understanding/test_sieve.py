"""A pattern is left out only where it cannot match: what it needs is read from itself, and missing it means no match."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.understanding import danger
from flows.understanding.sieve import Sieve, needs, pieces
from flows.understanding.text import fold

HERE = Path(__file__).parent


def _texts() -> list[str]:
    texts = []
    for file in HERE.glob("*.csv"):
        with file.open(encoding="utf-8", newline="") as table:
            texts += [danger._one_form(fold(cell)) for row in csv.reader(table) for cell in row]
    return texts


@pytest.mark.parametrize("sieve", [danger._HARMLESS, danger._SELF, danger._VIOLENCE])
def test_no_line_of_danger_is_left_out_that_fits(sieve: Sieve) -> None:
    for text in _texts():
        tried = set(sieve.worth_trying(pieces(text)))
        assert [line for line in sieve._patterns if line.search(text) and line not in tried] == [], text


def test_most_lines_of_danger_are_left_out_of_everyday_words() -> None:
    text = "he sent them to a group after we broke up. i only found out last week"
    sieves = (danger._HARMLESS, danger._SELF, danger._VIOLENCE)
    assert sum(len(list(sieve.worth_trying(pieces(text)))) for sieve in sieves) < 40
    assert sum(len(sieve._patterns) for sieve in sieves) > 250


_PIECE = st.one_of(
    st.sampled_from(["a", "kill", "die", "me", "want to", "死", "想死", "唔想"]),
    st.sampled_from(["[abc]", "[^x]", r"\w", ".", "[死亡]", r"\d", " ?"]),
)
_PATTERN = st.recursive(
    _PIECE,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda ways: f"(?:{'|'.join(ways)})"),
        st.tuples(inner, st.sampled_from("?*+")).map(lambda each: f"(?:{each[0]}){each[1]}"),
        st.tuples(inner, inner).map(lambda each: f"{each[0]}.{{0,2}}?{each[1]}"),
        inner.map(lambda each: f"(?={each}).*"),
        inner.map(lambda each: f"(?<![a-z]){each}(?![a-z])"),
    ),
    max_leaves=8,
)


@given(_PATTERN, st.data())
def test_whatever_a_pattern_matches_holds_what_it_needs(pattern: str, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(pattern))
    assert any(all(need & pieces(text) for need in way) for way in needs(pattern))
    assert [found.pattern for found in Sieve([pattern]).worth_trying(pieces(text))] == [pattern]


@given(_PATTERN, st.text("abcdeikltnw 死亡想唔", max_size=12), st.data())
def test_what_is_needed_is_still_there_when_something_else_became_a_space(
    pattern: str, text: str, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    if re.search(pattern, f"{text[:start]} {text[end:]}"):
        assert list(Sieve([pattern]).worth_trying(pieces(text)))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("kill", [[{"kil"}, {"ill"}]]),
        ("(?:die|死)", [[{"die"}], [{"死"}]]),
        ("wants (?:die|go)", [[{"wan"}, {"nts"}, {"die", "g"}]]),
        ("(?:not)? die", [[{"die"}]]),
        ("(?=.*knife)(?=.*here)", [[{"kni"}, {"ife"}, {"her"}, {"ere"}]]),
        (".*", [[]]),
        ("(?:die|.*)", [[{"die"}], []]),
    ],
)
def test_needs_are_read_from_the_pattern(pattern: str, expected: list[list[set[str]]]) -> None:
    assert needs(pattern) == expected
