"""When it is safe to contact somebody: what is certain as choices, everything else in their own words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.choices import CHOICES
from flows.understanding.safety import Safety, safety_from_choices, safety_from_text
from flows.understanding.text import clean
from tests.flows.understanding.tables import rows


@pytest.mark.parametrize(("times", "discreet", "kept", "typed"), rows("safety"))
def test_what_is_certain_is_read_and_the_rest_is_kept(
    times: str, discreet: str, kept: str, typed: str
) -> None:
    expected = Safety(tuple(times.split()), discreet == "yes", typed if kept == "yes" else None)
    assert safety_from_text(typed) == expected


def test_pressed_choices_are_times_and_discretion() -> None:
    assert safety_from_choices(("discreet_only", "weekend", "evening")) == Safety(
        ("evening", "weekend"), True
    )


def test_the_words_of_a_person_are_not_in_the_repr() -> None:
    assert "mum" not in repr(safety_from_text("never call, my mum checks"))


@given(st.text(st.characters(exclude_categories=())))
def test_nothing_is_lost(text: str) -> None:
    safety = safety_from_text(text)
    assert safety.text == clean(text) or safety.times or safety.discreet_only or not clean(text)
    assert set(safety.times) <= set(CHOICES["contact_safety"])
