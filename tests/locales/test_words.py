"""Ids become words: in one language or both, with what is filled in left exactly as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.vocabulary import CHINESE, ENGLISH, LANGUAGES, Label, Language, MessageId
from locales import CatalogueMissing, MissingParam, UnknownMessage, Words, WordsError, load_facts

EVENING = Label(MessageId("choice.contact_safety.evening"))
WEEKEND = Label(MessageId("choice.contact_safety.weekend"))
SOMEBODY_KNOWN = Label(MessageId("choice.relationship.known_person"))


def test_before_a_language_is_chosen_a_text_is_said_in_both_chinese_first(words: Words) -> None:
    both = words.say(None, "greeting")
    assert both == f"{words.say(CHINESE, 'greeting')}\n\n{words.say(ENGLISH, 'greeting')}"


def test_before_a_language_is_chosen_a_label_is_in_both_unless_they_are_equal(words: Words) -> None:
    assert words.label(None, "choice.erase.no") == "不，保留 / No, keep it"
    assert words.label(None, "choice.language.en") == "English"


@pytest.mark.parametrize(
    ("n", "said"), [(1, "There was 1 link in your message."), (2, "There were 2 links in your message.")]
)
def test_english_counts_one_and_many(words: Words, n: int, said: str) -> None:
    assert words.say(ENGLISH, "keep_text.ask.links", {"n": n}).startswith(said)


def test_chinese_has_one_form_for_all_numbers(words: Words) -> None:
    one, two = (words.say(CHINESE, "keep_text.ask.links", {"n": n}) for n in (1, 2))
    assert one.replace("1", "2") == two


def test_a_script_may_fill_in_the_number_itself(words: Words) -> None:
    assert words.say(ENGLISH, "page.count_left", {"n": "{n}"}) == "{n} characters left"


@pytest.mark.parametrize(
    ("language", "labels", "said"),
    [
        (ENGLISH, (EVENING,), "Evenings"),
        (ENGLISH, (EVENING, WEEKEND), "Evenings, Weekends"),
        (
            ENGLISH,
            (EVENING, SOMEBODY_KNOWN),
            "Evenings; Someone I know: friend, family, colleague, schoolmate",
        ),
        (CHINESE, (EVENING, WEEKEND), "晚上、周末"),
        (CHINESE, (EVENING, SOMEBODY_KNOWN), "晚上；認識的人（朋友、家人、同事、同學）"),
        (CHINESE, (), ""),
    ],
)
def test_labels_inside_a_text_are_put_into_its_language(
    words: Words, language: Language, labels: tuple[Label, ...], said: str
) -> None:
    assert said in words.say(language, "got.contact_safety", {"answers": labels})


def test_one_label_inside_a_text_is_put_into_its_language(words: Words) -> None:
    assert words.say(ENGLISH, "got.choice", {"answer": EVENING}) == "Got it: Evenings."


def test_facts_are_filled_in_and_settings_win_over_them() -> None:
    words = Words(load_facts(), {"helpline": "1234 5678", "draft_hours": 12})
    assert "1234 5678" in words.say(ENGLISH, "end.declined")
    assert "12 小時" in words.say(CHINESE, "end.paused")
    assert words.fact(ENGLISH, "emergency_number") == "999"


def test_a_setting_that_fills_nothing_is_refused() -> None:
    with pytest.raises(WordsError, match="draught_hours"):
        Words(load_facts(), {"draught_hours": 12})


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_unknown_id_is_named(words: Words, language: Language) -> None:
    with pytest.raises(UnknownMessage, match=r"there is no text ask\.nothing"):
        words.say(language, "ask.nothing")
    with pytest.raises(UnknownMessage, match=r"there is no text choice\.no\.such"):
        words.label(None, "choice.no.such")


def test_a_missing_parameter_is_named_without_the_values_of_the_others(words: Words) -> None:
    with pytest.raises(MissingParam) as missing:
        words.say(ENGLISH, "links.full", {"n": 7_654_321})
    assert str(missing.value) == "the text links.full needs limit"


def test_a_catalogue_that_was_not_compiled_says_how_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("locales.words._FOLDER", tmp_path)
    with pytest.raises(CatalogueMissing, match=r"compile it with `python -m locales.build`"):
        Words(load_facts())


@given(st.text())
def test_what_a_person_wrote_is_filled_in_as_it_is(words: Words, text: str) -> None:
    assert words.say(ENGLISH, "got.choice", {"answer": text}) == f"Got it: {text}."


@pytest.mark.parametrize(
    "hostile", ["{answer}", "{0}", "{answer.__class__}", "%(n)s", "{", "}}", "\\1", "{helpline}"]
)
def test_what_a_person_wrote_is_never_read_as_a_template(words: Words, hostile: str) -> None:
    assert words.say(ENGLISH, "got.choice", {"answer": hostile}) == f"Got it: {hostile}."
