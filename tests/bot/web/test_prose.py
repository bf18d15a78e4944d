"""A text of ours as a page sets it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.prose import Block, Span, blocks, lang_of


def one(text: str) -> tuple[Span, ...]:
    (block,) = blocks(text)
    (line,) = block.lines
    return line


def test_an_empty_line_parts_paragraphs_and_each_has_its_language() -> None:
    assert [(block.kind, block.lang) for block in blocks("你好。\n\nHello.\nAgain.")] == [
        ("p", "zh-Hant-HK"),
        ("p", "en"),
    ]


def test_lines_with_a_dash_or_a_dot_are_a_list() -> None:
    text = "We keep:\n- one\n- two\nAgreed?"
    assert blocks(text) == (
        Block("p", "en", ((Span("text", "We keep:"),),)),
        Block("ul", "en", ((Span("text", "one"),), (Span("text", "two"),))),
        Block("p", "en", ((Span("text", "Agreed?"),),)),
    )


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("See https://example.org/a?b=c.", "https://example.org/a?b=c"),
        ("請看https://example.org/。", "https://example.org/"),
        ("（https://example.org/x）", "https://example.org/x"),
        ("(https://example.org)", "https://example.org"),
    ],
)
def test_a_link_ends_where_the_sentence_goes_on(text: str, link: str) -> None:
    assert [span.text for span in one(text) if span.kind == "link"] == [link]


@pytest.mark.parametrize("text", ["ftp://example.org", "javascript:alert(1)", "https://", "example.org"])
def test_only_web_addresses_are_links(text: str) -> None:
    assert [span.kind for span in one(text)] == ["text"]


@pytest.mark.parametrize(
    "text", ["密碼是4821 0937 5526 1804。", "Code: 4821-0937-5526-1804", "4821093755261804"]
)
def test_a_case_code_is_set_apart(text: str) -> None:
    assert [span.kind for span in one(text)].count("code") == 1


@pytest.mark.parametrize("text", ["Call 2375 5322", "48210937552618041", "2375 5322 2389 22222"])
def test_other_numbers_are_text(text: str) -> None:
    assert [span.kind for span in one(text)] == ["text"]


def test_a_telephone_number_stays_on_one_line() -> None:
    assert one("Call 2375 5322 now") == (Span("text", "Call 2375\u00a05322 now"),)


@pytest.mark.parametrize("text", ["Your reference is TD-7Q4K.", "個案編號是TD-7Q4K，"])
def test_a_reference_is_set_apart(text: str) -> None:
    assert Span("reference", "TD-7Q4K") in one(text)


@given(st.text())
def test_nothing_but_layout_is_lost(text: str) -> None:
    kept = "".join(span.text for block in blocks(text) for line in block.lines for span in line)
    assert set("".join(text.split())) - set("-・•") <= set(kept) | set("-・•")
    assert lang_of(text) in ("en", "zh-Hant-HK")
