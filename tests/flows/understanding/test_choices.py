"""Choices: by number, by name, by what people type; permissions by exact wordings only."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from flows.choices import CHOICES
from flows.understanding.choice_table import NEVER_FUZZY, wordings_of
from flows.understanding.choices import read_choice, read_choices, read_consent
from tests.flows.understanding.tables import rows, table
from tests.rows import every_row

LOCALES = Path(__file__).parents[3] / "locales"
SEVERAL = ("background", "content", "contact_safety")
ANYTHING = st.text(st.characters(exclude_categories=()))


@every_row(rows("choice"))
def test_one_choice_is_read(field: str, choice: str, typed: str) -> None:
    assert read_choice(typed, field) == (choice or None)


@every_row(rows("several"))
def test_several_choices_are_read(field: str, numbers: str, typed: str) -> None:
    expected = tuple(CHOICES[field][int(number) - 1] for number in numbers.split())
    assert read_choices(typed, field) == (expected or None)


@every_row(table("consent"))
def test_consent_is_read_from_exact_wordings(answer: str, typed: str) -> None:
    assert read_consent(typed) == (answer or None)


@every_row(table("yes_no"))
def test_erasing_is_confirmed_by_exact_wordings(answer: str, typed: str) -> None:
    assert read_choice(typed, "erase") == (answer or None)


def _labels() -> list[tuple[str, str, str]]:
    found = []
    for language in ("en", "zh_Hant_HK"):
        with (LOCALES / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
            for message in read_po(file):
                kind, _, name = str(message.id).partition(".")
                field, _, choice = name.partition(".")
                if kind == "choice" and choice in CHOICES.get(field, ()):
                    found.append((field, choice, str(message.string)))
    return found


@every_row(_labels())
def test_what_a_button_says_can_be_typed(field: str, choice: str, label: str) -> None:
    assert read_choice(label, field) == choice
    if field in SEVERAL:
        assert read_choices(label, field) == (choice,)


@pytest.mark.parametrize("field", CHOICES)
def test_every_choice_has_a_number_and_no_wording_means_two(field: str) -> None:
    for number, choice in enumerate(CHOICES[field], start=1):
        assert read_choice(str(number), field) == choice
        assert all(read_choice(wording, field) == choice for wording in wordings_of(field, choice))


def test_numbers_count_what_was_offered() -> None:
    offered = CHOICES["contact_method"][1:]
    assert read_choice("1", "contact_method", offered) == "case_code"
    assert read_choice("8", "contact_method", offered) is None
    assert read_choice("this chat", "contact_method", offered) is None
    assert read_choices("1 and 2", "content", ("deepfake", "other")) == ("deepfake", "other")


@pytest.mark.parametrize(
    ("question", "typed", "answer"),
    [
        ("restart", "start again", "yes"),
        ("restart", "不，繼續", "no"),
        ("new", "new case", None),
        ("new", "Yes, start a new one", "yes"),
        ("under_16", "是，我未滿 16 歲", "yes"),
        ("under_16", "delete", None),
        ("erase", "start again", None),
    ],
)
def test_a_yes_in_other_words_is_one_only_to_its_own_question(
    question: str, typed: str, answer: str | None
) -> None:
    assert read_choice(typed, question) == answer


EXACT = sorted(
    {
        "agree",
        "i agree",
        "consent",
        "yes",
        "delete",
        "erase",
        "同意",
        "我同意",
        "刪除",
        "全部刪除",
        "係",
        "可以",
    }
)
LETTERS = st.sampled_from(string.ascii_lowercase + "不唔未同意刪除係我好")


@given(st.sampled_from(EXACT), st.data())
def test_no_slip_gives_consent_or_erases(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(word)))
    letter = data.draw(st.just("") | LETTERS)
    typed = word[:at] + letter + word[at + data.draw(st.integers(0, 1)) :]
    agreed = {wording for choice in ("agree",) for wording in wordings_of("consent", choice)}
    erased = set(wordings_of("erase", "yes"))
    polite = {"我", "啦", "a", "h"}  # what may stand around a wording without changing it
    if not polite & set(letter):
        assert read_consent(typed) != "agree" or typed.strip() in agreed
        assert read_choice(typed, "erase") != "yes" or typed.strip() in erased


@given(ANYTHING)
def test_no_text_raises_and_no_choice_is_made_up(text: str) -> None:
    for field, ids in CHOICES.items():
        assert read_choice(text, field) in (None, *ids)
    for field in SEVERAL:
        chosen = read_choices(text, field)
        assert chosen is None or (
            chosen and list(chosen) == [choice for choice in CHOICES[field] if choice in chosen]
        )
    read_consent(text)


@given(
    st.sets(st.integers(1, 7), min_size=1),
    st.sampled_from([",", ", ", " ", "、", "，", " and ", "同", "/", "+", ";", "\n", " & "]),
)
def test_numbers_in_any_order_and_any_list_are_the_same(numbers: set[int], between: str) -> None:
    typed = between.join(str(number) for number in sorted(numbers, reverse=True))
    assert read_choices(typed, "background") == tuple(
        CHOICES["background"][number - 1] for number in sorted(numbers)
    )


def test_a_megabyte_is_no_choice() -> None:
    for text in ("1," * 500_000, "yes " * 250_000, "同意" * 500_000):
        assert read_choice(text, "background") is None
        assert read_choices(text, "background") is None
        assert read_consent(text) is None


def test_permissions_are_never_given_by_a_slip() -> None:
    assert {
        "age",
        "consent",
        "image_age",
        "erase",
        "restart",
        "under_16",
        "whose",
        "danger",
        "human",
    } <= NEVER_FUZZY
