"""An answer becomes messages that Meta takes, and that are easy to answer."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cloud.writing import deletions, messages, replies
from bot.receive import Answer, Message
from flows.choices import CHOICES
from flows.vocabulary import CHINESE, ENGLISH, LANGUAGES, Language
from locales import Words
from storage.errands import Errand
from tests.providers.cloud import check_message

WORDS = Words.load()
ADDRESS = "HK.1"


def answer(*said: Message, step: str = "age", language: Language | None = ENGLISH) -> Answer:
    return Answer(said, step, language, None)


def saying(text: str = "Which?", *labels: str, several: bool = False) -> Message:
    choices = tuple((f"c{n}", label) for n, label in enumerate(labels))
    return Message("m", "assistant", text, choices, several)


def content_of(errand: Errand) -> dict[str, Any]:
    """What an errand would send, once Meta has found no fault with it."""
    assert errand.kind == "cloud.send" and errand.subject == "" and errand.letter is not None
    # As a letter is written and opened: half a surrogate pair does not survive it.
    letter = json.loads(json.dumps(errand.letter, ensure_ascii=False).encode("utf-8", "replace"))
    content: dict[str, Any] = letter["content"]
    check_message(
        {"messaging_product": "whatsapp", "recipient_type": "individual", "recipient": "HK.1", **content}
    )
    return content


def only(given_answer: Answer) -> dict[str, Any]:
    (errand,) = replies(WORDS, given_answer, ADDRESS)
    assert errand.letter is not None and errand.letter["address"] == ADDRESS
    return content_of(errand)


def test_up_to_three_short_choices_are_buttons() -> None:
    content = only(answer(saying("Above."), saying("How old?", "16 or above", "Not yet")))
    assert content["interactive"] == {
        "type": "button",
        "body": {"text": "Above.\n\nHow old?"},
        "action": {
            "buttons": [
                {"type": "reply", "reply": {"id": "v1:age:c0", "title": "16 or above"}},
                {"type": "reply", "reply": {"id": "v1:age:c1", "title": "Not yet"}},
            ]
        },
    }


def test_up_to_ten_choices_are_a_list() -> None:
    content = only(answer(saying("Which?", "one", "two", "three", "four")))
    (section,) = content["interactive"]["action"]["sections"]
    assert section["rows"][1] == {"id": "v1:age:c1", "title": "two"}
    assert content["interactive"]["action"]["button"] == "Choose here"


def test_labels_too_long_for_a_title_stand_below_their_numbers() -> None:
    content = only(answer(saying("Which?", "one", "x" * 25)))
    (section,) = content["interactive"]["action"]["sections"]
    assert section["rows"] == [
        {"id": "v1:age:c0", "title": "1.", "description": "one"},
        {"id": "v1:age:c1", "title": "2.", "description": "x" * 25},
    ]


@pytest.mark.parametrize(
    "said",
    [
        [saying("Which?", "one", "two", several=True)],
        [saying("Which?", *[f"label {n}" for n in range(11)])],
        [saying("Which?", "one", "x" * 73)],
        [saying("Which?", "one", "")],
        [saying("x" * 1025, "one", "two")],
        [saying("😀" * 513, "one", "two")],
        [saying("Earlier?", "one"), saying("Which?", "one")],
    ],
)
def test_whatever_does_not_fit_is_numbered_text(said: list[Message]) -> None:
    content = only(answer(*said))
    assert content["type"] == "text"
    assert "1. " in content["text"]["body"]


def test_labels_that_look_alike_are_no_buttons() -> None:
    assert only(answer(saying("Which?", "same", "same")))["interactive"]["type"] == "list"


def test_a_long_text_is_parted_and_its_parts_keep_the_distance_that_meta_asks_for() -> None:
    errands = replies(WORDS, answer(saying("A sentence of 24 units. " * 500)), ADDRESS)
    assert len(errands) == 3
    assert [errand.after for errand in errands] == [timedelta(seconds=6 * n) for n in range(3)]
    assert all(content_of(errand)["text"]["body"].endswith("units.") for errand in errands)


def test_nothing_to_say_is_nothing_sent() -> None:
    assert replies(WORDS, answer(), ADDRESS) == []
    assert messages(ADDRESS, " \n") == []


def test_a_colleague_may_write_as_much_as_they_like() -> None:
    assert [content_of(each)["text"]["body"] for each in messages(ADDRESS, "我們收到了。")] == [
        "我們收到了。"
    ]


def test_copies_at_meta_are_named_to_be_deleted_and_nothing_is_said_of_whose_they_are() -> None:
    (errand,) = deletions(["100"])
    assert (errand.kind, errand.subject, errand.letter) == ("cloud.delete_media", "100", None)


@pytest.mark.parametrize("language", [*LANGUAGES, None])
def test_every_question_with_choices_becomes_something_to_press(language: Language | None) -> None:
    for field, choices in CHOICES.items():
        if language is None and field != "language":
            continue
        labels = tuple((choice, WORDS.label(language, f"choice.{field}.{choice}")) for choice in choices)
        content = only(answer(Message("m", "assistant", "?", labels), step=field, language=language))
        # A late press of `yes` must not be that to "erase everything?".
        assert content["type"] == ("text" if "yes" in choices else "interactive"), (field, language)


def test_what_opens_a_list_fits_in_both_languages_together() -> None:
    for language in (CHINESE, ENGLISH, None):
        assert len(WORDS.label(language, "choose.list")) <= 20


_TEXT = st.text(max_size=40) | st.sampled_from(
    ["", " ", "x" * 5000, "字" * 1024, "\u202e\x00😀\ud800", "a\n\n" * 900]
)
_MESSAGES = st.builds(
    lambda text, labels, several: saying(text, *labels, several=several),
    _TEXT,
    st.lists(_TEXT, max_size=12),
    st.booleans(),
)


@given(st.lists(_MESSAGES, max_size=3), st.sampled_from([*LANGUAGES, None]))
def test_whatever_is_said_meta_would_take_it(said: list[Message], language: Language | None) -> None:
    for errand in replies(WORDS, answer(*said, language=language), ADDRESS):
        content_of(errand)
