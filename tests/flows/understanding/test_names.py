"""A name is taken out of the words around it, and otherwise left as it was written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.understanding.names import read_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Kit", "Kit"),
        ("  Kit \n Chan ", "Kit Chan"),
        ("my name is Kit", "Kit"),
        ("My name's Kit.", "Kit"),
        ("hi, my name is Kit Chan", "Kit Chan"),
        ("you can call me K", "K"),
        ("Call me Al please", "Al"),
        ("just call me Sam, thanks", "Sam"),
        ("叫我阿玲", "阿玲"),
        ("你可以叫我小雲啦", "小雲"),
        ("我叫阿明", "阿明"),
        ("我叫做 Ming", "Ming"),
        ("我個名係阿欣", "阿欣"),
        ("我的名字是小美。", "小美"),
        ("嗌我阿B就得", "阿B"),
        ("call me", "call me"),
        ("叫我", "叫我"),
        ("Callum", "Callum"),
        ("我", "我"),
        ("", ""),
    ],
)
def test_a_name_stands_alone(text: str, name: str) -> None:
    assert read_name(text) == name


@given(st.text(max_size=200))
def test_a_name_is_on_one_line_and_never_vanishes(text: str) -> None:
    name = read_name(text)
    assert "\n" not in name
    assert bool(name) is bool(text.split())
