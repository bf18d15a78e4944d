"""What is sent: one method that cannot fail, with a keyboard that fits."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.numbered import length
from bot.receive import Answer, Message
from bot.telegram.reply import LONGEST_TEXT, WIDEST_LABEL, in_parts, markup, send_message, width
from flows.choices import CHOICES
from flows.vocabulary import LANGUAGES, Language
from locales import Words

BOTH: tuple[Language | None, ...] = (*LANGUAGES, None)
SEVERAL = {"contact_safety", "background", "content"}


def asking(words: Words, language: Language | None, field: str, several: bool = False) -> Answer:
    choices = tuple((choice, words.label(language, f"choice.{field}.{choice}")) for choice in CHOICES[field])
    return Answer((Message("1", "assistant", "Which?", choices, several),), field, language, None)


def buttons(answer: Answer) -> list[str]:
    return [button["text"] for row in markup(answer).get("keyboard", ()) for button in row]


@pytest.mark.parametrize("language", BOTH)
@pytest.mark.parametrize("field", sorted(set(CHOICES) - SEVERAL))
def test_every_keyboard_has_a_button_for_each_choice_that_a_narrow_phone_shows_whole(
    words: Words, language: Language | None, field: str
) -> None:
    answer = asking(words, language, field)
    said = buttons(answer)
    labels = [label for _, label in answer.messages[0].choices]
    assert said in (labels, [str(number) for number in range(1, len(labels) + 1)])
    assert max(map(width, said)) <= WIDEST_LABEL
    for row in markup(answer)["keyboard"]:
        assert sum(width(button["text"]) for button in row) <= WIDEST_LABEL


@pytest.mark.parametrize("language", BOTH)
@pytest.mark.parametrize("field", sorted(SEVERAL))
def test_where_several_may_be_chosen_numbers_are_typed(
    words: Words, language: Language | None, field: str
) -> None:
    answer = asking(words, language, field, several=True)
    assert markup(answer) == {"remove_keyboard": True}
    assert words.label(language, "choose.several") in in_parts(words, answer)[0]


def test_a_keyboard_hides_after_a_press_and_the_choices_still_stand_in_the_text(words: Words) -> None:
    answer = asking(words, "en", "age")
    assert markup(answer) == {
        "keyboard": [[{"text": "16 or above"}], [{"text": "Not yet 16"}]],
        "resize_keyboard": True,
        "one_time_keyboard": True,
    }
    assert in_parts(words, answer) == [
        "Which?\n\n1. 16 or above\n2. Not yet 16\nType a number, such as 1 (0 to stop)"
    ]


def test_a_text_is_sent_plain_and_without_a_preview_of_its_links() -> None:
    assert send_message(7, "*a* <b> https://example.com", {"remove_keyboard": True}) == {
        "method": "sendMessage",
        "chat_id": 7,
        "text": "*a* <b> https://example.com",
        "link_preview_options": {"is_disabled": True},
        "reply_markup": {"remove_keyboard": True},
    }


@given(st.lists(st.text(max_size=6000), min_size=1, max_size=3), st.booleans())
def test_no_text_is_longer_than_telegram_takes_and_none_of_it_is_lost(
    texts: list[str], removing: bool
) -> None:
    words = Words.load()
    messages = tuple(Message("1", "assistant", text) for text in texts)
    parts = in_parts(words, Answer(messages, "story", "en", None), removing)
    assert all(length(part) <= LONGEST_TEXT for part in parts)
    sent = "".join("".join(parts).split())
    assert all("".join(text.split()) in sent for text in texts)


def test_nothing_to_say_is_nothing_to_send(words: Words) -> None:
    nothing: Any = Answer((), "", None, None)
    assert in_parts(words, nothing, removing=True) == []
