"""Whoever types what a button says, or what a text tells them to type, is understood."""

from __future__ import annotations

from datetime import date

import pytest

from flows.choices import CHOICES
from flows.understanding.ages import Age, read_age, read_image_age
from flows.understanding.choices import read_choice, read_choices, read_consent
from flows.understanding.commands import read_command, read_done, read_no_links
from flows.understanding.safety import safety_from_text
from flows.vocabulary import CHINESE, ENGLISH, LANGUAGES, Language
from locales import Words

TODAY = date(2026, 11, 22)
SEVERAL = {"background", "content"}


def understood(field: str, text: str) -> object:
    """Read `text` with the reader of that question; the id of a choice, if it was understood."""
    if field == "age":
        return {Age.SIXTEEN_OR_ABOVE: "16_or_above", Age.UNDER_16: "under_16"}.get(read_age(text, TODAY))
    if field == "image_age":
        return read_image_age(text) or read_choice(text, field)
    if field == "consent":
        return read_consent(text)
    if field in SEVERAL:
        chosen = read_choices(text, field)
        return chosen[0] if chosen and len(chosen) == 1 else chosen
    if field == "contact_safety":
        safety = safety_from_text(text)
        return "discreet_only" if safety.discreet_only else ",".join(safety.times)
    return read_choice(text, field)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("field", CHOICES)
def test_what_a_button_says_can_be_typed(words: Words, language: Language, field: str) -> None:
    typed = {choice: words.label(language, f"choice.{field}.{choice}") for choice in CHOICES[field]}
    assert {choice: understood(field, text) for choice, text in typed.items()} == {
        choice: choice for choice in typed
    }


@pytest.mark.parametrize(
    ("language", "word", "command"),
    [
        (ENGLISH, "BACK", "back"),
        (ENGLISH, "SKIP", "skip"),
        (ENGLISH, "WHY", "why"),
        (ENGLISH, "CHINESE", "language"),
        (ENGLISH, "HUMAN", "human"),
        (ENGLISH, "STOP", "stop"),
        (ENGLISH, "ERASE", "erase"),
        (ENGLISH, "RESTART", "restart"),
        (CHINESE, "返回", "back"),
        (CHINESE, "略過", "skip"),
        (CHINESE, "為什麼", "why"),
        (CHINESE, "English", "language"),
        (CHINESE, "真人", "human"),
        (CHINESE, "停止", "stop"),
        (CHINESE, "刪除", "erase"),
        (CHINESE, "重新開始", "restart"),
    ],
)
def test_each_word_of_the_help_does_what_it_says(
    words: Words, language: Language, word: str, command: str
) -> None:
    assert f"\n{word}" in words.say(language, "help")
    asked = read_command(word)
    assert asked is not None
    assert asked.command == command


@pytest.mark.parametrize("word", ["HELP", "幫助"])
def test_the_word_for_help_is_understood(word: str) -> None:
    asked = read_command(word)
    assert asked is not None
    assert asked.command == "help"


@pytest.mark.parametrize("word", ["DONE", "完成"])
def test_the_word_for_having_finished_is_understood(word: str) -> None:
    assert read_done(word)


@pytest.mark.parametrize("word", ["NO LINKS", "沒有連結"])
def test_the_words_for_having_no_link_are_understood(word: str) -> None:
    assert read_no_links(word)


@pytest.mark.parametrize(
    ("word", "answer"),
    [("AGREE", "agree"), ("DECLINE", "decline"), ("MORE", "more"), ("同意", "agree"), ("不同意", "decline"), ("更多", "more")],
)  # fmt: skip
def test_the_words_for_consent_are_understood(word: str, answer: str) -> None:
    assert read_consent(word) == answer
