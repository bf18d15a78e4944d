"""How near a typed word is to one that may be meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.understanding.slips import is_slip, is_swap, likeness
from tests.rows import every_row

words = st.text(alphabet="ab一 ", max_size=12)


@every_row([
    ("emial", "email", True),
    ("lniks", "links", True),
    ("linkss", "links", True),
    ("submitt", "submit", True),
    ("sumbit", "submit", True),
    ("subit", "submit", True),
    ("subnit", "submit", True),
    ("step", "stop", False),
    ("stop", "stop", False),
    ("ksip", "skip", True),
    ("bcak", "back", True),
    ("pack", "back", False),
    ("sbmti", "submit", False),
])  # fmt: skip
def test_one_slip_is_forgiven_and_a_short_word_is_not_another(typed: str, word: str, slip: bool) -> None:
    assert is_slip(typed, word) == slip


@given(words, words)
def test_likeness_counts_what_is_the_same_in_the_same_order(one: str, other: str) -> None:
    table = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            table[i + 1][j + 1] = table[i][j] + 1 if a == b else max(table[i][j + 1], table[i + 1][j])
    both = len(one) + len(other)
    assert likeness(one, other) == pytest.approx(200 * table[-1][-1] / both if both else 100)
    assert likeness(one, other) == likeness(other, one)


@given(words, words)
def test_a_swap_is_two_neighbours_in_the_wrong_order(one: str, other: str) -> None:
    swaps = {one[:at] + one[at + 1] + one[at] + one[at + 2 :] for at in range(len(one) - 1)} - {one}
    assert is_swap(other, one) == (other in swaps)
    assert all(is_swap(swapped, one) for swapped in swaps)
