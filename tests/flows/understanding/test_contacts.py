from __future__ import annotations

import time
import tomllib
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.understanding.contacts import Contact, Problem, read_contact
from tests.rows import every_row

Kind = Literal["phone", "telegram", "email"]

ODDMENTS = """
    + 00 852 86 9123 4567 91234567 13812345678 ( ) - . / ext 九一二三四五六七 nine one @ mary mary_chan gmail.com gmail com dot
    at [at] t.me/ t.me/+ tg://resolve?domain= 小老鼠 係 is : 台灣 2024-03-12 6pm ＠ 。 ９ \x00 \ud800 \u202e 😭
"""
ANSWERS = st.lists(st.sampled_from([*ODDMENTS.split(), " ", "\n"]), max_size=16).map("".join)


def rows() -> list[tuple[Any, dict[str, str]]]:
    table = tomllib.loads(Path(__file__).with_name("contacts.toml").read_text(encoding="utf-8"))
    return [(kind, row) for kind, content in table.items() for row in content["rows"]]


@every_row(rows())
def test_a_contact_detail_is_read_as_people_write_it(kind: Kind, row: dict[str, str]) -> None:
    read = read_contact(kind, row["text"])
    if isinstance(read, Problem):
        assert read == row.get("problem")
    else:
        assert read.value == row.get("value")
        assert read.shown == row.get("shown", read.shown)


def test_a_contact_is_not_shown_in_its_repr() -> None:
    assert repr(Contact("+85291234567", "+852 9123 4567")) == "Contact()"


@given(st.sampled_from(["phone", "telegram", "email"]), st.one_of(ANSWERS, st.text()))
def test_whatever_is_answered_what_is_kept_is_read_as_itself(kind: Kind, text: str) -> None:
    read = read_contact(kind, text)
    if isinstance(read, Contact):
        again = read_contact(kind, read.value)
        assert isinstance(again, Contact)
        assert again.value == read.value
        assert read_contact(kind, read.shown) == read


@pytest.mark.parametrize(
    "piece", ["1", "1 ", "九", "nine ", "a@", "@", "a at ", "a dot ", "(", "a_", "+", "\u0301", ". "]
)
def test_a_long_answer_is_read_at_once(piece: str) -> None:
    before = time.process_time()
    for kind in ("phone", "telegram", "email"):
        read_contact(kind, piece * (1_000_000 // len(piece)))
    assert time.process_time() - before < 1
