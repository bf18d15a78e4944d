"""A case code is read however it is written, and a slip in it is told apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.understanding.codes import case_code, in_groups, is_sound, read_case_code

drawn = st.integers(0, 10**14 - 1).map(lambda number: f"{number:014d}")


@given(drawn)
def test_a_code_has_sixteen_digits_and_is_sound(fourteen: str) -> None:
    code = case_code(fourteen)
    assert len(code) == 16
    assert is_sound(code)
    assert read_case_code(in_groups(code)) == code


@given(drawn, st.integers(0, 15), st.integers(1, 9))
def test_one_wrong_digit_is_noticed(fourteen: str, place: int, by: int) -> None:
    code = case_code(fourteen)
    wrong = code[:place] + str((int(code[place]) + by) % 10) + code[place + 1 :]
    assert not is_sound(wrong)


@given(drawn, st.integers(0, 14))
def test_two_digits_that_changed_places_are_noticed(fourteen: str, place: int) -> None:
    code = case_code(fourteen)
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert swapped == code or not is_sound(swapped)


CODE = case_code("12345678901234")


@pytest.mark.parametrize(
    "text",
    [
        CODE,
        in_groups(CODE),
        "-".join(in_groups(CODE).split()),
        f"my case code is {in_groups(CODE)}",
        f"個案密碼：{CODE}，唔該",
        "".join(chr(ord(digit) + 0xFEE0) for digit in CODE),
        f"  {CODE}\n",
    ],
)
def test_a_code_is_read_in_groups_in_full_width_and_among_words(text: str) -> None:
    assert read_case_code(text) == CODE


@pytest.mark.parametrize(
    "text", ["", "1234", CODE[:15], CODE + "1", "91234567", "https://example.com/" + CODE * 9]
)
def test_other_numbers_are_no_code(text: str) -> None:
    assert read_case_code(text) is None


@given(st.text())
def test_no_text_raises(text: str) -> None:
    read_case_code(text)
