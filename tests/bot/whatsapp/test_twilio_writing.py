"""Answers as TwiML, and signs in them that WhatsApp would read as something else."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.numbered import length
from bot.whatsapp.writing import plain, twiml

CALLBACK = "https://chat.example.org/webhooks/whatsapp/status"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Thank you, *Kit*.", "Thank you, ＊Kit＊."),
        ("_a_ ~b~ ```c``` `d`", "＿a＿ ～b～ ｀｀｀c｀｀｀ ｀d｀"),
        ("我*你*他", "我＊你＊他"),
        ("> not a quote", "＞ not a quote"),
        ("write to some_body@example.com or 2*3", "write to some_body@example.com or 2*3"),
        ("see https://example.org/_a_/*b* now", "see https://example.org/_a_/*b* now"),
        ("1. Safe\n2. Not safe", "1. Safe\n2. Not safe"),
        ("*******", "＊＊＊＊＊＊＊"),
    ],
)
def test_a_sign_in_what_somebody_wrote_changes_no_look(text: str, shown: str) -> None:
    assert plain(text) == shown


@given(st.text())
def test_no_text_grows_by_it(text: str) -> None:
    assert length(plain(text)) == length(text)


@given(st.lists(st.text(st.characters()), max_size=3))
def test_whatever_is_said_is_well_formed_and_says_the_same(messages: list[str]) -> None:
    written = twiml(messages, CALLBACK)
    assert written.startswith(b"<?xml")
    root = ElementTree.fromstring(written)
    assert [message.get("action") for message in root] == [CALLBACK] * len(messages)
    assert ["".join(each for each in m if each.isalnum()) for m in messages] == [
        "".join(each for each in message.text or "" if each.isalnum()) for message in root
    ]


def test_signs_that_no_xml_holds_are_left_out() -> None:
    (message,) = ElementTree.fromstring(twiml(["a\x00\x08\x0b\ud800\uffff</Message>&b"], CALLBACK))
    assert message.text == "a</Message>&b"


def test_nothing_to_say_is_an_empty_response() -> None:
    assert twiml([], CALLBACK) == b'<?xml version="1.0" encoding="UTF-8"?><Response />'
