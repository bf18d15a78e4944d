"""Every text, in both languages, keeps to the voice: what it says first, what it never says, how it is written."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from pathlib import Path

import pytest

from flows.choices import CHOICES
from flows.vocabulary import CHINESE, ENGLISH, LANGUAGES, Language
from locales import Words

VOICE = tomllib.loads((Path(__file__).parent / "voice.toml").read_text("utf-8"))
ON_A_LOCKED_SCREEN = 60
"""Characters of a message that a notification may show."""
LONGEST_LABEL = 60
"""Characters of a button."""

# Long by their nature: what the law wants said before consent.
WHOLE_STATEMENTS = {"ask.consent", "consent.more"}
# Parts of a message or of a page, which never arrive by themselves.
PARTS = ("choice.", "field.", "page.", "terminal.")


class Anything(dict[str, object]):
    """Params for any text: numbers where it counts, a placeholder that shows where something is filled in."""

    NUMBERS = ("n", "limit", "sites", "reported", "removed", "open", "step", "of")

    def __contains__(self, name: object) -> bool:
        return True

    def __getitem__(self, name: str) -> object:
        return 3 if name in self.NUMBERS else f"<{name}>"

    def get(self, name: str, default: object = None) -> object:
        return self[name]


def texts(words: Words, language: Language) -> dict[str, str]:
    """Return every text that a person in need may read; the desk speaks to colleagues."""
    ids = (id_ for id_ in sorted(words.ids()) if not id_.startswith(("desk.", "platform.")))
    return {id_: words.say(language, id_, Anything()) for id_ in ids}  # type: ignore[arg-type]


def messages(words: Words, language: Language) -> dict[str, str]:
    return {id_: text for id_, text in texts(words, language).items() if not id_.startswith(PARTS)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_locked_screen_shows_nothing_of_what_this_is_about(words: Words, language: Language) -> None:
    telling = {
        id_: word
        for id_, text in messages(words, language).items()
        for word in VOICE["revealing"][language]
        if word in text[:ON_A_LOCKED_SCREEN].lower()
    }
    assert telling == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_choices_that_tell_something_stand_below_the_fold_of_a_locked_screen(
    words: Words, language: Language
) -> None:
    telling = {
        field
        for field, choices in CHOICES.items()
        for choice in choices
        for word in VOICE["revealing"][language]
        if word in words.label(language, f"choice.{field}.{choice}").lower()
    }
    said = messages(words, language)
    too_short = {field for field in telling if len(said[f"ask.{field}"]) < ON_A_LOCKED_SCREEN}
    assert too_short == set()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("message", "param"),
    [
        ("got.choices", "<answers>"),
        ("got.choices.content", "<answers>"),
        ("got.no_links", "<answer>"),
        ("got.links", "<hosts>"),
    ],
)
def test_a_locked_screen_shows_no_private_answer(
    words: Words, language: Language, message: str, param: str
) -> None:
    assert messages(words, language)[message].index(param) >= ON_A_LOCKED_SCREEN


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_says_what_is_never_said(words: Words, language: Language) -> None:
    said = {
        id_: word
        for id_, text in texts(words, language).items()
        for word in VOICE["never"][language]
        if word in text.lower()
    }
    assert said == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_has_an_emoji(words: Words, language: Language) -> None:
    signs = {
        id_: sign
        for id_, text in texts(words, language).items()
        for sign in text
        if unicodedata.category(sign) in ("So", "Sk", "Cs", "Co", "Cf")
    }
    assert signs == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_question_comes_last_and_after_three_sentences_at_most(words: Words, language: Language) -> None:
    ends = re.compile("[。？]|[.?](?= |$)", re.MULTILINE)
    wrong = {
        id_
        for id_, text in messages(words, language).items()
        if id_ not in WHOLE_STATEMENTS
        and (id_.startswith("ask.") or ".ask" in id_)
        and (
            not text.endswith(("?", "？", "。" if language == CHINESE else "."))
            or len(ends.findall(text)) > 4
        )
    }
    assert wrong == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_is_asked_is_asked_at_the_end(words: Words, language: Language) -> None:
    mark = "？" if language == CHINESE else "?"
    asks_before_the_end = {
        id_ for id_, text in messages(words, language).items() if text.count(mark) > text.endswith(mark)
    }
    assert asks_before_the_end <= {
        "greeting",
        "end.referred",
        "under_16.raised",
    }  # "In danger now? Call 999."


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_button_is_short(words: Words, language: Language) -> None:
    long = {
        id_
        for id_, text in texts(words, language).items()
        if id_.startswith("choice.") and len(text) > LONGEST_LABEL
    }
    assert long == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_buttons_of_one_question_say_the_same(words: Words, language: Language) -> None:
    for field, choices in CHOICES.items():
        labels = [words.label(language, f"choice.{field}.{choice}") for choice in choices]
        assert len(set(labels)) == len(labels), field


def test_chinese_is_set_with_full_width_punctuation(words: Words) -> None:
    half_width = re.compile("[\u4e00-\u9fff][,;:?()]|[,;:?()][\u4e00-\u9fff]")
    found = {id_ for id_, text in texts(words, CHINESE).items() if half_width.search(text)}
    assert found == set()


def test_chinese_leaves_a_space_before_and_after_latin_letters_and_digits(words: Words) -> None:
    touching = re.compile("[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]")
    found = {id_ for id_, text in texts(words, CHINESE).items() if touching.search(text)}
    assert found == set()


def test_the_languages_name_the_same_help_and_say_their_own_words(words: Words) -> None:
    alike = {
        id_
        for id_, text in texts(words, ENGLISH).items()
        if text == texts(words, CHINESE)[id_]
        and not id_.startswith(("choice.language.", "choice.contact_method.", "page.language_"))
    }
    assert alike == set()
