"""The recovery key: written on paper, typed back in by somebody in a hurry."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import WrongRecoveryKey
from storage.recovery import RecoveryKey

KEY = RecoveryKey(bytes(range(32)))


def test_it_is_printed_in_groups_of_four() -> None:
    groups = RecoveryKey.new().text.split("-")
    assert len(groups) == 14
    assert {len(group) for group in groups} == {4}


@given(st.binary(min_size=32, max_size=32))
def test_what_was_printed_is_read_back(private: bytes) -> None:
    assert RecoveryKey.from_text(RecoveryKey(private).text) == RecoveryKey(private)


@pytest.mark.parametrize(
    "typed",
    [
        KEY.text.lower(),
        KEY.text.replace("-", " "),
        KEY.text.replace("-", ""),
        f"\n {KEY.text} \r\n",
        KEY.text.replace("O", "0").replace("I", "1"),
        KEY.text.replace("B", "8"),
        KEY.text.replace("-", "\u2013"),
    ],
)
def test_how_it_is_typed_does_not_matter(typed: str) -> None:
    assert RecoveryKey.from_text(typed) == KEY


@given(st.integers(0, 55), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
def test_one_slip_is_noticed(place: int, sign: str) -> None:
    signs = KEY.text.replace("-", "")
    typed = signs[:place] + sign + signs[place + 1 :]
    if typed != signs:
        with pytest.raises(WrongRecoveryKey):
            RecoveryKey.from_text(typed)


@given(st.text(max_size=80))
def test_anything_else_is_refused(typed: str) -> None:
    with pytest.raises(WrongRecoveryKey):
        RecoveryKey.from_text(typed)


def test_it_shows_nothing_in_a_repr() -> None:
    assert "private" not in repr(KEY)
